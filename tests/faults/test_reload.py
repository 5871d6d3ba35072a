"""``systemctl reload``: another configuration, another model, and no tweet lost on the way."""

from __future__ import annotations

import hashlib
import shutil
import signal
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from monitor.inference import Model
from tests.faults.ledger import assert_balanced, publish, tweets, wait_balanced
from tests.processes import Daemon, Mosquitto, wait_until

MakeDaemon = Callable[..., Daemon]


@pytest.fixture
def configured(
    mosquitto: Mosquitto, make_daemon: MakeDaemon, model: Model, tmp_path: Path
) -> Daemon:
    """A daemon whose configuration is a file and whose model is a copy of the shipped one."""
    shutil.copytree(model.folder, tmp_path / "model")
    daemon = make_daemon(mosquitto.port)
    for name in ("MONITOR_MODEL_PATH",):
        del daemon.environment[name]
    daemon.program = [*daemon.program, "--config", "config.toml"]
    _configure(daemon)
    return daemon


def _configure(daemon: Daemon, more: str = "", mqtt: str = "") -> None:
    (daemon.folder / "config.toml").write_text(
        f'[mqtt]\n{mqtt}\n[model]\npath = "model"\n[batch]\nmax_delay_ms = 10\n{more}\n'
    )


def _reload(daemon: Daemon, event: str) -> None:
    """Send SIGHUP and wait until an event is told once more."""
    assert daemon.process is not None
    before = daemon.said().count(f'"{event}"')
    daemon.process.send_signal(signal.SIGHUP)
    wait_until(lambda: daemon.said().count(f'"{event}"') > before, event)
    assert daemon.alive()


def test_a_new_configuration_is_taken_over(configured: Daemon, mosquitto: Mosquitto) -> None:
    """Entities added to the file are matched after a reload, in the same process."""
    configured.start()
    published = publish(mosquitto.port, tweets(3))
    wait_balanced(configured, published)
    assert configured.process is not None
    process = configured.process.pid
    _configure(configured, '[[entities]]\nname = "Acme"')
    _reload(configured, "subscribed")
    published |= publish(mosquitto.port, tweets(3, 3))
    wait_balanced(configured, published)

    assert [(None, 3), ("Acme", 3)] == configured.rows(
        "SELECT entity, count(*) FROM labelled GROUP BY entity"
    )
    assert configured.process.pid == process
    assert 0 == configured.stop()


def test_no_tweet_is_lost(configured: Daemon, mosquitto: Mosquitto) -> None:
    """Reloaded again and again in the middle of a flood, the ledger balances."""
    configured.start()
    published: set[str] = set()
    for number in range(4):
        published |= publish(mosquitto.port, tweets(400, 400 * number))
        _reload(configured, "subscribed")
    wait_balanced(configured, published)
    assert "session-lost" not in configured.said()
    assert 0 == configured.stop()
    assert_balanced(configured, published)


def test_another_model_takes_over(configured: Daemon, mosquitto: Mosquitto) -> None:
    """A model folder replaced by rename labels what comes after the reload, and not before."""
    configured.start()
    published = publish(mosquitto.port, tweets(5))
    wait_balanced(configured, published)
    folder = configured.folder
    shutil.copytree(folder / "model", folder / "next")
    old = Model.load(folder / "next")
    # The same network under another hash: a flatbuffer may end with bytes that nobody reads.
    (folder / "next" / "model.tflite").write_bytes(old.flatbuffer + bytes(16))
    digest = hashlib.sha256(old.flatbuffer + bytes(16)).hexdigest()
    card = folder / "next" / "model.toml"
    card.write_text(
        card.read_text()
        .replace(old.sha256, digest)
        .replace(f'version = "{old.version}"', 'version = "next"')
    )
    (folder / "model").rename(folder / "previous")
    (folder / "next").rename(folder / "model")
    published |= publish(mosquitto.port, tweets(5, 5))
    wait_balanced(configured, published)
    _reload(configured, "subscribed")
    published |= publish(mosquitto.port, tweets(5, 10))
    wait_balanced(configured, published)

    assert [(old.version, 10), ("next", 5)] == configured.rows(
        "SELECT m.version, count(*) FROM labels AS l JOIN models AS m ON m.id = l.model_id"
        " GROUP BY m.id"
    )


@pytest.mark.parametrize("what", ["configuration", "model"])
def test_what_is_wrong_is_refused(configured: Daemon, mosquitto: Mosquitto, what: str) -> None:
    """A wrong key or a damaged model: said with its name, and the daemon goes on as before."""
    configured.start()
    if what == "configuration":
        _configure(configured, "max_tweet = 3")
    else:
        with (configured.folder / "model" / "model.tflite").open("r+b") as file:
            file.truncate(1000)
    _reload(configured, "reload-refused")
    published = publish(mosquitto.port, tweets(5))
    wait_balanced(configured, published)

    (refused,) = (e for e in configured.events() if e["event"] == "reload-refused")
    assert {"configuration": "max_tweets", "model": "model.tflite"}[what] in refused["error"]
    assert 1 == configured.said().count('"ready"')
    assert 0 == configured.stop()


def test_topics_no_longer_wanted_are_given_up(configured: Daemon) -> None:
    """A filter removed from the file is removed from the broker's session, and stays so."""
    _configure(configured, mqtt='topics = ["tweets/#", "more/#"]')
    configured.start()
    _configure(configured, mqtt='topics = ["tweets/#"]')
    _reload(configured, "subscribed")
    for topic in ("more/x", "tweets/x"):
        line = f'{{"id": "{topic}", "text": "Acme is great"}}'.encode()
        assert (
            0
            == configured.command(
                "publish", "-", "--topic", topic, "--config", "config.toml", stdin=line
            ).returncode
        )
    configured.wait_stored(1)
    configured.stop()

    assert [("tweets/x",)] == configured.rows("SELECT id FROM tweets")


def test_another_log_takes_over(configured: Daemon, mosquitto: Mosquitto) -> None:
    """Another path is another file, opened before the old one is closed."""
    first = configured.database
    del configured.environment["MONITOR_STORE_PATH"]
    _configure(configured, '[store]\npath = "monitor.db"')
    configured.start()
    wait_balanced(configured, publish(mosquitto.port, tweets(3)))
    _configure(configured, '[store]\npath = "second.db"')
    configured.database = first.with_name("second.db")
    _reload(configured, "subscribed")
    wait_balanced(configured, publish(mosquitto.port, tweets(3, 3)))

    assert 0 == configured.stop()
    assert not Path(f"{first}-wal").exists()


def test_systemd_is_told(configured: Daemon, tmp_path: Path) -> None:
    """RELOADING=1 with the time, then READY=1 again; also when the reload is refused."""
    address = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(address))
        systemd.settimeout(30)
        configured.environment["NOTIFY_SOCKET"] = str(address)
        configured.start()

        def heard() -> str:
            while (word := systemd.recv(100).decode()) == "WATCHDOG=1":
                pass
            return word.partition("\n")[0]

        assert "READY=1" == heard()
        _reload(configured, "subscribed")
        assert ["RELOADING=1", "READY=1"] == [heard(), heard()]
        _configure(configured, "nonsense")
        _reload(configured, "reload-refused")
        assert ["RELOADING=1", "READY=1"] == [heard(), heard()]
        assert 0 == configured.stop()
        assert "STOPPING=1" == heard()
