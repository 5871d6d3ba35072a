"""`monitor check` and `monitor publish` beside a daemon: neither costs it anything."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.faults.ledger import TOPIC, tweets, wait_balanced
from tests.processes import Daemon, Mosquitto

StartMosquitto = Callable[..., Mosquitto]
MakeDaemon = Callable[..., Daemon]


def _as_user(daemon: Daemon, user: str, *arguments: str, stdin: bytes = b"") -> tuple[int, str]:
    own = daemon.environment["MONITOR_MQTT_USERNAME"]
    daemon.environment["MONITOR_MQTT_USERNAME"] = user
    result = daemon.command(*arguments, stdin=stdin)
    daemon.environment["MONITOR_MQTT_USERNAME"] = own
    said = (result.stdout + result.stderr).decode()
    assert "Traceback" not in said
    return result.returncode, said


@pytest.mark.parametrize("running", [False, True])
def test_a_user_name_that_is_the_client_id(
    start_mosquitto: StartMosquitto, make_daemon: MakeDaemon, running: bool
) -> None:
    """The broker takes both for the daemon: its queue stays, and its place is not taken."""
    port = start_mosquitto(use_username_as_clientid="true").port
    daemon = make_daemon(
        port,
        MONITOR_MQTT_USERNAME="monitor",
        MONITOR_MQTT_PASSWORD="x",
        MONITOR_PRIVACY_STORE_TEXT="full",
    )
    daemon.start()
    if not running:
        daemon.stop()
    messages = dict(tweets(5))
    lines = b"\n".join(messages.values())
    publish = ("publish", "-", "--topic", TOPIC)
    assert 0 == _as_user(daemon, "publisher", *publish, stdin=lines)[0]

    code, said = _as_user(daemon, "monitor", "check")
    assert 0 == code, said
    assert "user name of its own" in said
    code, said = _as_user(daemon, "monitor", *publish, stdin=lines)
    assert 1 == code
    assert "user name of its own" in said
    if not running:
        daemon.start()

    wait_balanced(daemon, set(messages))
    assert "session-lost" not in daemon.said()


def test_a_topic_of_our_own_that_tweets_come_on(
    mosquitto: Mosquitto, make_daemon: MakeDaemon
) -> None:
    """Refused by both, in one line that says what to change."""
    daemon = make_daemon(mosquitto.port, MONITOR_MQTT_CLIENT_ID="tweets")
    for command in ("check", "run"):
        result = daemon.command(command)
        said = (result.stdout + result.stderr).decode().strip()
        assert 2 == result.returncode
        assert 1 == len(said.splitlines())
        assert "[publish] topic" in said


def test_tweets_below_our_topic(mosquitto: Mosquitto, make_daemon: MakeDaemon) -> None:
    """Where we publish nothing, they are tweets like others."""
    daemon = make_daemon(
        mosquitto.port, MONITOR_MQTT_TOPICS='["house/tweets/#"]', MONITOR_PUBLISH_TOPIC="house"
    )
    daemon.start()
    messages = dict(tweets(5))
    lines = b"\n".join(messages.values())
    assert 0 == daemon.command("publish", "-", "--topic", "house/tweets/x", stdin=lines).returncode

    wait_balanced(daemon, set(messages))
