"""The labelled collections, mixed: how many rows of each in a pass, and what is held out.

Sentiment is not reputation. What RepLab, business news and complaints are labelled for is nearest
to it; a label toward an entity is nearer than one of a whole text. So a label toward an entity
teaches the reputation head, one of a whole text the sentiment head (and both if no entity is
asked about).
"""

import hashlib
import random
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from tokenizers import Tokenizer

from monitor.inference.marking import MARKS, TARGET, Marker, Marks, question, spell_emoji
from monitor.lab.aliases import aliases_of, configured, handles
from monitor.lab.data import (
    HELD_OUT,
    NO_LABEL,
    Example,
    TweetSplit,
    class_of,
    gist,
    latest_apart,
    read_rows,
)
from monitor.lab.errors import TrainingError
from monitor.tweets import Entity


@dataclass(frozen=True)
class TweetCollection:
    """A collection: how it is used.

    ``rows`` are shown in a pass. ``whole``: the label is of the text as a whole, whatever entity
    is named. ``person`` and ``company`` say how entities are called for short. ``roster``: all of
    the collection's entities count as configured, not only those with a label in the same text.
    ``mentioned``: rows that do not name the entity are left out, since no text could tell their
    label.
    """

    rows: int
    whole: bool = False
    person: bool = False
    company: bool = False
    roster: bool = False
    mentioned: bool = False


REPLAB: Final = "replab2013_train"
GENERAL: Final = "semeval_A_train"
"""Labels of whole tweets, part of which name a topic, with a label toward it or without."""

MEASURED_ON: Final[Mapping[str, str]] = {
    "tweeteval": "tweeteval_sentiment_val",
    "brands": "twitter_entity_val",
}
"""Files that are only measured on."""

SCORED: Final = (
    "tweeteval_sentiment_test",
    "replab2013_test",
    "s140_manual_test",
    "sts_gold",
)
"""Files that are scored on at the end: some collections repeat a few of their texts."""

SOURCES: Final[Mapping[str, TweetCollection]] = {
    REPLAB: TweetCollection(16_000, roster=True),
    GENERAL: TweetCollection(13_000),
    "kaggle_tse": TweetCollection(7_000, whole=True),
    "sentfin": TweetCollection(6_000, company=True),
    "newsmtsc": TweetCollection(6_000, person=True),
    "compsent19": TweetCollection(5_300),
    "mams": TweetCollection(4_000),
    "tombert_twitter": TweetCollection(4_000),
    "complaints": TweetCollection(3_600, roster=True),
    "semeval_absa": TweetCollection(3_000),
    "dong2014_target": TweetCollection(3_000),
    "sentihood": TweetCollection(2_500),
    "twitter_entity_train": TweetCollection(2_500),
    "fiqa": TweetCollection(2_000, company=True),
    "tfns": TweetCollection(2_000),
    "mtsd": TweetCollection(2_000, person=True, mentioned=True),
    "pstance": TweetCollection(2_000, person=True, mentioned=True),
    "cf_brands": TweetCollection(1_500),
    "mitchell2013": TweetCollection(1_500, person=True),
    "coqe_camera": TweetCollection(1_300),
    "dse_news": TweetCollection(900, person=True),
    "cf_selfdriving": TweetCollection(800),
    "gop_debate": TweetCollection(800, whole=True),
}
"""By the name of the file. The counts were chosen by what validation said, not by size."""

FEW_ENTITIES: Final = 40
"""A collection with fewer is held out by text only: an entity would be too large a part of it."""

LARGEST_HELD_OUT: Final = 0.03
"""Entities with more of a collection's rows (0-1) are not held out."""

MOST_HELD_OUT: Final = 400
"""Held-out rows of one collection that are measured on."""


@dataclass(frozen=True, slots=True)
class MixtureRow:
    """A labelled text with all that is known of whom it names."""

    source: str
    text: str
    target: str | None
    entities: tuple[Entity, ...]
    reputation: int = NO_LABEL
    sentiment: int = NO_LABEL


@dataclass
class Mixture:
    """Rows to learn from by source, and rows to measure on by the name of what they show.

    ``held`` are the gists of the texts that are never learnt from.
    """

    learn: dict[str, list[MixtureRow]] = field(default_factory=dict)
    dev: dict[str, list[MixtureRow]] = field(default_factory=dict)
    held: frozenset[str] = frozenset()

    def sizes(self) -> dict[str, int]:
        """Return how many rows there are of each kind."""
        learn = {name: len(rows) for name, rows in self.learn.items()}
        return learn | {f"dev_{name}": len(rows) for name, rows in self.dev.items()}


def draw(text: str) -> float:
    """Return a number in [0, 1) that looks random but is always the same for a ``text``."""
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64


def strangers(rows: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return two entities a domain, those at a third and two thirds of the alphabetical order."""
    by_domain: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        by_domain[str(row.get("domain"))].add(row["entity"])
    chosen = []
    for _, names in sorted(by_domain.items()):
        ordered = sorted(names)
        chosen += [ordered[len(ordered) // 3], ordered[2 * len(ordered) // 3]]
    return tuple(dict.fromkeys(chosen))


def held_out_texts(rows: Sequence[Mapping[str, Any]]) -> set[str]:
    """Return the gists of the texts to measure on: every text about some entities.

    Where there are few entities, or none, it is a part of the texts, whoever they are about.
    """
    counts = Counter(str(row["entity"]) for row in rows if row.get("entity") is not None)
    if len(counts) < FEW_ENTITIES:
        return {g for row in rows if draw(g := gist(row["text"])) < HELD_OUT}
    wanted, chosen = HELD_OUT * len(rows), set()
    for entity in sorted(counts, key=draw):
        if wanted > 0 and counts[entity] <= LARGEST_HELD_OUT * len(rows):
            chosen.add(entity)
            wanted -= counts[entity]
    return {gist(row["text"]) for row in rows if row.get("entity") in chosen}


def texts_in(data: Path, name: str) -> list[dict[str, Any]]:
    """Return the rows of a collection; none where the file is not there."""
    return list(read_rows(data, name)) if (data / f"{name}.jsonl.gz").is_file() else []


def rows_in(data: Path, name: str) -> list[dict[str, Any]]:
    """Return the labelled rows of a collection."""
    return [
        row
        for row in texts_in(data, name)
        if row.get("label") is not None
        and row.get("split") != "2014test"
        and (SOURCES[name].whole or name == GENERAL or row.get("entity"))
    ]


def read_mixture(data: Path, leave_out: bool, without: Collection[str] = ()) -> Mixture:
    """Read the collections in the folder ``data``, those of them that are there.

    Held out, and never learnt from: of RepLab's entities the latest tweets, of the others some
    entities or texts, and every text anywhere that repeats one of these or of `SCORED`. With
    ``leave_out`` some RepLab entities (`strangers`) are not learnt from at all, and are
    ``dev["strangers"]``. Nothing is learnt from the collections ``without``, and more of their rows
    are in ``dev``.

    Raises:
        TrainingError: a file is broken, there is no such collection, or nothing to learn from.
    """
    if unheard := sorted(set(without) - set(SOURCES)):
        raise TrainingError(
            f"no collection is called {unheard[0]!r}; known are {', '.join(SOURCES)}"
        )
    found = {name: rows for name in SOURCES if (rows := rows_in(data, name))}
    if not found:
        raise TrainingError(f"no labelled collection in {data}: docs/training.md names the files")
    unknown = strangers(found.get(REPLAB, ())) if leave_out else ()
    held = {
        name: {gist(row["text"]) for row in rows}
        if name in without
        else held_out_of(name, rows, unknown)
        for name, rows in found.items()
    }
    elsewhere = {name: texts_in(data, file) for name, file in MEASURED_ON.items()}
    measured = {gist(row["text"]) for rows in elsewhere.values() for row in rows}
    scored = {gist(row["text"]) for name in SCORED for row in texts_in(data, name)}
    mixture = Mixture(held=frozenset(measured.union(scored, *held.values()) - {""}))
    for name, rows in found.items():
        described = describe(name, rows)
        mixture.learn[name] = [row for row in described if gist(row.text) not in mixture.held]
        dev = [row for row in described if gist(row.text) in held[name]]
        if name == REPLAB:
            strange = [row for row in dev if row.target in unknown]
            mixture.dev["strangers"] = sample(strange, 3 * MOST_HELD_OUT)
            known = [row for row in dev if row.target not in unknown]
            mixture.dev[name] = sample(known, 2 * MOST_HELD_OUT)
        else:
            mixture.dev[name] = sample(dev, (3 if name in without else 1) * MOST_HELD_OUT)
    mixture.dev["tweeteval"] = [
        MixtureRow("tweeteval", row["text"], None, (), NO_LABEL, class_of(row))
        for row in elsewhere["tweeteval"]
    ]
    mixture.dev["brands"] = describe("twitter_entity_train", elsewhere["brands"])
    if not any(mixture.learn.values()):
        raise TrainingError(f"{data}: nothing is left to learn from but what is measured on")
    mixture.dev = {name: rows for name, rows in mixture.dev.items() if rows}
    return mixture


def held_out_of(name: str, rows: Sequence[dict[str, Any]], unknown: Collection[str]) -> set[str]:
    """Return the gists of the texts of a collection that are not learnt from."""
    if name == REPLAB:
        late = latest_apart(rows, HELD_OUT)[1]
        strange = [row for row in rows if row["entity"] in unknown]
        return {gist(row["text"]) for row in (*late, *strange)}
    if SOURCES[name].whole or name == GENERAL:
        return set()  # TweetEval's validation set shows what is learnt from these
    return held_out_texts(rows)


def sample(rows: Iterable[MixtureRow], most: int) -> list[MixtureRow]:
    """Return at most ``most`` rows, always the same ones."""
    return sorted(rows, key=lambda row: draw(f"{row.text} {row.target}"))[:most]


def known_in(
    pairs: Sequence[tuple[str, str | None]],
    source: TweetCollection,
    more: Mapping[str, Collection[str]] | None = None,
) -> list[tuple[Entity, ...]]:
    """Return for each text and entity of a collection who counts as configured; none without one.

    ``more`` are further names of entities.
    """
    together: dict[str, dict[str, None]] = defaultdict(dict)
    for text, entity in pairs:
        if entity:
            together[text][entity.strip()] = None
    names = {entity for of_text in together.values() for entity in of_text}
    known: dict[str, set[str]] = {
        entity: aliases_of(entity, person=source.person, company=source.company) for entity in names
    }
    for entity, found in (more or {}).items():
        known[entity.strip()] |= {*found}
    roster = tuple(configured(sorted(names), known)) if source.roster else ()

    def of(text: str, entity: str | None) -> tuple[Entity, ...]:
        if not entity or source.roster:
            return roster if entity else ()
        target = entity.strip()
        others = [other for other in together[text] if other != target]
        return tuple(configured([target, *others], known))

    return [of(text, entity) for text, entity in pairs]


def describe(name: str, rows: Sequence[Mapping[str, Any]]) -> list[MixtureRow]:
    """Return the ``rows`` of the collection ``name`` with the entities that each knows of."""
    source = SOURCES[name]
    if source.whole:
        return [
            MixtureRow(name, row["text"], None, (), NO_LABEL, class_of(dict(row))) for row in rows
        ]
    known = known_in(
        [(row["text"], row.get("entity")) for row in rows],
        source,
        handles(rows) if name == "complaints" else None,
    )
    described = []
    for row, entities in zip(rows, known, strict=True):
        if not row.get("entity"):
            described.append(MixtureRow(name, row["text"], None, (), NO_LABEL, class_of(dict(row))))
            continue
        target = row["entity"].strip()
        label = class_of(dict(row))
        if name == GENERAL:
            toward = class_of(dict(row), "topic_label")
            made = MixtureRow(name, row["text"], target, entities, toward, label)
        else:
            made = MixtureRow(name, row["text"], target, entities, label)
        if not source.mentioned or mentions(made):
            described.append(made)
    return described


@lru_cache(maxsize=256)
def marker(entities: tuple[Entity, ...]) -> Marker:
    """Return the marker for ``entities``; rows of one text, or of one roster, share it."""
    return Marker(entities)


def mentions(row: MixtureRow) -> bool:
    """Tell whether the text names the entity that it is asked about."""
    return row.target is not None and "\0" in marker(row.entities).mark(
        row.text, row.target, Marks("\0", None)
    )


def marked(example: Example) -> Example:
    """Return ``example`` as a model reads it that does not know names."""
    entities = () if example.entity is None else (Entity(example.entity),)
    labels = (example.reputation, example.sentiment)
    return asked(MixtureRow("", example.text, example.entity, entities, *labels))


def as_read(tweets: TweetSplit, tokenizer: Tokenizer) -> TweetSplit:
    """Return ``tweets`` marked, if a network with this ``tokenizer`` knows the marks."""
    if TARGET not in tokenizer.get_vocab():
        return tweets
    return TweetSplit(
        replab=[*map(marked, tweets.replab)],
        targeted=[*map(marked, tweets.targeted)],
        general=[*map(marked, tweets.general)],
        unlabelled=[*map(marked, tweets.unlabelled)],
        dev={name: [*map(marked, examples)] for name, examples in tweets.dev.items()},
    )


def naming_of(tokenizer: Tokenizer) -> dict[str, str]:
    """Return what the settings of a network with this ``tokenizer`` say of how it was asked."""
    return {"naming": "marked"} if TARGET in tokenizer.get_vocab() else {}


def group_of(row: MixtureRow) -> str:
    """Return the name of those that share their shares of labels with ``row``."""
    return f"{row.source}:{row.target}" if row.source == REPLAB else row.source


SYLLABLES: Final = re.findall(
    "..", "venorkalotanmirazendubelorvistaquipanersolifagrohemdawitonrialexumetajo"
)


def invented(chance: random.Random) -> str:
    """Return a name that nobody has."""
    return "".join(chance.choices(SYLLABLES, k=chance.randint(2, 4))).title()


def asked(row: MixtureRow, marks: Marks = MARKS, target_as: str | None = None) -> Example:
    """Return ``row`` as the model reads it.

    ``target_as`` is what stands as the question instead of the mark.
    """
    text = spell_emoji(marker(row.entities).mark(row.text, row.target, marks))
    asks = question(row.target)
    if asks is not None and target_as is not None:
        asks = target_as
    return Example(text, asks, row.reputation, row.sentiment)
