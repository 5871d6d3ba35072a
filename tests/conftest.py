"""What the tests share: the shipped model, a real broker, a real daemon process."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import hypothesis
import pytest

from monitor.inference import Classifier, Model
from monitor.inference.fitting import SMALL
from tests import warm
from tests.marked import reading_names
from tests.processes import OTHER_PYTHON, Daemon, Mosquitto
from tests.warm import IMPORTED_FIRST

_OURS = ("MONITOR_REQUIRE_BROKER", "MONITOR_REQUIRE_BROWSER", "MONITOR_TEST_MODEL")
"""Variables of the tests themselves: no test may skip; another model than the shipped one."""

# Times are told as the board's clock shows them, which must not depend on where tests run.
os.environ["TZ"] = "UTC"
time.tzset()

# Time limits on single examples would make a busy machine fail. `make studies` tries more of them.
hypothesis.settings.register_profile("monitor", deadline=None, max_examples=40)
hypothesis.settings.register_profile("studies", deadline=None, max_examples=150)
hypothesis.settings.register_profile("quick", deadline=None, max_examples=15)
hypothesis.settings.load_profile("monitor")

# A shell's background jobs ignore Ctrl-C, and so would the processes that the tests interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


STARTED_BY: Final = {"start_mosquitto", "mosquitto", "make_daemon", "other_python"}
"""Fixtures that start processes."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that start processes: by a fixture, or with a module that can."""
    for item in items:
        module = vars(item.module) if isinstance(item, pytest.Function) else {}
        starts = {"subprocess", "multiprocessing", "pty", "popen"} & module.keys()
        starts |= {"run"} if module.get("run") is warm.run else set()
        if starts or STARTED_BY.intersection(getattr(item, "fixturenames", ())):
            item.add_marker("process")


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings of whoever runs the tests must not leak into them."""
    for name in list(os.environ):
        if name.startswith("MONITOR_") and name not in _OURS:
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def other_python() -> Path:
    """The Python of the environment that has tflite-runtime instead of LiteRT."""
    if not OTHER_PYTHON.exists():
        if sys.version_info >= (3, 12):
            pytest.skip("tflite-runtime has no wheels for Python 3.12 and newer")
        pytest.fail("run `make .venv-tflite-runtime/.ready` first (`make test` does)")
    return OTHER_PYTHON


@pytest.fixture(scope="session")
def model_path() -> str:
    """The small shipped model's name: most tests are about the way of a tweet, not its label."""
    return os.environ.get("MONITOR_TEST_MODEL", SMALL)


@pytest.fixture(scope="session")
def model(model_path: str) -> Model:
    """The shipped model."""
    return Model.load(model_path)


@pytest.fixture(scope="session")
def names_model(model: Model, tmp_path_factory: pytest.TempPathFactory) -> Model:
    """The same network, given text and name as they are."""
    return reading_names(model, tmp_path_factory.mktemp("model") / "names")


@pytest.fixture(scope="session")
def classifier(model: Model) -> Iterator[Classifier]:
    """The shipped model in two interpreters."""
    with Classifier(model, workers=2) as pool:
        yield pool


@pytest.fixture
def start_mosquitto(tmp_path: Path) -> Iterator[Callable[..., Mosquitto]]:
    """Start real brokers on free loopback ports; they end with the test."""
    program = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        message = "mosquitto is not installed (Debian: apt install mosquitto)"
        if os.environ.get("MONITOR_REQUIRE_BROKER"):
            pytest.fail(message)
        pytest.skip(message)
    brokers: list[Mosquitto] = []

    def start(**options: str) -> Mosquitto:
        broker = Mosquitto(program, tmp_path / f"mosquitto-{len(brokers)}", options)
        brokers.append(broker)
        broker.start()
        return broker

    yield start
    for broker in brokers:
        broker.kill()


@pytest.fixture
def mosquitto(start_mosquitto: Callable[..., Mosquitto]) -> Mosquitto:
    """A real broker that lets everybody in."""
    return start_mosquitto()


@pytest.fixture
def make_daemon(tmp_path: Path, model_path: str) -> Iterator[Callable[..., Daemon]]:
    """Make daemons of their own process, with a configuration and a log in the test's folder."""
    daemons: list[Daemon] = []

    def make(port: int, **environment: str) -> Daemon:
        daemon = Daemon(
            tmp_path,
            {
                "MONITOR_MQTT_PORT": str(port),
                "MONITOR_MODEL_PATH": model_path,
                "MONITOR_BATCH_MAX_DELAY_MS": "10",  # rather than seconds, for the tests' sake
                "PYTHONPATH": IMPORTED_FIRST,
                **environment,
            },
        )
        daemons.append(daemon)
        return daemon

    yield make
    for daemon in daemons:
        daemon.kill()
