"""A bounded queue that gives micro-batches: full, or as old as allowed."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import Generic, Protocol, TypeVar


class Arrival(Protocol):
    """Anything with a time of arrival."""

    @property
    def arrived(self) -> float:
        """Monotonic seconds."""

    def resent(self) -> bool:
        """Whether its sender has sent it again since."""


_T = TypeVar("_T", bound=Arrival)


class Inbox(Generic[_T]):
    """Items in, micro-batches out.

    The consumer is woken twice a batch, for its first item and when it is complete, rather than
    for every item: a wake-up costs more than the item.
    """

    def __init__(self, capacity: int, batch: int, delay: float) -> None:
        """Make an empty inbox.

        Args:
            capacity: items held at most; `put` blocks beyond.
            batch: items a batch at most.
            delay: seconds that a batch's first item waits at most for the others.
        """
        self._capacity, self._batch, self._delay = capacity, batch, delay
        self._items: deque[_T] = deque()
        self._closed = False
        lock = threading.Lock()
        self._changed = threading.Condition(lock)
        self._room = threading.Condition(lock)

    def __len__(self) -> int:
        return len(self._items)

    def put(self, item: _T) -> bool:
        """Add an item, waiting for room.

        Returns:
            Whether it was taken; not, once closed.
        """
        with self._room:
            while len(self._items) >= self._capacity and not self._closed:
                # Else the sender, busy with sending again, would find no room for it, for ever.
                # All of them, for what stayed would come after what is put now.
                while self._items and self._items[0].resent():
                    self._items.popleft()
                if len(self._items) >= self._capacity:
                    self._room.wait()
            if self._closed:
                return False
            self._items.append(item)
            if len(self._items) in (1, self._batch):
                self._changed.notify()
            return True

    def take(self, timeout: float) -> list[_T]:
        """Wait for a micro-batch.

        Args:
            timeout: seconds to wait for its first item.

        Returns:
            Its items in order of arrival; none, if none came in time or the inbox is closed.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._items or self._closed, timeout)
            if not self._items or self._closed:
                return []
            deadline = self._items[0].arrived + self._delay
            while len(self._items) < self._batch and not self._closed:
                remaining = deadline - time.monotonic()
                if remaining <= 0:
                    break
                self._changed.wait(remaining)
            if self._closed:
                return []
            taken = [self._items.popleft() for _ in range(min(self._batch, len(self._items)))]
            self._room.notify_all()
            return taken

    def close(self) -> None:
        """Refuse further items and forget those not taken: their sender still has them."""
        with self._changed:
            self._closed = True
            self._items.clear()
            self._changed.notify_all()
            self._room.notify_all()

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed
