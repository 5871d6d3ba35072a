"""Fine-tuning of the teacher: a pretrained encoder learns both tasks from labelled tweets."""

import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn

from monitor.lab.data import NO_LABEL, Example, TweetSplit, read
from monitor.lab.training import network as networks
from monitor.lab.training.batches import Batch, collate, plan
from monitor.lab.training.families import family
from monitor.lab.training.loop import LoopSettings, descend
from monitor.lab.training.measure import measure
from monitor.lab.training.network import Network
from monitor.lab.training.temperature import calibrate
from monitor.lab.training.tokenization import encode, prepare
from monitor.verdict import TASKS


@dataclass(frozen=True)
class TeacherSettings:
    """How the teacher is made.

    ``vocabulary`` is how many of the checkpoint's tokens are kept (0: all as they are).
    ``epochs`` may be a fraction; in an epoch the tweets of the kind ``replab`` come
    ``replab_times``, since the task is learnt from them. ``drop_entity`` is how often a sentiment
    example that has an entity is shown without it, since such a label is of the tweet as a whole.
    ``leave_out`` names RepLab entities and domains that are not learnt from, to see how others
    fare. Lengths are in tokens.
    """

    checkpoint: str
    seed: int = 0
    vocabulary: int = 20_000
    epochs: float = 1.0
    replab_times: int = 2
    batch: int = 32
    learning_rate: float = 6e-5
    label_smoothing: float = 0.05
    drop_entity: float = 0.5
    leave_out: tuple[str, ...] = ()
    max_length: int = 64
    precision: str = "fp32"


def without_entity_at_random(
    examples: Sequence[Example], share: float, chance: random.Random
) -> list[Example]:
    """Return ``examples`` with a random ``share`` of the sentiment entities left out.

    Where nothing is named, a tweet's mood is the best guess of what it does to a reputation: an
    example without an entity has its sentiment as its reputation label.
    """
    return [
        replace(example, entity=None, reputation=example.sentiment)
        if example.sentiment != NO_LABEL and (example.entity is None or chance.random() < share)
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


def lessons(tweets: TweetSplit, settings: TeacherSettings, chance: random.Random) -> list[Example]:
    """Return the examples of the whole run in their order."""
    shown: list[Example] = []
    wanted = 0
    while not shown or len(shown) < wanted:
        epoch = without_entity_at_random(tweets.general, settings.drop_entity, chance)
        epoch += tweets.targeted
        epoch += tweets.replab * settings.replab_times
        wanted = round(settings.epochs * len(epoch))
        chance.shuffle(epoch)
        shown += epoch
    return shown[:wanted]


def fine_tune(
    network: Network,
    tokenizer: Tokenizer,
    tweets: TweetSplit,
    settings: TeacherSettings,
    checkpoint: Path,
    identity: dict[str, Any],
) -> None:
    """Teach ``network`` both tasks; the order of the examples is by ``settings.seed``."""
    chance = random.Random(settings.seed)  # noqa: S311 (draws tweets, guards nothing)
    shown = lessons(tweets, settings, chance)
    pieces = encode(tokenizer, shown, settings.max_length)
    batches = plan(
        [len(ids) for ids, _ in pieces], range(len(shown)), settings.batch, settings.seed
    )
    device = networks.device()

    def loss_of(learner: Network, chosen: list[int]) -> Tensor:
        batch = collate([shown[i] for i in chosen], [pieces[i] for i in chosen]).to(device)
        logits, _ = learner(batch.input_ids, batch.token_type_ids)
        return label_loss(logits, batch, settings.label_smoothing)

    torch.manual_seed(settings.seed)
    loop = LoopSettings(settings.learning_rate, precision=settings.precision)
    descend(network, batches, loss_of, loop, checkpoint, identity, "train")


def train(data: Sequence[Path], output: Path, settings: TeacherSettings) -> dict[str, Any]:
    """Fine-tune ``settings.checkpoint`` on the tweets of ``data`` and write it into ``output``.

    Does nothing where this very run has ended before.
    Returns the record that goes with the weights: settings, sizes, figures on the held-out part.

    Raises:
        Interrupted: asked to stop; calling again goes on from the checkpoint in ``output``.
        TrainingError: data or pretrained encoder are missing.
    """
    tweets = read(data, settings.leave_out)
    identity: dict[str, Any] = {"settings": asdict(settings), "tweets": tweets.sizes()}
    if (before := networks.finished(output, identity)) is not None:
        return before

    kind = family(networks.kind_of(settings.checkpoint), settings.checkpoint)
    tokenizer, words = prepare(settings.checkpoint, kind, tweets.texts(), settings.vocabulary)
    torch.manual_seed(settings.seed)
    network = networks.pretrained(settings.checkpoint, words).to(networks.device())
    checkpoint = output / "checkpoint.pt"
    fine_tune(network, tokenizer, tweets, settings, checkpoint, identity)
    record = identity | {
        "dev": measure(network, tokenizer, tweets.dev, settings.max_length),
        "calibration": calibrate(network, tokenizer, tweets.dev, settings.max_length),
    }
    networks.save(network, tokenizer, record, output)
    checkpoint.unlink(missing_ok=True)
    return record
