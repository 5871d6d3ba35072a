"""``monitor evaluate --behaviour`` on the shipped model, and what it refuses."""

import importlib
import json
import sys
import tomllib
from pathlib import Path
from shutil import copy, copytree

import pytest
from click.testing import CliRunner, Result

from monitor import DEFAULT_MODEL
from monitor.inference import Model
from monitor.lab.evaluation.behaviour.cases import FOLDER, HALVES
from monitor.lab.evaluation.command import evaluate
from tests.lab.evaluation.behaviour.answers import shipped

FEW = """cases = [
    { id = "x1", kind = "praise", label = "positive", text = "I love {name}, it is great!" },
    { id = "x2", kind = "complaint", label = "negative", text = "{name} is the worst ever" },
    { id = "x3", kind = "several", label = "neutral", other = "neutral", text = "{name} {other}" },
]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder of cases that is soon asked."""
    made = tmp_path / "cases"
    made.mkdir()
    copy(FOLDER / "names.toml", made)
    for half in HALVES:
        (made / f"{half}.toml").write_text(FEW)
    return made


def let_ask(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the command ask the cases of a folder."""
    run = importlib.import_module("monitor.lab.evaluation.behaviour.run").run
    monkeypatch.setitem(run.__kwdefaults__, "folder", folder)


@pytest.fixture
def few(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the command ask three cases."""
    let_ask(folder, monkeypatch)


def invoke(*arguments: object) -> Result:
    """Run the command with one worker."""
    return CliRunner().invoke(
        evaluate, ["--behaviour", "--workers", "1", *(str(argument) for argument in arguments)]
    )


@pytest.mark.usefixtures("few")
def test_table_without_data() -> None:
    """Standard output is the table alone, of the default model; progress goes to standard error."""
    result = invoke()

    assert 0 == result.exit_code, result.output
    assert result.stdout.startswith(f"{DEFAULT_MODEL} version ")
    assert "3 cases (open half), each under 48 names" in result.stdout
    assert "asking" in result.stderr
    assert "asking" not in result.stdout


@pytest.mark.usefixtures("few")
def test_json_and_markdown() -> None:
    """Each form is whole."""
    found = json.loads(invoke("--format", "json").stdout)
    assert {"praise": 1, "complaint": 1, "several": 1, "all": 3} == found["figures"]["cases"]
    assert 0.9 < found["figures"]["accuracy"]["praise"]
    assert 0.9 < found["figures"]["accuracy"]["complaint"]

    markdown = invoke("--format", "markdown", "--held-back").stdout
    assert markdown.startswith("Half that is held back until a model is done: 3 cases under 48")


@pytest.mark.usefixtures("few")
def test_record(tmp_path: Path) -> None:
    """On demand the figures go into model.toml, and nowhere without it."""
    model = Path(copytree(shipped().folder, tmp_path / "model"))
    before = (model / "model.toml").read_bytes()
    assert 0 == invoke("--model", model).exit_code
    assert before == (model / "model.toml").read_bytes()

    assert 0 == invoke("--model", model, "--record").exit_code
    kept = tomllib.loads((model / "model.toml").read_text())["behaviour"]["open"]
    assert 3 == kept["cases"]["all"]
    assert 4 * 48 == kept["questions"]
    assert DEFAULT_MODEL == Model.load(model).name


def test_it_needs_no_extra(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither what models are trained with, nor progress bars of others, nor pictures."""
    for name in ("torch", "tensorflow", "tqdm", "tomli_w", "matplotlib", "transformers"):
        monkeypatch.setitem(sys.modules, name, None)
    for name in [
        name for name in sys.modules if name.startswith("monitor.lab.evaluation.behaviour")
    ]:
        monkeypatch.delitem(sys.modules, name)
    let_ask(folder, monkeypatch)

    assert 0 == invoke().exit_code
    missing = invoke("--record")
    assert 1 == missing.exit_code
    assert "tomli-w is not installed; it comes with the extra [train]" in missing.stderr


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--file", "x"], "--file"),
        (["--by-entity"], "--by-entity"),
        (["--output", "x"], "--output"),
        (["--without-entity"], "--without-entity"),
        (["--owner-labels", "25"], "--owner-labels"),
        (["--resamples", "200"], "--resamples"),
        (["--seed", "3"], "--seed"),
        (["."], "DATA"),
    ],
)
def test_what_would_be_ignored_is_refused(arguments: list[str], named: str) -> None:
    """Options of labelled tweets, with exit code 2 and their name."""
    result = invoke(*arguments)

    assert 2 == result.exit_code
    assert f"leave {named} out" in result.stderr


def test_what_goes_together(tmp_path: Path) -> None:
    """One of DATA and --behaviour, and --held-back with the latter alone."""
    neither = CliRunner().invoke(evaluate, [])
    assert 2 == neither.exit_code
    assert "needs DATA, a file or folder of labelled tweets, or --behaviour" in neither.stderr
    (mine := tmp_path / "mine.csv").write_text("text,label\nhow nice,joyful\n")
    own = CliRunner().invoke(evaluate, ["--file", str(mine)])  # which needs no DATA
    assert "needs DATA" not in own.stderr
    assert "joyful" in own.stderr
    alone = CliRunner().invoke(evaluate, [str(tmp_path), "--held-back"])
    assert 2 == alone.exit_code
    assert "--held-back is a half of the cases of --behaviour" in alone.stderr


def test_broken_cases(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that somebody edits badly is told in one line, before the model is asked."""
    (folder / "open.toml").write_text(FEW.replace("praise", "").replace("label", "lable", 1))
    let_ask(folder, monkeypatch)
    result = invoke()

    assert 1 == result.exit_code
    assert "case 1: needs id, kind, text and label" in result.stderr
    assert "Traceback" not in result.output


def test_broken_model(tmp_path: Path) -> None:
    """A folder without a model is refused in one line."""
    result = invoke("--model", tmp_path)

    assert 1 == result.exit_code
    assert "no model there" in result.stderr
    assert "" == result.stdout
