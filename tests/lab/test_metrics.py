"""Scores against values counted by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from monitor.lab.metrics import accuracy, f1, macro_f1, macro_recall, ratio, score

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


@given(arrays(np.int64, (4, 2, 3, 3), elements=st.integers(0, 9)))
def test_many_tables_at_once(tables: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> None:
    """Leading axes are kept, each table computed as if it were alone; figures are shares."""
    for figure in (accuracy, macro_recall, macro_f1):
        values = figure(tables)
        assert (4, 2) == values.shape
        assert pytest.approx(figure(tables[3, 1]), nan_ok=True) == values[3, 1]
        assert np.all(np.isnan(values) | ((values >= 0) & (values <= 1)))
    assert (4, 2, 3) == f1(tables).shape


def test_undefined_is_nan() -> None:
    """A table without examples has no figures, and makes no warning."""
    empty = np.zeros((3, 3), dtype=np.int64)

    assert np.isnan([accuracy(empty), macro_recall(empty), macro_f1(empty)]).all()
    assert np.isnan(ratio(np.ones(1), np.zeros(1))).all()


def test_majority() -> None:
    """What any model must beat."""
    assert pytest.approx(3 / 4) == score([0, 2, 2, 2], [0, 0, 0, 0], POLARITIES).majority
