"""A network whose parts are networks: every structure of a space shares one set of weights.

A structure takes the first so many features of every width, the first so many stacks and some of
the layers (Once-for-all, arXiv 1908.09791; HAT, arXiv 2005.14187). What is first is what matters
most: see `rotate`.
"""

from collections.abc import Callable
from typing import Any, TypeAlias, cast

import numpy as np
import torch
from torch import Tensor, nn

from monitor.lab.errors import TrainingError
from monitor.lab.structure import Structure
from monitor.lab.training.fold import Array, Folded, Layer, Linear, parts, side_by_side
from monitor.lab.training.unfold import structure_of
from monitor.verdict import TASKS

HIDDEN_AWAY = -1e4
"""Added to attention scores of padding."""

Watch: TypeAlias = Callable[[str, Tensor], None]
"""Is shown each intermediate result, by name, that `rotate` wants to know about."""


class Dense(nn.Module):
    """A linear layer of which any first inputs and outputs can be used; weight [inputs, outputs].

    Where the input is several vectors side by side (``copies``), the first of each are used.
    """

    def __init__(self, layer: Linear, copies: int = 1) -> None:
        """Take the weights of ``layer``."""
        super().__init__()
        weight = torch.from_numpy(layer.weight).float()
        self.weight = nn.Parameter(weight.reshape(copies, -1, weight.shape[-1]).contiguous())
        self.bias = nn.Parameter(torch.from_numpy(np.array(layer.bias)).float())

    def cut(self, inputs: int, outputs: int) -> tuple[Tensor, Tensor]:
        """Return weight [copies * inputs, outputs] and bias [outputs] of the first features."""
        weight = self.weight[:, :inputs, :outputs]
        return weight.reshape(-1, outputs), self.bias[:outputs]

    def forward(self, x: Tensor, outputs: int) -> Tensor:
        """Return the first ``outputs`` features for x [..., copies * inputs]."""
        weight, bias = self.cut(x.shape[-1] // len(self.weight), outputs)
        return torch.nn.functional.linear(x, weight.T, bias)

    def linear(self, inputs: int, outputs: int) -> Linear:
        """Return the first features as arrays."""
        weight, bias = self.cut(inputs, outputs)
        return Linear(array(weight), array(bias))


class SuperLayer(nn.Module):
    """One layer (see `fold.Layer`), its projections kept apart so that each can be cut."""

    def __init__(self, layer: Layer, width: int) -> None:
        """Take the weights of ``layer``, whose bottleneck is ``width`` wide."""
        super().__init__()
        self.shared, self.start, self.value = map(Dense, parts(layer.entry, width, width, width))
        self.query, self.key = map(Dense, parts(layer.query_key, width, width))
        self.context = Dense(layer.context)
        self.inner = nn.ModuleList(Dense(inner) for inner, _ in layer.feed_forward)
        self.outer = nn.ModuleList(Dense(outer) for _, outer in layer.feed_forward)
        self.exit = Dense(layer.exit)

    def forward(self, wide: Tensor, hidden: Tensor, structure: Structure, watch: Watch) -> Tensor:
        """Return the wide stream [batch, length, hidden] after this layer.

        ``hidden`` [batch, 1, 1, length] is added to the attention's scores.
        """
        width, heads = structure.bottleneck, structure.heads

        def by_head(x: Tensor) -> Tensor:
            return x.reshape(*x.shape[:-1], heads, -1).transpose(1, 2)

        shared, narrow = self.shared(wide, width), self.start(wide, width)
        watch("shared", shared)
        query, key = by_head(self.query(shared, width)), by_head(self.key(shared, width))
        scores = (query @ key.transpose(-1, -2) + hidden).softmax(-1)
        context = (scores @ by_head(self.value(wide, width))).transpose(1, 2).flatten(-2)
        watch("context", context)
        narrow = narrow + self.context(context, width)
        for inner, outer in list(zip(self.inner, self.outer, strict=True))[: structure.stacks]:
            watch("narrow", narrow)
            active = inner(narrow, structure.intermediate).relu()
            watch("active", active)
            narrow = narrow + outer(active, width)
        watch("narrow", narrow)
        return wide + cast(Tensor, self.exit(narrow, structure.hidden))

    def layer(self, structure: Structure) -> Layer:
        """Return the part that ``structure`` uses, as arrays."""
        hidden, width = structure.hidden, structure.bottleneck
        inner = structure.intermediate

        def cut(name: str, inputs: int, outputs: int) -> Linear:
            return cast(Dense, getattr(self, name)).linear(inputs, outputs)

        pairs = list(zip(self.inner, self.outer, strict=True))[: structure.stacks]
        return Layer(
            entry=side_by_side(*(cut(n, hidden, width) for n in ("shared", "start", "value"))),
            query_key=side_by_side(*(cut(n, width, width) for n in ("query", "key"))),
            context=cut("context", width, width),
            feed_forward=tuple(
                (
                    cast(Dense, first).linear(width, inner),
                    cast(Dense, second).linear(inner, width),
                )
                for first, second in pairs
            ),
            exit=cut("exit", width, hidden),
        )


def array(parameter: Tensor) -> Array:
    """Return a parameter, wherever it lies, as an array."""
    values: Array = parameter.detach().cpu().double().numpy()
    return values


def unwatched(_name: str, _value: Tensor) -> None:
    """Look at nothing."""


def kept_layers(layers: int, of: int) -> list[int]:
    """Return which of ``of`` layers a structure with fewer keeps: evenly spread, the last one too.

    The last one, because the heads have learnt to read what it writes.
    """
    return [round((i + 1) * of / layers) - 1 for i in range(layers)]


class Supernet(nn.Module):
    """All structures up to ``largest``, in one set of weights."""

    def __init__(self, folded: Folded) -> None:
        """Start as the network ``folded``, which becomes the largest structure."""
        super().__init__()
        self.largest = structure_of(folded)
        self.head_width = self.largest.bottleneck // self.largest.heads

        def table(values: Array) -> nn.Parameter:
            return nn.Parameter(torch.from_numpy(np.array(values)).float())

        self.words, self.positions = table(folded.words), table(folded.positions)
        self.types = table(folded.types)
        self.projection = Dense(folded.projection, copies=3)
        self.blocks = nn.ModuleList(
            SuperLayer(layer, self.largest.bottleneck) for layer in folded.layers
        )
        self.heads = Dense(folded.heads)

    def check(self, structure: Structure) -> None:
        """Refuse what is no part of this network.

        Raises:
            TrainingError: something is larger than here, or the heads are of another width.
        """
        for name in ("layers", "hidden", "bottleneck", "intermediate", "stacks", "embedding"):
            mine, wanted = getattr(self.largest, name), getattr(structure, name)
            if wanted > mine:
                raise TrainingError(f"the network searched in has {name} {mine}, not {wanted}")
        if structure.bottleneck != structure.heads * self.head_width:
            raise TrainingError(f"the network searched in has heads {self.head_width} wide")

    def forward(
        self,
        structure: Structure,
        input_ids: Tensor,
        token_type_ids: Tensor,
        watch: Watch = unwatched,
    ) -> tuple[dict[str, Tensor], dict[int, Tensor]]:
        """Return logits [batch, 3] per task, and the wide stream [batch, length, hidden].

        The stream is given by how many layers of the largest structure stand before it: 0 is the
        embedding's. Ids are those of the whole vocabulary, padded with 0.
        """
        mask = input_ids != 0
        wide = self.embed(structure, input_ids, token_type_ids, mask, watch)
        hidden = (~mask[:, None, None, :]).float() * HIDDEN_AWAY
        states = {0: wide}
        for place in kept_layers(structure.layers, self.largest.layers):
            watch("wide", wide)
            wide = self.blocks[place](
                wide, hidden, structure, lambda name, x, at=place: watch(f"{at}.{name}", x)
            )
            states[place + 1] = wide
        watch("wide", wide)
        weights = mask.unsqueeze(-1).to(wide.dtype)
        mean = (wide * weights).sum(1) / weights.sum(1)
        logits = self.heads(mean, len(self.heads.bias)).chunk(len(TASKS), dim=-1)
        return dict(zip(TASKS, logits, strict=True)), states

    def embed(
        self, structure: Structure, ids: Tensor, types: Tensor, mask: Tensor, watch: Watch
    ) -> Tensor:
        """Return the wide stream [batch, length, hidden] before the first layer."""
        size, hidden = structure.embedding, structure.hidden
        # [PAD] must be nothing: it is the last token's right neighbour in a padded batch.
        words = nn.functional.embedding(ids, self.words[:, :size]) * mask.unsqueeze(-1)
        watch("words", words)
        following = nn.functional.pad(words[:, 1:], (0, 0, 0, 1))
        preceding = nn.functional.pad(words[:, :-1], (0, 0, 1, 0))
        trigram = torch.cat([following, words, preceding], dim=-1)
        places = mask.long().cumsum(1) - mask.long()
        return (
            cast(Tensor, self.projection(trigram, hidden))
            + nn.functional.embedding(places, self.positions[:, :hidden])
            + nn.functional.embedding(types, self.types[:, :hidden])
        )

    def folded(self, structure: Structure, rows: list[int] | None = None) -> Folded:
        """Return the part that ``structure`` uses, as arrays.

        ``rows`` are the words of its vocabulary, as rows of the whole word table; None: all.
        """
        self.check(structure)
        size, hidden = structure.embedding, structure.hidden

        words = array(self.words)[:, :size].copy()
        words[0] = 0.0
        return Folded(
            attention_heads=structure.heads,
            words=words if rows is None else words[rows],
            positions=array(self.positions)[:, :hidden],
            types=array(self.types)[:, :hidden],
            projection=self.projection.linear(size, hidden),
            layers=tuple(
                cast(SuperLayer, self.blocks[place]).layer(structure)
                for place in kept_layers(structure.layers, self.largest.layers)
            ),
            heads=self.heads.linear(hidden, len(self.heads.bias)),
        )


def state_of(supernet: Supernet) -> dict[str, Any]:
    """Return the weights, on the processor."""
    return {name: value.detach().cpu() for name, value in supernet.state_dict().items()}
