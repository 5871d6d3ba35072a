"""The student: a small MobileBERT, and how it starts from its teacher's embedding."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import torch
from torch import nn
from transformers import MobileBertConfig, MobileBertModel

from monitor.lab.errors import TrainingError
from monitor.lab.structure import Structure
from monitor.lab.training.network import Network


def config_of(structure: Structure) -> MobileBertConfig:
    """Return the transformers configuration: NoNorm, ReLU, trigram input, shared bottleneck.

    Dropout is 0: a student of this size that sees each tweet about once underfits.
    """
    return MobileBertConfig(
        vocab_size=structure.vocabulary,
        hidden_size=structure.hidden,
        num_hidden_layers=structure.layers,
        num_attention_heads=structure.heads,
        intermediate_size=structure.intermediate,
        hidden_act="relu",
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        max_position_embeddings=structure.positions,
        type_vocab_size=2,
        pad_token_id=0,
        embedding_size=structure.embedding,
        trigram_input=True,
        use_bottleneck=True,
        intra_bottleneck_size=structure.bottleneck,
        use_bottleneck_attention=False,
        key_query_shared_bottleneck=True,
        num_feedforward_networks=structure.stacks,
        normalization_type="no_norm",
    )


def structure_in(folder: Path) -> Structure:
    """Return the structure of the student in ``folder``.

    Raises:
        TrainingError: the folder holds no finished MobileBERT.
    """
    if not (folder / "model.safetensors").is_file():
        raise TrainingError(f"no finished network in {folder} (its training has not ended yet?)")
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    if config["model_type"] != "mobilebert":
        raise TrainingError(f"the network in {folder} is a {config['model_type']}, no MobileBERT")
    return _structure(config)


def structure_of(network: Network) -> Structure:
    """Return the structure of a MobileBERT."""
    return _structure(cast(Any, network.encoder).config.to_dict())


def _structure(config: Mapping[str, Any]) -> Structure:
    return Structure(
        layers=config["num_hidden_layers"],
        hidden=config["hidden_size"],
        bottleneck=config["intra_bottleneck_size"],
        heads=config["num_attention_heads"],
        intermediate=config["intermediate_size"],
        stacks=config["num_feedforward_networks"],
        embedding=config["embedding_size"],
        vocabulary=config["vocab_size"],
        positions=config["max_position_embeddings"],
    )


def fresh(structure: Structure) -> Network:
    """Return a randomly initialised student; seed PyTorch before."""
    encoder = MobileBertModel(config_of(structure), add_pooling_layer=False)
    return Network(encoder, structure.hidden)


def start_from(student: Network, teacher: Network, rows: list[int] | None = None) -> None:
    """Give ``student`` its teacher's embedding, cut to the student's rank, and its heads.

    The word table E [words, width] becomes U S [words, embedding] of its singular value
    decomposition, and V the middle block of the trigram projection, so that the student's
    embedding output starts as the best approximation of the teacher's.

    ``rows`` are the student's words as rows of the teacher's table; None: they are the same.
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
            cut = left[:, :rank] * values[:rank]
            table[:, :rank] = cut if rows is None else cut[rows]
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
