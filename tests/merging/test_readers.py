"""Everything that reads a log reads a joined one."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from monitor.merging.numbers import LOG_BITS
from monitor.pictures import overview
from monitor.pictures.spans import Span
from monitor.standings import ReportQuestion, gather
from monitor.store import open_log
from monitor.store.backup import backup
from monitor.watching import snapshot
from tests.benchmarks.history import History
from tests.benchmarks.history import write as invent
from tests.benchmarks.load import questions
from tests.factories import DAY_S, NOW, query
from tests.merging.worlds import Batch, Said, joined, write
from tests.spoiled import change


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """The logs of two boards over the same days, and both joined."""
    folder = tmp_path_factory.mktemp("boards")
    one, two, both = folder / "1.db", folder / "2.db", folder / "both.db"
    for seed, path in enumerate((one, two)):
        invent(path, History(1000, days=3.0, seed=seed, until=NOW))
    joined(both, one, two)
    return one, two, both


def test_every_query_of_every_command(logs: tuple[Path, Path, Path]) -> None:
    """Report, watch, dashboard, its pages, the views and the README's queries."""
    _, _, both = logs
    asked = questions(both)
    with closing(open_log(both)) as connection:
        for ask in asked.values():
            ask(connection)

    assert len(asked) > 20


def test_a_report_adds_the_boards_up(logs: tuple[Path, Path, Path]) -> None:
    """Counts are those of both; shares and intervals follow from them."""
    counts = []
    for log in logs:
        with closing(open_log(log)) as connection:
            found = gather(connection, ReportQuestion(NOW - 3 * DAY_S, NOW, retweets=True))
        counts.append({standing.entity: standing.counts for standing in found.standings})
    one, two, both = counts
    nothing = (0, 0, 0)

    assert one.keys() | two.keys() == both.keys()
    for entity, labels in both.items():
        pairs = zip(one.get(entity, nothing), two.get(entity, nothing), strict=True)
        assert tuple(mine + others for mine, others in pairs) == labels


def test_the_latest_come_first(logs: tuple[Path, Path, Path]) -> None:
    """Of whichever board: watch takes them by their numbers, and these are moments."""
    *_, both = logs
    with closing(open_log(both)) as connection:
        shown = snapshot.take(connection, "both", NOW, None, 50).tweets
        entity = shown[0].entity
        of_one = snapshot.take(connection, "both", NOW, entity, 20).tweets
    latest = query(both, "SELECT received_at FROM labelled ORDER BY received_at DESC LIMIT 50")
    logs_of = query(both, f"SELECT DISTINCT id & {(1 << LOG_BITS) - 1}, log_id FROM batches")

    assert [moment for (moment,) in latest] == [tweet.received_at for tweet in shown]
    assert sorted((t.received_at for t in of_one), reverse=True) == [t.received_at for t in of_one]
    assert [(1, 1), (2, 2)] == sorted(logs_of)


def test_boards_add_up_in_the_pictures(tmp_path: Path) -> None:
    """Two that label at a time are as fast as both: in each minute, and in each hour."""
    paths = []
    for rate in (2.0, 5.0):
        paths.append(write(tmp_path / f"{rate}.db", [Batch((Said(f"{rate}"),))]))
        change(paths[-1], "UPDATE throughput SET labelled = ? * seconds", rate)
        change(paths[-1], "UPDATE throughput SET broker_dropped = ?", 9 * rate)
    both = tmp_path / "both.db"
    joined(both, *paths)
    ((began,),) = query(both, "SELECT min(strftime('%s', started_at)) FROM throughput")
    now = float(began) + 90
    with closing(open_log(both)) as connection:
        board = overview.read(connection, Span.ending(now, "24h"), entity=None, now=now).board
        watched = snapshot.take(connection, "both", now, None, 1).board

    assert [7.0] == [hour.tweets_per_s for hour in board.hours]
    assert 0 == board.dropped  # what other boards' brokers dropped is not the difference
    assert 7.0 == next(rate for rate in watched.minutes if rate)


def test_can_be_copied(logs: tuple[Path, Path, Path], tmp_path: Path) -> None:
    """`monitor backup` copies it as any log, and the copy can be joined further."""
    *_, both = logs
    copied = backup(both, tmp_path / "copy.db")
    (found,) = joined(tmp_path / "more.db", copied.path)

    assert copied.tweets == found.tweets
