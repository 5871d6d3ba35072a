"""Distillation: the student learns to do in each layer what its teacher does in that layer.

MobileBERT's recipe (arXiv 2004.02984, sections 3.4 and 3.5) at a small scale: feature-map transfer
and distillation of the tasks, on tweets with and without labels, all layers and both aims at once
("auxiliary knowledge transfer"; their progressive transfer takes longer).
"""

import hashlib
import json
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn

from monitor.console import strict_json
from monitor.lab.data import Example, TweetSplit, read
from monitor.lab.errors import TrainingError
from monitor.lab.structure import Structure
from monitor.lab.training import network as networks
from monitor.lab.training.batches import collate, plan
from monitor.lab.training.file_teacher import FileTeacher, Teacher
from monitor.lab.training.loop import LoopSettings, descend
from monitor.lab.training.measure import measure
from monitor.lab.training.mixture import as_read, naming_of
from monitor.lab.training.network import Network
from monitor.lab.training.student import fresh, start_from
from monitor.lab.training.teacher import label_loss, without_entity_at_random
from monitor.lab.training.temperature import calibrate
from monitor.lab.training.tokenization import Pieces, encode, trimmed
from monitor.verdict import TASKS


@dataclass(frozen=True)
class DistilSettings:
    """How the student is made.

    ``examples`` is how many tweets it sees in all, ``shares`` which part of them (0-1) is of each
    kind of `TweetSplit`; the rest are unlabelled ones. ``drop_entity`` is as for the teacher.
    ``drop_tokens`` of the tokens are left out of every second example: tweets come more than once,
    and the teacher answers for what is left. ``hidden_weight``, ``soft_weight`` and ``hard_weight``
    are the weights of the losses: hidden states, the teacher's probabilities, the labels. Lengths
    are in tokens.
    """

    structure: Structure
    seed: int = 0
    examples: int = 760_000
    batch: int = 64
    learning_rate: float = 1.2e-3
    shares: tuple[tuple[str, float], ...] = (
        ("replab", 0.2),
        ("targeted", 0.1),
        ("general", 0.35),
    )
    drop_entity: float = 0.5
    drop_tokens: float = 0.1
    hidden_weight: float = 1.0
    soft_weight: float = 2.0
    hard_weight: float = 0.2
    max_length: int = 64
    precision: str = "fp32"


T = TypeVar("T")


def repeated(examples: Sequence[T], count: int, chance: random.Random) -> list[T]:
    """Return ``count`` of ``examples`` at random: all equally often, give or take one."""
    drawn: list[T] = []
    while examples and len(drawn) < count:
        order = list(examples)
        chance.shuffle(order)
        drawn += order
    return drawn[:count]


def mixture(tweets: TweetSplit, settings: DistilSettings, chance: random.Random) -> list[Example]:
    """Return the examples of the whole run in random order.

    RepLab's tweets come most often: they are few, and RepLab's idea of reputation is in them
    alone. Where there are none of a kind, the others take their place.
    """
    wanted = {kind: share for kind, share in settings.shares if getattr(tweets, kind)}
    if tweets.unlabelled:
        wanted["unlabelled"] = 1.0 - sum(wanted.values())
    drawn: list[Example] = []
    for kind, share in wanted.items():
        count = round(settings.examples * share / sum(wanted.values()))
        drawn += repeated(getattr(tweets, kind), count, chance)
    drawn = without_entity_at_random(drawn, settings.drop_entity, chance)
    chance.shuffle(drawn)
    return drawn


def thinned(pieces: Sequence[Pieces], share: float, chance: random.Random) -> list[Pieces]:
    """Return ``pieces`` with a random ``share`` of the tokens left out of every second one.

    The first token ([CLS]) and each part's last ([SEP]) stay.
    """
    thin: list[Pieces] = []
    for number, (ids, first) in enumerate(pieces):
        if number % 2 or share == 0:
            thin.append((ids, first))
            continue
        stay = [
            place in (0, first - 1, len(ids) - 1) or chance.random() >= share
            for place in range(len(ids))
        ]
        kept = [index for index, stays in zip(ids, stay, strict=True) if stays]
        thin.append((kept, sum(stay[:first])))
    return thin


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


def alike(student: Network, teacher: Network) -> bool:
    """Say whether the student's hidden states can be laid on its teacher's, layer by layer."""
    ours, theirs = student.encoder.config, teacher.encoder.config
    return all(
        getattr(ours, name) == getattr(theirs, name)
        for name in ("num_hidden_layers", "hidden_size")
    )


def teacher_of(folder: Path) -> tuple[Network, Tokenizer, dict[str, Any]]:
    """Return the network in ``folder``, which monitor train has written, or is a model's.

    Raises:
        TrainingError: it is neither.
    """
    if (folder / "model.tflite").is_file():
        # TensorFlow takes seconds to import: only when it is sure to be needed.
        from monitor.lab.training.restore import network_in

        return *network_in(folder), {"settings": {"model": folder.name}, "dev": {}}
    network, tokenizer, record = networks.load(folder)
    if "naming" in record.get("settings", {}):
        raise TrainingError(
            f"{folder} was trained with --marked: it does not know names, "
            "by which monitor distil asks"
        )
    return network, tokenizer, record


def distil(
    data: Sequence[Path],
    teacher_folder: Path,
    output: Path,
    settings: DistilSettings,
    start: Path | None = None,
) -> dict[str, Any]:
    """Teach a student and write it into ``output``.

    A fresh one of ``settings.structure``, or the one in the folder ``start``, which has to have
    that structure. Hidden states are matched where the teacher is a network with the student's
    layers, width and vocabulary and the student did not start as another; the answers always.

    Does nothing where this very run has ended before. Beside the network, ``curve.jsonl`` keeps
    the figures on the held-out tweets after each tenth of the steps.
    Returns the record that goes with the weights: settings, sizes, figures on the held-out part.

    Raises:
        Interrupted: asked to stop; calling again goes on from the checkpoint in ``output``.
        TrainingError: data or teacher are missing, or teacher and student do not fit.
    """
    teacher, theirs_tokenizer, teacher_record = teacher_of(teacher_folder)
    tweets = as_read(read(data), theirs_tokenizer)
    identity: dict[str, Any] = {
        "settings": asdict(settings) | naming_of(theirs_tokenizer),
        "tweets": tweets.sizes(),
        "teacher": {"settings": teacher_record["settings"], "dev": teacher_record["dev"]},
    }
    if start is not None:
        weights = (start / "model.safetensors").read_bytes()
        origin = json.loads((start / "training.json").read_text(encoding="utf-8"))
        identity["start"] = {"sha256": hashlib.sha256(weights).hexdigest()} | {
            key: origin[key] for key in ("command", "settings", "start", "teacher") if key in origin
        }
    if (before := networks.finished(output, identity)) is not None:
        return before
    torch.manual_seed(settings.seed)
    if start is None:
        words = trimmed(theirs_tokenizer, settings.structure.vocabulary, tweets.texts())
        # Few tweets use fewer words than asked for, and some words are always kept.
        structure = replace(settings.structure, vocabulary=len(words.rows))
        tokenizer, student = words.tokenizer, fresh(structure)
        start_from(student, teacher, words.rows)
    else:
        student, tokenizer, _ = networks.load(start)
    device = networks.device()
    student.to(device)
    asked_teacher: Teacher = teacher.to(device)
    if device.type == "cpu" and (teacher_folder / "model.tflite").is_file():
        asked_teacher = FileTeacher(teacher_folder)

    chance = random.Random(settings.seed)  # noqa: S311 (draws tweets, guards nothing)
    shown = mixture(tweets, settings, chance)
    pieces = encode(tokenizer, shown, settings.max_length)
    if same_words := tokenizer.get_vocab() == theirs_tokenizer.get_vocab():
        pieces = thinned(pieces, settings.drop_tokens, chance)
    their_pieces = pieces if same_words else encode(theirs_tokenizer, shown, settings.max_length)
    # A network that started as another has features of its own.
    matched = asked_teacher is teacher and start is None and same_words and alike(student, teacher)
    hidden_weight = settings.hidden_weight if matched else 0.0
    batches = plan(
        [len(ids) for ids, _ in pieces], range(len(shown)), settings.batch, settings.seed
    )

    def loss_of(learner: Network, chosen: list[int]) -> Tensor:
        examples = [shown[i] for i in chosen]
        batch = collate(examples, [pieces[i] for i in chosen]).to(device)
        asked = collate(examples, [their_pieces[i] for i in chosen]).to(device)
        with torch.no_grad():
            theirs, their_states = asked_teacher(asked.input_ids, asked.token_type_ids)
        ours, our_states = learner(batch.input_ids, batch.token_type_ids)
        loss = settings.soft_weight * soft_loss(ours, theirs) + settings.hard_weight * label_loss(
            ours, batch, smoothing=0.0
        )
        if hidden_weight:
            loss = loss + hidden_weight * hidden_loss(
                our_states, their_states, batch.input_ids != 0
            )
        return loss

    def figures() -> dict[str, Any]:
        return measure(student, tokenizer, tweets.dev, settings.max_length)

    def look(step: int) -> None:
        with (output / "curve.jsonl").open("a", encoding="utf-8") as curve:
            curve.write(strict_json({"examples": step * settings.batch, "dev": figures()}) + "\n")

    output.mkdir(parents=True, exist_ok=True)
    checkpoint = output / "checkpoint.pt"
    loop = LoopSettings(settings.learning_rate, precision=settings.precision, warmup=0.03)
    descend(student, batches, loss_of, loop, checkpoint, identity, "distil", look)
    calibration = calibrate(student, tokenizer, tweets.dev, settings.max_length)
    record = identity | {"dev": figures(), "calibration": calibration}
    networks.save(student, tokenizer, record, output)
    checkpoint.unlink(missing_ok=True)
    return record
