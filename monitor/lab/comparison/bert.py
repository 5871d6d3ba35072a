"""A BERT classifier as it stands in transformers, as a TensorFlow graph: the other yardstick.

What a direct conversion of bert-base-uncased gives: layer norms written out, GELU, three
projections, heads laid out by reshape and transpose, fixed shapes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from transformers import BertConfig, BertForSequenceClassification

from monitor.lab.comparison.stock import SEED
from monitor.lab.training.fusion import NO_FUSIONS
from monitor.lab.training.graph import Tensor, attend, convert, hidden_from
from monitor.lab.training.tensorflow import tf
from monitor.lab.training.variants import Variant
from monitor.verdict import POLARITIES

Config = BertConfig


def untrained(config: BertConfig | None = None) -> BertForSequenceClassification:
    """Return a BERT with a head for `POLARITIES`, its weights random but always the same.

    ``config`` None: that of bert-base-uncased, 12 layers, which transformers defaults to.
    """
    config = config or BertConfig()
    config.num_labels = len(POLARITIES)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEED)
        network = BertForSequenceClassification(config)
    network.train(False)
    return network


@dataclass(frozen=True)
class Bert:
    """One classifier: its weights, TensorFlow variables by transformers' names; and its shape.

    Not constants: of 440 MB of these the converter makes 18 GB.
    """

    state: Mapping[str, Tensor]
    config: Any

    def linear(self, name: str, x: Tensor) -> Tensor:
        """Return x [..., inputs] through the linear layer ``name``; weight [outputs, inputs]."""
        weight, bias = self.state[f"{name}.weight"], self.state[f"{name}.bias"]
        return tf.linalg.matmul(x, weight, transpose_b=True) + bias

    def norm(self, name: str, x: Tensor) -> Tensor:
        """Return x [..., width] after the layer norm of ``name``."""
        gamma, beta = (self.state[f"{name}.LayerNorm.{part}"] for part in ("weight", "bias"))
        mean, variance = tf.nn.moments(x, axes=-1, keepdims=True)
        scaled = (x - mean) * tf.math.rsqrt(variance + self.config.layer_norm_eps)
        return scaled * gamma + beta

    def embed(self, input_ids: Tensor, token_type_ids: Tensor) -> Tensor:
        """Return the hidden states [batch, length, hidden] before the first layer."""
        words, types, positions = (
            self.state[f"bert.embeddings.{kind}_embeddings.weight"]
            for kind in ("word", "token_type", "position")
        )
        total = (
            tf.gather(words, input_ids)
            + tf.gather(types, token_type_ids)
            + positions[: input_ids.shape[1]]
        )
        return self.norm("bert.embeddings", total)

    def layer(self, name: str, states: Tensor, hidden: Tensor) -> Tensor:
        """Return the hidden states after one layer; ``hidden`` is added to attention's scores."""
        query, key, value = (
            self.linear(f"{name}.attention.self.{part}", states)
            for part in ("query", "key", "value")
        )
        context = attend(self.config.num_attention_heads, (query, key), value, hidden, NO_FUSIONS)
        output = f"{name}.attention.output"
        states = self.norm(output, states + self.linear(f"{output}.dense", context))
        inner = self.linear(f"{name}.intermediate.dense", states)
        outer = self.linear(f"{name}.output.dense", tf.nn.gelu(inner))
        return self.norm(f"{name}.output", states + outer)

    def logits(self, input_ids: Tensor, token_type_ids: Tensor) -> dict[str, Tensor]:
        """Return the logits [batch, labels] for ids [batch, length], padded with 0."""
        mask = tf.cast(tf.not_equal(input_ids, 0), tf.float32)
        hidden = hidden_from(mask, self.config.num_attention_heads, fusions=NO_FUSIONS)
        states = self.embed(input_ids, token_type_ids)
        for i in range(self.config.num_hidden_layers):
            states = self.layer(f"bert.encoder.layer.{i}", states, hidden)
        pooled = tf.tanh(self.linear("bert.pooler.dense", states[:, 0]))
        return {"logits": self.linear("classifier", pooled)}


def flatbuffer(
    network: BertForSequenceClassification, variant: Variant, length: int, batch: int = 1
) -> bytes:
    """Convert ``network`` for ids [batch, length] and no other shape."""
    state = {name: tf.Variable(value.numpy()) for name, value in network.state_dict().items()}
    return convert(Bert(state, network.config).logits, (batch, length), variant)
