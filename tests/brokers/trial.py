"""The ledger against one broker: what arrives, what does not, and what the daemon says of it."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from monitor.mqtt.publisher import connected
from monitor.settings import MqttSettings
from tests.brokers.running import Running
from tests.faults.ledger import TOPIC, rejects, stored, tweets
from tests.listener import listening
from tests.processes import Daemon, wait_until
from tests.warm import IMPORTED_FIRST

_COUNT: Final = 60
_COMMAND_S: Final = 120.0
_TOLD_S: Final = 5.0
_SETTLE_S: Final = 60.0
_QUIET_S: Final = 40.0
"""After so long without another tweet nothing more is expected (NATS sends again after 30 s)."""


@dataclass
class Findings:
    """What one broker does."""

    version: str = ""
    """Of MQTT, as the daemon was taken."""
    check: str = ""
    killed: str = ""
    """The daemon by ``kill -9``, in the middle of a flow."""
    away: str = ""
    """Tweets that came while the daemon was away."""
    restarted: str = ""
    """Tweets that waited when the broker was restarted."""
    back: str = ""
    """The daemon's connection after a restart of the broker."""
    group: str = ""
    availability: str = ""
    said: Counter[str] = field(default_factory=Counter)
    """Warnings and errors of the daemon, over all of it."""
    faults: list[str] = field(default_factory=list)
    """What no broker may lead to: a tweet twice, or one that nobody published."""


class Trial:
    """Daemons and a broker in a folder."""

    def __init__(self, broker: Running, folder: Path) -> None:
        """Prepare; `run` does it."""
        self._broker, self._folder = broker, folder
        self._number = 0
        self._daemons: list[Daemon] = []
        self.findings = Findings()

    def run(self) -> Findings:
        """Do all of it, and end what was started."""
        try:
            self._broker.start()
            self._alone()
            self._group()
        finally:
            for daemon in self._daemons:
                daemon.kill()
            self._broker.stop()
        return self.findings

    def _daemon(self, name: str, **environment: str) -> Daemon:
        folder = self._folder / name
        folder.mkdir()
        daemon = Daemon(
            folder,
            {
                "MONITOR_MQTT_PORT": str(self._broker.port),
                "MONITOR_MQTT_CLIENT_ID": name,
                "MONITOR_MQTT_USERNAME": self._broker.login[0],
                "MONITOR_MQTT_PASSWORD": self._broker.login[1],
                "MONITOR_MODEL_PATH": "small",
                "MONITOR_MODEL_WORKERS": "1",
                "MONITOR_BATCH_MAX_TWEETS": "8",
                "MONITOR_BATCH_MAX_DELAY_MS": "10",
                "MONITOR_PRIVACY_STORE_TEXT": "full",
                "MONITOR_PRIVACY_KEY_FILE": str(self._folder / "key"),
                "PYTHONPATH": IMPORTED_FIRST,
                **environment,
            },
        )
        self._daemons.append(daemon)
        return daemon

    def _publish(self) -> set[str]:
        first, self._number = self._number, self._number + _COUNT
        messages = [*tweets(_COUNT - 3, first), *rejects(3, first)]
        username, password = self._broker.login
        settings = MqttSettings(
            "127.0.0.1", self._broker.port, username=username, password=password
        )
        with connected(settings) as publisher:
            publisher.publish((payload for _, payload in messages), TOPIC, rate=200, qos=1)
        return {id_ for id_, _ in messages}

    def _alone(self) -> None:
        found = self.findings
        daemon = self._daemon("alone", MONITOR_PUBLISH_RESULTS="true")
        found.check = daemon.command("check", patience=_COMMAND_S).stdout.decode().splitlines()[-1]
        daemon.start()
        sent = self._publish()
        daemon.wait_stored(1)
        daemon.kill()
        sent |= self._publish()
        daemon.start()
        found.killed = self._outcome([daemon], sent)
        found.availability = self._availability("alone/availability")
        subscribed = [event for event in daemon.events() if event["event"] == "subscribed"]
        found.version = str(subscribed[-1]["mqtt"])

        daemon.stop()
        sent = self._publish()
        daemon.start()
        found.away = self._outcome([daemon], sent)

        daemon.stop()
        sent = self._publish()
        self._broker.stop()
        self._broker.start()
        daemon.start()
        found.restarted = self._outcome([daemon], sent)

        times = daemon.said().count('"subscribed"')
        self._broker.stop()
        self._broker.start()
        wait_until(lambda: daemon.said().count('"subscribed"') > times, "back", 90)
        time.sleep(1)
        found.back = self._outcome([daemon], self._publish())
        daemon.stop()
        self._note(daemon)

    def _availability(self, topic: str) -> str:
        """Whether a home that subscribes now is told, by the topic's name or by a wildcard."""
        told = []
        port, login = self._broker.port, self._broker.login
        for filter_ in (topic, "alone/#"):
            with listening(port, filter_, once=True, login=login) as listener:
                deadline = time.monotonic() + _TOLD_S
                while not listener.on(topic) and time.monotonic() < deadline:
                    time.sleep(0.05)
                told.append(listener.on(topic)[-1:] == ["online"])
        return {(True, True): "yes", (True, False): "by its full name"}.get(
            (told[0], told[1]), "no"
        )

    def _group(self) -> None:
        found = self.findings
        boards = [self._daemon(name, MONITOR_MQTT_GROUP="boards") for name in ("one", "two")]
        checked = boards[0].command("check", patience=_COMMAND_S).stdout.decode().splitlines()[-1]
        if "ok" not in checked.split()[:2]:
            found.group = "refused" if "shared subscriptions" in checked else checked
            return
        for board in boards:
            board.start()
        sent = self._publish()
        outcome = self._outcome(boards, sent)
        share = [len(set(stored(board)) & sent) for board in boards]
        found.group = f"{outcome} ({' + '.join(map(str, share))})"
        for board in boards:
            board.stop()
            self._note(board)

    def _outcome(self, daemons: list[Daemon], sent: set[str]) -> str:
        """Wait until everything has come, or nothing more does; say how much."""

        def counts() -> Counter[str]:
            return Counter(id_ for daemon in daemons for id_ in stored(daemon))

        deadline = time.monotonic() + _SETTLE_S
        before, since = -1, time.monotonic()
        while time.monotonic() < deadline:
            came = len(sent & counts().keys())
            if came != before:
                before, since = came, time.monotonic()
            if came == len(sent) or (came and time.monotonic() - since > _QUIET_S):
                break
            time.sleep(0.1)
        counted = counts()
        twice = [id_ for id_ in sent if counted[id_] > 1]
        if twice:
            self.findings.faults.append(f"{len(twice)} stored twice, e.g. {twice[0]}")
        came = len(sent & counted.keys())
        return "all" if came == len(sent) else f"{came} of {len(sent)}" if came else "none"

    def _note(self, daemon: Daemon) -> None:
        self.findings.said.update(
            event["event"] for event in daemon.events() if event["level"] in ("warning", "error")
        )
