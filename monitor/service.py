"""The daemon's life: start in order, tell systemd, reload or end on a signal, exit with a code."""

from __future__ import annotations

import math
import os
import socket
import sqlite3
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing, suppress
from functools import partial
from pathlib import Path
from typing import Final

import structlog

from monitor import announcements, integrity, topics
from monitor.alerts.alerting import alerting
from monitor.announcer import Announcer
from monitor.broker import Broker
from monitor.classifier import Classifier
from monitor.connection import BrokerRefusedError, Session
from monitor.control import Control
from monitor.integrity import DamagedLogError, StoreError
from monitor.metrics.exporter import Exporter
from monitor.metrics.measurements import Measurements, Serving
from monitor.model import RETIRED, Model, ModelError
from monitor.outbox import Outbox, Results
from monitor.pipeline import Pipeline
from monitor.privacy import Pseudonyms, load_key
from monitor.settings import ConfigurationError, Settings
from monitor.store import Companion, Store

STOP_TIMEOUT_S: Final = 20.0
"""Less than the unit's TimeoutStopSec."""
_DEFAULT_STALL_S: Final = 120.0
_LOOK_S: Final = 1.0
_EMPTY_S: Final = 5.0
"""When so long nothing came, with all acknowledged, the broker has nothing more for us."""
_TELL_S: Final = 1.0
_MIGRATION_STALL_S: Final = 120.0
"""Of its steps one, the COMMIT, shows no progress: as long as a slow card takes for the log."""


class ServiceFailedError(Exception):
    """The daemon had to end; the message says why."""


class _Station:
    """The parts under one configuration: made, started, watched, stopped."""

    def __init__(
        self,
        settings: Settings,
        measurements: Measurements,
        control: Control,
        before: _Station | None = None,
        *,
        leaving: bool = False,
    ) -> None:
        """Make all parts and see that they work; nothing runs yet.

        Args:
            settings: the configuration.
            measurements: what counts for the process.
            control: asked whether to go on with what takes long.
            before: the station that runs; what is the same under both configurations is its own.
            leaving: take no new tweets, and end with the last that the broker has for us.

        Raises:
            ModelError, StoreError, OSError, ValueError: as for `run`; a migration that is told to
                stop ends with one of these.
        """
        self._began = time.monotonic()
        self.settings = settings
        self.leaving, self._left = leaving, False
        model = Model.load(settings.model.path)
        if RETIRED.get(settings.model.path) == model.name:
            structlog.get_logger().warning(
                "model-retired",
                configured=settings.model.path,
                model=model.name,
                note="it labels otherwise; set [model] path to its name, or to another's",
            )
        with ExitStack() as made:
            self.classifier = made.enter_context(
                Classifier(model, settings.model.workers, settings.model.runtime, settings.entities)
            )
            self.classifier.check()
            if before and before.settings.store.path == settings.store.path:
                self.store: Store = before.store
            else:
                self.store = made.enter_context(closing(_open(settings, [measurements], control)))
            if before and before.settings.metrics == settings.metrics:
                self.exporter: Exporter = before.exporter
            else:
                self.exporter = made.enter_context(
                    closing(Exporter(settings.metrics, measurements))
                )
            self._measurements = measurements
            self._pseudonyms = Pseudonyms(load_key(settings.key_path))
            made.pop_all()

    def start(self, control: Control) -> None:
        """Begin to take tweets. From here on the log belongs to the pipeline."""
        settings, mqtt = self.settings, self.settings.mqtt
        where = self._where

        def on_refused(error: BrokerRefusedError) -> None:
            control.fail(f"broker {where} refuses us: {error} ({error.remedy})")

        known = self.store.remember_topics(where, mqtt.client_id, mqtt.filters)
        self._announcer = self._make_announcer()
        self._pipeline = Pipeline(
            settings,
            self.classifier,
            self.store,
            self._pseudonyms,
            measurements=self._measurements,
            wait_for_room=self._announcer.wait_for_room if self._announcer else lambda _s: True,
        )
        self._broker = Broker(
            mqtt,
            settings.receive_maximum,
            self._pipeline.inbox.put,
            on_refused,
            self._pipeline.note_dropped,
            Session(expected=bool(known), stale_topics=sorted(known - set(mqtt.filters))),
            availability=(
                f"{settings.topic}/{topics.AVAILABILITY}" if settings.publish.availability else ""
            ),
            is_own=partial(announcements.is_own, settings),
            on_connected=self._announcer.connected if self._announcer else lambda _sender: None,
            leaving=self.leaving,
        )
        self._measurements.serving = Serving(
            model=self.classifier.model.name,
            model_version=self.classifier.model.version,
            runtime=self.classifier.runtime,
            task=settings.model.task,
            database=self.store.path,
            queue_depth=self._pipeline.inbox.__len__,
            connected=self._broker.subscribed.is_set,
            configured=frozenset(entity.name.strip() for entity in settings.entities),
            entities=self._pipeline.entities,
        )
        self._pipeline.start()
        self._broker.start()
        if self._announcer:
            self._announcer.start()
        self.exporter.start()
        structlog.get_logger().info(
            "ready",
            model=self.classifier.model.name,
            runtime=self.classifier.runtime,
            workers=self.classifier.workers,
            task=settings.model.task,
            database=settings.store.path,
            seconds=round(time.monotonic() - self._began, 2),
        )
        notify("READY=1")

    @property
    def _where(self) -> str:
        return f"{self.settings.mqtt.host}:{self.settings.mqtt.port}"

    def _make_announcer(self) -> Announcer | None:
        """Have what is to be published written with the labels; None if there is nothing."""
        settings = self.settings
        outbox = Outbox(settings.topic)
        alerts = alerting(settings, self.classifier.model, outbox)
        if not self.store.prepare(partial(announcements.prepare, settings=settings)):
            self.store.accompany(alerts)
            return None
        results = [Results(outbox, settings.mqtt.client_id)] if settings.publish.results else []
        self.store.accompany([*results, *alerts, outbox])
        return Announcer(
            self.store.path,
            outbox,
            settings.topic,
            [entity.name for entity in settings.entities],
            with_sensors=settings.publish.sensors,
            is_connected=lambda: self._broker.subscribed.is_set(),
        )

    def watch(self, control: Control) -> None:
        """Feed systemd's watchdog as long as the pipeline gets anywhere, until woken."""
        watchdog_s = int(os.environ.get("WATCHDOG_USEC", "0")) / 1e6
        stall_s = watchdog_s or _DEFAULT_STALL_S
        while not control.wait(min(_LOOK_S, stall_s / 4)):
            stalled_s = self._pipeline.stalled_for(time.monotonic())
            if stalled_s < stall_s / 2:
                notify("WATCHDOG=1")
            elif not watchdog_s and stalled_s > stall_s:
                control.fail(f"no progress for {stalled_s:.0f} s")
            if self.leaving and self._broker.idle_for(time.monotonic()) > _EMPTY_S:
                self._left = control.ending = True
                return

    def stop(self, timeout: float) -> None:
        """Finish what is being labelled and leave the rest to the broker; the log stays open."""
        drained = self._pipeline.stop(timeout)
        if self._announcer:
            self._announcer.flush()
        # With the session would go what came at the last moment.
        left = self._left and drained and self._broker.idle_for(time.monotonic()) > 0
        self._broker.close(forget=left)
        if left:
            self.store.forget_topics(self._where, self.settings.mqtt.client_id)
            structlog.get_logger().info("left", client_id=self.settings.mqtt.client_id)
        if self._announcer and drained:
            self._announcer.join()
            with suppress(sqlite3.Error, StoreError):  # then it is sent once more
                self.store.tidy()
        totals = self._pipeline.totals
        log = structlog.get_logger()
        log.info(
            "stopped",
            received=totals.received,
            labelled=totals.labelled,
            duplicates=totals.duplicates,
            rejected=totals.rejected,
        )
        if not drained:
            # A stage hangs and would keep the process: what it holds is not acknowledged.
            log.error("not-drained")
            sys.stderr.flush()
            os._exit(1)
        self.classifier.close()


def run(load: Callable[[], Settings], *, leave: bool = False) -> None:
    """Run the daemon until a signal ends it. Call from the main thread.

    On SIGHUP configuration and model are read anew: the new parts are made and checked beside the
    old ones, which go on if that fails; then one stops and the other starts. The broker keeps the
    session meanwhile, so no tweet is lost.

    Args:
        load: reads the configuration.
        leave: give up the subscriptions, label what the broker still has for us, have it end our
            session, and return.

    Raises:
        ConfigurationError: if it is wrong.
        ModelError: if the model cannot be used.
        StoreError: if the database cannot be used.
        OSError, ValueError: if the key of pseudonyms cannot be used, or metrics cannot be served.
        ServiceFailedError: if the broker refuses us, or a stage died or hangs.
    """
    control = Control()
    control.install()
    measurements = Measurements()
    try:
        station = _Station(load(), measurements, control, leaving=leave)
    except (StoreError, InterruptedError):
        if control.ending and not control.failures:  # asked to end, it stopped migrating
            return
        raise
    station.start(control)
    while following := _serve(station, control, load, measurements):
        station.stop(STOP_TIMEOUT_S)
        if following.store is not station.store:
            station.store.close()
        if following.exporter is not station.exporter:
            station.exporter.close()
        station = following
        station.start(control)
    notify("STOPPING=1")
    # With a stage dead, waiting for the others is in vain.
    station.stop(0.0 if control.failures else STOP_TIMEOUT_S)
    station.exporter.close()
    station.store.close(well=not control.failures)
    if control.damaged and station.settings.store.on_damage == "set-aside":
        _set_aside(station.store.path, control.failures[0])
    if control.failures:
        raise ServiceFailedError(control.failures[0])


def _serve(
    station: _Station,
    control: Control,
    load: Callable[[], Settings],
    measurements: Measurements,
) -> _Station | None:
    """Watch until the end, or until there is a new station to go on with."""
    while True:
        station.watch(control)
        control.rest()
        if control.ending:
            return None
        following = _reloaded(station, load, measurements, control)
        measurements.note_reload(taken_over=following is not None)
        if following:
            return following


def _reloaded(
    station: _Station, load: Callable[[], Settings], measurements: Measurements, control: Control
) -> _Station | None:
    """Make a new station, or say why not."""
    log = structlog.get_logger()
    notify(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")
    try:
        following = _Station(load(), measurements, control, station, leaving=station.leaving)
    except (ConfigurationError, ModelError, StoreError, OSError, ValueError) as error:
        # Not a traceback: what is wrong stands in the message, for people.
        log.error("reload-refused", error=str(error), note="going on as before")  # noqa: TRY400
        notify("READY=1")
        return None
    log.info("reloading", model=following.classifier.model.name)
    return following


def _open(settings: Settings, companions: Sequence[Companion], control: Control) -> Store:
    """Open the log; a damaged one is put aside first, if that is what its owner wants."""
    path = settings.store.path
    try:
        return Store(path, companions, _Migration(path, control).go_on)
    except DamagedLogError as error:
        if settings.store.on_damage == "refuse":
            raise
        _set_aside(Path(path), str(error))
        return Store(path, companions)


class _Migration:
    """Tells who waits for the start that an old log takes its time, as long as it gets on.

    A step is done or not begun, so it may be broken off: the next start goes on with it.
    """

    def __init__(self, path: str, control: Control) -> None:
        self._path = path
        self._control = control
        self._told = -math.inf

    def go_on(self, pending: Sequence[str]) -> None:
        if self._control.ending:
            raise InterruptedError(f"{self._path}: told to stop while it was migrated")
        now = time.monotonic()
        if self._told == -math.inf:
            structlog.get_logger().info("migrating", database=self._path, steps=list(pending))
        if now >= self._told + _TELL_S:
            self._told = now
            notify(f"EXTEND_TIMEOUT_USEC={round(1e6 * _MIGRATION_STALL_S)}")


def _set_aside(path: Path, why: str) -> None:
    aside = integrity.set_aside(path)
    structlog.get_logger().error("log-set-aside", error=why, kept_as=str(aside))


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
