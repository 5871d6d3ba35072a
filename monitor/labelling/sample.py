"""Which of an entity's tweets its owner is asked about.

**At random**: tweets are put into an order that depends on their ids alone, by a hash, and are
asked about from its beginning (bottom-k sampling: Cohen and Kaplan 2007, "Summarizing data using
bottom-k sketches"). So it can be gone on with at any time, no list has to be kept, and what has
arrived meanwhile takes its part. What the owner had labelled otherwise counts as drawn when its
turn comes, and is not asked again.

**Teaching**: tweets of which the model is least sure, those left out that say the same as another.
"""

from __future__ import annotations

import heapq
import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final, Literal, TypeAlias

from monitor.store.owner_labels import PROBABILITIES, Drawn, OwnerLabel, read
from monitor.tweets import NO_ENTITY
from monitor.verdict import LABELS, OTHER_LANGUAGE

Mode: TypeAlias = Literal["random", "teaching"]

_WIDER: Final = 20
"""Unsure tweets looked at for each that is asked about."""
_ALIKE: Final = 0.5
"""Share of words in common from which two texts say the same."""
_MASKS: Final = ("@user", "<link>", "<email>", "<phone>", "<iban>", "<card>", "<number>")
"""What `monitor.tweets.redaction` writes."""
_WORD: Final = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class SampledTweet:
    """A tweet of the log and what the model says of it and an entity."""

    id: str
    entity: str
    text: str | None
    received_at: str
    probabilities: tuple[float, ...]
    """As in `owner_labels.PROBABILITIES` [6]."""
    model_sha256: str
    batch_id: int | None

    def labelled(self, label: str, drawn: Drawn, at: str) -> OwnerLabel:
        """Return what the owner says of it, to be stored."""
        return OwnerLabel(
            tweet_id=self.id,
            entity=self.entity,
            label=label,
            drawn=drawn,
            labelled_at=at,
            received_at=self.received_at,
            probabilities=self.probabilities,
            model_sha256=self.model_sha256,
            batch_id=self.batch_id,
        )


@dataclass(frozen=True, slots=True)
class Drawing:
    """What is to be asked."""

    tweets: tuple[SampledTweet, ...]
    """In the order in which to ask."""
    passed: tuple[tuple[str, ...], ...]
    """For each tweet: ids of those labelled otherwise whose turn comes before it."""
    of: int
    """How many tweets can be drawn in all, those that are labelled included."""


def tweets_of(connection: sqlite3.Connection, entity: str, ids: list[str]) -> list[SampledTweet]:
    """Read tweets by id, in that order; without those that the log does not have."""
    columns = ", ".join(f"coalesce(l.{name}, 0.0)" for name in PROBABILITIES)
    found = {}
    for id_ in ids:
        row = connection.execute(
            f"SELECT t.text, t.received_at, m.sha256, l.batch_id, {columns}"  # noqa: S608
            " FROM labels AS l JOIN tweets AS t ON t.id = l.tweet_id"
            " JOIN models AS m ON m.id = l.model_id WHERE l.tweet_id = ? AND l.entity = ?",
            (id_, entity),
        ).fetchone()
        if row:
            text, received_at, sha256, batch_id, *probabilities = row
            found[id_] = SampledTweet(
                *(id_, entity, text, received_at, tuple(probabilities), sha256, batch_id)
            )
    return [found[id_] for id_ in ids if id_ in found]


def draw(
    connection: sqlite3.Connection, entity: str, count: int, mode: Mode, since: str = ""
) -> Drawing:
    """Choose tweets with a text, without retweets, of which the owner has not said anything yet.

    In memory that grows with ``count`` and with what is labelled, not with the log.

    Args:
        connection: to the log.
        entity: '' for tweets as a whole.
        count: how many.
        mode: how.
        since: only those that arrived from then on, as the log writes times.
    """
    known = {label.tweet_id: label for label in read(connection, entity)}
    (salt,) = connection.execute("SELECT min(uuid) FROM logs").fetchone()
    if mode == "teaching":
        return _teaching(connection, entity, count, known, since)
    total = 0

    def ids() -> Iterator[tuple[bytes, str]]:
        nonlocal total
        for (id_,) in connection.execute(f"SELECT l.tweet_id {_CANDIDATES}", (entity, since)):
            total += 1
            yield _place(salt, id_), id_

    order = [id_ for _, id_ in heapq.nsmallest(count + len(known), ids())]
    asked: list[str] = []
    passed: list[tuple[str, ...]] = []
    between: list[str] = []
    for id_ in order:
        if id_ not in known:
            asked.append(id_)
            passed.append(tuple(between))
            between.clear()
        elif known[id_].drawn != "random":
            between.append(id_)
        if len(asked) == count:
            break
    return Drawing(tuple(tweets_of(connection, entity, asked)), tuple(passed), total)


def nothing_to_draw(connection: sqlite3.Connection, entity: str, since: str = "") -> str:
    """Say why there is nothing to ask about."""
    whom = entity or NO_ENTITY
    if since:
        return (
            f"no tweets about {whom} have come since {since} that can be shown and have no answer;"
            " without --since they are drawn from all"
        )
    stored, texts = connection.execute(
        "SELECT count(*), count(t.text) FROM labels AS l CROSS JOIN tweets AS t"
        " ON t.id = l.tweet_id WHERE l.entity = ? AND NOT t.is_retweet AND l.reputation <> ?",
        (entity, OTHER_LANGUAGE),
    ).fetchone()
    if not stored:
        return f"there are no tweets about {whom} in the log; its counts outlive them (keep_days)"
    if not texts:
        return (
            f'no texts are kept ([privacy] store_text = "none"), so none of the {stored:,} tweets'
            f" about {whom} can be shown"
        )
    return f"all {texts:,} tweets about {whom} are labelled"


def is_masked(text: str | None) -> bool:
    """Whether something was masked in a text before it was kept."""
    return any(mark in (text or "") for mark in _MASKS)


_CANDIDATES: Final = (
    "FROM labels AS l CROSS JOIN tweets AS t ON t.id = l.tweet_id"
    " WHERE l.entity = ? AND NOT t.is_retweet AND t.text IS NOT NULL"
    f" AND l.reputation <> '{OTHER_LANGUAGE}' AND t.received_at >= ?"
)


def _place(salt: str, id_: str) -> bytes:
    return blake2b(id_.encode(errors="surrogatepass"), key=salt.encode()[:64]).digest()


def _teaching(
    connection: sqlite3.Connection,
    entity: str,
    count: int,
    known: dict[str, OwnerLabel],
    since: str,
) -> Drawing:
    total = 0

    def unsure() -> Iterator[tuple[float, str]]:
        nonlocal total
        columns = ", ".join(f"coalesce(l.{name}, 0.0)" for name in PROBABILITIES[:LABELS])
        for id_, *probabilities in connection.execute(
            f"SELECT l.tweet_id, {columns} {_CANDIDATES}",
            (entity, since),
        ):
            total += 1
            if id_ not in known:
                second, first = sorted(probabilities)[-2:]
                yield first - second, id_

    order = [id_ for _, id_ in heapq.nsmallest(_WIDER * count, unsure())]
    chosen: list[SampledTweet] = []
    said: list[frozenset[str]] = []
    for tweet in tweets_of(connection, entity, order):
        words = frozenset(_WORD.findall((tweet.text or "").casefold()))
        if not any(_alike(words, other) for other in said):
            chosen.append(tweet)
            said.append(words)
        if len(chosen) == count:
            break
    return Drawing(tuple(chosen), ((),) * len(chosen), total)


def _alike(one: frozenset[str], other: frozenset[str]) -> bool:
    return len(one & other) > _ALIKE * len(one | other)
