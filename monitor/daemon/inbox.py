"""A bounded queue that gives micro-batches: full, or as old as allowed. ``put`` never blocks."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Final, Generic, Protocol, TypeVar

from monitor.daemon.window import Window

ROOM_BYTES: Final = 32 * 2**20
"""Some 60,000 short tweets: mosquitto 2.0.11 sends whatever it has, of 65,535 messages at most."""


class Arrival(Protocol):
    """Anything with a time of arrival."""

    @property
    def arrived(self) -> float:
        """Monotonic seconds."""

    @property
    def weight(self) -> int:
        """Bytes of memory, about."""

    def resent(self) -> bool:
        """Whether its sender has sent it again since."""

    def make_room(self) -> None:
        """Tell its sender that there is room, after there was none for it."""


_T = TypeVar("_T", bound=Arrival)


class Inbox(Generic[_T]):
    """Items in, micro-batches out.

    The consumer is woken twice a batch, for its first item and when it is complete, rather than
    for every item: a wake-up costs more than the item.
    """

    def __init__(self, capacity: int, batch: int, delay: float, room: int = ROOM_BYTES) -> None:
        """Make an empty inbox.

        Args:
            capacity: items that there is room for, whatever they weigh.
            batch: items a batch at most.
            delay: seconds that a batch's first item waits at most for the others.
            room: bytes up to which there is room for more.
        """
        self._capacity, self._batch, self._delay, self._room = capacity, batch, delay, room
        self._items: deque[_T] = deque()
        self._weight = 0
        self._refused: set[Callable[[], None]] = set()
        self._closed = False
        self._window = Window(delay)
        self._taken = 0
        """Items that were given out and not acknowledged since."""
        self._changed = threading.Condition(threading.Lock())

    def __len__(self) -> int:
        return len(self._items)

    def put(self, item: _T) -> bool:
        """Add an item, if there is room for it.

        Returns:
            False if there is none: once there is, the item is told (``make_room``). What a closed
            inbox is given it drops, as all that it held.
        """
        with self._changed:
            if self._closed:
                return True
            while self._full() and self._items and self._items[0].resent():
                self._pop()
            if self._full():
                self._refused.add(item.make_room)
                return False
            self._items.append(item)
            self._weight += item.weight
            if len(self._items) in (1, self._window.size, self._batch):
                self._changed.notify()
            return True

    def answering(self, count: int) -> None:
        """Take note that so many of the items taken are about to be acknowledged."""
        with self._changed:
            self._taken -= count
            self._window.answering(self._taken + len(self._items), time.monotonic())

    def take(self, timeout: float) -> list[_T]:
        """Wait for a micro-batch.

        Args:
            timeout: seconds to wait for its first item.

        Returns:
            Its items in order of arrival, without those sent again since, which come once more;
            none, if none came in time or the inbox is closed.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._items or self._closed, timeout)
            if not self._items or self._closed:
                return []
            self._wait_for_company()
            if self._closed:
                return []
            taken = [self._pop() for _ in range(min(self._batch, len(self._items)))]
            refused = set[Callable[[], None]]()
            if not self._items:
                refused, self._refused = self._refused, refused
            fresh = [item for item in taken if not item.resent()]
            self._taken += len(fresh)
        for make_room in refused:
            make_room()
        return fresh

    def _wait_for_company(self) -> None:
        """Wait until a batch is full, its time is up, or no more can come before it is answered."""
        deadline = self._items[0].arrived + self._delay
        while len(self._items) < self._batch and not self._closed:
            now = time.monotonic()
            arrived = [item.arrived for item in self._items]
            if self._window.is_full(arrived, now):
                return
            if now >= deadline:
                self._window.closed_by_clock(arrived, now)
                return
            self._changed.wait(deadline - now)

    def _full(self) -> bool:
        return len(self._items) >= self._capacity and self._weight >= self._room

    def _pop(self) -> _T:
        item = self._items.popleft()
        self._weight -= item.weight
        return item

    def close(self) -> None:
        """Refuse further items and forget those not taken: their sender still has them."""
        with self._changed:
            self._closed = True
            self._items.clear()
            self._changed.notify_all()

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed
