"""A broker that sends fewer messages ahead than a micro-batch holds: none waits in vain."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.faults.ledger import assert_balanced, tweets
from tests.processes import Daemon, wait_until
from tests.scripted import scripted

_DELAY_MS = 500
_BATCHES = 30


@pytest.mark.parametrize("window", [1, 10])
def test_a_small_window(window: int, make_daemon: Callable[..., Daemon]) -> None:
    """Three batches show the window by waiting until their time is up; the others do not wait."""
    sent = dict(tweets(_BATCHES * window))
    with scripted(sends=sent.values(), window=window) as broker:
        daemon = make_daemon(broker.port, MONITOR_BATCH_MAX_DELAY_MS=str(_DELAY_MS))
        daemon.start()
        wait_until(lambda: len(broker.acknowledged) == len(sent), "all acknowledged")
        waited, batches = daemon.rows(
            "SELECT sum(collect_ms > ?), count(*) FROM batches", (_DELAY_MS * 0.9,)
        )[0]
        daemon.stop()

    assert_balanced(daemon, set(sent))
    assert _BATCHES <= batches
    # On a busy machine what is sent at once need not come at once, so more than three may wait.
    assert _BATCHES / 2 > waited
