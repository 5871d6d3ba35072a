"""``monitor watch``: the log, live in a terminal."""

from __future__ import annotations

import shutil
import signal
import time
from pathlib import Path

import click

from monitor.options import FiniteRange, fail, log_options, log_path, opened, timezone_option


@click.command()
@click.option(
    "--interval",
    type=FiniteRange(0.2, 3600),
    default=2.0,
    show_default=True,
    help="Seconds between two looks.",
)
@click.option("--once", is_flag=True, help="Print one picture and end.")
@timezone_option
@log_options
def watch(interval: float, once: bool, database: Path | None, config: Path | None) -> None:
    """Watch live: throughput, latency, health of the board, entities, the last tweets.

    q quits, the arrow keys choose an entity. Where there is no terminal to draw on, or a dumb one,
    one picture is printed, as with --once. It reads the log beside the daemon, and holds nobody up.
    """
    from monitor.console import glyphs
    from monitor.console.terminal import TerminalGoneError
    from monitor.watching import frame, screen, snapshot

    path = log_path(database, config)
    with opened(path, None) as connection:
        try:
            if not once and screen.usable():
                screen.watch(connection, str(path), interval, glyphs())
                return
            columns, rows = shutil.get_terminal_size()
            view = frame.View(
                max(columns, frame.LEAST_COLUMNS), max(rows, frame.LEAST_ROWS), glyphs()
            )
            taken = snapshot.take(connection, str(path), time.time(), None, view.rows)
        except TerminalGoneError:
            fail("the terminal is gone", 128 + signal.SIGHUP)
        except screen.UndrawableError as error:
            fail(error)
    for line in frame.frame(taken, view):
        click.echo(line)
