"""Ask a model every question, each pair once, and keep its answers for reputation."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from monitor.inference import Classifier, Model
from monitor.lab.aliases import configured
from monitor.lab.evaluation.behaviour import questions
from monitor.lab.evaluation.behaviour.cases import FOLDER, Case, fingerprint, read_cases
from monitor.lab.evaluation.behaviour.questions import CaseQuestion, Check
from monitor.lab.evaluation.behaviour.words import Words, read_words
from monitor.verdict import Answer, Pair


@dataclass(frozen=True)
class Answered:
    """Questions, checks and what the model said to each pair in them."""

    model: Model
    half: str
    cases: Sequence[Case]
    words: Words
    fingerprint: str
    questions: Sequence[CaseQuestion]
    checks: Sequence[Check]
    answers: Mapping[Pair, Answer]
    seconds: float
    """Wall time from texts to answers."""

    def answer(self, question: CaseQuestion) -> Answer:
        """Return what was said to a question."""
        return self.answers[question.pair]

    def right(self, question: CaseQuestion) -> bool:
        """Return whether that is its label."""
        return self.answer(question).label == question.label

    def holds(self, check: Check) -> bool:
        """Return whether the answers before and after the change are as they must be."""
        return check.rule(self.answers[check.before], self.answers[check.after])


def run(
    model: Path | str,
    half: str,
    *,
    runtime: str = "auto",
    workers: int = 0,
    whole: bool = True,
    folder: Path = FOLDER,
) -> Answered:
    """Ask a model, with a progress bar on standard error.

    Args:
        model: its folder, or the name of one that came along.
        half: one of `monitor.lab.evaluation.behaviour.cases.HALVES`.
        runtime: as ``[model] runtime``.
        workers: threads with an interpreter each; 0 for one a core.
        whole: False asks each case under `questions.SAMPLE` names and leaves the checks out: what
            the level that the tests hold is made of, in a twentieth of the time.
        folder: of the cases and names.

    Raises:
        monitor.lab.errors.TrainingError: a file of cases is missing or broken.
        monitor.inference.model.ModelError: the model cannot be used.
    """
    cases, words = read_cases(half, folder), read_words(folder)
    asked = list(questions.questions(cases, words, all_names=whole))
    checks = list(questions.checks(cases, words)) if whole else []
    pairs = [question.pair for question in asked]
    pairs += [pair for check in checks for pair in (check.before, check.after)]
    pairs = list(dict.fromkeys(pairs))
    loaded = Model.load(model)
    # So that in a comparison the other one is known to be another.
    entities = configured([name.name for name in words.names], {})
    start = time.perf_counter()
    with (
        Classifier(loaded, workers, runtime, entities) as classifier,
        click.progressbar(
            classifier.stream(pairs), length=len(pairs), label="asking", file=sys.stderr
        ) as verdicts,
    ):
        answers = [verdict["reputation"] for verdict in verdicts]
    seconds = time.perf_counter() - start
    answered = dict(zip(pairs, answers, strict=True))
    return Answered(
        loaded, half, cases, words, fingerprint(half, folder), asked, checks, answered, seconds
    )
