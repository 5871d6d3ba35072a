"""``monitor merge``: several logs joined into one, which all that read a log can read."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from monitor.console import strict_json
from monitor.options import EXIT_CONFIGURATION, fail
from monitor.settings.belongings import refusal

if TYPE_CHECKING:  # it imports SQLite's helpers: not for --help
    from monitor.merging.merge import Merged

_FILE = click.Path(path_type=Path)


@click.command()
@click.argument("output", metavar="OUT", type=_FILE)
@click.argument("inputs", metavar="LOG...", nargs=-1, required=True, type=_FILE)
@click.option("--json", "as_json", is_flag=True, help="JSON instead of a table.")
def merge(output: Path, inputs: tuple[Path, ...], as_json: bool) -> None:
    """Join the logs of several boards into OUT, one log that everything reads as it reads others.

    \b
    ssh board-1 monitor backup /tmp/1.db && scp board-1:/tmp/1.db .    # and so on
    monitor merge all.db 1.db 2.db 3.db
    monitor report --database all.db --since 7d
    monitor dashboard --database all.db

    Each LOG is a daemon's log, live or a copy of it, or a joined log. OUT is made if it is not
    there; else it gets what it does not have. So the same command can be run again, with the same
    logs or later copies of them, in any order: what OUT holds depends only on which were joined.

    A tweet that several logs have is kept once, and counted once. What a board prunes stays in
    OUT. A LOG goes in as a whole or, on Ctrl-C, a full disk or an error, not at all; run the
    command again then. No daemon writes to OUT.
    """
    _see_that_different(output, inputs)
    if why := refusal(output, replaces_logs=True):
        fail(why, EXIT_CONFIGURATION)
    from monitor.merging.merge import Merge
    from monitor.store import StoreError

    merged: list[Merged] = []
    try:
        with closing(Merge(output, inputs)) as joining:
            for path in inputs:
                with _progress(path) as show:
                    merged.append(joining.take(path, show))
    except StoreError as error:
        if not merged:
            fail(error)
        _tell(output, merged, as_json=as_json)
        fail(f"{error}; joined so far: {len(merged)} of {len(inputs)}")
    except KeyboardInterrupt:
        click.echo(f"monitor: joined so far: {len(merged)} of {len(inputs)}", err=True)
        raise
    _tell(output, merged, as_json=as_json)


def _see_that_different(output: Path, inputs: Sequence[Path]) -> None:
    """See that each name is a file of its own; what is not there is somebody else's matter."""
    seen: list[Path] = []
    for path in filter(Path.exists, inputs):
        if output.exists() and path.samefile(output):
            fail(f"{path}: is OUT itself; leave it out of the logs to join", EXIT_CONFIGURATION)
        if any(path.samefile(other) for other in seen):
            fail(f"{path}: is given twice", EXIT_CONFIGURATION)
        seen.append(path)


@contextmanager
def _progress(path: Path) -> Iterator[Callable[[int, int], None]]:
    """Show a bar on a terminal; yields what is told how many tweets are done, and of how many."""
    with click.progressbar(
        length=1, label=str(path), file=sys.stderr, hidden=not sys.stderr.isatty()
    ) as bar:

        def show(done: int, total: int) -> None:
            bar.length = max(total, 1)
            bar.update(done - bar.pos)

        yield show


def _tell(output: Path, merged: Sequence[Merged], *, as_json: bool) -> None:
    size, seconds = output.stat().st_size, sum(found.seconds for found in merged)
    if as_json:
        inputs = [asdict(found) for found in merged]
        click.echo(
            strict_json({"output": output, "bytes": size, "inputs": inputs}, indent=2, default=str)
        )
        return
    from monitor.console import glyphs
    from monitor.merging.table import lines

    for line in lines(merged, glyphs()):
        click.echo(line)
    click.echo(f"{output}: {size / 1e6:,.1f} MB, in {seconds:.1f} s")
