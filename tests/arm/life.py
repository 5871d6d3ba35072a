"""The daemon's life on an emulated board, beside a broker and readers that are not emulated."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from monitor.verdict import POLARITIES
from tests.arm.agreement import Row
from tests.arm.board import Board
from tests.arm.tweets import Question
from tests.processes import Daemon, Mosquitto, wait_until

_TOPIC: Final = "tweets/demo"
_REPORT: Final = ("report", "--format", "json")
_PATIENCE_S: Final = 300.0
"""An emulated start alone takes 10 s on a machine with nothing else to do."""


class LifeError(Exception):
    """The daemon did not do what it should; the message says what."""


@dataclass(frozen=True, slots=True)
class Life:
    """What became of a daemon and its tweets."""

    checked: str
    """What ``monitor check`` said, a line a part."""
    rows: list[Row]
    """What the log holds, as ``monitor classify`` would say it, in order of the questions."""
    tweets: dict[str | None, int]
    """By entity, as ``monitor report`` tells it on the board and on this machine."""


def live(board: Board, questions: Sequence[Question], folder: Path) -> Life:
    """Start the daemon on the board, publish questions, wait for their labels, end it by SIGTERM.

    Broker and publisher run on this machine, the daemon on the board, ``monitor report`` on both.

    Args:
        board: with the package installed.
        questions: published at QoS 1, as fast as they go.
        folder: for broker, log and messages; must exist and be empty.

    Raises:
        LifeError: if a part fails its check, the daemon ends with another code than 0, or its log
            is not reported alike on both machines.
        AssertionError: if something does not happen in five minutes.
    """
    messages = folder / "messages.jsonl"
    messages.write_text("".join(f"{json.dumps(question)}\n" for question in questions), "utf-8")
    with _broker(folder / "mosquitto") as broker:
        daemon = Daemon(
            folder,
            {
                **board.variables,
                "MONITOR_MQTT_PORT": str(broker.port),
                "MONITOR_PRIVACY_STORE_TEXT": "full",  # to compare
                "MONITOR_MODEL_OTHER_LANGUAGES": "label",  # some tweets of the demonstration
            },
        )
        checked = _on_board(board, daemon, "check").decode()
        daemon.program = board.argv("-m", "monitor", "run")
        daemon.start(ready=False)
        try:
            wait_until(
                lambda: daemon.alive() and '"subscribed"' in daemon.said(), "ready", _PATIENCE_S
            )
            _succeeded(daemon.command("publish", str(messages), "--topic", _TOPIC))
            wait_until(
                lambda: daemon.alive() and daemon.stored() >= len(questions), "stored", _PATIENCE_S
            )
            assert daemon.process is not None
            daemon.process.send_signal(signal.SIGTERM)
            code = daemon.process.wait(_PATIENCE_S)
        finally:
            daemon.kill()
        if code or '"stopped"' not in daemon.said():
            raise LifeError(f"SIGTERM ended the daemon with {code}:\n{daemon.said()}")
        here = _standings(_succeeded(daemon.command(*_REPORT)))
        there = _standings(_on_board(board, daemon, *_REPORT))
        if not here or here != there:
            raise LifeError(f"the same log is reported here as {here}, on the board as {there}")
        return Life(checked, _rows(daemon), here)


@contextmanager
def _broker(folder: Path) -> Iterator[Mosquitto]:
    program = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin")
    if program is None:
        sys.exit("mosquitto is not installed (Debian: apt install mosquitto)")
    broker = Mosquitto(program, folder, {})
    broker.start()
    try:
        yield broker
    finally:
        broker.kill()


def _on_board(board: Board, daemon: Daemon, *arguments: str) -> bytes:
    run = subprocess.run(
        board.argv("-m", "monitor", *arguments),
        env=daemon.environment,
        cwd=daemon.folder,
        capture_output=True,
    )
    return _succeeded(run)


def _succeeded(run: subprocess.CompletedProcess[bytes]) -> bytes:
    if run.returncode:
        said = (run.stdout + run.stderr).decode()
        raise LifeError(f"{' '.join(run.args)} ended with {run.returncode}:\n{said}")
    return run.stdout


def _standings(report: bytes) -> dict[str | None, int]:
    return {found["entity"]: found["tweets"] for found in json.loads(report)["standings"]}


def _rows(daemon: Daemon) -> list[Row]:
    columns = ["reputation", "sentiment"]
    columns += [f"{task}_{polarity}" for task in columns for polarity in POLARITIES]
    found = daemon.rows(
        f"SELECT text, entity, {', '.join(columns)}"
        " FROM labels JOIN tweets ON tweets.id = tweet_id ORDER BY CAST(tweet_id AS INTEGER)"
    )
    return [_row(*values) for values in found]


def _row(text: str, entity: str, label: str, sentiment: str, *probabilities: float) -> Row:
    def answer(label: str, values: Sequence[float]) -> dict[str, Any]:
        return {"label": label, "probabilities": dict(zip(POLARITIES, values, strict=True))}

    count = len(POLARITIES)
    return {
        "text": text,
        "entity": entity or None,
        **answer(label, probabilities[:count]),
        "sentiment": answer(sentiment, probabilities[count:]),
    }
