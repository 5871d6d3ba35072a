"""Retained messages that one configuration leaves at the broker, for the next one to clear."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping

from monitor.alerts.message import message, of_those_that_hold
from monitor.publishing import home_assistant, outbox
from monitor.settings import Settings, topics
from monitor.standings.learning import learning


def prepare(connection: sqlite3.Connection, settings: Settings) -> bool:
    """Settle what is retained from now on, before anything else is published.

    Args:
        connection: to the log, inside a transaction.
        settings: the configuration.

    Returns:
        Whether there is anything to forward, or will be.
    """
    known = outbox.remembered(connection)
    outbox.settle(connection, _wanted(connection, settings, known))
    publish = settings.publish
    waiting = bool(outbox.waiting(connection, after=0, limit=1))
    return publish.results or publish.alerts or publish.sensors or waiting


def _wanted(
    connection: sqlite3.Connection, settings: Settings, known: Mapping[str, str | None]
) -> dict[str, str | None]:
    prefix, publish = settings.topic, settings.publish
    entities = [entity.name for entity in settings.entities]
    wanted: dict[str, str | None] = {}
    if publish.sensors:
        for suffix in (topics.BOARD, *map(topics.standing, entities)):
            wanted[f"{prefix}/{suffix}"] = None
    alerts = publish.alerts and settings.alerts.enabled
    if alerts:
        wanted |= _alerts(connection, known, settings)
    if publish.home_assistant:
        topic = home_assistant.config_topic(publish.home_assistant_prefix, prefix)
        wanted[topic] = home_assistant.config(
            prefix,
            entities,
            alerts=alerts,
            availability=publish.availability,
            announced=known.get(topic),
        )
    return wanted


def is_own(settings: Settings, topic: str) -> bool:
    """Whether a topic is one that we publish on, and so brings neither tweets nor results.

    What else lies below ours, such as other boards' results ("fleet/attic/results" below "fleet"),
    is not ours.
    """
    prefix, publish = settings.topic, settings.publish
    return topics.is_own(prefix, topic) or (
        publish.home_assistant
        and topic == home_assistant.config_topic(publish.home_assistant_prefix, prefix)
    )


def _alerts(
    connection: sqlite3.Connection,
    known: Mapping[str, str | None],
    settings: Settings,
) -> dict[str, str | None]:
    """Say which alerts hold, of whatever entity, and of those configured also that none does."""
    prefix = settings.topic
    wanted: dict[str, str | None] = {}
    for entity in (entity.name for entity in settings.entities):
        topic = f"{prefix}/{topics.alert(entity)}"
        last = known.get(topic)
        far = learning(connection, [entity], settings.alerts.learn_tweets)
        row = connection.execute(
            "SELECT learnt FROM alert_states WHERE entity = ?", (entity,)
        ).fetchone()
        before = json.loads(last) if last is not None else {}
        if before.get("state") == "ok" and before.get("since"):  # when the last one ended
            wanted[topic] = last
        elif far or row is None:
            learnt, days = (far[0].tweets, far[0].days) if far else (0, None)
            wanted[topic] = message(entity, "learning", learnt=learnt, days_left=days)
        else:
            wanted[topic] = message(entity, "ok")
    for entity, payload in of_those_that_hold(connection):
        wanted[f"{prefix}/{topics.alert(entity)}"] = payload
    return wanted
