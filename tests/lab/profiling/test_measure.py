"""``monitor.lab.profiling.measure``: calls are made at the shape that is asked, and timed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from monitor.lab.profiling import measure as module
from monitor.lab.profiling.measure import WARM_UP, CallTimer, Timing, measure
from tests.lab.profiling.boards import smallest


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, Any]]:
    """What an interpreter is asked, which a second a call passes in."""
    calls: list[tuple[Any, Any]] = []
    clock = iter(np.arange(0.0, 10_000.0, 0.5))

    class Recorder:
        def __init__(self, *_: object) -> None:
            pass

        def __call__(self, ids: Any, types: Any) -> None:  # noqa: ANN401
            calls.append((ids, types))

    monkeypatch.setattr(module, "Interpreter", Recorder)
    monkeypatch.setattr("time.perf_counter", lambda: next(clock))
    return calls


def test_shape(asked: list[tuple[Any, Any]]) -> None:
    """Full tweets of the shape asked for, of words that the model knows, and different ones."""
    CallTimer(b"", vocabulary=30).times(8, 32, calls=5)

    assert {(8, 32)} == {ids.shape for ids, _ in asked} | {types.shape for _, types in asked}
    assert all((0 < ids).all() and (ids < 30).all() for ids, _ in asked)
    assert {np.dtype(np.int32)} == {each.dtype for pair in asked for each in pair}
    assert len({ids.tobytes() for ids, _ in asked}) > 1


def test_calls_and_seconds(asked: list[tuple[Any, Any]]) -> None:
    """As many calls as wanted, more if the seconds are not over; warming up counts neither."""
    assert [0.5] * 4 == CallTimer(b"").times(1, 16, calls=4)
    assert 4 + WARM_UP == len(asked)
    assert 10 == pytest.approx(len(CallTimer(b"").times(1, 16, seconds=10, calls=4)), abs=1)


def test_summary() -> None:
    """Median and 95th percentile of the calls."""
    assert Timing(50.0, 95.0, 101) == Timing.of([float(i) for i in range(101)])


def test_a_real_model() -> None:
    """A block runs in the runtime that is there."""
    timing = measure(smallest(), seconds=0, calls=7)

    assert 7 == timing.calls
    assert 0 < timing.median <= timing.p95 < 10
