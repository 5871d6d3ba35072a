"""Whether two machines label alike.

python -m tests.arm.agreement pc.jsonl board.jsonl
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from monitor.verdict import TASKS

TOLERANCE: Final = 0.02
"""How far apart two answers' probabilities may be.

Kernels of different processors round differently, and int8 carries a rounding on. Labels can differ
then only where two polarities are less than twice as much apart.
"""

Row = Mapping[str, Any]
"""A line of ``monitor classify``."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How two runs over the same tweets compare; of both tasks, so two answers a tweet."""

    answers: int
    largest: float
    """Difference of two probabilities."""
    mean: float
    """Of the largest difference in each answer."""
    flips: tuple[float, ...]
    """For each label that differs, by how much the first run preferred its own."""

    @classmethod
    def of(cls, expected: Iterable[Row], actual: Iterable[Row]) -> Self:
        """Compare two runs, line by line.

        Raises:
            ValueError: if they are not about the same tweets, each with an entity or none.
        """
        differences: list[float] = []
        flips: list[float] = []
        for one, other in zip(expected, actual, strict=True):
            if (one["text"], one.get("entity")) != (other["text"], other.get("entity")):
                raise ValueError(f"different tweets: {one['text']!r} and {other['text']!r}")
            for task in TASKS:
                (label, wanted), (given, found) = _answer(one, task), _answer(other, task)
                apart = [abs(wanted[polarity] - found[polarity]) for polarity in wanted]
                differences.append(math.inf if any(map(math.isnan, apart)) else max(apart))
                if label != given:
                    flips.append(wanted[label] - wanted[given])
        return cls(
            len(differences),
            max(differences),
            sum(differences) / len(differences),
            tuple(sorted(flips)),
        )

    @property
    def holds(self) -> bool:
        """Whether no probability differs by more than the tolerance."""
        return self.largest <= TOLERANCE

    def __str__(self) -> str:
        margins = f" (margin {', '.join(f'{m:.4f}' for m in self.flips)})" if self.flips else ""
        return (
            f"{self.answers} answers, probabilities at most {self.largest:.4f} apart"
            f" (mean {self.mean:.4f}), other labels: {len(self.flips)}{margins}"
        )


def _answer(row: Row, task: str) -> tuple[str, Mapping[str, float]]:
    answer = row.get(task, row)  # the task that was asked for stands in the row itself
    return answer["label"], answer["probabilities"]


def read(path: Path) -> list[Row]:
    """Read what ``monitor classify`` wrote."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def main(arguments: Sequence[str] | None = None) -> None:
    """Compare two files; exit code 1 if they differ too much."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("expected", type=Path)
    parser.add_argument("actual", type=Path)
    options = parser.parse_args(arguments)
    agreement = Agreement.of(read(options.expected), read(options.actual))
    print(agreement)  # noqa: T201
    sys.exit(not agreement.holds)


if __name__ == "__main__":
    main()
