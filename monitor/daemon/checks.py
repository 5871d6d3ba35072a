"""``monitor check``: everything the daemon needs, looked at once, a line each."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TypeAlias

from monitor.console import counted
from monitor.inference import Classifier, Model, ModelError, passed_over
from monitor.inference.fitting import advice
from monitor.mqtt import BrokerRefusedError, probe
from monitor.planning import benchmark
from monitor.planning.room import measure, outlook
from monitor.settings import ConfigurationError, Settings, load
from monitor.store import Store, StoreError, open_log
from monitor.store.disk import free_bytes, nearest_folder, see_that_writable
from monitor.store.integrity import look_over, see_that_file
from monitor.store.reader import without_tables
from monitor.tweets import load_key
from monitor.tweets.language.languages import detector

Found: TypeAlias = tuple[str, str]
"""How a part is, and what is to be said of it."""


def run(config: Path | None, say: Callable[[str], object]) -> int:
    """Check all parts, also after one has failed, and return the exit code."""
    try:
        settings = load(config)
    except ConfigurationError as error:
        say(f"configuration  FAILED  {error}")
        return 2
    entities = counted(len(settings.entities), "entity", "entities")
    say(f"configuration  ok      {config or 'defaults'}, {entities}")
    failed = False
    parts = (("model", _model), ("database", _database), ("disk", _disk), ("broker", _broker))
    for name, part in parts:
        try:
            state, what = part(settings)
        except (ModelError, StoreError, BrokerRefusedError, OSError, ValueError) as error:
            failed = True
            state, what = "FAILED", str(error)
        say(f"{name:<13}  {state:<7} {what}")
    return 1 if failed else 0


def _model(settings: Settings) -> Found:
    model = Model.load(settings.model.path)
    with Classifier(
        model, workers=1, runtime=settings.model.runtime, entities=settings.entities
    ) as classifier:
        classifier.check()
        rate = benchmark.rate(classifier)
    better = advice(model.name, rate)
    other = passed_over(classifier.runtime) if settings.model.runtime == "auto" else None
    return "ok", (
        f"{model.name} {model.version} on {classifier.runtime}: hashes, labels and the known"
        f" tweet are right; some {rate:,.0f} tweets/s a core{f' ({better})' if better else ''}"
        f"{f'; {other}' if other else ''}; {_languages(model, settings)}"
    )


def _languages(model: Model, settings: Settings) -> str:
    """Say what becomes of tweets in languages that the model does not read."""
    if not model.languages or settings.model.other_languages == "label":
        return "tweets are labelled whatever their language"
    read = ", ".join(model.languages)
    unknown = "" if detector() else ", where messages say it: fasttext-predict is not installed"
    return f"tweets in other languages than {read} are stored without a label{unknown}"


def _database(settings: Settings) -> Found:
    """Look at the log, and bring it up to date; where there is none, none is made."""
    path = Path(settings.store.path)
    see_that_file(path)
    if not path.exists():
        return _missing(path, settings.key_path)
    if bare := without_tables(path):
        return "WARNING", bare
    store = Store(path)
    try:
        _look_at_key(settings.key_path, path)
        return "ok", f"{path}: {counted(store.tweets(), 'tweet')}"
    finally:
        store.close(fold_back=False)


def _missing(path: Path, key: Path) -> Found:
    """Say whether a log can be made where there is none.

    Raises:
        StoreError: if it cannot, or another log's write-ahead log is in its place.
    """
    look_over(path)
    folder = nearest_folder(path)
    if not folder.is_dir():
        raise StoreError(f"{path}: cannot be made: {folder} is no folder")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise StoreError(f"{path}: cannot be made: no permission to write in {folder}")
    _look_at_key(key, path)
    if folder == path.absolute().parent:
        return "ok", f"{path}: not there yet; `monitor run` makes it"
    return "WARNING", (
        f"{path}: not there yet, nor is its folder; `run` makes both. Is [store] path right?"
    )


def _look_at_key(key: Path, log: Path) -> None:
    """See that the key of pseudonyms can be read or, on first use, be made.

    Raises:
        OSError, ValueError: if not.
    """
    if key.exists():
        load_key(key)
    elif key.absolute().parent != log.absolute().parent and not os.access(key.parent, os.W_OK):
        raise OSError(f"{key}: the key of pseudonyms cannot be made there")


def _disk(settings: Settings) -> Found:
    """Say how long the disk lasts. That it will be full is no failure yet; that it is, is one."""
    path = Path(settings.store.path)
    see_that_writable(path)
    if not path.exists():
        return "ok", f"{free_bytes(path) / 1e9:,.1f} GB are free"
    try:
        with closing(open_log(path)) as log:
            lasts, line = outlook(measure(log, path), settings.store)
    except (StoreError, sqlite3.Error, OSError) as error:
        return "unknown", str(error)
    return "ok" if lasts else "WARNING", line


def _broker(settings: Settings) -> Found:
    mqtt = settings.mqtt
    try:
        seen = probe(mqtt, settings.availability)
    except OSError as error:
        raise OSError(f"{mqtt.where}: {error}") from error
    except BrokerRefusedError as error:
        raise BrokerRefusedError(f"{mqtt.where} refuses us: {error} ({error.remedy})") from error
    over = {"websockets": " over WebSockets"}.get(mqtt.transport, "")
    over += " with TLS" if over and mqtt.tls else " over TLS" if mqtt.tls else ""
    group = f", tweets shared in group {mqtt.group!r}" if mqtt.group else ""
    notes = "".join(f"; {note}" for note in seen.notes)
    return "ok", f"{mqtt.where} speaks MQTT {seen.version}{over}{group}{notes}"
