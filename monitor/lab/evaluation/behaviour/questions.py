"""What a model is asked: every case under its names, and pairs of texts that belong together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

from monitor.lab.evaluation.behaviour.cases import Case
from monitor.lab.evaluation.behaviour.changes import TEMPLATE_CHANGES, TEXT_CHANGES
from monitor.lab.evaluation.behaviour.filling import Filling
from monitor.lab.evaluation.behaviour.words import Name, Words
from monitor.verdict import POLARITIES, Answer, Pair

TOLERANCE: Final = 0.1
"""By how much the score may move the wrong way in a directional test, as in CheckList."""

SAMPLE: Final = 4
"""Names that a case is changed under, and that the level held by the tests is taken from."""

TESTS: Final = (
    "another name",
    "another place",
    "another number",
    *TEMPLATE_CHANGES,
    *TEXT_CHANGES,
    "complaint added",
    "praise added",
    "negation",
    "names swapped",
)
"""Invariance tests, then directional ones, in the order of reports."""

Rule = Callable[[Answer, Answer], bool]
"""Whether the answers before and after a change are as they must be."""


@dataclass(frozen=True)
class CaseQuestion:
    """A case under one name, asked about one of its entities."""

    case: Case
    role: str
    """``name`` or ``other``."""
    filling: Filling
    sampled: bool
    """Whether the name is among the few that stand for all."""

    @property
    def entity(self) -> str:
        """The entity whose reputation is asked for."""
        return self.filling.entity(self.role)

    @cached_property
    def pair(self) -> Pair:
        """What the classifier is asked."""
        return self.filling.text(self.case.text), self.entity

    @property
    def label(self) -> str:
        """The right answer."""
        return self.case.labels()[self.role]


@dataclass(frozen=True, slots=True)
class Check:
    """Two questions whose answers must stand in a relation."""

    test: str
    directional: bool
    """The change must matter; else it must not."""
    question: CaseQuestion
    after: Pair
    rule: Rule
    before: Pair


def score(answer: Answer) -> float:
    """Return how good an answer is for the entity, -1 to 1."""
    return answer.probabilities["positive"] - answer.probabilities["negative"]


def same(before: Answer, after: Answer) -> bool:
    """Both have one label."""
    return before.label == after.label


def not_better(before: Answer, after: Answer) -> bool:
    """What was added harms."""
    return score(after) <= score(before) + TOLERANCE


def not_worse(before: Answer, after: Answer) -> bool:
    """What was added helps."""
    return score(after) >= score(before) - TOLERANCE


def rises(before: Answer, after: Answer) -> bool:
    """The second label is another one, on the better side."""
    return POLARITIES.index(after.label) > POLARITIES.index(before.label)


def falls(before: Answer, after: Answer) -> bool:
    """The second label is another one, on the worse side."""
    return rises(after, before)


def questions(cases: Sequence[Case], words: Words, *, all_names: bool) -> Iterator[CaseQuestion]:
    """Yield every case under every name, or under `SAMPLE` names, asked about each entity."""
    for index, case in enumerate(cases):
        sampled = set(words.sample(index, SAMPLE))
        for name in words.names:
            if all_names or name in sampled:
                filling = words.filling(name, index)
                for role in case.labels():
                    yield CaseQuestion(case, role, filling, name in sampled)


def checks(cases: Sequence[Case], words: Words) -> Iterator[Check]:
    """Yield invariance and directional tests of every case under `SAMPLE` names."""
    for index, case in enumerate(cases):
        for name in words.sample(index, SAMPLE):
            filling = words.filling(name, index)
            for role in case.labels():
                question = CaseQuestion(case, role, filling, sampled=True)
                yield from _invariances(question, name, index, words)
                yield from _directions(question, index, words)


def _invariances(question: CaseQuestion, name: Name, index: int, words: Words) -> Iterator[Check]:
    case, filling = question.case, question.filling
    text, entity = question.pair

    def check(test: str, pair: Pair) -> Check:
        return Check(test, False, question, pair, same, (text, entity))

    names = words.names
    at = names.index(name)
    another = words.filling(names[(at + len(names) // 2 + 1) % len(names)], index)
    yield check("another name", (another.text(case.text), another.entity(question.role)))
    following = words.filling(name, index + 1)
    changed = {
        "another place": replace(filling, place=following.place).text(case.text),
        "another number": replace(filling, number=following.number).text(case.text),
    }
    changed |= {test: filling.text(change(case.text)) for test, change in TEMPLATE_CHANGES.items()}
    changed |= {test: change(text) for test, change in TEXT_CHANGES.items()}
    for test, variant in changed.items():
        if variant != text:
            yield check(test, (variant, entity))


def _directions(question: CaseQuestion, index: int, words: Words) -> Iterator[Check]:
    case, filling = question.case, question.filling
    text, entity = question.pair
    asked = replace(filling, name=question.entity)  # whom the addition is about

    def check(test: str, rule: Rule, before: Pair, after: Pair) -> Check:
        return Check(test, True, question, after, rule, before)

    for test, rule, templates in (
        ("complaint added", not_better, words.complaints),
        ("praise added", not_worse, words.praises),
    ):
        added = asked.text(templates[index % len(templates)])
        yield check(test, rule, (text, entity), (f"{text} {added}", entity))
    if case.plain is not None:
        rule = rises if case.label == "positive" else falls
        yield check("negation", rule, (filling.text(case.plain), entity), (text, entity))
    if case.other is not None and case.label != case.other:
        swapped = replace(filling, name=filling.other, other=filling.name)
        worse = min(case.label, case.other, key=POLARITIES.index)
        rule = rises if question.label == worse else falls
        yield check("names swapped", rule, (text, entity), (swapped.text(case.text), entity))
