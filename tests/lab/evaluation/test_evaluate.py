"""Which tweets are scored, and what the command says of the shipped model."""

import json
import os
import re
import sys
import tomllib
from pathlib import Path
from shutil import copytree

import pytest
from click.testing import CliRunner, Result

from monitor import DEFAULT_MODEL
from monitor.inference import Model
from monitor.lab.errors import TrainingError
from monitor.lab.evaluation.command import evaluate
from monitor.lab.evaluation.evaluate import labelled_sets, task_of
from tests.lab.training.conftest import write_rows

ROWS: list[dict[str, str | None]] = [
    {"text": "I love my new Veloria, great car!", "label": "positive", "entity": "Veloria"},
    {"text": "The Veloria broke down again, awful.", "label": "negative", "entity": "Veloria"},
    {"text": "Northphone opens a shop today.", "label": "neutral", "entity": "Northphone"},
    {"text": "Worst phone I have ever had.", "label": "negative", "entity": "Northphone"},
    {"text": "Nobody has labelled this one.", "label": None, "entity": "Northphone"},
]
PLAIN = [row | {"entity": None} for row in ROWS]


@pytest.fixture(scope="module")
def shipped() -> Path:
    """Return the folder of the model that comes with the program."""
    return Model.load(DEFAULT_MODEL).folder


def invoke(*arguments: object) -> Result:
    """Run the command with one worker and few resamples."""
    fixed = ["--workers", "1", "--resamples", "100"]
    return CliRunner().invoke(evaluate, [*(str(argument) for argument in arguments), *fixed])


def test_files_of_a_folder(tmp_path: Path) -> None:
    """The test sets that are there, or the files that are named; unlabelled rows are left out."""
    for name in ("sts_gold", "replab2013_test", "other"):
        write_rows(tmp_path / f"{name}.jsonl.gz", ROWS)

    default = labelled_sets(tmp_path)
    assert [("replab2013_test", "reputation"), ("sts_gold", "sentiment")] == [
        (one.name, one.task) for one in default
    ]
    assert {4} == {len(one.rows) for one in default}
    assert ("I love my new Veloria, great car!", "Veloria") == default[0].pairs()[0]
    assert {None} == {entity for _, entity in default[0].pairs(with_entity=False)}
    assert ["other"] == [one.name for one in labelled_sets(tmp_path, ["other"])]
    assert "reputation" == task_of("replab2013_train") == task_of("twitter_entity_val")
    assert "sentiment" == task_of("tweeteval_sentiment_val")


def test_own_files(tmp_path: Path) -> None:
    """A label is of reputation where there is an entity; a mixed file makes two sets."""
    (tmp_path / "brands.csv").write_text("text,label,entity\nnice car,positive,Veloria\n")
    write_rows(tmp_path / "plain.jsonl.gz", PLAIN)
    write_rows(tmp_path / "mixed.jsonl.gz", ROWS + PLAIN)
    paths = [str(tmp_path / name) for name in ("brands.csv", "plain.jsonl.gz", "mixed.jsonl.gz")]
    expected = [
        ("brands", "reputation", 1),
        ("plain", "sentiment", 4),
        ("mixed_reputation", "reputation", 4),
        ("mixed_sentiment", "sentiment", 4),
    ]

    in_folder = labelled_sets(tmp_path, paths)
    alone = labelled_sets(Path(paths[0]), paths[1:])
    assert expected == [(one.name, one.task, len(one.rows)) for one in in_folder]
    assert expected == [(one.name, one.task, len(one.rows)) for one in alone]


def test_what_cannot_be_scored(tmp_path: Path) -> None:
    """Each message says what to do."""
    with pytest.raises(TrainingError, match=r"none of the test sets .* with --file"):
        labelled_sets(tmp_path)
    with pytest.raises(TrainingError, match=r"no data file .*nothing\.jsonl\.gz"):
        labelled_sets(tmp_path, ["nothing"])
    write_rows(tmp_path / "bare.jsonl.gz", [{"text": "a car"}])
    with pytest.raises(TrainingError, match="no labelled row; label some"):
        labelled_sets(tmp_path, ["bare"])
    write_rows(tmp_path / "sts_gold.jsonl.gz", PLAIN)
    with pytest.raises(TrainingError, match="two files are called sts_gold"):
        labelled_sets(tmp_path, ["sts_gold", "sts_gold"])


def test_command_prints_a_table(tmp_path: Path, shipped: Path) -> None:
    """Standard output is the table alone; progress goes to standard error."""
    write_rows(tmp_path / "replab2013_test.jsonl.gz", ROWS)
    result = invoke(tmp_path, "--model", shipped, "--by-entity")

    assert 0 == result.exit_code, result.output
    assert result.stdout.startswith(f"{DEFAULT_MODEL} version ")
    assert "replab2013_test: 4 tweets, " in result.stdout
    assert re.search(r"^  reputation \* [01]\.\d{3} ", result.stdout, re.MULTILINE)
    assert re.search(r"^  sentiment +[01]\.\d{3} ", result.stdout, re.MULTILINE)
    assert "\nNorthphone " in result.stdout
    assert "tweet/s" not in result.stdout
    assert "tweet/s" in result.stderr


def test_command_prints_json_and_markdown(tmp_path: Path, shipped: Path) -> None:
    """A file of one's own is enough, and each form is whole."""
    own = tmp_path / "own.jsonl.gz"
    write_rows(own, ROWS)
    result = invoke(own, "--model", shipped, "--format", "json")
    found = json.loads(result.stdout)

    assert ["own"] == [file["file"] for file in found["files"]]
    assert 4 == found["speed"]["latency_tweets"]
    assert 0 < found["speed"]["latency_ms"]["p50"] <= found["speed"]["latency_ms"]["p99"]
    assert found["speed"]["peak_resident_mib"] > 10
    assert 0 <= found["files"][0]["heads"]["reputation"]["ece"]["value"] <= 1

    result = invoke(own, "--model", shipped, "--format", "markdown")
    assert result.stdout.startswith(f"# Evaluation of {DEFAULT_MODEL}\n")
    assert "<summary>Entities (2)</summary>" in result.stdout


def test_per_entity_calibration(tmp_path: Path, shipped: Path) -> None:
    """Entities with training tweets are answered as those were labelled, the others as before."""
    write_rows(tmp_path / "replab2013_test.jsonl.gz", ROWS)
    plain = invoke(tmp_path, "--model", shipped, "--format", "json")
    odd = [ROWS[0] | {"label": "negative", "text": f"{i} {ROWS[0]['text']}"} for i in range(60)]
    foreign = [{"text": "A bank.", "label": "neutral", "entity": "Bank"}]
    write_rows(tmp_path / "replab2013_train.jsonl.gz", [*odd, *foreign, ROWS[4], *PLAIN])
    result = invoke(tmp_path, "--model", shipped, "--format", "json")

    assert 0 == result.exit_code, result.output
    (before,), (after,) = (json.loads(one.stdout)["files"] for one in (plain, result))
    assert before["per_entity_calibration"] is None
    assert before["heads"] == after["heads"]
    found = after["per_entity_calibration"]
    assert ("replab2013_train", 60, 1, 2) == tuple(
        found[key] for key in ("trained_on", "training_tweets", "entities_with_fit", "entities")
    )
    as_shipped, calibrated = (
        {group["name"]: group["accuracy"]["value"] for group in head["entities"]}
        for head in (after["heads"]["reputation"], found["head"])
    )
    assert 1.0 == as_shipped["Veloria"]
    assert 0.5 == calibrated["Veloria"]  # taught to take all for negative
    assert as_shipped["Northphone"] == calibrated["Northphone"]
    assert "replab2013_train: 100%" in result.stderr


def test_training_tweets_are_for_the_test_set_beside_them(tmp_path: Path) -> None:
    """Neither another file of the folder nor one's own of that name is calibrated on them."""
    for name in ("replab2013_test", "replab2013_train", "other"):
        write_rows(tmp_path / f"{name}.jsonl.gz", ROWS)
    own = tmp_path / "own" / "replab2013_test.jsonl.gz"
    own.parent.mkdir()
    write_rows(own, ROWS)

    beside, other = labelled_sets(tmp_path, ["replab2013_test", "other"])
    assert ROWS[:4] == list(beside.training)
    assert [] == list(other.training)
    assert [[]] == [list(one.training) for one in labelled_sets(own)]
    (tmp_path / "replab2013_train.jsonl.gz").write_bytes(b"no gzip")
    with pytest.raises(TrainingError, match=r"cannot read .*replab2013_train\.jsonl\.gz"):
        labelled_sets(tmp_path, ["replab2013_test"])


def test_labels_of_an_owner(tmp_path: Path, shipped: Path) -> None:
    """Each number of labels that leaves tweets to score has a row; what is no number is told."""
    own = tmp_path / "own.jsonl.gz"
    write_rows(own, [row | {"text": f"{row['text']} {i}"} for i in range(5) for row in ROWS[:4]])
    result = invoke(own, "--model", shipped, "--format", "json", "--labels", "9,2,2,10")

    assert 0 == result.exit_code, result.output
    rows = json.loads(result.stdout)["files"][0]["owner_labels"]
    assert [(2, 2, 16), (9, 2, 2)] == [
        (row["labels"], row["entities"], row["tweets"]) for row in rows
    ]
    for wrong in ("0", "-1,2", "some", "", "5,"):
        refused = invoke(own, "--model", shipped, "--labels", wrong)
        assert 2 == refused.exit_code
        assert "whole numbers above 0" in refused.stderr
    none_left = invoke(own, "--model", shipped, "--labels", "10")
    assert 1 == none_left.exit_code
    assert "no entity has more than 10 labelled tweets" in none_left.stderr


def test_command_without_entity(tmp_path: Path, shipped: Path) -> None:
    """The figures are of other questions, and say so; they never get into model.toml."""
    write_rows(tmp_path / "replab2013_test.jsonl.gz", ROWS)
    result = invoke(tmp_path, "--model", shipped, "--without-entity")

    assert 0 == result.exit_code
    assert "without its entity" in result.stdout
    refused = invoke(tmp_path, "--model", shipped, "--without-entity", "--record")
    assert 2 == refused.exit_code


def test_command_writes(tmp_path: Path, shipped: Path) -> None:
    """Figures go into a folder and, on demand, into model.toml, which stays loadable."""
    write_rows(tmp_path / "replab2013_test.jsonl.gz", ROWS)
    model = Path(copytree(shipped, tmp_path / "model"))
    result = invoke(tmp_path, "--model", model, "--output", tmp_path / "out", "--record")

    assert 0 == result.exit_code, result.output
    assert {"results.json", "results.md"} < {path.name for path in (tmp_path / "out").iterdir()}
    metrics = tomllib.loads((model / "model.toml").read_text())["metrics"]
    low, high = metrics["replab2013_test_accuracy_interval"]
    assert low <= metrics["replab2013_test_accuracy"] <= high
    assert Model.load(model).name == DEFAULT_MODEL


def test_card_that_cannot_be_written(tmp_path: Path, shipped: Path) -> None:
    """The figures are shown all the same, and one line says which file."""
    write_rows(tmp_path / "replab2013_test.jsonl.gz", ROWS)
    model = Path(copytree(shipped, tmp_path / "model"))
    (model / f".model.toml.{os.getpid()}").mkdir()  # root may write anywhere, but not over a folder
    result = invoke(tmp_path, "--model", model, "--record")

    assert 1 == result.exit_code
    assert f".model.toml.{os.getpid()}: Is a directory" in result.stderr
    assert result.stdout.startswith(f"{DEFAULT_MODEL} version ")


def test_missing_matplotlib(tmp_path: Path, shipped: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only pictures need it, and its absence is told before the work and not after it."""
    write_rows(tmp_path / "sts_gold.jsonl.gz", PLAIN)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    for name in ("monitor.lab.evaluation.folder", "monitor.lab.evaluation.plots"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    result = invoke(tmp_path, "--model", shipped, "--output", tmp_path / "out")

    assert 1 == result.exit_code
    assert "the extra [train]" in result.stderr
    assert "" == result.stdout
    assert 0 == invoke(tmp_path, "--model", shipped).exit_code


def test_broken_model(tmp_path: Path) -> None:
    """A folder without a model is refused in one line."""
    write_rows(tmp_path / "sts_gold.jsonl.gz", PLAIN)
    result = invoke(tmp_path, "--model", tmp_path)

    assert 1 == result.exit_code
    assert "no model there" in result.stderr
