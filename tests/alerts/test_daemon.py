"""The real daemon, a real broker, the real model: a rise is told once, whatever happens."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator

import pytest

from tests.faults.ledger import publish, wait_balanced
from tests.faults.saboteur import sabotaged
from tests.listener import Listener, listening
from tests.processes import PATIENCE_S, Daemon, Mosquitto, wait_until

MakeDaemon = Callable[..., Daemon]

BAD = "Third parcel Acme has lost this year. Never again. Worst company ever, visit {}"
GOOD = "Acme answered in two minutes and sent a new one for free, wonderful, visit {}"

SETTINGS = {
    "MONITOR_ENTITIES": '[{name = "Acme"}]',
    "MONITOR_ALERTS_LEARN_TWEETS": "50",
    # All comes within seconds, as if millions came each day.
    "MONITOR_ALERTS_FALSE_ALARM_DAYS": "0.1",
    "MONITOR_ALERTS_RISE": "4",
    "MONITOR_PUBLISH_ALERTS": "true",
    "MONITOR_BATCH_MAX_TWEETS": "32",
    "MONITOR_BATCH_MAX_DELAY_MS": "200",
}


def tweets(count: int, start: int, one_in: int) -> Iterator[tuple[str, bytes]]:
    """Invented tweets, one in so many negative."""
    for i in range(start, start + count):
        text = (BAD if i % one_in == 0 else GOOD).format(i)
        yield f"t{i:05}", json.dumps({"id": f"t{i:05}", "text": text}).encode()


def test_a_rise_is_told(mosquitto: Mosquitto, make_daemon: MakeDaemon) -> None:
    """A row, a warning, the state retained, and the tweets that drove it; and then its end."""
    daemon = make_daemon(mosquitto.port, **SETTINGS)
    topic = "reputation-monitor/alerts/acme"
    with listening(mosquitto.port, topic) as listener:
        daemon.start()
        published = publish(mosquitto.port, tweets(200, 0, one_in=5))
        wait_balanced(daemon, published)
        published |= publish(mosquitto.port, tweets(150, 200, one_in=1))
        wait_balanced(daemon, published)
        ((usual, share, outcome, count),) = daemon.rows(
            "SELECT usual_share, share, outcome, negatives FROM alerts"
        )
        assert 0.1 < usual < 0.3 < share
        assert outcome is None
        drove = daemon.rows("SELECT text FROM alert_tweets")
        assert count == len(drove)
        assert "Third parcel" in drove[-1][0]
        wait_until(lambda: _followed(daemon), "what it is about")
        listener.wait_count(topic, 4)
        published |= publish(mosquitto.port, tweets(200, 350, one_in=1000))
        wait_balanced(daemon, published)
        wait_until(lambda: _states(listener)[-1:] == ["ok"], "its end, published")
        wait_until(lambda: _followed(daemon), "what it was about")

    assert ["learning", "ok", "alert", "alert", "ok"] == _states(listener)
    _, _, noticed, followed, _ = listener.documents(topic)
    assert (None, None) == (noticed["all_tweets"], noticed["about"])
    assert followed["all_tweets"] >= noticed["tweets"]
    assert "third parcel" in followed["about"]
    assert followed["all_tweets"] <= daemon.rows("SELECT all_tweets FROM alerts")[0][0]
    assert [("recovered",)] == daemon.rows("SELECT outcome FROM alerts")
    assert 0 == daemon.stop()
    said = [e for e in daemon.events() if e["event"] in {"alert", "alert-ended"}]
    assert [("alert", "warning"), ("alert-ended", "info")] == [
        (word["event"], word["level"]) for word in said
    ]


_RAISED = (
    "SELECT id, since, raised_at, share, tweets, negatives, first_tweet_id, tweet_id, batch_id"
    " FROM alerts"
)
_TOPIC = "reputation-monitor/alerts/acme"


def _states(listener: Listener) -> list[str]:
    return [said["state"] for said in listener.documents(_TOPIC)]


def _followed(daemon: Daemon) -> bool:
    return daemon.rows("SELECT count(*) FROM alerts WHERE followed_at IS NULL") == [(0,)]


def _killed(daemon: Daemon, fault: str) -> None:
    with sabotaged(daemon, fault):
        daemon.start(ready=False)
    assert daemon.process is not None
    assert -signal.SIGKILL == daemon.process.wait(PATIENCE_S), daemon.said()


def test_killed_around_an_alert(mosquitto: Mosquitto, make_daemon: MakeDaemon) -> None:
    """Killed before and after each COMMIT of the rise, one alert is there, and as without it."""
    daemon = make_daemon(mosquitto.port, **SETTINGS)
    daemon.start()
    published = publish(mosquitto.port, tweets(200, 0, one_in=5))
    wait_balanced(daemon, published)
    assert 0 == daemon.stop()
    published |= publish(mosquitto.port, tweets(800, 200, one_in=1))
    for _ in range(12):  # one batch or two further each time
        _killed(daemon, "before-commit=2")
        _killed(daemon, "after-commit=2")
        if raised := daemon.rows(_RAISED):
            break
    assert raised
    daemon.start()
    wait_balanced(daemon, published)

    assert raised == daemon.rows(_RAISED)
    wait_until(lambda: _followed(daemon), "what it is about, though the process was killed")
    ((tweets_seen, first, last),) = daemon.rows(
        "SELECT tweets, first_tweet_id, tweet_id FROM alerts"
    )
    assert tweets_seen == int(last[1:]) - int(first[1:]) + 1  # each counted once
    assert 0 == daemon.stop()
    assert daemon.said().count('"event": "alert"') <= 1  # a kill may come before the word


@pytest.mark.parametrize("enabled", ["true", "false"])
def test_off_is_off(mosquitto: Mosquitto, make_daemon: MakeDaemon, enabled: str) -> None:
    """Nothing is watched and no state kept, unless it is on; labels are stored as ever."""
    daemon = make_daemon(mosquitto.port, **SETTINGS, MONITOR_ALERTS_ENABLED=enabled)
    daemon.start()
    wait_balanced(daemon, publish(mosquitto.port, tweets(20, 0, one_in=5)))
    wait_until(lambda: daemon.rows("SELECT count(*) FROM labels") == [(20,)], "labels")

    assert ([("Acme",)] if enabled == "true" else []) == daemon.rows(
        "SELECT entity FROM alert_states"
    )
