"""``monitor.lab.training.blocks``: small whole networks whose time is any other's."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from monitor.lab.profiling.blocks import ours
from monitor.lab.profiling.size import matrices, weight_bytes
from monitor.lab.structure import QUANTIZATIONS, Structure
from monitor.lab.training.blocks import LARGEST, LAYERS, network, structures
from monitor.lab.training.fold import Array
from monitor.lab.training.variants import Variant

SMALL = Structure(
    layers=2,
    hidden=96,
    bottleneck=64,
    heads=2,
    intermediate=128,
    stacks=2,
    embedding=64,
    vocabulary=50,
    positions=64,
)


def test_design() -> None:
    """Each width goes from its least to its largest, and none grows with another."""
    drawn = structures()
    columns = [
        [getattr(each, name) for each in drawn]
        for name in ("layers", "hidden", "bottleneck", "intermediate", "stacks", "embedding")
    ]
    ends = [(1, 12), (96, 512), (64, 192), (64, 1024), (1, 6), (64, 128)]

    assert len(LAYERS) == len(set(drawn))
    assert ends == [(min(column), max(column)) for column in columns]
    for one, other in itertools.combinations(columns, 2):
        assert abs(np.corrcoef(one, other)[0, 1]) < 0.5
    assert LARGEST[0] <= max(map(weight_bytes, drawn)) <= LARGEST[1]


def test_archive_is_of_this_design() -> None:
    """The archive in the repository was built from these structures."""
    assert structures() == [block.structure for block in ours().of("int8")]


def operations(model: bytes) -> list[str]:
    """Return the names of a FlatBuffer's operations, in order."""
    from ai_edge_litert.interpreter import Interpreter

    return [each["op_name"] for each in Interpreter(model_content=model)._get_ops_details()]


@pytest.mark.parametrize("quantization", QUANTIZATIONS)
def test_archive_is_of_this_graph(quantization: Variant) -> None:
    """What is measured is what an export makes; if not, `lab.training.blocks` is to be run."""
    from monitor.lab.training.graph import flatbuffer

    block = min(ours().of(quantization), key=lambda each: weight_bytes(each.structure))

    assert operations(ours().flatbuffer(block)) == operations(
        flatbuffer(network(block.structure), quantization)
    )


def arrays() -> list[Array]:
    """Return every matrix of a small network."""
    made = network(SMALL)
    each = [made.words, made.positions, made.projection.weight, made.heads.weight]
    for layer in made.layers:
        each += [layer.entry.weight, layer.query_key.weight, layer.context.weight]
        each += [half.weight for pair in layer.feed_forward for half in pair]
        each.append(layer.exit.weight)
    return each


def test_sizes() -> None:
    """The network has as many weights as `size` counts."""
    assert sorted(matrices(SMALL)) == sorted(array.size for array in arrays())


def test_no_two_alike() -> None:
    """The converter merges equal matrices, and would keep in a cache what should come anew."""
    quantized = {
        np.round(127 * array / np.abs(array).max()).astype(np.int8).tobytes() for array in arrays()
    }

    assert len(arrays()) == len(quantized)


@pytest.mark.parametrize("variant", QUANTIZATIONS)
def test_a_block_answers(variant: Variant) -> None:
    """A block gives probabilities, none of them overflown, through many layers too."""
    from monitor.inference import Interpreter
    from monitor.lab.training.graph import flatbuffer

    deep = replace(SMALL, layers=6)
    run = Interpreter(flatbuffer(network(deep), variant))
    ids = np.arange(1, 33, dtype=np.int32).reshape(2, 16)

    for answer in run(ids, ids * 0).values():
        assert [1.0, 1.0] == pytest.approx(answer.sum(axis=-1).tolist(), abs=1e-4)
