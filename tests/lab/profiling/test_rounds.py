"""``monitor.lab.profiling.rounds``: models in turn, so that a disturbance hits all."""

from __future__ import annotations

import pytest

from monitor.lab.profiling import rounds as module
from monitor.lab.profiling.rounds import Measured, measure_in_rounds


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[bytes, int, int]]:
    """Which model is asked at which shape; a call takes a second for each byte of the model."""
    calls: list[tuple[bytes, int, int]] = []

    class Recorder:
        def __init__(self, flatbuffer: bytes, runtime: str, vocabulary: int) -> None:
            assert ("litert", 9) == (runtime, vocabulary)
            self.flatbuffer = flatbuffer

        def times(self, batch: int, length: int, seconds: float) -> list[float]:
            assert seconds == module.SECONDS
            calls.append((self.flatbuffer, batch, length))
            return [float(len(self.flatbuffer))] * 3

    monkeypatch.setattr(module, "CallTimer", Recorder)
    return calls


def test_in_rounds(asked: list[tuple[bytes, int, int]]) -> None:
    """Each model is measured at each shape once in each round, in another order the next time."""
    told: list[None] = []
    models = {letter: (lambda letter=letter: letter.encode()) for letter in "abcdef"}
    measure_in_rounds(
        models, "litert", [(1, 40), (8, 32)], 3, vocabulary=9, tell=lambda: told.append(None)
    )
    orders = [[call[0] for call in asked[i : i + 12 : 2]] for i in (0, 12, 24)]

    assert [{b"a", b"b", b"c", b"d", b"e", b"f"}] * 3 == [set(order) for order in orders]
    assert 3 == len(set(map(tuple, orders)))
    assert [(1, 40), (8, 32)] * 18 == [call[1:] for call in asked]
    assert 18 == len(told)


def test_result(asked: list[tuple[bytes, int, int]]) -> None:
    """What was measured comes back by name and shape."""
    found = measure_in_rounds(
        {"one": lambda: b"1", "two": lambda: b"22"}, "litert", [(1, 40)], 2, vocabulary=9
    )

    assert {
        "one": {(1, 40): Measured(1.0, 1.0, 0.0)},
        "two": {(1, 40): Measured(2.0, 2.0, 0.0)},
    } == found
    assert 4 == len(asked)


def test_a_disturbed_round() -> None:
    """One slow round of five moves neither median nor spread; the 95th percentile shows it."""
    quiet = [[1.0, 1.0, 5.0]] * 4

    assert Measured(1.0, 9.0, 0.0) == Measured.of([*quiet, [9.0, 9.0, 9.0]])
    assert 0.5 == Measured.of([[2.0], [3.0], [4.0], [1.5], [2.0]]).spread
