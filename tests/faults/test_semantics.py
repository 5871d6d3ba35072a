"""The same tweet, again and otherwise: once in the log, the first of its kind."""

from __future__ import annotations

import json
from collections.abc import Callable

import paho.mqtt.publish
import pytest

from monitor.archive import jsonlines
from monitor.mqtt.publisher import connected
from monitor.settings import MqttSettings
from tests.faults.ledger import assert_balanced, publish, rejects, tweets, wait_balanced
from tests.processes import Daemon, Mosquitto, wait_until
from tests.tweets.test_bluesky import event
from tests.tweets.test_mastodon import STATUS

MakeDaemon = Callable[..., Daemon]
StartMosquitto = Callable[..., Mosquitto]

_QUICK = {"MONITOR_BATCH_MAX_DELAY_MS": "10", "MONITOR_PRIVACY_STORE_TEXT": "full"}
_ONE_BATCH = _QUICK | {"MONITOR_BATCH_MAX_DELAY_MS": "1000", "MONITOR_BATCH_MAX_TWEETS": "3"}
"""Three messages that come within a second are one batch."""


def _say(port: int, *messages: tuple[str, bytes], qos: int = 1, retain: bool = False) -> None:
    """Publish payloads, each on its topic."""
    paho.mqtt.publish.multiple(
        [{"topic": t, "payload": p, "qos": qos, "retain": retain} for t, p in messages], port=port
    )


def _tweet(id_: str, text: str) -> bytes:
    return json.dumps({"id": id_, "text": text}).encode()


def _received(daemon: Daemon) -> int:
    return int(daemon.rows("SELECT coalesce(sum(received), 0) FROM batches")[0][0])


def _wait_received(daemon: Daemon, count: int) -> None:
    """Wait until so many messages were taken, the same tweet as often as it came."""
    wait_until(lambda: _received(daemon) >= count, f"{count} messages")
    assert count == _received(daemon)


def test_an_id_used_again(mosquitto: Mosquitto, make_daemon: MakeDaemon) -> None:
    """The first text stays, in one batch and over several; the others are counted."""
    daemon = make_daemon(mosquitto.port, **_ONE_BATCH)
    daemon.start()
    for texts in (("one", "two", "three"), ("four", "five", "six")):
        _say(mosquitto.port, *(("tweets/a", _tweet("1", text)) for text in texts))
    _wait_received(daemon, 6)

    assert [("one",)] == daemon.rows("SELECT text FROM tweets")
    counted = daemon.rows("SELECT received, tweets, labels, duplicates, rejected FROM batches")
    assert [(3, 1, 1, 2, 0), (3, 0, 0, 3, 0)] == counted
    assert_balanced(daemon, {"1"})


def test_an_id_used_again_for_another_entity(mosquitto: Mosquitto, make_daemon: MakeDaemon) -> None:
    """The same tweet asked about a further entity gains that label, and no second row."""
    daemon = make_daemon(mosquitto.port, **_QUICK, MONITOR_MQTT_ENTITY_LEVEL="2")
    daemon.start()
    for topic in ("tweets/acme", "tweets/ostra", "tweets/acme"):
        _say(mosquitto.port, (topic, _tweet("1", "fine")))
    _wait_received(daemon, 3)

    assert [("acme",), ("ostra",)] == daemon.rows("SELECT entity FROM labels ORDER BY entity")
    assert [("tweets/acme",)] == daemon.rows("SELECT topic FROM tweets")
    assert_balanced(daemon, {"1"})


def test_one_message_on_two_topics(mosquitto: Mosquitto, make_daemon: MakeDaemon) -> None:
    """Tweets with an id or without are one; what is no tweet is kept for each topic."""
    daemon = make_daemon(mosquitto.port, **_ONE_BATCH)
    daemon.start()
    ((_, rejected),) = rejects(1)
    for payload in (b"plain text", _tweet("1", "with an id"), rejected):
        _say(mosquitto.port, *((f"tweets/{level}", payload) for level in "aba"))
    _wait_received(daemon, 9)

    kept = [("plain text", "tweets/a"), ("with an id", "tweets/a")]
    assert kept == daemon.rows("SELECT text, topic FROM tweets ORDER BY text")
    letters = daemon.rows("SELECT topic FROM dead_letters ORDER BY topic")
    assert [("tweets/a",), ("tweets/b",)] == letters


def test_overlapping_subscriptions(mosquitto: Mosquitto, make_daemon: MakeDaemon) -> None:
    """However many of our filters a topic matches, and copies come of it, a tweet is there once."""
    filters = '["tweets/#", "+/faults", "tweets/+", "tweets/faults"]'
    daemon = make_daemon(mosquitto.port, **_QUICK, MONITOR_MQTT_TOPICS=filters)
    daemon.start()
    published = publish(mosquitto.port, tweets(100))
    published |= publish(mosquitto.port, rejects(10))
    _wait_received(daemon, 4 * len(published))

    assert_balanced(daemon, published)


@pytest.mark.parametrize("qos", [0, 1, 2])
def test_quality_of_service(
    start_mosquitto: StartMosquitto, make_daemon: MakeDaemon, qos: int
) -> None:
    """Once, whatever was published with; at QoS 0, only what is published in our presence."""
    mosquitto = start_mosquitto(max_inflight_messages="0")
    daemon = make_daemon(mosquitto.port, **_QUICK)

    def publish_at(start: int) -> set[str]:
        messages = dict(tweets(100, start))
        with connected(MqttSettings(host="127.0.0.1", port=mosquitto.port)) as publisher:
            publisher.publish(messages.values(), "tweets/x", rate=0, qos=qos)
        return set(messages)

    daemon.start()
    present = publish_at(0)
    wait_balanced(daemon, present)
    daemon.stop()
    absent = publish_at(100)
    daemon.start()
    again = publish_at(200)

    wait_balanced(daemon, present | again | (absent if qos else set()))


def test_published_again_over_restarts_and_kills(
    mosquitto: Mosquitto, make_daemon: MakeDaemon
) -> None:
    """The same tweets after every end of the daemon: once, and as they were at first."""
    daemon = make_daemon(mosquitto.port, **_QUICK)
    daemon.start()
    published = publish(mosquitto.port, tweets(200))
    wait_balanced(daemon, published)
    before = daemon.rows("SELECT * FROM tweets ORDER BY id")
    for end in (daemon.stop, daemon.kill, daemon.kill):
        publish(mosquitto.port, tweets(200))
        end()
        daemon.start()
    last = publish(mosquitto.port, tweets(1, 1000))

    wait_balanced(daemon, published | last)
    assert before == daemon.rows("SELECT * FROM tweets WHERE id < 't0001000' ORDER BY id")


def test_retained(mosquitto: Mosquitto, make_daemon: MakeDaemon) -> None:
    """Retained tweets come once a session; for a new session again, which changes nothing."""
    port = mosquitto.port
    retained = dict(tweets(20))
    _say(port, *((f"tweets/{id_}", payload) for id_, payload in retained.items()), retain=True)
    published = set(retained)
    daemon = make_daemon(port, **_QUICK)
    for life, (expiry, received) in enumerate([("0", 21), ("60", 42), ("60", 43)]):
        daemon.environment["MONITOR_MQTT_SESSION_EXPIRY_S"] = expiry
        daemon.start()
        published |= publish(port, tweets(1, 100 + life))  # comes after those retained
        _wait_received(daemon, received)
        daemon.stop()

    assert_balanced(daemon, published)


def test_whatever_people_send(mosquitto: Mosquitto, make_daemon: MakeDaemon) -> None:
    """Tweets as tools wrap them are labelled as `monitor classify` labels them; no page is one."""
    simple = json.dumps({"id": "1", "text": "Acme saved my day", "user": "someone", "lang": 7})
    whole = "Acme & I: the whole text, which nothing has cut off"
    truncated = {"id_str": "2", "text": "cut", "truncated": True}
    truncated["extended_tweet"] = {"full_text": whole.replace("&", "&amp;")}
    messages = [
        simple.encode() + b"\0",
        json.dumps(truncated).encode("utf-16"),
        json.dumps({"data": {"id": "3", "text": "a v2 tweet", "author_id": "7"}}).encode(),
        json.dumps(event()).encode(),
        json.dumps(STATUS).encode(),
        json.dumps({"type": "Buffer", "data": [*b"plain text"]}).encode(),
        *(json.dumps({"id": "1.2316E+18", "text": f"rounded {n}"}).encode() for n in range(5)),
        json.dumps({"data": [{"text": "one of a page"}], "meta": {}}).encode(),
    ]
    daemon = make_daemon(mosquitto.port, **_QUICK)
    daemon.start()
    _say(mosquitto.port, *(("tweets/a", message) for message in messages))
    _wait_received(daemon, len(messages))

    stored = {text for (text,) in daemon.rows("SELECT text FROM tweets")}
    assert {
        *("Acme saved my day", whole, "a v2 tweet", event()["commit"]["record"]["text"]),
        *("plain text", *(f"rounded {n}" for n in range(5))),
    } == stored
    assert [("wrong-type",)] == daemon.rows("SELECT reason FROM dead_letters")
    told = [e["field"] for e in daemon.events() if e["event"] == "field-left-out"]
    assert ["id", "lang"] == sorted(told)
    with_text = [message for message in messages if b"Buffer" not in message][:-1]
    read = [jsonlines.parse(message).text for message in with_text]
    assert {*read} == stored - {"plain text"}
