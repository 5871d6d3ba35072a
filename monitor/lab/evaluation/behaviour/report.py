"""A model's behaviour for a terminal and for programs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from monitor.console import Glyphs, fit, glyphs, printable, wrap
from monitor.lab.evaluation.behaviour.figures import (
    BehaviourFigures,
    CheckFigures,
    Failure,
    NameFigures,
)
from monitor.lab.evaluation.behaviour.record import recorded
from monitor.lab.evaluation.behaviour.run import Answered

SHOWN: Final = 12
"""Failures that the table lists."""

_WIDTH: Final = 100


def title(answered: Answered) -> str:
    """Return a line that says what was asked."""
    model = answered.model
    names = len({question.entity for question in answered.questions})
    return (
        f"{model.name} version {model.version}: {len(answered.cases)} cases"
        f" ({answered.half.replace('_', ' ')} half), each under {names} names;"
        f" {len(answered.answers):,} texts, {len(answered.answers) / answered.seconds:,.0f}/s"
    )


def as_table(answered: Answered, figures: BehaviourFigures, signs: Glyphs | None = None) -> str:
    """Return everything as text for people, at most 100 characters wide.

    Of the half that is held back no text is shown.
    """
    signs = signs or glyphs()
    lines = [
        title(answered),
        "",
        f"{'kind':14}{'cases':>6}{'accuracy':>10}{'both':>8}{'worst name':>12}",
        *(
            f"{kind.kind:14}{kind.cases:6}{kind.accuracy:10.3f}{_or_dash(kind.both):>8}"
            f"{kind.worst:12.3f} {printable(kind.worst_name, signs)}"
            for kind in figures.kinds
        ),
        f"always negative: {figures.always:.3f}; both: texts with two entities, both right",
        "",
        f"negative answers by name, where {figures.truth:.3f} are right:",
        *(f"  {one.negative:.3f} {printable(one.name, signs)}" for one in _ends(figures)),
        f"  {100 * figures.spread:.1f} points between the lowest and the highest",
    ]
    for directional, heading in ((False, "changed the label"), (True, "did not move as it must")):
        lines += ["", f"{'change':18}{'tried':>6}  {heading}"]
        lines += [_check_line(one) for one in figures.checks if one.directional == directional]
    if answered.half == "open" and figures.failures:
        lines += ["", f"worst of {len(figures.failures)} questions that are wrong under some name"]
        for failure in figures.failures[:SHOWN]:
            lines += _failure_lines(failure, len(figures.names), signs)
    return "\n".join(lines)


def as_json(answered: Answered, figures: BehaviourFigures) -> dict[str, Any]:
    """Return everything as JSON has it; of the half that is held back no text is in it."""
    shown = figures.failures if answered.half == "open" else ()
    return {
        "model": {"name": answered.model.name, "version": answered.model.version},
        "half": answered.half,
        "seconds": round(answered.seconds, 3),
        "figures": recorded(answered, figures),
        "spread": figures.spread,
        "worst_names": {one.kind: one.worst_name for one in figures.kinds},
        "names": [
            {"name": one.name, "accuracy": one.accuracy, "negative": one.negative}
            for one in figures.names
        ],
        "changes": [
            {
                "test": one.test,
                "directional": one.directional,
                "tried": one.asked,
                "failed": one.failed,
                "failed_by_kind": one.by_kind,
            }
            for one in figures.checks
        ],
        "failures": [_failure_json(failure) for failure in shown],
    }


def _or_dash(share: float | None) -> str:
    return "-" if share is None else f"{share:.3f}"


def _ends(figures: BehaviourFigures) -> list[NameFigures]:
    """Return the least and the most negative names."""
    names = figures.names
    return [*names[:3], *names[-3:]] if len(names) > 6 else list(names)


def _check_line(one: CheckFigures) -> str:
    worst = sorted(one.by_kind, key=lambda kind: -one.by_kind[kind])[:3]
    kinds = ", ".join(f"{kind} {one.by_kind[kind]:.2f}" for kind in worst if one.by_kind[kind])
    return f"{one.test:18}{one.asked:6}  {one.failed:.3f}" + f"  most: {kinds}" * bool(kinds)


def _failure_lines(failure: Failure, names: int, signs: Glyphs) -> Iterator[str]:
    question, answer = failure.question, failure.answer
    about = question.entity if failure.text != question.case.text else f"{{{question.role}}}"
    yield fit(
        printable(
            f"{question.case.id}, for {about}: {question.label} expected, {answer.label}"
            f" {answer.probabilities[answer.label]:.2f}; wrong under {failure.names} of {names}",
            signs,
        ),
        _WIDTH,
        signs,
    ).rstrip()
    for line in wrap(printable(failure.text, signs), _WIDTH - 2):
        yield f"  {line}"


def _failure_json(failure: Failure) -> dict[str, Any]:
    question, answer = failure.question, failure.answer
    filled = failure.text != question.case.text
    return {
        "case": question.case.id,
        "kind": question.case.kind,
        "about": question.role,
        "entity": question.entity if filled else None,
        "text": failure.text,
        "expected": question.label,
        "got": answer.label,
        "probability": round(answer.probabilities[answer.label], 4),
        "names": failure.names,
    }
