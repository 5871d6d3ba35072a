"""How entities stand: counts, shares, intervals, change, model by model."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.labelling.sample import tweets_of
from monitor.periods import WINDOWS, Window
from monitor.standings import ReportQuestion, Standing, gather, standings
from monitor.standings.labellers import labellers
from monitor.store import open_log
from monitor.store.owner_labels import Drawn, opened_beside, put
from tests.factories import DAY_S, NOW
from tests.logs import CONFUSION, Said, write_log

_NOTHING = [[0.0] * 3] * 3
CALIBRATED = {"reputation": {"confusion": CONFUSION}}


def _standings(
    log: Path,
    since: float = NOW - DAY_S,
    until: float = NOW,
    **asked: Any,  # noqa: ANN401  (as standings takes it)
) -> list[Standing]:
    with closing(open_log(log)) as connection:
        return standings(connection, since, until, **asked)


def test_plain_shares_are_those_of_the_labels(tmp_path: Path) -> None:
    """Without a calibration: shares of labels, net between them, intervals around them."""
    log = write_log(
        tmp_path / "monitor.db",
        [
            Said(label="negative", count=20),
            Said(label="neutral", count=30),
            Said(label="positive", count=50),
        ],
    )
    (acme,) = _standings(log)

    assert ("Acme", 100, (20, 30, 50)) == (acme.entity, acme.tweets, acme.counts)
    assert (0.2, 0.3, 0.5) == pytest.approx(
        (acme.negative.value, acme.neutral.value, acme.positive.value)
    )
    assert 0.3 == pytest.approx(acme.net.value)
    assert "none" == acme.correction
    # The usual normal interval, 1.96 * sqrt(p (1 - p) / n), within what its start from half a tweet
    # of each class moves it.
    assert 0.2 - 0.0784 == pytest.approx(acme.negative.low, abs=0.002)
    assert acme.net.low < 0.3 < acme.net.high


def test_corrects_by_the_models_confusion(tmp_path: Path) -> None:
    """Labels that come out of the confusion matrix are led back to the shares they came from."""
    true = (0.5, 0.3, 0.2)
    seen = [sum(t * row[i] for t, row in zip(true, CONFUSION, strict=True)) for i in range(3)]
    log = write_log(
        tmp_path / "monitor.db",
        [
            Said(label=label, count=round(10 * share))
            for label, share in zip(("negative", "neutral", "positive"), seen, strict=True)
        ],
        calibration=CALIBRATED,
    )
    (acme,) = _standings(log, correction="adjusted")
    (plain,) = _standings(log, correction="none")

    assert true == pytest.approx(
        (acme.negative.value, acme.neutral.value, acme.positive.value), abs=0.01
    )
    assert abs(plain.negative.value - 0.5) > 0.03
    assert ("adjusted", "none") == (acme.correction, plain.correction)


def test_retweets_are_counted_apart(tmp_path: Path) -> None:
    """They are told beside the others, and among them only if asked."""
    log = write_log(
        tmp_path / "monitor.db",
        [Said(label="positive", count=4), Said(label="negative", count=6, is_retweet=True)],
    )
    (apart,), (among,) = _standings(log), _standings(log, retweets=True)

    assert ((0, 0, 4), 6) == (apart.counts, apart.retweets)
    assert ((6, 0, 4), 6) == (among.counts, among.retweets)


def test_compares_with_the_time_before(tmp_path: Path) -> None:
    """A span with the one as long before it, windows with the one before; none with nothing."""
    log = write_log(
        tmp_path / "monitor.db",
        [
            Said(label="positive", count=40, hours_ago=30),
            Said(label="negative", count=40, hours_ago=2),
            Said("Lumen", "negative", 5, hours_ago=2),
        ],
    )
    span = {s.entity: s.change for s in _standings(log)}
    days = {
        (s.start[:10], s.entity): s.change for s in _standings(log, NOW - 2 * DAY_S, window="day")
    }

    assert span["Acme"] is not None
    assert -2.0 == pytest.approx(span["Acme"].value)
    assert span["Acme"].excludes_zero
    assert span["Lumen"] is None
    assert days["2025-06-15", "Acme"] is not None
    assert days["2025-06-14", "Acme"] is None


def test_a_change_may_be_chance(tmp_path: Path) -> None:
    """Of a few tweets hardly any change is more than chance."""
    log = write_log(
        tmp_path / "monitor.db",
        [
            *(Said(label=label, count=6, hours_ago=30) for label in ("negative", "positive")),
            Said(label="negative", count=2, hours_ago=2),
            Said(label="positive", count=1, hours_ago=2),
        ],
    )
    (acme,) = _standings(log)

    assert acme.change is not None
    assert acme.change.value < 0
    assert not acme.change.excludes_zero


def test_too_few_tweets_are_not_compared_with(tmp_path: Path) -> None:
    """Against eight tweets nothing could be told."""
    log = write_log(
        tmp_path / "monitor.db",
        [
            Said(label="positive", count=8, hours_ago=30),
            Said(label="negative", count=100, hours_ago=2),
        ],
    )
    (acme,) = _standings(log)

    assert acme.change is None


def test_asked_for_one_entity_and_task(tmp_path: Path) -> None:
    """Only that entity, or the tweets about none; the other task's labels if it is asked for."""
    log = write_log(
        tmp_path / "monitor.db",
        [Said("Acme", "negative", 3, sentiment="positive"), Said("", "neutral", 2)],
    )

    assert [(0, 2, 0)] == [s.counts for s in _standings(log, entity="")]
    assert [None] == [s.entity for s in _standings(log, entity="")]
    assert [(0, 0, 3)] == [s.counts for s in _standings(log, entity="Acme", task="sentiment")]


def test_each_model_corrects_its_own_labels(tmp_path: Path) -> None:
    """Two models in one window: the counts are one, each is corrected by its own calibration."""
    log = tmp_path / "monitor.db"
    write_log(log, [Said(label="negative", count=30)], model="old")
    # What the new one calls negative is always neutral, its own calibration says.
    shares = {"mapping": [[0, 1, 0]] * 3, "between": _NOTHING, "drift": _NOTHING}
    fitted = {"reputation": {"confusion": CONFUSION, "shares": shares}}
    write_log(log, [Said(label="negative", count=10)], model="new", calibration=fitted)
    (mixed,) = _standings(log)
    with closing(open_log(log)) as connection:
        models = {model.name: model.method for model in labellers(connection).values()}

    assert {"old 1": "none", "new 1": "regression"} == models
    assert (40, "none") == (mixed.tweets, mixed.correction)
    assert (0.75, 0.25) == pytest.approx((mixed.negative.value, mixed.neutral.value))


def test_says_which_model_cannot_be_corrected(tmp_path: Path) -> None:
    """Asked for a method that a model has nothing for: the error names the model."""
    log = write_log(tmp_path / "monitor.db", [Said()])
    with pytest.raises(ValueError, match="stub 1: the model has no calibration"):
        _standings(log, correction="em")


def test_an_empty_log_and_an_empty_span(tmp_path: Path) -> None:
    """Nothing to tell, and nothing to fail on."""
    log = write_log(tmp_path / "monitor.db", [Said(hours_ago=100)])

    assert [] == _standings(log)
    assert [] == _standings(log, 0.0, 1.0)
    assert [] == _standings(write_log(tmp_path / "empty.db"))


_SAID = st.lists(
    st.builds(
        Said,
        entity=st.sampled_from(["", "Acme", "Lumen"]),
        label=st.sampled_from(["negative", "neutral", "positive"]),
        count=st.integers(1, 4),
        hours_ago=st.integers(0, 300).map(float),
        is_retweet=st.booleans(),
    ),
    max_size=8,
)


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_SAID, st.sampled_from(WINDOWS), st.booleans())
def test_windows_add_up(
    tmp_path_factory: pytest.TempPathFactory, said: Sequence[Said], window: Window, retweets: bool
) -> None:
    """Windows hold what the whole holds; shares sum to 1 and lie in their intervals."""
    log = write_log(tmp_path_factory.mktemp("log") / "monitor.db", said)
    since = NOW - 30 * DAY_S
    whole = {s.entity: s.tweets for s in _standings(log, since, retweets=retweets)}
    parts: dict[str | None, int] = {}
    for s in _standings(log, since, window=window, retweets=retweets):
        parts[s.entity] = parts.get(s.entity, 0) + s.tweets
        shares = (s.negative, s.neutral, s.positive)
        assert 1.0 == pytest.approx(sum(share.value for share in shares))
        assert all(0 <= share.low <= share.value <= share.high <= 1 for share in shares)
        assert -1 <= s.net.low <= s.net.value <= s.net.high <= 1
        assert s.start < s.end

    assert whole == parts


def _answer(log: Path, ids: Sequence[int], label: str, drawn: Drawn = "random") -> None:
    """Have the owner say of some tweets about Acme what they are."""
    with opened_beside(log) as connection:
        tweets = tweets_of(connection, "Acme", [f"{id_}" for id_ in ids])
        put(connection, [tweet.labelled(label, drawn, tweet.received_at) for tweet in tweets])


@pytest.fixture
def taught(tmp_path: Path) -> Path:
    """A log whose model calls all negative; half of Acme's are not, by 30 answers."""
    log = write_log(
        tmp_path / "monitor.db",
        [Said(count=100), Said("Lumen", count=100), Said(count=100, is_retweet=True)],
    )
    _answer(log, range(15), "negative")
    _answer(log, range(15, 30), "positive")
    return log


def test_an_owners_answers_make_shares_true(taught: Path) -> None:
    """Of the entity that they are about, and of no other; intervals hold what they say."""
    acme, lumen = sorted(_standings(taught), key=lambda standing: standing.entity or "")

    assert ("owner", 30) == (acme.correction, acme.answers)
    assert acme.negative.low < 0.5 < acme.negative.high < 0.8
    assert ("none", 0, 1.0) == (lumen.correction, lumen.answers, lumen.negative.value)


@pytest.mark.parametrize(
    "asked", [{"correction": "none"}, {"retweets": True}, {"task": "sentiment"}]
)
def test_answers_are_of_what_was_asked(taught: Path, asked: dict[str, Any]) -> None:
    """The reputation, and no retweets; and whoever asks for another method gets that."""
    assert {"none"} == {standing.correction for standing in _standings(taught, **asked)}


@pytest.mark.parametrize(("drawn", "label"), [("found", "negative"), ("random", "cannot-tell")])
def test_answers_that_give_no_shares(tmp_path: Path, drawn: Drawn, label: str) -> None:
    """Those to tweets that were not drawn at random, and those that are no class."""
    log = write_log(tmp_path / "monitor.db", [Said(count=100)])
    _answer(log, range(50), label, drawn)

    assert ["none"] == [standing.correction for standing in _standings(log)]


def test_answers_about_another_models_labels(taught: Path) -> None:
    """They say nothing of what the next model gets wrong."""
    write_log(taught, [Said(count=300)], model="other")
    (acme,) = (standing for standing in _standings(taught) if standing.entity == "Acme")

    assert "none" == acme.correction


def test_answers_of_before_may_have_drifted(tmp_path: Path) -> None:
    """Of the time that they are from intervals are the narrowest."""
    shares = {
        "mapping": [[0.6, 0.2, 0.2], [0.2, 0.6, 0.2], [0.2, 0.2, 0.6]],
        "between": [[0.03, 0, -0.03], [0, 0, 0], [-0.03, 0, 0.03]],
        "drift": [[0.01, 0, -0.01], [0, 0, 0], [-0.01, 0, 0.01]],
    }
    card = {"reputation": {"confusion": CONFUSION, "shares": shares}}
    log = write_log(
        tmp_path / "monitor.db",
        [Said(count=100, hours_ago=30), Said(count=100)],
        calibration=card,
    )
    _answer(log, range(20), "negative")
    _answer(log, range(20, 30), "positive")
    before, now = _standings(log, NOW - 2 * DAY_S, NOW - DAY_S), _standings(log)

    assert ["owner", "owner"] == [before[0].correction, now[0].correction]
    widths = [one.negative.high - one.negative.low for one in (before[0], now[0])]
    assert widths[0] < widths[1]
    assert [False, True] == [before[0].dated, now[0].dated]
    with closing(open_log(log)) as connection:
        basis = [
            gather(connection, ReportQuestion(until - DAY_S, until)).basis[-1]
            for until in (NOW - DAY_S, NOW)
        ]
    assert basis[0].startswith("Shares of Acme (30) rest")
    assert (
        "Time for ten more answers about Acme: those given are of before"
        " (monitor label --since 7d)." == basis[1]
    )


def test_few_answers_are_no_worse_than_the_calibration(tmp_path: Path) -> None:
    """While they say less of an entity than what is known of any, that is shown."""
    little = [[0.0001, 0, -0.0001], [0, 0, 0], [-0.0001, 0, 0.0001]]
    shares = {
        "mapping": [[1.0, 0, 0], [0, 1.0, 0], [0, 0, 1.0]],
        "between": little,
        "drift": little,
    }
    card = {"reputation": {"confusion": CONFUSION, "shares": shares}}
    log = write_log(tmp_path / "monitor.db", [Said(count=5000)], calibration=card)
    _answer(log, range(6), "negative")
    _answer(log, range(6, 12), "positive")

    assert ["regression"] == [standing.correction for standing in _standings(log)]
