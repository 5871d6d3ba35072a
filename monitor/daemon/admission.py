"""Which entities labels are stored under by name: those configured, and so many others.

Messages, topics and other boards' results name whom they like. Each name costs rows in every
hour of the log, and time and memory wherever entities are counted, so all beyond a limit share
one. A name that was taken keeps its place as long as the log counts labels under it, so the log
itself remembers, over restarts, which those are.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from typing import Final, TypeAlias

import structlog

from monitor.store import StoreError
from monitor.tweets import MAX_NAME_CHARS, OTHERS
from monitor.tweets.names import RESERVED, folded, reserved

_LOOK_S: Final = 86_400.0
"""How often it is looked whether places have become free, once there are none."""

Look: TypeAlias = Callable[[Collection[str], int], Sequence[str]]
"""Reads names that the log counts labels under: at most so many, besides some that are known.

Raises `StoreError` if it cannot be read."""


class Admission:
    """Gives places to names in the order in which they come. Belongs to one thread, but `names`."""

    def __init__(
        self,
        configured: Iterable[str],
        limit: int,
        look: Look = lambda _besides, _most: (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Give their places to the names that are in the log already.

        Args:
            configured: names that always have a place.
            limit: how many others have one.
            look: reads the log; asked now, and once a day while there are more names than places.
            clock: seconds.

        Raises:
            StoreError: as `look` does.
        """
        self._configured = frozenset(configured)
        self._limit = limit
        self._look = look
        self._clock = clock
        self._recent: list[str] = []
        self._spellings: dict[str, str] = {}
        self._placed: set[str] = set()
        self._looked = -_LOOK_S
        self._told = False
        self.names: frozenset[str] = frozenset()
        """Entities stored by name; replaced, never changed, so that other threads may read it."""
        self._renew()

    def heeds(self, name: str) -> bool:
        """Whether a message that gives a name names an entity at all."""
        return self._limit > 0 or name in self._configured

    def stored(self, name: str) -> str:
        """Return what a label is stored under, and give a new name a place if there is one.

        Another spelling (`names.folded`) is no new name: the one that came first stays.
        """
        if not name or name in self._placed:
            return name
        if len(name) > MAX_NAME_CHARS or (key := folded(name)) in RESERVED:
            return OTHERS
        if key not in self._spellings and self._full():
            self._look_again()
        if spelling := self._spellings.get(key):
            return spelling
        if self._full():
            self._tell()
            return OTHERS
        self._admit(name)
        self._recent.append(name)
        self.names = frozenset(self._placed)
        return name

    def _full(self) -> bool:
        return len(self._placed) - len(self._configured) >= self._limit

    def _admit(self, name: str) -> None:
        self._spellings.setdefault(folded(name), name)
        self._placed.add(name)

    def _look_again(self) -> None:
        """See whether places have become free, as by the pruning of what names were counted."""
        if self._clock() - self._looked >= _LOOK_S:
            with suppress(StoreError):  # tomorrow, then
                self._renew()

    def _renew(self) -> None:
        """Give all places anew: first to names so recent that the log may not have them yet."""
        self._looked = self._clock()
        found = self._look(self._configured, self._limit) if self._limit else ()
        recent, self._recent = self._recent, []
        self._spellings, self._placed = {}, set()
        for name in sorted(self._configured):
            self._admit(name)
        for name in (*recent, *found):
            if not self._full() and not reserved(name) and folded(name) not in self._spellings:
                self._admit(name)
        self.names = frozenset(self._placed)

    def _tell(self) -> None:
        if self._told or not self._limit:
            return
        self._told = True
        structlog.get_logger().warning(
            "too-many-entities",
            limit=self._limit,
            note=f'further names are counted as "{OTHERS}"; see max_named_entities',
        )
