"""From tweets a day to boards, brokers, and the limit that is reached first.

A fluid model: rates are means over the busiest hour, what comes in beyond what is labelled queues
at the broker, and boards of a group share the stream evenly, as measured. What a machine does is
measured (`make group`, `make bench`, `make wear`; docs/fleet.md); prices are for the owner to say.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

_DAY_S: Final = 86_400
_YEAR_DAYS: Final = 365.25

LOG_BYTES: Final = 580
"""Of the log, a labelled tweet (`tests.benchmarks.history`)."""
WRITTEN_BYTES: Final = 2_932
"""To the card, a tweet, once as much is pruned as comes in (`make wear`)."""
QUEUED_BYTES: Final = 1_024
"""Of the broker's memory, a queued tweet."""


@dataclass(frozen=True, slots=True)
class TweetStream:
    """What is to be labelled."""

    tweets_per_day: float
    peak: float
    """The busiest hour against the mean."""
    message_bytes: float
    """A tweet on the wire, topic and headers included."""

    @property
    def mean_per_s(self) -> float:
        """Tweets a second over the day."""
        return self.tweets_per_day / _DAY_S

    @property
    def peak_per_s(self) -> float:
        """Tweets a second in the busiest hour."""
        return self.mean_per_s * self.peak


@dataclass(frozen=True, slots=True)
class PlannedBoard:
    """One of the boards, all alike."""

    tweets_per_s: float
    """Drained from the broker to COMMIT, with all its cores."""
    disk_gb: float
    card_tb: float
    """Terabytes written that wear its card out."""
    price: float
    watts: float


@dataclass(frozen=True, slots=True)
class PlannedBroker:
    """One of the brokers, all alike."""

    messages_per_s: float
    """Taken in and passed on once, QoS 1."""
    link_mbit_per_s: float
    memory_gb: float
    """For what is queued."""


@dataclass(frozen=True, slots=True)
class Policy:
    """How much room is left, and for what."""

    utilisation: float
    """Of a processor or link in the busiest hour, at most."""
    spare_boards: int
    keep_days: float
    outage_minutes: float
    """Without any board, which the brokers have to bridge."""
    kwh_price: float


@dataclass(frozen=True, slots=True)
class Limit:
    """Something that is used up at some load."""

    name: str
    needed: float
    available: float
    unit: str
    holds_until: float
    """Tweets a day at which it is used up."""

    @property
    def used(self) -> float:
        """Share in use."""
        return self.needed / self.available


@dataclass(frozen=True, slots=True)
class Plan:
    """What a stream needs."""

    stream: TweetStream
    board: PlannedBoard
    broker: PlannedBroker
    policy: Policy
    boards: int
    """The spare ones included."""
    brokers: int
    limits: tuple[Limit, ...]
    """The first to give way first; disks and memory may be used beyond what there is."""
    keep_days: float
    """That fit on the boards' disks."""
    written_gb_per_day: float
    """By each board."""
    card_years: float
    """Until a board's card is worn out."""
    catch_up_minutes: float
    """After an outage of all boards, in the busiest hour; infinite if they never do."""
    price: float
    """Of the boards."""
    price_per_year: float
    """Of their energy."""

    @property
    def price_per_million(self) -> float:
        """Of a million tweets: the energy, and the boards over five years."""
        yearly = self.price / 5 + self.price_per_year
        return yearly / (self.stream.tweets_per_day * _YEAR_DAYS) * 1e6


def plan(stream: TweetStream, board: PlannedBoard, broker: PlannedBroker, policy: Policy) -> Plan:
    """Find how many boards and brokers a stream needs, and what gives way next.

    Boards are added until their processors suffice, brokers until processors and links do. A full
    disk or memory asks for a larger one, or to keep less, rather than for another machine: that
    they do not suffice is only told.
    """
    at_work = _units(stream.peak_per_s, board.tweets_per_s * policy.utilisation)
    kept_gb_per_day = stream.tweets_per_day * LOG_BYTES / 1e9
    # Each message passes a broker's link twice, once in each direction.
    mbit_per_s = stream.peak_per_s * stream.message_bytes * 8 / 1e6
    queued_gb = stream.peak_per_s * policy.outage_minutes * 60 * QUEUED_BYTES / 1e9
    brokers = max(
        _units(stream.peak_per_s, broker.messages_per_s * policy.utilisation),
        _units(mbit_per_s, broker.link_mbit_per_s * policy.utilisation),
    )

    def limit(name: str, needed: float, available: float, unit: str) -> Limit:
        holds = stream.tweets_per_day * available / needed if needed else math.inf
        return Limit(name, needed, available, unit, holds)

    limits = (
        limit("boards: processors", stream.peak_per_s, at_work * board.tweets_per_s, "tweets/s"),
        limit("boards: disks", kept_gb_per_day * policy.keep_days, at_work * board.disk_gb, "GB"),
        limit(
            "brokers: processors", stream.peak_per_s, brokers * broker.messages_per_s, "messages/s"
        ),
        limit("brokers: links", mbit_per_s, brokers * broker.link_mbit_per_s, "Mbit/s"),
        limit("brokers: memory in an outage", queued_gb, brokers * broker.memory_gb, "GB"),
    )
    boards = at_work + policy.spare_boards
    written = stream.tweets_per_day * WRITTEN_BYTES / boards
    left = boards * board.tweets_per_s - stream.peak_per_s
    return Plan(
        stream=stream,
        board=board,
        broker=broker,
        policy=policy,
        boards=boards,
        brokers=brokers,
        limits=tuple(sorted(limits, key=lambda limit: limit.holds_until)),
        keep_days=at_work * board.disk_gb / kept_gb_per_day,
        written_gb_per_day=written / 1e9,
        card_years=board.card_tb * 1e12 / (written * _YEAR_DAYS),
        catch_up_minutes=policy.outage_minutes * stream.peak_per_s / left if left > 0 else math.inf,
        price=boards * board.price,
        price_per_year=boards * board.watts / 1000 * 24 * _YEAR_DAYS * policy.kwh_price,
    )


def _units(needed: float, each: float) -> int:
    return max(1, math.ceil(needed / each))
