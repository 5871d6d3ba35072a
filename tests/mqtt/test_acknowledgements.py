"""The order in which the broker is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.client import Client

from monitor.mqtt.acknowledgements import Acknowledgements


class _Recorder:
    """Takes what a client would send."""

    def __init__(self) -> None:
        self.acknowledged: list[int] = []

    def ack(self, mid: int, qos: int) -> None:
        """Note the packet identifier."""
        assert qos == 1
        self.acknowledged.append(mid)


@given(st.lists(st.sampled_from(["delivery", "nobody's", "acknowledge"])))
def test_it_is_the_order_of_arrival(events: list[str]) -> None:
    """Whatever comes between, and nothing is forgotten once the last delivery is acknowledged."""
    recorder = _Recorder()
    owed = Acknowledgements(cast(Client, recorder))
    outstanding: list[Callable[[], None]] = []
    arrived = 0
    for event in events:
        if event == "acknowledge":
            if outstanding:
                outstanding.pop(0)()
            continue
        arrived += 1
        if event == "delivery":
            outstanding.append(owed.of_delivery(arrived))
        else:
            owed.of_no_delivery(arrived)
        assert bool(outstanding) == owed.owed
        assert recorder.acknowledged == list(range(1, len(recorder.acknowledged) + 1))
    for acknowledge in outstanding:
        acknowledge()

    assert list(range(1, arrived + 1)) == recorder.acknowledged


def test_nobodys_message_waits_for_no_one_in_vain() -> None:
    """With nothing delivered before it, it is acknowledged at once."""
    recorder = _Recorder()
    owed = Acknowledgements(cast(Client, recorder))
    owed.of_no_delivery(7)

    assert [7] == recorder.acknowledged


def test_what_is_forgotten_is_not_acknowledged() -> None:
    """Nor what comes after it; once there is room, and what came before it is done, it is said."""
    recorder, said = _Recorder(), list[bool]()
    owed = Acknowledgements(cast(Client, recorder), lambda: said.append(True))
    first, second = (owed.of_delivery(mid) for mid in (1, 2))
    owed.of_delivery(3)
    owed.refuse()
    owed.forget()
    first()
    owed.make_room()
    assert [] == said
    second()

    assert [True] == said
    assert [1, 2] == recorder.acknowledged
    assert owed.owed
    assert 2 == owed.forgotten


def test_what_is_forgotten_first_of_all() -> None:
    """With nothing before it, room is all it needs."""
    said = list[bool]()
    owed = Acknowledgements(cast(Client, _Recorder()), lambda: said.append(True))
    owed.of_delivery(1)
    owed.refuse()
    assert [] == said
    owed.make_room()

    assert [True] == said


def test_room_that_is_made_before_it_is_known_that_there_was_none() -> None:
    """Another thread may empty the inbox while the refusal is on its way: nothing is missed."""
    said = list[bool]()
    owed = Acknowledgements(cast(Client, _Recorder()), lambda: said.append(True))
    acknowledge = owed.of_delivery(1)
    owed.of_delivery(2)
    owed.make_room()
    acknowledge()
    owed.refuse()

    assert [True] == said
