"""A picture of a snapshot: lines of text, as many and as wide as the terminal has room for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from monitor.console import Glyphs, fit, printable, width
from monitor.console.terminal import sparkline
from monitor.periods import epoch
from monitor.reporting.table import change
from monitor.settings import WAL_BYTES
from monitor.standings import Standing
from monitor.standings.report import NO_ENTITY
from monitor.store.disk import is_full
from monitor.watching.snapshot import HOURS, BoardNow, EntityNow, Snapshot
from monitor.zones import local, zone_name

LEAST_COLUMNS: Final = 40
LEAST_ROWS: Final = 8
SILENCE_S: Final = 150.0
"""The daemon writes a row a minute whatever happens; after more than two it is asked for."""
ALL: Final = "all"
_ALERT: Final = " ALERT"
_LEARNING: Final = " new"
"""What is usual is not known well yet: alerts find great rises only."""

_WIDE: Final = 96
"""From here on there is room for changes."""
_NAME: Final = 30
_LEAST_NAME: Final = 8
_TIME: Final = len("17:58:03")


@dataclass(frozen=True, slots=True)
class View:
    """The terminal, and what is chosen in it."""

    columns: int
    rows: int
    signs: Glyphs
    chosen: int = 0
    """Place of the entity whose tweets are shown; 0 for all, 1 for the first."""
    hint: str = ""
    """Last line, for a terminal with keys."""


def frame(snapshot: Snapshot, view: View) -> list[str]:
    """Draw a snapshot: at most ``view.rows`` lines, none wider than ``view.columns``."""
    lines = [*_head(snapshot, view), ""]
    left = view.rows - len(lines) - bool(view.hint)
    entities = list(_entities(snapshot, view))
    if entities:
        # A header and a line each, but half of the room is for tweets.
        room = max(3, min(len(entities), (left + 1) // 2))
        lines += [entities[0], *_scrolled(entities[1:], room - 1, view.chosen), ""]
    elif snapshot.tweets:
        lines += [f"no tweets in the last {HOURS} h", ""]
    lines += _tweets(snapshot, view)
    lines = lines[: view.rows - bool(view.hint)]
    if view.hint:
        lines += [""] * (view.rows - len(lines) - 1) + [view.hint]
    return [fit(printable(line, view.signs), view.columns, view.signs).rstrip() for line in lines]


def _head(snapshot: Snapshot, view: View) -> Iterator[str]:
    board, signs = snapshot.board, view.signs
    clock = f"{_second(snapshot.taken_at)} {zone_name(snapshot.taken_at)}"
    room = max(0, view.columns - len(clock) - 2)
    yield f"{fit(f'monitor watch  {printable(snapshot.log, signs)}', room, signs)}  {clock}"
    yield from _wrapped(_throughput(board), view.columns)
    yield from _wrapped(_health(board, signs), view.columns)
    highest = max((rate for rate in board.minutes if rate is not None), default=0.0)
    if highest:
        label = f"tweets/s, by minute, to {highest:.1f}  "
        yield label + sparkline(board.minutes[-(view.columns - len(label)) :], highest, signs)
    if is_full(board.disk_left):
        yield "! the disk is full: nothing is stored until there is room; the broker keeps tweets"
    elif board.disk_left is not None and board.disk_left < WAL_BYTES:
        yield f"! the disk is nearly full: {board.disk_left / 1e6:.1f} MB are free"
    if board.last_sign is None:
        yield "! nothing has been written yet: is the daemon running?"
    elif (silence := snapshot.taken_at - board.last_sign) > SILENCE_S:
        yield f"! the daemon has written nothing for {_span(silence)}: is it running?"


def _throughput(board: BoardNow) -> Iterator[str]:
    now, minute, hour = board.tweets_per_s
    yield f"tweets/s  now {now:.1f}"
    yield f"1 min {minute:.1f}"
    yield f"1 h {hour:.1f}"
    median, worst = (_milliseconds(ms) for ms in board.latency_ms)
    yield f"latency p50 {median} p99 {worst}"


def _milliseconds(ms: float | None) -> str:
    if ms is None:
        return "-"
    return f"{ms / 1000:.2f} s" if ms >= 1000 else f"{ms:.0f} ms"


def _health(board: BoardNow, signs: Glyphs) -> Iterator[str]:
    yield f"queue {'-' if board.queue is None else board.queue}"
    yield f"dead letters, 24 h: {board.dead_letters:,}"
    if board.other_languages:
        yield f"other languages: {board.other_languages:,}"
    if board.rss_mib is not None:
        yield f"memory {board.rss_mib:.0f} MiB"
    if board.cpu_celsius is not None:
        yield f"{board.cpu_celsius:.0f} {'°' if signs.unicode else ''}C"
    yield {True: "clock ok", False: "CLOCK NOT SYNCHRONISED", None: "clock unknown"}[
        board.clock_synchronised
    ]


_HEADS: Final = ("tweets", "neg%", "neu%", "pos%", "net", "change")


def _entities(snapshot: Snapshot, view: View) -> Iterator[str]:
    """Write the header, a line for all, and a line an entity."""
    if not snapshot.entities:
        return
    signs = view.signs
    count = len(_HEADS) if view.columns >= _WIDE else len(_HEADS) - 1
    heads = _HEADS[:count]
    rows = [_figures(entity.standing, signs)[:count] for entity in snapshot.entities]
    total = f"{sum(entity.standing.tweets for entity in snapshot.entities):,}"
    cells = [
        max(len(head), len(total) if head == "tweets" else 0, *(len(row[i]) for row in rows))
        for i, head in enumerate(heads)
    ]
    names = [printable(e.standing.entity or NO_ENTITY, signs) for e in snapshot.entities]
    title = f"entity, {HOURS} h"
    course = HOURS + max(len(_state(entity)) for entity in snapshot.entities)
    room = view.columns - sum(cells) - len(cells) - len("  ") - len(" ") - course
    name = max(_LEAST_NAME, min(_NAME, room, max(len(title), *map(width, names))))
    # Twice the largest usual share: an hour of few tweets must not flatten all others.
    highest = min(1.0, 2 * max(entity.standing.negative.value for entity in snapshot.entities))

    def line(place: int, title: str, figures: Sequence[str], rest: str) -> str:
        parts = (fit(f, size, signs, right=True) for f, size in zip(figures, cells, strict=True))
        mark = view.signs.here if view.hint and place == view.chosen else " "
        return " ".join((f"{mark} {fit(title, name, signs)}", *parts, rest))

    yield line(-1, title, heads, f"neg by hour, to {100 * highest:.0f} %")
    yield line(0, ALL, [total, *[""] * (count - 1)], "")
    for place, (entity, shown, row) in enumerate(
        zip(snapshot.entities, names, rows, strict=True), 1
    ):
        spark = sparkline(entity.negative_by_hour, highest, signs)
        yield line(place, shown, row, spark + _state(entity))


def _state(entity: EntityNow) -> str:
    if entity.alert:
        return _ALERT
    return _LEARNING if entity.learning else ""


def _figures(standing: Standing, signs: Glyphs) -> tuple[str, ...]:
    net = standing.net
    half = max(net.high - net.value, net.value - net.low)
    return (
        f"{standing.tweets:,}",
        *(
            f"{100 * share.value:.0f}"
            for share in (standing.negative, standing.neutral, standing.positive)
        ),
        f"{net.value:+.2f}{signs.plus_minus}{half:.2f}{'*' * bool(standing.answers)}",
        change(standing.change, signs),
    )


def _scrolled(lines: Sequence[str], room: int, chosen: int) -> Sequence[str]:
    """Return as many lines as there is room for, the chosen one among them."""
    first = max(0, min(chosen - room // 2, len(lines) - room))
    return lines[first : first + room]


def _tweets(snapshot: Snapshot, view: View) -> Iterator[str]:
    signs = view.signs
    if not snapshot.tweets:
        yield "no tweets yet"
        return
    shown = [(t, printable(t.entity or NO_ENTITY, signs)) for t in snapshot.tweets]
    name = min(max(width(n) for _, n in shown), max(8, view.columns // 5))
    today = _second(snapshot.taken_at)[:10]
    last = _second(epoch(snapshot.tweets[0].received_at))
    signed = {"negative": signs.negative, "neutral": signs.neutral, "positive": signs.positive}
    yield f"last tweets{'' if last[:10] == today else f', the latest of {last[:10]}'}"
    for tweet, entity in shown:
        text = "(text not kept)" if tweet.text is None else printable(tweet.text, signs)
        label = signed[tweet.label] + ("?" if tweet.unsure else " ")
        time = _second(epoch(tweet.received_at))[-_TIME:]
        yield f"{time} {label} {fit(entity, name, signs)}  {text}"


def _second(epoch_s: float) -> str:
    return f"{local(epoch_s):%Y-%m-%d %H:%M:%S}"


def _wrapped(items: Iterable[str], columns: int) -> Iterator[str]:
    """Lay items side by side, breaking lines between them."""
    line = ""
    for item in items:
        if line and len(line) + 2 + len(item) > columns:
            yield line
            line = item
        else:
            line = f"{line}  {item}" if line else item
    yield line


def _span(seconds: float) -> str:
    minutes = int(seconds // 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours < 48 else f"{hours // 24} days"
