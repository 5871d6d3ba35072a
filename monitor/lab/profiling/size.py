"""How large a structure's files come out, counted matrix by matrix."""

from __future__ import annotations

from itertools import chain, repeat
from typing import Final

from monitor.lab.structure import Structure
from monitor.verdict import POLARITIES, TASKS

SMALLEST_IN_INT8: Final = 1024
"""Weights of a matrix: TensorFlow's converter leaves smaller ones in float."""

LABELS: Final = len(TASKS) * len(POLARITIES)

WHOLE: Final = 7_700
LAYER: Final = 3_150
STACK: Final = 770
HEAD: Final = 506
"""Bytes of a FlatBuffer beside its numbers: names, shapes, operations. For the whole, and more for
each layer, each feed-forward network and each head of a layer. Fitted to the blocks."""

TOKENIZER: Final = 1_700
WORD: Final = 14.6
"""Bytes of a tokenizer.json, and more for each word, as in the shipped one."""


def matrices(structure: Structure) -> list[int]:
    """Return how many numbers each table and matrix of weights has."""
    s = structure
    outer = [s.vocabulary * s.embedding, s.positions * s.hidden, 3 * s.embedding * s.hidden]
    layer = [3 * s.hidden * s.bottleneck, 2 * s.bottleneck**2, s.bottleneck**2]
    layer += [s.bottleneck * s.intermediate] * (2 * s.stacks) + [s.bottleneck * s.hidden]
    return [*outer, s.hidden * LABELS, *chain.from_iterable(repeat(layer, s.layers))]


def vectors(structure: Structure) -> int:
    """Return how many numbers stay in float: the biases, and what tells text from entity."""
    s = structure
    layer = 6 * s.bottleneck + s.stacks * (s.intermediate + s.bottleneck) + s.hidden
    return 2 * s.hidden + LABELS + s.layers * layer


def weight_bytes(structure: Structure) -> int:
    """Return the bytes of all weights, as `graph.convert` keeps them."""
    narrow = structure.quantization == "int8"
    return sum(
        count if narrow and count >= SMALLEST_IN_INT8 else 4 * count
        for count in matrices(structure)
    ) + 4 * vectors(structure)


def flatbuffer_bytes(structure: Structure) -> int:
    """Return the bytes of model.tflite."""
    s = structure
    return weight_bytes(s) + WHOLE + s.layers * (LAYER + s.stacks * STACK + s.heads * HEAD)


def size(structure: Structure) -> int:
    """Return the bytes of model.tflite and tokenizer.json together."""
    return flatbuffer_bytes(structure) + round(TOKENIZER + structure.vocabulary * WORD)
