"""``monitor plan``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from monitor.console import counted
from monitor.inference.fitting import SMALL
from monitor.options import FiniteRange, fail
from monitor.planning import table
from monitor.planning.amounts import Amount
from monitor.planning.plan import PlannedBoard, PlannedBroker, Policy, TweetStream
from monitor.planning.plan import plan as calculate
from monitor.planning.rates import (
    BOARD_TWEETS_PER_S,
    BROKER_MESSAGES_PER_S,
    SMALL_TIMES,
    BadBenchError,
    measured_rate,
)

_ROOM = FiniteRange(0, min_open=True)


@click.command()
@click.argument("tweets_per_day", type=Amount())
@click.option(
    "--peak",
    type=FiniteRange(1),
    default=2.0,
    show_default=True,
    help="Busiest hour against the mean.",
)
@click.option(
    "--board-rate",
    type=Amount(),
    help="Tweets a second that a board's daemon drains from the broker."
    f"  [default: {BOARD_TWEETS_PER_S:,}, as measured on 2 x86-64 cores]",
)
@click.option(
    "--bench",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Instead: the file that `monitor bench --json` wrote on a board.",
)
@click.option(
    "--broker-rate",
    type=Amount(),
    default=BROKER_MESSAGES_PER_S,
    show_default=True,
    help="Messages a second that a broker passes on.",
)
@click.option(
    "--message-bytes", type=Amount(), default=400.0, show_default=True, help="A tweet on the wire."
)
@click.option(
    "--link", type=Amount(), default=1000.0, show_default=True, help="A broker's network, Mbit/s."
)
@click.option(
    "--broker-memory",
    type=Amount(),
    default=4.0,
    show_default=True,
    help="For what a broker queues, GB.",
)
@click.option(
    "--disk", type=Amount(), default=24.0, show_default=True, help="A board's disk for the log, GB."
)
@click.option(
    "--card",
    type=Amount(),
    default=30.0,
    show_default=True,
    help="Terabytes written that wear a board's SD card out.",
)
@click.option("--keep-days", type=_ROOM, default=90.0, show_default=True, help="As in [store].")
@click.option(
    "--outage",
    type=FiniteRange(0),
    default=60.0,
    show_default=True,
    help="Minutes without any board that the brokers bridge.",
)
@click.option(
    "--utilisation",
    type=FiniteRange(0, 1, min_open=True),
    default=0.7,
    show_default=True,
    help="Of a processor or link in the busiest hour, at most.",
)
@click.option(
    "--spare",
    type=click.IntRange(0),
    default=1,
    show_default=True,
    help="Boards beyond those needed.",
)
@click.option(
    "--board-price",
    type=FiniteRange(0),
    default=80.0,
    show_default=True,
    help="In your currency.",
)
@click.option("--board-watts", type=FiniteRange(0), default=6.0, show_default=True)
@click.option(
    "--kwh-price",
    type=FiniteRange(0),
    default=0.3,
    show_default=True,
    help="In your currency.",
)
@click.option("--json", "as_json", is_flag=True, help="JSON instead of a table.")
def plan(
    tweets_per_day: float,
    peak: float,
    board_rate: float | None,
    bench: Path | None,
    broker_rate: float,
    message_bytes: float,
    link: float,
    broker_memory: float,
    disk: float,
    card: float,
    keep_days: float,
    outage: float,
    utilisation: float,
    spare: int,
    board_price: float,
    board_watts: float,
    kwh_price: float,
    as_json: bool,
) -> None:
    """Calculate how many boards and brokers TWEETS_PER_DAY need, and what gives way next.

    \b
    monitor plan 2M                       two million tweets a day
    monitor plan 500M --board-rate 400    the whole public stream, on slower boards
    monitor bench --json > pi.json        on your board, and then
    monitor plan 20M --bench pi.json      with what it does

    A calculation, not a measurement: what it takes for granted are the options' defaults, and that
    boards of one group ([mqtt] group) share a stream evenly.
    """
    if board_rate is not None and bench is not None:
        raise click.UsageError("--board-rate or --bench, not both")
    rate = board_rate or BOARD_TWEETS_PER_S
    if bench is not None:
        try:
            rate = measured_rate(bench)
        except BadBenchError as error:
            fail(error)
    try:
        found = calculate(
            TweetStream(tweets_per_day, peak, message_bytes),
            PlannedBoard(rate, disk, card, board_price, board_watts),
            PlannedBroker(broker_rate, link, broker_memory),
            Policy(utilisation, spare, keep_days, outage, kwh_price),
        )
    except (ArithmeticError, ValueError):  # what is made of them is infinite
        raise click.UsageError(
            "these numbers are too large, or too small, to reckon with"
        ) from None
    if as_json:
        click.echo(table.as_json(found))
        return
    click.echo(table.as_table(found))
    if board_rate is None and bench is None:
        smaller = calculate(
            found.stream,
            replace(found.board, tweets_per_s=SMALL_TIMES * rate),
            found.broker,
            found.policy,
        )
        if smaller.boards < found.boards:
            click.echo(
                f"With [model] path = {SMALL!r} {counted(smaller.boards, 'board')} would do, less"
                " truly."
            )
