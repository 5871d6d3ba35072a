"""Adapters: a large encoder learns with a fortieth of its weights (LoRA).

To each matrix W of the encoder a product B A of low rank is added, and only that is learnt, with
the rows of the marks in the word table and the heads. A step takes a quarter less time, and what
was learnt is a file of some megabytes, from which the teacher can be had again wherever the
pretrained encoder is.

Source: Hu et al. 2021, LoRA (arXiv 2106.09685), section 4.1; here by the library peft.
"""

import json
from pathlib import Path
from typing import Any, Final, cast

import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer

from monitor.atomic import replacing
from monitor.inference.marking import OTHER, TARGET
from monitor.lab.errors import TrainingError
from monitor.lab.training import network as networks
from monitor.lab.training.families import family
from monitor.lab.training.network import Network
from monitor.lab.training.pretrained import checkpoint_of
from monitor.lab.training.tokenization import prepare

FILE: Final = "adapters.safetensors"


def adapt(network: Network, tokenizer: Tokenizer, rank: int) -> None:
    """Put fresh adapters of ``rank`` into the encoder, and let nothing else of it be learnt.

    They change nothing yet: B starts as zero. What is added is twice B A, as is usual.
    """
    marks: list[int] = [index for mark in (TARGET, OTHER) if (index := tokenizer.token_to_id(mark))]
    config = LoraConfig(
        r=rank,
        lora_alpha=2 * rank,
        target_modules="all-linear",
        trainable_token_indices={"word_embeddings": marks} if marks else None,
    )
    network.encoder = get_peft_model(cast(Any, network.encoder), config)


def merge(network: Network) -> None:
    """Put what the adapters have learnt into the encoder's own weights."""
    network.encoder = cast(Any, network.encoder).merge_and_unload()


def save(network: Network, folder: Path) -> None:
    """Write what is learnt, adapters, marks and heads, into ``folder`` as float16."""
    learnt = {
        name: value.detach().cpu().to(torch.float16).contiguous()
        for name, value in network.named_parameters()
        if value.requires_grad
    }
    folder.mkdir(parents=True, exist_ok=True)
    with replacing(folder / FILE) as draft:
        save_file(learnt, draft)


def begin(checkpoint: str, rank: int) -> tuple[Network, Tokenizer]:
    """Return the encoder called ``checkpoint`` with fresh adapters, and its tokenizer with marks.

    Raises:
        TrainingError: there is no such encoder, or of no known family.
    """
    place = checkpoint_of(checkpoint)
    tokenizer, words = prepare(place, family(networks.kind_of(place), place), marked=True)
    network = networks.pretrained(place, words)
    adapt(network, tokenizer, rank)
    return network, tokenizer


def restore(network: Network, folder: Path) -> None:
    """Put what `save` wrote into a network that `begin` has given.

    Raises:
        TrainingError: they do not fit.
    """
    learnt = load_file(folder / FILE)
    own = {name: value for name, value in network.named_parameters() if value.requires_grad}
    if {name: value.shape for name, value in own.items()} != {
        name: value.shape for name, value in learnt.items()
    }:
        raise TrainingError(f"{folder / FILE} is of another encoder")
    with torch.no_grad():
        for name, value in own.items():
            value.copy_(learnt[name])


def load(folder: Path) -> tuple[Network, Tokenizer, dict[str, Any]]:
    """Return the network in ``folder``: whole, or made of adapters and the pretrained encoder.

    Raises:
        TrainingError: the folder holds neither, or the encoder is missing.
    """
    if (folder / "model.safetensors").is_file() or not (folder / FILE).is_file():
        return networks.load(folder)
    record = json.loads((folder / "training.json").read_text(encoding="utf-8"))
    settings = record["settings"]
    network, tokenizer = begin(settings["checkpoint"], settings["rank"])
    restore(network, folder)
    merge(network)
    return network.eval(), tokenizer, record
