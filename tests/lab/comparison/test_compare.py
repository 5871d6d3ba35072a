"""The comparison from end to end on toys, and what becomes of the measurements."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner
from transformers import BertConfig, BertModel, MobileBertConfig

from monitor.inference import Model
from monitor.lab.comparison import compare, contestants, stock
from monitor.lab.comparison import report as compare_report
from monitor.lab.comparison.command import compare as command
from monitor.lab.comparison.contestants import Contestant
from monitor.lab.data import Example
from monitor.lab.training import network as networks
from monitor.lab.training.tokenization import build
from tests.lab.training.conftest import WORDS
from tests.lab.training.test_export import write_student
from tests.processes import OTHER_PYTHON


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory, model: Model) -> dict[str, Path]:
    """A teacher and a student, both untrained toys, and the shipped model."""
    folder = tmp_path_factory.mktemp("networks")
    torch.manual_seed(0)
    tokenizer = build({word: index for index, word in enumerate(WORDS)})
    teacher = BertModel(
        BertConfig(
            vocab_size=len(WORDS),
            hidden_size=16,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=16,
        ),
        add_pooling_layer=False,
    )
    networks.save(networks.Network(teacher, 16), tokenizer, {}, folder / "teacher")
    write_student(folder / "student", layers=1, stacks=1)
    return {"teacher": folder / "teacher", "student": folder / "student", "model": model.folder}


def arguments(data: Path, folders: dict[str, Path], *more: object) -> list[str]:
    """Return the command line."""
    named = [part for name, path in folders.items() for part in (f"--{name}", path)]
    quick = ("--seconds", 0.01, "--rounds", 1)
    return [str(part) for part in (data, *named, *quick, *more)]


@pytest.fixture
def small_stock(monkeypatch: pytest.MonkeyPatch) -> None:
    """MobileBERT-24 with one small layer, and fewer batch sizes."""
    config = MobileBertConfig(
        vocab_size=30,
        hidden_size=48,
        num_hidden_layers=1,
        embedding_size=16,
        num_feedforward_networks=1,
    )
    small = stock.untrained(config)
    monkeypatch.setattr(stock, "untrained", lambda: small)
    monkeypatch.setattr(contestants, "BATCHES", (1, 2))


@pytest.mark.study
@pytest.mark.timeout(400)
@pytest.mark.usefixtures("small_stock")
def test_table_json_and_picture(data: Path, folders: dict[str, Path], tmp_path: Path) -> None:
    """Every row is there; trained ones have scores; without tflite-runtime its rows say so."""
    other = OTHER_PYTHON if OTHER_PYTHON.exists() else "/nowhere/python"
    output = tmp_path / "output"
    result = CliRunner().invoke(
        command,
        arguments(
            data, folders, "--output", output, "--limit", 6, "--tflite-runtime-python", other
        ),
    )
    assert 0 == result.exit_code, result.output
    assert {"compare.md", "compare.json", "compare.png"} == {p.name for p in output.iterdir()}
    assert (output / "compare.md").read_text() in result.stdout
    assert b"\x89PNG" == (output / "compare.png").read_bytes()[:4]
    report = json.loads((output / "compare.json").read_text())
    assert {"replab2013_test": 6, "tweeteval_sentiment_test": 6} == report["tweets"]
    assert str(tmp_path) not in (output / "compare.json").read_text()
    rows = report["rows"]

    assert 17 == len(rows)
    measured = [row for row in rows if row["problem"] is None]
    assert measured == [
        row for row in rows if OTHER_PYTHON.exists() or row["runtime"] != "tflite-runtime"
    ]
    for row in measured:
        trained = row["network"] != "MobileBERT-1"
        assert trained == (row["replab2013_test_accuracy"] is not None)
        assert trained == (row["tweeteval_sentiment_test_macro_recall"] is not None)
        assert row["latency_ms"] > 0
        assert row["bytes"] > 1000
        assert all(speed["peak_mb"] > 20 for speed in row["speeds"])
    (paper,) = (row for row in rows if row["paper"])
    assert 128 == paper["tokens"]
    assert (1.0 if OTHER_PYTHON.exists() else None) == paper["times_faster_than_paper"]


def test_without_teacher_and_student(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has the model alone can compare it with the yardsticks."""
    monkeypatch.setattr(contestants, "stocks", lambda *_: [contestant("old", paper=True)])
    settings = compare.CompareSettings(tmp_path, None, None, model.folder, tmp_path)
    tests: dict[str, Sequence[Example]] = {"replab2013_test": [Example("love my new car")]}
    found = compare.prepare(settings, model, tests, [], str(tmp_path), lambda _: None)

    assert ["old", "student", "student"] == [one.name for one in found]
    assert ["litert", "tflite-runtime"] == [one.engine for one in found[1:]]


def test_missing_extra(
    data: Path, folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told before anything else is done."""
    monkeypatch.setitem(sys.modules, "onnxruntime.quantization", None)
    result = CliRunner().invoke(command, arguments(data, folders))

    assert 1 == result.exit_code
    assert "tweet-reputation-monitor[compare]" in result.stderr


@pytest.mark.study
@pytest.mark.timeout(300)
def test_interrupted(data: Path, folders: dict[str, Path], tmp_path: Path) -> None:
    """A signal ends it in seconds, with exit code 130 and without leaving anything."""
    output, temporary = tmp_path / "output", tmp_path / "temporary"
    temporary.mkdir()
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "monitor", "compare"),
            *arguments(data, folders, "--output", output),
        ],
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"TMPDIR": str(temporary)},
    )
    deadline = time.monotonic() + 90
    while not list(temporary.glob("monitor-compare-*")) and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, complaints = process.communicate(timeout=150)

    assert 130 == process.returncode, complaints
    assert complaints.endswith("stopped; nothing was written\n")
    assert not output.exists()
    assert [] == list(temporary.glob("monitor-compare-*"))


def contestant(name: str, engine: str = "litert", *, paper: bool = False) -> Contestant:
    """Return someone to compare."""
    here = Path()
    asked = {"replab2013_test": here}
    return Contestant(name, engine, "int8", here, 8_000_000, 28, here, (1, 8), asked, paper)


def test_without_tflite_runtime_the_rest_goes_on() -> None:
    """Its rows say why they are empty, after the first attempt."""
    rows = [compare.ComparedRow(contestant("old", "tflite-runtime", paper=True), "tflite-runtime")]
    python = Path("/nowhere/python")
    rows = compare.answer(rows, {"replab2013_test": [0]}, python)
    settings = compare.CompareSettings(Path(), Path(), Path(), Path(), python, rounds=2)
    (row,) = compare.race(rows, settings)

    assert "/nowhere/python: No such file or directory" == row.problem
    assert ({}, ()) == (row.scores, row.speeds)
    assert "Row 1 is incomplete: /nowhere/python" in compare_report.as_table(comparison(row))


def measured(rates: tuple[float, float], busy: float = 1.0) -> dict[str, Any]:
    """Return a worker's result with tweets a second at batch sizes 1 and 8."""
    speeds = [
        {"batch": batch, "tweets_per_s": rate, "latency_ms": 1e3 / rate, "peak_mb": 50.0 + batch}
        for batch, rate in zip((1, 8), rates, strict=True)
    ]
    return {"runtime": "toy 1", "speed": [speed | {"busy": busy} for speed in speeds]}


def test_median_of_rounds() -> None:
    """One bad round does not count, at any batch size; the least share of a core is kept."""
    rounds = [measured((10, 90)), measured((12, 100)), measured((1, 500), busy=0.3)]
    one, eight = compare.medians(rounds)

    assert (10, 100) == (one.tweets_per_s, eight.tweets_per_s)
    assert (51, 58) == (one.peak_mb, eight.peak_mb)
    assert 0.3 == one.busy
    assert [90, 100, 500] == eight.rounds


def comparison(*rows: compare.ComparedRow) -> compare.Comparison:
    """Return the comparison of ``rows``."""
    here = Path()
    settings = compare.CompareSettings(here, here, here, here, here)
    return compare.Comparison(rows, settings, {"replab2013_test": 5})


def test_best_batch_and_times_the_paper() -> None:
    """The best batch counts for speed, the single tweet for latency."""
    paper = compare.ComparedRow(
        contestant("old", paper=True), "old 1", speeds=compare.medians([measured((2, 1))])
    )
    ours = compare.ComparedRow(
        contestant("new"), "new 1", speeds=compare.medians([measured((10, 90))])
    )
    both = comparison(paper, ours)

    assert ours.best is not None
    assert 8 == ours.best.batch
    assert 100 == ours.latency_ms
    assert (1, 45) == (both.times(paper), both.times(ours))
    assert 168 == round(ours.smaller)


def test_table_tells_what_is_missing_and_what_was_disturbed() -> None:
    """Dashes for what is not known, and why."""
    paper = compare.ComparedRow(
        contestant("old", paper=True), "tflite-runtime", problem="not there"
    )
    slow = [measured((10, 90), busy=0.5)]
    ours = compare.ComparedRow(contestant("new"), "new 1", speeds=compare.medians(slow))
    text = compare_report.as_table(comparison(paper, ours))
    lines = text.splitlines()

    assert {len(lines[0])} == {len(line) for line in lines[:4]}
    assert 10 == lines[2].split().count("-") + lines[3].split().count("-")
    assert "- Row 1 is incomplete: not there." in lines
    assert any(line.startswith("- Row 2 had 50% of a core") for line in lines)
    assert "row 1, the set-up of arXiv 2310.03971" in text


def test_help_teaches_and_is_cheap() -> None:
    """What it reads, what it writes, how long it takes; and no heavy import to say so."""
    code = (
        "import sys\nfrom monitor.cli import main\n"
        "main(['compare', '--help'], standalone_mode=False)\n"
        "print([m for m in ('torch', 'tensorflow', 'matplotlib') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.endswith("[]\n")
    for part in ("DATA", "[compare]", "compare.png", "quarter of an hour"):
        assert part in done.stdout
