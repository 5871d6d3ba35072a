"""Answers made by a rule instead of a model, to a few invented cases or to the real ones."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from monitor import DEFAULT_MODEL
from monitor.inference import Model
from monitor.lab.evaluation.behaviour import questions
from monitor.lab.evaluation.behaviour.cases import Case, fingerprint, read_cases
from monitor.lab.evaluation.behaviour.run import Answered
from monitor.lab.evaluation.behaviour.words import read_words
from monitor.verdict import POLARITIES, Answer, Pair

CASES = (
    Case("a", "complaint", "{name} is late", "negative"),
    Case("b", "praise", "{name} in {place} is great", "positive"),
    Case("c", "comparison", "{name} beats {other}", "positive", other="negative"),
    Case("d", "negation", "{name} isn't good", "negative", plain="{name} is good"),
    Case("e", "spam", "{#name} win {number}", "neutral"),
)


def saying(label: str, probability: float = 0.8) -> Answer:
    """Return an answer that gives the rest to the other labels in equal parts."""
    rest = (1 - probability) / 2
    return Answer(label, {one: probability if one == label else rest for one in POLARITIES})


def answered(
    rule: Callable[[Pair], Answer], cases: tuple[Case, ...] = CASES, half: str = "open"
) -> Answered:
    """Return what a model would give that answers by ``rule``."""
    words = read_words()
    asked = list(questions.questions(cases, words, all_names=True))
    checks = list(questions.checks(cases, words))
    pairs = [question.pair for question in asked]
    pairs += [pair for check in checks for pair in (check.before, check.after)]
    return Answered(
        model=shipped(),
        half=half,
        cases=cases,
        words=words,
        fingerprint=fingerprint(half),
        questions=asked,
        checks=checks,
        answers={pair: rule(pair) for pair in pairs},
        seconds=1.0,
    )


@cache
def shipped() -> Model:
    """Return the model that comes with the program."""
    return Model.load(DEFAULT_MODEL)


@cache
def all_cases() -> tuple[Case, ...]:
    """Return the cases of both halves."""
    return (*read_cases("open"), *read_cases("held_back"))
