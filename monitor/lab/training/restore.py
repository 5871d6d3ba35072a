"""A model folder -> the network in it, so that whoever has the model alone can train on from it.

The exported file holds every matrix as int8 with one scale; what comes back is what the daemon
computes with, and by construction answers as the file does.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from monitor.inference import Model, ModelError
from monitor.lab.errors import TrainingError
from monitor.lab.training import plain_restore
from monitor.lab.training.fold import Folded, Layer, Linear
from monitor.lab.training.network import Network
from monitor.lab.training.operations import Operation, operations
from monitor.lab.training.plain_layers import network_of
from monitor.lab.training.unfold import unfold

_OTHER_KIND = "the model's file is not of the kind that monitor export writes (int8, all fusions)"


def by_layer(inside: list[Linear], count: int, hidden: int) -> list[list[Linear]]:
    """Return the linear layers ``inside`` a network of ``count`` layers, layer by layer.

    Raises:
        ValueError: they are not as an export with all fusions has them.
    """
    size, rest = divmod(len(inside), count)
    layers = [inside[i : i + size] for i in range(0, len(inside), size)]
    width = len(inside[1].weight)
    ends = {(layer[0].weight.shape, layer[-1].weight.shape) for layer in layers}
    if rest or ends != {((hidden, 3 * width), (width, hidden))}:
        raise ValueError("projections of the same input are apart")
    return layers


def folded_of(flatbuffer: bytes) -> Folded:
    """Return the network in a file that `monitor export` has written with all its fusions.

    Raises:
        TrainingError: the file is of another kind; such is that of one without bottlenecks.
    """
    return _folded(list(operations(flatbuffer)))


def network_of_file(flatbuffer: bytes) -> Network:
    """Return what can be trained on, with bottlenecks or without.

    Raises:
        TrainingError: `monitor export` has not written the file, or without all its fusions.
    """
    found = list(operations(flatbuffer))
    if not plain_restore.is_plain(found):
        return unfold(_folded(found))
    try:
        return network_of(plain_restore.plain_of(found))
    except (ArithmeticError, IndexError, ValueError) as error:
        raise TrainingError(_OTHER_KIND) from error


def _folded(found: Sequence[Operation]) -> Folded:
    try:
        words, places = [o.constants[0] for o in found if o.kind == "GATHER"]
        (kinds,) = [
            o.constants[0]
            for o in found
            if o.kind == "MUL" and o.constants and o.constants[0].shape == places.shape[1:]
        ]
        linear = [
            Linear(o.constants[0].T, o.constants[1]) for o in found if o.kind == "FULLY_CONNECTED"
        ]
        projection, *inside, heads = linear
        # Of each layer there are two: queries with keys, and what they weigh with values.
        products = [o for o in found if o.kind == "BATCH_MATMUL"]
        layers = by_layer(inside, len(products) // 2, len(heads.weight))
        return Folded(
            attention_heads=len(inside[1].weight) // products[0].width,
            words=words,
            positions=places,
            types=np.stack([np.zeros_like(kinds), kinds]),
            projection=projection,
            layers=tuple(
                Layer(
                    entry=layer[0],
                    query_key=layer[1],
                    context=layer[2],
                    feed_forward=tuple(zip(layer[3:-1:2], layer[4:-1:2], strict=True)),
                    exit=layer[-1],
                )
                for layer in layers
            ),
            heads=heads,
        )
    except (ArithmeticError, IndexError, KeyError, ValueError) as error:
        raise TrainingError(_OTHER_KIND) from error


def restore(folder: Path) -> tuple[Folded, Tokenizer]:
    """Return the network with bottlenecks and the tokenizer in a model's folder.

    Raises:
        TrainingError: the folder holds no model, or one of another kind.
    """
    model = _model(folder)
    return folded_of(model.flatbuffer), Tokenizer.from_str(model.tokenizer)


def network_in(folder: Path) -> tuple[Network, Tokenizer]:
    """Return the network, with bottlenecks or without, and the tokenizer in a model's folder.

    Raises:
        TrainingError: as `restore`.
    """
    model = _model(folder)
    return network_of_file(model.flatbuffer), Tokenizer.from_str(model.tokenizer)


def _model(folder: Path) -> Model:
    try:
        return Model.load(folder)
    except ModelError as error:
        raise TrainingError(str(error)) from error
