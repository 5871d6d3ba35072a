"""``monitor.store.throughput``: what is counted, and how exactly."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.store import throughput
from monitor.store.throughput import LatencyHistogram

WITHIN = 0.025
"""A percentile's relative error: half a bucket, which is 1.05 wide."""
ROUNDED_MS = 0.0005
"""Percentiles have three digits after the point."""

LATENCIES = st.lists(st.floats(0.1, 3_600_000), min_size=1, max_size=200)


@given(latencies=LATENCIES, percent=st.integers(1, 100))
def test_percentile_is_nearly_exact(latencies: list[float], percent: int) -> None:
    """From 0.1 ms to an hour a percentile is as NumPy computes it from all values, to 2.5 %."""
    histogram = LatencyHistogram()
    histogram.add(np.array(latencies))
    exact = float(np.percentile(latencies, percent, method="inverted_cdf"))

    assert exact == pytest.approx(histogram.percentile(percent), rel=WITHIN, abs=ROUNDED_MS)


@given(latencies=LATENCIES)
def test_percentiles_rise_to_the_maximum(latencies: list[float]) -> None:
    """A higher percentile is no smaller, and none is beyond the largest latency."""
    histogram = LatencyHistogram()
    histogram.add(np.array(latencies))
    found = [histogram.percentile(percent) or 0.0 for percent in (1, 50, 95, 99, 100)]

    assert sorted(found) == found
    assert found[-1] <= max(latencies) + ROUNDED_MS
    assert max(latencies) == histogram.max_ms


@given(first=LATENCIES, second=LATENCIES)
def test_adding_twice_is_adding_all(first: list[float], second: list[float]) -> None:
    """It does not matter in which lots latencies are counted."""
    together, apart = LatencyHistogram(), LatencyHistogram()
    together.add(np.array(first + second))
    apart.add(np.array(first))
    apart.add(np.array(second))

    assert together.max_ms == apart.max_ms
    assert [together.percentile(p) for p in range(1, 101)] == [
        apart.percentile(p) for p in range(1, 101)
    ]


def test_nothing_counted_has_no_percentile() -> None:
    """Without latencies there is no percentile, rather than a wrong one."""
    histogram = LatencyHistogram()
    histogram.add(np.array([]))

    assert histogram.percentile(50) is None


@pytest.mark.parametrize("latency_ms", [-5.0, 0.0, 1e-6, 1e12])
def test_beyond_the_buckets(latency_ms: float) -> None:
    """What is too small or large for the buckets is counted in the outermost."""
    histogram = LatencyHistogram()
    histogram.add(np.array([latency_ms, 7.0, 7.0]))

    assert 7.0 == pytest.approx(histogram.percentile(50), rel=WITHIN)


def test_this_machine_is_measured() -> None:
    """What /proc and the kernel say is believable; what they do not say is None."""
    resident = throughput.resident_mib()
    celsius = throughput.cpu_celsius()

    assert resident is not None
    assert 10 < resident < 100_000
    assert celsius is None or -50 < celsius < 150


def test_memory_that_is_held_is_seen() -> None:
    """Holding 64 MiB more shows."""
    before = throughput.resident_mib()
    held = b"x" * (64 * 2**20)
    after = throughput.resident_mib()
    assert before is not None
    assert after is not None

    assert 64 == pytest.approx(after - before, abs=16)
    assert 64 * 2**20 == len(held)


@pytest.mark.parametrize("content", [None, "", "not a number\n"])
def test_boards_without_sensors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None
) -> None:
    """Where the files are missing or hold something else, there is no reading."""
    file = tmp_path / "sensor"
    if content is not None:
        file.write_text(content)
    monkeypatch.setattr(throughput, "Path", lambda _path: file)

    assert throughput.resident_mib() is None
    assert throughput.cpu_celsius() is None


def test_temperature_is_in_degrees(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel counts thousandths of a degree."""
    (tmp_path / "temp").write_text("48312\n")
    monkeypatch.setattr(throughput, "Path", lambda _path: tmp_path / "temp")

    assert 48.312 == throughput.cpu_celsius()
