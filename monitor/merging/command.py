"""``monitor merge``."""

from __future__ import annotations

import click


@click.command()
def merge() -> None:
    """To be written."""
