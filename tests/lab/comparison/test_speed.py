"""Speed and fusions from end to end on toys."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from monitor import DEFAULT_MODEL
from monitor.inference import Model
from monitor.lab.comparison import fusions, speed
from monitor.lab.comparison.command import fusions as fusions_command
from monitor.lab.comparison.command import speed as speed_command
from monitor.lab.comparison.speed import Yardstick
from monitor.lab.structure import Structure
from tests.processes import OTHER_PYTHON

QUICK = ("--seconds", "0.001", "--rounds", "1")
SMALL = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}


def report(output: Path, name: str) -> dict[str, Any]:
    """Return the JSON, once all files are there and none names a local folder."""
    assert {f"{name}.{kind}" for kind in ("md", "json", "png")} == {
        path.name for path in output.iterdir()
    }
    text = (output / f"{name}.json").read_text()
    assert str(output.parent) not in text
    found: dict[str, Any] = json.loads(text)
    return found


@pytest.mark.study
@pytest.mark.timeout(400)
def test_models_beside_the_yardsticks(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row each, the first being what all are told against; one that cannot be made says so."""
    monkeypatch.setattr(
        speed, "YARDSTICKS", (Yardstick("old", "bert", SMALL), Yardstick("none", "nowhere"))
    )
    monkeypatch.setattr(speed, "VARIANTS", ("int8",))
    output = tmp_path / "output"
    arguments = ["--model", str(model.folder), "--output", str(output), *QUICK]
    result = CliRunner().invoke(speed_command, arguments)
    assert 0 == result.exit_code, result.output
    ours, old, none = report(output, "speed")["rows"]

    assert (model.name, "old", "none") == (ours["network"], old["network"], none["network"])
    assert [1, 1] == [shape["times_the_first"] for shape in ours["shapes"]]
    assert [(1, 40), (8, 32)] == [(shape["batch"], shape["tokens"]) for shape in old["shapes"]]
    assert old["runtime"].startswith("ai-edge-litert ")
    assert (output / "speed.md").read_text() in result.stdout
    assert none["problem"] is not None
    assert [] == none["shapes"]


@pytest.fixture
def structure(tmp_path: Path) -> Path:
    """The file of a structure that is soon converted."""
    small = Structure(
        layers=1, hidden=48, bottleneck=32, intermediate=64, stacks=1, embedding=32, vocabulary=50
    )
    small.write(tmp_path / "structure.toml")
    return tmp_path / "structure.toml"


@pytest.mark.study
@pytest.mark.timeout(400)
def test_every_fusion_on_both_runtimes(
    structure: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All, each one left out and none; each group is told against its own first."""
    monkeypatch.setattr(fusions, "VARIANTS", ("int8",))
    kept = {name: fusions.FORMS[name] for name in ("all", "without norm", "none")}
    monkeypatch.setattr(fusions, "FORMS", kept)
    output = tmp_path / "output"
    arguments = ["--structure", str(structure), "--output", str(output), *QUICK]
    other = ("--tflite-runtime-python", str(OTHER_PYTHON))
    result = CliRunner().invoke(fusions_command, [*arguments, *other])
    assert 0 == result.exit_code, result.output
    rows = report(output, "fusions")["rows"]

    assert ["all", "without norm", "none"] * 2 == [row["network"] for row in rows]
    there = [row for row in rows if row["problem"] is None]
    assert len(rows) == len(there) or not OTHER_PYTHON.exists()
    for row in there:
        assert (row["network"] == "all") == ({1.0} == {s["times_the_first"] for s in row["shapes"]})


def test_every_form_is_there() -> None:
    """The first is what is shipped, the last what a direct conversion gives."""
    names = list(fusions.FORMS)

    assert ("all", "none") == (names[0], names[-1])
    assert 2 + len(fusions.FORMS["all"]) == len(names)


def test_a_structure_that_is_none(tmp_path: Path) -> None:
    """Wrong usage, told in one line with the key."""
    (tmp_path / "structure.toml").write_text("layer = 3\n")
    arguments = ["--structure", str(tmp_path / "structure.toml"), "--output", str(tmp_path / "o")]
    result = CliRunner().invoke(fusions_command, arguments)

    assert 2 == result.exit_code
    assert "unknown key 'layer'" in result.stderr


def test_a_model_that_is_none(tmp_path: Path) -> None:
    """Told before anything is made."""
    arguments = ["--model", str(tmp_path), "--output", str(tmp_path / "o")]
    result = CliRunner().invoke(speed_command, arguments)

    assert 1 == result.exit_code
    assert 1 == len(result.stderr.splitlines())


@pytest.mark.study
@pytest.mark.timeout(400)
@pytest.mark.parametrize("command", ["fusions", "speed"])
def test_interrupted(command: str, structure: Path, tmp_path: Path) -> None:
    """A signal ends it with exit code 130 and without leaving anything."""
    output, temporary = tmp_path / "output", tmp_path / "temporary"
    temporary.mkdir()
    model = ("--model", DEFAULT_MODEL)
    more = model if command == "speed" else ("--structure", str(structure))
    process = subprocess.Popen(
        [sys.executable, "-m", "monitor", command, *more, "--output", str(output)],
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"TMPDIR": str(temporary)},
    )
    deadline = time.monotonic() + 120
    while not list(temporary.glob("monitor-*")) and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, complaints = process.communicate(timeout=150)

    assert 130 == process.returncode, complaints
    assert complaints.endswith("stopped; nothing was written\n")
    assert not output.exists()
    assert [] == list(temporary.glob("monitor-*"))
