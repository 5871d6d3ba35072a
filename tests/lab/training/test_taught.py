"""A student learns from answers on disk."""

import json
import random
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from monitor.inference.marking import OTHER, TARGET
from monitor.lab.data import NO_LABEL
from monitor.lab.errors import TrainingError
from monitor.lab.training import answers, marked, plain, taught
from monitor.lab.training import network as networks
from monitor.lab.training.answers import TeacherQuestion
from monitor.lab.training.distil import hidden_loss
from monitor.lab.training.marked import MarkedSettings
from monitor.lab.training.measure import logits_of
from monitor.lab.training.plain import is_plain
from monitor.lab.training.provenance import commands_of
from monitor.lab.training.taught import (
    HiddenStateTeacher,
    TaughtSettings,
    offsets,
    read_answers,
    shown_as,
)
from monitor.lab.training.tokenization import build
from tests.lab.training.conftest import WORDS

SETTINGS = TaughtSettings(examples=192, batch=16, layers=3, learning_rate=3e-3)


@pytest.fixture
def answered(collections: Path, tiny_mpnet: Path, tmp_path: Path) -> Path:
    """What a teacher that has seen hardly anything answers to the first 60 questions."""
    made = MarkedSettings(str(tiny_mpnet), passes=0.002, batch=32)
    marked.train(collections, tmp_path / "teacher", made)
    answers.compute(collections, tmp_path / "teacher", tmp_path / "answers", limit=60)
    return tmp_path / "answers"


def test_a_student_is_taught(
    answered: Path, tiny_student: Path, collections: Path, tmp_path: Path
) -> None:
    """It comes nearer to its teacher, has the layers asked for, and says how it fares."""
    record = taught.distil(collections, answered, tiny_student, tmp_path / "student", SETTINGS)
    network, tokenizer, saved = networks.load(tmp_path / "student")
    before, words, _ = taught.beginning(tiny_student, 3)

    assert json.loads(json.dumps(record)) == saved
    assert (3, "marked") == (saved["settings"]["structure"]["layers"], saved["settings"]["naming"])
    assert {"tweeteval", "brands"} <= set(saved["dev"])
    assert 0 < saved["calibration"]["reputation"]["temperature"]
    assert words.get_vocab() == tokenizer.get_vocab()
    assert saved == taught.distil(
        collections, answered, tiny_student, tmp_path / "student", SETTINGS
    )

    said = read_answers(answered, collections)
    examples = [shown_as(each, random.Random(1)) for each in said.asked]
    theirs = said.logits.float().softmax(-1)

    def far(student: networks.Network) -> float:
        ours = logits_of(student, tokenizer, examples, 96)
        both = torch.stack([ours["reputation"], ours["sentiment"]], 1).softmax(-1)
        return float((both - theirs).abs().mean())

    assert far(network) < far(before)


def test_the_first_questions(answered: Path, collections: Path) -> None:
    """So many as wanted, in their order, with the answers that are theirs."""
    few, all_of_them = read_answers(answered, collections, 10), read_answers(answered, collections)

    assert (10, 60) == (len(few.asked), len(all_of_them.asked))
    assert few.asked == all_of_them.asked[:10]
    assert np.array_equal(few.logits, all_of_them.logits[:10])
    assert few.pooled is not None
    assert (10, 16) == few.pooled.shape


def test_answers_without_texts(
    answered: Path, tiny_student: Path, collections: Path, tmp_path: Path
) -> None:
    """The texts are put together again, from the same data alone; vectors may be missing."""
    expected = read_answers(answered, collections).asked
    (answered / "questions.jsonl.gz").unlink()
    (answered / "pooled.npy").unlink()
    other = tmp_path / "other"
    shutil.copytree(collections, other)
    (other / "compsent19.jsonl.gz").unlink()
    with pytest.raises(TrainingError, match="to other texts"):
        read_answers(answered, other)

    assert expected == read_answers(answered, collections).asked
    record = taught.distil(collections, answered, tiny_student, tmp_path / "student", SETTINGS)
    assert {"tweeteval", "brands"} <= set(record["dev"])


def test_no_answers(tmp_path: Path) -> None:
    """It says who writes them."""
    with pytest.raises(TrainingError, match="monitor answers"):
        read_answers(tmp_path, tmp_path)


def test_some_mentions_are_missed() -> None:
    """As often as said, by a name in its place; nothing else of the text changes."""
    chance = random.Random(0)
    asked = TeacherQuestion(f"{TARGET} beats {OTHER}", TARGET, "compsent19", 2)
    texts = [shown_as(asked, chance).text for _ in range(2000)]

    assert 0.07 < sum(TARGET not in text for text in texts) / 2000 < 0.13
    assert 0.16 < sum(OTHER not in text for text in texts) / 2000 < 0.24
    assert all(" beats " in text for text in texts)
    nobody = replace(asked, text="a car", question=None)
    assert {"a car"} == {shown_as(nobody, chance).text for _ in range(100)}


def test_shares_of_labels_are_taken_out(answered: Path, collections: Path) -> None:
    """Those of a text's group, of its collection where the group is unknown, else none."""
    said = read_answers(answered, collections)
    shares = said.teacher["shares"]["reputation"]
    asked = [
        TeacherQuestion("", None, group) for group in ("compsent19", "compsent19:x", "nowhere")
    ]
    found = offsets(replace(said, asked=asked), "reputation")
    own = torch.tensor(shares["compsent19"]) - torch.tensor(shares[""])

    torch.testing.assert_close(found, torch.stack([own, own, torch.zeros(3)]))


def test_a_pretrained_encoder_is_taught(
    answered: Path, tiny_bert: Path, collections: Path, tmp_path: Path
) -> None:
    """It becomes a MobileBERT without bottlenecks, and its record says how."""
    settings = replace(SETTINGS, layers=0)
    record = taught.distil(collections, answered, tiny_bert, tmp_path / "student", settings)

    assert 0 == record["settings"]["structure"]["bottleneck"]
    assert "--answers .training/answers --from tiny-bert " in commands_of(record)[-1]
    assert is_plain(networks.load(tmp_path / "student")[0])
    assert taught.learning_rate_from(tiny_bert) < taught.learning_rate_from(tmp_path / "student")
    with pytest.raises(TrainingError, match="into a student only"):
        taught.beginning(tiny_bert, 3)


def test_a_second_teacher(
    answered: Path, tiny_student: Path, collections: Path, tmp_path: Path
) -> None:
    """A student learns another's hidden states; the second teacher's own training comes first."""
    few = replace(SETTINGS, layers=0, examples=32)
    taught.distil(collections, answered, tiny_student, tmp_path / "tutor", few)
    network, tokenizer, _ = networks.load(tmp_path / "tutor")
    record = taught.distil(
        collections, answered, tiny_student, tmp_path / "student", few, tmp_path / "tutor"
    )
    student, words, _ = networks.load(tmp_path / "student")
    before, _, _ = taught.beginning(tiny_student, 0)
    ids = torch.tensor([tokenizer.encode("the bank is great", TARGET).ids])
    second = HiddenStateTeacher(tmp_path / "tutor", student, words)

    def far(one: networks.Network) -> float:
        with torch.inference_mode():
            return float(hidden_loss(one.eval()(ids, ids * 0)[1], second(ids, ids * 0), ids != 0))

    assert far(network) < 1e-6
    assert far(student) < far(before)
    commands = commands_of(record)
    assert commands[-2].endswith("--output .training/tutor")
    assert commands[-1].endswith("--tutor .training/tutor")
    deeper, words, _ = taught.beginning(tiny_student, 3)
    with pytest.raises(TrainingError, match="not as deep"):
        HiddenStateTeacher(tmp_path / "tutor", deeper, words)


def test_a_second_teacher_reads_the_students_words(tiny_bert: Path, tmp_path: Path) -> None:
    """What the student has other ids for is the same to the second teacher."""
    network, tokenizer = plain.begun_from(str(tiny_bert))
    networks.save(network, tokenizer, {}, tmp_path / "tutor")
    ours = build({word: place for place, word in enumerate(["[PAD]", *reversed(WORDS[1:])])})
    second = HiddenStateTeacher(tmp_path / "tutor", network, ours)
    text = "the bank is great"
    mine, theirs = (torch.tensor([words.encode(text).ids]) for words in (ours, tokenizer))

    assert not torch.equal(mine, theirs)
    expected = network.eval()(theirs, theirs * 0)[1]
    for own, other in zip(second(mine, mine * 0), expected, strict=True):
        torch.testing.assert_close(own, other)


def test_labels_alone(
    answered: Path, tiny_student: Path, collections: Path, tmp_path: Path
) -> None:
    """Questions that the teacher was not asked are learnt from by their labels."""
    said = read_answers(answered, collections, 10, labelled=5)
    record = taught.distil(
        collections,
        answered,
        tiny_student,
        tmp_path / "student",
        replace(SETTINGS, layers=0, questions=10, labelled=5, examples=32),
    )

    assert (10, 5) == (len(said.asked), len(said.labelled))
    assert all(NO_LABEL != max(one.reputation, one.sentiment) for one in said.labelled)
    assert not {*said.labelled} & {*said.asked}
    assert {"questions": 10, "labelled": 5} == record["tweets"]
    assert " --questions 10 --labelled 5 " in commands_of(record)[-1]
