"""Distillation from answers on disk: the student never waits for its teacher.

What a student learns: its teacher's probabilities, its teacher's pooled vector (by way of a
projection that is thrown away afterwards), and the labels where they are known, with the shares of
labels of each collection taken out as in `marked`. From a second teacher that is as deep and as
wide, if there is one, also the hidden states. In a part of the texts the mark of who is asked
about gives way to a name that nobody has, with the answer of the marked text: a matcher misses
mentions.
"""

import hashlib
import json
import random
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from itertools import islice
from pathlib import Path
from typing import Any, Final, cast

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor, nn

from monitor.inference.marking import OTHER, TARGET, USER, spell_emoji
from monitor.lab.data import NO_LABEL, Example
from monitor.lab.errors import TrainingError
from monitor.lab.training import network as networks
from monitor.lab.training import plain
from monitor.lab.training.answers import TeacherQuestion, questions_of
from monitor.lab.training.answers import labelled as as_labelled
from monitor.lab.training.batches import collate, plan
from monitor.lab.training.distil import alike, hidden_loss, repeated, soft_loss, teacher_of
from monitor.lab.training.growth import deeper, with_marks
from monitor.lab.training.invented import sentences
from monitor.lab.training.loop import LoopSettings, descend
from monitor.lab.training.marked import MarkedSettings, Shares, beyond_mean, measure
from monitor.lab.training.measure import logits_of
from monitor.lab.training.mixture import REPLAB, MixtureRow, asked, invented, read_mixture
from monitor.lab.training.network import Network, mean_over
from monitor.lab.training.student import structure_of
from monitor.lab.training.temperature import calibrated
from monitor.lab.training.tokenization import encode
from monitor.verdict import TASKS

UNMARKED: Final = 0.1
"""How often (0-1) a mention of the one asked about stays unmarked."""

OTHERS_UNMARKED: Final = 0.2
"""How often those of others do."""


@dataclass(frozen=True)
class TaughtSettings:
    """How the student is made.

    ``questions``: it learns from so many of the answers, the first ones (0: all); by their label
    alone from so many questions that come after them as ``labelled`` says, and from so many
    sentences of this project's own as ``invented`` does; of each kind as many as there are,
    evenly. ``examples`` is how many it sees in all, ``layers`` how many
    it has (0: as many as what it starts from).
    ``soft_weight``, ``pooled_weight``, ``hard_weight`` and ``hidden_weight`` are the weights of the
    losses: the teacher's probabilities, its pooled vector, the labels, a second
    teacher's hidden states.
    Lengths are in tokens.
    """

    seed: int = 0
    questions: int = 0
    labelled: int = 0
    invented: int = 0
    examples: int = 400_000
    layers: int = 0
    batch: int = 64
    learning_rate: float = 6e-4
    soft_weight: float = 2.0
    pooled_weight: float = 1.0
    hard_weight: float = 0.3
    hidden_weight: float = 1.0
    max_length: int = 96
    precision: str = "fp32"
    naming: str = "marked"


@dataclass(frozen=True)
class TeacherAnswers:
    """What `answers.compute` has written: questions, and what the teacher says to them."""

    asked: list[TeacherQuestion]
    logits: Tensor
    """[questions, tasks, 3]."""
    pooled: Tensor | None
    """[questions, width of the teacher], if they are there."""
    teacher: dict[str, Any]
    """The teacher's record."""
    labelled: list[TeacherQuestion] = field(default_factory=list)
    """Questions with a label that the teacher was not asked, or whose answer is not wanted."""

    def all(self) -> list[TeacherQuestion]:
        """Return the answered questions, then those without an answer."""
        return [*self.asked, *self.labelled]


def read_answers(
    folder: Path, data: Path, most: int = 0, labelled: int = 0, invented: int = 0
) -> TeacherAnswers:
    """Return the answers in ``folder``, the first ``most`` of them (0: all).

    With them come the first ``labelled`` of the questions after them that have a label, and
    ``invented`` ones about sentences that are this project's own.

    Raises:
        TrainingError: there are none, or they are to other texts than those in ``data``.
    """
    try:
        note = json.loads((folder / "done.json").read_text(encoding="utf-8"))
    except OSError as error:
        raise TrainingError(f"no answers in {folder} (monitor answers writes them)") from error
    count = min(int(note["answered"]), most or int(note["answered"]))
    teacher = note["teacher"]
    asked = questions_of(folder, data, teacher["settings"])
    known = (one for one in asked[count:] if any(getattr(one, task) != NO_LABEL for task in TASKS))

    def array(name: str) -> Tensor:
        return torch.from_numpy(np.array(np.load(folder / name, mmap_mode="r")[:count]))

    pooled = array("pooled.npy") if (folder / "pooled.npy").is_file() else None
    chance = random.Random(0)  # noqa: S311 (draws sentences, guards nothing)
    more = [*islice(known, labelled), *map(as_labelled, sentences.rows(invented, chance))]
    return TeacherAnswers(asked[:count], array("logits.npy"), pooled, teacher, more)


def shown_as(asked: TeacherQuestion, chance: random.Random) -> Example:
    """Return a question as the student sees it, some of its mentions unmarked."""
    text = asked.text
    if asked.question is not None and chance.random() < UNMARKED:
        text = text.replace(TARGET, invented(chance) if chance.random() < 0.7 else USER)
    if OTHER in text and chance.random() < OTHERS_UNMARKED:
        text = text.replace(OTHER, invented(chance))
    return Example(spell_emoji(text), asked.question, asked.reputation, asked.sentiment)


class Learner(nn.Module):
    """A student, and the projection of its pooled vector onto its teacher's."""

    def __init__(self, student: Network, width: int) -> None:
        """Put a fresh projection to ``width`` features beside ``student``; 0: to none."""
        super().__init__()
        self.student = student
        hidden = cast(Any, student.encoder).config.hidden_size
        self.projection = nn.Linear(hidden, max(width, 1))

    def forward(
        self, input_ids: Tensor, token_type_ids: Tensor
    ) -> tuple[dict[str, Tensor], tuple[Tensor, ...], Tensor]:
        """Return logits [batch, 3] per task, hidden states, projected pooled vectors."""
        logits, states = self.student(input_ids, token_type_ids)
        return logits, states, self.projection(mean_over(input_ids != 0, states[-1]))


def noted(record: dict[str, Any]) -> dict[str, Any]:
    """Return what a student's record keeps of the record of whom it began as or learnt from."""
    wanted = ("command", "settings", "tweets", "start", "teacher", "tutor")
    return {key: record[key] for key in wanted if key in record}


class HiddenStateTeacher:
    """A finished student whose hidden states another one learns, in the other's words."""

    def __init__(self, folder: Path, student: Network, tokenizer: Tokenizer) -> None:
        """Take the student in ``folder``, and the one that is to learn, with its tokenizer.

        Raises:
            TrainingError: there is none, or it is not as deep and as wide.
        """
        self._network, theirs, record = networks.load(folder)
        self.noted: Final = noted(record)
        """What its record says of where it came from."""
        if not alike(student, self._network):
            raise TrainingError(f"the tutor in {folder} is not as deep and as wide as the student")
        ours, known = tokenizer.get_vocab(), theirs.get_vocab()
        rows = torch.full((max(ours.values()) + 1,), known["[UNK]"])
        for word, index in ours.items():
            rows[index] = known.get(word, known["[UNK]"])
        self._rows = rows.to(networks.device())
        self._network.to(networks.device())

    def __call__(self, input_ids: Tensor, token_type_ids: Tensor) -> tuple[Tensor, ...]:
        """Return its hidden states [batch, length, width] for the student's ids."""
        with torch.no_grad():
            _, states = self._network(self._rows[input_ids], token_type_ids)
        hidden: tuple[Tensor, ...] = states
        return hidden


def offsets(answers: TeacherAnswers, task: str) -> Tensor:
    """Return what each question's own shares of labels add to its logits [questions, 3]."""
    shares: Shares = answers.teacher["shares"][task]
    return beyond_mean(shares, [asked.group for asked in answers.all()])


def is_student(start: Path) -> bool:
    """Whether a folder holds a student or a model, not a pretrained encoder (or nothing)."""
    return any((start / name).is_file() for name in ("model.tflite", "training.json"))


def learning_rate_from(start: Path) -> float:
    """Return the rate that is right for what `beginning` makes of ``start``."""
    return 6e-4 if is_student(start) else 1.5e-4


def beginning(start: Path, layers: int) -> tuple[Network, Tokenizer, dict[str, Any]]:
    """Return the student to begin with, its tokenizer, and what is noted of where it came from.

    Args:
        start: folder of a student that monitor distil has written, or of a model; or a pretrained
            encoder, folder or name, which becomes a MobileBERT without bottlenecks.
        layers: how many it is to have; 0: as many as it has.

    Raises:
        TrainingError: there is none, it has more layers, or no layers can be put in.
    """
    if not is_student(start):
        if layers:
            raise TrainingError("layers can be put into a student only, not into an encoder")
        return *plain.begun_from(str(start)), {"checkpoint": start.name}
    if (start / "model.tflite").is_file():
        network, tokenizer, _ = teacher_of(start)
        card = tomllib.loads((start / "model.toml").read_text(encoding="utf-8"))
        command = card.get("training", {}).get("command", "")
        origin: dict[str, Any] = {"model": start.name, "command": command}
        weights = (start / "model.tflite").read_bytes()
    else:
        network, tokenizer, origin = networks.load(start)
        weights = (start / "model.safetensors").read_bytes()
    network, tokenizer = with_marks(network, tokenizer)
    kept = {"sha256": hashlib.sha256(weights).hexdigest()} | noted(origin)
    return deeper(network, layers) if layers else network, tokenizer, kept


def described(network: Network) -> dict[str, Any]:
    """Return the structure of a student as its record has it; without bottlenecks theirs is 0."""
    structure = asdict(structure_of(network))
    return structure | ({"bottleneck": 0} if plain.is_plain(network) else {})


def teach(
    learner: Learner,
    tokenizer: Tokenizer,
    answers: TeacherAnswers,
    settings: TaughtSettings,
    checkpoint: Path,
    identity: dict[str, Any],
    hidden_teacher: HiddenStateTeacher | None = None,
) -> None:
    """Let the student in ``learner`` learn from ``answers``, and from the ``hidden_teacher``."""
    chance = random.Random(settings.seed)  # noqa: S311 (draws tweets, guards nothing)
    asked, count = answers.all(), len(answers.asked)
    which = repeated(range(len(asked)), settings.examples, chance)
    shown = [shown_as(asked[number], chance) for number in which]
    pieces = encode(tokenizer, shown, settings.max_length)
    batches = plan(
        [len(ids) for ids, _ in pieces], range(len(shown)), settings.batch, settings.seed
    )
    device = networks.device()
    of_task = {task: offsets(answers, task) for task in TASKS}

    def loss_of(ours: Learner, chosen: list[int]) -> Tensor:
        batch = collate([shown[i] for i in chosen], [pieces[i] for i in chosen]).to(device)
        numbers = torch.tensor([which[i] for i in chosen])
        answered = numbers < count
        logits, states, projected = ours(batch.input_ids, batch.token_type_ids)
        # Where there is no answer the label has to say everything.
        weights = torch.where(answered, settings.hard_weight, 1.0).to(device)
        loss = torch.zeros((), device=device)
        for task in TASKS:
            hard = nn.functional.cross_entropy(
                logits[task].float() + of_task[task][numbers].to(device),
                getattr(batch, task),
                ignore_index=NO_LABEL,
                reduction="none",
            )
            loss = loss + (hard * weights).sum() / len(chosen)
        if answered.any():
            known, share = numbers[answered], answered.float().mean().to(device)
            said = answers.logits[known].to(device)
            there = answered.to(device)
            soft = soft_loss(
                {task: logits[task][there] for task in TASKS},
                {task: said[:, place] for place, task in enumerate(TASKS)},
            )
            loss = loss + settings.soft_weight * share * soft
            if answers.pooled is not None:
                pooled = answers.pooled[known].to(device).float()
                apart = (projected[there].float() - pooled).square().sum() / pooled.square().sum()
                loss = loss + settings.pooled_weight * share * apart
        if hidden_teacher is not None:
            theirs = hidden_teacher(batch.input_ids, batch.token_type_ids)
            mask = batch.input_ids != 0
            loss = loss + settings.hidden_weight * hidden_loss(states, theirs, mask)
        return loss

    loop = LoopSettings(
        settings.learning_rate, precision=settings.precision, warmup=0.03, checkpoint_seconds=300.0
    )
    descend(learner, batches, loss_of, loop, checkpoint, identity, "distil")


def held_out_settings(teacher: dict[str, Any], max_length: int) -> MarkedSettings:
    """Return the teacher's settings, as `marked.measure` takes them for its student."""
    known = {field.name for field in fields(MarkedSettings)}
    made = {key: value for key, value in teacher["settings"].items() if key in known}
    return MarkedSettings(**(made | {"max_length": max_length}))


def calibrate_rows(
    network: Network, tokenizer: Tokenizer, dev: Mapping[str, Sequence[MixtureRow]], max_length: int
) -> dict[str, Any]:
    """Return what `temperature.calibrated` finds on held-out rows; shares on RepLab's alone."""
    rows = [row for part in dev.values() for row in part]
    return calibrated(
        logits_of(network, tokenizer, [asked(row) for row in rows], max_length),
        {task: [getattr(row, task) for row in rows] for task in TASKS},
        [row.target if row.source == REPLAB else None for row in rows],
    )


def distil(
    data: Path,
    answers_folder: Path,
    start: Path,
    output: Path,
    settings: TaughtSettings,
    hidden_folder: Path | None = None,
) -> dict[str, Any]:
    """Teach the student in ``start`` from the answers in a folder, and write it into ``output``.

    ``hidden_folder`` holds a student of `distil` whose hidden states it learns as well. Does
    nothing where this very run has ended before. Returns the record that goes with the weights:
    settings, sizes, figures on what of ``data`` is held out.

    Raises:
        Interrupted: asked to stop; calling again goes on from the checkpoint in ``output``.
        TrainingError: data, answers or student are missing, or do not fit.
    """
    answers = read_answers(
        answers_folder, data, settings.questions, settings.labelled, settings.invented
    )
    torch.manual_seed(settings.seed)
    network, tokenizer, origin = beginning(start, settings.layers)
    identity: dict[str, Any] = {
        "settings": asdict(settings) | {"structure": described(network)},
        "tweets": {"questions": len(answers.asked), "labelled": len(answers.labelled)},
        "teacher": {
            key: answers.teacher[key]
            for key in ("settings", "start", "dev")
            if key in answers.teacher
        },
        "start": origin,
    }
    hidden_teacher = None
    if hidden_folder is not None:
        hidden_teacher = HiddenStateTeacher(hidden_folder, network, tokenizer)
        identity["tutor"] = hidden_teacher.noted
    if (before := networks.finished(output, identity)) is not None:
        return before
    width = 0 if answers.pooled is None else answers.pooled.shape[1]
    learner = Learner(network, width).to(networks.device())
    checkpoint = output / "checkpoint.pt"
    teach(learner, tokenizer, answers, settings, checkpoint, identity, hidden_teacher)
    student = learner.student
    made = answers.teacher["settings"]
    mixture = read_mixture(data, made["leave_out"], made.get("without", ()))
    asking = held_out_settings(answers.teacher, settings.max_length)
    record = identity | {
        "dev": measure(student, tokenizer, mixture.dev, answers.teacher["shares"], asking),
        "calibration": calibrate_rows(student, tokenizer, mixture.dev, settings.max_length),
    }
    networks.save(student, tokenizer, record, output)
    checkpoint.unlink(missing_ok=True)
    return record
