"""A brand's usual tweets and a data leak, invented: what `monitor topics` has to find."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from monitor.clock import utc
from monitor.store import Store
from monitor.store.rows import BatchRow, TweetRow
from monitor.topics.corpus import NEGATIVE, OTHER, UNREAD, Corpus, Tweet, gather
from monitor.topics.words import Codes
from monitor.verdict import OTHER_LANGUAGE
from monitor.verdict import UNREAD as NO_VERDICT
from tests.factories import NOW, register, verdict

_OPENINGS: Final = (
    "Just got the new {} phone and",
    "My {} bill came today and",
    "Talked to {} support this morning,",
    "Three years with {} now and",
    "The {} shop on Mill Lane,",
    "Anyone else using {} at work?",
    "On the train with my {} tablet,",
    "{} sent me a letter again,",
)
_MIDDLES: Final = (
    "the battery lasts two days",
    "the screen is too dark in the sun",
    "they answered within minutes",
    "the queue was out of the door",
    "the price went up a little",
    "nobody could tell me why it restarts",
    "the camera is better than I thought",
    "the cable was missing from the box",
    "the tariff is fine for what I need",
    "the update took most of the evening",
)
_ENDINGS: Final = (
    "so that is that",
    "which is more than I expected",
    "not sure what to think of it",
    "but the people in there are kind",
    "and I will stay for another year",
    "we will see in a month",
    "my sisters are in the same boat",
    "how can they be so slow",
    "and at two it was dark",
)
_LEAK: Final = (
    "{} has leaked the passwords of two million customers",
    "So {} lost our passwords. Two million customers in a data leak",
    "Data leak at {}: passwords and addresses of customers are online",
    "The {} data leak is real, my password is in it",
    "Two million customers in the {} data leak and not one word from them",
    "Change your passwords, the data leak at {} is worse than they say",
    "My address and my passwords are in the {} data leak",
    "How does a company like {} store passwords in plain text? This data leak is a disgrace",
)
_AFTER: Final = (
    "",
    "unbelievable",
    "I am leaving",
    "and of course nobody answers",
    "see https://example.org/{}",
    "#dataleak",
    "thanks for nothing",
    "my mother found hers as well",
)

LEAK_BEGAN: Final = NOW - 20 * 3600.0
WINDOW: Final = (NOW - 24 * 3600.0, NOW)


@dataclass(frozen=True, slots=True)
class Said:
    """A tweet."""

    at: float
    """Seconds since the epoch."""
    text: str | None
    label: str = "neutral"
    is_retweet: bool = False
    entities: tuple[str, ...] = ("Acme",)


def usual(
    count: int, *, seed: int = 0, name: str = "Acme", since: float, until: float
) -> list[Said]:
    """Invent usual tweets, evenly in time, a fifth of them negative."""
    chance = random.Random(seed)
    parts = [*itertools.product(_OPENINGS, _MIDDLES, _ENDINGS)]
    chosen = chance.sample(parts, count) if count <= len(parts) else chance.choices(parts, k=count)
    return [
        Said(
            since + (until - since) * (number + 0.5) / count,
            " ".join(part).format(name),
            "negative" if number % 5 == 0 else ("neutral", "positive")[number % 2],
            entities=(name,),
        )
        for number, part in enumerate(chosen)
    ]


def leak(count: int = 60, *, name: str = "Acme") -> list[Said]:
    """Invent a crisis that began at `LEAK_BEGAN`: nine of ten tweets are negative."""
    parts = [*itertools.product(_AFTER, _LEAK)][:count]
    return [
        Said(
            LEAK_BEGAN + 600.0 * number,
            f"{said} {after}".format(name, number).strip(),
            "neutral" if number % 10 == 9 else "negative",
            entities=(name,),
        )
        for number, (after, said) in enumerate(parts)
    ]


def corpora(
    window: Sequence[Said], before: Sequence[Said] = (), names: Sequence[str] = ("Acme",)
) -> tuple[Corpus, Corpus]:
    """Make corpora of tweets; the place of each of the window is its position there."""
    return gather(_read(window), names), gather(_read(before), names)


def numbers_of(text: str) -> list[int]:
    """Return the numbers of a text's words, as a corpus has them."""
    numbers: list[int] = np.frombuffer(Codes().of(text), np.uint32).tolist()
    return numbers


def _read(said: Sequence[Said]) -> Iterable[Tweet]:
    labels = {"negative": NEGATIVE, OTHER_LANGUAGE: UNREAD}
    for place, one in enumerate(said):
        label = labels.get(one.label, OTHER)
        yield Tweet(place, one.at, one.is_retweet, label, one.text or "")


def write(path: Path, said: Iterable[Said]) -> Path:
    """Write a log of these tweets, in the order given, in a batch."""
    rows = [
        TweetRow(
            id=f"{number}",
            received_at=utc(one.at),
            created_at=None,
            topic="tweets",
            author=None,
            lang=None,
            is_retweet=one.is_retweet,
            text=one.text,
            verdicts=[
                (entity, NO_VERDICT if one.label == OTHER_LANGUAGE else verdict(one.label))
                for entity in one.entities
            ],
        )
        for number, one in enumerate(said)
    ]
    with closing(Store(path)) as store:
        model_id = register(store)
        at = rows[0].received_at if rows else utc(NOW)
        store.write(BatchRow(at, True, model_id, 0.0, len(rows), 1.0, 1.0), rows, [])
    return path


def crisis() -> list[Said]:
    """Invent what docs/topics.md shows: usual tweets, then among such a leak that is retweeted."""
    retweet = Said(NOW - 60.0, f"RT @user: {leak()[0].text}", "negative", is_retweet=True)
    said = [*leak(), *usual(40, seed=1, since=WINDOW[0], until=WINDOW[1]), *[retweet] * 12]
    before = usual(200, since=NOW - 1e6, until=WINDOW[0])
    return [*before, *sorted(said, key=lambda one: one.at)]
