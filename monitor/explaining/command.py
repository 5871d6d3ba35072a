"""The command."""

import click


@click.command()
def explain() -> None:
    """To be written."""
