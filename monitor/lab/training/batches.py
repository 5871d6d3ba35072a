"""Which examples go together in which step, decided beforehand from a seed."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from monitor.lab.data import Example
from monitor.lab.training.tokenization import Pieces

POOL = 64
"""Batches that are sorted by length together: enough for hardly any padding."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Tensors of one step: ids and type ids [batch, length], class indices [batch] per task."""

    input_ids: Tensor
    token_type_ids: Tensor
    reputation: Tensor
    sentiment: Tensor

    def to(self, device: torch.device) -> "Batch":
        """Return the same batch on ``device``."""
        return Batch(
            self.input_ids.to(device),
            self.token_type_ids.to(device),
            self.reputation.to(device),
            self.sentiment.to(device),
        )


def plan(lengths: Sequence[int], order: Sequence[int], size: int, seed: int) -> list[list[int]]:
    """Cut ``order`` (indices into ``lengths``) into batches of ``size`` of similar length.

    Examples are sorted by length only within a pool of `POOL` batches, and the batches of a pool
    are shuffled, so that an epoch stays random.
    """
    chance = random.Random(seed)  # noqa: S311 (shuffles tweets, guards nothing)
    batches: list[list[int]] = []
    for start in range(0, len(order), POOL * size):
        pool = sorted(order[start : start + POOL * size], key=lambda index: lengths[index])
        cut = [pool[i : i + size] for i in range(0, len(pool), size)]
        chance.shuffle(cut)
        batches.extend(cut)
    return batches


def collate(examples: Sequence[Example], pieces: Sequence[Pieces]) -> Batch:
    """Return a batch padded with [PAD] to its longest member."""
    length = max(len(ids) for ids, _ in pieces)
    return Batch(
        input_ids=torch.tensor([ids + [0] * (length - len(ids)) for ids, _ in pieces]),
        token_type_ids=torch.tensor(
            [
                [0] * first + [1] * (len(ids) - first) + [0] * (length - len(ids))
                for ids, first in pieces
            ]
        ),
        reputation=torch.tensor([example.reputation for example in examples]),
        sentiment=torch.tensor([example.sentiment for example in examples]),
    )
