"""``monitor quantify``."""

import json
import shutil
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from monitor import DEFAULT_MODEL
from monitor.cli import main
from tests.lab.quantifying.test_study import MODEL
from tests.lab.training.conftest import write_rows


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A copy of the shipped model."""
    shutil.copytree(MODEL, tmp_path / "model")
    return tmp_path / "model"


def test_everything_is_written(data: Path, model: Path, tmp_path: Path) -> None:
    """Tables, JSON, a picture, and the model's card, of which the rest stays as it was."""
    before = tomllib.loads((model / "model.toml").read_text())
    output = tmp_path / "out" / "here"
    options = ["--model", str(model), "--workers", "1", "--output", str(output), "--record"]
    result = CliRunner().invoke(main, ["quantify", str(data), *options])

    assert 0 == result.exit_code, result.output
    assert "RepLab 2013 test, 3 entities" in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 100
    written = json.loads((output / "quantification.json").read_text())
    assert b"\x89PNG" == (output / "quantification.png").read_bytes()[:4]
    after = tomllib.loads((model / "model.toml").read_text())
    assert written["shares"]["reputation"] == after["calibration"]["reputation"].pop("shares")
    before["calibration"]["reputation"].pop("shares")
    assert before == after


def test_json(data: Path, model: Path) -> None:
    """Standard output is JSON alone, and nothing is recorded unless asked for."""
    before = (model / "model.toml").read_bytes()
    options = ["--model", str(model), "--workers", "1", "--json"]
    result = CliRunner().invoke(main, ["quantify", str(data), *options])

    assert 0 == result.exit_code, result.output
    assert DEFAULT_MODEL == json.loads(result.stdout)["model"]
    assert before == (model / "model.toml").read_bytes()


def test_what_is_missing_is_said(data: Path, model: Path, tmp_path: Path) -> None:
    """A test file or a model that is not there: a line, and exit code 1."""
    for file in data.iterdir():
        shutil.copy(file, tmp_path)
    (tmp_path / "replab2013_test.jsonl.gz").unlink()
    (model / "tokenizer.json").unlink()
    runner = CliRunner()
    no_data = runner.invoke(main, ["quantify", str(tmp_path), "--model", str(MODEL)])
    no_model = runner.invoke(main, ["quantify", str(data), "--model", str(model)])

    assert (1, 1) == (no_data.exit_code, no_model.exit_code)
    assert f"no data file {tmp_path / 'replab2013_test.jsonl.gz'}" in no_data.stderr
    assert f"{model / 'tokenizer.json'}: No such file" in no_model.stderr


def test_little_data(data: Path, model: Path, tmp_path: Path) -> None:
    """Without entities held out nothing is fitted, and that is said; without labels it ends."""
    for name in ("replab2013_test", "tweeteval_sentiment_test", "tweeteval_sentiment_val"):
        shutil.copy(data / f"{name}.jsonl.gz", tmp_path)
    few = [
        {"id": f"{i}", "text": f"{i} {text}", "label": label, "entity": "Acme"}
        for i, (text, label) in enumerate([("love it", "positive"), ("hate it", "negative")] * 30)
    ]
    write_rows(tmp_path / "replab2013_train.jsonl.gz", few)
    arguments = ["quantify", str(tmp_path), "--model", str(model), "--workers", "1"]
    result = CliRunner().invoke(main, [*arguments, "--record", "--output", str(tmp_path / "out")])
    (tmp_path / "tweeteval_sentiment_val.jsonl.gz").unlink()
    without = CliRunner().invoke(main, arguments)

    assert 0 == result.exit_code, result.output
    assert "reputation: too few entities held out for a regression" in result.stdout
    card = tomllib.loads((model / "model.toml").read_text())
    assert "shares" not in card["calibration"]["reputation"]
    assert 1 == without.exit_code
    assert "no held-out tweet has a label of sentiment" in without.stderr
