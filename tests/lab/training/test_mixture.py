"""The collections, mixed."""

import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from monitor.inference.marking import Marks
from monitor.lab.data import NO_LABEL, Example
from monitor.lab.errors import TrainingError
from monitor.lab.training import mixture
from monitor.lab.training.mixture import (
    MixtureRow,
    asked,
    describe,
    draw,
    held_out_texts,
    invented,
    read_mixture,
    strangers,
)
from monitor.tweets import Entity
from tests.lab.training.conftest import row, words, write_rows


def texts(rows: Sequence[MixtureRow]) -> set[str]:
    """Return their texts."""
    return {each.text for each in rows}


def test_nothing_that_is_measured_on_is_learnt_from(collections: Path) -> None:
    """Neither a text, whoever it is asked about, nor a left-out entity."""
    found = read_mixture(collections, leave_out=True)
    learnt = set().union(*(texts(rows) for rows in found.learn.values()))
    measured = set().union(*(texts(rows) for rows in found.dev.values()))

    assert {"replab2013_train", "strangers", "compsent19", "tweeteval", "brands"} == set(found.dev)
    assert not learnt & measured
    left_out = {each.target for each in found.dev["strangers"]}
    assert 4 == len(left_out)
    assert not left_out & {each.target for each in found.learn["replab2013_train"]}
    entities = {each.target for each in found.dev["compsent19"]}
    assert not entities & {each.target for each in found.learn["compsent19"]}


def test_always_the_same_is_held_out(collections: Path) -> None:
    """No random state, no order of files decides."""
    once, again = (read_mixture(collections, leave_out=False) for _ in range(2))

    assert once == again
    assert "strangers" not in once.dev
    assert 6 == len({each.target for each in once.learn["replab2013_train"]})


def test_everybody_in_a_text_is_known(collections: Path) -> None:
    """Two rows of one text tell of each other's entity: one is the target, the other the other."""
    found = read_mixture(collections, leave_out=False)
    pair = [each for each in found.learn["compsent19"] if "A7a" in each.text][:2]

    assert ["[TARGET] beats [OTHER]", "[OTHER] beats [TARGET]"] == [
        asked(each).text.partition(": ")[2] for each in pair
    ]
    assert {"[TARGET]"} == {asked(each).entity for each in pair}


def test_labels_teach_their_own_task(collections: Path) -> None:
    """One toward an entity is of reputation, one of a whole text of sentiment."""
    found = read_mixture(collections, leave_out=False)

    for each in found.learn["compsent19"]:
        assert each.reputation != NO_LABEL == each.sentiment
    for each in found.learn["kaggle_tse"]:
        assert each.sentiment != NO_LABEL == each.reputation
        assert each.target is None


def test_few_entities_are_held_out_by_text() -> None:
    """Where one entity would be half of a collection, some texts about each are held out."""
    rows = [row(i, words(i), f"E{i % 2}") for i in range(500)]

    assert 10 < len(held_out_texts(rows)) < 100


def test_two_strangers_a_domain() -> None:
    """From the middle of the alphabet, so that no domain is without."""
    rows = [{"domain": "cars", "entity": name} for name in "ABCDEF"]

    assert ("C", "E", "Z") == strangers([*rows, {"domain": "zoo", "entity": "Z"}])


def test_rows_that_no_text_can_tell() -> None:
    """Of politics, only tweets that name the politician are learnt from."""
    rows = [row(0, "vote Bernie", "Bernie Sanders"), row(1, "vote!", "Bernie Sanders")]

    assert ["vote Bernie"] == [each.text for each in describe("pstance", rows)]


def test_names_in_the_place_of_marks() -> None:
    """What stands for the target in the text can stand as the question, too."""
    one = MixtureRow("s", "Veloria rocks 😂", "Veloria", (Entity("Veloria"),), reputation=2)

    assert Example("[TARGET] rocks face with tears of joy", "[TARGET]", 2) == asked(one)
    assert "Zen rocks" in (zen := asked(one, Marks("Zen"), "Zen")).text
    assert "Zen" == zen.entity


def test_no_collection_there(tmp_path: Path) -> None:
    """One line says what is missing."""
    with pytest.raises(TrainingError, match="no labelled collection in"):
        read_mixture(tmp_path, leave_out=False)


def test_draws() -> None:
    """Numbers that look random, and names that nobody has."""
    assert draw("a") == draw("a") != draw("b")
    assert 0.4 < sum(draw(str(i)) for i in range(500)) / 500 < 0.6
    names = {invented(random.Random(i)) for i in range(30)}
    assert len(names) > 25
    assert all(name.isalpha() and name.istitle() for name in names)
    assert all(len(part) == 2 for part in mixture.SYLLABLES)


def test_a_collection_left_out(collections: Path) -> None:
    """Nothing is learnt from it, nor from a text of it elsewhere; all of it can be measured on."""
    found = read_mixture(collections, leave_out=False, without=["compsent19"])

    assert not found.learn["compsent19"]
    assert 400 == len(found.dev["compsent19"])
    assert found.learn["kaggle_tse"]


def test_nothing_of_what_is_scored_on(collections: Path) -> None:
    """A text that a test file repeats is not learnt from."""
    text = read_mixture(collections, leave_out=False).learn["kaggle_tse"][0].text
    write_rows(collections / "sts_gold.jsonl.gz", [{"id": 1, "text": text, "label": "neutral"}])
    after = read_mixture(collections, leave_out=False).learn["kaggle_tse"]

    assert text not in {row.text for row in after}
