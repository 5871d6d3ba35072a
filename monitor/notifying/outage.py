"""Something that may fail for days: said once for each cause, and again when it is over."""

from __future__ import annotations

import threading
import time


class Outage:
    """Whether one thing works, and what has been said of it; for several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._causes: set[str] = set()
        self._began = 0.0

    def is_news(self, why: str) -> bool:
        """Note that it fails, and return whether that is still to be said."""
        with self._lock:
            if why in self._causes:
                return False
            if not self._causes:
                self._began = time.monotonic()
            self._causes.add(why)
            return True

    def over(self) -> float | None:
        """Note that it works, and return after how many seconds, if it did not before."""
        with self._lock:
            if not self._causes:
                return None
            self._causes.clear()
            return round(time.monotonic() - self._began, 1)
