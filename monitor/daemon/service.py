"""The daemon's life: start in order, tell systemd, reload or end on a signal, exit with a code."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

import structlog

from monitor.daemon.control import Control
from monitor.daemon.notify import notify
from monitor.daemon.opening import put_aside
from monitor.daemon.station import Station
from monitor.inference import ModelError
from monitor.metrics.measurements import Measurements
from monitor.settings import ConfigurationError, Settings
from monitor.store import StoreError

STOP_TIMEOUT_S: Final = 20.0
"""Seconds for a shutdown; must be less than TimeoutStopSec in systemd/monitor.service."""


class ServiceFailedError(Exception):
    """The daemon had to end; the message says why."""


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
        station = Station(load(), measurements, control, leaving=leave)
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
        put_aside(station.store.path, control.failures[0])
    if control.failures:
        raise ServiceFailedError(control.failures[0])


def _serve(
    station: Station,
    control: Control,
    load: Callable[[], Settings],
    measurements: Measurements,
) -> Station | None:
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
    station: Station, load: Callable[[], Settings], measurements: Measurements, control: Control
) -> Station | None:
    """Make a new station, or say why not."""
    log = structlog.get_logger()
    notify(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")
    try:
        following = Station(load(), measurements, control, station, leaving=station.leaving)
    except (ConfigurationError, ModelError, StoreError, OSError, ValueError) as error:
        # Not a traceback: what is wrong stands in the message, for people.
        log.error("reload-refused", error=str(error), note="going on as before")  # noqa: TRY400
        notify("READY=1")
        return None
    log.info("reloading", model=following.classifier.model.name)
    return following
