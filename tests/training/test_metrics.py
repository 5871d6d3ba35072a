"""Scores against values counted by hand."""

import numpy as np
import pytest

from monitor.training.metrics import score

POLARITIES = ("negative", "neutral", "positive")


def test_scores_by_hand() -> None:
    """Six answers of which four are right give the figures that a pencil gives."""
    scores = score([0, 0, 1, 1, 2, 2], [0, 1, 1, 1, 2, 0], POLARITIES)

    assert [[1, 1, 0], [0, 2, 0], [1, 0, 1]] == scores.confusion.tolist()
    assert 6 == scores.count
    assert pytest.approx(4 / 6) == scores.accuracy
    assert [0.5, 1.0, 0.5] == scores.recall.tolist()
    assert pytest.approx([1 / 2, 2 / 3, 1.0]) == scores.precision.tolist()
    assert pytest.approx([1 / 2, 4 / 5, 2 / 3]) == scores.f1.tolist()
    assert pytest.approx(2 / 3) == scores.macro_recall
    assert pytest.approx((1 / 2 + 4 / 5 + 2 / 3) / 3) == scores.macro_f1


def test_class_without_examples() -> None:
    """A test set without neutral tweets averages over the two classes it has."""
    scores = score([0, 2, 2, 2], [0, 2, 1, 2], POLARITIES)

    assert np.isnan(scores.recall[1])
    assert np.isnan(scores.f1[1])
    assert pytest.approx((1 + 2 / 3) / 2) == scores.macro_recall
    assert pytest.approx((1 + 4 / 5) / 2) == scores.macro_f1


@pytest.mark.parametrize(("truth", "answers"), [([], []), ([1], [1, 2])])
def test_nothing_to_compare(truth: list[int], answers: list[int]) -> None:
    """No tweets, or not one answer each, is an error rather than a figure."""
    with pytest.raises(ValueError, match="answers for"):
        score(truth, answers, POLARITIES)
