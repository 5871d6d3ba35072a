"""A trained MobileBERT -> a larger one that computes the same, to be trained further.

New layers change nothing at first: their way out is zero, and every layer's input is added to it.
So a deeper network begins where the shallower one has got to, not at nothing.

Source: Chen, Goodfellow, Shlens 2016, Net2Net (arXiv 1511.05641), section 2.3, deeper networks.
"""

import re
from dataclasses import replace
from typing import Any, Final, cast

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn

from monitor.lab.errors import TrainingError
from monitor.lab.training.network import Network
from monitor.lab.training.student import fresh, structure_of
from monitor.lab.training.tokenization import MARKS, build

_LAYER: Final = re.compile(r"(encoder\.encoder\.layer\.)(\d+)\.(.*)")
_EXIT: Final = "output.bottleneck.dense."


def deeper(network: Network, layers: int) -> Network:
    """Return a network with so many ``layers`` that computes what ``network`` does.

    The new ones stand behind those they are copied from, all of which get as many, give or take
    one.

    Raises:
        TrainingError: it has more layers already.
    """
    structure = structure_of(network)
    if layers < structure.layers:
        raise TrainingError(f"the student has {structure.layers} layers, more than {layers}")
    grown = fresh(replace(structure, layers=layers))
    origins = [place * structure.layers // layers for place in range(layers)]
    before = network.state_dict()
    state: dict[str, Tensor] = {}
    for name, value in grown.state_dict().items():
        if not (found := _LAYER.fullmatch(name)):
            state[name] = before[name]
            continue
        place = int(found[2])
        state[name] = before[f"{found[1]}{origins[place]}.{found[3]}"]
        is_copy = place > 0 and origins[place - 1] == origins[place]
        if is_copy and found[3].startswith(_EXIT):
            state[name] = torch.zeros_like(value)
        elif is_copy and found[3].startswith("output.bottleneck.LayerNorm."):
            state[name] = torch.full_like(value, float(found[3].endswith("weight")))
    grown.load_state_dict(state)
    return grown


def with_marks(network: Network, tokenizer: Tokenizer) -> tuple[Network, Tokenizer]:
    """Return both with `MARKS` among their words, each beginning as the mean of some others.

    They stay as they are if they have them. [UNK] is the one in the place of words that are not
    there.
    """
    vocabulary = tokenizer.get_vocab()
    new = [mark for mark in MARKS if mark not in vocabulary]
    if not new:
        return network, tokenizer
    unknown = vocabulary["[UNK]"]
    table = network.state_dict()["encoder.embeddings.word_embeddings.weight"]
    rows = [
        table[[vocabulary.get(word, unknown) for word in MARKS[mark]]].mean(0, keepdim=True)
        for mark in new
    ]
    encoder = cast(Any, network.encoder)
    words_and_marks = nn.Embedding(len(table) + len(new), table.shape[1], padding_idx=0)
    words_and_marks.load_state_dict({"weight": torch.cat([table, *rows])})
    encoder.set_input_embeddings(words_and_marks)
    encoder.config.vocab_size = len(table) + len(new)
    words = vocabulary | {mark: len(table) + place for place, mark in enumerate(new)}
    return network, build(words)
