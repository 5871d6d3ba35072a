"""What the demonstration shows while it runs."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Sequence
from typing import Final, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from monitor.store.rows import TweetRow
from monitor.verdict import POLARITIES, UNREAD

_STYLES: Final = {"negative": "red", "neutral": "yellow", "positive": "green"}
_MARKS: Final = {"negative": "-", "neutral": "·", "positive": "+"}
_LATEST: Final = 8
_BAR: Final = 24
_PLAIN_EVERY_S: Final = 2.0


class DemoView:
    """Counts what is stored and draws it: live in a terminal, now and then a line elsewhere."""

    def __init__(self, console: Console, expected: int) -> None:
        self._console = console
        self._expected = expected
        self._lock = threading.Lock()
        self._polarities: dict[str, Counter[str]] = {}
        self._latest: deque[tuple[str, str, str]] = deque(maxlen=_LATEST)
        self._seen: set[str] = set()
        self.unread = 0
        """Tweets in languages that the model does not read."""
        self._started = self._said = time.monotonic()
        self._live = Live(console=console, get_renderable=self._render, refresh_per_second=8)

    def add(self, rows: Sequence[TweetRow]) -> None:
        """Take a committed batch; called on the writer's thread."""
        with self._lock:
            for row in rows:
                if row.id in self._seen:  # a duplicate, which the log has once
                    continue
                self._seen.add(row.id)
                for entity, verdict in row.verdicts:
                    label = verdict["reputation"].label
                    name = entity or "(no entity)"
                    if label in POLARITIES:
                        self._polarities.setdefault(name, Counter())[label] += 1
                    self._latest.append((label, name, row.text or ""))
                self.unread += row.verdicts[0][1] is UNREAD

    def tick(self) -> None:
        """Show where things stand, if it is time."""
        if self._console.is_terminal:
            return
        now = time.monotonic()
        if now - self._said >= _PLAIN_EVERY_S:
            self._said = now
            with self._lock:
                self._console.print(
                    f"{now - self._started:5.1f} s  {len(self._seen):4} labelled", highlight=False
                )

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._console.is_terminal:
            self._live.stop()

    def _render(self) -> RenderableType:
        with self._lock:
            shares = Table("entity", "tweets", "reputation", box=None, padding=(0, 2, 0, 0))
            for name, counts in sorted(self._polarities.items()):
                shares.add_row(name, str(counts.total()), _bar(counts))
            latest = Table.grid(padding=(0, 1))
            latest.add_column(min_width=10)
            latest.add_column(min_width=12, max_width=24, no_wrap=True)
            latest.add_column(no_wrap=True, ratio=1)
            for label, name, text in self._latest:
                style = _STYLES.get(label, "dim")
                # A tweet must not steer the terminal.
                line = "".join(c if c.isprintable() else " " for c in text)
                shown = f"{_MARKS[label]} {label:8}" if label in _MARKS else "  not read"
                latest.add_row(Text(shown, style), name, Text(line))
            elapsed = time.monotonic() - self._started
            title = Text.assemble(
                ("tweets/demo ", "dim"),
                ("─▶ ", "dim"),
                f"{len(self._seen)} of {self._expected} labelled and stored in {elapsed:.0f} s\n",
            )
        return Group(title, shares, Text(), latest)


def _bar(counts: Counter[str]) -> Text:
    """Draw shares: red for negative, yellow for neutral, green for positive; letters tell too."""
    total = counts.total()
    bar = Text()
    for label, style in _STYLES.items():
        bar.append(_MARKS[label] * round(_BAR * counts[label] / total), style)
    return bar
