"""Figures of a network, still in PyTorch, on held-out tweets."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from tokenizers import Tokenizer

from monitor.lab.data import NO_LABEL, Example
from monitor.lab.metrics import score
from monitor.lab.training.batches import collate
from monitor.lab.training.network import Network
from monitor.lab.training.tokenization import encode
from monitor.verdict import POLARITIES, TASKS


def logits_of(
    network: Network,
    tokenizer: Tokenizer,
    examples: Sequence[Example],
    max_length: int,
    size: int = 64,
    precision: str = "fp32",
) -> dict[str, torch.Tensor]:
    """Return the logits [examples, 3] of each task, in the order of ``examples``.

    ``size`` are computed together, in ``precision`` ("fp32" or "bf16", which large networks need).
    """
    device = next(network.parameters()).device
    network.eval()
    pieces = encode(tokenizer, examples, max_length)
    order = sorted(range(len(examples)), key=lambda index: len(pieces[index][0]))
    found = {task: torch.empty(len(examples), len(POLARITIES)) for task in TASKS}
    with (
        torch.inference_mode(),
        torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16"),
    ):
        for start in range(0, len(order), size):
            chosen = order[start : start + size]
            batch = collate([examples[i] for i in chosen], [pieces[i] for i in chosen]).to(device)
            logits, _ = network(batch.input_ids, batch.token_type_ids)
            for task in TASKS:
                found[task][chosen] = logits[task].float().cpu()
    return found


def measure(
    network: Network, tokenizer: Tokenizer, dev: Mapping[str, Sequence[Example]], max_length: int
) -> dict[str, Any]:
    """Return accuracy, macro-recall and macro-F1 on each part of ``dev``, for its own task."""
    figures: dict[str, Any] = {}
    for name, examples in dev.items():
        answers = logits_of(network, tokenizer, examples, max_length)
        for task in TASKS:
            truth = [getattr(example, task) for example in examples]
            known = [i for i, label in enumerate(truth) if label != NO_LABEL]
            if not known:
                continue
            given = answers[task][known].argmax(-1).tolist()
            scores = score([truth[i] for i in known], given, POLARITIES)
            figures[f"{name}_{task}"] = {
                "tweets": scores.count,
                "accuracy": round(scores.accuracy, 4),
                "macro_recall": round(scores.macro_recall, 4),
                "macro_f1": round(scores.macro_f1, 4),
            }
    return figures
