"""The student: a small MobileBERT, and how it starts from its teacher's embedding."""

from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import nn
from transformers import MobileBertConfig, MobileBertModel

from monitor.training.network import Network


@dataclass(frozen=True)
class Shape:
    """Dimensions of a MobileBERT (arXiv 2004.02984, table 1).

    Widths are in features: ``hidden`` between the layers (as wide as the teacher's, so that its
    hidden states can be matched), ``bottleneck`` inside a layer, ``intermediate`` inside a
    feed-forward network, ``embedding`` of the word table. ``stacks`` is the number of feed-forward
    networks a layer, ``positions`` the longest input in tokens.
    """

    layers: int = 6
    hidden: int = 384
    bottleneck: int = 128
    heads: int = 4
    intermediate: int = 512
    stacks: int = 2
    embedding: int = 128
    positions: int = 128


def config_of(shape: Shape, vocabulary_size: int) -> MobileBertConfig:
    """Return the transformers configuration: NoNorm, ReLU, trigram input, shared bottleneck.

    Dropout is 0: a student of this size that sees each tweet about once underfits.
    """
    return MobileBertConfig(
        vocab_size=vocabulary_size,
        hidden_size=shape.hidden,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        intermediate_size=shape.intermediate,
        hidden_act="relu",
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        max_position_embeddings=shape.positions,
        type_vocab_size=2,
        pad_token_id=0,
        embedding_size=shape.embedding,
        trigram_input=True,
        use_bottleneck=True,
        intra_bottleneck_size=shape.bottleneck,
        use_bottleneck_attention=False,
        key_query_shared_bottleneck=True,
        num_feedforward_networks=shape.stacks,
        normalization_type="no_norm",
    )


def fresh(shape: Shape, vocabulary_size: int) -> Network:
    """Return a randomly initialised student; seed PyTorch before."""
    encoder = MobileBertModel(config_of(shape, vocabulary_size), add_pooling_layer=False)
    return Network(encoder, shape.hidden)


def start_from(student: Network, teacher: Network) -> None:
    """Give ``student`` its teacher's embedding, cut to the student's rank, and its heads.

    The word table E [words, width] becomes U S [words, embedding] of its singular value
    decomposition, and V the middle block of the trigram projection, so that the student's
    embedding output starts as the best approximation of the teacher's.

    A teacher that is itself a MobileBERT has no table of the hidden width; then only what has
    the same shape on both sides is copied.
    """
    width = cast(Any, student.encoder).config.hidden_size
    source = cast(Any, teacher.encoder).embeddings
    target = cast(Any, student.encoder).embeddings
    with torch.no_grad():
        words = source.word_embeddings.weight.detach().double()
        if words.shape[1] == width:
            left, values, right = torch.linalg.svd(words, full_matrices=False)
            size = target.word_embeddings.weight.shape[1]
            rank = min(size, width)
            table = target.word_embeddings.weight
            table[:, :rank] = left[:, :rank] * values[:rank]
            # [PAD] must be nothing: it is the last token's right neighbour in a padded batch.
            table[0] = 0.0
            projection = target.embedding_transformation.weight
            projection.zero_()
            projection[:, size : size + rank].copy_(right[:rank].T)
            target.embedding_transformation.bias.zero_()
            if isinstance(source.LayerNorm, nn.LayerNorm):
                # What layer norm does on average: divide by the spread of its input.
                spread = words.std(dim=1).mean().float()
                target.LayerNorm.weight.copy_(source.LayerNorm.weight / spread)
                target.LayerNorm.bias.copy_(source.LayerNorm.bias)
        for name in ("position_embeddings", "token_type_embeddings"):
            old, new = getattr(source, name).weight, getattr(target, name).weight
            if old.shape[1] == new.shape[1]:
                count = min(len(old), len(new))
                new[:count].copy_(old[:count])
        for task, head in student.heads.items():
            ours, theirs = cast(nn.Linear, head), cast(nn.Linear, teacher.heads[task])
            if ours.weight.shape == theirs.weight.shape:
                ours.load_state_dict(theirs.state_dict())
