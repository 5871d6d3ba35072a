"""Tweets as arrays of token ids, in a file for a process without a tokenizer."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from monitor.lab.data import Example
from monitor.lab.training.tokenization import encode


@dataclass(frozen=True)
class Tokens:
    """Token ids, padded with 0, and type ids, both [tweets, length]."""

    ids: NDArray[np.int32]
    types: NDArray[np.int32]

    @property
    def length(self) -> int:
        """Tokens of a row, padding included."""
        return int(self.ids.shape[1])

    def typical(self) -> "Tokens":
        """Return the tweets that are exactly as long as the median tweet, without padding."""
        lengths = (self.ids != 0).sum(axis=1)
        median = int(np.percentile(lengths, 50, method="lower"))
        chosen = lengths == median
        return Tokens(self.ids[chosen, :median], self.types[chosen, :median])

    def padded(self, length: int) -> "Tokens":
        """Return the same with ``length`` columns."""
        wider = ((0, 0), (0, length - self.length))
        return Tokens(np.pad(self.ids, wider), np.pad(self.types, wider))

    def within(self, vocabulary: int) -> "Tokens":
        """Return the same with ids below ``vocabulary``: for a network that knows other words."""
        return Tokens(np.minimum(self.ids, vocabulary - 1), self.types)

    @classmethod
    def load(cls, path: Path) -> "Tokens":
        """Return what `save` wrote."""
        with np.load(path) as arrays:
            return cls(arrays["ids"], arrays["types"])

    def save(self, path: Path) -> Path:
        """Write a .npz with the arrays ids and types, and return its path."""
        np.savez(path, ids=self.ids, types=self.types)
        return path


def tokens_of(tokenizer: Tokenizer, examples: Sequence[Example], max_length: int) -> Tokens:
    """Return ``examples`` (text and entity) as ``tokenizer`` has them, cut to ``max_length``."""
    pieces = encode(tokenizer, examples, max_length)
    longest = max(len(ids) for ids, _ in pieces)
    ids, types = np.zeros((2, len(pieces), longest), np.int32)
    for row, (own, first) in enumerate(pieces):
        ids[row, : len(own)] = own
        types[row, first : len(own)] = 1
    return Tokens(ids, types)
