"""Reading of the data folder."""

import gzip
from pathlib import Path

import pytest

from monitor.training.data import NO_LABEL, hold_out, labelled, read_rows, unlabelled
from monitor.training.errors import TrainingError
from tests.training.conftest import write_rows


def test_labels_go_to_their_task(data: Path) -> None:
    """SemEval labels sentiment only, RepLab reputation only."""
    examples = labelled(data)

    assert 72 == len(examples)
    assert all(example.reputation == NO_LABEL for example in examples[:36])
    assert all(example.sentiment == NO_LABEL for example in examples[36:])
    assert {0, 1, 2} == {example.sentiment for example in examples[:36]}


def test_2014_test_split_is_left_out(data: Path) -> None:
    """TweetEval's training set has no SemEval 2014 test tweets."""
    row = {"text": "a car", "label": "neutral", "split": "2014test"}
    write_rows(data / "semeval_A_train.jsonl.gz", [row])

    assert all(example.sentiment == NO_LABEL for example in labelled(data))


def test_unlabelled_has_no_labels_and_no_test_tweets(data: Path) -> None:
    """Nothing of the test entities is trained on, and no label of another kind slips in."""
    rows = [{"text": "seen", "split": "train"}, {"text": "unseen", "split": "test"}]
    write_rows(data / "replab2013_unrelated.jsonl.gz", rows)
    examples = unlabelled(data)

    assert "seen" in {example.text for example in examples}
    assert "unseen" not in {example.text for example in examples}
    assert {(NO_LABEL, NO_LABEL)} == {(e.reputation, e.sentiment) for e in examples}


def test_hold_out_is_seeded_and_disjoint(data: Path) -> None:
    """The same seed holds out the same tweets; together the parts are the whole."""
    examples = labelled(data)
    learn, dev = hold_out(examples, 0.25, 7)

    assert (54, 18) == (len(learn), len(dev))
    assert (learn, dev) == hold_out(examples, 0.25, 7)
    assert sorted(map(repr, examples)) == sorted(map(repr, learn + dev))
    assert dev != hold_out(examples, 0.25, 8)[1]


def test_missing_file_is_named(tmp_path: Path) -> None:
    """The message says which file is missing."""
    with pytest.raises(TrainingError, match=r"nothing\.jsonl\.gz"):
        list(read_rows(tmp_path, "nothing"))


@pytest.mark.parametrize("line", ["{", "[]", '{"text": 1}'])
def test_bad_line_is_named(tmp_path: Path, line: str) -> None:
    """The message says which line is broken."""
    with gzip.open(tmp_path / "broken.jsonl.gz", "wt") as lines:
        lines.write('{"text": "good"}\n' + line + "\n")

    with pytest.raises(TrainingError, match="line 2"):
        list(read_rows(tmp_path, "broken"))
