"""Linear layers only -> the same function as a MobileBERT that can be trained on and exported."""

from collections.abc import Iterator

import numpy as np
import torch

from monitor.lab.structure import Structure
from monitor.lab.training.fold import Array, Folded, Linear
from monitor.lab.training.network import Network
from monitor.lab.training.student import fresh
from monitor.verdict import TASKS


def structure_of(folded: Folded) -> Structure:
    """Return the structure that ``folded`` has."""
    first = folded.layers[0]
    vocabulary, embedding = folded.words.shape
    return Structure(
        layers=len(folded.layers),
        hidden=len(first.entry.weight),
        bottleneck=len(first.context.weight),
        heads=folded.attention_heads,
        intermediate=len(first.feed_forward[0][0].bias),
        stacks=len(first.feed_forward),
        embedding=embedding,
        vocabulary=vocabulary,
        positions=len(folded.positions),
    )


def parts(layer: Linear, *widths: int) -> list[Linear]:
    """Return the layers that were laid side by side in ``layer``."""
    cuts = np.cumsum(widths)[:-1]
    weights, biases = np.split(layer.weight, cuts, axis=1), np.split(layer.bias, cuts)
    return [Linear(weight, bias) for weight, bias in zip(weights, biases, strict=True)]


def linears(folded: Folded) -> Iterator[tuple[str, Linear]]:
    """Yield each linear layer by transformers' name: the inverse of `fold.fold`."""
    width = len(folded.layers[0].context.weight)
    widening = (width // folded.attention_heads) ** 0.5
    yield "encoder.embeddings.embedding_transformation", folded.projection
    for i, layer in enumerate(folded.layers):
        name = f"encoder.encoder.layer.{i}"
        shared, start, value = parts(layer.entry, width, width, width)
        query, key = parts(layer.query_key, width, width)
        yield f"{name}.bottleneck.attention.dense", shared
        yield f"{name}.bottleneck.input.dense", start
        yield f"{name}.attention.self.value", value
        yield f"{name}.attention.self.query", Linear(query.weight * widening, query.bias * widening)
        yield f"{name}.attention.self.key", key
        yield f"{name}.attention.output.dense", layer.context
        last = len(layer.feed_forward) - 1
        for j, (inner, outer) in enumerate(layer.feed_forward):
            stack = name if j == last else f"{name}.ffn.{j}"
            yield f"{stack}.intermediate.dense", inner
            yield f"{stack}.output.dense", outer
        yield f"{name}.output.bottleneck.dense", layer.exit
    heads = parts(folded.heads, *[len(folded.heads.bias) // len(TASKS)] * len(TASKS))
    yield from ((f"heads.{task}", head) for task, head in zip(TASKS, heads, strict=True))


def unfold(folded: Folded) -> Network:
    """Return a network whose every NoNorm is the identity, and which computes what ``folded`` does.

    It can be trained on, saved and exported like any student.
    """
    network = fresh(structure_of(folded)).eval()

    def tensor(array: Array) -> torch.Tensor:
        return torch.from_numpy(np.ascontiguousarray(array, dtype=np.float32))

    state = {
        name: torch.ones_like(value) if name.endswith("LayerNorm.weight") else value.zero_()
        for name, value in network.state_dict().items()
    }
    for name, layer in linears(folded):
        state[f"{name}.weight"] = tensor(layer.weight.T)
        state[f"{name}.bias"] = tensor(layer.bias)
    embeddings = "encoder.embeddings"
    state[f"{embeddings}.word_embeddings.weight"] = tensor(folded.words)
    state[f"{embeddings}.position_embeddings.weight"] = tensor(folded.positions)
    state[f"{embeddings}.token_type_embeddings.weight"] = tensor(folded.types)
    network.load_state_dict(state)
    return network
