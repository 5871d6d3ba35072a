"""A fleet on line: a collector has every board's labels, to the last digit, each once."""

from __future__ import annotations

import json
import re
import signal
import textwrap
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from monitor.mqtt.publisher import connected
from monitor.settings import MqttSettings
from monitor.store.rollups import COUNTS
from tests.faults.saboteur import sabotaged
from tests.listener import Listener, listening
from tests.processes import PATIENCE_S, REPOSITORY, Daemon, Mosquitto, wait_until
from tests.warm import IMPORTED_FIRST

MakeMember = Callable[..., Daemon]

RESULTS = "fleet/+/results"
_TAKES_IN = {"MONITOR_MQTT_RESULTS_TOPICS": json.dumps([RESULTS])}

_TWEETS = (
    "SELECT id, received_at, created_at, topic, author, lang, is_retweet, text FROM tweets"
    " ORDER BY id"
)
_LABELS = (
    "SELECT l.tweet_id, l.entity, l.reputation, l.reputation_negative, l.reputation_neutral,"
    " l.reputation_positive, l.reputation_abstained, l.sentiment, l.sentiment_negative,"
    " l.sentiment_neutral, l.sentiment_positive, l.sentiment_abstained,"
    " m.name, m.version, m.sha256, m.runtime, m.task, m.calibration"
    " FROM labels AS l JOIN models AS m ON m.id = l.model_id ORDER BY 1, 2"
)
_ROLLUPS = (
    f"SELECT r.hour, r.entity, m.sha256, m.runtime, m.task, r.is_retweet, {', '.join(COUNTS)}"
    " FROM rollups AS r JOIN models AS m ON m.id = r.model_id"
)


@pytest.fixture
def make_member(tmp_path: Path, model_path: str) -> Iterator[MakeMember]:
    """Make daemons of one fleet, each with a name and a log of its own."""
    members: list[Daemon] = []

    def make(name: str, port: int, **environment: str) -> Daemon:
        folder = tmp_path / name
        folder.mkdir()
        member = Daemon(
            folder,
            {
                "MONITOR_MQTT_PORT": str(port),
                "MONITOR_MQTT_USERNAME": name,
                "MONITOR_MQTT_CLIENT_ID": name,
                "MONITOR_PUBLISH_TOPIC": f"fleet/{name}",
                "MONITOR_PUBLISH_RESULTS": "true",
                "MONITOR_MODEL_PATH": model_path,
                "MONITOR_MODEL_WORKERS": "1",
                "MONITOR_BATCH_MAX_TWEETS": "16",
                "MONITOR_BATCH_MAX_DELAY_MS": "10",
                "MONITOR_PRIVACY_STORE_TEXT": "full",
                "MONITOR_PRIVACY_KEY_FILE": str(tmp_path / "fleet.key"),
                "MONITOR_ENTITIES": '[{name = "Acme"}, {name = "Lumen"}]',
                "PYTHONPATH": IMPORTED_FIRST,
                **environment,
            },
        )
        members.append(member)
        return member

    yield make
    for member in members:
        member.kill()


def _start(*members: Daemon) -> None:
    """Start them side by side, and wait until all are subscribed."""
    for member in members:
        member.start(ready=False)
    for member in members:
        wait_until(lambda m=member: m.alive() and '"subscribed"' in m.said(), "ready")  # type: ignore[misc]


def _messages(count: int, start: int = 0) -> Iterator[tuple[str, bytes]]:
    """Invented tweets with all that a tweet may have, about one entity, two or none; retweets."""
    moods = ("is great", "opens at nine", "lost my parcel", "is hopeless", "beats all others")
    for i in range(start, start + count):
        about = ("Acme", "Lumen", "Acme, like Lumen,", "The weather")[i % 4]
        text = f"{about} {moods[i % 5]}, says visitor {i} ✓"
        document = {
            "id": f"f{i:06}",
            "text": f"RT @somebody: {text}" if i % 6 == 0 else text,
            "author": f"@user{i % 9}",
            "lang": "en",
            "created_at": "2026-11-21T17:52:29Z",
        }
        yield f"f{i:06}", json.dumps(document if i % 7 else {"text": text}).encode()


def _publish(port: int, messages: Iterable[tuple[str, bytes]], topic: str = "tweets/en") -> None:
    """Publish at QoS 1, and wait for the broker's acknowledgements."""
    with connected(MqttSettings(host="127.0.0.1", port=port)) as publisher:
        publisher.publish((payload for _, payload in messages), topic, rate=0, qos=1)


def _all(members: Sequence[Daemon], query: str) -> list[tuple[Any, ...]]:
    """What several logs hold together, in an order of its own."""
    return sorted((row for m in members for row in m.rows(query)), key=repr)


def _sums(members: Sequence[Daemon]) -> dict[tuple[Any, ...], list[int]]:
    """Rollups of several logs, added up."""
    sums: dict[tuple[Any, ...], list[int]] = {}
    for row in _all(members, _ROLLUPS):
        key, counts = row[: -len(COUNTS)], row[-len(COUNTS) :]
        sums[key] = [a + b for a, b in zip(sums.get(key, [0] * len(COUNTS)), counts, strict=True)]
    return sums


def _count(member: Daemon, table: str) -> int:
    return int(member.rows(f"SELECT count(*) FROM {table}")[0][0])


def _wait_taken_in(collector: Daemon, boards: Sequence[Daemon], tweets: int) -> None:
    """Wait until boards have labelled so many tweets, and the collector has all their labels."""
    wait_until(lambda: sum(b.stored() for b in boards) >= tweets, "labelled", every=0.1)
    wait_until(
        lambda: _count(collector, "labels") >= sum(_count(b, "labels") for b in boards),
        "taken in",
        every=0.1,
    )


def _assert_same(collector: Daemon, boards: Sequence[Daemon]) -> None:
    """All that is known of tweets and labels, and all counts: what the boards have together."""
    for query in (_TWEETS, _LABELS):
        assert _all(boards, query) == _all([collector], query)
    assert _sums(boards) == _sums([collector])
    assert [("ok",)] == collector.rows("PRAGMA integrity_check")
    assert [] == collector.rows("PRAGMA foreign_key_check")


def _reported(member: Daemon) -> Counter[tuple[str | None, str]]:
    """What `monitor report` counts of each entity, by polarity and retweets."""
    done = member.command("report", "--database", str(member.database), "--format", "json")
    assert 0 == done.returncode, done.stderr.decode()
    return Counter(
        {
            (standing["entity"], key): standing[key]
            for standing in json.loads(done.stdout)["standings"]
            for key in ("tweets", "retweets")
        }
    )


def _access_list(folder: Path) -> Path:
    """Write the one that docs/fleet.md shows, and let who has no name, as our publisher, do all."""
    page = (REPOSITORY / "docs" / "fleet.md").read_text(encoding="utf-8")
    (shown,) = (b for b in re.findall(r"```text\n(.*?)```", page, re.DOTALL) if "pattern" in b)
    path = folder / "acl"
    path.write_text("topic readwrite #\n" + textwrap.dedent(shown))
    return path


def test_the_collector_has_what_the_boards_have(
    start_mosquitto: Callable[..., Mosquitto], make_member: MakeMember, tmp_path: Path
) -> None:
    """Of boards that differ in task and marks, through a kill between COMMIT and PUBACK."""
    mosquitto = start_mosquitto(acl_file=str(_access_list(tmp_path)))
    group = {"port": mosquitto.port, "MONITOR_MQTT_GROUP": "boards"}
    boards = [
        make_member("attic", **group, MONITOR_MODEL_ABSTAIN_BELOW="0.7"),
        make_member("cellar", **group, MONITOR_MODEL_TASK="sentiment"),
    ]
    collector = make_member(
        "collector",
        mosquitto.port,
        **_TAKES_IN,
        MONITOR_MQTT_TOPICS="[]",
        MONITOR_MODEL_ABSTAIN_BELOW="0.99",
    )
    with sabotaged(collector, "after-commit=4"):
        _start(*boards, collector)
    _publish(mosquitto.port, _messages(150))
    assert collector.process is not None
    assert -signal.SIGKILL == collector.process.wait(PATIENCE_S), collector.said()
    committed = _count(collector, "labels")
    _publish(mosquitto.port, _messages(50, 150))
    wait_until(lambda: sum(b.stored() for b in boards) >= 200, "labelled", every=0.1)
    assert committed == _count(collector, "labels")
    collector.start()
    _publish(mosquitto.port, _messages(20, 200))
    _publish(mosquitto.port, [("old", b'{"id": "1", "label": "neutral"}')], "fleet/old/results")
    _wait_taken_in(collector, boards, 220)
    wait_until(lambda: _count(collector, "dead_letters") == 1, "a dead letter")

    assert 220 == sum(board.stored() for board in boards)
    assert all(board.stored() for board in boards)
    assert 2 == _count(collector, "(SELECT DISTINCT model_id FROM labels)")
    by_board = {board.environment["MONITOR_MQTT_CLIENT_ID"]: board.stored() for board in boards}
    assert by_board == dict(collector.rows("SELECT board, count(*) FROM tweets GROUP BY board"))
    assert 0 < _count(collector, "labels WHERE reputation_abstained")
    _assert_same(collector, boards)
    # What was committed and not acknowledged came again.
    assert 0 < collector.rows("SELECT sum(duplicates) FROM batches")[0][0]
    assert [("fleet/old/results", "bad-result")] == collector.rows(
        "SELECT topic, reason FROM dead_letters"
    )
    assert sum(map(_reported, boards), Counter()) == _reported(collector)
    assert [(0,)] == collector.rows("SELECT count(*) FROM outgoing")
    assert not any("refused" in member.said() for member in (*boards, collector))


def test_daemons_that_take_in_each_other(mosquitto: Mosquitto, make_member: MakeMember) -> None:
    """Each tells what it labelled itself, once, and what it took in never: nothing goes round."""
    attic = make_member("attic", mosquitto.port, **_TAKES_IN, MONITOR_MQTT_TOPICS='["tweets/a"]')
    cellar = make_member(
        "cellar",
        mosquitto.port,
        **_TAKES_IN,
        MONITOR_MQTT_TOPICS='["tweets/c"]',
        MONITOR_MODEL_TASK="sentiment",  # so that the log tells who labelled
    )
    with listening(mosquitto.port, RESULTS) as listener:
        _start(attic, cellar)
        _publish(mosquitto.port, _messages(30), "tweets/a")
        _publish(mosquitto.port, _messages(40, 20), "tweets/c")  # of which both have ten
        # One tweet in four is about two.
        wait_until(lambda: [75, 75] == [_count(m, "labels") for m in (attic, cellar)], "all")
        assert [0, 0] == [attic.stop(), cellar.stop()]

        del attic.environment["MONITOR_MQTT_RESULTS_TOPICS"]
        attic.start()
        cellar.start()
        _publish(mosquitto.port, _messages(5, 100), "tweets/c")
        cellar.wait_stored(65)
        _wait_told(listener, cellar, "sentiment")
        _publish(mosquitto.port, _messages(5, 200), "tweets/a")
        attic.wait_stored(65)
        _wait_told(listener, attic, "reputation")

    assert 65 == attic.stored(), "still takes in"


def _wait_told(listener: Listener, member: Daemon, task: str) -> None:
    """Wait until all that it labelled itself, for its task, was heard; nothing else ever is."""
    own = member.rows(
        "SELECT l.tweet_id, nullif(l.entity, '') FROM labels AS l"
        " JOIN models AS m ON m.id = l.model_id WHERE m.task = ?",
        [task],
    )
    topic = f"fleet/{member.folder.name}/results"

    def told() -> set[tuple[Any, ...]]:
        return {(heard["id"], heard["entity"]) for heard in listener.documents(topic)}

    wait_until(lambda: told() >= set(own), f"a result for each label of {member.folder.name}")
    assert set(own) == told()
