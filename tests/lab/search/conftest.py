"""The toy world of the training tests, and toy networks in plain arrays."""

from __future__ import annotations

from dataclasses import replace

import torch

from monitor.lab.search.space import Space
from monitor.lab.structure import Structure
from monitor.lab.training.export import folded
from monitor.lab.training.fold import Folded
from tests.lab.training.conftest import data, few_threads
from tests.lab.training.test_fold import SHAPE, random_student

__all__ = ["data", "few_threads"]

TOY = SHAPE

SPACE = Space(
    layers=(2, 3),
    hidden=(6, 9, 12),
    bottleneck=(4, 8),
    intermediate=(5, 10),
    stacks=(1, 2, 3),
    embedding=(3, 6),
    vocabulary=(20, TOY.vocabulary),
)
"""Below `TOY`, whose heads are 4 wide."""


def toy(seed: int = 0) -> Folded:
    """Return a network of `TOY`'s structure whose every weight is random, in float64.

    But [PAD]'s, which is nothing in a trained network: it is the last token's right neighbour.
    """
    network = folded(random_student(seed), TOY.positions)
    words = network.words.copy()
    words[0] = 0.0
    return replace(network, words=words)


def largest() -> Structure:
    """Return the structure of the model that searches start from, with its head width of 32."""
    return Structure(layers=6, hidden=384, bottleneck=128, heads=4, intermediate=512, stacks=4)


def questions(count: int = 6, length: int = 9) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Return batches of random ids and type ids [4, length], some rows padded."""
    chance = torch.Generator().manual_seed(0)
    batches = []
    for _ in range(count):
        ids = torch.randint(1, TOY.vocabulary, (4, length), generator=chance)
        types = (torch.arange(length) > 5).long().repeat(4, 1)
        for row in range(4):
            ids[row, length - row :] = types[row, length - row :] = 0
        batches.append((ids, types))
    return batches
