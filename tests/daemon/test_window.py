"""``monitor.daemon.window``: believed once it has shown itself, and no longer than it holds."""

from __future__ import annotations

import pytest

from monitor.daemon.window import Window

DELAY_S = 2.5


def _rounds(window: Window, sizes: list[int], after_s: float = 0.01, outstanding: int = 0) -> float:
    """Play batches that come ``after_s`` after an answer and end by the clock; return the time."""
    now = 1000.0
    for size in sizes:
        window.answering(outstanding, now)
        arrived = [now + after_s] * size
        assert not window.is_full(arrived, now + after_s)
        now += after_s + DELAY_S
        window.closed_by_clock(arrived, now)
    window.answering(outstanding, now)
    return now


@pytest.mark.parametrize("size", [1, 10])
def test_full_after_three_rounds_of_one_size(size: int) -> None:
    """Fewer may have company yet, and more would not have come."""
    window = Window(DELAY_S)
    now = _rounds(window, [size] * 3)
    assert window.is_full([now + 0.01] * size, now + 0.01)
    assert not window.is_full([now + 0.01] * (size + 1), now + 0.01)
    assert not window.is_full([now + 0.01] * (size - 1), now + 0.01)


@pytest.mark.parametrize("sizes", [[1, 1], [3, 4, 5], [2, 2, 3], []])
def test_less_is_no_window(sizes: list[int]) -> None:
    """Two rounds may be chance, sizes that differ are."""
    window = Window(DELAY_S)
    now = _rounds(window, sizes)
    assert not window.is_full([now] * (sizes or [1])[-1], now)


def test_a_trickle_is_no_window() -> None:
    """One tweet in three seconds: it comes when it is written, not when one is answered."""
    window = Window(DELAY_S)
    now = _rounds(window, [1] * 5, after_s=0.7)
    assert not window.is_full([now + 0.01], now + 0.01)


def test_what_comes_before_the_answer_refutes_it() -> None:
    """A broker that sends more than a batch ahead does not wait for the answer."""
    window = Window(DELAY_S)
    now = _rounds(window, [10] * 3)
    window.answering(1, now)
    assert not window.is_full([now] * 10, now)
    assert not Window(DELAY_S).is_full(
        [_rounds(Window(DELAY_S), [10] * 3, outstanding=1)] * 10, now
    )


def test_after_a_minute_it_has_to_show_itself_again() -> None:
    """One batch waits for the clock, and may find that more comes by now."""
    window = Window(DELAY_S)
    now = _rounds(window, [1] * 3) + 61
    window.answering(0, now)
    assert not window.is_full([now], now)
    window.closed_by_clock([now], now + DELAY_S)
    window.answering(0, now + DELAY_S)
    assert window.is_full([now + DELAY_S], now + DELAY_S)
    window.closed_by_clock([now + DELAY_S, now + 2 * DELAY_S], now + 2 * DELAY_S)
    window.answering(0, now + 2 * DELAY_S)
    assert not window.is_full([now + 2 * DELAY_S], now + 2 * DELAY_S)
