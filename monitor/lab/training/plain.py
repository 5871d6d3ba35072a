"""A MobileBERT without bottlenecks, begun from a pretrained encoder of BERT's own structure.

MobileBERT with its bottlenecks, stacked feed-forward networks and trigram input switched off, and
with layer norm, computes what BERT does (arXiv 2004.02984, section 3.1; transformers'
``MobileBertConfig(use_bottleneck=False)``). So the weights of MiniLM-L6 fit in. It is three times
as large as one with bottlenecks of the same depth, but knows the language from a corpus that no
training here can replace.
"""

from typing import Any, Final, cast

import torch
from tokenizers import Tokenizer
from transformers import MobileBertConfig, MobileBertModel

from monitor.lab.errors import TrainingError
from monitor.lab.training import network as networks
from monitor.lab.training.families import family
from monitor.lab.training.network import Network
from monitor.lab.training.pretrained import checkpoint_of
from monitor.lab.training.tokenization import prepare

POSITIONS: Final = 128
"""The longest input, in tokens."""

ACTIVATION: Final = "quick_gelu"
"""``x * sigmoid(1.702 x)`` (arXiv 1606.08415, section 2): BERT's own GELU, the error function, has
no kernel in the XNNPACK of tflite-runtime 2.14. They differ by 0.02 at most."""


def config_with(**dimensions: Any) -> MobileBertConfig:  # noqa: ANN401 (transformers' names)
    """Return the configuration of a MobileBERT that computes what a BERT of ``dimensions`` does."""
    return MobileBertConfig(
        **dimensions,
        hidden_act=ACTIVATION,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        type_vocab_size=2,
        pad_token_id=0,
        embedding_size=dimensions["hidden_size"],
        trigram_input=False,
        use_bottleneck=False,
        intra_bottleneck_size=dimensions["hidden_size"],
        num_feedforward_networks=1,
        normalization_type="layer_norm",
    )


_DIMENSIONS: Final = (
    "vocab_size",
    "hidden_size",
    "num_hidden_layers",
    "num_attention_heads",
    "intermediate_size",
    "layer_norm_eps",
)


def begun_from(checkpoint: str) -> tuple[Network, Tokenizer]:
    """Return the encoder of ``checkpoint`` as a MobileBERT, and its vocabulary with the marks.

    Raises:
        TrainingError: there is no checkpoint of BERT's own structure.
    """
    place = checkpoint_of(checkpoint)
    kind = networks.kind_of(place)
    if kind != "bert":
        raise TrainingError(f"{checkpoint!r} is of the family {kind!r}; only BERT's own fits in")
    tokenizer, words = prepare(place, family(kind), marked=True)
    source = cast(Any, networks.pretrained(place, words).encoder)
    bert = source.config
    config = config_with(
        max_position_embeddings=min(POSITIONS, bert.max_position_embeddings),
        **{name: getattr(bert, name) for name in _DIMENSIONS},
    )
    encoder = MobileBertModel(config, add_pooling_layer=False)
    state = source.state_dict()
    name = "embeddings.position_embeddings.weight"
    state[name] = state[name][: config.max_position_embeddings]
    own = encoder.state_dict()
    with torch.no_grad():
        # MobileBERT has a projection of the embedding too, which it does not use without trigrams.
        encoder.load_state_dict({key: state.get(key, value) for key, value in own.items()})
    return Network(encoder, config.hidden_size), tokenizer


def is_plain(network: Network) -> bool:
    """Whether a MobileBERT has no bottlenecks."""
    return not cast(Any, network.encoder).config.use_bottleneck
