"""The daemon as its owner meets it: a real process, a real mosquitto, a real file."""

from __future__ import annotations

import json
import signal
import socket
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from sqlite_utils import Database

from monitor.mqtt.publisher import connected
from monitor.settings import MqttSettings
from monitor.store.integrity import APPLICATION_ID
from monitor.store.schema import migrations
from tests.faults.saboteur import sabotaged
from tests.processes import PATIENCE_S, Daemon, Mosquitto, free_port, wait_until

MakeDaemon = Callable[..., Daemon]


def _tweets(count: int, start: int = 0) -> bytes:
    """Invented tweets, as JSON lines."""
    return b"".join(
        json.dumps(
            {"id": f"t{i}", "text": f"Acme phone number {i} is {'great' if i % 2 else 'bad'}"}
        ).encode()
        + b"\n"
        for i in range(start, start + count)
    )


def _publish(daemon: Daemon, payloads: bytes, *options: str) -> None:
    result = daemon.command("publish", "-", "--topic", "tweets/en", *options, stdin=payloads)
    assert 0 == result.returncode, result.stderr


def _ledger(daemon: Daemon) -> list[str]:
    """Every id in the log, and the file's health."""
    assert [("ok",)] == daemon.rows("PRAGMA integrity_check")
    return [row[0] for row in daemon.rows("SELECT id FROM tweets ORDER BY id")]


def test_labels_what_is_published(mosquitto: Mosquitto, make_daemon: MakeDaemon) -> None:
    """Published tweets end up labelled, with batches and a minute of throughput."""
    daemon = make_daemon(mosquitto.port)
    daemon.start()
    _publish(daemon, _tweets(100))
    daemon.wait_stored(100)

    assert 0 == daemon.stop()
    assert [(100, 100)] == daemon.rows("SELECT sum(tweets), sum(labels) FROM batches")
    assert [(100, 0, 0)] == daemon.rows(
        "SELECT sum(labelled), sum(duplicates), sum(rejected) FROM throughput"
    )
    assert [(0,)] == daemon.rows(
        "SELECT count(*) FROM labels WHERE abs(reputation_negative + reputation_neutral"
        " + reputation_positive - 1) > 0.001 OR abs(sentiment_negative + sentiment_neutral"
        " + sentiment_positive - 1) > 0.001"
    )
    (started,) = (e for e in daemon.events() if e["event"] == "stopped")
    assert 100 == started["labelled"]


def test_keeps_bad_input_as_dead_letters(mosquitto: Mosquitto, make_daemon: MakeDaemon) -> None:
    """Whatever cannot be a tweet is kept with its reason, and the next tweet is labelled."""
    daemon = make_daemon(
        mosquitto.port, MONITOR_MQTT_MAX_PAYLOAD_BYTES="4096", MONITOR_PRIVACY_STORE_TEXT="full"
    )
    daemon.start()
    bad = {
        b"": "empty",
        b"\xff\xfe\xfd": "not-utf8",
        b"x" * 5000: "too-large",
        b'{"a":' * 700: "too-deep",
        b'{"id": 1': "bad-json",
        b'{"text": 5}': "wrong-type",
        b'{"id": "7"}': "no-text",
    }
    with connected(MqttSettings(host="127.0.0.1", port=mosquitto.port)) as publisher:
        publisher.publish(bad, "tweets/x", rate=0, qos=1)
    _publish(daemon, _tweets(1))
    daemon.wait_stored(1)

    found = dict(daemon.rows("SELECT payload, reason FROM dead_letters"))
    expected = {payload[: 4096 + 1]: reason for payload, reason in bad.items()}
    # Deep and cut off: both words are true of it.
    assert found.pop(b'{"a":' * 700) in {"too-deep", "bad-json"}
    expected.pop(b'{"a":' * 700)
    assert expected == found


def test_waits_for_a_broker_that_is_away(
    start_mosquitto: Callable[..., Mosquitto], make_daemon: MakeDaemon
) -> None:
    """No broker at the start, and one that restarts later, are waited for."""
    broker = start_mosquitto()
    broker.stop()
    daemon = make_daemon(broker.port)
    daemon.start(ready=False)
    wait_until(lambda: "broker-unavailable" in daemon.said(), "a word about it")
    broker.start()
    wait_until(lambda: '"subscribed"' in daemon.said(), "subscription")
    _publish(daemon, _tweets(5))
    daemon.wait_stored(5)
    broker.stop()
    broker.start()
    wait_until(lambda: daemon.said().count('"subscribed"') == 2, "subscription again")
    _publish(daemon, _tweets(5, 5))
    daemon.wait_stored(10)

    assert 0 == daemon.stop()


def test_entities_come_from_topic_and_configuration(
    mosquitto: Mosquitto, make_daemon: MakeDaemon
) -> None:
    """A level of the topic names the entity, in the configuration's spelling."""
    daemon = make_daemon(
        mosquitto.port,
        MONITOR_MQTT_ENTITY_LEVEL="2",
        MONITOR_ENTITIES='[{name = "EN Motors", aliases = ["en"]}]',
    )
    daemon.start()
    _publish(daemon, _tweets(1))
    daemon.wait_stored(1)

    assert [("EN Motors",)] == daemon.rows("SELECT entity FROM labelled")


def test_marks_labels_of_low_confidence(mosquitto: Mosquitto, make_daemon: MakeDaemon) -> None:
    """Asked to be certain, the model abstains; what it would have said is in the log."""
    daemon = make_daemon(mosquitto.port, MONITOR_MODEL_ABSTAIN_BELOW="1.0")
    daemon.start()
    _publish(daemon, _tweets(5))
    daemon.wait_stored(5)

    assert [(None, 5, 0, 0, 0, None, 5, 0)] == daemon.rows("SELECT * FROM reputation_by_entity")
    assert [(5, 5)] == daemon.rows("SELECT count(label), sum(abstained) FROM labelled")


def test_refuses_a_foreign_database(make_daemon: MakeDaemon) -> None:
    """Another program's SQLite file is left alone: one clear line, exit 1."""
    daemon = make_daemon(free_port())
    with closing(sqlite3.connect(daemon.database)) as connection:
        connection.execute("CREATE TABLE somebody_elses (x)")
    daemon.start(ready=False)
    assert daemon.process is not None

    assert 1 == daemon.process.wait(30)
    assert "monitor.db" in daemon.said().splitlines()[-1]
    assert [("somebody_elses",)] == daemon.rows("SELECT name FROM sqlite_master")


def test_tells_systemd(mosquitto: Mosquitto, make_daemon: MakeDaemon, tmp_path: Path) -> None:
    """READY=1 once it runs, WATCHDOG=1 as it goes on, STOPPING=1 at the end."""
    address = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(address))
        systemd.settimeout(30)
        daemon = make_daemon(mosquitto.port, NOTIFY_SOCKET=str(address), WATCHDOG_USEC="2000000")
        daemon.start()
        heard = {systemd.recv(100), systemd.recv(100)}
        daemon.stop()
        systemd.settimeout(1)
        while b"STOPPING=1" not in heard:
            heard.add(systemd.recv(100))

    assert {b"READY=1", b"WATCHDOG=1", b"STOPPING=1"} == heard


def test_tells_systemd_that_an_old_log_takes_its_time(
    mosquitto: Mosquitto, make_daemon: MakeDaemon, tmp_path: Path
) -> None:
    """EXTEND_TIMEOUT_USEC while it migrates and before it is ready, and a word in the log."""
    daemon = make_daemon(mosquitto.port, NOTIFY_SOCKET=str(tmp_path / "notify"))
    with closing(Database(daemon.database).conn) as old:
        old.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        migrations.apply(Database(old), stop_before="m005_rollups")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(30)
        daemon.start()
        heard = [systemd.recv(100), systemd.recv(100)]

    assert [b"EXTEND_TIMEOUT_USEC=120000000", b"READY=1"] == heard
    (told,) = (event for event in daemon.events() if event["event"] == "migrating")
    assert "m005_rollups" == told["steps"][0]


def test_a_migration_is_broken_off(mosquitto: Mosquitto, make_daemon: MakeDaemon) -> None:
    """Told to end, the daemon does not migrate first, which may take longer than systemd waits.

    The next start goes on with it.
    """
    daemon = make_daemon(mosquitto.port)
    with closing(Database(daemon.database).conn) as old:
        old.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        migrations.apply(Database(old), stop_before="m005_rollups")
    count = "SELECT count(*) FROM _sqlite_migrations"
    before = daemon.rows(count)
    with sabotaged(daemon, f"signal={int(signal.SIGTERM)}"):
        daemon.start(ready=False)
    assert daemon.process is not None

    assert 0 == daemon.process.wait(PATIENCE_S), daemon.said()
    assert "Traceback" not in daemon.said()
    assert before == daemon.rows(count)
    daemon.start()
    assert before < daemon.rows(count)


def test_a_model_of_before(mosquitto: Mosquitto, make_daemon: Callable[..., Daemon]) -> None:
    """Who upgrades goes on with what took its place, and is told."""
    daemon = make_daemon(mosquitto.port, MONITOR_MODEL_PATH="mobilebert-3x192")
    daemon.start()
    assert 0 == daemon.stop()

    assert "model-retired" in {event["event"] for event in daemon.events()}
