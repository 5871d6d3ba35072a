"""What is asked, and when an answer to a changed text is as it must be."""

from collections import Counter

import pytest

from monitor.lab.evaluation.behaviour.questions import (
    SAMPLE,
    TESTS,
    Check,
    checks,
    falls,
    not_better,
    not_worse,
    questions,
    rises,
    same,
)
from monitor.lab.evaluation.behaviour.words import read_words
from tests.lab.evaluation.behaviour.answers import CASES, all_cases, saying

WORDS = read_words()


def of(test: str) -> list[Check]:
    """Return the checks of one test on the few cases."""
    return [check for check in checks(CASES, WORDS) if check.test == test]


def test_every_case_under_every_name() -> None:
    """Both names of a text with two are asked about, and everybody gets the same texts."""
    asked = list(questions(CASES, WORDS, all_names=True))

    assert (len(CASES) + 1) * len(WORDS.names) == len(asked)
    assert {len(CASES) + 1} == set(Counter(question.entity for question in asked).values())
    assert ("negative", "Castellane Trust") in {
        (question.label, question.entity)
        for question in asked
        if question.pair[0] == "Norwick Bank beats Castellane Trust"
    }


def test_the_sample_is_a_part_of_all() -> None:
    """The few names of each case give the same questions alone and among all."""
    few = list(questions(all_cases(), WORDS, all_names=False))
    among = [one for one in questions(all_cases(), WORDS, all_names=True) if one.sampled]

    assert few == among
    assert {SAMPLE} == set(Counter((one.case.id, one.role) for one in few).values())


def test_every_test_comes_up() -> None:
    """On the shipped cases; each is listed and changes something."""
    found = list(checks(all_cases(), WORDS))

    assert set(TESTS) == {check.test for check in found}
    assert [] == [check for check in found if check.before == check.after]
    order = {check.test: check.directional for check in found}
    assert [order[test] for test in TESTS] == sorted(order.values())


def test_invariances_keep_whom_is_asked_about() -> None:
    """Only another name asks about somebody else, whose part in the text is the same."""
    for check in checks(CASES, WORDS):
        kept = check.before[1] == check.after[1]
        assert kept == (check.test != "another name")
    assert all(check.rule is same for check in of("another name"))
    places = of("another place")
    assert {"b"} == {check.question.case.id for check in places}
    assert SAMPLE == len(places)


def test_negation_has_a_direction() -> None:
    """From the plain text to the negated one, toward the case's label."""
    for check in of("negation"):
        assert check.before[0].endswith(" is good")
        assert check.after[0].endswith(" isn't good")
        assert check.rule is falls


def test_names_swapped() -> None:
    """The same entity has the other part: who was better falls, who was worse rises."""
    found = of("names swapped")

    assert 2 * SAMPLE == len(found)
    for check in found:
        winner, loser = check.before[0].split(" beats ")
        assert f"{loser} beats {winner}" == check.after[0]
        assert check.rule is (falls if check.before[1] == winner else rises)


def test_additions_are_about_whom_is_asked() -> None:
    """Also if that is the second name of a text."""
    for test in ("complaint added", "praise added"):
        for check in of(test):
            entity = check.before[1]
            assert entity is not None
            added = check.after[0].removeprefix(check.before[0])
            assert entity in added


@pytest.mark.parametrize(
    ("before", "after", "right"),
    [
        (saying("neutral"), saying("neutral", 0.5), {same, not_better, not_worse}),
        (saying("positive", 0.6), saying("positive", 0.65), {same, not_better, not_worse}),
        (saying("positive", 0.6), saying("positive", 0.9), {same, not_worse}),
        (saying("neutral"), saying("positive"), {not_worse, rises}),
        (saying("positive"), saying("negative"), {not_better, falls}),
        (saying("negative", 0.9), saying("negative", 0.5), {same, not_worse}),
    ],
)
def test_rules(before: object, after: object, right: set[object]) -> None:
    """Labels must be the same or move; additions may move the score a little either way."""
    rules = {same, not_better, not_worse, rises, falls}

    assert right == {rule for rule in rules if rule(before, after)}  # type: ignore[arg-type]
