"""Figures of answers whose mistakes are known."""

import pytest

from monitor.lab.evaluation.behaviour.figures import ALL, figures
from monitor.lab.evaluation.behaviour.questions import questions
from monitor.lab.evaluation.behaviour.words import read_words
from monitor.verdict import Answer, Pair
from tests.lab.evaluation.behaviour.answers import CASES, answered, saying

RIGHT = {
    question.pair: question.label for question in questions(CASES, read_words(), all_names=True)
}


def knowing(pair: Pair) -> Answer:
    """Answer the cases rightly, and texts that are none as their ends and names demand."""
    text, entity = pair
    if pair in RIGHT:
        return saying(RIGHT[pair])
    text = text.casefold()
    for word, label in (("win", "neutral"), ("late", "negative"), ("great", "positive")):
        if word in text:
            return saying(label)
    if " beats " in text:
        loses = (entity or "").casefold() in text.split(" beats ")[1]
        return saying("negative" if loses else "positive")
    return saying("negative" if "isn't" in text or "'tisn" in text else "positive")


def test_all_right() -> None:
    """Everything is 1, nothing spreads and nothing is listed."""
    found = figures(answered(lambda pair: saying(RIGHT.get(pair, "neutral"))))

    assert {1.0} == {kind.accuracy for kind in found.kinds}
    assert {1.0} == {kind.worst for kind in found.kinds}
    assert {1.0} == {kind.level for kind in found.kinds}
    assert {1.0, None} == {kind.both for kind in found.kinds}
    assert 0 == found.spread
    assert [] == found.failures
    assert 3 / 6 == found.truth == found.always


def test_changes_that_fail_and_hold() -> None:
    """Who knows the parts passes what is tried; who says one thing fails what must move."""
    knows = {one.test: one.failed for one in figures(answered(knowing)).checks}
    stuck = {one.test: one.failed for one in figures(answered(lambda _: saying("neutral"))).checks}

    assert 0 == knows["names swapped"] == knows["negation"] == knows["another name"]
    assert 0 == knows["lower case"] == knows["capitals"] == knows["another place"]
    assert {"negation": 1.0, "names swapped": 1.0} == {
        test: failed for test, failed in stuck.items() if failed
    }


def test_a_name_that_decides() -> None:
    """Spread, worst name and level show it, and the failures say under how many names."""

    def biased(pair: Pair) -> Answer:
        return (
            saying("negative", 0.9) if pair[1] == "Barclays" else saying(RIGHT.get(pair, "neutral"))
        )

    found = figures(answered(biased))
    by_kind = {kind.kind: kind for kind in found.kinds}

    assert (0.5, "Barclays") == (by_kind[ALL].worst, by_kind[ALL].worst_name)
    assert 1.0 == by_kind["complaint"].worst
    assert 0.0 == by_kind["spam"].worst
    assert pytest.approx(47 / 48) == by_kind["spam"].accuracy
    assert pytest.approx(47 / 48) == by_kind["comparison"].both
    assert ("Barclays", 1.0) == (found.names[-1].name, found.names[-1].negative)
    assert 0.5 == found.spread
    assert {("b", 1), ("c", 1), ("e", 1)} == {
        (failure.question.case.id, failure.names) for failure in found.failures
    }


def test_failures_name_nobody_real() -> None:
    """A failure is filled in with invented names, or stays as it is in the file."""
    real = {name.name for name in read_words().names if name.real}
    found = figures(answered(lambda _: saying("neutral"))).failures
    alone = figures(
        answered(lambda pair: saying("neutral" if pair[1] in real else RIGHT.get(pair, "neutral")))
    ).failures

    assert ["a", "b", "c", "c", "d"] == sorted(failure.question.case.id for failure in found)
    assert {48} == {failure.names for failure in found}
    for failure in (*found, *alone):
        assert not any(name in failure.text for name in real)
    # "c" asked for a real second name whose partner is invented is wrong under real names only.
    assert {failure.question.case.text for failure in alone} == {failure.text for failure in alone}
    assert {len(real)} == {failure.names for failure in alone}


def test_worst_failures_come_first() -> None:
    """Those under most names, then the surest."""

    def rule(pair: Pair) -> Answer:
        if "late" in pair[0]:
            return saying("positive", 0.5)
        if "great" in pair[0]:
            return saying("negative", 0.7)
        return saying("negative") if pair[1] == "Acme" else saying(RIGHT.get(pair, "neutral"))

    found = figures(answered(rule)).failures
    assert [("b", 48), ("a", 48)] == [(one.question.case.id, one.names) for one in found][:2]
    assert {1} == {one.names for one in found[2:]}


def test_kinds_are_in_the_order_of_the_file() -> None:
    """And all together come last."""
    kinds = [kind.kind for kind in figures(answered(lambda _: saying("neutral"))).kinds]

    assert [*(case.kind for case in CASES), ALL] == kinds
