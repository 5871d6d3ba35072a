"""How a teacher answers what its students are asked: behaviour cases and labelled tweets.

    python -m tests.benchmarks.teacher models/teacher            # the open half of the cases
    python -m tests.benchmarks.teacher models/teacher --held-back
    python -m tests.benchmarks.teacher models/teacher --data DATA --file tweeteval_sentiment_val

The loss of a student against its teacher is the difference to what `monitor evaluate` says of it.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tokenizers import Tokenizer

from monitor.inference.asking import Asking, Read
from monitor.inference.classifier import CHARACTERS_PER_TOKEN
from monitor.inference.marking import spell_emoji
from monitor.lab.aliases import configured
from monitor.lab.data import Example, class_of
from monitor.lab.evaluation.behaviour import questions
from monitor.lab.evaluation.behaviour.cases import read_cases
from monitor.lab.evaluation.behaviour.words import read_words
from monitor.lab.evaluation.evaluate import labelled_sets
from monitor.lab.evaluation.marked import marked
from monitor.lab.metrics import score
from monitor.lab.training import adapters
from monitor.lab.training.measure import logits_of
from monitor.lab.training.network import Network
from monitor.verdict import POLARITIES


class Teacher:
    """A network that reads marks."""

    def __init__(self, folder: Path) -> None:
        self._network: Network
        self._tokenizer: Tokenizer
        self._network, self._tokenizer, record = adapters.load(folder)
        self._max_length = record["settings"]["max_length"]
        self._precision = record["settings"]["precision"]
        self.readable = self._max_length * CHARACTERS_PER_TOKEN

    def labels(self, asked: Sequence[Read], task: str) -> list[int]:
        """Return the class that it gives to each; texts that are read alike are asked once."""
        once = list(dict.fromkeys(asked))
        examples = [Example(spell_emoji(text), question) for text, question in once]
        given = logits_of(
            self._network, self._tokenizer, examples, self._max_length, precision=self._precision
        )[task]
        of = dict(zip(once, given.argmax(-1).tolist(), strict=True))
        return [of[each] for each in asked]


def behaviour(teacher: Teacher, half: str) -> None:
    """Print the part that is right, by kind, under the few names that stand for all."""
    cases, words = read_cases(half), read_words()
    asked = [q for q in questions.questions(cases, words, all_names=False) if q.sampled]
    entities = configured([name.name for name in words.names], {})
    asking = Asking(entities, teacher.readable)
    given = teacher.labels(asking.read([q.pair for q in asked]), "reputation")
    right, all_of_kind = Counter[str](), Counter[str]()
    for question, answer in zip(asked, given, strict=True):
        for kind in (question.case.kind, "all"):
            all_of_kind[kind] += 1
            right[kind] += POLARITIES[answer] == question.label
    for kind, count in all_of_kind.items():
        sys.stdout.write(f"{kind:20} {right[kind] / count:.3f} of {count}\n")


def tweets(teacher: Teacher, data: Path, names: Sequence[str]) -> None:
    """Print the figures on labelled tweets."""
    for one in labelled_sets(data, names):
        given = teacher.labels(marked(one.name, one.pairs(), teacher.readable), one.task)
        scores = score([class_of(row) for row in one.rows], given, POLARITIES)
        sys.stdout.write(
            f"{one.name}: {one.task}, {scores.count} tweets, accuracy {scores.accuracy:.4f}, "
            f"macro-recall {scores.macro_recall:.4f}, macro-F1 {scores.macro_f1:.4f}\n"
        )


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("teacher", type=Path)
    parser.add_argument("--held-back", action="store_true")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--file", action="append", default=[])
    arguments = parser.parse_args()
    teacher = Teacher(arguments.teacher)
    if arguments.data:
        tweets(teacher, arguments.data, arguments.file)
    else:
        behaviour(teacher, "held_back" if arguments.held_back else "open")


if __name__ == "__main__":
    main()
