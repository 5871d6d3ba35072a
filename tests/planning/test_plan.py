"""Boards, brokers and limits of a stream."""

import dataclasses
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.planning.plan import PlannedBoard, PlannedBroker, Policy, TweetStream, plan

STREAM = TweetStream(tweets_per_day=8.64e6, peak=2.0, message_bytes=500)
"""100 tweets a second, 200 in the busiest hour."""
BOARD = PlannedBoard(tweets_per_s=100, disk_gb=50.112, card_tb=10, price=50, watts=5)
BROKER = PlannedBroker(messages_per_s=1000, link_mbit_per_s=100, memory_gb=1)
POLICY = Policy(utilisation=0.5, spare_boards=1, keep_days=10, outage_minutes=30, kwh_price=0.2)

STREAMS = st.builds(
    TweetStream,
    tweets_per_day=st.floats(1, 1e9),
    peak=st.floats(1, 20),
    message_bytes=st.floats(50, 5000),
)


def test_by_hand() -> None:
    """200 tweets/s on boards that may do 50 of their 100: four, and a spare one."""
    found = plan(STREAM, BOARD, BROKER, POLICY)
    limits = {limit.name: limit for limit in found.limits}

    assert (5, 1) == (found.boards, found.brokers)
    assert 0.5 == limits["boards: processors"].used
    assert 1.728e7 == pytest.approx(limits["boards: processors"].holds_until)
    assert 0.8 == pytest.approx(limits["brokers: links"].needed)  # 200 * 500 * 8 bits
    assert 0.36864 == pytest.approx(limits["brokers: memory in an outage"].needed)
    assert 40.0 == pytest.approx(found.keep_days)  # 4 * 50.112 GB at 580 bytes a tweet
    assert 5.066496 == pytest.approx(found.written_gb_per_day)  # 8.64M * 2,932 bytes / 5 boards
    assert 20.0 == pytest.approx(found.catch_up_minutes)  # 360,000 tweets at 500 - 200 a second
    assert 250 == found.price
    assert 43.83 == pytest.approx(found.price_per_year)  # 25 W, 8,766 h


@given(STREAMS)
def test_nobody_works_more_than_allowed(stream: TweetStream) -> None:
    """Boards and brokers are within what they may do, and one fewer would not be."""
    found = plan(stream, BOARD, BROKER, POLICY)
    limits = {limit.name: limit for limit in found.limits}
    needed = found.boards - POLICY.spare_boards

    for name in ("boards: processors", "brokers: processors", "brokers: links"):
        assert limits[name].used <= POLICY.utilisation * (1 + 1e-9)
    if needed > 1:
        assert stream.peak_per_s > (needed - 1) * BOARD.tweets_per_s * POLICY.utilisation


@given(STREAMS)
def test_a_limit_is_reached_where_it_says(stream: TweetStream) -> None:
    """At the load at which the first gives way, what is needed is what there is."""
    first = plan(stream, BOARD, BROKER, POLICY).limits[0]
    grown = dataclasses.replace(stream, tweets_per_day=first.holds_until)
    there = {limit.name: limit for limit in plan(grown, BOARD, BROKER, POLICY).limits}

    assert first.available == pytest.approx(there[first.name].needed)


@given(STREAMS, st.floats(1, 100))
def test_more_tweets_never_need_less(stream: TweetStream, factor: float) -> None:
    """The law of growth."""
    more = dataclasses.replace(stream, tweets_per_day=stream.tweets_per_day * factor)
    small, large = (plan(one, BOARD, BROKER, POLICY) for one in (stream, more))

    assert small.boards <= large.boards
    assert small.brokers <= large.brokers
    assert small.price_per_year <= large.price_per_year


def test_boards_without_room_never_catch_up() -> None:
    """All of their time goes into what comes in meanwhile."""
    tight = dataclasses.replace(POLICY, utilisation=1.0, spare_boards=0)

    assert math.inf == plan(STREAM, BOARD, BROKER, tight).catch_up_minutes
