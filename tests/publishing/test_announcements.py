"""What the broker is to retain of us, from one configuration to the next."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from monitor.publishing import Outbox
from monitor.publishing.announcements import is_own, prepare
from monitor.publishing.outbox import remembered, waiting
from monitor.settings import AlertsSettings, MqttSettings, PublishSettings, Settings
from monitor.store import Store
from monitor.tweets import Entity
from tests.factories import register

_ALL = PublishSettings(sensors=True, alerts=True, home_assistant=True)
_CONFIG = "homeassistant/device/reputation-monitor/config"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty log."""
    with closing(Store(tmp_path / "log.db")) as made:
        yield made


def _settings(publish: PublishSettings, *entities: str, alerts: bool = True) -> Settings:
    return Settings(
        publish=publish,
        alerts=AlertsSettings(enabled=alerts),
        entities=tuple(Entity(name) for name in entities),
    )


def _prepare(store: Store, publish: PublishSettings, *entities: str, alerts: bool = True) -> bool:
    return store.prepare(partial(prepare, settings=_settings(publish, *entities, alerts=alerts)))


def _cleared(store: Store) -> list[str]:
    messages = [each.message for each in waiting(store._connection, 0, 100)]
    assert all(message.retain and not message.payload for message in messages)
    return [message.topic for message in messages]


@pytest.mark.parametrize(
    "publish",
    [PublishSettings(results=True), PublishSettings(alerts=True), PublishSettings(sensors=True)],
)
def test_there_is_something_to_forward(store: Store, publish: PublishSettings) -> None:
    """By default there is nothing, and nothing is remembered."""
    assert not _prepare(store, PublishSettings(), "Acme")
    assert {} == remembered(store._connection)
    assert _prepare(store, publish)


def test_what_waits_is_forwarded_though_all_is_off(store: Store) -> None:
    """Messages of an earlier configuration are not forgotten."""
    store.prepare(lambda c: Outbox("t").put(c, "results", "{}", retain=False))

    assert _prepare(store, PublishSettings())


def test_what_is_retained(store: Store) -> None:
    """The sensors' topics, each entity's alert, and the announcement."""
    _prepare(store, _ALL, "Acme")
    known = remembered(store._connection)

    assert known.keys() == {
        "reputation-monitor/sensors/board",
        "reputation-monitor/sensors/entities/acme",
        "reputation-monitor/alerts/acme",
        _CONFIG,
    }
    state = json.loads(known["reputation-monitor/alerts/acme"] or "")
    assert ("Acme", "learning", 0) == (state["entity"], state["state"], state["learnt"])
    assert [] == _cleared(store)


def _raise(store: Store, entity: str) -> None:
    model_id = register(store)
    store.prepare(
        lambda c: c.execute(
            "INSERT INTO alerts (entity, model_id, since, raised_at, usual_share, share, tweets,"
            " negatives, first_batch_id, first_tweet_id, batch_id, tweet_id)"
            " VALUES (?, ?, '2025-06-15', '2025-06-16', 0.1, 0.41234567, 90, 37, 1, 'a', 2, 'b')",
            (entity, model_id),
        )
    )


def test_an_alert_outlives_a_restart(store: Store) -> None:
    """What holds is said, of whatever entity, also if it was raised while nobody was told."""
    _raise(store, "Acme")
    _raise(store, "Other")
    _prepare(store, PublishSettings(alerts=True), "Acme", "Lumen")
    states = {
        topic: json.loads(payload or "") for topic, payload in remembered(store._connection).items()
    }

    assert {
        "entity": "Acme",
        "state": "alert",
        "since": "2025-06-15",
        "kind": "share",
        "usual_per_day": None,
        "per_day": None,
        "usual_share": 0.1,
        "share": 0.4123,
        "tweets": 90,
        "all_tweets": None,
        "all_negatives": None,
        "about": None,
        "alert_id": 1,
        "learnt": None,
        "days_left": None,
    } == states["reputation-monitor/alerts/acme"]
    assert {"acme": "alert", "other": "alert", "lumen": "learning"} == {
        topic.rpartition("/")[2]: state["state"] for topic, state in states.items()
    }


def test_the_end_of_an_alert_outlives_a_restart(store: Store) -> None:
    """What was said last is said again if it still holds, and not if the log knows better."""
    outbox = Outbox("reputation-monitor")
    for name, state in (("acme", "ok"), ("lumen", "alert"), ("other", "alert")):
        payload = json.dumps({"state": state, "since": "2025"})
        store.prepare(lambda c, n=name, p=payload: outbox.put(c, f"alerts/{n}", p, retain=True))  # type: ignore[misc]
    store.prepare(lambda c: c.execute("DELETE FROM outgoing"))
    _prepare(store, PublishSettings(alerts=True), "Acme", "Lumen")
    known = remembered(store._connection)

    assert '{"state": "ok", "since": "2025"}' == known["reputation-monitor/alerts/acme"]
    assert "learning" == json.loads(known["reputation-monitor/alerts/lumen"] or "")["state"]
    assert ["reputation-monitor/alerts/other"] == _cleared(store)


def test_without_alerts_there_is_no_sensor_of_them(store: Store) -> None:
    """[alerts] enabled = false: nothing would ever be said there."""
    _prepare(store, _ALL, "Acme", alerts=False)
    known = remembered(store._connection)

    assert "reputation-monitor/alerts/acme" not in known
    assert "acme_alert" not in json.loads(known[_CONFIG] or "")["cmps"]


def test_another_topic_clears_the_first(store: Store) -> None:
    """What was said under another name is taken back."""
    _prepare(store, PublishSettings(sensors=True, topic="one"), "Acme")
    _prepare(store, PublishSettings(sensors=True, topic="two"), "Acme")

    assert ["one/sensors/board", "one/sensors/entities/acme"] == _cleared(store)


def test_which_topics_are_our_own() -> None:
    """Those that we publish on, and where Home Assistant is told; what lies beside them is not."""
    settings = _settings(_ALL)

    assert is_own(settings, "reputation-monitor/sensors/entities/anything")
    assert not is_own(settings, "reputation-monitor/anything/below")
    assert is_own(settings, _CONFIG)
    assert not is_own(settings, "tweets/en")
    assert not is_own(settings, "reputation-monitor")
    assert not is_own(_settings(PublishSettings()), _CONFIG)


def test_other_boards_results_are_not_our_own() -> None:
    """Also where we publish above them; ours are, though a filter covers them as well."""
    mqtt = MqttSettings(results_topics=("fleet/+/results",))
    above = Settings(mqtt=mqtt, publish=PublishSettings(topic="fleet"))
    beside = Settings(mqtt=mqtt, publish=PublishSettings(topic="fleet/cellar"))

    for settings in (above, beside):
        assert not is_own(settings, "fleet/attic/results")
    assert is_own(beside, "fleet/cellar/results")
    assert is_own(above, "fleet/results")
    assert is_own(above, "fleet/alerts/acme")
