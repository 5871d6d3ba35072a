"""Fine-tuning of a teacher on the mixture of collections, with the target marked.

Each collection has its own shares of labels, and so has each RepLab entity: RepLab's tweets are
mostly good for whom they name, a stock market's headlines hardly ever neutral. Those shares are
no knowledge about a text. The network is taught what is left when they are known: during training
their logarithms are added to the logits (logit adjustment, Menon et al. 2021, arXiv 2007.07314),
and afterwards one set of shares for all goes into the heads.
"""

import json
import math
import random
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn

from monitor.inference.marking import OTHER, TARGET, USER, Marks
from monitor.lab.data import NO_LABEL, Example
from monitor.lab.errors import TrainingError
from monitor.lab.metrics import score
from monitor.lab.training import adapters
from monitor.lab.training import network as networks
from monitor.lab.training.batches import collate, plan
from monitor.lab.training.families import family
from monitor.lab.training.loop import LoopSettings, descend
from monitor.lab.training.measure import logits_of
from monitor.lab.training.mixture import (
    GENERAL,
    SOURCES,
    Mixture,
    MixtureRow,
    asked,
    group_of,
    invented,
    read_mixture,
)
from monitor.lab.training.network import Network
from monitor.lab.training.pretrained import checkpoint_of
from monitor.lab.training.tokenization import encode, prepare
from monitor.verdict import POLARITIES, TASKS

Naming: TypeAlias = Literal["marked", "exchanged", "names"]
"""What becomes of the name of the entity that is asked about: a mark, other names, itself."""


@dataclass(frozen=True)
class MarkedSettings:
    """How the teacher is made.

    ``passes`` may be a fraction; what comes how often in a pass is in `SOURCES`. ``leave_out``:
    some RepLab entities are not learnt from (`strangers`), ``without``: nor are these collections.
    ``adjust``: the shares of labels in the
    collections are taken out of what is learnt. ``rank`` is that of the adapters; 0: there are
    none, all weights learn. Lengths are in tokens.
    """

    checkpoint: str
    seed: int = 0
    passes: float = 1.0
    batch: int = 32
    learning_rate: float = 4e-5
    layer_decay: float = 0.92
    head_rate: float = 5.0
    label_smoothing: float = 0.05
    leave_out: bool = False
    without: tuple[str, ...] = ()
    naming: Naming = "marked"
    adjust: bool = True
    max_length: int = 96
    precision: str = "fp32"
    rank: int = 0


UNMARKED = 0.12
"""How often (0-1) a mention stays unmarked in training, as when a matcher misses it."""

OTHERS_MARKED = 0.7
"""How often other entities are marked: an owner has not configured everybody."""


def lesson(row: MixtureRow, naming: Naming, chance: random.Random) -> Example:
    """Return ``row`` as an example to learn from, its names treated as ``naming`` says."""
    if row.target is None:
        return asked(row)
    if row.source == GENERAL and chance.random() < 0.5:
        # A label of the whole tweet: half of the time nobody is asked about.
        return asked(MixtureRow(row.source, row.text, None, (), row.sentiment, row.sentiment))
    other = OTHER if chance.random() < OTHERS_MARKED else None
    if naming == "marked":
        draw = chance.random()
        if draw >= UNMARKED:
            return asked(row, Marks(TARGET, other))
        by = (None, USER, invented(chance))[int(draw / UNMARKED * 3)]
        return asked(row, Marks(by, other))
    if naming == "names" or chance.random() < 0.25:
        return asked(row, Marks(None, None), row.target)
    name = USER if chance.random() < 0.25 else invented(chance)
    return asked(row, Marks(name, invented(chance)), name)


def held_out(row: MixtureRow, naming: Naming) -> Example:
    """Return ``row`` as it is measured on."""
    return asked(row) if naming == "marked" else asked(row, Marks(None, None), row.target)


def lessons(
    mixture: Mixture, settings: MarkedSettings, chance: random.Random
) -> tuple[list[Example], list[str]]:
    """Return the examples of the whole run in their order, and whose shares of labels each has."""
    shown: list[tuple[Example, str]] = []
    remaining = settings.passes
    while remaining > 0:
        one: list[MixtureRow] = []
        for name, rows in mixture.learn.items():
            wanted = round(SOURCES[name].rows * min(1.0, remaining))
            while wanted > 0 and rows:
                one += chance.sample(rows, min(wanted, len(rows)))
                wanted -= len(rows)
        chance.shuffle(one)
        for row in one:
            example = lesson(row, settings.naming, chance)
            if row.target is None and example.reputation == NO_LABEL:
                example = Example(example.text, None, example.sentiment, example.sentiment)
            shown.append((example, group_of(row)))
        remaining -= 1
    return [example for example, _ in shown], [group for _, group in shown]


Shares: TypeAlias = dict[str, list[float]]
"""Log of the shares of `POLARITIES`, by group."""

PSEUDO = 30.0
"""A group counts as if it had so many more examples, with the shares of its collection."""


def log_shares(examples: Sequence[Example], groups: Sequence[str], task: str) -> Shares:
    """Return the log shares of each group's labels for ``task``, shrunk to its collection's.

    A tenth of each is a third each: no label is impossible. The group "" is the mean of all
    examples.
    """
    counts: dict[str, Counter[int]] = defaultdict(Counter)
    for example, group in zip(examples, groups, strict=True):
        if (label := getattr(example, task)) != NO_LABEL:
            for name in dict.fromkeys((group, group.partition(":")[0], "")):
                counts[name][label] += 1
    ways = range(len(POLARITIES))

    def share(name: str, label: int) -> float:
        return counts[name][label] / counts[name].total()

    shares: Shares = {}
    for group, count in counts.items():
        whole = group.partition(":")[0]
        raw = [(count[i] + PSEUDO * share(whole, i)) / (count.total() + PSEUDO) for i in ways]
        shares[group] = [round(math.log(0.9 * value + 0.1 / len(ways)), 4) for value in raw]
    return shares


def beyond_mean(shares: Shares, groups: Sequence[str]) -> Tensor:
    """Return by how much each group's log shares are above the mean of all [groups, 3].

    Of a group that is not known it is its collection's; of a collection that is not, nothing.
    """
    mean = shares.get("", [0.0] * len(POLARITIES))
    rows = [shares.get(group, shares.get(group.partition(":")[0], mean)) for group in groups]
    own: Tensor = torch.tensor(rows) - torch.tensor(mean)
    return own


def fine_tune(
    network: Network,
    tokenizer: Tokenizer,
    mixture: Mixture,
    settings: MarkedSettings,
    checkpoint: Path,
    identity: dict[str, Any],
) -> dict[str, Shares]:
    """Teach ``network`` both tasks; return the shares of labels by task and group."""
    chance = random.Random(settings.seed)  # noqa: S311 (draws tweets, guards nothing)
    shown, groups = lessons(mixture, settings, chance)
    pieces = encode(tokenizer, shown, settings.max_length)
    batches = plan(
        [len(ids) for ids, _ in pieces], range(len(shown)), settings.batch, settings.seed
    )
    shares = {task: log_shares(shown, groups, task) for task in TASKS}
    device = networks.device()
    nothing = [0.0] * len(POLARITIES)
    offsets = {
        task: torch.tensor(
            [shares[task].get(group, nothing) if settings.adjust else nothing for group in groups]
        ).to(device)
        for task in TASKS
    }

    def loss_of(learner: Network, chosen: list[int]) -> Tensor:
        batch = collate([shown[i] for i in chosen], [pieces[i] for i in chosen]).to(device)
        logits, _ = learner(batch.input_ids, batch.token_type_ids)
        total = torch.zeros((), device=device)
        for task in TASKS:
            total = total + nn.functional.cross_entropy(
                logits[task].float() + offsets[task][chosen],
                getattr(batch, task),
                ignore_index=NO_LABEL,
                label_smoothing=settings.label_smoothing,
                reduction="sum",
            )
        return total / len(chosen)

    torch.manual_seed(settings.seed)
    loop = LoopSettings(
        settings.learning_rate,
        precision=settings.precision,
        # The adapters of all layers begin at nothing: there is nothing to be kept.
        layer_decay=1.0 if settings.rank else settings.layer_decay,
        head_rate=settings.head_rate,
        betas=(0.9, 0.98),
        checkpoint_seconds=300.0,
    )
    descend(network, batches, loss_of, loop, checkpoint, identity, "train")
    return shares


def without_dropout(network: Network) -> Network:
    """Turn dropout off: in about one pass nothing is learnt by heart, and it costs time."""
    for part in network.modules():
        if isinstance(part, nn.Dropout):
            part.p = 0.0
    return network


def start_of(settings: MarkedSettings) -> dict[str, Any] | None:
    """Return the record of the teacher to train further; None for a pretrained encoder.

    Raises:
        TrainingError: it was trained without marks.
    """
    path = Path(settings.checkpoint) / "training.json"
    if not path.is_file():
        return None
    record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if "shares" not in record:
        raise TrainingError(f"{settings.checkpoint} was not trained with --marked")
    return record


def begin(settings: MarkedSettings) -> tuple[Network, Tokenizer]:
    """Return the network to start from: a pretrained encoder, or a teacher to train further."""
    torch.manual_seed(settings.seed)
    if start_of(settings) is not None:
        network, tokenizer, _ = adapters.load(Path(settings.checkpoint))
        if settings.rank:
            adapters.adapt(network, tokenizer, settings.rank)
        return network, tokenizer
    if settings.rank:
        return adapters.begin(settings.checkpoint, settings.rank)
    place = checkpoint_of(settings.checkpoint)
    tokenizer, words = prepare(place, family(networks.kind_of(place), place), marked=True)
    return networks.pretrained(place, words), tokenizer


def shift(network: Network, shares: Mapping[str, Shares], sign: float) -> None:
    """Put the mean log shares into the heads (``sign`` 1), or take them out again (-1)."""
    with torch.no_grad():
        for task in TASKS:
            mean = torch.tensor(shares[task].get("", [0.0] * len(POLARITIES)))
            network.heads[task].bias.add_(sign * mean)  # type: ignore[operator]


def measure(
    network: Network,
    tokenizer: Tokenizer,
    dev: Mapping[str, Sequence[MixtureRow]],
    shares: Mapping[str, Shares],
    settings: MarkedSettings,
) -> dict[str, Any]:
    """Return accuracy, macro-recall and macro-F1 on each part of ``dev``, for its own task.

    With ``settings.adjust``, ``known_shares`` has the figures where each group's own shares of
    labels are put in the place of the mean ones, as an owner can who has labels of an entity.
    """
    figures: dict[str, Any] = {}
    for name, rows in dev.items():
        examples = [held_out(row, settings.naming) for row in rows]
        answers = logits_of(
            network, tokenizer, examples, settings.max_length, precision=settings.precision
        )
        task = "reputation" if any(row.reputation != NO_LABEL for row in rows) else "sentiment"
        known = [i for i, row in enumerate(rows) if getattr(row, task) != NO_LABEL]
        truth = [getattr(rows[i], task) for i in known]
        logits = answers[task][known]
        figures[name] = {"task": task, **figures_of(truth, logits)}
        if settings.adjust:
            own = beyond_mean(shares[task], [group_of(rows[i]) for i in known])
            figures[name]["known_shares"] = figures_of(truth, logits + own)
    return figures


def figures_of(truth: Sequence[int], logits: Tensor) -> dict[str, Any]:
    """Return the figures of the answers with the highest of ``logits`` [examples, 3]."""
    scores = score(truth, logits.argmax(-1).tolist(), POLARITIES)
    return {
        "tweets": scores.count,
        "accuracy": round(scores.accuracy, 4),
        "macro_recall": round(scores.macro_recall, 4),
        "macro_f1": round(scores.macro_f1, 4),
    }


def train(data: Path, output: Path, settings: MarkedSettings) -> dict[str, Any]:
    """Fine-tune ``settings.checkpoint`` on the collections in ``data``, write it into ``output``.

    Does nothing where this very run has ended before. Returns the record that goes with the
    weights: settings, sizes, shares of labels, figures on the held-out part.

    Raises:
        Interrupted: asked to stop; calling again goes on from the checkpoint in ``output``.
        TrainingError: data or pretrained encoder are missing.
    """
    mixture = read_mixture(data, settings.leave_out, settings.without)
    identity: dict[str, Any] = {"settings": asdict(settings), "tweets": mixture.sizes()}
    start = start_of(settings)
    if start is not None:
        identity["start"] = {key: start[key] for key in ("settings", "start") if key in start}
    if (before := networks.finished(output, identity)) is not None:
        return before

    network, tokenizer = begin(settings)
    without_dropout(network).to(networks.device())
    if settings.adjust and start is not None:
        shift(network, start["shares"], -1)
    checkpoint = output / "checkpoint.pt"
    shares = fine_tune(network, tokenizer, mixture, settings, checkpoint, identity)
    if settings.adjust:
        shift(network, shares, 1)
    if settings.rank:
        adapters.save(network, output)
        adapters.merge(network)
    dev = measure(network, tokenizer, mixture.dev, shares, settings)
    record = identity | {"dev": dev, "shares": shares}
    networks.save(network, tokenizer, record, output)
    checkpoint.unlink(missing_ok=True)
    return record
