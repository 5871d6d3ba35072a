"""A message as it arrived, and the protocol of the source that it came from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

from monitor.clock import Moment

OVERHEAD_BYTES: Final = 512
"""What a delivery takes beside its payload."""


def never() -> bool:
    """For what is not sent a second time, such as QoS 0."""
    return False


def nothing() -> None:
    """For what needs no acknowledgement, such as QoS 0: the sender has forgotten it already."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message as it arrived."""

    topic: str
    payload: bytes
    """At most one byte over ``max_payload_bytes``, so that oversize is detectable."""
    size: int
    """Bytes of the payload before it was cut."""
    arrived: float
    """Monotonic seconds."""
    received: Moment
    acknowledge: Callable[[], None] = field(repr=False)
    """Tell the sender that it may forget the message."""
    resent: Callable[[], bool] = field(repr=False, default=never)
    """Whether the sender, asked again on a later connection, sends it a second time."""
    make_room: Callable[[], None] = field(repr=False, default=nothing)
    """Say that there is room again, after there was none for it."""

    @property
    def weight(self) -> int:
        """Bytes of memory, about."""
        return len(self.payload) + OVERHEAD_BYTES


class Source(Protocol):
    """Where deliveries come from: it gives each to the inbox, and starts anew when it is lost."""

    def start(self) -> None:
        """Begin to connect, in a thread of its own."""

    def connected(self) -> bool:
        """Whether what is sent to us now arrives."""

    def idle_for(self, now: float) -> float:
        """Return for how many seconds nothing has come and nothing is unacknowledged.

        ``now`` is in monotonic seconds. 0.0 where it is not connected.
        """

    def close(self, *, forget: bool = False) -> None:
        """End; ``forget``: the sender is to keep nothing more for us."""
