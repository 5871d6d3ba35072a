"""The demonstration: broker, publisher and daemon in one process, on invented tweets."""

from __future__ import annotations

import base64
import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

import click

from monitor.console import counted
from monitor.options import FiniteRange

_TOPIC: Final = "tweets/demo"
_PATIENCE_S: Final = 20.0
_RAW: Final = b'{"__raw_base64__"'
"""Begins a line that stands for bytes that no JSON lines file can hold."""

_COMMANDS: Final = ("report", "watch", "dashboard")
_QUERY: Final = "SELECT entity, label, text FROM labelled WHERE label = 'negative' LIMIT 5"


@click.command()
@click.option(
    "--rate", default=25.0, show_default=True, type=FiniteRange(1), help="Tweets a second."
)
def demo(rate: float) -> None:
    """Watch it work: invented tweets over MQTT, labelled offline, kept in SQLite.

    Broker, publisher and daemon run in this process, on a free loopback port. Needs the extra
    [demo]. The log stays where the last lines say.
    """
    try:
        import amqtt  # noqa: F401  (is it there?)
        import rich  # noqa: F401
    except ModuleNotFoundError as error:
        raise click.ClickException(
            f"{error.name} is missing; install the extra [demo]:"
            " pip install 'tweet-reputation-monitor[demo]'"
        ) from error
    _run(rate)


def _run(rate: float) -> None:
    from rich.console import Console

    from monitor.alerts.hooks import alerting
    from monitor.daemon import logs
    from monitor.daemon.pipeline import Pipeline
    from monitor.demo.embedded_broker import embedded_broker
    from monitor.demo.view import DemoView
    from monitor.inference import Classifier, Model
    from monitor.mqtt import Broker, BrokerRefusedError
    from monitor.mqtt.publisher import connected
    from monitor.publishing import Outbox
    from monitor.settings import load
    from monitor.store import Store
    from monitor.tweets import Pseudonyms, load_key

    folder = Path(__file__).parent
    payloads = list(_payloads(folder / "tweets.jsonl"))
    database = Path(tempfile.mkdtemp(prefix="monitor-demo-")) / "demo.db"
    refused: list[BrokerRefusedError] = []
    with embedded_broker() as port:
        settings = load(
            folder / "config.toml",
            {
                "MONITOR_MQTT_HOST": "127.0.0.1",
                "MONITOR_MQTT_PORT": str(port),
                "MONITOR_STORE_PATH": str(database),
                "MONITOR_LOG_LEVEL": "error",
            },
        )
        logs.configure(settings.log)
        view = DemoView(Console(), len(payloads))
        store = Store(database)
        model = Model.load(settings.model.path)
        store.set_hooks(
            alerting(settings, model, Outbox(settings.mqtt.client_id), due=store.due.set)
        )
        with Classifier(model, entities=settings.entities) as classifier:
            pseudonyms = Pseudonyms(load_key(settings.key_path))
            pipeline = Pipeline(settings, classifier, store, pseudonyms, view.add)
            broker = Broker(
                settings.mqtt, settings.receive_maximum, pipeline.inbox.put, refused.append
            )
            pipeline.start()
            broker.start()
            started = time.monotonic()
            try:
                if not broker.subscribed.wait(_PATIENCE_S):
                    raise click.ClickException(f"no subscription at the embedded broker {refused}")
                with connected(settings.mqtt) as publisher, view:
                    publishing = threading.Thread(
                        target=publisher.publish, args=(payloads, _TOPIC, rate, 1), daemon=True
                    )
                    publishing.start()
                    deadline = started + len(payloads) / rate + _PATIENCE_S
                    while pipeline.totals.received < len(payloads) and time.monotonic() < deadline:
                        time.sleep(0.1)
                        view.tick()
                elapsed = time.monotonic() - started
            finally:
                pipeline.stop(_PATIENCE_S)
                broker.close()
                store.close()
    _report(pipeline.totals.labelled, view.unread, len(payloads), elapsed, database)
    if pipeline.totals.received < len(payloads):
        raise click.ClickException(
            f"only {counted(pipeline.totals.received, 'message')} arrived in time"
        )


def _payloads(path: Path) -> Iterator[bytes]:
    for line in path.read_bytes().splitlines():
        if line.startswith(_RAW):
            yield base64.b64decode(json.loads(line)["__raw_base64__"])
        else:
            yield line


def _report(stored: int, unread: int, published: int, seconds: float, database: Path) -> None:
    from monitor.standings.report import alerts
    from monitor.standings.rise import risen
    from monitor.store import open_log

    labelled = stored - unread
    click.echo(f"labelled {labelled} of {published} tweets in {seconds:.1f} s; log: {database}")
    folder = Path(os.path.relpath(Path(sys.executable).parent))
    click.echo(
        f"\nOf the others {unread} are in other languages, which the model does not read; the rest"
        "\nwere duplicates or malformed (dead letters)."
    )
    with closing(open_log(database)) as connection:
        raised = alerts(connection, 0.0, time.time() + 1)
    for alert in raised[:1]:
        click.echo(f"\nALERT {alert.entity}: {risen(alert)}. What it is about:")
        click.echo(f"  {folder / 'monitor'} topics --alert 1 --database {database}")
    click.echo("\nTo try next:")
    for command in _COMMANDS:
        click.echo(f"  {folder / 'monitor'} {command} --database {database}")
    click.echo(f'  {folder / "sqlite-utils"} {database} "{_QUERY}" --table')
    click.echo("\nTo teach it what harms a brand (one minute, a key a tweet; its labels follow):")
    click.echo(f"  {folder / 'monitor'} label --database {database} --count 12")
