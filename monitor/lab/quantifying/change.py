"""Whether an entity's error lasts, and what that makes of changes between its windows."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np

from monitor.lab.quantifying.fit import EntityTweets, beyond_chance
from monitor.standings import Calibration, Method
from monitor.standings.quantification import Floats, Z, correct
from monitor.standings.standing import NET
from monitor.verdict import LABELS

WINDOWS: Final = (25, 50, 100)
"""Tweets of the windows between which errors are compared; and halves, however long."""

SMALL: Final = 50
DRAWS: Final = 200


def fleeting(entities: Sequence[EntityTweets], mapping: Floats) -> dict[str, float]:
    """Return how much of an entity's squared error is gone in the next window (0: none, 1: all).

    By the number of tweets of a window, as far as an entity has two, and between the halves of all.
    Chance is taken off.
    """
    found = {}
    for size in (*WINDOWS, 0):
        pieces = [cut(entity, size or entity.tweets // 2) for entity in entities]
        pairs = [pair for one in pieces for pair in pairwise(one)]
        if not pairs:
            continue
        flat = [piece for pair in pairs for piece in pair]
        level = beyond_chance(flat, np.array([mapping] * len(flat)))
        # Each tweet paired with one of the next window: their errors' difference.
        apart = [EntityTweets(a.given - b.given, a.true - b.true) for a, b in pairs]
        differs = beyond_chance(apart, np.array([mapping] * len(apart)))
        if (whole := float(np.trace(level))) > 0:  # else there is no error beyond chance
            found[str(size or "half")] = float(np.trace(differs)) / 2 / whole
    return found


def cut(entity: EntityTweets, size: int) -> list[EntityTweets]:
    """Split an entity's tweets into windows of ``size``, in their order; the rest is left out."""
    if size < 2:
        return []
    starts = range(0, entity.tweets - size + 1, size)
    return [EntityTweets(entity.given[i : i + size], entity.true[i : i + size]) for i in starts]


def changes(
    entities: Sequence[EntityTweets], calibration: Calibration, method: Method, seed: int
) -> dict[str, float]:
    """Return how often the interval of the change of net, from half to half, holds the truth.

    Once for the halves whole, once for windows of `SMALL` tweets drawn from them, of which the
    halves' own change is the truth; each with the mean of half its width. Entities of less than
    `SMALL` tweets are left out; empty if that leaves none.
    """
    halves = [cut(entity, entity.tweets // 2) for entity in entities if entity.tweets >= SMALL]
    if not halves:
        return {}
    truth = np.array([(b.true.mean(axis=0) - a.true.mean(axis=0)) @ NET for a, b in halves])
    whole = np.array([[piece.given.sum(axis=0) for piece in pair] for pair in halves])
    covered, half = _held(whole, truth, calibration, method)
    chance = np.random.default_rng(seed)
    shares = whole / whole.sum(axis=2, keepdims=True)
    drawn = chance.multinomial(SMALL, shares, size=(DRAWS, *shares.shape[:2]))
    small, small_half = _held(
        drawn.reshape(-1, 2, LABELS).astype(np.float64), np.tile(truth, DRAWS), calibration, method
    )
    return {
        "entities": len(halves),
        "mean_change": float(np.abs(truth).mean()),
        "coverage": covered,
        "half": half,
        "small_coverage": small,
        "small_half": small_half,
    }


def _held(
    counts: Floats, truth: Floats, calibration: Calibration, method: Method
) -> tuple[float, float]:
    before, after = (correct(counts[:, i], calibration, method) for i in range(2))
    change = (after.values - before.values) @ NET
    half = Z * np.sqrt(np.einsum("i,wij,j->w", NET, before.chance + after.chance, NET))
    return float((np.abs(change - truth) <= half).mean()), float(half.mean())
