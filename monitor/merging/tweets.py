"""Tweets and their labels, of which more than one log may have copies.

Of a tweet the copy is kept whose batch came first (`numbers.earlier`), and so of each label, by
tweet and entity. That depends on nothing but the copies, so neither does the result on the order
in which they come. A copy is known by its batch: a log that has pruned a tweet may get it again.

What is not kept is remembered in `copies`, as far as the rollups need it: each label whose tweet
is not the one kept, and each that is not kept itself (``lost``). A label that is not in `copies`
goes with the tweet that is kept.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from monitor.merging.numbers import ROW_BITS, earlier, place
from monitor.merging.records import columns, free_places

_CHUNK: Final = 5_000
"""Tweets at a time: what is noted of them stays in memory."""
_HOUR: Final = len("2026-11-21T17")
_ANSWER: Final = "l.reputation, l.reputation_abstained, l.sentiment, l.sentiment_abstained"


@dataclass(slots=True)
class NewTweets:
    """What was new in tweets of the input."""

    tweets: int = 0
    labels: int = 0
    copies: int = 0
    """Labels that another log has, too."""


class TweetMerger:
    """Joins the tweets of one input after the other."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Prepare; ``temp.batches_numbers`` and ``temp.model_ids`` are made for each input."""
        self._connection = connection
        # Tweets of the chunk; `rival` is the batch of the copy that is there.
        connection.execute(
            "CREATE TEMP TABLE arriving (id TEXT PRIMARY KEY, input_id INTEGER NOT NULL,"
            " place INTEGER, batch_id INTEGER NOT NULL, rival INTEGER, wins INTEGER NOT NULL)"
            " WITHOUT ROWID"
        )
        # Labels that are not known yet; `apart` from the tweet that is kept.
        connection.execute(
            "CREATE TEMP TABLE said (tweet_id TEXT NOT NULL, entity TEXT NOT NULL,"
            " batch_id INTEGER NOT NULL, model_id INTEGER NOT NULL, rival INTEGER,"
            " wins INTEGER NOT NULL, apart INTEGER NOT NULL, hour TEXT NOT NULL,"
            " is_retweet INTEGER NOT NULL)"
        )

    def merge(self, *, joined: bool) -> Iterator[tuple[int, NewTweets]]:
        """Join the input's tweets, and yield how many were looked at, and what was new in them."""
        for first, last, count in self._chunks():
            self._meet(first, last, joined=joined)
            tweets = self._keep_tweets()
            self._listen()
            labels, copies = self._keep_labels()
            yield count, NewTweets(tweets, labels, copies)
        yield 0, NewTweets(copies=self._merge_lost())

    def _chunks(self) -> Iterator[tuple[int, int, int]]:
        """Yield spans of rowids, and how many tweets are in each; no batch is split."""
        execute = self._connection.execute
        start, stop = execute(
            "SELECT (SELECT min(rowid) FROM input.tweets), (SELECT max(rowid) FROM input.tweets)"
        ).fetchone()
        while start is not None:
            (near,) = execute(
                "SELECT rowid FROM input.tweets WHERE rowid >= ? ORDER BY rowid LIMIT 1 OFFSET ?",
                (start, _CHUNK - 1),
            ).fetchone() or (stop,)
            (end,) = execute(
                "SELECT max(rowid) FROM (SELECT rowid, batch_id FROM input.tweets"
                " WHERE rowid >= ?1 ORDER BY rowid LIMIT ?2)"
                " WHERE batch_id = (SELECT batch_id FROM input.tweets WHERE rowid = ?1)",
                (near, 1 << ROW_BITS),
            ).fetchone()
            (count,) = execute(
                "SELECT count(*) FROM input.tweets WHERE rowid BETWEEN ? AND ?", (start, end)
            ).fetchone()
            yield start, end, count
            (start,) = execute(
                "SELECT min(rowid) FROM input.tweets WHERE rowid > ?", (end,)
            ).fetchone()

    def _meet(self, first: int, last: int, *, joined: bool) -> None:
        """Note which tweets come, and which of them win against the one that is there."""
        self._connection.execute("DELETE FROM temp.arriving")
        self._connection.execute(
            "INSERT INTO temp.arriving"  # noqa: S608  (our own names, here and below)
            f" SELECT t.id, t.rowid, {place('t', 'n.id', joined=joined)}, n.id, o.batch_id,"
            f" o.id IS NULL OR (o.batch_id <> n.id AND {earlier('n.id', 'o.batch_id')})"
            " FROM input.tweets AS t"
            " LEFT JOIN temp.batches_numbers AS n ON n.input_id = t.batch_id"
            " LEFT JOIN main.tweets AS o ON o.id = t.id WHERE t.rowid BETWEEN ? AND ?",
            (first, last),
        )

    def _keep_tweets(self) -> int:
        """Insert the tweets that win, and return how many are new."""
        execute = self._connection.execute
        # The labels of a tweet that goes stay, without it, until their own turn comes.
        execute(_demote("temp.arriving", "l.tweet_id = n.id AND n.wins AND n.rival", lost=False))
        execute(
            "DELETE FROM main.tweets WHERE id IN"
            " (SELECT id FROM temp.arriving WHERE wins AND rival)"
        )
        free_places(self._connection, "tweets", "arriving", "wins")
        names = columns(self._connection, "tweets", "batch_id")
        execute(
            f"INSERT INTO main.tweets (rowid, batch_id, {', '.join(names)})"  # noqa: S608
            f" SELECT n.place, n.batch_id, {', '.join(f't.{name}' for name in names)}"
            " FROM temp.arriving AS n CROSS JOIN input.tweets AS t ON t.rowid = n.input_id"
            " WHERE n.wins ORDER BY n.place"
        )
        (new,) = execute(
            "SELECT count(*) FROM temp.arriving WHERE wins AND rival IS NULL"
        ).fetchone()
        return int(new)

    def _listen(self) -> None:
        """Note which labels come that are not known, and which win against the one there is."""
        self._connection.execute("DELETE FROM temp.said")
        self._connection.execute(
            "INSERT INTO temp.said"  # noqa: S608
            " SELECT l.tweet_id, l.entity, n.id, m.id, o.batch_id,"
            f" o.batch_id IS NULL OR {earlier('n.id', 'o.batch_id')},"
            " c.tweet_id IS NOT NULL OR k.batch_id <> a.batch_id,"
            f" coalesce(c.hour, {_hour('t', 'input')}), coalesce(c.is_retweet, t.is_retweet)"
            " FROM temp.arriving AS a"
            " CROSS JOIN input.labels AS l ON l.tweet_id = a.id"
            " CROSS JOIN input.tweets AS t ON t.rowid = a.input_id"
            " CROSS JOIN main.tweets AS k ON k.id = a.id"
            " LEFT JOIN temp.batches_numbers AS n ON n.input_id = l.batch_id"
            " LEFT JOIN temp.model_ids AS m ON m.input_id = l.model_id"
            " LEFT JOIN main.labels AS o ON o.tweet_id = l.tweet_id AND o.entity = l.entity"
            " LEFT JOIN input.copies AS c ON c.tweet_id = l.tweet_id AND c.entity = l.entity"
            " AND c.batch_id = l.batch_id"
            " WHERE o.batch_id IS NOT n.id AND NOT EXISTS (SELECT 1 FROM main.copies AS x"
            " WHERE x.tweet_id = l.tweet_id AND x.entity = l.entity AND x.batch_id = n.id)"
        )

    def _keep_labels(self) -> tuple[int, int]:
        """Insert the labels that win and remember the others; return how many there are of each.

        Of the labels that win those are counted that nobody gave before.
        """
        execute = self._connection.execute
        same = "l.tweet_id = n.tweet_id AND l.entity = n.entity"
        execute(_demote("temp.said", f"{same} AND n.wins AND n.rival", lost=True))
        # A label as adapted may change in its own log: what is joined does not depend on when.
        names = columns(
            self._connection, "labels", *("model_id", "batch_id", "adapted", "adaptation_id")
        )
        execute(
            f"INSERT OR REPLACE INTO main.labels (model_id, batch_id, {', '.join(names)})"  # noqa: S608
            f" SELECT n.model_id, n.batch_id, {', '.join(f'l.{name}' for name in names)}"
            f" FROM temp.said AS n CROSS JOIN input.labels AS l ON {same} WHERE n.wins"
        )
        execute(
            "INSERT INTO main.copies SELECT n.tweet_id, n.entity, n.batch_id, n.hour, n.model_id,"  # noqa: S608
            f" n.is_retweet, {_ANSWER}, NOT n.wins"
            f" FROM temp.said AS n CROSS JOIN input.labels AS l ON {same}"
            " WHERE n.apart OR NOT n.wins"
        )
        new, copies = execute(
            "SELECT coalesce(sum(rival IS NULL), 0), coalesce(sum(rival IS NOT NULL), 0)"
            " FROM temp.said"
        ).fetchone()
        return int(new), int(copies)

    def _merge_lost(self) -> int:
        """Join what a joined log remembers of labels not kept, and return how many are new."""
        return self._connection.execute(
            "INSERT INTO main.copies SELECT l.tweet_id, l.entity, n.id, l.hour, m.id, l.is_retweet,"  # noqa: S608
            f" {_ANSWER}, 1 FROM input.copies AS l"
            " LEFT JOIN temp.batches_numbers AS n ON n.input_id = l.batch_id"
            " LEFT JOIN temp.model_ids AS m ON m.input_id = l.model_id WHERE l.lost"
            " ON CONFLICT DO UPDATE SET lost = 1 WHERE NOT lost"
        ).rowcount


def _demote(notes: str, which: str, *, lost: bool) -> str:
    """Write SQL that remembers labels of ours as copies, whose tweets are still there.

    Args:
        notes: a table that says which, called ``n``.
        which: SQL for a label ``l`` of it.
        lost: whether another log's label takes its place.
    """
    return (
        "INSERT INTO main.copies SELECT l.tweet_id, l.entity, l.batch_id,"  # noqa: S608
        f" {_hour('t', 'main')}, l.model_id, t.is_retweet, {_ANSWER}, {int(lost)}"
        f" FROM {notes} AS n CROSS JOIN main.labels AS l ON {which}"
        " CROSS JOIN main.tweets AS t ON t.id = l.tweet_id WHERE true"
        " ON CONFLICT DO UPDATE SET lost = 1 WHERE excluded.lost AND NOT lost"
    )


def _hour(tweet: str, schema: str) -> str:
    """Write SQL for the hour in which a label ``l`` was counted: its tweet's, or its arrival's.

    Of one that a known tweet gained the log does not know it, but when that batch began.
    """
    return (
        f"substr(CASE WHEN {tweet}.tweeted_at IS NOT NULL THEN {tweet}.tweeted_at"  # noqa: S608
        f" WHEN l.batch_id = {tweet}.batch_id THEN {tweet}.received_at ELSE"
        f" (SELECT started_at FROM {schema}.batches WHERE id = l.batch_id) END, 1, {_HOUR})"
    )
