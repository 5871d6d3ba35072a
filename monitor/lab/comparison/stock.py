"""A MobileBERT classifier as it stands in transformers, as a TensorFlow graph: the yardstick.

With no fusion at all: a norm is a multiplication and an addition, query, key and value are three
projections, heads are laid out by reshape and transpose, and shapes are fixed. So this is what a
direct conversion of google/mobilebert-uncased gives, as in arXiv 2310.03971.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import MobileBertConfig, MobileBertForSequenceClassification

from monitor.lab.training.fold import Folded, Weights, read
from monitor.lab.training.fusion import NO_FUSIONS
from monitor.lab.training.graph import Tensor, apply, convert, embed, hidden_from, run_layer
from monitor.lab.training.tensorflow import tf
from monitor.lab.training.variants import Variant
from monitor.verdict import POLARITIES

SEED = 0
Config = MobileBertConfig


def untrained(config: MobileBertConfig | None = None) -> MobileBertForSequenceClassification:
    """Return a MobileBERT with a head for `POLARITIES`, its weights random but always the same.

    ``config`` None: that of google/mobilebert-uncased, 24 layers, which transformers defaults to.
    Speed, size and memory do not depend on what the weights are.
    """
    config = config or MobileBertConfig()
    config.num_labels = len(POLARITIES)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEED)
        network = MobileBertForSequenceClassification(config)
    network.train(False)
    return network


def logits(
    network: Folded,
    state: Mapping[str, NDArray[np.float64]],
    input_ids: Tensor,
    token_type_ids: Tensor,
) -> dict[str, Tensor]:
    """Return the logits [batch, labels] for ids [batch, length], padded with 0.

    ``network`` is what was read of ``state``, in which there may be a pooler.
    """
    mask = tf.cast(tf.not_equal(input_ids, 0), tf.float32)
    hidden = hidden_from(mask, network.attention_heads, fusions=NO_FUSIONS)
    wide = embed(network, input_ids, token_type_ids, mask, NO_FUSIONS)
    for layer in network.layers:
        wide = run_layer(layer, network.attention_heads, wide, hidden, NO_FUSIONS)
    first = wide[:, 0]
    if "mobilebert.pooler.dense.weight" in state:
        first = tf.tanh(apply(Weights(state).linear("mobilebert.pooler.dense"), first))
    return {"logits": apply(network.heads, first)}


def flatbuffer(
    network: MobileBertForSequenceClassification, variant: Variant, length: int, batch: int = 1
) -> bytes:
    """Convert ``network`` for ids [batch, length] and no other shape."""
    config: Any = network.config
    state = {name: value.double().numpy() for name, value in network.state_dict().items()}
    arrays = read(
        state,
        layers=config.num_hidden_layers,
        stacks=config.num_feedforward_networks,
        attention_heads=config.num_attention_heads,
        positions=length,
        encoder="mobilebert",
        heads=("classifier",),
    )
    return convert(partial(logits, arrays, state), (batch, length), variant)
