"""Our settings join a mosquitto's where nothing speaks against them; a real one reads them so."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from monitor.installing import shipped
from monitor.installing.mosquitto import configure, disagrees, see_port_free
from monitor.installing.places import Places
from monitor.installing.step import InstallError
from tests.processes import Mosquitto, free_port

DEBIANS = """\
# Place your local configuration in /etc/mosquitto/conf.d/
persistence true
persistence_location /var/lib/mosquitto/
log_dest file /var/log/mosquitto/mosquitto.log
include_dir /etc/mosquitto/conf.d
"""


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """A root with mosquitto's configuration as Debian ships it."""
    made = Places(tmp_path)
    made.broker.parent.mkdir(parents=True)
    made.mosquitto.write_text(DEBIANS)
    return made


def test_beside_debians(places: Places, start_mosquitto: Callable[..., Mosquitto]) -> None:
    """The settings are put where Debian's file includes them, and a mosquitto starts with them."""
    step = configure(places)
    assert step.do is not None
    step.do()
    # It listens where this test may.
    text = places.broker.read_text()
    places.broker.write_text(text.replace("listener 1883", f"listener {free_port()}"))
    broker = start_mosquitto(include_dir=str(places.broker.parent))

    assert "Error" not in broker.log()


@pytest.mark.parametrize(
    ("line", "allowed"),
    [
        ("log_type all", True),
        ("persistence true", True),
        ("persistence false", False),
        ("listener 8883", False),
        ("password_file /etc/mosquitto/passwords", False),
        ("allow_anonymous false", False),
        ("per_listener_settings true", False),
        ("max_queued_messages 10", False),
    ],
)
def test_settings_that_exclude_each_other(line: str, allowed: bool) -> None:
    """Ours must not undo somebody's access control, nor his bounds."""
    key, _, value = line.partition(" ")

    assert allowed is not disagrees(key, value, shipped.read(shipped.BROKER))


def test_the_line_is_named(places: Places) -> None:
    """What speaks against our settings is said with file, line and the way out."""
    own = places.broker.with_name("own.conf")
    own.write_text("# mine\n\n  password_file /etc/mosquitto/passwords\n")

    with pytest.raises(InstallError, match="--no-broker") as said:
        configure(places)
    assert str(said.value).startswith(f"{own}:3: `password_file /etc/mosquitto/passwords`")


def test_no_include(places: Places) -> None:
    """A configuration that includes nothing would not read ours."""
    places.mosquitto.write_text("persistence true\n")

    with pytest.raises(InstallError, match=r"`include_dir /etc/mosquitto/conf\.d`"):
        configure(places)


def test_no_configuration(places: Places) -> None:
    """A mosquitto that is configured elsewhere is left to its owner."""
    places.mosquitto.unlink()

    with pytest.raises(InstallError, match="--no-broker"):
        configure(places)


def test_ours_stays_whatever_came_later(places: Places) -> None:
    """Once our settings are there, what stands beside them is the owner's business."""
    step = configure(places)
    assert step.do is not None
    step.do()
    places.broker.with_name("own.conf").write_text("listener 8883\n")

    assert "keep" == configure(places).verb


def test_port_taken() -> None:
    """A port at which somebody listens is not free for mosquitto; any other is."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(InstallError, match=f"port {port} is taken .* --no-broker"):
            see_port_free(port)
    see_port_free(port)
