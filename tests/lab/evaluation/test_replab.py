"""RepLab's measures against their definition, and laws that the paper gives them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.lab.evaluation.replab import averaged, f_rs, reliability, sensitivity
from monitor.lab.metrics import Counts, score

PAIRS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=25)
"""Label and answer of each tweet of an entity."""


def table(pairs: list[tuple[int, int]]) -> Counts:
    """Count labels and answers."""
    truth, answers = ([pair[side] for pair in pairs] for side in (0, 1))
    return score(truth, answers, ("-", "0", "+")).confusion


def by_definition(asserted: list[int], holding: list[int]) -> float:
    """Compute R tweet by tweet and pair by pair; nan where nothing is asserted."""
    shares = []
    for i in range(len(asserted)):
        related = [j for j in range(len(asserted)) if asserted[j] != asserted[i]]
        if related:
            held = [
                (asserted[j] > asserted[i]) == (holding[j] > holding[i])
                for j in related
                if holding[j] != holding[i]
            ]
            shares.append(sum(held) / len(related))
    return sum(shares) / len(shares) if shares else float("nan")


@given(PAIRS)
def test_closed_form_is_the_definition(pairs: list[tuple[int, int]]) -> None:
    """The table of counts tells all that counting over pairs of tweets does."""
    truth, answers = ([pair[side] for pair in pairs] for side in (0, 1))

    assert pytest.approx(by_definition(answers, truth), nan_ok=True) == reliability(table(pairs))
    assert pytest.approx(by_definition(truth, answers), nan_ok=True) == sensitivity(table(pairs))


@given(PAIRS)
def test_exchanging_labels_and_answers_exchanges_r_and_s(pairs: list[tuple[int, int]]) -> None:
    """What is reliable one way round is sensitive the other way round; all are shares."""
    counts = table(pairs)
    values = np.array([reliability(counts), sensitivity(counts), f_rs(counts)])

    assert pytest.approx(reliability(counts), nan_ok=True) == sensitivity(counts.T)
    assert np.all(np.isnan(values) | ((values >= 0) & (values <= 1 + 1e-12)))


@given(PAIRS.filter(lambda pairs: len({label for label, _ in pairs}) > 1))
def test_perfect_and_worthless_answers(pairs: list[tuple[int, int]]) -> None:
    """Right answers have F = 1; answers that are all alike, or upside down, have F = 0."""
    labels = [label for label, _ in pairs]

    assert pytest.approx(1) == f_rs(table([(label, label) for label in labels]))
    assert 0 == f_rs(table([(label, 2) for label in labels]))
    assert 0 == f_rs(table([(label, 2 - label) for label in labels]))


def test_by_hand() -> None:
    """Two tweets of three in the right order, the third beside the second."""
    counts = table([(0, 0), (1, 1), (2, 1)])

    assert 1 == reliability(counts)
    assert pytest.approx((2 / 2 + 1 / 2 + 1 / 2) / 3) == sensitivity(counts)
    assert pytest.approx(0.8) == f_rs(counts)


def test_mean_over_entities() -> None:
    """Entities weigh the same, whatever their size; those labelled alike tell nothing."""
    right = table([(0, 0), (2, 2)] * 50)
    alike = table([(0, 2), (2, 2)])  # asserts nothing: R, S and F are 0
    one_class = table([(2, 2), (2, 0)])

    assert [0.5, 0.5, 0.5] == [*averaged(np.array([right, alike, one_class]))]
    assert np.isnan(averaged(one_class[None])).all()


@given(st.lists(PAIRS, min_size=1, max_size=4))
def test_many_tables_at_once(entities: list[list[tuple[int, int]]]) -> None:
    """Leading axes are kept, each table computed as if it were alone."""
    tables = np.array([table(pairs) for pairs in entities])

    assert pytest.approx([float(f_rs(one)) for one in tables], nan_ok=True) == f_rs(tables)
    assert (2, len(tables)) == f_rs(np.stack([tables, tables])).shape
