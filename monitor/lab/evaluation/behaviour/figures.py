"""Answers -> figures by kind, by name and by test, and the failures."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TypeVar

from monitor.lab.evaluation.behaviour.questions import TESTS, CaseQuestion
from monitor.lab.evaluation.behaviour.run import Answered
from monitor.verdict import Answer

ALL = "all"
"""Stands for all kinds together."""

_T = TypeVar("_T")
_K = TypeVar("_K", bound=Hashable)


@dataclass(frozen=True)
class KindFigures:
    """Of the cases of one kind; shares are 0 to 1."""

    kind: str
    cases: int
    accuracy: float
    """Over all names, entity by entity."""
    worst: float
    """Accuracy under the name that has the lowest."""
    worst_name: str
    level: float
    """Accuracy under the sampled names alone, which the tests hold."""
    both: float | None
    """Texts of two entities of which both are right; None if the kind has none."""


@dataclass(frozen=True)
class NameFigures:
    """Of one name, over the same texts as every other."""

    name: str
    accuracy: float
    negative: float
    """Share of the answers that are negative."""


@dataclass(frozen=True)
class CheckFigures:
    """Of one invariance or directional test; shares are 0 to 1."""

    test: str
    directional: bool
    asked: int
    failed: float
    by_kind: dict[str, float]
    """Share that failed, by kind of case."""


@dataclass(frozen=True)
class Failure:
    """A case asked about one entity that is wrong under at least one name."""

    question: CaseQuestion
    answer: Answer
    text: str
    """Filled in with invented names; as in the file if it is wrong under real ones only."""
    names: int
    """Under how many names it is wrong."""


@dataclass(frozen=True)
class BehaviourFigures:
    """All that is said of a model."""

    kinds: Sequence[KindFigures]
    """The last is of all kinds together."""
    names: Sequence[NameFigures]
    """From the least to the most negative."""
    truth: float
    """Share of the right answers that is negative, the same for every name."""
    checks: Sequence[CheckFigures]
    failures: Sequence[Failure]
    """The worst first: those under most names, then the surest."""

    @property
    def spread(self) -> float:
        """Share of negative answers, the highest of all names less the lowest."""
        return self.names[-1].negative - self.names[0].negative

    @property
    def always(self) -> float:
        """Accuracy of one who always says negative."""
        return self.truth


def figures(answered: Answered) -> BehaviourFigures:
    """Count everything."""
    asked = answered.questions
    kinds = list(dict.fromkeys(case.kind for case in answered.cases))
    by_kind = _grouped(asked, lambda question: question.case.kind)
    names = [
        NameFigures(
            name,
            _share(answered.right(question) for question in group),
            _share(answered.answer(question).label == "negative" for question in group),
        )
        for name, group in _grouped(asked, lambda question: question.entity).items()
    ]
    return BehaviourFigures(
        kinds=[
            *(_kind(answered, kind, by_kind[kind]) for kind in kinds),
            _kind(answered, ALL, asked),
        ],
        names=sorted(names, key=lambda one: one.negative),
        truth=_share(question.label == "negative" for question in asked),
        checks=_checks(answered),
        failures=_failures(answered),
    )


def _grouped(items: Iterable[_T], key: Callable[[_T], _K]) -> dict[_K, list[_T]]:
    groups: dict[_K, list[_T]] = defaultdict(list)
    for item in items:
        groups[key(item)].append(item)
    return groups


def _share(flags: Iterable[bool]) -> float:
    """Return the share of flags that are set; of none, 0."""
    counts = Counter(flags)
    return counts[True] / max(counts.total(), 1)


def _kind(answered: Answered, kind: str, asked: Sequence[CaseQuestion]) -> KindFigures:
    right = {
        name: _share(map(answered.right, group))
        for name, group in _grouped(asked, lambda question: question.entity).items()
    }
    worst_name = min(right, key=lambda name: right[name])
    pairs = [
        [answered.right(question) for question in both]
        for _, group in groupby(asked, key=lambda question: (question.case, question.filling))
        if len(both := list(group)) > 1
    ]
    return KindFigures(
        kind,
        len({question.case.id for question in asked}),
        _share(map(answered.right, asked)),
        right[worst_name],
        worst_name,
        _share(answered.right(question) for question in asked if question.sampled),
        _share(all(both) for both in pairs) if pairs else None,
    )


def _checks(answered: Answered) -> list[CheckFigures]:
    found = []
    for test, group in _grouped(answered.checks, lambda check: check.test).items():
        kinds = _grouped(group, lambda check: check.question.case.kind)
        found.append(
            CheckFigures(
                test,
                group[0].directional,
                len(group),
                _share(not answered.holds(check) for check in group),
                {
                    kind: _share(not answered.holds(check) for check in some)
                    for kind, some in kinds.items()
                },
            )
        )
    return sorted(found, key=lambda one: TESTS.index(one.test))


def _failures(answered: Answered) -> list[Failure]:
    wrong = [question for question in answered.questions if not answered.right(question)]
    groups = _grouped(wrong, lambda question: (question.case.id, question.role))
    failures = [_failure(answered, group) for group in groups.values()]
    return sorted(failures, key=lambda one: (-one.names, -max(one.answer.probabilities.values())))


def _failure(answered: Answered, wrong: Sequence[CaseQuestion]) -> Failure:
    """Choose the surest of the wrong answers to one question, under invented names if it can be."""
    invented = answered.words.invented()
    shown = [
        question
        for question in wrong
        if {question.filling.name, question.filling.other} <= invented
    ]
    worst = max(
        shown or wrong,
        key=lambda question: max(answered.answer(question).probabilities.values()),
    )
    text = worst.pair[0] if shown else worst.case.text
    return Failure(worst, answered.answer(worst), text, len(wrong))
