"""The training of a supernet: all structures learn to answer as the network they are cut from.

The sandwich rule (arXiv 1903.05134): each step trains the smallest structure or the largest, and
one at random. The teacher is the network as it was; since features stand in the order of what
matters (`rotate`), the first features of a structure's hidden states can be held to the teacher's
first features, layer by layer, whatever its width.
"""

import hashlib
import json
import random
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from safetensors.torch import save as packed
from tokenizers import Tokenizer
from torch import Tensor

from monitor.console import strict_json
from monitor.lab.card import write_file
from monitor.lab.data import Example, TweetSplit
from monitor.lab.errors import TrainingError
from monitor.lab.search.rotate import rotate
from monitor.lab.search.space import Space
from monitor.lab.search.supernet import Supernet, state_of
from monitor.lab.structure import Structure
from monitor.lab.training import network as networks
from monitor.lab.training.batches import collate, plan
from monitor.lab.training.distil import DistilSettings, mixture, soft_loss
from monitor.lab.training.fold import Folded
from monitor.lab.training.loop import LoopSettings, descend
from monitor.lab.training.teacher import label_loss
from monitor.lab.training.tokenization import Vocabulary, encode, trimmed
from monitor.lab.training.unfold import structure_of

SAMPLE = 1_000
"""Tweets that show which features matter most."""

TEXTS = 50_000
"""Tweets whose words are counted for a smaller vocabulary."""


@dataclass(frozen=True)
class SupernetSettings:
    """How a supernet is trained; the names are those of `distil.DistilSettings`.

    ``trimmed`` is the share (0-1) of tweets that are shown in a smaller vocabulary.
    """

    seed: int = 0
    examples: int = 160_000
    batch: int = 64
    learning_rate: float = 8e-4
    trimmed: float = 0.3
    hidden_weight: float = 0.5
    soft_weight: float = 2.0
    hard_weight: float = 0.2
    max_length: int = 64
    precision: str = "fp32"


def sample(tweets: TweetSplit, count: int, seed: int) -> list[Example]:
    """Return ``count`` tweets to learn from, of all kinds alike."""
    settings = DistilSettings(Structure(), examples=count)
    return mixture(tweets, settings, random.Random(seed))  # noqa: S311 (draws tweets)


def in_order(folded: Folded, tokenizer: Tokenizer, tweets: TweetSplit, seed: int) -> Folded:
    """Return ``folded`` with what matters most on a sample of ``tweets`` first."""
    shown = sample(tweets, SAMPLE, seed)
    pieces = encode(tokenizer, shown, 64)
    batches = plan([len(ids) for ids, _ in pieces], range(len(shown)), 64, seed)
    collated = (collate([shown[i] for i in b], [pieces[i] for i in b]) for b in batches)
    return rotate(folded, ((batch.input_ids, batch.token_type_ids) for batch in collated))


def prefix_loss(ours: dict[int, Tensor], theirs: dict[int, Tensor], mask: Tensor) -> Tensor:
    """Return how far hidden states are from the first features of the teacher's.

    ``ours`` and ``theirs`` map a layer to a stream [batch, length, width], ``ours`` narrower or as
    wide. Mean over our layers of the squared error relative to the teacher's mean square.
    """
    weights = mask.unsqueeze(-1).float()
    total = torch.zeros((), device=mask.device)
    for place, mine in ours.items():
        target = theirs[place][..., : mine.shape[-1]]
        error = ((mine - target).square() * weights).sum()
        total = total + error / (target.square() * weights).sum()
    return total / len(ours)


def learn(
    supernet: Supernet,
    tokens: dict[int, Vocabulary],
    tweets: TweetSplit,
    space: Space,
    settings: SupernetSettings,
    checkpoint: Path,
    identity: dict[str, Any],
) -> None:
    """Train ``supernet`` on the structures of ``space``.

    Raises:
        Interrupted: asked to stop; calling again goes on from ``checkpoint``.
    """
    device = networks.device()
    supernet.to(device)
    teacher = Supernet(supernet.folded(supernet.largest)).to(device).eval()
    shown = sample(tweets, settings.examples, settings.seed)
    whole = max(tokens)
    pieces = {size: each.encode(shown, settings.max_length) for size, each in tokens.items()}
    batches = plan(
        [len(ids) for ids, _ in pieces[whole]], range(len(shown)), settings.batch, settings.seed
    )
    ends = space.ends(supernet.largest)

    def loss_of(learner: Supernet, chosen: list[int]) -> Tensor:
        # The same batch meets the same structures, also after an interruption.
        chance = random.Random(chosen[0] + settings.seed)  # noqa: S311
        size = chance.choice(list(tokens)) if chance.random() < settings.trimmed else whole
        examples = [shown[i] for i in chosen]
        batch = collate(examples, [pieces[whole][i] for i in chosen]).to(device)
        with torch.no_grad():
            theirs, their_states = teacher(teacher.largest, batch.input_ids, batch.token_type_ids)
        if size != whole:
            batch = collate(examples, [pieces[size][i] for i in chosen]).to(device)
        total = torch.zeros((), device=device)
        drawn = (chance.choice(ends), space.draw(learner.largest, chance))
        for structure in drawn:
            ours, states = learner(structure, batch.input_ids, batch.token_type_ids)
            total = (
                total
                + settings.soft_weight * soft_loss(ours, theirs)
                + settings.hard_weight * label_loss(ours, batch, smoothing=0.0)
            )
            if size == whole:
                total = total + settings.hidden_weight * prefix_loss(
                    states, their_states, batch.input_ids != 0
                )
        return total / len(drawn)

    loop = LoopSettings(settings.learning_rate, precision=settings.precision, warmup=0.03)
    descend(supernet, batches, loss_of, loop, checkpoint, identity, "supernet")
    supernet.to("cpu")


def save(
    supernet: Supernet, tokens: dict[int, Vocabulary], record: dict[str, Any], folder: Path
) -> None:
    """Write a supernet, its tokenizers and the ``record`` of its making into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    for size, each in tokens.items():
        each.tokenizer.save(str(folder / f"tokenizer-{size}.json"))
    rows = {str(size): each.rows for size, each in tokens.items()}
    kept = record | {"largest": asdict(supernet.largest), "rows": rows}
    write_file(folder / "supernet.json", (strict_json(kept) + "\n").encode())
    # The weights come last and in one step: a folder that has them is complete.
    write_file(folder / "supernet.safetensors", packed(state_of(supernet)))


def load(folder: Path) -> tuple[Supernet, dict[int, Vocabulary], dict[str, Any]]:
    """Return what `save` wrote.

    Raises:
        TrainingError: the folder holds no finished supernet.
    """
    if not (folder / "supernet.safetensors").is_file():
        raise TrainingError(f"no finished supernet in {folder} (its training has not ended yet?)")
    record = json.loads((folder / "supernet.json").read_text(encoding="utf-8"))
    state = load_file(folder / "supernet.safetensors")
    supernet = Supernet(blank(Structure.of(record.pop("largest"))))
    supernet.load_state_dict(state)
    tokens = {
        int(size): Vocabulary(Tokenizer.from_file(str(folder / f"tokenizer-{size}.json")), rows)
        for size, rows in record.pop("rows").items()
    }
    return supernet.eval(), tokens, record


def described(folder: Path) -> tuple[Structure, Space]:
    """Return the largest structure and the space of the supernet in ``folder``.

    Raises:
        TrainingError: the folder holds no finished supernet.
    """
    if not (folder / "supernet.safetensors").is_file():
        raise TrainingError(f"no finished supernet in {folder} (its training has not ended yet?)")
    record = json.loads((folder / "supernet.json").read_text(encoding="utf-8"))
    return Structure.of(record["largest"]), Space.of(record["space"])


def blank(structure: Structure) -> Folded:
    """Return arrays of the right shapes for ``structure``, to be filled by a state."""
    from monitor.lab.training.export import folded
    from monitor.lab.training.student import fresh

    return folded(fresh(structure), structure.positions)


def supernet_of(
    folded: Folded,
    tokenizer: Tokenizer,
    tweets: TweetSplit,
    output: Path,
    settings: SupernetSettings,
) -> tuple[Supernet, dict[int, Vocabulary], Space]:
    """Return the trained supernet around the network ``folded``; what is in ``output`` is reused.

    Raises:
        Interrupted: asked to stop; calling again goes on from the checkpoint in ``output``.
        TrainingError: ``output`` holds a supernet that was made otherwise.
    """
    # By way of JSON, which knows no tuples.
    identity = json.loads(strict_json({"settings": asdict(settings), "tweets": tweets.sizes()}))
    identity["source"] = hashlib.sha256(folded.words.tobytes()).hexdigest()
    if (output / "supernet.safetensors").is_file():
        supernet, tokens, record = load(output)
        if {name: record.get(name) for name in identity} != identity:
            raise TrainingError(
                f"{output} holds a supernet of another network, other settings or data; "
                "remove it to start afresh, or choose another --output"
            )
        return supernet, tokens, Space.of(record["space"])
    ordered = in_order(folded, tokenizer, tweets, settings.seed)
    space = Space.within(structure_of(ordered))
    torch.manual_seed(settings.seed)
    supernet = Supernet(ordered)
    texts = tweets.texts()
    random.Random(settings.seed).shuffle(texts)  # noqa: S311 (shuffles tweets)
    trims = [trimmed(tokenizer, size, texts[:TEXTS]) for size in space.vocabulary]
    # Few tweets use fewer words than asked for, and some words are always kept.
    tokens = {len(each.rows): each for each in trims}
    space = replace(space, vocabulary=tuple(sorted(tokens)))
    checkpoint = output / "supernet.pt"
    learn(supernet, tokens, tweets, space, settings, checkpoint, identity)
    save(supernet, tokens, identity | {"space": space.record()}, output)
    checkpoint.unlink(missing_ok=True)
    return supernet.eval(), tokens, space
