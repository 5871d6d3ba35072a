"""What is said of an entity in a sentence, and which window is called the worst."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.clock import utc
from monitor.standings import Estimate, ReportQuestion, Standing, gather
from monitor.standings.sentences import _tail, worst
from monitor.store import open_log
from tests.factories import DAY_S, NOW
from tests.logs import Said, write_log

_ZERO = Estimate(0.0, 0.0, 0.0)


def _windows(counts: Sequence[tuple[int, int]]) -> list[Standing]:
    """Make a day each of so many negative tweets of so many."""
    return [
        Standing(
            entity="Acme",
            start=utc(NOW + day * DAY_S),
            end=utc(NOW + (day + 1) * DAY_S),
            counts=(negatives, tweets - negatives, 0),
            retweets=0,
            unsure=0,
            negative=Estimate(negatives / max(tweets, 1), 0.0, 1.0),
            neutral=_ZERO,
            positive=_ZERO,
            net=_ZERO,
            correction="none",
            chance=(0.0, 0.0, 0.0, 0.0),
        )
        for day, (negatives, tweets) in enumerate(counts)
    ]


@given(st.integers(0, 60), st.integers(1, 60), st.data())
def test_chance_is_that_of_drawing_without_putting_back(
    negatives: int, drawn: int, data: st.DataObject
) -> None:
    """The sum of the hypergeometric distribution's tail, counted out."""
    tweets = max(negatives, drawn) + data.draw(st.integers(0, 60))
    least, most = max(0, drawn + negatives - tweets), min(drawn, negatives)
    seen = data.draw(st.integers(least, most))
    ways = sum(
        math.comb(negatives, k) * math.comb(tweets - negatives, drawn - k)
        for k in range(seen, most + 1)
    )

    assert ways / math.comb(tweets, drawn) == pytest.approx(_tail(seen, drawn, negatives, tweets))


def test_the_worst_stands_out() -> None:
    """A day on which most is negative; not one of a few tweets, however negative."""
    days = _windows([(4, 20), (3, 20), (16, 22), (5, 20), (5, 5)])

    assert days[2] == worst(days)


@pytest.mark.parametrize("counts", [[], [(0, 0)], [(9, 20)], [(4, 9)] * 5, [(20, 20)] * 7])
def test_nothing_stands_out(counts: list[tuple[int, int]]) -> None:
    """Where there is nothing to compare, or all is the same."""
    assert worst(_windows(counts)) is None


@pytest.mark.parametrize(("tweets", "windows"), [(12, 7), (30, 7), (200, 30), (15, 48)])
def test_chance_is_rarely_called_the_worst(tweets: int, windows: int) -> None:
    """Of 400 spans in which each tweet is as likely to be negative, in at most one of twenty."""
    random = Random(tweets)
    named = 0
    for _ in range(400):
        counts = [
            (sum(random.random() < 0.2 for _ in range(tweets)), tweets) for _ in range(windows)
        ]
        named += worst(_windows(counts)) is not None

    assert named <= 20 + 2 * math.sqrt(20)


def _told(path: Path, said: list[Said], entity: str | None = None) -> list[str]:
    with closing(open_log(write_log(path, said))) as connection:
        question = ReportQuestion(NOW - 7 * DAY_S, NOW, entity=entity)
        return [told.sentence for told in gather(connection, question).told]


def test_a_sentence_of_each(tmp_path: Path) -> None:
    """Shares with their intervals, what has changed, the worst day; of few tweets only these."""
    days = [Said(label="neutral", count=30, hours_ago=24 * (9 - day)) for day in range(8)]
    said = [
        *days,
        *(Said("Lumen", "neutral", 30, hours_ago=hours) for hours in (240, 24)),
        Said(label="negative", count=25, hours_ago=48),
        Said("Zento", "neutral", 12, hours_ago=3),
        Said("Few", "neutral", 9, hours_ago=2),
        Said("", "neutral", 40, hours_ago=1),
    ]
    acme, lumen, zento = _told(tmp_path / "monitor.db", said)

    assert acme.startswith("Acme: 205 tweets, 12 % negative (8 to 17), 0 % positive (0 to ")
    assert "; worse than before (net -0.12, -0.12 against the time before)." in acme
    assert acme.endswith(" Worst day: Fri 13 Jun, 45 % negative of 55.")
    assert lumen.endswith("; not clearly better or worse than before.")
    assert zento.endswith("; too few before to compare with.")
    assert ["Few: 9 tweets, too few to say how it stands."] == _told(
        tmp_path / "few.db", said, entity="few"
    )


def test_of_many_some_are_told(tmp_path: Path) -> None:
    """The five with most tweets, and those of which there is news."""
    said = [
        Said(f"b{n}", "neutral", 40 - n, hours_ago=hours) for n in range(9) for hours in (200, 9)
    ]
    said += [Said("small", "positive", 20, hours_ago=200), Said("small", "negative", 20)]
    told = _told(tmp_path / "monitor.db", said)

    assert ["b0", "b1", "b2", "b3", "b4", "small"] == [line.split(":")[0] for line in told]
