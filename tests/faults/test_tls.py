"""TLS, credentials and strangers: who is let in, and what is said to those who are not.

Whatever TLS refuses is tried again: certificates are renewed while the daemon runs, and a board may
have the wrong time until it has a network. A broker that knows us and says no ends the daemon at
its start, and files that cannot be used keep it from starting.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest
import trustme

from monitor.mqtt.publisher import connected
from monitor.settings import MqttSettings
from tests.faults.certificates import HOST, LONG_AGO, LONG_FROM_NOW, Certificates
from tests.faults.ledger import TOPIC, assert_balanced, tweets, wait_balanced
from tests.processes import PATIENCE_S, Daemon, Mosquitto, wait_until

StartMosquitto = Callable[..., Mosquitto]
MakeDaemon = Callable[..., Daemon]

SECRET: Final = "hush-hush"
FAST: Final = {"MONITOR_BATCH_MAX_DELAY_MS": "10"}


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    """Make an authority and good certificates for both sides."""
    return Certificates(tmp_path)


def _publish(daemon: Daemon, count: int = 20) -> set[str]:
    """Publish tweets as the daemon's owner would, and return their ids."""
    messages = dict(tweets(count))
    lines = b"\n".join(messages.values())
    result = daemon.command("publish", "-", "--topic", TOPIC, stdin=lines)
    assert 0 == result.returncode, result.stderr
    return set(messages)


def _assert_refused(daemon: Daemon, words: str) -> None:
    """`monitor check` and `monitor publish` end with 1 and say why in a line, without a trace."""
    for command in (("check",), ("publish", "-", "--topic", TOPIC)):
        result = daemon.command(*command, stdin=b"{}")
        said = (result.stdout + result.stderr).decode()
        assert 1 == result.returncode, said
        assert words in said.splitlines()[-1]
        assert "Traceback" not in said
        assert SECRET not in said


def _wait_refused(daemon: Daemon, words: str) -> None:
    """Wait until the daemon has tried at least twice, and said why it is not let in."""

    def refusals() -> int:
        events = daemon.events()
        return sum(e["event"] == "broker-unavailable" and words in e["error"] for e in events)

    wait_until(lambda: daemon.alive() and refusals() >= 2, words)
    assert "Traceback" not in daemon.said()


def test_tweets_come_over_tls(
    start_mosquitto: StartMosquitto, make_daemon: MakeDaemon, certificates: Certificates
) -> None:
    """With the right certificates on both sides, daemon, check and publisher are let in."""
    broker = start_mosquitto(**certificates.listener, require_certificate="true")
    daemon = make_daemon(broker.port, **certificates.trust, **certificates.identity, **FAST)
    daemon.start()
    published = _publish(daemon)
    wait_balanced(daemon, published)
    check = daemon.command("check")

    assert 0 == check.returncode, check.stdout
    assert b"over TLS" in check.stdout


BrokerShows = Callable[[Certificates], trustme.LeafCert | trustme.CA]


@pytest.mark.parametrize(
    ("shown", "words"),
    [
        (lambda c: c.authority.issue_cert(HOST, **LONG_AGO), "has expired"),
        (lambda c: c.authority.issue_cert(HOST, **LONG_FROM_NOW), "clock right"),
        (lambda c: c.authority.issue_cert("elsewhere.example"), "[mqtt] host must be"),
        (lambda c: c.stranger, "self-signed certificate"),
        (lambda c: c.stranger.issue_cert(HOST), "[mqtt] ca_file must hold"),
    ],
    ids=["expired", "not-yet-valid", "other-host", "self-signed", "unknown-authority"],
)
def test_a_broker_with_a_bad_certificate_gets_nothing(
    start_mosquitto: StartMosquitto,
    make_daemon: MakeDaemon,
    certificates: Certificates,
    shown: BrokerShows,
    words: str,
) -> None:
    """Not even CONNECT, which holds the password; once it is renewed, the tweets come."""
    certificates.broker.hold(shown(certificates))
    broker = start_mosquitto(**certificates.listener)
    password = {"MONITOR_MQTT_USERNAME": "monitor", "MONITOR_MQTT_PASSWORD": SECRET}
    daemon = make_daemon(broker.port, **certificates.trust, **password, **FAST)
    daemon.start(ready=False)
    _wait_refused(daemon, words)
    _assert_refused(daemon, words)
    assert "New client connected" not in broker.log()

    broker.stop()
    certificates.broker.hold(certificates.authority.issue_cert(HOST))
    broker.start()
    wait_until(lambda: '"subscribed"' in daemon.said(), "subscription")
    wait_balanced(daemon, _publish(daemon))
    assert "New client connected" in broker.log()
    assert SECRET not in daemon.said()


@pytest.mark.parametrize(
    ("shown", "words"),
    [
        (None, "certificate required"),
        (
            lambda c: c.authority.issue_cert(common_name="monitor", **LONG_AGO),
            "certificate expired",
        ),
        (lambda c: c.stranger.issue_cert(common_name="monitor"), "unknown ca"),
    ],
    ids=["none", "expired", "unknown-authority"],
)
def test_a_broker_that_refuses_our_certificate_is_asked_again(
    start_mosquitto: StartMosquitto,
    make_daemon: MakeDaemon,
    certificates: Certificates,
    shown: Callable[[Certificates], trustme.LeafCert] | None,
    words: str,
) -> None:
    """It is said why; a renewed certificate is shown without a restart."""
    broker = start_mosquitto(**certificates.listener, require_certificate="true")
    daemon = make_daemon(broker.port, **certificates.trust, **FAST)
    if shown:
        certificates.ours.hold(shown(certificates))
        daemon.environment.update(certificates.identity)
    daemon.start(ready=False)
    _wait_refused(daemon, words)
    _assert_refused(daemon, words)

    if shown:
        certificates.ours.hold(certificates.authority.issue_cert(common_name="monitor"))
    else:
        assert 0 == daemon.stop()
        daemon.environment.update(certificates.identity)
        daemon.start()
    wait_until(lambda: '"subscribed"' in daemon.said(), "subscription")
    wait_balanced(daemon, _publish(daemon))


@pytest.mark.parametrize(("broker_tls", "words"), [(True, "[mqtt] port, tls"), (False, "no TLS")])
def test_the_wrong_port(
    start_mosquitto: StartMosquitto,
    make_daemon: MakeDaemon,
    certificates: Certificates,
    broker_tls: bool,
    words: str,
) -> None:
    """Whoever takes the port of TLS for the other one, or vice versa, is told so."""
    broker = start_mosquitto(**certificates.listener if broker_tls else {})
    daemon = make_daemon(broker.port, **({} if broker_tls else certificates.trust), **FAST)
    daemon.start(ready=False)
    _wait_refused(daemon, words)
    _assert_refused(daemon, words)

    assert 0 == daemon.stop()
    daemon.environment.update(certificates.trust if broker_tls else {"MONITOR_MQTT_TLS": "false"})
    if not broker_tls:
        del daemon.environment["MONITOR_MQTT_CA_FILE"]
    daemon.start()
    wait_balanced(daemon, _publish(daemon))


def test_a_key_with_a_passphrase_is_a_mistake(
    make_daemon: MakeDaemon, certificates: Certificates
) -> None:
    """Nobody is asked for it: every command names the file and ends with 2."""
    certificates.ours.lock()
    daemon = make_daemon(1, **certificates.trust, **certificates.identity)
    for command in (("run",), ("check",), ("publish", "-", "--topic", TOPIC)):
        result = daemon.command(*command)
        (line,) = (result.stdout + result.stderr).decode().splitlines()
        assert 2 == result.returncode, line
        assert f"[mqtt] key_file = '{certificates.ours.key}': has a passphrase" in line


@pytest.fixture
def guarded(start_mosquitto: StartMosquitto, tmp_path: Path) -> Mosquitto:
    """A broker that knows a monitor, which may read tweets, and a feed, which may write them."""
    passwords, rights = tmp_path / "passwords", tmp_path / "rights"
    passwords.write_text(f"monitor:{SECRET}\nfeed:{SECRET}\nvisitor:{SECRET}\n")
    passwords.chmod(0o600)
    subprocess.run(["mosquitto_passwd", "-U", str(passwords)], check=True)
    rights.write_text("user monitor\ntopic read tweets/#\nuser feed\ntopic write tweets/#\n")
    rights.chmod(0o600)
    return start_mosquitto(
        allow_anonymous="false",
        password_file=str(passwords),
        acl_file=str(rights),
        max_queued_messages="1000",  # with 0 it hangs up on whoever may not publish
    )


def _feed(broker: Mosquitto, user: str, count: int, start: int = 0) -> set[str]:
    """Publish as somebody, and return the ids."""
    sent = dict(tweets(count, start))
    settings = MqttSettings(host=HOST, port=broker.port, username=user, password=SECRET)
    with connected(settings) as publisher:
        publisher.publish(sent.values(), TOPIC, rate=0, qos=1)
    return set(sent)


def test_strangers_do_not_reach_the_daemon(
    guarded: Mosquitto, make_daemon: MakeDaemon, tmp_path: Path
) -> None:
    """What is published without the right to, before and after the feed, is not in the log."""
    password = tmp_path / "password"
    password.write_text(f"{SECRET}\n")
    password.chmod(0o600)
    credentials = {
        "MONITOR_MQTT_USERNAME": "monitor",
        "MONITOR_MQTT_PASSWORD_FILE": str(password),
    }
    daemon = make_daemon(guarded.port, **credentials, **FAST)
    daemon.start()
    _feed(guarded, "visitor", 10, start=100)
    _feed(guarded, "monitor", 10, start=200)
    published = _feed(guarded, "feed", 20)
    wait_balanced(daemon, published)
    _feed(guarded, "visitor", 10, start=300)
    published |= _feed(guarded, "feed", 20, start=20)
    wait_balanced(daemon, published)

    assert 0 == daemon.stop()
    assert_balanced(daemon, published)
    assert "secret-readable" not in daemon.said()
    assert SECRET not in daemon.said()


@pytest.mark.parametrize("password", ["", f"not-{SECRET}"])
def test_wrong_credentials_are_named_and_not_shown(
    guarded: Mosquitto, make_daemon: MakeDaemon, password: str
) -> None:
    """The daemon ends; check and publisher say the same."""
    credentials = {"MONITOR_MQTT_USERNAME": "monitor", "MONITOR_MQTT_PASSWORD": password}
    daemon = make_daemon(guarded.port, **credentials, MONITOR_LOG_LEVEL="debug")
    daemon.start(ready=False)
    assert daemon.process is not None

    assert 1 == daemon.process.wait(PATIENCE_S)
    assert "[mqtt] username, password" in daemon.said().splitlines()[-1]
    assert "Traceback" not in daemon.said()
    assert SECRET not in daemon.said()
    _assert_refused(daemon, "[mqtt] username, password")


def test_a_readable_password_is_warned_of(
    guarded: Mosquitto, make_daemon: MakeDaemon, tmp_path: Path
) -> None:
    """A password in a file that everybody may read is named at the start."""
    config = tmp_path / "my.toml"
    config.write_text(f"[mqtt]\nusername = 'monitor'\npassword = '{SECRET}'\n")
    config.chmod(0o644)
    daemon = make_daemon(guarded.port, **FAST)
    daemon.program = (*daemon.program, "--config", str(config))
    daemon.start()

    (warning,) = (e for e in daemon.events() if e["event"] == "secret-readable")
    assert (str(config), "0644") == (warning["file"], warning["mode"])
    assert SECRET not in daemon.said()


SABOTEUR: Final = """
import paho.mqtt.client
def connect(self, *args, **options):
    username, password = self._username, self._password
    raise RuntimeError("sabotage")
paho.mqtt.client.Client.connect = connect
from monitor.cli import main
main()
"""


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_a_trace_does_not_show_the_password(make_daemon: MakeDaemon, log_format: str) -> None:
    """A thread that dies with the password at hand is reported without it."""
    credentials = {"MONITOR_MQTT_USERNAME": "monitor", "MONITOR_MQTT_PASSWORD": SECRET}
    daemon = make_daemon(1, **credentials, MONITOR_LOG_FORMAT=log_format)
    del daemon.environment["PYTHONPATH"]  # if rich is there, it shows what variables hold
    daemon.program = (sys.executable, "-c", SABOTEUR, "run")
    daemon.start(ready=False)
    assert daemon.process is not None

    assert 1 == daemon.process.wait(PATIENCE_S)
    assert "sabotage" in daemon.said()
    assert SECRET not in daemon.said()


def test_a_subscription_that_is_denied_is_said(
    start_mosquitto: StartMosquitto, make_daemon: MakeDaemon, tmp_path: Path
) -> None:
    """The topic is named, and once the right is given, the tweets come."""
    plugin = next(Path("/usr/lib").glob("**/mosquitto_dynamic_security.so"), None)
    if plugin is None:
        message = "mosquitto's plugin dynamic_security is not installed (Debian's mosquitto has it)"
        if os.environ.get("MONITOR_REQUIRE_BROKER"):
            pytest.fail(message)
        pytest.skip(message)
    rights = tmp_path / "rights.json"

    def allow(*, subscribe: bool) -> None:
        access = {"publishClientSend": True, "publishClientReceive": True, "unsubscribe": True}
        rights.write_text(json.dumps({"defaultACLAccess": {**access, "subscribe": subscribe}}))

    allow(subscribe=False)
    broker = start_mosquitto(plugin=str(plugin), plugin_opt_config_file=str(rights))
    daemon = make_daemon(broker.port, **FAST)
    daemon.start(ready=False)
    _wait_refused(daemon, "subscription refused: tweets/#: Not authorized")
    broker.stop()
    allow(subscribe=True)
    broker.start()
    wait_until(lambda: '"subscribed"' in daemon.said(), "subscription")
    wait_balanced(daemon, _publish(daemon))
