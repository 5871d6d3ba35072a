"""Answers to figures."""

import dataclasses
import time

import numpy as np
import pytest

from monitor.lab.evaluation.judge import NOBODY, Answers, Judgement, judge
from monitor.lab.evaluation.replab import averaged
from monitor.lab.metrics import score
from monitor.verdict import POLARITIES
from tests.lab.evaluation.evaluations import invented


def test_figures_agree_with_scores() -> None:
    """The vectorised figures are those of the confusion matrix, and inside their intervals."""
    judged = judge(invented(600, entities=3), count=200)
    figures = judged.figures

    assert pytest.approx(judged.scores.accuracy) == figures["accuracy"].value
    assert pytest.approx(judged.scores.macro_f1) == figures["macro_f1"].value
    assert pytest.approx(judged.scores.macro_recall) == figures["macro_recall"].value
    for name, figure in figures.items():
        assert 0 <= figure.low < figure.value < figure.high <= 1, name
    assert figures["accuracy"].high - figures["accuracy"].low < 0.1


def test_f_rs_is_a_mean_over_entities() -> None:
    """As RepLab has it, and not that of all tweets together."""
    given = invented(90, entities=4)
    alone = []
    for entity in sorted({str(name) for name in given.entities}):
        mine = [i for i, name in enumerate(given.entities) if name == entity]
        truth, answers = ([column[i] for i in mine] for column in (given.truth, given.answers))
        alone.append(score(truth, answers, POLARITIES).confusion)

    expected = [float(value) for value in averaged(np.array(alone))]
    found = judge(given, count=2).figures
    assert pytest.approx(expected) == [
        found[name].value for name in ("reliability", "sensitivity", "f_rs")
    ]


def test_groups() -> None:
    """Entities come with the most tweets first; rows without one are a group of their own."""
    given = Answers(
        truth=[0, 1, 2, 2, 2, 0],
        answers=[0, 1, 2, 2, 0, 1],
        confidence=[0.9] * 6,
        entities=["b", "b", "b", "a", "a", None],
        domains=[None] * 6,
    )
    judged = judge(given, count=100)

    assert [("b", 3), ("a", 2), (NOBODY, 1)] == [(g.name, g.tweets) for g in judged.entities]
    assert [1.0, 0.5, 0.0] == [group.accuracy.value for group in judged.entities]
    assert [] == judged.domains
    assert judged.entities[1].accuracy.low == 0
    assert judged.entities[1].accuracy.high == 1


def test_domains_and_no_entities() -> None:
    """Domains are told apart where there are any; a file about nobody has no groups."""
    plain = invented(50)
    of_domains = dataclasses.replace(plain, domains=["cars", "banks"] * 25)

    assert [] == judge(plain, count=2).entities
    assert ["banks", "cars"] == [group.name for group in judge(of_domains, count=2).domains]


def test_same_seed_same_intervals() -> None:
    """Heads and models are compared on the same resamples."""
    given = invented(80)

    def low(judged: Judgement) -> float:
        return judged.figures["accuracy"].low

    assert judge(given, count=50, seed=4).figures == judge(given, count=50, seed=4).figures
    assert low(judge(given, count=50, seed=4)) != low(judge(given, count=50, seed=5))


def test_large_file_is_quick() -> None:
    """TweetEval's test set takes a fraction of a second; the limit leaves room for a busy core."""
    given = invented(12_284, entities=50)
    start = time.process_time()
    judge(given)

    assert time.process_time() - start < 3


def test_nothing_to_judge() -> None:
    """No tweets is an error rather than a figure."""
    with pytest.raises(ValueError, match="0 answers"):
        judge(Answers([], [], [], [], []))
