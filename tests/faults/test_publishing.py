"""What is published is what is stored, whatever falls over: broker, daemon, or both."""

from __future__ import annotations

import itertools
import json
import signal
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from monitor.demo.embedded_broker import embedded_broker
from tests.faults.ledger import publish, rejects, stored, tweets, wait_balanced
from tests.faults.proxy import bad_network
from tests.faults.saboteur import sabotaged
from tests.listener import Listener, kept, listening
from tests.processes import Daemon, Mosquitto, wait_until

MakeDaemon = Callable[..., Daemon]
StartMosquitto = Callable[..., Mosquitto]

PREFIX = "reputation-monitor"
AVAILABILITY, RESULTS = f"{PREFIX}/availability", f"{PREFIX}/results"
CONFIG = f"homeassistant/device/{PREFIX}/config"
BOARD, ACME = f"{PREFIX}/sensors/board", f"{PREFIX}/sensors/entities/acme"
ALERT = f"{PREFIX}/alerts/acme"

_FULL = {"MONITOR_PRIVACY_STORE_TEXT": "full", "MONITOR_ENTITIES": '[{name = "Acme"}]'}
_RESULTS = _FULL | {"MONITOR_PUBLISH_RESULTS": "true"}
_HOME = _FULL | {"MONITOR_PUBLISH_HOME_ASSISTANT": "true"}
_FORGETFUL = {"persistence": "false", "persistence_location": "", "autosave_interval": ""}

_LABELS = """
    SELECT l.tweet_id, nullif(l.entity, ''), t.received_at, v.label, v.abstained, t.text,
        l.reputation, l.reputation_negative, l.reputation_neutral, l.reputation_positive,
        l.reputation_abstained,
        l.sentiment, l.sentiment_negative, l.sentiment_neutral, l.sentiment_positive,
        l.sentiment_abstained, m.name, m.version, m.sha256, m.runtime, m.task,
        v.clock_synchronised, t.topic, t.created_at, t.author, t.lang, t.is_retweet
    FROM labels AS l JOIN tweets AS t ON t.id = l.tweet_id JOIN models AS m ON m.id = l.model_id
    JOIN labelled AS v ON v.id = t.id AND v.entity IS nullif(l.entity, '')
    ORDER BY t.rowid"""


def _expected(daemon: Daemon) -> list[dict[str, Any]]:
    """The labels in the log, written as results are to be."""
    return [
        {
            "id": row[0],
            "entity": row[1],
            "received_at": row[2],
            "label": row[3],
            "abstained": bool(row[4]),
            "text": row[5],
            **{
                task: {
                    "label": row[first],
                    "probabilities": dict(
                        zip(
                            ("negative", "neutral", "positive"),
                            row[first + 1 : first + 4],
                            strict=True,
                        )
                    ),
                    "abstained": bool(row[first + 4]),
                }
                for task, first in (("reputation", 6), ("sentiment", 11))
            },
            "model": dict(
                zip(("name", "version", "sha256", "runtime", "task"), row[16:21], strict=True)
            ),
            "board": PREFIX,
            "adaptation": None,
            "clock_synchronised": None if row[21] is None else bool(row[21]),
            **dict(zip(("topic", "created_at", "author", "lang"), row[22:26], strict=True)),
            "is_retweet": bool(row[26]),
        }
        for row in daemon.rows(_LABELS)
    ]


def _first_of_each(documents: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave out what was heard before: at least once is promised."""
    seen: dict[str, dict[str, Any]] = {}
    for document in documents:
        assert document == seen.setdefault(document["id"], document)
    return list(seen.values())


def _wait_results(listener: Listener, daemon: Daemon) -> None:
    """Wait until as many labels were heard as are stored."""
    wait_until(
        lambda: len({d["id"] for d in listener.documents(RESULTS)}) >= daemon.stored(),
        "a result for each label",
        every=0.1,
    )


def test_results_are_the_stored_labels(mosquitto: Mosquitto, make_daemon: MakeDaemon) -> None:
    """Every label once, in order, to the last digit; what was rejected is none; nothing stays."""
    daemon = make_daemon(mosquitto.port, **_RESULTS, MONITOR_MODEL_ABSTAIN_BELOW="0.7")
    with listening(mosquitto.port, RESULTS) as listener:
        daemon.start()
        published = publish(mosquitto.port, [*tweets(60), *rejects(5)])
        published |= publish(mosquitto.port, tweets(10))
        wait_balanced(daemon, published)
        _wait_results(listener, daemon)
        assert 0 == daemon.stop()

    assert _expected(daemon) == listener.documents(RESULTS)
    assert 60 == len(listener.documents(RESULTS))
    assert [(0,)] == daemon.rows("SELECT count(*) FROM outgoing")


def test_results_outlive_kills_and_the_broker(
    mosquitto: Mosquitto, make_daemon: MakeDaemon
) -> None:
    """Killed in the middle, again and again, its broker restarted: every label, in order."""
    daemon = make_daemon(mosquitto.port, **_RESULTS)
    published: set[str] = set()
    with listening(mosquitto.port, RESULTS) as listener:
        for round_ in range(4):
            daemon.start()
            published |= publish(mosquitto.port, tweets(300, 300 * round_))
            wait_until(lambda r=round_: daemon.stored() > 300 * r, "some of it")  # type: ignore[misc]
            if round_ % 2:
                mosquitto.stop()
                daemon.kill()
                mosquitto.start()
            else:
                daemon.kill()
        daemon.start()
        wait_balanced(daemon, published)
        mosquitto.stop()
        mosquitto.start()
        published |= publish(mosquitto.port, tweets(50, 5000))
        wait_balanced(daemon, published)
        _wait_results(listener, daemon)
        assert 0 == daemon.stop()

    assert _expected(daemon) == _first_of_each(listener.documents(RESULTS))


def test_what_the_broker_did_not_take_is_sent_later(
    mosquitto: Mosquitto, make_daemon: MakeDaemon
) -> None:
    """Labels committed while the broker is away wait in the log, also for another life."""
    daemon = make_daemon(mosquitto.port, **_RESULTS | {"MONITOR_BATCH_MAX_DELAY_MS": "1500"})
    daemon.start()
    published = publish(mosquitto.port, tweets(5))
    mosquitto.stop()  # within the 1.5 s that the tweets wait for others
    daemon.wait_stored(5)
    daemon.kill()
    assert [(5,)] == daemon.rows("SELECT count(*) FROM outgoing")
    mosquitto.start()
    with listening(mosquitto.port, RESULTS) as listener:
        daemon.start()
        wait_balanced(daemon, published)
        _wait_results(listener, daemon)

    assert _expected(daemon) == _first_of_each(listener.documents(RESULTS))


def test_what_is_labelled_last_is_sent_before_the_end(
    mosquitto: Mosquitto, make_daemon: MakeDaemon
) -> None:
    """Labels committed after SIGTERM are published, too, and nothing is left to be sent again."""
    daemon = make_daemon(mosquitto.port, **_RESULTS)
    numbers = itertools.count(step=3)
    with listening(mosquitto.port, RESULTS) as listener, sabotaged(daemon, "slow=300"):
        while daemon.stored() == 0:  # until SIGTERM meets a batch that is being labelled
            daemon.start()
            publish(mosquitto.port, tweets(3, next(numbers)))
            assert 0 == daemon.stop()
        assert [(0,)] == daemon.rows("SELECT count(*) FROM outgoing")
        listener.wait_count(RESULTS, daemon.stored())

    assert _expected(daemon) == listener.documents(RESULTS)


@pytest.mark.parametrize("killed", [False, pytest.param(True, marks=pytest.mark.study)])
def test_what_is_told_comes_while_a_backlog_is_worked_on(
    mosquitto: Mosquitto, make_daemon: MakeDaemon, killed: bool
) -> None:
    """Results, alerts and availability do not wait for its end: not for half of it.

    The broker sends all it has, whatever our receive maximum: with the first acknowledgements, or,
    if it did so to a daemon that was killed, before anything else.
    """
    count = 1500
    daemon = make_daemon(
        mosquitto.port, **_RESULTS, MONITOR_PUBLISH_ALERTS="true", MONITOR_MODEL_WORKERS="1"
    )
    daemon.start()
    assert 0 == daemon.stop()
    published = publish(mosquitto.port, tweets(count))
    with listening(mosquitto.port, f"{PREFIX}/#") as listener, sabotaged(daemon, "slow=20"):
        if killed:
            daemon.start(ready=False)
            daemon.wait_stored(100)
            daemon.kill()
        began = len(listener.heard)
        daemon.start(ready=False)
        wait_until(lambda: daemon.stored() >= count // 2, "half of it")
        told = listener.latest(began)
        results = len(listener.documents(RESULTS))
        wait_balanced(daemon, published)
        _wait_results(listener, daemon)
        assert 0 == daemon.stop()

    assert "online" == told[AVAILABILITY]
    assert "ok" == json.loads(told[ALERT])["state"]
    assert count // 6 < results
    assert _expected(daemon) == _first_of_each(listener.documents(RESULTS))
    assert "outbox-overflowed" not in daemon.said()
    assert "connection-lost" not in daemon.said()


def _drop_answers(data: bytes) -> Iterator[bytes]:
    """Leave out PUBACKs."""
    while data:
        length, start = _remaining(data)
        if data[0] >> 4 != 4:
            yield data[: start + length]
        data = data[start + length :]


def _remaining(data: bytes) -> tuple[int, int]:
    """How long a packet is after its head, and how long that (MQTT 5.0, section 1.5.5)."""
    length, shift, at = 0, 0, 1
    while True:
        length |= (data[at] & 127) << shift
        if data[at] < 128:
            return length, at + 1
        at, shift = at + 1, shift + 7


@pytest.mark.study
def test_a_broker_that_answers_slowly_is_waited_for(
    mosquitto: Mosquitto, make_daemon: MakeDaemon
) -> None:
    """More results than may wait: labelling waits, and none of them is dropped."""
    with bad_network(mosquitto.port) as network:
        daemon = make_daemon(network.port, **_RESULTS)
        with (
            listening(mosquitto.port, RESULTS) as listener,
            sabotaged(daemon, "outbox=200", "silence=20"),
        ):
            daemon.start()
            network.delay_s = 0.05
            published = publish(mosquitto.port, tweets(2000))
            most = 0
            while daemon.stored() < len(published):
                ((waiting,),) = daemon.rows("SELECT count(*) FROM outgoing")
                most = max(most, waiting)
                assert daemon.alive()
            network.delay_s = 0
            _wait_results(listener, daemon)
            assert 0 == daemon.stop()

    assert _expected(daemon) == _first_of_each(listener.documents(RESULTS))
    assert "outbox-full" in daemon.said()
    assert "outbox-overflowed" not in daemon.said()
    assert 600 > most  # with those sent that the next transaction takes away


def test_a_broker_that_answers_nothing_is_not_waited_for(
    mosquitto: Mosquitto, make_daemon: MakeDaemon
) -> None:
    """Tweets are labelled all the same, and what may wait is bounded: the oldest results go."""
    with bad_network(mosquitto.port) as network:
        daemon = make_daemon(network.port, **_RESULTS)
        with sabotaged(daemon, "outbox=200", "silence=2"):
            daemon.start()
            wait_until(lambda: kept(mosquitto.port), "availability")
            network.pass_on = _drop_answers
            published = publish(mosquitto.port, tweets(1000))
            wait_balanced(daemon, published)
            ((waiting,),) = daemon.rows("SELECT count(*) FROM outgoing")
            assert 0 == daemon.stop()

    assert "outbox-overflowed" in daemon.said()
    assert 300 > waiting


def test_by_default_nothing_but_availability(mosquitto: Mosquitto, make_daemon: MakeDaemon) -> None:
    """Somebody who hears everything hears the tweets, and that we are there; the log keeps none."""
    daemon = make_daemon(mosquitto.port, **_FULL)
    with listening(mosquitto.port) as listener:
        daemon.start()
        wait_balanced(daemon, publish(mosquitto.port, tweets(20)))
        assert 0 == daemon.stop()
        listener.wait(AVAILABILITY, "online", "offline")

    assert {"tweets/faults", AVAILABILITY} == {heard.topic for heard in listener.heard}
    for table in ("outgoing", "retained", "sqlite_sequence"):
        assert [(0,)] == daemon.rows(f"SELECT count(*) FROM {table}")


def test_not_even_that(mosquitto: Mosquitto, make_daemon: MakeDaemon) -> None:
    """It can be left out."""
    daemon = make_daemon(mosquitto.port, MONITOR_PUBLISH_AVAILABILITY="false")
    with listening(mosquitto.port) as listener:
        daemon.start()
        daemon.kill()
        daemon.start()
        assert 0 == daemon.stop()

    assert [] == listener.heard


def test_availability(mosquitto: Mosquitto, make_daemon: MakeDaemon) -> None:
    """Online, until it is killed, told to stop or reloads, and again once it is back."""
    daemon = make_daemon(mosquitto.port, MONITOR_PUBLISH_TOPIC="home/tweets")
    topic = "home/tweets/availability"
    with listening(mosquitto.port, topic) as listener:
        daemon.start()
        listener.wait(topic, "online")
        daemon.kill()
        listener.wait(topic, "online", "offline")
        assert {topic: "offline"} == kept(mosquitto.port)
        daemon.start()
        listener.wait(topic, "offline", "online")
        assert daemon.process is not None
        daemon.process.send_signal(signal.SIGHUP)
        listener.wait(topic, "offline", "online", "offline", "online")
        assert 0 == daemon.stop()
        listener.wait(topic, "online", "offline")

    assert {topic: "offline"} == kept(mosquitto.port)


def test_a_broker_of_mqtt_3_1_1(make_daemon: MakeDaemon) -> None:
    """Availability and results go there, too."""
    with embedded_broker() as port:
        daemon = make_daemon(port, **_RESULTS)
        with listening(port, RESULTS, AVAILABILITY) as listener:
            daemon.start()
            wait_balanced(daemon, publish(port, tweets(20)))
            _wait_results(listener, daemon)
            listener.wait(AVAILABILITY, "online")
            assert 0 == daemon.stop()
            listener.wait(AVAILABILITY, "online", "offline")

    assert {"3.1.1"} == {e["mqtt"] for e in daemon.events() if e["event"] == "subscribed"}
    assert _expected(daemon) == _first_of_each(listener.documents(RESULTS))


def test_everything_is_published_again_after_a_reconnection(
    start_mosquitto: StartMosquitto, make_daemon: MakeDaemon
) -> None:
    """A broker that forgot everything is told all of it once more."""
    broker = start_mosquitto(**_FORGETFUL)
    daemon = make_daemon(broker.port, **_HOME)
    topics = {AVAILABILITY, CONFIG, BOARD, ACME, ALERT}
    with listening(broker.port) as listener:
        daemon.start()
        wait_until(lambda: topics == listener.latest().keys(), "everything")
        first = listener.latest()
        broker.kill()
        known = len(listener.heard)
        broker.start()
        wait_until(lambda: topics == listener.latest(known).keys(), "everything again")
        again = listener.latest(known)
    assert topics == kept(broker.port).keys()
    assert 0 == daemon.stop()

    assert [first[CONFIG], first[ALERT]] == [again[CONFIG], again[ALERT]]
    assert "learning" == json.loads(first[ALERT])["state"]


def test_what_is_turned_off_is_cleared(mosquitto: Mosquitto, make_daemon: MakeDaemon) -> None:
    """An entity that goes is taken away, and in the end everything: the broker keeps nothing."""
    daemon = make_daemon(
        mosquitto.port, **_HOME | {"MONITOR_ENTITIES": '[{name = "Acme"}, {name = "Lumen"}]'}
    )
    lumen = {f"{PREFIX}/sensors/entities/lumen", f"{PREFIX}/alerts/lumen"}
    topics = {AVAILABILITY, CONFIG, BOARD, ACME, ALERT}
    with listening(mosquitto.port) as listener:
        daemon.start()
        wait_until(lambda: topics | lumen == listener.latest().keys(), "both")
        assert 0 == daemon.stop()
        daemon.environment |= _HOME
        daemon.start()
        wait_until(lambda: topics == listener.latest().keys(), "Acme alone")
        wait_until(
            lambda: {"p": "sensor"} == listener.documents(CONFIG)[-1]["cmps"]["lumen_net"], "taken"
        )
        assert 0 == daemon.stop()
        del daemon.environment["MONITOR_PUBLISH_HOME_ASSISTANT"]
        daemon.start()
        wait_until(lambda: {AVAILABILITY} == listener.latest().keys(), "availability alone")
        assert 0 == daemon.stop()
    assert {AVAILABILITY: "offline"} == kept(mosquitto.port)
    assert [(0, 0)] == daemon.rows(
        "SELECT (SELECT count(*) FROM outgoing), (SELECT count(*) FROM retained)"
    )


def test_our_own_messages_are_no_tweets(mosquitto: Mosquitto, make_daemon: MakeDaemon) -> None:
    """With a filter that covers all topics: neither labelled nor rejected, nor counted."""
    daemon = make_daemon(mosquitto.port, **_RESULTS | _HOME, MONITOR_MQTT_TOPICS='["#"]')
    daemon.start()
    published = publish(mosquitto.port, [*tweets(100), *rejects(3)])
    wait_balanced(daemon, published)
    published |= publish(mosquitto.port, tweets(50, 100))
    wait_balanced(daemon, published)
    assert 0 == daemon.stop()

    assert [(153,)] == daemon.rows("SELECT sum(received) FROM batches")
    assert len(published) == len(stored(daemon))


@pytest.mark.parametrize("queued", ["1000", "0"])
def test_a_broker_that_lets_us_publish_nothing(
    start_mosquitto: StartMosquitto, make_daemon: MakeDaemon, tmp_path: Path, queued: str
) -> None:
    """The tweets are labelled all the same; that we may not is said once; `check` is content.

    With ``max_queued_messages 0``, mosquitto 2.0.11 hangs up on who publishes what he may not.
    """
    (tmp_path / "acl").write_text("topic readwrite tweets/#\ntopic read #\n")
    broker = start_mosquitto(acl_file=str(tmp_path / "acl"), max_queued_messages=queued)
    daemon = make_daemon(broker.port, **_RESULTS)
    published: set[str] = set()
    with listening(broker.port) as listener:
        daemon.start()
        for start in itertools.count(0, 10):
            published |= publish(broker.port, tweets(10, start))
            if "availability-refused" in daemon.said() and start >= 50:
                break
        wait_balanced(daemon, published)
        assert 0 == daemon.command("check").returncode
        wait_until(lambda: "publishing-refused" in daemon.said(), "a word about the results")
        if queued == "0":
            wait_until(lambda: "publishing-paused" in daemon.said(), "a pause")
        assert 0 == daemon.stop()

    assert 1 == daemon.said().count("publishing-refused")
    assert 1 == daemon.said().count("availability-refused")
    assert {"tweets/faults"} == {heard.topic for heard in listener.heard}
