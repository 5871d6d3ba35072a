"""The command."""

import click


@click.command()
def report() -> None:
    """To be written."""
