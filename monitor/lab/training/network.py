"""An encoder of the BERT family with one linear head a task."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import AutoConfig, AutoModel
from transformers.utils import logging

from monitor.atomic import replacing
from monitor.console import strict_json
from monitor.lab.errors import TrainingError
from monitor.lab.training.families import family
from monitor.verdict import POLARITIES, TASKS


class Network(nn.Module):
    """Encoder, mean pooling over the tokens, then a linear head for each of `TASKS`."""

    def __init__(self, encoder: nn.Module, hidden_size: int) -> None:
        """Put fresh heads on ``encoder``, whose hidden states are ``hidden_size`` wide."""
        super().__init__()
        self.encoder = encoder
        self.family = family(cast(Any, encoder).config.model_type)
        self.heads = nn.ModuleDict(
            {task: nn.Linear(hidden_size, len(POLARITIES)) for task in TASKS}
        )

    def forward(
        self, input_ids: Tensor, token_type_ids: Tensor
    ) -> tuple[dict[str, Tensor], tuple[Tensor, ...]]:
        """Return logits [batch, 3] per task, and the hidden states [batch, length, width].

        There is one hidden state more than there are layers: the first is the embedding's.
        Positions with id 0 ([PAD]) are masked and do not count in the mean.
        """
        mask = input_ids != 0
        output = self.encoder(
            input_ids=input_ids,
            # Without padding there is nothing to mask, and attention is cheaper without.
            attention_mask=None if bool(mask.all()) else mask.long(),
            output_hidden_states=True,
            **self._places(input_ids, token_type_ids),
        )
        pooled = mean_over(mask, output.last_hidden_state)
        logits = {task: head(pooled) for task, head in self.heads.items()}
        return logits, output.hidden_states

    def _places(self, input_ids: Tensor, token_type_ids: Tensor) -> dict[str, Tensor]:
        """Return what the encoder's family is told of where a token stands."""
        places: dict[str, Tensor] = {}
        if self.family.segments:
            places["token_type_ids"] = token_type_ids
        if (first := self.family.first_position) is not None:
            numbers = torch.arange(first, first + input_ids.shape[1], device=input_ids.device)
            places["position_ids"] = numbers.expand_as(input_ids)
        return places


def mean_over(mask: Tensor, states: Tensor) -> Tensor:
    """Return the mean [batch, width] of ``states`` [batch, length, width] over true ``mask``."""
    weights = mask.unsqueeze(-1).to(states.dtype)
    return (states * weights).sum(1) / weights.sum(1)


def kind_of(checkpoint: str) -> str:
    """Return the family of a ``checkpoint``, as transformers calls it.

    Raises:
        TrainingError: there is no checkpoint.
    """
    try:
        return str(AutoConfig.from_pretrained(checkpoint).model_type)
    except (OSError, ValueError, TypeError) as error:
        reason = str(error).strip().splitlines()[0]
        raise TrainingError(f"cannot start from {checkpoint!r}: {reason}") from error


def pretrained(checkpoint: str, words: Sequence[tuple[int, ...]] | None = None) -> Network:
    """Return the encoder of ``checkpoint`` (a folder, or a name on the hub) under fresh heads.

    ``words`` says for each token of a new vocabulary which of the old embeddings it starts as the
    mean of; None keeps the vocabulary.

    Raises:
        TrainingError: there is no checkpoint of the BERT family.
    """
    # It would report each weight that is left over, such as the pooler's.
    cast(Any, logging).set_verbosity_error()
    family(kind_of(checkpoint), checkpoint)
    try:
        encoder = AutoModel.from_pretrained(checkpoint, add_pooling_layer=False)
    except (OSError, ValueError, TypeError) as error:
        reason = str(error).strip().splitlines()[0]
        raise TrainingError(f"cannot start from {checkpoint!r}: {reason}") from error
    if words is not None:
        table = encoder.get_input_embeddings().weight.detach()
        fitted = nn.Embedding(len(words), table.shape[1], padding_idx=0)
        with torch.no_grad():
            fitted.weight.copy_(torch.stack([table[list(ids)].mean(0) for ids in words]))
        encoder.set_input_embeddings(fitted)
        encoder.config.vocab_size = len(words)
        encoder.config.pad_token_id = 0
    return Network(encoder, encoder.config.hidden_size)


def save(network: Network, tokenizer: Tokenizer, record: dict[str, Any], folder: Path) -> None:
    """Write ``network`` with its tokenizer and the ``record`` of its making into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    cast(Any, network.encoder).config.save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "training.json").write_text(strict_json(record, indent=2) + "\n", encoding="utf-8")
    state = {
        name: value.detach().cpu().contiguous() for name, value in network.state_dict().items()
    }
    # The weights come last and in one step: a folder that has them is complete.
    with replacing(folder / "model.safetensors") as draft:
        save_file(state, draft)


def load(folder: Path) -> tuple[Network, Tokenizer, dict[str, Any]]:
    """Return what `save` wrote.

    Raises:
        TrainingError: the folder holds no finished network.
    """
    if not (folder / "model.safetensors").is_file():
        raise TrainingError(f"no finished network in {folder} (its training has not ended yet?)")
    encoder = cast(Any, AutoModel).from_config(
        AutoConfig.from_pretrained(folder), add_pooling_layer=False
    )
    network = Network(encoder, encoder.config.hidden_size)
    network.load_state_dict(load_file(folder / "model.safetensors"))
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    record = json.loads((folder / "training.json").read_text(encoding="utf-8"))
    return network.eval(), tokenizer, record


def finished(folder: Path, identity: dict[str, Any]) -> dict[str, Any] | None:
    """Return the record of the network in ``folder`` if this very run has made it before.

    ``identity`` is what the record starts with: settings and sizes. None: nothing is there yet.

    Raises:
        TrainingError: the folder holds a network that another run has made.
    """
    if not (folder / "model.safetensors").is_file():
        return None
    text = (folder / "training.json").read_text(encoding="utf-8")
    record: dict[str, Any] = json.loads(text)
    # By way of JSON, which knows no tuples.
    if json.loads(strict_json(identity)).items() <= record.items():
        return record
    raise TrainingError(
        f"{folder} holds a network made with other settings or data; "
        "remove it to start afresh, or choose another --output"
    )


def size_of(folder: Path) -> tuple[int, int, int]:
    """Return the layers, the hidden width and the vocabulary's size of the network in ``folder``.

    Raises:
        TrainingError: the folder holds no finished network.
    """
    if not (folder / "model.safetensors").is_file():
        raise TrainingError(f"no finished network in {folder} (its training has not ended yet?)")
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    return config["num_hidden_layers"], config["hidden_size"], config["vocab_size"]


def device() -> torch.device:
    """Return the GPU if PyTorch sees one, else the processor."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
