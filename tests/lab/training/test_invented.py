"""Sentences of this project's own: every line can be said, and none is a behaviour case."""

import random
import re

import pytest

from monitor.inference.marking import TARGET
from monitor.lab.errors import TrainingError
from monitor.lab.evaluation.behaviour.cases import HALVES, read_cases
from monitor.lab.training.answers import labelled
from monitor.lab.training.invented import sentences
from monitor.lab.training.invented.grammar import named, said

WORDS = {"place": ["Hull"], "n": ["two", "three"]}


def five_in_a_row(text: str) -> set[tuple[str, ...]]:
    """Return every five words that follow each other, all names being one word."""
    plain = re.sub(r"\{[^}]*\}", " NAME ", text).lower()
    words = re.findall(r"[\w']+", plain)
    return {tuple(words[at : at + 5]) for at in range(len(words) - 4)}


def test_no_sentence_is_one_that_behaviour_is_tested_with() -> None:
    """Nor shares five words in a row with one."""
    tested: set[tuple[str, ...]] = set()
    for half in HALVES:
        for case in read_cases(half):
            tested |= five_in_a_row(case.text) | five_in_a_row(case.plain or "")
    groups, words = sentences.read()
    for group in groups:
        for line in group.lines:
            for seed in range(40):
                text = said(line, words, random.Random(seed))
                assert not five_in_a_row(text) & tested, line


def test_rows_name_whom_they_are_about() -> None:
    """Asked about anybody, the text has the mark of who is asked about."""
    count = 3 * sum(len(group.lines) for group in sentences.read()[0])
    rows = list(sentences.rows(count, random.Random(1)))
    assert count == len(rows)
    assert all(TARGET in labelled(row).text for row in rows)
    assert {0, 1, 2} == {row.reputation for row in rows}
    assert 0.98 * count < len({row.text for row in rows})


def test_the_same_seed_says_the_same() -> None:
    """Training can be repeated."""
    once, again = (list(sentences.rows(50, random.Random(7))) for _ in range(2))
    assert once == again


def test_choices_may_be_empty_and_nested() -> None:
    """Spaces that an empty choice leaves are none."""
    said_so = {
        said("{name} (is (so |)late|came)( today|).", WORDS, random.Random(i)) for i in range(60)
    }
    assert {
        "{name} is so late today.",
        "{name} is so late.",
        "{name} is late today.",
        "{name} is late.",
        "{name} came today.",
        "{name} came.",
    } == said_so


def test_words_and_names_are_filled_in() -> None:
    """Handles and hashtags are one word."""
    text = said("{@name} {name's} {#other} in {place}", WORDS, random.Random(0))
    names = {"name": "Vela Bus", "other": "Norwick"}
    assert "@VelaBus Vela Bus' #Norwick in Hull" == named(text, names)


@pytest.mark.parametrize("line", ["{name} (is|was", "{name} {nowhere}", "{name} is|was"])
def test_a_line_that_cannot_be_said_is_told(line: str) -> None:
    """With what is left over."""
    with pytest.raises(TrainingError, match="left over"):
        said(line, WORDS, random.Random(0))
