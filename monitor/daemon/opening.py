"""The store opened for a daemon: an old one is migrated, a damaged one put aside."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import structlog

from monitor.daemon.control import Control
from monitor.daemon.notify import notify
from monitor.settings import Settings
from monitor.store import DamagedLogError, Store, TransactionHook, integrity

_TELL_S: Final = 1.0
_MIGRATION_STALL_S: Final = 120.0
"""Of its steps one, the COMMIT, shows no progress: as long as a slow card takes for the log."""


def open_store(settings: Settings, hooks: Sequence[TransactionHook], control: Control) -> Store:
    """Open the log; a damaged one is put aside first, if that is what its owner wants."""
    path = settings.store.path
    try:
        return Store(path, hooks, _Migration(path, control).go_on)
    except DamagedLogError as error:
        if settings.store.on_damage == "refuse":
            raise
        put_aside(Path(path), str(error))
        return Store(path, hooks)


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


def put_aside(path: Path, why: str) -> None:
    """Rename a damaged store and what belongs to it; say so."""
    aside = integrity.set_aside(path)
    structlog.get_logger().error("log-set-aside", error=why, kept_as=str(aside))
