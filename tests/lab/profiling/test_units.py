"""``monitor.lab.profiling.units``: budgets as people write them."""

from __future__ import annotations

import pytest

from monitor.lab.profiling.units import UnitError, latency_of, size_of


@pytest.mark.parametrize(
    ("expected", "text"),
    [(0.01, "10ms"), (0.01, " 10 ms "), (1.5, "1.5s"), (0.00025, "250us"), (0.001, "1e-3s")],
)
def test_latency(expected: float, text: str) -> None:
    """Each unit of time gives seconds."""
    assert expected == pytest.approx(latency_of(text))


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        (8_000_000, "8MB"),
        (8_388_608, "8 MiB"),
        (1500, "1.5kB"),
        (1024, "1KiB"),
        (7, "7B"),
    ],
)
def test_size(expected: int, text: str) -> None:
    """Each unit of size gives whole bytes."""
    assert expected == size_of(text)


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        ("the unit is missing", "10"),
        ("'MB' is no unit of a latency", "10MB"),
        ("'m' is no unit of a latency", "10m"),
        ("must be above 0", "-1ms"),
        ("must be above 0", "0ms"),
        ("must be above 0", "nan ms"),
        ("must be above 0", "infs"),
        ("must be above 0", "1e999s"),
        ("is no number", "1.2.3ms"),
        ("no quantity", "fast"),
        ("no quantity", ""),
        ("no quantity", "10ms!"),
    ],
)
def test_no_latency(expected: str, text: str) -> None:
    """What is wrong is said, with an example of what is right."""
    with pytest.raises(UnitError, match=r"such as 10ms$") as caught:
        latency_of(text)

    assert expected in str(caught.value)


def test_no_size() -> None:
    """Sizes are refused in the same words; less than a byte is none."""
    with pytest.raises(UnitError, match=r"'ms' is no unit of a size.*such as 8MB"):
        size_of("10ms")
    with pytest.raises(UnitError, match="must be a byte at least"):
        size_of("0.5B")
