"""Spans are whole hours, drawn in windows, and hold the moment they end at."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.periods import SECONDS, beginning
from monitor.pictures.spans import NAMES, Span
from tests.factories import DAY_S, NOW

_MOMENTS = st.floats(1e9, 4e9)


@given(until=_MOMENTS, name=st.sampled_from(sorted(NAMES)))
def test_a_named_span_has_its_windows(until: float, name: str) -> None:
    """As long as its name says, from the hour's beginning; its last window holds the moment."""
    span = Span.ending(until, name)
    window, count, _ = NAMES[name]

    assert span.since == beginning(span.since, "hour")
    assert 0 <= until - count * SECONDS[window] - span.since < SECONDS["hour"]
    assert count <= round((span.end - span.first) / span.step) <= count + 1
    assert span.end - span.step <= until <= span.end


@given(until=_MOMENTS, days=st.floats(0.01, 2000.0))
def test_any_span_has_a_readable_number_of_windows(until: float, days: float) -> None:
    """A picture of it has not more than it can show."""
    span = Span.of(until - days * DAY_S, until)

    assert span.since == beginning(span.since, "hour")
    assert span.since <= until - days * DAY_S
    assert (span.end - span.first) / span.step <= 290


@pytest.mark.parametrize(("days", "window"), [(1, "hour"), (2, "hour"), (7, "day"), (365, "week")])
def test_windows_grow_with_the_span(days: int, window: str) -> None:
    """Hours for days, days for months, weeks for years."""
    assert window == Span.of(NOW - days * DAY_S, NOW).window
