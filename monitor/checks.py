"""``monitor check``: everything the daemon needs, looked at once, a line each."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from monitor import benchmark
from monitor.broker import probe
from monitor.classifier import Classifier
from monitor.connection import BrokerRefusedError
from monitor.fitting import advice
from monitor.integrity import StoreError
from monitor.model import Model, ModelError
from monitor.privacy import load_key
from monitor.reader import open_log
from monitor.room import measure, outlook
from monitor.settings import ConfigurationError, Settings, load
from monitor.store import Store


def run(config: Path | None, say: Callable[[str], object]) -> int:
    """Check all parts, also after one has failed, and return the exit code."""
    try:
        settings = load(config)
    except ConfigurationError as error:
        say(f"configuration  FAILED  {error}")
        return 2
    say(f"configuration  ok      {config or 'defaults'}, {len(settings.entities)} entities")
    failed = False
    for name, part in (("model", _model), ("database", _database), ("broker", _broker)):
        try:
            outcome = f"ok      {part(settings)}"
        except (ModelError, StoreError, BrokerRefusedError, OSError, ValueError) as error:
            failed = True
            outcome = f"FAILED  {error}"
        say(f"{name:<13}  {outcome}")
        if name == "database":
            say(f"{'disk':<13}  {_disk(settings)}")
    return 1 if failed else 0


def _model(settings: Settings) -> str:
    model = Model.load(settings.model.path)
    with Classifier(
        model, workers=1, runtime=settings.model.runtime, entities=settings.entities
    ) as classifier:
        classifier.check()
        rate = benchmark.rate(classifier)
    better = advice(model.name, rate)
    return (
        f"{model.name} {model.version} on {classifier.runtime}: hashes, labels and the known"
        f" tweet are right; some {rate:,.0f} tweets/s a core{f' ({better})' if better else ''}"
    )


def _database(settings: Settings) -> str:
    store = Store(settings.store.path)
    try:
        load_key(settings.key_path)
        return f"{settings.store.path}: {store.tweets()} tweets"
    finally:
        store.close(fold_back=False)


def _disk(settings: Settings) -> str:
    """Say how long the disk lasts. That it will be full is no failure yet."""
    path = Path(settings.store.path)
    try:
        with closing(open_log(path)) as log:
            lasts, line = outlook(measure(log, path), settings.store)
    except (StoreError, sqlite3.Error, OSError) as error:
        return f"unknown  {error}"
    return f"{'ok     ' if lasts else 'WARNING'} {line}"


def _broker(settings: Settings) -> str:
    mqtt = settings.mqtt
    try:
        version = probe(mqtt)
    except OSError as error:
        raise OSError(f"{mqtt.host}:{mqtt.port}: {error}") from error
    except BrokerRefusedError as error:
        raise BrokerRefusedError(
            f"{mqtt.host}:{mqtt.port} refuses us: {error} ({error.remedy})"
        ) from error
    group = f", tweets shared in group {mqtt.group!r}" if mqtt.group else ""
    return f"{mqtt.host}:{mqtt.port} speaks MQTT {version}{' over TLS' if mqtt.tls else ''}{group}"
