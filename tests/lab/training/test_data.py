"""Reading of labelled and unlabelled tweets."""

import gzip
from pathlib import Path

import pytest

from monitor.lab.data import (
    NO_LABEL,
    Example,
    gist,
    hold_out,
    latest_apart,
    read,
    read_rows,
    rows_of,
)
from monitor.lab.errors import TrainingError
from tests.lab.training.conftest import write_rows


def test_labels_go_to_their_task(data: Path) -> None:
    """RepLab and other entity labels teach reputation, labels of whole tweets sentiment."""
    tweets = read([data])

    assert all(e.sentiment == NO_LABEL for e in tweets.replab + tweets.targeted)
    assert {0, 1, 2} == {e.reputation for e in tweets.replab}
    assert {0, 1, 2} == {e.sentiment for e in tweets.general}
    assert {(NO_LABEL, NO_LABEL)} == {(e.reputation, e.sentiment) for e in tweets.unlabelled}


def test_2014_test_split_is_left_out(data: Path) -> None:
    """TweetEval's training set has no SemEval 2014 test tweets."""
    row = {"text": "a very odd car", "label": "neutral", "split": "2014test"}
    write_rows(data / "semeval_A_train.jsonl.gz", [row])

    assert "a very odd car" not in read([data]).texts()


def test_topic_labels_are_toward_the_topic(data: Path) -> None:
    """A SemEval tweet may have a label as a whole and another toward its topic."""
    row = {"text": "a car", "label": "neutral", "entity": "Veloria", "topic_label": "positive"}
    write_rows(data / "semeval_A_train.jsonl.gz", [row])

    assert Example("a car", "Veloria", reputation=2, sentiment=1) in read([data]).general


def test_no_tweet_near_a_test_set(data: Path) -> None:
    """Nothing of the test entities is trained on, not even unlabelled."""
    rows = [{"text": "seen", "split": "train"}, {"text": "unseen", "split": "test"}]
    write_rows(data / "replab2013_unrelated.jsonl.gz", rows)

    assert "seen" in read([data]).texts()
    assert "unseen" not in read([data]).texts()


def test_latest_tweets_are_held_out() -> None:
    """Of each entity the last ones by id, without those that repeat an earlier one."""
    rows = [
        {"id": f"rl-{entity}-{time}", "entity": entity, "text": f"{entity} number {time}"}
        for entity in ("A", "B")
        for time in (30, 10, 20, 40)
    ]
    rows[3]["text"] = "RT @x: A number 10 http://t.co/1"
    learn, dev = latest_apart(rows, 0.25)

    assert ["rl-B-40"] == [row["id"] for row in dev]
    assert 6 == len(learn)


def test_gist_is_what_repeats_share() -> None:
    """Retweet marks, links, handles and signs do not make a tweet another."""
    assert gist("New car!") == gist("RT @veloria: new CAR http://t.co/x")


def test_left_out_names_are_held_out_only(data: Path) -> None:
    """Neither an entity nor a domain that is left out is learnt from."""
    rows = [
        {"id": str(i), "text": f"tweet {i}", "label": "neutral", "entity": entity, "domain": domain}
        for i, (entity, domain) in enumerate(
            [("A", "music"), ("B", "banking"), ("C", "banking")] * 20
        )
    ]
    write_rows(data / "replab2013_train.jsonl.gz", rows)
    tweets = read([data], ["A", "banking"])

    assert [] == tweets.replab
    assert {"A", "B", "C"} == {example.entity for example in tweets.dev["left_out"]}
    assert {"B", "C"} == {example.entity for example in read([data], ["A"]).replab}


def test_own_csv(tmp_path: Path) -> None:
    """With an entity a label is of reputation, without of sentiment, and a part is held out."""
    path = tmp_path / "mine.csv"
    lines = ["text,label,entity", '"so, late again",negative,North Bank', "lovely day,positive,"]
    path.write_text("\n".join(lines + ["bare,,"] + ["ok,neutral,North Bank"] * 23) + "\n")
    tweets = read([path])
    held = tweets.dev["mine"]

    assert 2 == len(held)
    everything = tweets.replab + tweets.general + held
    assert Example("so, late again", "North Bank", reputation=0) in everything
    assert Example("lovely day", sentiment=2) in everything
    assert [Example("bare")] == tweets.unlabelled


def test_own_file_without_sentiment_teaches_it_too(tmp_path: Path) -> None:
    """A head that nothing teaches would answer at random."""
    path = tmp_path / "mine.jsonl"
    path.write_text('{"text": "late", "label": "negative", "entity": "North Bank"}\n' * 3)

    assert {(0, 0)} == {(e.reputation, e.sentiment) for e in read([path]).replab}


def test_folder_and_own_file_together(data: Path, tmp_path: Path) -> None:
    """An owner's tweets join the collection's."""
    path = tmp_path / "mine.jsonl"
    path.write_text('{"text": "late again", "label": "negative", "entity": "North Bank"}\n')

    assert "late again" in read([data, path]).texts()
    assert len(read([data]).replab) + 1 == len(read([data, path]).replab)


def test_nothing_to_learn_from(tmp_path: Path) -> None:
    """An empty folder is told from a collection."""
    with pytest.raises(TrainingError, match="no labelled tweet"):
        read([tmp_path])


def test_hold_out_is_seeded_and_disjoint() -> None:
    """The same seed holds out the same tweets; together the parts are the whole."""
    examples = [Example(str(i)) for i in range(72)]
    learn, dev = hold_out(examples, 0.25, 7)

    assert (54, 18) == (len(learn), len(dev))
    assert (learn, dev) == hold_out(examples, 0.25, 7)
    assert sorted(map(repr, examples)) == sorted(map(repr, learn + dev))
    assert dev != hold_out(examples, 0.25, 8)[1]


def test_missing_file_is_named(tmp_path: Path) -> None:
    """The message says which file is missing."""
    with pytest.raises(TrainingError, match=r"nothing\.jsonl\.gz"):
        list(read_rows(tmp_path, "nothing"))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "not JSON"),
        ("[]", "not an object with a text"),
        ('{"text": 1}', "not an object with a text"),
        ('{"text": "a", "label": "mixed"}', "label is 'mixed', must be one of negative"),
        ('{"text": "a", "label": ["positive"]}', "label is"),
        ('{"text": "a", "entity": 3}', "entity is 3"),
    ],
)
def test_bad_line_is_named(tmp_path: Path, line: str, message: str) -> None:
    """The message says which line is broken, and how."""
    with gzip.open(tmp_path / "broken.jsonl.gz", "wt") as lines:
        lines.write('{"text": "good"}\n' + line + "\n")

    with pytest.raises(TrainingError, match=f"line 2: {message}"):
        list(read_rows(tmp_path, "broken"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("tweet,label\na,positive\n", "line 1: the header names no column text"),
        ("text,label\na,positive\nb,fine\n", "line 3: label is 'fine'"),
        ("text,label\na,positive,Acme\n", "line 2: more fields"),
        ('text,label\n"a,positive\n', "cannot read"),
    ],
)
def test_bad_csv_is_named(tmp_path: Path, content: str, message: str) -> None:
    """So are the mistakes that a table from elsewhere brings."""
    path = tmp_path / "mine.csv"
    path.write_text(content)

    with pytest.raises(TrainingError, match=message):
        list(rows_of(path))


def test_truncated_gzip_is_named(tmp_path: Path) -> None:
    """A half copied file is told, not half used."""
    path = tmp_path / "half.jsonl.gz"
    whole = gzip.compress(b'{"text": "a"}\n' * 1000)
    path.write_bytes(whole[: len(whole) // 2])

    with pytest.raises(TrainingError, match="cannot read"):
        list(rows_of(path))
