"""The command."""

import click


@click.command()
def watch() -> None:
    """To be written."""
