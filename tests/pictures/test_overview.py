"""What a page shows is what the log holds."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from monitor.pictures.overview import Overview, read
from monitor.pictures.spans import Span
from monitor.standings import UnknownEntityError
from monitor.store import open_log
from tests.factories import DAY_S, NOW
from tests.pictures.logs import HOSTILE, write

HOUR_S = 3600.0


def _read(path: Path, entity: str | None = None, name: str = "24h", now: float = NOW) -> Overview:
    with closing(open_log(path)) as connection:
        return read(connection, Span.ending(now, name), entity=entity, now=now)


def test_entities_come_by_size_and_nobody_last(tmp_path: Path) -> None:
    """Most tweets first; tweets about no entity come last, however many."""
    tweets = (
        [(NOW, "", "neutral")] * 3 + [(NOW, "Acme", "negative")] + [(NOW, "Lumen", "neutral")] * 2
    )
    overview = _read(write(tmp_path / "log.db", tweets))

    assert ["Lumen", "Acme", None] == [row.whole.entity for row in overview.rows]
    assert [2, 1, 3] == [row.whole.tweets for row in overview.rows]


def test_windows_add_up_to_the_whole(tmp_path: Path) -> None:
    """Each tweet is in one window, the earliest window first; those before the span are in none."""
    ages = (0, 0.5, 1, 5, 23, 24, *[30] * 10)
    path = write(tmp_path / "log.db", [(NOW - h * HOUR_S, "Acme", "negative") for h in ages])
    (row,) = _read(path).rows

    assert 6 == row.whole.tweets == sum(w.tweets for w in row.windows)
    assert sorted(w.start for w in row.windows) == [w.start for w in row.windows]
    assert row.whole.change is not None


def test_one_entity_alone(tmp_path: Path) -> None:
    """Only what was asked for; the board is everybody's."""
    path = write(
        tmp_path / "log.db", [(NOW, "Acme", "negative"), (NOW, HOSTILE, "positive")], [NOW]
    )
    overview = _read(path, HOSTILE)

    assert [HOSTILE] == [row.whole.entity for row in overview.rows]
    assert 1 == len(overview.board.hours)


def test_an_unknown_entity(tmp_path: Path) -> None:
    """It is said, with the nearest one."""
    path = write(tmp_path / "log.db", [(NOW, "Acme", "negative")])

    with pytest.raises(UnknownEntityError, match="'Acme'"):
        _read(path, "Acne")


def test_an_empty_log(tmp_path: Path) -> None:
    """Nothing to show, and nothing breaks."""
    overview = _read(write(tmp_path / "log.db"))

    assert not overview.rows
    assert not overview.board.hours
    assert overview.board.last_sign is None is overview.report.last


def test_the_board(tmp_path: Path) -> None:
    """Minutes are added up by the hour: rates by their seconds, latencies by their tweets."""
    begins = NOW - NOW % HOUR_S
    path = write(
        tmp_path / "log.db", [(NOW, "Acme", "negative")], [begins, begins + 60, begins - 60]
    )
    board = _read(path).board

    assert [(begins - HOUR_S, 2.0), (begins, 2.0)] == [
        (h.start, h.tweets_per_s) for h in board.hours
    ]
    assert {(100.0, 300.0)} == {(h.latency_p50_ms, h.latency_p99_ms) for h in board.hours}
    assert (3, [1, 2]) == (board.rejected, [h.rejected for h in board.hours])
    assert (True, 3, 100.0, 50.0) == (
        board.clock_synchronised,
        board.queue_depth,
        board.rss_mib,
        board.cpu_celsius,
    )
    assert [(HOSTILE, 1)] == list(board.reasons)
    assert "stub 1" == board.model


def test_the_board_is_looked_at_for_a_week_at_most(tmp_path: Path) -> None:
    """A year of minutes is too much to read at once."""
    path = write(tmp_path / "log.db", minutes=[NOW - 20 * DAY_S, NOW - DAY_S])

    assert 1 == len(_read(path, name="1y").board.hours)


def test_the_last_sign_is_the_latest(tmp_path: Path) -> None:
    """Of minute and batch, whichever was later."""
    tweets = [(NOW, "Acme", "negative")]
    minute_last = write(tmp_path / "a.db", tweets, [NOW - 500, NOW - 50])
    batch_last = write(tmp_path / "b.db", tweets, [NOW - 500])

    assert pytest.approx(NOW + 10, abs=0.01) == _read(minute_last).board.last_sign
    assert pytest.approx(NOW, abs=0.01) == _read(batch_last).board.last_sign
