"""Which words a label hangs on: each is left out in turn, and the model asked again (occlusion).

Sources: Zeiler and Fergus 2014, "Visualizing and understanding convolutional networks"; Li, Monroe
and Jurafsky 2016, "Understanding neural networks through representation erasure". Words are left
out rather than replaced by [UNK]: the model was trained on texts with words missing, while to an
unknown word it has a reaction of its own, which would be mistaken for that of the word.

What is left out is a word of what the model reads: of a model that reads marks
(`inference.asking`) a mark, however many words the mention has. Were texts marked without the word,
it would seem to matter whom the rest happens to name.

It shows what the model reacts to, not why, nor what a person would react to. Words that say the
same twice hide each other: without either, the other still stands.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from monitor.inference import Classifier
from monitor.inference.asking import Read
from monitor.verdict import Answer

_EMOJI: Final = "\u2190-\u21ff\u2300-\u23ff\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff"
_WORD: Final = re.compile(rf"[{_EMOJI}][\ufe0f\u200d\U0001f3fb-\U0001f3ff{_EMOJI}]*|[^\s{_EMOJI}]+")
"""What stands between spaces, punctuation included; emoji apart, as the tokenizer has them."""
_SMALLEST: Final = 1e-6
"""Probabilities closer to 0 or 1 than this count as this: log-odds are finite."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word of what the model reads, and what it says without it."""

    text: str
    start: int
    """In characters of what the model reads; it ends before ``end``."""
    end: int
    without: Answer | None
    """None if the model does not read so far."""
    effect: float
    """What the word adds to the log-odds of the label, in nats; 0 if it is not read."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """A label, and what it hangs on."""

    text: str
    entity: str | None
    task: str
    answer: Answer
    without_entity: Answer | None
    """Asked about the tweet as a whole; None if no entity was asked about."""
    words: Sequence[Word]
    """In the order of the text."""
    read: Read
    """What the model reads of the text, and instead of the entity's name."""


def explain(classifier: Classifier, text: str, entity: str | None, task: str) -> Explanation:
    """Ask for a label, and for it without each word, as one batch.

    Args:
        classifier: asked with as many texts as there are words, and two.
        text: of any length; words that the model does not read to are not left out.
        entity: whose reputation is asked about, or None.
        task: "reputation" or "sentiment".
    """
    asked, nobody = classifier.read([(text, entity), (text, None)])
    places = [match.span() for match in _WORD.finditer(asked.text)]
    read = _read(classifier, asked, [end for _, end in places])
    # Cut there, so that no word moves up to where another was left out.
    whole = asked.text[: places[read - 1][1]] if 0 < read < len(places) else asked.text
    texts = [whole, *(whole[:start] + whole[end:] for start, end in places[:read])]
    verdicts = classifier.classify([*(Read(one, asked.question) for one in texts), nobody])
    answer, *without = (verdict[task] for verdict in verdicts[:-1])
    words = [
        Word(
            asked.text[start:end],
            start,
            end,
            left,
            _log_odds(answer, answer) - _log_odds(left, answer),
        )
        for (start, end), left in zip(places, without, strict=False)
    ]
    unread = [Word(asked.text[start:end], start, end, None, 0.0) for start, end in places[read:]]
    without_entity = verdicts[-1][task] if entity else None
    return Explanation(text, entity, task, answer, without_entity, [*words, *unread], asked)


def _read(classifier: Classifier, asked: Read, ends: Sequence[int]) -> int:
    """Return how many words the model reads: the fewest whose pieces are those of the text."""
    whole = classifier.tokenize([asked])[0].ids
    least, most = 0, len(ends)
    while least < most:
        middle = (least + most) // 2
        pieces = classifier.tokenize([Read(asked.text[: ends[middle]], asked.question)])[0].ids
        if pieces == whole:
            most = middle
        else:
            least = middle + 1
    return min(least + 1, len(ends))


def runner_up(answer: Answer) -> tuple[str, float]:
    """Return the label that comes second, and its probability."""
    others = ((label, p) for label, p in answer.probabilities.items() if label != answer.label)
    return max(others, key=lambda pair: pair[1])


def turns(explanation: Explanation) -> Iterator[Word]:
    """Yield the words without any one of which the label would be another."""
    for word in explanation.words:
        if word.without is not None and word.without.label != explanation.answer.label:
            yield word


def _log_odds(answer: Answer, of: Answer) -> float:
    p = min(max(answer.probabilities[of.label], _SMALLEST), 1 - _SMALLEST)
    return math.log(p / (1 - p))
