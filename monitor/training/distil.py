"""Distillation: the student learns to do in each layer what its teacher does in that layer.

MobileBERT's recipe (arXiv 2004.02984, sections 3.4 and 3.5) at a small scale: feature-map transfer
and distillation of the tasks, on tweets with and without labels, all layers and both aims at once
("auxiliary knowledge transfer"; their progressive transfer takes longer).
"""

import os
import random
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeAlias

import torch
from torch import Tensor, nn

from monitor.model import TASKS
from monitor.training import network as networks
from monitor.training.batches import Batch, collate, plan
from monitor.training.data import NO_LABEL, Example, hold_out, labelled, unlabelled
from monitor.training.errors import TrainingError
from monitor.training.loop import LoopSettings, descend
from monitor.training.network import Network
from monitor.training.student import Shape, fresh, start_from
from monitor.training.teacher import (
    HOLD_OUT_SEED,
    label_loss,
    measure,
    without_entity_at_random,
)
from monitor.training.tokenization import encode

Lesson: TypeAlias = tuple[Batch, tuple[dict[str, Tensor], tuple[Tensor, ...]]]
"""A batch, and the teacher's logits and hidden states for it."""


@dataclass(frozen=True)
class DistilSettings:
    """How the student is made.

    ``examples`` is how many tweets it sees in all; ``reputation_share`` and ``sentiment_share``
    are the parts of them (0-1) that carry such a label, the rest carries none. ``hidden_weight``,
    ``soft_weight`` and ``hard_weight`` are the weights of the losses: hidden states, the
    teacher's probabilities, the labels. Lengths are in tokens.
    """

    shape: Shape
    seed: int = 0
    examples: int = 160_000
    batch: int = 32
    learning_rate: float = 1.2e-3
    reputation_share: float = 0.3
    sentiment_share: float = 0.35
    drop_entity: float = 0.5
    hidden_weight: float = 1.0
    soft_weight: float = 2.0
    hard_weight: float = 0.5
    dev_share: float = 0.03
    max_length: int = 64
    precision: str = "fp32"


def repeated(examples: Sequence[Example], count: int, chance: random.Random) -> list[Example]:
    """Return ``count`` of ``examples`` at random: all equally often, give or take one."""
    drawn: list[Example] = []
    while examples and len(drawn) < count:
        order = list(examples)
        chance.shuffle(order)
        drawn += order
    return drawn[:count]


def mixture(
    learn: Sequence[Example], others: Sequence[Example], settings: DistilSettings
) -> list[Example]:
    """Return the examples of the whole run in random order.

    RepLab's tweets come several times: they are few, and reputation is learnt from them alone.
    """
    chance = random.Random(settings.seed)  # noqa: S311 (draws tweets, guards nothing)
    reputation = [example for example in learn if example.reputation != NO_LABEL]
    sentiment = [example for example in learn if example.sentiment != NO_LABEL]
    drawn = repeated(reputation, round(settings.reputation_share * settings.examples), chance)
    drawn += without_entity_at_random(
        repeated(sentiment, round(settings.sentiment_share * settings.examples), chance),
        settings.drop_entity,
        chance,
    )
    drawn += repeated(others, settings.examples - len(drawn), chance)
    chance.shuffle(drawn)
    return drawn


def hidden_loss(ours: Sequence[Tensor], theirs: Sequence[Tensor], mask: Tensor) -> Tensor:
    """Return how far the hidden states [batch, length, width] are from the teacher's.

    Mean squared error a layer, over tokens only (``mask`` [batch, length]), relative to the
    teacher's mean square, averaged over layers: 1 is what all-zero states would cost.
    """
    weights = mask.unsqueeze(-1).float()
    total = torch.zeros((), device=mask.device)
    for mine, target in zip(ours, theirs, strict=True):
        error = ((mine.float() - target.float()).square() * weights).sum()
        total = total + error / (target.float().square() * weights).sum()
    return total / len(theirs)


def soft_loss(ours: dict[str, Tensor], theirs: dict[str, Tensor]) -> Tensor:
    """Return the divergence (KL, in nats) from the teacher's probabilities, tasks added up."""
    return torch.stack(
        [
            nn.functional.kl_div(
                ours[task].float().log_softmax(-1),
                theirs[task].float().log_softmax(-1),
                log_target=True,
                reduction="batchmean",
            )
            for task in TASKS
        ]
    ).sum()


class Lessons:
    """The teacher's answers to each batch, worked out in a thread while the student learns.

    On a processor this uses two cores better than twice as many threads in each operation: the
    two halves of a step need not wait for each other. Use as a context manager.
    """

    AHEAD = 2
    """Batches that the teacher may be ahead."""

    def __init__(
        self, teacher: Network, batch_of: Callable[[int], Batch], steps: int, precision: str
    ) -> None:
        """Take what makes the batch of a step, and how many steps there are."""
        self._teacher = teacher
        self._batch_of = batch_of
        self._steps = steps
        self._precision = precision
        self._threads = torch.get_num_threads()
        self._pool = ThreadPoolExecutor(1, "teacher", torch.set_num_threads, (self._threads,))
        self._pending: dict[int, Future[Lesson]] = {}

    def __enter__(self) -> Self:
        """Start nothing yet: the first step asked for does."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End the thread."""
        self._pool.shutdown(cancel_futures=True)

    def take(self, step: int) -> Lesson:
        """Return the batch of ``step`` with the teacher's logits and hidden states."""
        for coming in range(step, min(step + 1 + self.AHEAD, self._steps)):
            if coming not in self._pending:
                self._pending[coming] = self._pool.submit(self._work, coming)
        return self._pending.pop(step).result()

    def _work(self, step: int) -> Lesson:
        batch = self._batch_of(step)
        enabled = self._precision == "bf16"
        # Both settings are a thread's own.
        with torch.no_grad(), torch.autocast(batch.input_ids.device.type, torch.bfloat16, enabled):
            return batch, self._teacher(batch.input_ids, batch.token_type_ids)


def check_pair(student: Network, teacher: Network) -> None:
    """Refuse a student whose hidden states cannot be laid on its teacher's.

    Raises:
        TrainingError: the numbers of layers or the widths differ.
    """
    ours, theirs = student.encoder.config, teacher.encoder.config
    for what, name in (("layers", "num_hidden_layers"), ("hidden width", "hidden_size")):
        mine, wanted = getattr(ours, name), getattr(theirs, name)
        if mine != wanted:
            raise TrainingError(
                f"the student has {what} {mine}, its teacher {wanted}: "
                "layer-by-layer transfer needs the same"
            )


def distil(
    data: Path, teacher_folder: Path, output: Path, settings: DistilSettings
) -> dict[str, Any]:
    """Teach a fresh student and write it into ``output``.

    Does nothing where this very run has ended before.
    Returns the record that goes with the weights: settings, sizes, figures on the held-out part.

    Raises:
        Interrupted: asked to stop; calling again goes on from the checkpoint in ``output``.
        TrainingError: data or teacher are missing, or teacher and student do not fit.
    """
    teacher, tokenizer, teacher_record = networks.load(teacher_folder)
    torch.manual_seed(settings.seed)
    student = fresh(settings.shape, tokenizer.get_vocab_size())
    check_pair(student, teacher)
    start_from(student, teacher)
    device = networks.device()
    if device.type == "cpu":
        # Two threads work at a time, teacher and student: each gets half of the cores.
        torch.set_num_threads(max(1, (os.cpu_count() or 2) // 2))
    student.to(device)
    teacher.to(device)

    learn, dev = hold_out(labelled(data), settings.dev_share, HOLD_OUT_SEED)
    shown = mixture(learn, unlabelled(data), settings)
    pieces = encode(tokenizer, shown, settings.max_length)
    batches = plan(
        [len(ids) for ids, _ in pieces], range(len(shown)), settings.batch, settings.seed
    )

    def batch_of(step: int) -> Batch:
        chosen = batches[step]
        return collate([shown[i] for i in chosen], [pieces[i] for i in chosen]).to(device)

    def loss_of(step: int) -> Tensor:
        batch, (theirs, their_states) = lessons.take(step)
        ours, our_states = student(batch.input_ids, batch.token_type_ids)
        return (
            settings.hidden_weight * hidden_loss(our_states, their_states, batch.input_ids != 0)
            + settings.soft_weight * soft_loss(ours, theirs)
            + settings.hard_weight * label_loss(ours, batch, smoothing=0.0)
        )

    record: dict[str, Any] = {
        "settings": asdict(settings),
        "examples": len(shown),
        "held_out": len(dev),
        "teacher": {"settings": teacher_record["settings"], "dev": teacher_record["dev"]},
    }
    if (before := networks.finished(output, record)) is not None:
        return before
    checkpoint = output / "checkpoint.pt"
    loop = LoopSettings(settings.learning_rate, precision=settings.precision, warmup=0.03)
    with Lessons(teacher, batch_of, len(batches), settings.precision) as lessons:
        descend(student, range(len(batches)), loss_of, loop, checkpoint, dict(record), "distil")
    record["dev"] = measure(student, dev, encode(tokenizer, dev, settings.max_length))
    networks.save(student, tokenizer, record, output)
    checkpoint.unlink(missing_ok=True)
    return record
