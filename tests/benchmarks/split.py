"""Where the daemon's CPU time goes: its parts in this process, with a clock on each thread."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, TypeVar

from tokenizers import Encoding

from monitor.daemon.pipeline import Pipeline
from monitor.inference import Classifier, Interpreter, Model
from monitor.mqtt import Broker
from monitor.settings import load
from monitor.store import Store
from monitor.store.rows import Batch, Stored
from monitor.tweets import Pseudonyms
from monitor.verdict import Pair, Verdict
from tests.processes import Daemon, Mosquitto, wait_until

_T = TypeVar("_T")

_spent: defaultdict[str, float] = defaultdict(float)
"""Part to CPU seconds; each key is only ever written by one thread at a time."""
_lock = threading.Lock()


def _timed(part: str, action: Callable[[], _T]) -> _T:
    started = time.thread_time()
    result = action()
    with _lock:
        _spent[part] += time.thread_time() - started
    return result


class _TimedClassifier(Classifier):
    def tokenize(self, pairs: Sequence[Pair]) -> list[Encoding]:
        return _timed("tokenizer", lambda: super(_TimedClassifier, self).tokenize(pairs))

    def infer(self, encodings: Sequence[Encoding], interpreter: Interpreter) -> list[Verdict]:
        return _timed(
            "interpreter", lambda: super(_TimedClassifier, self).infer(encodings, interpreter)
        )


class _TimedStore(Store):
    def write_all(self, batches: Sequence[Batch]) -> list[Stored]:
        return _timed("SQLite", lambda: super(_TimedStore, self).write_all(batches))


def cpu_split(program: str, folder: Path, path: Path, count: int, model: str) -> dict[str, float]:
    """Drain a backlog and return microseconds of CPU time a tweet, by part."""
    folder.mkdir()
    broker = Mosquitto(program, folder / "mosquitto", {})
    broker.start()
    environment = {"MONITOR_MQTT_PORT": str(broker.port), "MONITOR_MODEL_PATH": model}
    try:
        daemon = Daemon(folder, environment)
        daemon.start()  # makes the session
        daemon.stop()
        daemon.command("publish", str(path), "--topic", "tweets/bench", patience=600)
        settings = load(None, {**environment, "MONITOR_MQTT_HOST": "127.0.0.1"})
        store = _TimedStore(folder / "split.db")
        with _TimedClassifier(Model.load(model)) as classifier:
            pipeline = Pipeline(settings, classifier, store, Pseudonyms(bytes(32)))
            client = Broker(
                settings.mqtt, settings.receive_maximum, pipeline.inbox.put, lambda _error: None
            )
            before = time.process_time()
            pipeline.start()
            client.start()
            wait_until(lambda: pipeline.totals.received >= count, "backlog drained", 600, every=0.2)
            threads = {prefix: _cpu_of(prefix) for prefix in _THREADS}
            total = time.process_time() - before
            pipeline.stop(10)
            client.close()
        store.close()
    finally:
        broker.kill()
    parts = {
        "interpreter": _spent["interpreter"],
        "tokenizer": _spent["tokenizer"],
        "around them": threads["classify"] - _spent["interpreter"] - _spent["tokenizer"],
        "MQTT": threads["paho"],
        "SQLite": _spent["SQLite"],
        "writer": threads["writer"] - _spent["SQLite"],
        "collector": threads["collector"],
    }
    parts["rest"] = total - sum(parts.values())
    return {part: round(1e6 * spent / count, 1) for part, spent in parts.items()}


_THREADS: Final = ("classify", "collector", "paho", "writer")
"""How the names of the daemon's threads begin."""


def _cpu_of(prefix: str) -> float:
    """CPU seconds of the living threads whose names begin so."""
    return sum(
        time.clock_gettime(time.pthread_getcpuclockid(thread.ident))
        for thread in threading.enumerate()
        if thread.ident is not None and thread.name.startswith(prefix)
    )
