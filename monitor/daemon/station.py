"""The daemon's parts under one configuration: made, started, watched, stopped."""

from __future__ import annotations

import os
import sqlite3
import sys
import time
from contextlib import ExitStack, closing, suppress
from functools import partial
from typing import Final

import structlog

from monitor.alerts.hooks import alerting
from monitor.daemon.control import Control
from monitor.daemon.notify import notify
from monitor.daemon.opening import open_store
from monitor.daemon.pipeline import Pipeline
from monitor.delivery import Source
from monitor.inference import Classifier, Model, passed_over
from monitor.inference.model import RETIRED
from monitor.metrics.exporter import Exporter
from monitor.metrics.measurements import Measurements, Serving
from monitor.mqtt import Broker, BrokerRefusedError, BrokerSession
from monitor.publishing import Announcer, Outbox, ResultsHook, announcements
from monitor.settings import Settings
from monitor.store import Store, StoreError
from monitor.tweets import Pseudonyms, load_key
from monitor.tweets.language.languages import detector

_DEFAULT_STALL_S: Final = 120.0
_LOOK_S: Final = 5.0
_LOOK_LEAVING_S: Final = 1.0
_EMPTY_S: Final = 5.0
"""When so long nothing came, with all acknowledged, the broker has nothing more for us."""


class Station:
    """The parts under one configuration: made, started, watched, stopped."""

    def __init__(
        self,
        settings: Settings,
        measurements: Measurements,
        control: Control,
        before: Station | None = None,
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
            if settings.model.runtime == "auto" and (why := passed_over(self.classifier.runtime)):
                structlog.get_logger().warning(
                    "runtime-passed-over", runtime=self.classifier.runtime, note=why
                )
            if model.languages and settings.model.other_languages == "store" and not detector():
                structlog.get_logger().warning(
                    "languages-not-detected",
                    note="fasttext-predict is not installed: a tweet's language is known only where"
                    " its message says it; others are labelled",
                )
            if before and before.settings.store.path == settings.store.path:
                self.store: Store = before.store
            else:
                self.store = made.enter_context(
                    closing(open_store(settings, [measurements], control))
                )
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
            control.fail(f"broker {mqtt.where} refuses us: {error} ({error.remedy})")

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
        self._source: Source = Broker(
            mqtt,
            settings.receive_maximum,
            self._pipeline.inbox.put,
            on_refused,
            self._pipeline.note_dropped,
            BrokerSession(expected=bool(known), stale_topics=sorted(known - set(mqtt.filters))),
            availability=settings.availability,
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
            connected=self._source.connected,
            configured=frozenset(entity.name.strip() for entity in settings.entities),
            entities=self._pipeline.entities,
        )
        self._pipeline.start()
        self._source.start()
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
        alerts = alerting(
            settings, self.classifier.model, outbox, self.store.adapting, self.store.due.set
        )
        if not self.store.prepare(partial(announcements.prepare, settings=settings)):
            self.store.set_hooks(alerts)
            return None
        results = [ResultsHook(outbox, settings.mqtt.client_id)] if settings.publish.results else []
        self.store.set_hooks([*results, *alerts, outbox])
        return Announcer(
            self.store.path,
            outbox,
            settings.topic,
            [entity.name for entity in settings.entities],
            with_sensors=settings.publish.sensors,
            is_connected=lambda: self._source.connected(),
        )

    def watch(self, control: Control) -> None:
        """Feed systemd's watchdog as long as the pipeline gets anywhere, until woken."""
        watchdog_s = int(os.environ.get("WATCHDOG_USEC", "0")) / 1e6
        stall_s = watchdog_s or _DEFAULT_STALL_S
        look_s = _LOOK_LEAVING_S if self.leaving else _LOOK_S
        while not control.wait(min(look_s, stall_s / 4)):
            stalled_s = self._pipeline.stalled_for(time.monotonic())
            if stalled_s < stall_s / 2:
                notify("WATCHDOG=1")
            elif not watchdog_s and stalled_s > stall_s:
                control.fail(f"no progress for {stalled_s:.0f} s")
            if self.leaving and self._source.idle_for(time.monotonic()) > _EMPTY_S:
                self._left = control.ending = True
                return

    def stop(self, timeout: float) -> None:
        """Finish what is being labelled and leave the rest to the broker; the log stays open."""
        drained = self._pipeline.stop(timeout)
        if self._announcer:
            self._announcer.flush()
        # With the session would go what came at the last moment.
        left = self._left and drained and self._source.idle_for(time.monotonic()) > 0
        self._source.close(forget=left)
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
            **({"fields_left_out": totals.left_out.total()} if totals.left_out else {}),
        )
        if not drained:
            # A stage hangs and would keep the process: what it holds is not acknowledged.
            log.error("not-drained")
            sys.stderr.flush()
            os._exit(1)
        self.classifier.close()
