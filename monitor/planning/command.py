"""``monitor plan``."""

from __future__ import annotations

import click


@click.command()
def plan() -> None:
    """To be written."""
