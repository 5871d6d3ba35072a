"""Laws of scales and marks, for any figures."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from monitor.pictures.scales import Scale, moments, nice_end, runs, ticks

_FIGURES = st.floats(-1e6, 1e6)
_YEAR_S = 366 * 86_400.0


@given(low=_FIGURES, width=st.floats(1e-3, 1e6), values=st.lists(_FIGURES, min_size=2))
def test_a_scale_keeps_the_order_and_its_ends(
    low: float, width: float, values: list[float]
) -> None:
    """More is never further back, and nothing lies outside."""
    places = [Scale(low, low + width, 10, 90)(value) for value in sorted(values)]

    assert sorted(places) == places
    assert all(10 - 1e-9 <= place <= 90 + 1e-9 for place in places)


@given(value=st.floats(1e-6, 1e9))
def test_a_round_end_is_above_and_near(value: float) -> None:
    """Never below, never more than two and a half times as much."""
    assert value * (1 - 1e-9) <= nice_end(value) <= 2.5 * value


def test_the_end_of_nothing() -> None:
    """An axis needs a length."""
    assert 1.0 == nice_end(0.0)


@given(low=_FIGURES, width=st.floats(1e-3, 1e6), most=st.integers(2, 10))
def test_marks_are_within_and_even(low: float, width: float, most: int) -> None:
    """At most one more than asked for, evenly spaced, none outside."""
    assume(width > 1e-6 * abs(low))
    found = ticks(low, low + width, most)

    assert len(found) <= most + 1
    assert all(low - 1e-6 * width <= mark <= low + width * (1 + 1e-6) for mark in found)
    steps = [b - a for a, b in itertools.pairwise(found)]
    assert steps == pytest.approx([steps[0]] * len(steps) if steps else [])


@given(low=st.floats(1e9, 2e9), width=st.floats(3600.0, 3 * _YEAR_S), most=st.integers(3, 8))
def test_moments_are_within_and_few(low: float, width: float, most: int) -> None:
    """Rising, none outside, and not more than there is room for."""
    found = moments(low, low + width, most)

    assert sorted(found) == found
    assert all(low <= at <= low + width for at, _ in found)
    assert len(found) <= most + 1


def test_moments_are_written_as_people_do() -> None:
    """Hours of a day, days of a week, months of a year."""
    midnight = 1_795_132_800.0  # 2026-11-20

    assert ["20 Nov", "06:00", "12:00", "18:00", "21 Nov"] == [
        text for _, text in moments(midnight, midnight + 86_400, 5)
    ]
    assert ["20 Nov", "21 Nov"] == [text for _, text in moments(midnight, midnight + 86_400, 1)]
    assert ["Dec 2026", "Mar", "Jun", "Sep"] == [
        text for _, text in moments(midnight, midnight + _YEAR_S, 4)
    ]


@given(gaps=st.lists(st.integers(1, 4)))
def test_runs_split_at_gaps_alone(gaps: list[int]) -> None:
    """Put together they are all places, in order; within there is no gap, between there is one."""
    places = list(itertools.accumulate(gaps, initial=0))
    found = runs(places, 1)

    assert list(range(len(places))) == [n for a, b in found for n in range(a, b)]
    assert all(places[n + 1] - places[n] == 1 for a, b in found for n in range(a, b - 1))
    assert all(places[b] - places[b - 1] > 1 for _, b in found[:-1])
