"""``python -m tests.brokers [NAME ...]``: try them one after the other, and print a table."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import click

from tests.brokers.kinds import KINDS
from tests.brokers.parcels import UnavailableError
from tests.brokers.running import Running
from tests.brokers.trial import Findings, Trial
from tests.processes import REPOSITORY

_PARCELS = REPOSITORY / ".brokers"
HEAD = (
    "| broker | from | MQTT | `kill -9` of the daemon | while it is away"
    " | while the broker restarts | back by itself | group | availability |\n|" + "---|" * 9
)


def row(name: str, version: str, source: str, found: Findings) -> str:
    """Make a broker's row."""
    cells = (
        f"{name} {version}",
        source,
        found.version,
        found.killed,
        found.away,
        found.restarted,
        "yes" if found.back == "all" else found.back,
        found.group,
        found.availability,
    )
    return f"| {' | '.join(cells)} |"


def main() -> int:
    """Try those that are named, or all; 1 if a ledger did not balance."""
    named = [argument.lower() for argument in sys.argv[1:]]
    faults = 0
    click.echo(HEAD)
    for kind in KINDS:
        if named and kind.name.lower() not in named:
            continue
        broker = kind(_PARCELS / kind.name.lower())
        click.echo(f"{kind.name} ...", err=True)
        try:
            version = broker.fetch()
        except UnavailableError as error:
            click.echo(f"{kind.name}: skipped: {error}", err=True)
            continue
        folder = Path(tempfile.mkdtemp(prefix="monitor-brokers-"))
        trial = Trial(Running(broker, folder / "broker"), folder)
        try:
            found = trial.run()
        except (AssertionError, OSError, subprocess.TimeoutExpired) as error:
            faults += 1
            click.echo(f"{kind.name}: FAILED: {error} (see {folder})", err=True)
            continue
        click.echo(f"  {found.check}\n  {dict(found.said)}", err=True)
        for fault in found.faults:
            faults += 1
            click.echo(f"{kind.name}: FAILED: {fault} (see {folder})", err=True)
        click.echo(row(kind.name, version, kind.source, found))
        if not found.faults:
            shutil.rmtree(folder)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
