"""How alerts go on: read beside the store, written with what comes next."""

from __future__ import annotations

import json
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from monitor.alerts.following import Following
from monitor.clock import utc
from monitor.publishing import Outbox
from monitor.store import Store
from tests.factories import query
from tests.processes import wait_until
from tests.topics.invented import Said, leak, usual, write

_ROW = "followed_at, all_tweets, all_negatives, about, stories"
_RAISE = (
    "INSERT INTO alerts (id, entity, model_id, since, raised_at, ended_at, usual_share, share,"
    " tweets, negatives, first_batch_id, first_tweet_id, batch_id, tweet_id, kind)"
    " VALUES (7, 'Acme', 1, ?, ?, ?, 0.2, 0.9, 10, 9, 1, '', 1, '', 'both')"
)


def _log(path: Path, *, text: bool = True, ended: bool = False) -> Path:
    """Write a leak of the last day, which raised an alert that holds, and a month before it."""
    now = time.time()
    shift = now - max(said.at for said in leak()) - 60
    storm = [Said(s.at + shift, s.text if text else None, s.label) for s in leak()]
    before = usual(200, since=now - 30 * 86_400, until=now - 86_400)
    write(path, [Said(s.at, s.text if text else None, s.label) for s in before] + storm)
    with closing(sqlite3.connect(path)) as connection, connection:
        began = utc(min(said.at for said in storm))
        connection.execute(_RAISE, (began, began, utc(now) if ended else None))
    return path


def _followed(store: Store, path: Path) -> tuple[Any, ...]:
    """Wait until the row says how it goes on."""

    def said() -> bool:
        store.tidy()
        return query(path, "SELECT followed_at FROM alerts") != [(None,)]

    wait_until(said, "an alert that is followed")
    (row,) = query(path, f"SELECT {_ROW} FROM alerts")
    return row


@pytest.mark.parametrize("ended", [False, True])
def test_its_tweets_are_counted_and_told(tmp_path: Path, ended: bool) -> None:
    """All since it began, what stands out, and its stories with tweets like them."""
    path = _log(tmp_path / "monitor.db", ended=ended)
    with closing(Store(path, [Following(path, {}, None)])) as store:
        followed_at, tweets, negatives, about, stories = _followed(store, path)
    (story, *_) = json.loads(stories)

    assert abs(time.time() - float(query(path, f"SELECT unixepoch('{followed_at}')")[0][0])) < 60
    assert (60, 54) == (tweets, negatives)
    assert "data leak" in about.split(", ")
    assert story["tweets"] >= 50
    assert "data leak" in story["words"]
    assert 3 == len(story["examples"])
    known = {id_ for (id_,) in query(path, "SELECT id FROM tweets")}
    assert known.issuperset(story["examples"])


def test_aliases_are_no_topics(tmp_path: Path) -> None:
    """As for monitor topics with a configuration."""
    path = _log(tmp_path / "monitor.db")
    with closing(Store(path, [Following(path, {"Acme": ["data leak"]}, None)])) as store:
        *_, about, _ = _followed(store, path)

    assert "data leak" not in about


def test_without_texts_it_counts(tmp_path: Path) -> None:
    """[privacy] store_text = "none": nothing is said of what it is about."""
    path = _log(tmp_path / "monitor.db", text=False)
    with closing(Store(path, [Following(path, {}, None)])) as store:
        _, *told = _followed(store, path)

    assert [60, 54, None, None] == told


def test_the_state_is_published_again(tmp_path: Path) -> None:
    """Of an alert that holds, with what it is about; not of one that is over."""
    outbox = Outbox("home")
    for name, ended in (("a.db", False), ("b.db", True)):
        path = _log(tmp_path / name, ended=ended)
        with closing(Store(path, [Following(path, {}, outbox), outbox])) as store:
            _followed(store, path)
        sent = [json.loads(payload) for (payload,) in query(path, "SELECT payload FROM outgoing")]
        assert [] == sent if ended else ("alert", 60) == (sent[0]["state"], sent[0]["all_tweets"])
        assert ended or "data leak" in sent[0]["about"]


def test_it_is_read_again_while_it_holds(tmp_path: Path) -> None:
    """Not while what is known is new; a time in the future is no reason to wait."""
    path = _log(tmp_path / "monitor.db")
    following = Following(path, {}, None)
    with closing(Store(path, [following])) as store:
        _followed(store, path)
        at = query(path, "SELECT followed_at FROM alerts")
        for _ in range(3):
            store.tidy()
        assert following._thread is not None
        assert not following._thread.is_alive()
        assert at == query(path, "SELECT followed_at FROM alerts")
        for when in (utc(time.time() - 700), utc(time.time() + 9e4)):
            with closing(sqlite3.connect(path)) as connection, connection:
                connection.execute("UPDATE alerts SET followed_at = ?, about = NULL", (when,))

            def renewed() -> bool:
                store.tidy()
                return query(path, "SELECT about FROM alerts") != [(None,)]

            wait_until(renewed, "an alert that is followed again")


def test_a_write_that_fails_is_done_again(tmp_path: Path) -> None:
    """What was read is kept until it is committed."""
    path = _log(tmp_path / "monitor.db")
    following = Following(path, {}, None)
    with closing(Store(path, [following])) as store:
        store.tidy()
        assert following._thread
        following._thread.join()
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                store.tidy()
        store.tidy()

    assert [(60,)] == query(path, "SELECT all_tweets FROM alerts")
    assert [] == following._found
