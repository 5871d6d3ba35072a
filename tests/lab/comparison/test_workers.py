"""Measuring processes, started for real."""

import json
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from monitor.inference import Model
from monitor.lab.comparison.workers import CannotMeasureError, Workers


@pytest.fixture
def job(tmp_path: Path, model: Model) -> dict[str, Any]:
    """A short measurement of the shipped model."""
    ids = np.full((3, 5), 7, np.int32)
    np.savez(tmp_path / "ids.npz", ids=ids, types=np.zeros_like(ids))
    return {
        "engine": "litert",
        "model": str(model.folder / "model.tflite"),
        "ids": str(tmp_path / "ids.npz"),
        "batches": [1, 2],
        "seconds": 0.01,
    }


def test_speed_and_memory(job: dict[str, Any]) -> None:
    """The memory is the process's own, not that of this one, which has TensorFlow in it."""
    with Workers() as workers:
        result = workers.ask(job)

    assert result["runtime"].startswith("ai-edge-litert ")
    assert [1, 2] == [one["batch"] for one in result["speed"]]
    assert 10 < result["speed"][-1]["peak_mb"] < 200


def test_answers(job: dict[str, Any]) -> None:
    """An index for every tweet."""
    with Workers() as workers:
        result = workers.ask(job | {"asked": {job["ids"]: "sentiment"}})

    answers = result["answers"][job["ids"]]
    assert 3 == len(answers)
    assert 1 == len(set(answers))


def test_in_the_other_environment(job: dict[str, Any], other_python: Path) -> None:
    """Where there is neither PyTorch nor TensorFlow."""
    with Workers() as workers:
        result = workers.ask(job | {"engine": "tflite-runtime"}, other_python)

    assert result["runtime"].startswith("tflite-runtime 2.14")
    assert result["speed"][0]["tweets_per_s"] > 0


@pytest.mark.parametrize(
    ("change", "python", "reason"),
    [
        ({"engine": "tflite-runtime"}, None, "tflite-runtime is not installed"),
        ({}, Path("/nowhere/python"), "/nowhere/python: No such file or directory"),
        ({}, Path("/bin/false"), "exit code 1"),
        ({"engine": "steam"}, None, "KeyError: 'steam'"),  # the last line of its traceback
        ({"ids": __file__}, None, "pickled"),
        ({"model": __file__}, None, "not a valid Flatbuffer"),
        ({"model": "/nowhere/model.tflite"}, None, "No such file"),
    ],
)
def test_what_cannot_be_measured_is_told(
    job: dict[str, Any], change: dict[str, Any], python: Path | None, reason: str
) -> None:
    """In one line."""
    with Workers() as workers, pytest.raises(CannotMeasureError) as caught:
        workers.ask(job | change, python)

    assert reason in str(caught.value)
    assert 1 == len(str(caught.value).splitlines())


def test_leaving_ends_what_runs(job: dict[str, Any]) -> None:
    """A measurement that would take a minute is over at once, and no new one begins."""
    outcome: list[str] = []

    def ask() -> None:
        try:
            workers.ask(job | {"seconds": 60})
        except CannotMeasureError as error:
            outcome.append(str(error))

    begin = time.monotonic()
    with Workers() as workers:
        thread = threading.Thread(target=ask)
        thread.start()
        while not workers._running:
            time.sleep(0.01)
    thread.join(30)

    assert 1 == len(outcome)
    assert time.monotonic() - begin < 30
    with pytest.raises(CannotMeasureError, match="stopped"):
        workers.ask(job)


def test_worker_imports_nothing_heavy() -> None:
    """What it measures as memory is the engine's, not this program's."""
    code = (
        "import json, sys, monitor.lab.comparison.worker\n"
        "heavy = ('torch', 'tensorflow', 'transformers', 'tokenizers', 'tqdm', 'onnxruntime')\n"
        "print(json.dumps([name for name in heavy if name in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert [] == json.loads(done.stdout)
