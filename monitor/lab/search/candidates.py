"""How accurate a structure is, by the weights that a supernet has for it."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from tokenizers import Tokenizer

from monitor.lab.data import NO_LABEL, Example
from monitor.lab.metrics import score
from monitor.lab.search.supernet import Supernet
from monitor.lab.structure import Structure
from monitor.lab.training.batches import collate
from monitor.lab.training.network import Network
from monitor.lab.training.tokenization import Vocabulary
from monitor.lab.training.unfold import unfold
from monitor.verdict import POLARITIES, TASKS

BATCH = 64
"""Tweets that are looked at together."""


class Candidates:
    """Every structure of a supernet, asked about held-out tweets."""

    def __init__(
        self,
        supernet: Supernet,
        tokens: Mapping[int, Vocabulary],
        dev: Mapping[str, Sequence[Example]],
        max_length: int,
    ) -> None:
        """Prepare the tweets of ``dev``, by the name of what they show, in each vocabulary."""
        self._supernet = supernet.eval()
        self._tokens = tokens
        self._examples = [example for part in dev.values() for example in part]
        self._parts = [name for name, part in dev.items() for _ in part]
        self._pieces = {
            size: each.encode(self._examples, max_length) for size, each in tokens.items()
        }

    def accuracy(self, structure: Structure) -> float:
        """Return the macro-recall (0-1), averaged over the parts of the held-out tweets.

        A part counts for the task it is labelled for.
        """
        answers = self._answers(structure)
        recalls = []
        for name in dict.fromkeys(self._parts):
            for task in TASKS:
                truth = [
                    (i, getattr(example, task))
                    for i, (part, example) in enumerate(
                        zip(self._parts, self._examples, strict=True)
                    )
                    if part == name and getattr(example, task) != NO_LABEL
                ]
                if truth:
                    given = [int(answers[task][i]) for i, _ in truth]
                    found = score([label for _, label in truth], given, POLARITIES)
                    recalls.append(found.macro_recall)
        return float(np.mean(recalls))

    def _answers(self, structure: Structure) -> dict[str, torch.Tensor]:
        """Return the labels' indices [examples] of each task."""
        pieces = self._pieces[structure.vocabulary]
        device = next(self._supernet.parameters()).device
        order = sorted(range(len(pieces)), key=lambda index: len(pieces[index][0]))
        found = {task: torch.empty(len(order), dtype=torch.long) for task in TASKS}
        with torch.inference_mode():
            for start in range(0, len(order), BATCH):
                chosen = order[start : start + BATCH]
                batch = collate([self._examples[i] for i in chosen], [pieces[i] for i in chosen])
                batch = batch.to(device)
                logits, _ = self._supernet(structure, batch.input_ids, batch.token_type_ids)
                for task in TASKS:
                    found[task][chosen] = logits[task].argmax(-1).cpu()
        return found

    def network(self, structure: Structure) -> tuple[Network, Tokenizer]:
        """Return the network of ``structure`` and its tokenizer, as `training.network` has them."""
        vocabulary = self._tokens[structure.vocabulary]
        return unfold(self._supernet.folded(structure, vocabulary.rows)), vocabulary.tokenizer
