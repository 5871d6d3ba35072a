"""Checks of the configuration that concern several keys together."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from monitor import zones
from monitor.settings import address, broker, hours, topics
from monitor.settings.belongings import refusal
from monitor.settings.keys import (
    DEFAULT_CLIENT_ID,
    MetricsSettings,
    MqttSettings,
    NotifySettings,
    Settings,
)
from monitor.settings.tables import ConfigurationError, shown
from monitor.tweets import MAX_NAME_CHARS, EntityMatcher, names

WAL_BYTES = 16 * 2**20
"""What the write-ahead log may take, and is cut back to once a long reader lets go of it."""

LEAST_BYTES = 2 * WAL_BYTES
"""A store's bound: half of it may be the write-ahead log."""


def check_together(settings: Settings, origin: str) -> None:
    """Check what no single key can tell."""
    for where, value in (
        ("[mqtt] host", settings.mqtt.host),
        ("[mqtt] client_id", settings.mqtt.client_id),
        ("[model] path", settings.model.path),
        ("[store] path", settings.store.path),
        ("[notify] state_file", settings.notify.state_file),
    ):
        if not value.strip():
            raise ConfigurationError(f"{origin}: {where} = {value!r}: must not be empty")
    if len(settings.mqtt.client_id) > MAX_NAME_CHARS:  # other boards would not believe its results
        raise ConfigurationError(
            f"{origin}: [mqtt] client_id = {settings.mqtt.client_id!r}: must have at most"
            f" {MAX_NAME_CHARS} characters"
        )
    _check_host(settings.mqtt, origin)
    _check_filters(settings.mqtt, origin)
    _check_group(settings.mqtt, origin)
    _check_published(settings, origin)
    receive_maximum = settings.mqtt.receive_maximum
    if receive_maximum and receive_maximum < 2 * settings.batch.max_tweets:
        raise ConfigurationError(
            f"{origin}: [mqtt] receive_maximum: {receive_maximum} is less than twice"
            f" [batch] max_tweets ({settings.batch.max_tweets}): a batch would never fill"
        )
    if 0 < settings.store.max_bytes < LEAST_BYTES:
        raise ConfigurationError(
            f"{origin}: [store] max_bytes = {settings.store.max_bytes}: must be 0 (no bound) or at"
            f" least {LEAST_BYTES} (32 MiB, half of it for the write-ahead log)"
        )
    _check_places(settings, origin)
    _check_metrics(settings.metrics, origin)
    _check_notify(settings.notify, origin)
    for entity in settings.entities:
        if names.reserved(entity.name):
            raise ConfigurationError(
                f"{origin}: [[entities]]: name = {entity.name!r}: stands for tweets that have no"
                " entity, or none with a name of its own; give it another name"
            )
    try:
        EntityMatcher(settings.entities)
    except ValueError as error:
        raise ConfigurationError(f"{origin}: [[entities]]: {error}") from error


def _check_places(settings: Settings, origin: str) -> None:
    """See that what the daemon writes are different files."""
    log = Path(settings.store.path)
    if (file := settings.privacy.key_file) and (why := refusal(Path(file), log)):
        raise ConfigurationError(f"{origin}: [privacy] key_file = {file!r}: {why}")
    if (file := settings.metrics.textfile) and (why := refusal(Path(file), log, settings.key_path)):
        raise ConfigurationError(f"{origin}: [metrics] textfile = {file!r}: {why}")
    file = settings.notify.state_file
    if why := refusal(Path(file), log, settings.key_path):
        raise ConfigurationError(f"{origin}: [notify] state_file = {file!r}: {why}")


def _check_host(mqtt: MqttSettings, origin: str) -> None:
    """Check that the broker's name can be one; whether there is such a host, a network says."""
    if instead := broker.written_instead(mqtt.host):
        # A URL may hold a password.
        shown = "" if "@" in mqtt.host else f" = {mqtt.host!r}"
        raise ConfigurationError(f"{origin}: [mqtt] host{shown}: {instead}")
    if mqtt.transport == "websockets":
        path = mqtt.websocket_path
        if not path.startswith("/") or not path.isascii() or not path.isprintable() or " " in path:
            raise ConfigurationError(
                f"{origin}: [mqtt] websocket_path = {path!r}: must begin with '/', and have ASCII"
                " letters and marks alone (%20 for a space)"
            )
    try:
        mqtt.host.encode("idna")  # as `socket` does
    except UnicodeError as error:
        raise ConfigurationError(
            f"{origin}: [mqtt] host = {mqtt.host!r}: cannot be the name of a host: a part between"
            " its dots is empty, longer than 63 characters, or has a character that none may have"
        ) from error


_SHARED: Final = re.compile(r"\$share/[^/+#]+/.+", re.DOTALL)
"""A filter with the group that shares it (MQTT 5.0, section 4.8.2)."""


def _check_filters(mqtt: MqttSettings, origin: str) -> None:
    """Check that there is something to take in, and that the broker will know what is meant."""
    if not mqtt.topics and not mqtt.results_topics:
        raise ConfigurationError(f"{origin}: [mqtt] topics: at least one topic filter is needed")
    for key, filters in (("topics", mqtt.topics), ("results_topics", mqtt.results_topics)):
        for topic in filters:
            levels = topic.split("/")
            wild = [level for level in levels if "#" in level or "+" in level]
            if not topic or any(len(level) > 1 for level in wild) or "#" in levels[:-1]:
                raise ConfigurationError(
                    f"{origin}: [mqtt] {key}: {topic!r} is not a topic filter"
                    " ('+' fills one whole level, '#' stands alone at the end)"
                )
            if levels[0] == "$share" and not _SHARED.fullmatch(topic):
                raise ConfigurationError(
                    f"{origin}: [mqtt] {key}: {topic!r} shares nothing; write the filter alone,"
                    ' and the name of the group as group = "..."'
                )
            if levels[0] == "$SYS":
                raise ConfigurationError(
                    f"{origin}: [mqtt] {key}: {topic!r} is what the broker says of itself,"
                    " and no tweets; name the topics that tweets are published on"
                )
    for topic in mqtt.results_topics:
        if topic.startswith("$share/"):
            raise ConfigurationError(
                f"{origin}: [mqtt] results_topics: {topic!r}: results are not shared in a group;"
                " leave out '$share/' and the name behind it"
            )


def _check_group(mqtt: MqttSettings, origin: str) -> None:
    """Check the names that sharing needs: the group's (MQTT 5.0, section 4.8.2) and our own."""
    if not mqtt.group:
        return
    if not mqtt.group.strip() or any(mark in mqtt.group for mark in "/+#\0"):
        raise ConfigurationError(
            f"{origin}: [mqtt] group = {mqtt.group!r}: is not a group's name ('/', '+' and '#'"
            " stand in topic filters only)"
        )
    for topic in mqtt.topics:
        if topic.startswith("$share/"):
            raise ConfigurationError(
                f"{origin}: [mqtt] topics: {topic!r} names a group, as does [mqtt] group"
                f" = {mqtt.group!r}: one of them, not both"
            )
    if mqtt.client_id == DEFAULT_CLIENT_ID:
        raise ConfigurationError(
            f"{origin}: [mqtt] group = {mqtt.group!r}: boards that share need names of their own:"
            f' client_id = "{DEFAULT_CLIENT_ID}-{{host}}"'
        )


def _check_metrics(metrics: MetricsSettings, origin: str) -> None:
    """Check that what Prometheus is told can be told."""
    if metrics.listen:
        try:
            address.parse(metrics.listen)
        except ValueError as error:
            raise ConfigurationError(
                f"{origin}: [metrics] listen = {metrics.listen!r}: {error}"
            ) from error
    if metrics.textfile and not metrics.textfile.endswith(".prom"):
        raise ConfigurationError(
            f"{origin}: [metrics] textfile = {metrics.textfile!r}: must end in .prom, or"
            " node_exporter passes it over"
        )
    if (metrics.listen or metrics.textfile) and not find_spec("prometheus_client"):
        raise ConfigurationError(
            f"{origin}: [metrics] needs the extra of that name:"
            " pip install 'tweet-reputation-monitor[metrics]'"
        )


def _check_notify(notify: NotifySettings, origin: str) -> None:
    """Check what can be told without the URLs in a file, which are another program's."""
    if notify.urls and notify.urls_file:
        raise ConfigurationError(f"{origin}: [notify] urls, urls_file: one of them, not both")
    for key, parse in (
        ("quiet", hours.quiet),
        ("summary_at", hours.time_of_day),
        ("timezone", zones.named),
    ):
        value = getattr(notify, key)
        try:
            parse(value)
        except ValueError as error:
            what = shown(key, value)
            raise ConfigurationError(f"{origin}: [notify] {key} = {what}: {error}") from error
    link = notify.dashboard
    if link and not re.fullmatch(r"https?://[!-~]+", link):
        raise ConfigurationError(
            f"{origin}: [notify] dashboard: must be the address of a dashboard, such as"
            " http://board:8001/"
        )


def _check_published(settings: Settings, origin: str) -> None:
    """See that we can publish where we are to, and that Home Assistant will find it."""
    for key, topic in (
        ("topic", settings.topic),
        ("home_assistant_prefix", settings.publish.home_assistant_prefix),
    ):
        if not topic.strip():
            raise ConfigurationError(f"{origin}: [publish] {key} = {topic!r}: must not be empty")
        if problem := topics.problem(topic):
            raise ConfigurationError(
                f"{origin}: [publish] {key} = {topic!r}: is not a topic: {problem}"
            )
    for asked in settings.mqtt.topics:
        if topics.covers_own(settings.topic, asked):
            raise ConfigurationError(
                f"{origin}: [mqtt] topics: {asked!r} covers what we publish ourselves below"
                f" {settings.topic!r}: tweets there would be taken for our own messages; give"
                " [publish] topic (or client_id) another name"
            )
    if (own := f"{settings.topic}/{topics.RESULTS}") in settings.mqtt.results_topics:
        raise ConfigurationError(
            f"{origin}: [mqtt] results_topics: {own!r} is where we publish our own results, which"
            " are not taken in; name other boards' ([publish] topic is ours)"
        )
