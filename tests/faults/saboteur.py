"""The real daemon with faults in it: ``python -m tests.faults.saboteur before-commit=3 slow=50``.

Each fault wraps a function of the product inside the daemon's own process; the rest is the command
``monitor run``. Where a fault is a kill, its number says at which time of its step.
"""

from __future__ import annotations

import ctypes
import itertools
import os
import re
import signal
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from paho.mqtt.client import Client

from monitor import cli
from monitor.daemon import service, station, writer
from monitor.daemon.collector import Collector
from monitor.daemon.inbox import Inbox
from monitor.daemon.job import Item
from monitor.daemon.pipeline import Pipeline
from monitor.daemon.writer import Writer
from monitor.delivery import Delivery
from monitor.inference import Classifier, Interpreter, Model
from monitor.publishing import announcer, outbox
from monitor.store import Store, adapting
from monitor.store.adapting import Adapting

if TYPE_CHECKING:
    from tests.processes import Daemon

MARK: Final = "zzpoison"
"""Stands in the texts that the faults ``raise``, ``hang`` and ``die-…`` are about."""
HANGING: Final = "saboteur: inference hangs"


@contextmanager
def sabotaged(daemon: Daemon, *faults: str) -> Iterator[None]:
    """Have what is started here run with faults."""
    plain = daemon.program
    daemon.program = (sys.executable, "-m", __name__, *faults)
    try:
        yield
    finally:
        daemon.program = plain


def _nothing(*_args: object) -> None: ...


def _wrap(
    owner: type, name: str, after: Callable[..., object], before: Callable[..., object] = _nothing
) -> None:
    """Do something before or after every call of a method, with its arguments."""
    original = getattr(owner, name)

    def wrapped(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  (any method)
        before(*args)
        result = original(*args, **kwargs)
        after(*args)
        return result

    setattr(owner, name, wrapped)


def _kill(*_args: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _nth(number: float, act: Callable[..., object] = _kill) -> Callable[..., None]:
    """Count calls, and act at one of them."""
    calls = itertools.count(1)

    def step(*args: Any) -> None:  # noqa: ANN401  (of any function)
        if next(calls) == number:
            act(*args)

    return step


def _trace(on_statement: Callable[[str], object]) -> None:
    """Be told of every statement that SQLite is about to execute."""
    original = sqlite3.connect

    def connect(*args: Any, **kwargs: Any) -> sqlite3.Connection:  # noqa: ANN401  (as the original)
        connection: sqlite3.Connection = original(*args, **kwargs)
        connection.set_trace_callback(on_statement)
        return connection

    setattr(sqlite3, "connect", connect)  # noqa: B010  (mypy holds on to the original's type)


def _statement(number: float) -> None:
    """Die before a statement that changes the file: in preparation, in a migration, later."""
    step = _nth(number)
    changes = re.compile(r"\s*(CREATE|ALTER|DROP|INSERT|UPDATE|DELETE|COMMIT|PRAGMA \w+ =)")
    _trace(lambda sql: step() if changes.match(sql) else None)


def _before_commit(number: float, of: str = "INSERT INTO batches") -> None:
    """Die inside the transaction of a batch, or of another statement, its rows written."""
    step = _nth(number)
    there = threading.Event()

    def on_statement(sql: str) -> None:
        if sql.startswith(of):
            there.set()
        elif sql == "COMMIT" and there.is_set():
            there.clear()
            step()

    _trace(on_statement)


def _acknowledged(number: float) -> None:
    """Die when the first acknowledgement of a batch is on its way, and the others are not."""
    committed = threading.Event()

    def after_ack(client: Client, *_args: object) -> None:
        if committed.is_set():
            # Give it time to leave; not for ever, for the network thread may wait for the writer.
            deadline = time.monotonic() + 0.2
            while client.want_write() and time.monotonic() < deadline:
                time.sleep(0.001)
            _kill()

    _wrap(Store, "write_all", _nth(number, lambda *_args: committed.set()))
    _wrap(Client, "ack", after_ack)


def _draining(number: float) -> None:
    """Die after a COMMIT that follows SIGTERM."""
    stopping = threading.Event()
    step = _nth(number)
    _wrap(Pipeline, "stop", _nothing, before=lambda *_args: stopping.set())
    _wrap(Store, "write_all", lambda *_args: step() if stopping.is_set() else None)


def _on_mark(act: Callable[[], object]) -> None:
    """Act when the interpreter is about to run a group with a marked text in it."""
    marked: set[tuple[int, ...]] = set()
    tokenize = Classifier.tokenize

    def remember(self: Classifier, pairs: Any) -> Any:  # noqa: ANN401  (as the original)
        encodings = tokenize(self, pairs)
        marked.update(
            tuple(e.ids) for (text, _), e in zip(pairs, encodings, strict=True) if MARK in text
        )
        return encodings

    def before(_interpreter: Interpreter, input_ids: Any, _types: object) -> None:  # noqa: ANN401
        if any(tuple(row[row > 0].tolist()) in marked for row in input_ids):
            act()

    setattr(Classifier, "tokenize", remember)  # noqa: B010  (mypy: a method is not assigned to)
    _wrap(Interpreter, "__call__", _nothing, before)


def _raise() -> None:
    raise RuntimeError("the saboteur's")


def _hang() -> None:
    os.write(2, f"{HANGING}\n".encode())
    threading.Event().wait()


def _segfault() -> None:
    """End as a fault in a native library ends it: at once, by reading where there is nothing."""
    ctypes.string_at(0)


def _die_reading(_collector: Collector, delivery: Delivery) -> None:
    if MARK.encode() in delivery.payload:
        _kill()


def _die_writing(_writer: Writer, item: Item, _verdicts: object) -> None:
    if MARK in item.tweet.text:
        _kill()


def _set(owner: ModuleType, name: str, value: float) -> None:
    """Shorten somebody's patience."""
    assert hasattr(owner, name)
    setattr(owner, name, value)


_FAULTS: Final[dict[str, Callable[[float], object]]] = {
    # SIGKILL at the n-th …
    "received": lambda n: _wrap(Inbox, "put", _nth(n)),
    "statement": _statement,
    "before-commit": _before_commit,
    "before-taught": lambda n: _before_commit(n, "INSERT INTO adaptations"),
    "after-taught": lambda n: _wrap(Adapting, "fit", _nth(n)),
    "before-relabelled": lambda n: _before_commit(n, "UPDATE adaptations SET todo"),
    "after-relabelled": lambda n: _wrap(Adapting, "_step", _nth(n)),
    "after-commit": lambda n: _wrap(Store, "write_all", _nth(n)),
    "acknowledged": _acknowledged,
    "draining": _draining,
    "drained": lambda n: _wrap(Pipeline, "stop", _nth(n)),
    # Inference
    "raise": lambda _: _on_mark(_raise),
    "hang": lambda _: _on_mark(_hang),
    "die-labelling": lambda _: _on_mark(_segfault),
    "die-reading": lambda _: _wrap(Collector, "_read", _nothing, _die_reading),
    "die-writing": lambda _: _wrap(Writer, "_row", _nothing, _die_writing),
    "slow": lambda ms: _wrap(Interpreter, "__call__", lambda *_args: time.sleep(ms / 1000)),
    # A signal before the daemon is ready
    "signal": lambda number: _wrap(Model, "load", lambda *_args: os.kill(os.getpid(), int(number))),
    # Less patience, for the tests' sake
    "stop-timeout": lambda seconds: _set(service, "STOP_TIMEOUT_S", seconds),
    "stall": lambda seconds: _set(station, "_DEFAULT_STALL_S", seconds),
    "minute": lambda seconds: _set(writer, "_MINUTE_S", seconds),
    "quiet": lambda seconds: _set(adapting, "QUIET_S", seconds),
    "outbox": lambda messages: _set(outbox, "MOST", int(messages)),
    "silence": lambda seconds: _set(announcer, "_SILENCE_S", seconds),
}


def main() -> None:
    """Arm the faults named on the command line and run the daemon."""
    for fault in sys.argv[1:]:
        name, _, number = fault.partition("=")
        _FAULTS[name](float(number or 1))
    cli.main(["run"])


if __name__ == "__main__":
    main()
