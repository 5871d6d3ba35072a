"""``monitor.planning.benchmark``: a tiny run says something sane."""

from __future__ import annotations

import dataclasses
import json
import os
import platform

import pytest

from monitor import DEFAULT_MODEL
from monitor.inference import Classifier, Model
from monitor.planning.benchmark import (
    _LENGTHS,
    _TEXT,
    BenchmarkReport,
    Measurement,
    _measure,
    measure,
)
from tests.factories import StubClassifier

SECONDS = 0.02
WORKERS = 3


@pytest.fixture(scope="module")
def report(model: Model) -> BenchmarkReport:
    """A run of hardly any time."""
    return measure(model, "auto", workers=WORKERS, seconds=SECONDS)


def test_every_combination_is_measured(report: BenchmarkReport) -> None:
    """One worker and all of them, with every batch size and length."""
    combinations = [(m.workers, m.batch, m.tokens) for m in report.measurements]

    assert [
        (w, b, n) for w in (1, WORKERS) for b in (1, 8, 64) for n in (12, 25, 45)
    ] == combinations


def test_measurements_fit_together(report: BenchmarkReport) -> None:
    """Rates and latencies are positive, and such that one follows from the other."""
    for m in report.measurements:
        assert 0 < m.latency_p50_ms <= m.latency_p99_ms
        # as many batches under way as there are workers
        possible = 1000 * m.workers * m.batch / m.latency_p50_ms
        assert possible / 20 < m.tweets_per_s < possible * 20


def test_what_is_asked_is_what_the_table_says() -> None:
    """Every batch has as many texts, and each text as many words, as the line says."""
    classifier = StubClassifier()
    measurement = _measure(classifier, batch=3, tokens=25, seconds=0)

    assert (1, 3, 25) == (measurement.workers, measurement.batch, measurement.tokens)
    assert {3} == {len(pairs) for pairs in classifier.asked}
    assert {25} == {len(text.split()) for pairs in classifier.asked for text, _ in pairs}


def test_json_is_complete(report: BenchmarkReport, model: Model) -> None:
    """Programs get every number, and what it was measured on."""
    loaded = json.loads(report.json())

    assert dataclasses.asdict(report) == loaded
    assert model.name == loaded["model"]
    assert loaded["runtime"].startswith(("litert ", "tflite-runtime "))
    assert platform.machine() in loaded["machine"]
    assert platform.python_version() == loaded["python"]
    assert 0 < loaded["model_mib"] < 10
    assert 10 < loaded["resident_mib"] < 100_000


def test_table_lines_up(report: BenchmarkReport) -> None:
    """People get a line a measurement, under its headings."""
    named = dataclasses.replace(report, model="mine")
    first, blank, heading, *lines = named.table().splitlines()

    assert "mine" in first
    assert "" == blank
    assert len(report.measurements) == len(lines)
    assert {len(heading)} == {len(line) for line in lines}
    assert [[m.workers, m.batch, m.tokens] for m in report.measurements] == [
        [int(number) for number in line.split()[:3]] for line in lines
    ]


def test_which_model_fits() -> None:
    """A board that is too slow for the accurate model is told so, below the table."""
    slow = [Measurement(1, 8, tokens, 5.0, 1, 2) for tokens in _LENGTHS]
    report = BenchmarkReport("machine", "3.11", "litert 2", DEFAULT_MODEL, 9.0, None, slow)

    assert "'small' labels about" in report.table().splitlines()[-1]


def test_table_without_proc() -> None:
    """Where memory is not known, the table does not pretend."""
    report = BenchmarkReport(
        "machine, 4 cores", "3.11", "litert 2", "m", 9.0, None, [Measurement(1, 8, 25, 1e4, 1, 2)]
    )

    assert "None" not in report.table()
    assert "10,000" in report.table()


def test_cores_are_not_workers(report: BenchmarkReport) -> None:
    """The machine is described by its own cores, however many workers were asked for."""
    assert f"{platform.machine()}, {len(os.sched_getaffinity(0))} cores" == report.machine


def test_a_text_has_as_many_tokens_as_words(classifier: Classifier) -> None:
    """Lengths in the table are tokens: each word of the generated texts is one."""
    for word in _TEXT.split():
        (encoding,) = classifier.tokenize([(word, None)])
        assert 2 + 1 == len(encoding.ids), word
    assert max(_LENGTHS) + 2 <= classifier.model.max_length
