"""The ledger that every fault must leave balanced."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator

from monitor.mqtt.publisher import connected
from monitor.settings import MqttSettings
from tests.processes import PATIENCE_S, Daemon, wait_until

TOPIC = "tweets/faults"


def tweets(count: int, start: int = 0) -> Iterator[tuple[str, bytes]]:
    """Invented tweets: ids, and the messages that carry them."""
    for i in range(start, start + count):
        mood = ("is great", "opens at nine", "lost my parcel")[i % 3]
        yield f"t{i:07}", json.dumps({"id": f"t{i:07}", "text": f"Acme {mood}, visit {i}"}).encode()


def rejects(count: int, start: int = 0) -> Iterator[tuple[str, bytes]]:
    """Messages that have an id but are no tweets, and so become dead letters."""
    for i in range(start, start + count):
        yield f"r{i:07}", json.dumps({"id": f"r{i:07}", "text": i}).encode()


def publish(port: int, messages: Iterable[tuple[str, bytes]], rate: float = 0) -> set[str]:
    """Publish at QoS 1, wait for the broker's acknowledgements, and return the ids."""
    messages = list(messages)
    with connected(MqttSettings(host="127.0.0.1", port=port)) as publisher:
        publisher.publish((payload for _, payload in messages), TOPIC, rate, qos=1)
    return {id_ for id_, _ in messages}


def stored(daemon: Daemon) -> list[str]:
    """Ids in the log, tweets and dead letters, as often as they are there.

    Those of dead letters are read from their bytes, so ``[privacy] store_text`` must be "full".
    """
    if not daemon.rows("SELECT 1 FROM sqlite_master WHERE name = 'dead_letters'"):
        return []
    dead = [json.loads(row[0])["id"] for row in daemon.rows("SELECT payload FROM dead_letters")]
    return [row[0] for row in daemon.rows("SELECT id FROM tweets")] + dead


def wait_balanced(daemon: Daemon, published: Collection[str], patience: float = PATIENCE_S) -> None:
    """Wait until as many are stored as were published, then check the ledger."""
    wait_until(
        lambda: len(stored(daemon)) >= len(published), "everything stored", patience, every=0.1
    )
    assert_balanced(daemon, published)


def assert_balanced(daemon: Daemon, published: Collection[str]) -> None:
    """Ids published = ids of tweets and dead letters stored, each once; file whole.

    However often the daemon was killed: no message is to blame for it.
    """
    counts = Counter(stored(daemon))
    missing, foreign = set(published) - set(counts), set(counts) - set(published)
    repeated = [id_ for id_, count in counts.items() if count > 1]
    assert not missing, f"lost: {len(missing)}, e.g. {sorted(missing)[:5]}"
    assert not foreign, f"never published: {sorted(foreign)[:5]}"
    assert not repeated, f"stored more than once: {sorted(repeated)[:5]}"
    unlabelled = "SELECT count(*) FROM tweets WHERE id NOT IN (SELECT tweet_id FROM labels)"
    assert [(0,)] == daemon.rows(unlabelled)
    blamed = "SELECT detail, payload FROM dead_letters WHERE reason = 'crash'"
    assert [] == daemon.rows(blamed), "given up"
    assert [("ok",)] == daemon.rows("PRAGMA integrity_check")
    assert [] == daemon.rows("PRAGMA foreign_key_check")
