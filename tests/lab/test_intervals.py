"""Bootstrap resamples and intervals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.lab.intervals import Figure, resamples, sums


@given(st.integers(1, 50), st.integers(1, 40), st.integers(0, 9), st.integers(0, 2**18))
def test_resamples_are_seeded_and_complete(tweets: int, count: int, seed: int, width: int) -> None:
    """As many as asked for, of tweets that exist, and the same each time."""
    drawn = np.concatenate(list(resamples(tweets, count, seed, width)))

    assert (count, tweets) == drawn.shape
    assert 0 <= drawn.min() <= drawn.max() < tweets
    assert np.array_equal(drawn, np.concatenate(list(resamples(tweets, count, seed, width))))


def test_chunks_are_bounded() -> None:
    """A large file does not fill a board's memory."""
    assert {4} == {len(chunk) for chunk in resamples(2**16, 8, 0)}
    assert {2} == {len(chunk) for chunk in resamples(10, 8, 0, width=2**17)}
    assert {1} == {len(chunk) for chunk in resamples(10, 8, 0, width=2**30)}


@given(st.lists(st.integers(0, 3), min_size=1, max_size=20))
def test_sums_count_each_resample_by_itself(codes: list[int]) -> None:
    """Counts and weighted sums are those of the drawn tweets."""
    (index,) = resamples(len(codes), 5, 1)
    weights = np.arange(len(codes), dtype=float)
    counts = sums(np.array(codes), index, 4)
    weighed = sums(np.array(codes), index, 4, weights)

    for row, drawn in enumerate(index.tolist()):
        for code in range(4):
            of_code = [i for i in drawn if codes[i] == code]
            assert len(of_code) == counts[row, code]
            assert sum(of_code) == weighed[row, code]


def test_interval_of_a_mean_is_the_textbook_one() -> None:
    """For a mean of many numbers it is the figure and 1.96 standard errors to each side."""
    numbers = np.random.default_rng(3).normal(5, 2, 2000)
    means = np.concatenate([numbers[index].mean(axis=1) for index in resamples(2000, 1000, 0)])
    figure = Figure.of(float(numbers.mean()), means)
    error = numbers.std() / np.sqrt(2000)

    assert figure.low < figure.value < figure.high
    assert pytest.approx(figure.value - 1.96 * error, abs=0.2 * error) == figure.low
    assert pytest.approx(figure.value + 1.96 * error, abs=0.2 * error) == figure.high


def test_undefined_figures() -> None:
    """Resamples without a figure are left out; without any, or a figure, there is no interval."""
    nan = float("nan")

    assert Figure(0.5, 0.5, 0.5) == Figure.of(0.5, np.array([0.5, nan, 0.5]))
    assert np.isnan(Figure.of(0.5, np.array([nan])).low)
    assert np.isnan(Figure.of(nan, np.array([0.5])).high)
