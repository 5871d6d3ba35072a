"""``monitor.lab.profiling.size``: bytes counted without making the files."""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.inference import Model
from monitor.lab.profiling.blocks import Block, ours
from monitor.lab.profiling.check import structure_of
from monitor.lab.profiling.size import flatbuffer_bytes, matrices, size, weight_bytes
from monitor.lab.structure import Structure


@pytest.mark.parametrize("block", ours().all, ids=lambda block: block.name)
def test_blocks(block: Block) -> None:
    """Every block comes out within 2 %, in both quantizations, from one layer to many."""
    assert len(ours().flatbuffer(block)) == pytest.approx(
        flatbuffer_bytes(block.structure), rel=0.02
    )


def test_shipped(model: Model) -> None:
    """So does the shipped model with its tokenizer."""
    structure = structure_of(model)

    assert structure is not None
    assert len(model.flatbuffer) + len(model.tokenizer.encode()) == pytest.approx(
        size(structure), rel=0.02
    )


@pytest.mark.parametrize(("expected", "hidden"), [(960, 160), (0, 192)])
def test_small_matrices(expected: int, hidden: int) -> None:
    """Of the matrices only the heads can be small enough to stay in float: 160 times 6 weights."""
    narrow = Structure(hidden=hidden)
    saved = weight_bytes(replace(narrow, quantization="fp32")) - weight_bytes(narrow)

    assert expected == sum(matrices(narrow)) - saved // 3
