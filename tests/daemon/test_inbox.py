"""``monitor.daemon.inbox``: nothing lost, nothing out of order, nobody waits longer than agreed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TypeVar

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from monitor.daemon.inbox import Inbox

LONG_S = 10.0
"""Longer than any test here takes: who waits this long has not been woken."""
AGES_AGO = -1e9

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Letter:
    """Something that arrived."""

    number: int
    arrived: float = AGES_AGO
    again: bool = False
    weight: int = 1
    make_room: Callable[[], None] = lambda: None

    def resent(self) -> bool:
        """As it was made."""
        return self.again


def _numbers(letters: list[Letter]) -> list[int]:
    return [letter.number for letter in letters]


def _blocked(action: Callable[[], _T]) -> Future[_T]:
    """Start what should block, and give it time not to."""
    begun = threading.Event()
    future: Future[_T] = Future()

    def run() -> None:
        begun.set()
        future.set_result(action())

    threading.Thread(target=run, daemon=True).start()
    begun.wait()
    time.sleep(0.05)
    assert not future.done()
    return future


@given(
    batch=st.integers(1, 5),
    steps=st.lists(st.one_of(st.none(), st.integers(1, 7)), max_size=30),
)
def test_behaves_as_a_list(batch: int, steps: list[int | None]) -> None:
    """Like a list whose beginning is cut off: order, sizes and length, whatever the sequence."""
    inbox: Inbox[Letter] = Inbox(capacity=1000, batch=batch, delay=0)
    expected: list[int] = []
    number = 0
    for step in steps:
        if step is None:
            assert expected[:batch] == _numbers(inbox.take(timeout=0))
            expected = expected[batch:]
        else:
            for _ in range(step):
                assert inbox.put(Letter(number))
                expected.append(number)
                number += 1
        assert len(expected) == len(inbox)


@settings(max_examples=25, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(
    capacity=st.integers(1, 8),
    batch=st.integers(1, 8),
    delay_ms=st.sampled_from([0, 1, 5]),
    count=st.integers(0, 150),
    pauses=st.sets(st.integers(0, 149), max_size=5),
)
def test_two_threads_lose_nothing(
    capacity: int, batch: int, delay_ms: int, count: int, pauses: set[int]
) -> None:
    """A fast or slow producer and a consumer: everything arrives once, in order, in small lots.

    What is refused, the producer puts again once it is told to.
    """
    inbox: Inbox[Letter] = Inbox(capacity, batch, delay_ms / 1000, room=capacity)
    room = threading.Event()

    def produce() -> None:
        for number in range(count):
            if number in pauses:
                time.sleep(0.002)
            room.clear()
            while not inbox.put(Letter(number, time.monotonic(), make_room=room.set)):
                assert room.wait(LONG_S)
                room.clear()

    producer = threading.Thread(target=produce, daemon=True)
    producer.start()
    received: list[int] = []
    deadline = time.monotonic() + LONG_S
    while len(received) < count:
        taken = inbox.take(LONG_S)
        assert time.monotonic() < deadline
        assert 1 <= len(taken) <= min(batch, capacity)
        received += _numbers(taken)
    producer.join(LONG_S)

    assert list(range(count)) == received
    assert 0 == len(inbox)


def test_a_full_batch_does_not_wait() -> None:
    """As soon as a batch is full it is given, however long it might have waited."""
    inbox: Inbox[Letter] = Inbox(capacity=10, batch=3, delay=LONG_S)
    started = time.monotonic()
    inbox.put(Letter(0, started))
    taking = _blocked(lambda: inbox.take(LONG_S))
    inbox.put(Letter(1, started))
    inbox.put(Letter(2, started))

    assert [0, 1, 2] == _numbers(taking.result(LONG_S))
    assert time.monotonic() - started < LONG_S / 2


def test_the_first_item_waits_no_longer_than_agreed() -> None:
    """An unfilled batch is given when its first item has waited for the delay: not much later."""
    inbox: Inbox[Letter] = Inbox(capacity=10, batch=3, delay=0.1)
    arrived = time.monotonic()
    inbox.put(Letter(0, arrived))
    inbox.put(Letter(1, arrived + 0.05))
    taken = inbox.take(LONG_S)
    waited = time.monotonic() - arrived

    assert [0, 1] == _numbers(taken)
    assert 0.1 <= waited < 0.1 + 2.0  # a busy machine may be late, never early


def test_what_has_waited_already_does_not_wait_again() -> None:
    """The delay counts from arrival, not from when somebody comes to take."""
    inbox: Inbox[Letter] = Inbox(capacity=10, batch=3, delay=LONG_S)
    inbox.put(Letter(0, time.monotonic() - LONG_S))
    started = time.monotonic()

    assert [0] == _numbers(inbox.take(LONG_S))
    assert time.monotonic() - started < LONG_S / 2


def test_take_gives_up() -> None:
    """If nothing comes, an empty batch is given after the timeout."""
    inbox: Inbox[Letter] = Inbox(capacity=1, batch=1, delay=0)
    started = time.monotonic()

    assert [] == inbox.take(0.05)
    assert 0.05 <= time.monotonic() - started < 2.05


def test_take_waits_for_the_first_item() -> None:
    """Whoever waits is woken by the first item, also if the batch stays unfilled."""
    inbox: Inbox[Letter] = Inbox(capacity=10, batch=3, delay=0)
    taking = _blocked(lambda: inbox.take(LONG_S))
    started = time.monotonic()
    inbox.put(Letter(0))

    assert [0] == _numbers(taking.result(LONG_S))
    assert time.monotonic() - started < LONG_S / 2


def test_nobody_waits_to_put() -> None:
    """A full inbox refuses at once, and tells whom it refused when it has been emptied: once."""
    told: list[int] = []
    inbox: Inbox[Letter] = Inbox(capacity=2, batch=1, delay=0, room=2)
    inbox.put(Letter(0))
    inbox.put(Letter(1))
    for number in (2, 3):
        assert not inbox.put(Letter(number, make_room=lambda n=number: told.append(n)))  # type: ignore[misc]

    assert [0] == _numbers(inbox.take(0))
    assert [] == told
    assert [1] == _numbers(inbox.take(0))
    assert [2, 3] == sorted(told)
    assert inbox.put(Letter(4))
    assert [4] == _numbers(inbox.take(0))
    assert [2, 3] == sorted(told)


@pytest.mark.parametrize(("weight", "held"), [(100, 3), (20, 5), (1, 100)])
def test_it_is_full_by_number_and_weight(weight: int, held: int) -> None:
    """So many it holds in any case; beyond, only as long as they are light."""
    inbox: Inbox[Letter] = Inbox(capacity=3, batch=1, delay=0, room=100)
    while inbox.put(Letter(0, weight=weight)):
        pass

    assert held == len(inbox)
    for _ in range(2):
        inbox.take(0)
    while inbox.put(Letter(0, weight=weight)):
        pass
    assert held == len(inbox)


@pytest.mark.parametrize("waiting", [0, 1])
def test_close_wakes_who_takes(waiting: int) -> None:
    """A take that waits for its first item, or for further ones, ends at once, empty-handed."""
    inbox: Inbox[Letter] = Inbox(capacity=10, batch=2, delay=LONG_S)
    for number in range(waiting):
        inbox.put(Letter(number, time.monotonic()))
    taking = _blocked(lambda: inbox.take(LONG_S))
    inbox.close()

    assert [] == taking.result(LONG_S / 2)


def test_closed_is_closed() -> None:
    """A closed inbox is empty, drops everything, and gives nothing; nobody is to send it again."""
    inbox: Inbox[Letter] = Inbox(capacity=10, batch=1, delay=0)
    inbox.put(Letter(0))

    assert not inbox.closed
    inbox.close()
    assert inbox.closed
    assert 0 == len(inbox)
    assert inbox.put(Letter(1))
    assert 0 == len(inbox)
    assert [] == inbox.take(LONG_S)


def test_what_is_sent_again_makes_room() -> None:
    """A full inbox forgets what its sender has begun to send again, and nothing else."""
    inbox: Inbox[Letter] = Inbox(capacity=3, batch=3, delay=0, room=3)
    for letter in (Letter(0, again=True), Letter(1, again=True), Letter(2)):
        inbox.put(letter)
    for number in (3, 4):
        assert inbox.put(Letter(number))
    assert not inbox.put(Letter(5))

    assert [2, 3, 4] == _numbers(inbox.take(LONG_S))  # 1 not after 3


def test_what_is_sent_again_is_not_given() -> None:
    """It comes once more, so nobody need label it twice."""
    inbox: Inbox[Letter] = Inbox(capacity=9, batch=9, delay=0)
    for number in range(6):
        inbox.put(Letter(number, again=number < 3))

    assert [3, 4, 5] == _numbers(inbox.take(LONG_S))
    assert 0 == len(inbox)
