"""The daemon's life: start in order, tell systemd, end on a signal, exit with a code."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Final

import structlog

from monitor.broker import Broker, BrokerRefusedError
from monitor.classifier import Classifier
from monitor.model import Model
from monitor.pipeline import Pipeline
from monitor.privacy import Pseudonyms, load_key
from monitor.settings import Settings
from monitor.store import Store

STOP_TIMEOUT_S: Final = 20.0
"""Less than the unit's TimeoutStopSec."""
_DEFAULT_STALL_S: Final = 120.0
_LOOK_S: Final = 1.0


class ServiceFailedError(Exception):
    """The daemon had to end; the message says why."""


def key_path(settings: Settings) -> Path:
    """Where the key of pseudonyms lies: as set, or beside the log."""
    return Path(settings.privacy.key_file or settings.store.path + ".key")


def run(settings: Settings) -> None:
    """Run the daemon until a signal ends it. Call from the main thread.

    Raises:
        ModelError: if the model cannot be used.
        StoreError: if the database cannot be used.
        PermissionError, ValueError: if the key of pseudonyms cannot be used.
        ServiceFailedError: if the broker refuses us, or a stage died or hangs.
    """
    log = structlog.get_logger()
    started = time.monotonic()
    ended = threading.Event()
    failures: list[str] = []

    def fail(why: str) -> None:
        failures.append(why)
        ended.set()

    def on_signal(number: int, _frame: FrameType | None) -> None:
        if ended.is_set():  # asked twice: now
            os._exit(128 + number)
        ended.set()

    def on_thread_death(args: threading.ExceptHookArgs) -> None:
        log.error("thread-died", thread=args.thread and args.thread.name, exc_info=args.exc_value)
        fail(f"{args.thread and args.thread.name}: {args.exc_value!r}")

    def on_refused(error: BrokerRefusedError) -> None:
        mqtt = settings.mqtt
        fail(f"broker {mqtt.host}:{mqtt.port} refuses us: {error} (see [mqtt] username, password)")

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    threading.excepthook = on_thread_death

    model = Model.load(settings.model.path)
    store = Store(settings.store.path)
    pseudonyms = Pseudonyms(load_key(key_path(settings)))
    with Classifier(model, settings.model.workers, settings.model.runtime) as classifier:
        classifier.check()
        pipeline = Pipeline(settings, classifier, store, pseudonyms)
        broker = Broker(settings.mqtt, settings.receive_maximum, pipeline.inbox.put, on_refused)
        pipeline.start()
        broker.start()
        log.info(
            "ready",
            model=model.name,
            runtime=classifier.runtime,
            workers=classifier.workers,
            task=settings.model.task,
            database=settings.store.path,
            seconds=round(time.monotonic() - started, 2),
        )
        notify("READY=1")
        _watch(ended, pipeline, fail)
        notify("STOPPING=1")
        # With a stage dead, waiting for the others is in vain.
        drained = pipeline.stop(0.0 if failures else STOP_TIMEOUT_S)
        broker.close()
        totals = pipeline.totals
        log.info(
            "stopped",
            received=totals.received,
            labelled=totals.labelled,
            duplicates=totals.duplicates,
            rejected=totals.rejected,
        )
        if not drained:
            # A stage hangs and would keep the process: what it holds is not acknowledged.
            log.error("not-drained", failures=failures)
            sys.stderr.flush()
            os._exit(1)
    store.close()
    if failures:
        raise ServiceFailedError(failures[0])


def _watch(ended: threading.Event, pipeline: Pipeline, fail: Callable[[str], None]) -> None:
    """Feed systemd's watchdog as long as the pipeline gets anywhere."""
    watchdog_s = int(os.environ.get("WATCHDOG_USEC", "0")) / 1e6
    stall_s = watchdog_s or _DEFAULT_STALL_S
    while not ended.wait(min(_LOOK_S, stall_s / 4)):
        stalled_s = pipeline.stalled_for(time.monotonic())
        if stalled_s < stall_s / 2:
            notify("WATCHDOG=1")
        elif not watchdog_s and stalled_s > stall_s:
            fail(f"no progress for {stalled_s:.0f} s")


def notify(state: str) -> None:
    """Tell systemd, if it is there (sd_notify(3)): one datagram to ``$NOTIFY_SOCKET``."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):  # abstract namespace
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as notification:
        try:
            notification.sendto(state.encode(), address)
        except OSError as error:
            structlog.get_logger().warning("notify-failed", error=str(error))
