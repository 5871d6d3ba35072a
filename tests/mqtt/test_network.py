"""``monitor.mqtt.network``: a network thread ends, whenever paho forgets it."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from monitor.mqtt import network


@pytest.mark.parametrize("looks", range(4))
def test_forgotten_meanwhile(monkeypatch: pytest.MonkeyPatch, looks: int) -> None:
    """After so many looks at it the thread is gone."""
    thread = threading.Thread(target=lambda: None)
    thread.start()

    def seen() -> Iterator[threading.Thread | None]:
        yield from [thread] * looks
        while True:
            yield None

    found = seen()
    client = Client(CallbackAPIVersion.VERSION2)
    monkeypatch.setattr(
        Client,
        "_thread",
        property(lambda _: next(found), lambda _self, _value: None),
        raising=False,
    )
    network.stop(client)
