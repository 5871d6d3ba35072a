"""What answers are worth so far: true of the tweets that they were drawn from."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.labelling.sample import draw
from monitor.labelling.worth import counted, worth
from monitor.store.owner_labels import Drawn, opened_beside, put
from tests.logs import Said, write_log

AT = "2025-06-15T16:00:00.000Z"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log whose model finds a quarter of Acme's tweets negative; retweets are apart."""
    return write_log(
        tmp_path / "monitor.db",
        [
            Said(count=50),
            Said(count=150, label="positive"),
            Said(count=500, is_retweet=True),
            Said(count=500, text=None),
        ],
    )


def _answer(log: Path, count: int, label: str, drawn: Drawn = "random") -> None:
    with opened_beside(log) as connection:
        tweets = draw(connection, "Acme", count, "random").tweets
        put(connection, [tweet.labelled(label, drawn, AT) for tweet in tweets])


def test_too_few_say_how_many_are_missing(log: Path) -> None:
    """Nine are counted, and give no share yet."""
    _answer(log, 9, "negative")
    with opened_beside(log) as connection:
        found = worth(connection, "Acme", counted(connection, "Acme"))

    assert (9, 9, None, None) == (found.random, found.classes, found.negative, found.half_with_more)


def test_shares_of_what_can_be_drawn(log: Path) -> None:
    """Half of the answers are negative, whatever the model says; more would make it surer."""
    _answer(log, 20, "negative")
    _answer(log, 20, "positive")
    _answer(log, 5, "cannot-tell")
    with opened_beside(log) as connection:
        found = worth(connection, "Acme", counted(connection, "Acme"))

    assert (200, 40, 40) == (found.of, found.random, found.classes)
    assert found.negative == pytest.approx(0.5, abs=0.1)
    assert found.half is not None
    assert found.half_with_more is not None
    assert 0.5 * found.half < found.half_with_more < found.half < 0.25


def test_what_was_not_drawn_gives_no_share(log: Path) -> None:
    """It counts as an answer, and in how often the model said the same."""
    _answer(log, 40, "negative", "found")
    with opened_beside(log) as connection:
        found = worth(connection, "Acme", counted(connection, "Acme"))

    assert (0, 40, None) == (found.random, found.classes, found.negative)
    assert 0 < found.agreed < 40


def test_an_empty_log(tmp_path: Path) -> None:
    """No answers, no tweets."""
    log = write_log(tmp_path / "monitor.db")
    with opened_beside(log) as connection:
        found = worth(connection, "Acme", counted(connection, "Acme"))

    assert (0, 0, None) == (found.of, found.random, found.negative)
