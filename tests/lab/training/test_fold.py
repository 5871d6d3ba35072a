"""NoNorm folded away, in float64."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from monitor.lab.errors import TrainingError
from monitor.lab.structure import Structure
from monitor.lab.training.export import folded
from monitor.lab.training.fold import Folded, Linear
from monitor.lab.training.network import Network
from monitor.lab.training.student import fresh
from monitor.verdict import TASKS
from tests.lab.training.conftest import WORDS

Array = NDArray[np.float64]

SHAPE = Structure(
    layers=3,
    hidden=12,
    bottleneck=8,
    heads=2,
    intermediate=10,
    stacks=3,
    embedding=6,
    positions=16,
    vocabulary=len(WORDS),
)


def random_student(seed: int = 0) -> Network:
    """Return a toy student whose every weight is random, norms too."""
    torch.manual_seed(seed)
    network = fresh(SHAPE).eval().double()
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            parameter.copy_(0.3 * torch.randn_like(parameter))
            if name.endswith("LayerNorm.weight"):
                parameter.add_(torch.sign(parameter))
    return network


def softmax(x: Array) -> Array:
    """Return softmax over the last axis."""
    powers = np.exp(x - x.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def forward(network: Folded, ids: NDArray[np.int64], types: NDArray[np.int64]) -> Array:
    """Return the folded network's probabilities [tasks, batch, labels], as plainly as possible."""

    def apply(layer: Linear, x: Array) -> Array:
        return np.asarray(x @ layer.weight + layer.bias)

    mask = ids != 0
    words = network.words[ids]
    nothing = np.zeros_like(words[:, :1])
    around = [
        np.concatenate([words[:, 1:], nothing], 1),
        words,
        np.concatenate([nothing, words[:, :-1]], 1),
    ]
    wide = apply(network.projection, np.concatenate(around, -1))
    wide = wide + network.positions[: ids.shape[1]] + network.types[types]
    heads = network.attention_heads
    for layer in network.layers:
        width = len(layer.context.weight)
        entry = apply(layer.entry, wide)
        shared, narrow, value = np.split(entry, [len(layer.query_key.weight), -width], axis=-1)
        query, key = np.split(apply(layer.query_key, shared), 2, axis=-1)
        parts = []
        for h in range(heads):
            own = slice(h * width // heads, (h + 1) * width // heads)
            scores = query[..., own] @ key[..., own].swapaxes(1, 2)
            scores = np.where(mask[:, None], scores, -np.inf)
            parts.append(softmax(scores) @ value[..., own])
        narrow = narrow + apply(layer.context, np.concatenate(parts, -1))
        for inner, outer in layer.feed_forward:
            narrow = narrow + apply(outer, np.maximum(apply(inner, narrow), 0.0))
        wide = wide + apply(layer.exit, narrow)
    mean = (wide * mask[..., None]).sum(1) / mask.sum(1, keepdims=True)
    return np.stack([softmax(x) for x in np.split(apply(network.heads, mean), len(TASKS), -1)])


def inputs(batch: int = 4, length: int = 9) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return random ids and type ids, some rows padded."""
    random = np.random.default_rng(0)
    ids = random.integers(1, len(WORDS), (batch, length))
    types = (np.arange(length) > 5).astype(np.int64)[None].repeat(batch, 0)
    for row in range(batch):
        ids[row, length - row :] = types[row, length - row :] = 0
    return ids, types


def test_folding_is_exact() -> None:
    """The folded arrays are the same function as PyTorch's network, to float64 rounding."""
    network = random_student()
    ids, types = inputs()
    with torch.no_grad():
        logits, _ = network(torch.from_numpy(ids), torch.from_numpy(types))
    expected = torch.stack([logits[task].softmax(-1) for task in TASKS]).numpy()
    actual = forward(folded(network, 16), ids, types)

    # transformers masks by adding a large number, here it is minus infinity.
    assert np.abs(expected - actual).max() < 1e-10


def test_positions_are_cut() -> None:
    """Rows for lengths that are never let through are dropped."""
    assert (10, 12) == folded(random_student(), 10).positions.shape


def test_zero_norm_is_refused() -> None:
    """A stream scaled by zero cannot be carried on unscaled."""
    network = random_student()
    with torch.no_grad():
        network.get_parameter("encoder.encoder.layer.0.output.LayerNorm.weight")[3] = 0.0

    with pytest.raises(TrainingError, match="cannot fold"):
        folded(network, 16)
