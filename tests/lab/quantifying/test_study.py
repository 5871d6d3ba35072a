"""The study as a whole, on invented tweets and with the shipped model."""

from pathlib import Path

import numpy as np
import pytest

from monitor import DEFAULT_MODEL
from monitor.lab.quantifying.fit import CLASSES, EntityTweets
from monitor.lab.quantifying.study import (
    HELD_OUT,
    SOFT,
    SOFT_LINE,
    CountsStudy,
    TaskAnswers,
    left_out,
    rates_without,
    study,
)

MODEL = Path(__file__).parents[3] / "models" / DEFAULT_MODEL


@pytest.fixture(scope="module")
def found(data: Path) -> CountsStudy:
    """Study the shipped model."""
    return study(data, MODEL, workers=1, seed=0)


def test_fit_knows_held_out_tweets_alone(found: CountsStudy) -> None:
    """Those of RepLab, not those labelled for sentiment; sentiment itself names no entity."""
    shares = found.shares["reputation"]

    assert shares is not None
    assert (11, 55) == (shares["entities"], shares["tweets"])
    assert found.shares["sentiment"] is None


def test_every_method_is_scored(found: CountsStudy) -> None:
    """By entity; where entities have no part, without a regression."""
    others = {HELD_OUT, SOFT, SOFT_LINE}

    assert {"none", "regression", "adjusted", "em"} | others == set(found.by_entity)
    assert {"none", "regression", "adjusted"} | others == set(found.left_out)
    assert {"none", "regression"} == set(found.change)
    assert {"none", "adjusted", "em"} == set(found.whole)
    assert {"Brand A", "Brand B", "Brand C"} == set(found.entities)
    assert [60.0] == found.entities["Brand A"]["tweets"]
    assert [16 / 60, 28 / 60, 16 / 60] == pytest.approx(found.entities["Brand A"]["truth"])
    assert {
        "reputation: held out": {"none", "adjusted", "em"},
        "reputation: replab2013_test": {"none", "regression", "adjusted", "em"},
        "sentiment: held out": {"none", "adjusted", "em"},
        "sentiment: tweeteval_sentiment_test": {"none", "adjusted", "em"},
    } == {place: set(scores) for place, scores in found.artificial.items()}


def test_same_seed_same_study(found: CountsStudy, data: Path) -> None:
    """To the last digit."""
    assert found == study(data, MODEL, workers=1, seed=0)


def test_test_set_has_no_part_in_the_fit(found: CountsStudy, data: Path, tmp_path: Path) -> None:
    """With another test set the same is fitted."""
    for file in data.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    other = (data / "replab2013_train.jsonl.gz").read_bytes()
    (tmp_path / "replab2013_test.jsonl.gz").write_bytes(other)
    again = study(tmp_path, MODEL, workers=1, seed=0)

    assert (found.shares, found.left_out) == (again.shares, again.left_out)
    assert len(found.entities) < len(again.entities)


def test_matrix_without_an_entity() -> None:
    """Its tweets are taken off."""
    confusion = np.array([[10, 2, 0], [1, 9, 0], [0, 0, 8]])
    entity = EntityTweets(CLASSES[[1, 1, 0]], CLASSES[[0, 0, 1]])  # the three mistakes

    assert (
        pytest.approx(np.array([[10.5, 0.5, 0.5]]) / 11.5) == rates_without(confusion, entity)[:1]
    )


def test_entities_left_out_show_what_a_method_is_worth() -> None:
    """A classifier that errs alike everywhere is put right; labels alone are not."""
    chance = np.random.default_rng(0)
    names, truth, labels = [], [], []
    for number in range(40):
        true = chance.choice(3, 200, p=chance.dirichlet(np.ones(3)))
        names += [f"brand {number}"] * 200
        truth += true.tolist()
        labels += np.where(chance.random(200) < 0.25, 1, true).tolist()
    answers = TaskAnswers([*names], np.array(truth), CLASSES[labels])
    errors = left_out(answers, answers)

    assert errors["none"] > 0.1
    assert errors["adjusted"] < 0.02
    assert errors["regression"] < 0.95 * errors["none"]
