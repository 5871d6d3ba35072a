"""Calibration: one temperature a task, so that probabilities are shares of right answers.

Guo et al. 2017, "On Calibration of Modern Neural Networks" (arXiv 1706.04599), section 4.2: the
logits are divided by the number that makes held-out labels most likely. Which label wins is
unchanged.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer

from monitor.lab.data import NO_LABEL, Example
from monitor.lab.metrics import score
from monitor.lab.quantifying.fit import CLASSES, entities_of, entity_names, fit_shares
from monitor.lab.training.measure import logits_of
from monitor.lab.training.network import Network
from monitor.verdict import POLARITIES, TASKS

CANDIDATES = np.geomspace(0.25, 4.0, 401)
"""Temperatures that are tried; 0.7 % apart."""


def surprise(logits: NDArray[np.float64], truth: NDArray[np.int64], temperature: float) -> float:
    """Return the mean negative log-likelihood of ``truth`` [examples] in nats.

    ``logits`` [examples, classes] are divided by ``temperature``.
    """
    scaled = logits / temperature
    scaled = scaled - scaled.max(axis=1, keepdims=True)
    chosen = scaled[np.arange(len(truth)), truth]
    return float((np.log(np.exp(scaled).sum(axis=1)) - chosen).mean())


def fit(logits: NDArray[np.float64], truth: NDArray[np.int64]) -> float:
    """Return the one of `CANDIDATES` that makes ``truth`` most likely."""
    return float(min(CANDIDATES, key=lambda t: surprise(logits, truth, float(t))))


def calibrate(
    network: Network, tokenizer: Tokenizer, dev: Mapping[str, Sequence[Example]], max_length: int
) -> dict[str, Any]:
    """Return what `calibrated` finds on the examples of ``dev``."""
    examples = [example for part in dev.values() for example in part]
    if not examples:
        return {}
    return calibrated(
        logits_of(network, tokenizer, examples, max_length),
        {task: [getattr(example, task) for example in examples] for task in TASKS},
        entity_names(dev),
    )


def calibrated(
    answers: Mapping[str, torch.Tensor],
    truth: Mapping[str, Sequence[int]],
    names: Sequence[str | None],
) -> dict[str, Any]:
    """Return for each task its temperature and its confusion matrix on held-out tweets.

    ``confusion[i][j]`` counts tweets of polarity i that were answered j, in the order of
    `POLARITIES`; whoever corrects counts for the classifier's mistakes needs it. ``shares`` does it
    better (`quantification`); it is there if enough entities were held out. A task without
    held-out labels is left out.

    Args:
        answers: logits [tweets, 3] of each task.
        truth: classes, `NO_LABEL` where they are unknown.
        names: whom a tweet counts for in ``shares``; None for nobody.
    """
    found: dict[str, Any] = {}
    for task in TASKS:
        labels = np.array(truth[task])
        known = labels != NO_LABEL
        if not known.any():
            continue
        logits = answers[task].numpy().astype(np.float64)[known]
        given = logits.argmax(axis=1)
        scores = score(labels[known].tolist(), given.tolist(), POLARITIES)
        found[task] = {
            "temperature": round(fit(logits, labels[known]), 4),
            "tweets": scores.count,
            "confusion": scores.confusion.tolist(),
        }
        of_entities = [name for name, counts in zip(names, known, strict=True) if counts]
        if shares := fit_shares(entities_of(of_entities, labels[known], CLASSES[given])):
            found[task]["shares"] = shares
    return found


def apply(network: Network, calibration: Mapping[str, Any]) -> None:
    """Divide the logits of ``network`` by the temperatures that `calibrate` found.

    Exactly, by way of the heads: the exported file's probabilities are calibrated as they are.
    """
    with torch.no_grad():
        for task, found in calibration.items():
            for parameter in network.heads[task].parameters():
                parameter.div_(found["temperature"])
