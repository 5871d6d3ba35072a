"""The commands from end to end, on a toy."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from monitor import cli
from monitor.inference import Model
from monitor.lab.profiling.check import words_of
from monitor.lab.structure import Structure
from monitor.lab.training.student import structure_in


def invoke(command: str, *arguments: object) -> Result:
    """Run a command in this process."""
    return CliRunner().invoke(cli.main, [command, *map(str, arguments)])


def test_train_distil_export_evaluate(data: Path, tiny_bert: Path, tmp_path: Path) -> None:
    """Four commands lead from tweets to a scored model that the daemon can load."""
    teacher, student, model = tmp_path / "teacher", tmp_path / "student", tmp_path / "toy"
    steps: list[tuple[object, ...]] = [
        ("train", data, "--output", teacher, "--from", tiny_bert, "--batch", 8, "--seed", 3),
        (
            "distil",
            data,
            "--teacher",
            teacher,
            "--output",
            student,
            "--examples",
            32,
            "--intermediate",
            16,
            "--seed",
            3,
        ),
        ("export", student, "--output", model),
        ("evaluate", data, "--model", model, "--record", "--workers", 1),
    ]
    for step in steps:
        result = invoke(str(step[0]), *step[1:])
        assert 0 == result.exit_code, result.output
    assert "tweeteval_sentiment_test: rows are labels" in result.output

    card = tomllib.loads((model / "model.toml").read_text())
    assert "toy" == card["name"]
    assert ["negative", "neutral", "positive"] == card["tasks"]["reputation"]["labels"]
    assert 3 == card["training"]["seed"]
    assert "--examples 32" in card["training"]["command"]
    assert str(tmp_path) not in (model / "model.toml").read_text()

    result = invoke(
        "evaluate", data, "--model", model, "--format", "json", "--file", "replab2013_test"
    )
    (report,) = json.loads(result.stdout)["files"]
    assert ("reputation", 12) == (report["task"], report["tweets"])
    accuracy = report["heads"]["reputation"]["accuracy"]["value"]
    assert round(accuracy, 4) == card["metrics"]["replab2013_test_accuracy"]


def test_distil_a_structure_then_go_on(data: Path, tiny_bert: Path, tmp_path: Path) -> None:
    """A structure.toml says what is taught; what came of it is trained further, and exported."""
    teacher, student, again = (tmp_path / name for name in ("teacher", "student", "again"))
    path = tmp_path / "structure.toml"
    structure = Structure(
        layers=3,
        hidden=32,
        bottleneck=16,
        heads=2,
        intermediate=24,
        stacks=1,
        embedding=16,
        vocabulary=20,
    )
    structure.write(path)
    few = ("--examples", 32, "--seed", 3)
    for step in (
        ("train", data, "--output", teacher, "--from", tiny_bert, "--vocabulary", 0),
        ("distil", data, "--teacher", teacher, "--output", student, "--structure", path, *few),
        ("distil", data, "--teacher", teacher, "--output", again, "--from", student, *few),
        ("export", again, "--output", tmp_path / "model"),
    ):
        result = invoke(str(step[0]), *step[1:])
        assert 0 == result.exit_code, result.output

    assert structure == structure_in(student) == structure_in(again)
    assert 20 == words_of(Model.load(tmp_path / "model"))


def test_unknown_structure_key(data: Path, tmp_path: Path) -> None:
    """One line that names file, key, and the nearest."""
    path = tmp_path / "structure.toml"
    path.write_text("hiden = 64\n")
    result = invoke("distil", data, "--teacher", tmp_path, "--structure", path)

    assert 2 == result.exit_code
    assert f"monitor: {path}: unknown key 'hiden'; did you mean 'hidden'?\n" == result.stderr


def test_nothing_to_go_on_from(data: Path, tmp_path: Path) -> None:
    """A folder without a network is told."""
    result = invoke("distil", data, "--teacher", tmp_path, "--from", tmp_path)

    assert 1 == result.exit_code
    assert f"monitor: no finished network in {tmp_path} (its training" in result.stderr


def test_fine_tuned_mobilebert_is_exported_directly(
    data: Path, tiny_mobilebert: Path, tmp_path: Path
) -> None:
    """A pretrained MobileBERT needs no student: what `--from google/mobilebert-uncased` is for."""
    teacher, model = tmp_path / "teacher", tmp_path / "toy"
    assert 0 == invoke("train", data, "--output", teacher, "--from", tiny_mobilebert).exit_code
    result = invoke("export", teacher, "--output", model, "--variant", "fp32")

    assert 0 == result.exit_code, result.output
    assert {"model.tflite", "tokenizer.json", "model.toml"} == {f.name for f in model.iterdir()}


def test_bert_cannot_be_exported(data: Path, tiny_bert: Path, tmp_path: Path) -> None:
    """What is no MobileBERT is refused in one line, before anything is written."""
    invoke("train", data, "--output", tmp_path / "t", "--from", tiny_bert, "--epochs", 0.2)
    result = invoke("export", tmp_path / "t", "--output", tmp_path / "model")

    assert 1 == result.exit_code
    assert "monitor: cannot export: model_type is 'bert', must be 'mobilebert'\n" == result.stderr
    assert not (tmp_path / "model").exists()


def test_missing_data_file(tmp_path: Path, tiny_bert: Path) -> None:
    """A folder without data is told."""
    result = invoke("train", tmp_path, "--output", tmp_path / "t", "--from", tiny_bert)

    assert 1 == result.exit_code
    assert result.stderr.startswith("monitor: no labelled tweet in ")


def test_missing_extra(
    data: Path, tmp_path: Path, tiny_bert: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without PyTorch the message says what to install."""
    monkeypatch.setitem(sys.modules, "torch", None)
    for name in [name for name in sys.modules if name.startswith("monitor.lab.training.")]:
        if ".commands" not in name:
            monkeypatch.delitem(sys.modules, name)
    result = invoke("train", data, "--output", tmp_path / "t", "--from", tiny_bert)

    assert 1 == result.exit_code
    assert "tweet-reputation-monitor[train]" in result.stderr


def test_commands_and_evaluation_import_nothing_heavy() -> None:
    """Help is quick, and evaluation runs on a board."""
    code = (
        "import sys, monitor.lab.evaluation.evaluate\n"
        "from monitor.lab.training.commands import answers, distil, export, train, transfer\n"
        "import monitor.lab.comparison.command, monitor.lab.card\n"
        "import monitor.lab.search.command, monitor.lab.structure\n"
        "heavy = 'torch', 'tensorflow', 'transformers', 'optuna', 'matplotlib'\n"
        "print([m for m in heavy if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "[]\n" == done.stdout


@pytest.mark.parametrize(
    "command", ["train", "distil", "transfer", "export", "evaluate", "compare", "search"]
)
def test_help_teaches(command: str) -> None:
    """Each command says what it reads, what it writes and what comes next."""
    result = invoke(command, "--help")

    assert 0 == result.exit_code
    assert len(result.output.splitlines()) > 10


def test_marked_teacher_answers(
    collections: Path, tiny_mpnet: Path, tiny_student: Path, tmp_path: Path
) -> None:
    """A teacher that sees no names, then what it answers, for students to come."""
    teacher, answers = tmp_path / "teacher", tmp_path / "answers"
    trained = invoke(
        *("train", collections, "--marked", "--strangers", "--from", tiny_mpnet),
        *("--epochs", 0.001, "--output", teacher),
    )
    assert 0 == trained.exit_code, trained.output
    assert '"strangers"' in trained.output
    answered = invoke(
        "answers", collections, "--teacher", teacher, "--output", answers, "--limit", 5
    )
    assert 0 == answered.exit_code, answered.output
    assert "5 questions answered" in answered.output

    student, model = tmp_path / "student", tmp_path / "model"
    learnt = invoke(
        *("distil", collections, "--answers", answers, "--from", tiny_student),
        *("--layers", 3, "--examples", 64, "--output", student),
    )
    assert 0 == learnt.exit_code, learnt.output
    exported = invoke("export", student, "--output", model)
    assert 0 == exported.exit_code, exported.output
    card = tomllib.loads((model / "model.toml").read_text())
    assert ("marks", 96) == (card["reads"], card["max_length"])
    assert "--answers .training/answers" in card["training"]["command"]
    assert "[TARGET]" in Model.load(model).tokenizer
    without = invoke("distil", collections, "--answers", answers, "--output", tmp_path / "t")
    assert 2 == without.exit_code
    assert "--from" in without.output

    unasked = invoke("distil", collections, "--teacher", teacher, "--output", tmp_path / "s")
    assert 1 == unasked.exit_code
    assert "it does not know names" in unasked.output

    refused = invoke("train", collections, tiny_mpnet, "--marked")
    assert 2 == refused.exit_code
    assert "--marked takes one folder" in refused.output
    unknown = invoke("train", collections, "--marked", "--leave-out", "cars")
    assert 1 == unknown.exit_code
    assert "no collection is called 'cars'; known are replab2013_train" in unknown.output
