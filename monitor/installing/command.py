"""``monitor install-service``, ``monitor uninstall-service`` and ``monitor config``."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import click

from monitor.installing import install, shipped
from monitor.installing.places import Places
from monitor.installing.program import located
from monitor.installing.step import InstallError, Step
from monitor.options import fail

_dry_run = click.option("--dry-run", is_flag=True, help="Show what would be done, and do nothing.")


@click.command("install-service")
@click.option("--no-broker", is_flag=True, help="Leave a mosquitto on this board as it is.")
@click.option("--no-start", is_flag=True, help="Neither enable nor start nor restart the service.")
@click.option("--notify", is_flag=True, help="Make `monitor notify` a service, too.")
@click.option(
    "--root",
    type=click.Path(path_type=Path, exists=True, file_okay=False, resolve_path=True),
    help="Put the files below this folder, and do nothing else: for making an image.",
)
@_dry_run
def install_service(
    *, no_broker: bool, no_start: bool, notify: bool, root: Path | None, dry_run: bool
) -> None:
    """Make the program a service: a user, a configuration, a unit, the broker's settings.

    \b
    sudo /opt/monitor/bin/monitor install-service

    What there is stays: the configuration always, unit and broker's settings if they were changed
    by hand (what they would be is put beside them, as FILE.new). Run it again after an upgrade of
    the program, and the daemon is restarted; a second run changes nothing. --notify needs Apprise
    (pip install 'tweet-reputation-monitor[notify]'); once installed, it is upgraded without it.
    """
    try:
        command = located()
        if root:
            steps = install.files_alone(Places(root), broker=not no_broker, notify=notify)
        else:
            _see_rights("install-service", dry_run=dry_run)
            steps = install.installation(
                Places(), broker=not no_broker, start=not no_start, notify=notify
            )
        _do(steps, dry_run=dry_run)
    except (InstallError, OSError) as error:
        fail(error)
    if not root and not dry_run:
        _say_what_is_next(command, started=not no_start)


@click.command("uninstall-service")
@click.option("--purge", is_flag=True, help="Remove configuration, secrets, log and user, too.")
@click.option("--yes", is_flag=True, help="With --purge: do not ask.")
@_dry_run
def uninstall_service(*, purge: bool, yes: bool, dry_run: bool) -> None:
    """Stop the service and take it away; configuration, secrets and log stay.

    With --purge nothing stays. The program itself goes as it came: rm -r /opt/monitor, pipx
    uninstall or uv tool uninstall.
    """
    try:
        _see_rights("uninstall-service", dry_run=dry_run)
        steps = install.removal(Places(), purge=purge)
        if purge and not yes and not dry_run and any(step.do for step in steps):
            for step in steps:
                click.echo(step)
            click.confirm("This cannot be undone. Go on?", abort=True)
        _do(steps, dry_run=dry_run)
    except (InstallError, OSError) as error:
        fail(error)


@click.command()
def config() -> None:
    """Print the sample configuration: every key, its default and what it means.

    \b
    monitor config > my.toml
    """
    try:
        click.echo(shipped.read(shipped.CONFIG).encode(), nl=False)  # TOML is UTF-8
    except OSError as error:
        fail(error)


def _see_rights(command: str, *, dry_run: bool) -> None:
    if os.geteuid() != 0 and not dry_run:
        raise InstallError(f"only root may do that: sudo {located()} {command}")


def _do(steps: Iterable[Step], *, dry_run: bool) -> None:
    """Do what there is to do, each step named before, so that the last line is where it ended."""
    changed = False
    for step in steps:
        click.echo(step)
        if step.do is not None:
            changed = True
            if not dry_run:
                step.do()
    if dry_run:
        click.echo("Nothing has been done: --dry-run.")
    elif not changed:
        click.echo("Nothing to change.")


def _say_what_is_next(command: Path, *, started: bool) -> None:
    places = Places()
    then = "reload" if started else "enable --now"
    click.echo(
        f"\nNext:\n"
        f"  name your entities at the end of {places.config}, then: sudo systemctl {then} monitor\n"
        f"  watch it:   journalctl -u monitor -f\n"
        f"  ask it:     sudo -u monitor {command} report --database {places.state / 'monitor.db'}\n"
        f"  upgrade it: install the new version, then: sudo {command} install-service"
    )
