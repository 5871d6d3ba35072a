"""An explanation for a terminal, or as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from monitor.console import Glyphs, fit, printable, strict_json, width, wrap
from monitor.explaining.occlusion import Explanation, Word, runner_up, turns
from monitor.inference.marking import OTHER, TARGET
from monitor.verdict import Answer

_WORD: Final = 24
_FIGURES: Final = len("  without  moves  ")
_TURNED: Final = len("  negative")
_LEAST_BAR: Final = 5
_STEADY: Final = 0.05
"""Effects smaller than this, in nats, are called none: a probability of 0.5 moves by 0.012."""


def lines(explanation: Explanation, model: str, columns: int, signs: Glyphs) -> Iterator[str]:
    """Write an explanation; lines are no longer than ``columns``, if these are 60 or more."""
    for line in _lines(explanation, model, columns, signs):
        yield printable(line, signs)


def _lines(explanation: Explanation, model: str, columns: int, signs: Glyphs) -> Iterator[str]:
    answer = explanation.answer
    second, p = runner_up(answer)
    whom = f" for {printable(explanation.entity, signs)}" if explanation.entity else ""
    head = (
        f"{answer.label} {_p(answer)}, then {second} {p:.2f}: {explanation.task}{whom}, by {model}"
    )
    yield from wrap(head, columns)
    if explanation.without_entity:
        other = explanation.without_entity
        same = "still " if other.label == answer.label else ""
        yield f"not asked about an entity, it is {same}{other.label} {_p(other)}"
    if not any(word.without for word in explanation.words):
        yield "The text has no words to leave out."
        return
    yield ""
    yield from _words(explanation, columns, signs)
    yield ""
    for sentence in _reading(explanation, signs):
        yield from wrap(sentence, columns)


def as_json(explanation: Explanation, model: str) -> str:
    """Write everything there is; characters beyond ASCII are escaped."""
    second, p = runner_up(explanation.answer)
    other = explanation.without_entity
    return strict_json(
        {
            "text": explanation.text,
            "entity": explanation.entity,
            "read": explanation.read._asdict(),
            "task": explanation.task,
            "model": model,
            **_answer(explanation.answer),
            "runner_up": {"label": second, "probability": round(p, 4)},
            "without_entity": other and _answer(other),
            "words": [
                {
                    "word": word.text,
                    "start": word.start,
                    "end": word.end,
                    "effect": None if word.without is None else round(word.effect, 4),
                    "without": word.without and _answer(word.without),
                }
                for word in explanation.words
            ],
        },
        indent=2,
    )


def _words(explanation: Explanation, columns: int, signs: Glyphs) -> Iterator[str]:
    """Write a line a word: what the label's probability is without it, and what it moves."""
    label = explanation.answer.label
    read = [word for word in explanation.words if word.without]
    shown = [printable(word.text, signs) for word in read]
    room = columns - _FIGURES - _TURNED - 1 - 2 * _LEAST_BAR
    name = min(_WORD, room, max(len("word"), *map(width, shown)))
    side = max(_LEAST_BAR, (columns - name - _FIGURES - _TURNED - 1) // 2)
    largest = max(abs(word.effect) for word in read) or 1.0
    against, towards = f"against {label}", f"towards {label}"
    yield (
        f"{fit('word', name, signs)}  without  moves  "
        f"{fit(against, side, signs, right=True)} {fit(towards, side, signs)}".rstrip()
    )
    for word, text in zip(read, shown, strict=True):
        assert word.without
        left, right = _bars(word, largest, side, signs)
        line = (
            f"{fit(text, name, signs)}  {word.without.probabilities[label]:7.2f}"
            f"  {word.effect:+5.1f}  {left}|{right}"
        )
        yield line + (f"  {word.without.label}" if word.without.label != label else "")


def _bars(word: Word, largest: float, side: int, signs: Glyphs) -> tuple[str, str]:
    length = round(side * abs(word.effect) / largest)
    bar = signs.bar * length
    return (" " * side, bar) if word.effect > 0 else (bar.rjust(side), "")


def _marks(explanation: Explanation, signs: Glyphs) -> Iterator[str]:
    """Say whom marks stand for, if the model reads marks."""
    entity, (text, question) = explanation.entity, explanation.read
    if not entity or question == entity:
        return
    name = printable(entity, signs)
    if TARGET in text:
        yield f"{TARGET} stands for {name}."
    else:
        yield (
            f"The text does not name {name}, so the model has to guess who is meant; if it does so"
            " by another name, make that an alias in the configuration (--config)."
        )
    if OTHER in text:
        yield f"{OTHER} stands for another entity of the configuration."


def _reading(explanation: Explanation, signs: Glyphs) -> Iterator[str]:
    yield from _marks(explanation, signs)
    label = explanation.answer.label
    turning = [printable(word.text, signs) for word in turns(explanation)]
    if turning:
        yield (
            "Without any one of these the label is the one that stands beside it:"
            f" {', '.join(turning)}."
        )
    elif max(abs(word.effect) for word in explanation.words) < _STEADY:
        yield "No single word moves the label."
    else:
        yield f"No single word turns the label: without any one of them it is {label}."
    if unread := sum(word.without is None for word in explanation.words):
        yield f"The model reads only the beginning of a text: not the last {unread:,} words."
    yield (
        "without: the label's probability without the word; moves: the change of its log-odds that"
        " the word makes. This shows what the model reacts to, not why, nor whether it is right."
    )


def _p(answer: Answer) -> str:
    return f"{answer.probabilities[answer.label]:.2f}"


def _answer(answer: Answer) -> dict[str, Any]:
    return {
        "label": answer.label,
        "probabilities": {label: round(p, 4) for label, p in answer.probabilities.items()},
    }
