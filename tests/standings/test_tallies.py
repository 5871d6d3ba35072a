"""What the rollups count, against counting the labels themselves."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from monitor.periods import SECONDS, WINDOWS, Window, beginning, instant
from monitor.standings.tallies import is_known, tallies
from monitor.store import open_log
from monitor.verdict import POLARITIES
from tests.factories import NOW, query
from tests.logs import Said, write_log

SAID = [
    Said("Acme", "negative", 3, hours_ago=15 * 24),
    Said("", "neutral", 2, hours_ago=7 * 24),
    Said("Acme", "positive", 4, hours_ago=26, is_retweet=True),
    Said("Acme", "positive", 1, hours_ago=24),
    Said("Acme", "positive", 2, hours_ago=23),
    Said("Lumen", "negative", 5, hours_ago=3, sentiment="positive"),
    Said("Acme", "neutral", 6, hours_ago=3),
    Said("Acme", "positive", 7, hours_ago=0),
]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log of three entities over two weeks."""
    return write_log(tmp_path / "monitor.db", SAID, abstain_below=0.0)


@pytest.mark.parametrize("task", ["reputation", "sentiment"])
@pytest.mark.parametrize("window", WINDOWS)
def test_windows_add_up_to_the_labels(log: Path, window: Window, task: str) -> None:
    """Each label is counted once, in the window that its tweet arrived in."""
    expected: Counter[tuple[float, str, int, str]] = Counter()
    for at, entity, is_retweet, label in query(
        log,
        f"SELECT received_at, entity, is_retweet, {task} FROM labels"
        " JOIN tweets ON tweets.id = tweet_id",
    ):
        expected[beginning(instant(at, NOW), window), entity, is_retweet, label] += 1
    with closing(open_log(log)) as connection:
        end = beginning(NOW, "hour") + 3600
        found = list(tallies(connection, (0.0, end), window, task, [1]))

    counted = Counter(
        {
            (tally.start, tally.entity, int(tally.is_retweet), label): count
            for tally in found
            for label, count in zip(POLARITIES, tally.counts, strict=True)
            if count
        }
    )
    assert expected == counted


def test_edges_part_the_time(log: Path) -> None:
    """Without windows, each span between two edges is one; what lies outside is not read."""
    end = beginning(NOW, "hour") + 3600
    day = SECONDS["day"]
    edges = (end - 8 * day, end - day, end)
    with closing(open_log(log)) as connection:
        found = {
            (t.start, t.entity, t.is_retweet): t.counts
            for t in tallies(connection, edges, None, "reputation", [1])
        }

    expected = {
        (edges[0], "", False): (0, 2, 0),
        (edges[0], "Acme", False): (0, 0, 1),
        (edges[0], "Acme", True): (0, 0, 4),
        (edges[1], "Acme", False): (0, 6, 9),
        (edges[1], "Lumen", False): (5, 0, 0),
    }
    assert expected == found


def test_one_entity_and_some_models(log: Path) -> None:
    """An entity can be asked for, the one without a name too; other models stay out."""
    edges = (0.0, NOW + 3600)
    with closing(open_log(log)) as connection:
        acme = list(tallies(connection, edges, None, "reputation", [1], ["Acme"]))
        nobody = list(tallies(connection, edges, None, "reputation", [1], [""]))
        others = list(tallies(connection, edges, None, "reputation", [2]))

    assert [("Acme", False), ("Acme", True)] == [(t.entity, t.is_retweet) for t in acme]
    assert [(0, 2, 0)] == [t.counts for t in nobody]
    assert [] == others


def test_unsure_labels_are_counted_and_told(tmp_path: Path) -> None:
    """Labels marked as abstained are in the counts, and beside them."""
    log = write_log(tmp_path / "monitor.db", [Said(count=3)], abstain_below=0.9)
    with closing(open_log(log)) as connection:
        (tally,) = tallies(connection, (0.0, NOW + 3600), None, "reputation", [1])

    assert ((3, 0, 0), 3) == (tally.counts, tally.unsure)


def test_what_is_known(log: Path) -> None:
    """Every entity that was counted, the tweets about none among them."""
    with closing(open_log(log)) as connection:
        known = [is_known(connection, name) for name in ("", "Acme", "Lumen", "acme", "\udcff")]

    assert [True, True, True, False, False] == known
