"""``monitor install-service`` and ``monitor uninstall-service``."""

from __future__ import annotations

import click


@click.command("install-service")
def install_service() -> None:
    """To be written."""


@click.command("uninstall-service")
def uninstall_service() -> None:
    """To be written."""
