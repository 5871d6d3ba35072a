"""A teacher's answers, computed once."""

import json
import os
import random
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from monitor.inference.marking import spell_emoji
from monitor.lab.errors import Interrupted, TrainingError
from monitor.lab.training import answers, marked
from monitor.lab.training import network as networks
from monitor.lab.training.answers import NAME, compute, questions_in, read_questions
from monitor.lab.training.marked import MarkedSettings
from monitor.lab.training.mixture import read_mixture
from tests.lab.training.conftest import words


@pytest.fixture
def taught(collections: Path, tiny_mpnet: Path, tmp_path: Path) -> Path:
    """A folder with a teacher that has seen hardly anything."""
    settings = MarkedSettings(str(tiny_mpnet), passes=0.002, batch=32)
    marked.train(collections, tmp_path / "taught", settings)
    return tmp_path / "taught"


def test_every_text_about_everybody_in_it(collections: Path) -> None:
    """About each name, and about nobody; each once, nothing that is held out."""
    asked = questions_in(collections, False, random.Random(0))
    about = {(each.text, each.question) for each in asked}

    assert len(about) == len(asked)
    before = f"{words(405)}: "
    for other, another in (("[OTHER]", "[OTHER]"), ("A5a", "B5b")):  # marked or not
        if (f"{before}[TARGET] beats {another}", "[TARGET]") in about:
            assert (f"{before}{other} beats [TARGET]", "[TARGET]") in about
            break
    else:
        pytest.fail("the comparison is not asked about")
    assert (before + "A5a beats B5b", None) in about
    assert ("today I like Orla Music and @user", None) in about
    assert 3 == len({each.text for each in asked if each.group == "unlabelled"})
    (labelled,) = [each for each in asked if each.text.startswith(before + "[TARGET] beats")]
    assert ("compsent19", 2) == (labelled.group, labelled.reputation)
    marked = sum("[OTHER]" in each.text for each in asked if each.question)
    assert 0.3 < marked / sum("beats" in each.text for each in asked if each.question) < 0.7
    held = read_mixture(collections, leave_out=False).dev["tweeteval"]
    assert not {row.text for row in held} & {each.text for each in asked}


def test_answers_are_the_networks(taught: Path, collections: Path, tmp_path: Path) -> None:
    """What is on the disk is what the teacher says to each question in its place."""
    count = compute(collections, taught, tmp_path / "answers", limit=20)
    asked = read_questions(tmp_path / "answers" / "questions.jsonl.gz")
    logits = np.load(tmp_path / "answers" / "logits.npy")
    pooled = np.load(tmp_path / "answers" / "pooled.npy")
    network, tokenizer, _ = networks.load(taught)

    assert (20, len(asked)) == (count, len(logits))
    for place in (0, 19):
        each = asked[place]
        encoding = tokenizer.encode(spell_emoji(each.text), each.question)
        ids = torch.tensor([encoding.ids])
        with torch.no_grad():
            expected, states = network(ids, torch.zeros_like(ids))
        assert np.allclose(expected["reputation"][0], logits[place, 0], atol=1e-2)
        assert np.allclose(expected["sentiment"][0], logits[place, 1], atol=1e-2)
        assert np.allclose(states[-1][0].mean(0), pooled[place], atol=1e-2)
    assert not logits[20:].any()


def test_stopped_and_run_again(
    taught: Path, collections: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Goes on with the chunk after the last whole one; a finished run does nothing."""
    monkeypatch.setattr(answers, "CHUNK", 200)
    straight = compute(collections, taught, tmp_path / "straight")
    answer = answers.answer
    calls = 0

    def stopping(*arguments: Any) -> Any:  # noqa: ANN401
        nonlocal calls
        calls += 1
        if calls == 2:
            os.kill(os.getpid(), signal.SIGTERM)
        return answer(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(answers, "answer", stopping)
        with pytest.raises(Interrupted, match="after 400 of"):
            compute(collections, taught, tmp_path / "again")
    assert straight == compute(collections, taught, tmp_path / "again")
    for name in ("logits.npy", "pooled.npy"):
        expected = (tmp_path / "straight" / name).read_bytes()
        assert expected == (tmp_path / "again" / name).read_bytes()
    monkeypatch.delattr(answers, "answer")
    assert straight == compute(collections, taught, tmp_path / "again")


def test_what_does_not_fit_is_told(taught: Path, collections: Path, tmp_path: Path) -> None:
    """Another teacher's answers, and a teacher that cannot be asked so."""
    compute(collections, taught, tmp_path / "answers", limit=1)
    record = json.loads((taught / "training.json").read_text())
    record["settings"]["seed"] = 9
    (taught / "training.json").write_text(json.dumps(record))
    with pytest.raises(TrainingError, match="another teacher's answers"):
        compute(collections, taught, tmp_path / "answers")

    del record["settings"]["naming"]
    (taught / "training.json").write_text(json.dumps(record))
    with pytest.raises(TrainingError, match="not trained with --marked"):
        compute(collections, taught, tmp_path / "answers")


def test_what_looks_like_a_name() -> None:
    """Handles, and words with capitals that do not begin a sentence."""
    assert ["@bob_7", "Orla Music"] == NAME.findall("Well @bob_7 likes Orla Music. Today too")
    assert [] == NAME.findall("Today I am NOT OK. What a day")
