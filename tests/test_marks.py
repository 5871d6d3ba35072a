"""A model that reads marks gets them through every door: the tokens that the interpreter is given.

Its labels mean nothing, since its network has not learnt marks.
"""

from __future__ import annotations

import json
import pickle
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from click.testing import CliRunner
from tokenizers import Tokenizer

from monitor import __version__
from monitor.archive.formats import Chunk
from monitor.archive.inputs import Input
from monitor.archive.json_lines import JsonLines
from monitor.archive.question import Columns
from monitor.archive.stream import Piece, Work
from monitor.cli import main
from monitor.daemon import checks
from monitor.inference import Classifier, Interpreter, Model, ModelError
from monitor.lab.evaluation.behaviour.cases import FOLDER
from monitor.lab.evaluation.behaviour.run import run
from monitor.lab.evaluation.command import evaluate
from monitor.tweets import Entity
from tests.faults.ledger import publish
from tests.marked import MARKS, reading_marks
from tests.processes import Daemon, Mosquitto

ENTITIES = (Entity("Norwick Bank", aliases=("@norwickhelp",)), Entity("Veloria"))
CONFIG = """
[[entities]]
name = "Norwick Bank"
aliases = ["@norwickhelp"]
[[entities]]
name = "Veloria"
"""
TEXT = "Veloria beats @norwickhelp 😂😂"
BANK = "[CLS] [OTHER] beats [TARGET] face with tears of joy [SEP] [TARGET] [SEP]"
VELORIA = "[CLS] [TARGET] beats [OTHER] face with tears of joy [SEP] [TARGET] [SEP]"
NOBODY = "[CLS] ve ##lor ##ia beats @ user face with tears of joy [SEP]"
UNTOLD = "[CLS] ve ##lor ##ia beats @ user face with tears of joy [SEP] [TARGET] [SEP]"


@pytest.fixture
def marked(model: Model, tmp_path: Path) -> Model:
    """The shipped network, reading marks."""
    return reading_marks(model, tmp_path / "model")


@pytest.fixture
def given(marked: Model, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tokens of every row that an interpreter is given, in the order in which they come."""
    rows: list[str] = []
    tokenizer = Tokenizer.from_str(marked.tokenizer)
    run = Interpreter.__call__

    def listen(
        interpreter: Interpreter, ids: npt.NDArray[np.int32], segments: npt.NDArray[np.int32]
    ) -> dict[str, npt.NDArray[np.float32]]:
        words = [[str(tokenizer.id_to_token(token)) for token in row if token] for row in ids]
        rows.extend(" ".join(row) for row in words if len(row) > 1)  # a first run has one token
        return run(interpreter, ids, segments)

    monkeypatch.setattr(Interpreter, "__call__", listen)
    return rows


@pytest.fixture
def config(tmp_path: Path, marked: Model) -> Path:
    """A configuration of both entities."""
    path = tmp_path / "config.toml"
    path.write_text(f'{CONFIG}\n[model]\npath = "{marked.folder}"\n')
    return path


def test_the_classifier(marked: Model, given: list[str]) -> None:
    """Who is asked about is marked, and who is another; emoji are words."""
    with Classifier(marked, 1, entities=ENTITIES) as classifier:
        for entity in ("Norwick Bank", "Veloria", None):
            classifier.classify([(TEXT, entity)])
    with Classifier(marked, 1) as classifier:
        classifier.classify([(TEXT, "Norwick Bank")])

    assert [BANK, VELORIA, NOBODY, UNTOLD] == given


def test_a_model_that_reads_names_is_told_of_none(names_model: Model, given: list[str]) -> None:
    """Whoever is configured."""
    with Classifier(names_model, 1, entities=ENTITIES) as classifier:
        classifier.classify([("Veloria", "Veloria")])

    assert ["[CLS] ve ##lor ##ia [SEP] ve ##lor ##ia [SEP]"] == given


def test_long_texts(marked: Model) -> None:
    """What is cut before it is tokenized has the same tokens as all of it, also in emoji."""
    tokenizer = Tokenizer.from_str(marked.tokenizer)
    tokenizer.enable_truncation(marked.max_length)
    with Classifier(marked, 1, entities=ENTITIES) as classifier:
        for part in (
            "Veloria is late and ",
            "😂 Veloria ",
            "Veloriaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa ",
        ):
            (read,) = classifier.read([(part * 200, "Veloria")])
            (found,) = classifier.tokenize([(part * 200, "Veloria")])
            spelt = read.text.replace("😂", "face with tears of joy")
            assert tokenizer.encode(spelt, read.question).ids == found.ids


def test_no_name_decides(marked: Model) -> None:
    """The same words about anybody have the same answer."""
    names = ["Norwick Bank", "Veloria", "Zento", "Žofia Ó Brien"]
    with Classifier(marked, 1, entities=ENTITIES) as classifier:
        answers = [
            classifier.classify([(f"Three hours, then {name} closed the desk", name)])[0]
            for name in names
        ]

    assert all(answer == answers[0] for answer in answers)


def test_the_known_tweet_is_asked_as_it_was(marked: Model, given: list[str]) -> None:
    """What an owner has configured changes nothing about it; training marks it so, too."""
    entities = [Entity("service desk", ("car", "year")), Entity("V", (str(marked.known.entity),))]
    with Classifier(marked, 1, entities=entities) as classifier:
        classifier.check()

    assert "that my [TARGET] breaks down" in given[-1]
    assert given[-1].endswith("[SEP] [TARGET] [SEP]")
    assert "[OTHER]" not in given[-1]


def test_a_tokenizer_without_marks_is_refused(model: Model) -> None:
    """One that would take a mark for a word in brackets."""
    spec = json.loads(model.tokenizer)
    words = spec["model"]["vocab"]
    spec["model"]["vocab"] = {word: words[word] for word in words if word not in MARKS}
    spec["added_tokens"] = [one for one in spec["added_tokens"] if one["content"] not in MARKS]
    without = replace(model, reads="marks", tokenizer=json.dumps(spec))
    with pytest.raises(ModelError, match=r"\[TARGET\] is no token of it, .* export it again"):
        Classifier(without, workers=1)


def test_classify(marked: Model, given: list[str], config: Path, tmp_path: Path) -> None:
    """Arguments, standard input and files, with a configuration or without."""
    rows = json.dumps({"text": TEXT, "entity": "Veloria"})
    (tmp_path / "in.jsonl").write_text(rows)
    model = ("--model", str(marked.folder), "--workers", "1")

    def classify(*arguments: object, stdin: str | None = None) -> None:
        result = CliRunner().invoke(main, ["classify", *map(str, arguments), *model], input=stdin)
        assert 0 == result.exit_code, result.output

    classify("--config", config, "--entity", "norwick bank", TEXT)
    classify("--config", config, stdin=rows)
    classify("--entity", "Norwick Bank", TEXT)
    assert [BANK, VELORIA, UNTOLD] == given


def test_classify_files(
    marked: Model, names_model: Model, given: list[str], config: Path, tmp_path: Path
) -> None:
    """What was labelled under one configuration is not mixed with what is under another."""
    (tmp_path / "in.jsonl").write_text(json.dumps({"text": TEXT, "entity": "Veloria"}))
    configured = ("--config", str(config))

    def classify(model: str, *options: str) -> tuple[int, str]:
        out = tmp_path / Path(model).name
        arguments = [str(tmp_path / "in.jsonl"), "--output", str(out / "out"), "--model", model]
        result = CliRunner().invoke(main, ["classify", *arguments, *options])
        return result.exit_code, result.stderr

    assert 0 == classify(str(marked.folder), *configured)[0]
    assert [VELORIA] == given[-1:]
    code, said = classify(str(marked.folder))
    assert (2, True) == (code, "was made with entities = '2, SHA-256 " in said), said
    assert "complete already" in classify(str(marked.folder), *configured)[1]
    # To one that reads names it makes no difference.
    assert 0 == classify(str(names_model.folder), *configured)[0]
    assert "complete already" in classify(str(names_model.folder))[1]


def test_workers_of_a_cluster(marked: Model, given: list[str]) -> None:
    """Each gets the configured entities with the question."""
    pytest.importorskip("ray")
    from monitor.archive.cluster import _ITEM, _table, _Worker

    line = json.dumps({"text": TEXT, "entity": "Veloria"}).encode()
    work = Work(
        Input(Path("a"), JsonLines(gzipped=False), len(line), 0, 0o600),
        Chunk([(1, line)], True, 1.0),
    )
    question = pickle.loads(pickle.dumps(Columns("reputation", entities=ENTITIES)))
    labelled = _Worker(marked, "auto", question, __version__)(_table(work))

    assert isinstance(pickle.loads(labelled[_ITEM][0].as_buffer()), Piece)
    assert [VELORIA] == given[-1:]


def test_explain(marked: Model, given: list[str], config: Path) -> None:
    """Words of what is read are left out: a mark as a whole, and no rest of a name is a mention."""
    options = ("--config", str(config), "--model", str(marked.folder), "--json")
    text = "Norwick Bank beats Veloria"
    result = CliRunner().invoke(main, ["explain", "--entity", "Norwick Bank", text, *options])
    found = json.loads(result.stdout)

    assert {"text": "[TARGET] beats [OTHER]", "question": "[TARGET]"} == found["read"]
    assert ["[TARGET]", "beats", "[OTHER]"] == [word["word"] for word in found["words"]]
    assert {
        "[CLS] [TARGET] beats [OTHER] [SEP] [TARGET] [SEP]",
        "[CLS] beats [OTHER] [SEP] [TARGET] [SEP]",
        "[CLS] [TARGET] [OTHER] [SEP] [TARGET] [SEP]",
        "[CLS] [TARGET] beats [SEP] [TARGET] [SEP]",
        "[CLS] nor ##wick bank beats ve ##lor ##ia [SEP]",
    } == set(given)


def test_check(config: Path) -> None:
    """The model's known tweet comes out right whatever of it is configured."""
    config.write_text(f'{config.read_text()}\n[[entities]]\nname = "service desk"\n')
    said: list[str] = []
    checks.run(config, lambda line: said.append(str(line)))

    (of_model,) = [line for line in said if line.startswith("model ")]
    assert "hashes, labels and the known tweet are right; some " in of_model


def test_the_daemon(
    mosquitto: Mosquitto, make_daemon: Callable[..., Daemon], config: Path, marked: Model
) -> None:
    """It tells the model of its configured entities: under each name the answer is the same."""
    daemon = make_daemon(mosquitto.port, MONITOR_MODEL_PATH=str(marked.folder))
    daemon.program = [*daemon.program, "--config", str(config)]
    daemon.start()
    names = ("Norwick Bank", "@norwickhelp", "#norwickbank", "Veloria")
    texts = [f"Three hours in the queue, then {name} closed the desk" for name in names]
    rows = [(str(i), json.dumps({"id": str(i), "text": text})) for i, text in enumerate(texts)]
    publish(mosquitto.port, [(id_, row.encode()) for id_, row in rows])
    daemon.wait_stored(len(texts))

    assert [("Norwick Bank", 3), ("Veloria", 1)] == daemon.rows(
        "SELECT entity, count(*) FROM labelled GROUP BY entity"
    )
    answers = "reputation_negative, reputation_positive, sentiment_negative, sentiment_positive"
    assert 1 == len(daemon.rows(f"SELECT DISTINCT {answers} FROM labels"))
    assert 0 == daemon.stop()


def test_evaluate(marked: Model, given: list[str], config: Path, tmp_path: Path) -> None:
    """Those of one text are known, or those of the configuration with their aliases."""
    plain = "Veloria beats Norwick Bank"
    rows = [{"text": plain, "label": "positive", "entity": "Veloria"}]
    rows += [{"text": plain, "label": "negative", "entity": "Norwick Bank"}]
    rows += [{"text": TEXT, "label": "negative", "entity": "Norwick Bank"}]
    path = tmp_path / "own.jsonl"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))

    def asked(*more: str) -> set[str]:
        given.clear()
        options = ("--model", str(marked.folder), "--resamples", "100", "--workers", "1")
        result = CliRunner().invoke(evaluate, [str(path), *options, *more])
        assert 0 == result.exit_code, result.output
        return set(given[: len(rows)])  # then comes what only time is taken of

    both = {
        f"[CLS] {text} [SEP] [TARGET] [SEP]"
        for text in ("[TARGET] beats [OTHER]", "[OTHER] beats [TARGET]")
    }
    assert both | {UNTOLD} == asked()
    assert both | {BANK} == asked("--config", str(config))
    assert "[CLS] ve ##lor ##ia beats nor ##wick bank [SEP]" in asked("--without-entity")


def test_behaviour(marked: Model, given: list[str], tmp_path: Path) -> None:
    """In a comparison the other is another, whoever the two are."""
    folder = tmp_path / "cases"
    folder.mkdir()
    shutil.copy(FOLDER / "names.toml", folder)
    (folder / "open.toml").write_text(
        'cases = [{ id = "c", kind = "comparison", label = "positive", other = "negative",'
        ' text = "{@name} beats {other}" }]'
    )
    run(marked.folder, "open", workers=1, whole=False, folder=folder)

    assert {
        "[CLS] [TARGET] beats [OTHER] [SEP] [TARGET] [SEP]",
        "[CLS] [OTHER] beats [TARGET] [SEP] [TARGET] [SEP]",
    } == set(given)
