"""A MobileBERT classifier as it stands in transformers, as a TensorFlow graph: the yardstick.

Nothing is folded, merged or left out: NoNorm is a multiplication and an addition, query, key and
value are three projections, heads are laid out by reshape and transpose, and shapes are fixed. So
this is what a direct conversion of google/mobilebert-uncased gives, as in arXiv 2310.03971.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
import torch
from numpy.typing import NDArray
from transformers import MobileBertConfig, MobileBertForSequenceClassification

from monitor.model import POLARITIES
from monitor.training.fold import Weights
from monitor.training.graph import HIDDEN_AWAY, Tensor, apply, constant, convert
from monitor.training.variants import Variant

SEED = 0


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


@dataclass(frozen=True)
class Stock:
    """One classifier: its weights by transformers' names, and its configuration."""

    state: Mapping[str, NDArray[np.float64]]
    config: Any

    def dense(self, name: str, x: Tensor) -> Tensor:
        """Return x [..., inputs] through the linear layer ``name``."""
        return apply(Weights(self.state).linear(f"{name}.dense"), x)

    def norm(self, name: str, x: Tensor) -> Tensor:
        """Return x [..., width] after the NoNorm of ``name``."""
        gamma, beta = Weights(self.state).norm(name)
        return x * constant(gamma) + constant(beta)

    def embed(self, input_ids: Tensor, token_type_ids: Tensor) -> Tensor:
        """Return the hidden states [batch, length, hidden] before the first layer."""
        name = "mobilebert.embeddings"
        words = tf.gather(constant(self.state[f"{name}.word_embeddings.weight"]), input_ids)
        following = tf.pad(words[:, 1:], [[0, 0], [0, 1], [0, 0]])
        preceding = tf.pad(words[:, :-1], [[0, 0], [1, 0], [0, 0]])
        trigram = tf.concat([following, words, preceding], axis=-1)
        projection = Weights(self.state).linear(f"{name}.embedding_transformation")
        positions = self.state[f"{name}.position_embeddings.weight"][: input_ids.shape[1]]
        types = constant(self.state[f"{name}.token_type_embeddings.weight"])
        embedded = apply(projection, trigram) + constant(positions)
        return self.norm(name, embedded + tf.gather(types, token_type_ids))

    def attend(self, name: str, shared: Tensor, wide: Tensor, hidden: Tensor) -> Tensor:
        """Return the attention's result [batch, length, width].

        ``shared`` [batch, length, width] gives query and key, ``wide`` [batch, length, hidden]
        the values; ``hidden`` [batch, 1, 1, length] is added to the scores.
        """
        heads = self.config.num_attention_heads
        batch, length, width = shared.shape

        def project(part: str, x: Tensor) -> Tensor:
            layer = Weights(self.state).linear(f"{name}.self.{part}")
            return tf.transpose(
                tf.reshape(apply(layer, x), [batch, length, heads, -1]), [0, 2, 1, 3]
            )

        query, key = project("query", shared), project("key", shared)
        scores = tf.linalg.matmul(query, key, transpose_b=True) * (width // heads) ** -0.5
        context = tf.linalg.matmul(tf.nn.softmax(scores + hidden), project("value", wide))
        return tf.reshape(tf.transpose(context, [0, 2, 1, 3]), [batch, length, width])

    def layer(self, name: str, wide: Tensor, hidden: Tensor) -> Tensor:
        """Return the wide stream [batch, length, hidden] after one layer."""

        def bottleneck(kind: str) -> Tensor:
            return self.norm(
                f"{name}.bottleneck.{kind}", self.dense(f"{name}.bottleneck.{kind}", wide)
            )

        narrow, shared = bottleneck("input"), bottleneck("attention")
        attended = self.attend(f"{name}.attention", shared, wide, hidden)
        output = f"{name}.attention.output"
        narrow = self.norm(output, self.dense(output, attended) + narrow)
        stacked = [f"{name}.ffn.{i}" for i in range(self.config.num_feedforward_networks - 1)]
        for stack in (*stacked, name):
            inner = tf.nn.relu(self.dense(f"{stack}.intermediate", narrow))
            narrow = self.norm(f"{stack}.output", self.dense(f"{stack}.output", inner) + narrow)
        output = f"{name}.output.bottleneck"
        return self.norm(output, self.dense(output, narrow) + wide)

    def logits(self, input_ids: Tensor, token_type_ids: Tensor) -> dict[str, Tensor]:
        """Return the logits [batch, labels] for ids [batch, length], padded with 0."""
        padding = tf.cast(tf.equal(input_ids, 0), tf.float32)
        hidden = tf.reshape(padding * HIDDEN_AWAY, [input_ids.shape[0], 1, 1, input_ids.shape[1]])
        wide = self.embed(input_ids, token_type_ids)
        for i in range(self.config.num_hidden_layers):
            wide = self.layer(f"mobilebert.encoder.layer.{i}", wide, hidden)
        first = wide[:, 0]
        if self.config.classifier_activation:
            first = tf.tanh(self.dense("mobilebert.pooler", first))
        return {"logits": apply(Weights(self.state).linear("classifier"), first)}


def flatbuffer(
    network: MobileBertForSequenceClassification, variant: Variant, length: int, batch: int = 1
) -> bytes:
    """Convert ``network`` for ids [batch, length] and no other shape."""
    state = {name: value.double().numpy() for name, value in network.state_dict().items()}
    return convert(Stock(state, network.config).logits, (batch, length), variant)
