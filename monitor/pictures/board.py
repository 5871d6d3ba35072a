"""The part of a page that says how the board does."""

from __future__ import annotations

from typing import Final

from monitor.pictures import links, words
from monitor.pictures.charts import Axes, Line, Point, bars, lines
from monitor.pictures.folded import details
from monitor.pictures.markup import Markup, join, tag
from monitor.pictures.overview import BoardHealth, Overview
from monitor.pictures.scales import nice_end, ticks
from monitor.settings import WAL_BYTES
from monitor.store.disk import is_full

_SILENT_S: Final = 180.0
"""The daemon writes a row a minute; after three it is missed."""
_HOT_CELSIUS: Final = 80.0
_REJECTED: Final = 0.05
_HEIGHT: Final = 110
_UNITS: Final = (("second", 1), ("minute", 60), ("hour", 3600))


def vitals(overview: Overview) -> Markup:
    """Say at a glance whether the board is well, and what is not."""
    facts = _facts(overview)
    wrong = sum(not well for *_, well in facts)
    verdict = (
        "The board is well."
        if not wrong
        else f"{wrong} of {len(facts)} {'needs' if wrong == 1 else 'need'} a look."
    )
    return join(
        tag("p", verdict, class_="verdict"),
        tag(
            "dl",
            [
                tag(
                    "div",
                    tag("dt", name),
                    tag("dd", value, tag("span", note, class_="note") if note else None),
                    class_="vital" if well else "vital wrong",
                )
                for name, value, note, well in facts
            ],
            class_="vitals",
        ),
    )


def _facts(overview: Overview) -> list[tuple[str, str, str, bool]]:
    """Name, value, what it means, and whether it is well."""
    board = overview.board
    if board.last_sign is None:
        return [("daemon", "not seen yet", "nothing was ever written", False)]
    silent = overview.now - board.last_sign
    late = not -_SILENT_S <= silent <= _SILENT_S
    facts = [
        ("daemon", "silent" if late else "writing", f"wrote {words.age(silent)}", not late),
        _clock(board),
    ]
    if board.disk_left is not None and board.disk_left < WAL_BYTES:
        full = is_full(board.disk_left)
        note = "nothing can be stored" if full else f"{board.disk_left / 1e6:.1f} MB are free"
        facts.append(("disk", "full" if full else "nearly full", note, False))
    if board.hours:
        latest = board.hours[-1]
        facts.append(("throughput", words.rate(latest.tweets_per_s), "in the latest hour", True))
        if latest.latency_p99_ms is not None:
            value = words.duration(latest.latency_p99_ms)
            facts.append(("latency", value, "99 % within, worst minute of that hour", True))
    stored = sum(round(hour.tweets_per_s * board.step) for hour in board.hours)
    well = board.rejected < _REJECTED * max(stored + board.rejected, 1)
    facts.append(("dead letters", f"{board.rejected:,}", "messages that could not be read", well))
    if board.dropped:
        facts.append(("dropped", f"{board.dropped:,}", "messages that the broker gave up", False))
    if board.rss_mib is not None:
        facts.append(("memory", f"{board.rss_mib:.0f}\N{NO-BREAK SPACE}MiB", "at most", True))
    if board.cpu_celsius is not None:
        well = board.cpu_celsius < _HOT_CELSIUS
        value = f"{board.cpu_celsius:.0f}\N{NO-BREAK SPACE}°C"
        facts.append(("processor", value, "at most", well))
    return facts


def _clock(board: BoardHealth) -> tuple[str, str, str, bool]:
    if board.clock_synchronised is None:
        return ("clock", "unknown", "the board cannot tell whether it is right", True)
    if board.clock_synchronised:
        return ("clock", "synchronised", "", True)
    return ("clock", "not synchronised", "do not trust recent times", False)


def charts(overview: Overview, *, linked: bool) -> Markup:
    """Draw throughput and latency, and say what could not be read."""
    board, end = overview.board, overview.span.end
    if not board.hours:
        return tag("p", "No minute of throughput in this time.", class_="note")
    highest = max(hour.tweets_per_s for hour in board.hours)
    unit, seconds = next((u, s) for u, s in _UNITS if highest * s >= 1 or u == "hour")
    fastest = nice_end(highest * seconds)
    throughput = [
        Point(h.start, h.start + board.step, h.tweets_per_s * seconds) for h in board.hours
    ]
    usual, slow = (
        [
            Point(h.start, h.start + board.step, figure)
            for h in board.hours
            if (figure := getattr(h, name)) is not None
        ]
        for name in ("latency_p50_ms", "latency_p99_ms")
    )
    slowest = nice_end(max((p.value for p in slow), default=1.0))

    def axes(high: float, written: list[tuple[float, str]]) -> Axes:
        return Axes(board.since, end, board.step, 0, high, written, _HEIGHT, moments=5)

    return join(
        tag(
            "div",
            tag(
                "figure",
                tag("figcaption", "Throughput", tag("span", f" tweets a {unit}", class_="note")),
                bars(
                    axes(fastest, [(v, f"{v:g}") for v in ticks(0, fastest, 4)]),
                    throughput,
                    id_="throughput",
                    pointed=False,
                    title=f"Throughput, tweets a {unit}",
                    desc=f"At most {words.rate(highest)}.",
                ),
            ),
            tag(
                "figure",
                tag(
                    "figcaption",
                    "Latency",
                    tag(
                        "span",
                        " arrival to stored: median (dashed), 99 % of the worst minute",
                        class_="note",
                    ),
                ),
                lines(
                    axes(slowest, [(v, words.duration(v)) for v in ticks(0, slowest, 4)]),
                    [Line("slow-line", slow), Line("usual-line", usual)],
                    id_="latency",
                    pointed=False,
                    title="Latency from arrival to stored",
                    desc=f"99 % within {words.duration(max((p.value for p in slow), default=0))}"
                    " in the worst minute.",
                ),
            ),
            class_="two",
        ),
        _hours_table(board),
        _reasons(board, linked=linked),
    )


def _hours_table(board: BoardHealth) -> Markup:
    head = ("begins", "tweets a second", "not read", "median latency", "99 %, worst minute")
    body = [
        tag(
            "tr",
            tag("th", words.moment(h.start), scope="row"),
            [
                tag("td", text, class_="number")
                for text in (
                    f"{h.tweets_per_s:.2f}",
                    f"{h.rejected:,}",
                    words.duration(h.latency_p50_ms) if h.latency_p50_ms is not None else "",
                    words.duration(h.latency_p99_ms) if h.latency_p99_ms is not None else "",
                )
            ],
        )
        for h in reversed(board.hours)
    ]
    return details("Throughput and latency as a table", head, body)


def _reasons(board: BoardHealth, *, linked: bool) -> Markup | None:
    if not board.reasons:
        return None
    counted = ", ".join(f"{reason} {count:,}" for reason, count in board.reasons)
    shown = f"Latest dead letters: {counted}."
    return tag("p", tag("a", shown, href=links.query("dead-letters")) if linked else shown)
