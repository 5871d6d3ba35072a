"""Answers and labels of one file -> every figure, with intervals.

A figure and its resamples come out of the same functions: the file itself is the resample that
draws each tweet once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from types import EllipsisType

import numpy as np
from numpy.typing import NDArray

from monitor.lab import metrics
from monitor.lab.evaluation import replab
from monitor.lab.evaluation.calibration import (
    BINS,
    Abstention,
    Bin,
    abstentions,
    bin_of,
    calibration_error,
    reliability_bins,
)
from monitor.lab.intervals import RESAMPLES, Figure, resamples, sums
from monitor.lab.metrics import Counts, Floats, Scores, score
from monitor.verdict import POLARITIES

NOBODY = "(none)"
"""Stands for the entity or domain of rows that have none, in files where others have one."""

CLASSES = len(POLARITIES)


@dataclass(frozen=True)
class Answers:
    """One head's answers to the tweets of a file, beside their labels.

    All are [tweets]: ``truth`` and ``answers`` indices into `POLARITIES`, ``confidence`` the
    probability (0-1) of each answer, ``entities`` and ``domains`` names, None where a row has
    none.
    """

    truth: Sequence[int]
    answers: Sequence[int]
    confidence: Sequence[float]
    entities: Sequence[str | None]
    domains: Sequence[str | None]


@dataclass(frozen=True)
class TweetGroup:
    """The tweets of one entity or domain."""

    name: str
    tweets: int
    accuracy: Figure
    macro_f1: Figure


@dataclass(frozen=True)
class Judgement:
    """How one head did on one file.

    ``figures`` are those of `figures_of` by name. ``entities`` and ``domains``, the most tweets
    first, are empty where no row has one.
    """

    scores: Scores
    figures: dict[str, Figure]
    bins: list[Bin]
    abstentions: list[Abstention]
    entities: list[TweetGroup] = field(default_factory=list)
    domains: list[TweetGroup] = field(default_factory=list)


@dataclass(frozen=True)
class Cells:
    """Tweets as codes of (group, truth, answer), to count in one go; groups as `names`."""

    codes: NDArray[np.intp]
    names: tuple[str, ...]

    @property
    def width(self) -> int:
        """Number of codes."""
        return len(self.names) * CLASSES**2

    def tables(self, index: NDArray[np.intp]) -> Counts:
        """Return counts [resamples, groups, classes, classes]."""
        counts: Counts = sums(self.codes, index, self.width)
        return counts.reshape(len(index), len(self.names), CLASSES, CLASSES)


def cells_of(given: Answers, groups: Sequence[str | None]) -> Cells:
    """Return the tweets' codes, grouped by ``groups`` [tweets]."""
    names, group = np.unique([name or NOBODY for name in groups], return_inverse=True)
    codes = (group * CLASSES + np.asarray(given.truth)) * CLASSES + np.asarray(given.answers)
    return Cells(codes.astype(np.intp), tuple(str(name) for name in names))


def figures_of(by_entity: Counts, gaps: Floats) -> dict[str, Floats]:
    """Return the headline figures by name, each [resamples] and in 0-1.

    Args:
        by_entity: counts [resamples, entities, classes, classes]; rows without an entity count
            as one more, as do all rows of a file without any.
        gaps: as `calibration_error` takes them [resamples, bins].
    """
    whole = by_entity.sum(axis=1)
    reliability, sensitivity, f_rs = replab.averaged(by_entity)
    return {
        "accuracy": metrics.accuracy(whole),
        "macro_recall": metrics.macro_recall(whole),
        "macro_f1": metrics.macro_f1(whole),
        "reliability": reliability,
        "sensitivity": sensitivity,
        "f_rs": f_rs,
        "ece": calibration_error(gaps, int(whole[0].sum())),
    }


def judge(given: Answers, *, count: int = RESAMPLES, seed: int = 0) -> Judgement:
    """Compute every figure, with intervals from ``count`` bootstrap resamples.

    The same seed draws the same resamples for any head, so that heads and models can be compared.

    Raises:
        ValueError: there is no tweet, or not one answer for each.
    """
    scores = score(given.truth, given.answers, POLARITIES)
    confidence = np.asarray(given.confidence, dtype=np.float64)
    right = np.asarray(given.truth) == np.asarray(given.answers)
    bins, gap = bin_of(confidence), confidence - right
    entities = cells_of(given, given.entities)
    domains = cells_of(given, given.domains)
    one_domain = domains.names == (NOBODY,)

    def measured(index: NDArray[np.intp]) -> list[dict[str, Floats]]:
        """Return the figures of all, of each entity and of each domain."""
        tables = entities.tables(index)
        of_domains = tables[:, :0] if one_domain else domains.tables(index)
        return [
            figures_of(tables, sums(bins, index, BINS, gap)),
            *(
                {"accuracy": metrics.accuracy(kind), "macro_f1": metrics.macro_f1(kind)}
                for kind in (tables, of_domains)
            ),
        ]

    point = measured(np.arange(scores.count)[None])
    width = max(entities.width, domains.width)
    chunks = [measured(index) for index in resamples(scores.count, count, seed, width)]
    replicates = [
        {name: np.concatenate([chunk[part][name] for chunk in chunks]) for name in figures}
        for part, figures in enumerate(point)
    ]

    def figures(part: int, group: int | EllipsisType = ...) -> dict[str, Figure]:
        return {
            name: Figure.of(float(value[0, group]), replicates[part][name][:, group])
            for name, value in point[part].items()
        }

    def groups(part: int, cells: Cells) -> list[TweetGroup]:
        if cells.names == (NOBODY,):
            return []
        sizes = np.bincount(cells.codes // CLASSES**2, minlength=len(cells.names))
        found = [
            TweetGroup(name, int(sizes[i]), **figures(part, i))
            for i, name in enumerate(cells.names)
        ]
        return sorted(found, key=lambda group: (-group.tweets, group.name))

    return Judgement(
        scores,
        figures(0),
        reliability_bins(confidence, right),
        abstentions(confidence, right),
        groups(1, entities),
        groups(2, domains),
    )
