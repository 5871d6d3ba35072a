"""The command."""

import click


@click.command()
def dashboard() -> None:
    """To be written."""
