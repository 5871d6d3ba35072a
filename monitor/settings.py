"""``config.toml`` to typed, frozen settings: every key, its default and its bounds, in one place.

Every key can be overridden from the environment: ``[mqtt] password`` by ``MONITOR_MQTT_PASSWORD``,
``[[entities]]`` by ``MONITOR_ENTITIES``. Strings are taken as they are, anything else is written as
in TOML (``MONITOR_MQTT_TOPICS='["a/#", "b/#"]'``).

``{host}`` in ``[mqtt] client_id`` and ``[publish] topic`` stands for the board's name, so that all
boards of a fleet can have the same file.
"""

from __future__ import annotations

import dataclasses
import os
import re
import socket
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from monitor import DEFAULT_MODEL, names, topics
from monitor.belongings import refusal
from monitor.credentials import read_password
from monitor.entities import Entity, EntityMatcher
from monitor.metrics import address
from monitor.pruning import LEAST_BYTES
from monitor.tables import NOT_TOML, Tables, declared, nearest, parse
from monitor.tables import ConfigurationError as ConfigurationError  # what callers catch
from monitor.tls import make_context
from monitor.tweet import MAX_NAME_CHARS

ENVIRONMENT_PREFIX = "MONITOR_"
_DEFAULT_CLIENT_ID = "reputation-monitor"


@dataclass(frozen=True, slots=True)
class Mqtt:
    """``[mqtt]``: where tweets come from."""

    host: str = declared("localhost")
    port: int = declared(1883, least=1, most=65535)
    username: str = declared("")
    password: str = declared("", secret=True)
    password_file: str = declared("")
    client_id: str = declared(_DEFAULT_CLIENT_ID)
    topics: tuple[str, ...] = declared(("tweets/#",))
    group: str = declared("")
    results_topics: tuple[str, ...] = declared(())
    entity_level: int = declared(0, least=0, most=32)
    max_named_entities: int = declared(300, least=0, most=10_000)
    qos: int = declared(1, least=0, most=1)
    keepalive_s: int = declared(60, least=5, most=65535)
    session_expiry_s: int = declared(604_800, least=0, most=4_294_967_294)
    receive_maximum: int = declared(0, least=0, most=65535)
    max_payload_bytes: int = declared(65_536, least=64, most=268_435_455)
    tls: bool = declared(False)
    ca_file: str = declared("")
    cert_file: str = declared("")
    key_file: str = declared("")

    @property
    def filters(self) -> tuple[str, ...]:
        """What we subscribe to: the topics, shared with our group if there is one, and results.

        The form is that of MQTT 5.0, section 4.8.2. Results are not shared: who takes them in
        wants them all.
        """
        share = f"$share/{self.group}/" if self.group else ""
        return (*(share + topic for topic in self.topics), *self.results_topics)


@dataclass(frozen=True, slots=True)
class Model:
    """``[model]``: what labels them, and below which probability a label is marked as unsure."""

    path: str = declared(DEFAULT_MODEL)
    runtime: str = declared("auto", choices=("auto", "litert", "tflite-runtime"))
    task: str = declared("reputation", choices=("reputation", "sentiment"))
    abstain_below: float = declared(0.0, least=0.0, most=1.0)
    workers: int = declared(0, least=0, most=256)


@dataclass(frozen=True, slots=True)
class Batch:
    """``[batch]``: how many tweets share one inference and one transaction."""

    max_tweets: int = declared(64, least=1, most=4096)
    max_delay_ms: int = declared(2500, least=0, most=60_000)


@dataclass(frozen=True, slots=True)
class Store:
    """``[store]``: the SQLite log."""

    path: str = declared("monitor.db")
    keep_days: int = declared(90, least=0, most=36_500)
    keep_history_days: int = declared(400, least=0, most=36_500)
    max_bytes: int = declared(0, least=0, most=2**48)
    on_damage: str = declared("set-aside", choices=("set-aside", "refuse"))


@dataclass(frozen=True, slots=True)
class Privacy:
    """``[privacy]``: what of a tweet is kept."""

    store_text: str = declared("redacted", choices=("full", "redacted", "none"))
    key_file: str = declared("")


@dataclass(frozen=True, slots=True)
class Alerts:
    """``[alerts]``: when an entity's share of negative tweets has risen."""

    enabled: bool = declared(True)
    false_alarm_days: float = declared(30.0, least=0.1, most=36_500.0)
    rise: float = declared(2.0, least=1.1, most=100.0)
    quiet_hours: float = declared(24.0, least=0.0, most=8760.0)
    learn_tweets: int = declared(500, least=50, most=1_000_000)


@dataclass(frozen=True, slots=True)
class Publish:
    """``[publish]``: what we tell over MQTT; see docs/mqtt.md."""

    topic: str = declared("")
    availability: bool = declared(True)
    results: bool = declared(False)
    alerts: bool = declared(False)
    sensors: bool = declared(False)
    home_assistant: bool = declared(False)
    home_assistant_prefix: str = declared("homeassistant")


@dataclass(frozen=True, slots=True)
class Metrics:
    """``[metrics]``: what Prometheus may read."""

    listen: str = declared("")
    textfile: str = declared("")


@dataclass(frozen=True, slots=True)
class Log:
    """``[log]``: what the daemon says on standard error."""

    level: str = declared("info", choices=("debug", "info", "warning", "error"))
    format: str = declared("auto", choices=("auto", "console", "json"))


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole configuration."""

    mqtt: Mqtt = field(default_factory=Mqtt)
    model: Model = field(default_factory=Model)
    batch: Batch = field(default_factory=Batch)
    store: Store = field(default_factory=Store)
    privacy: Privacy = field(default_factory=Privacy)
    alerts: Alerts = field(default_factory=Alerts)
    publish: Publish = field(default_factory=Publish)
    metrics: Metrics = field(default_factory=Metrics)
    log: Log = field(default_factory=Log)
    entities: tuple[Entity, ...] = ()

    @property
    def key_path(self) -> Path:
        """Where the key of pseudonyms lies: as set, or beside the log."""
        return Path(self.privacy.key_file or self.store.path + ".key")

    @property
    def topic(self) -> str:
        """The topic below which we publish: as set, else ours among the broker's clients."""
        name = self.mqtt.client_id
        return self.publish.topic or (topics.level(name) if topics.problem(name) else name)

    @property
    def receive_maximum(self) -> int:
        """Messages the broker may send ahead of their acknowledgement.

        By default room for the batch being collected, one for each worker, the one being written
        and one on its way; less and a batch never fills.
        """
        workers = self.model.workers or len(os.sched_getaffinity(0))
        return self.mqtt.receive_maximum or min(65535, self.batch.max_tweets * (workers + 3))


_SECTIONS: dict[str, type] = {
    f.name: f.default_factory  # type: ignore[misc]  # each section's factory is its class
    for f in dataclasses.fields(Settings)
    if f.name != "entities"
}


def load(path: Path | None, environment: Mapping[str, str] = os.environ) -> Settings:
    """Read and validate a configuration.

    Args:
        path: the TOML file; None for the defaults.
        environment: where overrides are looked up.

    Raises:
        ConfigurationError: if the file cannot be read or any key or value is not as it should be.
    """
    document: dict[str, Any] = {}
    origin = str(path) if path else "defaults"
    if path is not None:
        try:
            document = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"{path}: cannot be read: {error}") from error
        except NOT_TOML as error:
            raise ConfigurationError(f"{path}: not valid TOML: {error}") from error
    settings = _with_names(_read(document, _overrides(environment), origin), origin)
    _check_together(settings, origin)
    return dataclasses.replace(
        settings,
        mqtt=_with_files(settings.mqtt, origin),
        publish=_with_what_is_shown(settings.publish),
    )


def _overrides(environment: Mapping[str, str]) -> dict[tuple[str, str], tuple[str, str]]:
    """Find the keys that the environment sets: (section, key) -> (variable, raw value)."""
    names = {
        f"{ENVIRONMENT_PREFIX}{section}_{f.name}".upper(): (section, f.name)
        for section, kind in _SECTIONS.items()
        for f in dataclasses.fields(kind)
    }
    names[f"{ENVIRONMENT_PREFIX}ENTITIES"] = ("entities", "")
    sections = tuple(f"{ENVIRONMENT_PREFIX}{section}_".upper() for section in _SECTIONS)
    for name in environment:
        if name.startswith(sections) and name not in names:
            raise ConfigurationError(
                f"environment: {name}: no such key; the nearest is {nearest(name, list(names))!r}"
            )
    return {names[n]: (n, value) for n, value in environment.items() if n in names}


def _read(
    document: Mapping[str, Any],
    overrides: Mapping[tuple[str, str], tuple[str, str]],
    origin: str,
) -> Settings:
    """Make settings of a document, each key by itself."""
    tables = Tables(origin)
    known = [*_SECTIONS, "entities"]
    for name in document:
        if name not in known:
            raise tables.unknown(f"[{name}]", nearest(name, known))
    sections: dict[str, Any] = {
        name: tables.section(
            kind,
            name,
            document.get(name, {}),
            {key: override for (section, key), override in overrides.items() if section == name},
        )
        for name, kind in _SECTIONS.items()
    }
    entities = document.get("entities", [])
    if override := overrides.get(("entities", "")):
        entities, tables = parse(*override), Tables(f"environment: {override[0]}")
    return Settings(**sections, entities=tables.rows(Entity, "[[entities]]", entities))


def _with_names(settings: Settings, origin: str) -> Settings:
    """Put the board's name where its placeholder stands."""
    host, _, _ = socket.gethostname().partition(".")
    names = {"{host}": topics.level(host)}

    def expanded(where: str, value: str) -> str:
        def name(match: re.Match[str]) -> str:
            if match[0] in names:
                return names[match[0]]
            raise ConfigurationError(
                f"{origin}: {where} = {value!r}: {match[0]}: no such placeholder;"
                f" the nearest is {nearest(match[0], list(names))!r}"
            )

        return re.sub(r"\{[^{}]*\}", name, value)

    client_id = expanded("[mqtt] client_id", settings.mqtt.client_id)
    topic = expanded("[publish] topic", settings.publish.topic)
    return dataclasses.replace(
        settings,
        mqtt=dataclasses.replace(settings.mqtt, client_id=client_id),
        publish=dataclasses.replace(settings.publish, topic=topic),
    )


def _check_together(settings: Settings, origin: str) -> None:
    """Check what no single key can tell."""
    for where, value in (
        ("[mqtt] host", settings.mqtt.host),
        ("[mqtt] client_id", settings.mqtt.client_id),
        ("[model] path", settings.model.path),
        ("[store] path", settings.store.path),
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


def _check_host(mqtt: Mqtt, origin: str) -> None:
    """Check that the broker's name can be one; whether there is such a host, a network says."""
    try:
        mqtt.host.encode("idna")  # as `socket` does
    except UnicodeError as error:
        raise ConfigurationError(
            f"{origin}: [mqtt] host = {mqtt.host!r}: cannot be the name of a host: a part between"
            " its dots is empty, longer than 63 characters, or has a character that none may have"
        ) from error


def _check_filters(mqtt: Mqtt, origin: str) -> None:
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
    for topic in mqtt.results_topics:
        if topic.startswith("$share/"):
            raise ConfigurationError(
                f"{origin}: [mqtt] results_topics: {topic!r}: results are not shared in a group;"
                " leave out '$share/' and the name behind it"
            )


def _check_group(mqtt: Mqtt, origin: str) -> None:
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
    if mqtt.client_id == _DEFAULT_CLIENT_ID:
        raise ConfigurationError(
            f"{origin}: [mqtt] group = {mqtt.group!r}: boards that share need names of their own:"
            f' client_id = "{_DEFAULT_CLIENT_ID}-{{host}}"'
        )


def _check_metrics(metrics: Metrics, origin: str) -> None:
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


def _with_what_is_shown(publish: Publish) -> Publish:
    """Home Assistant is told of sensors and alerts, so they are published."""
    if not publish.home_assistant:
        return publish
    return dataclasses.replace(publish, sensors=True, alerts=True)


def _with_files(mqtt: Mqtt, origin: str) -> Mqtt:
    """Read the password, and see whether the certificates can be used."""
    if bool(mqtt.cert_file) != bool(mqtt.key_file):
        raise ConfigurationError(f"{origin}: [mqtt] cert_file, key_file: both are needed, or none")
    if mqtt.tls:
        try:
            make_context(mqtt)
        except (OSError, ValueError) as error:
            raise ConfigurationError(f"{origin}: [mqtt] {error}") from error
    elif mqtt.ca_file or mqtt.cert_file:
        raise ConfigurationError(f"{origin}: [mqtt] ca_file, cert_file: need tls = true")
    if not mqtt.password_file:
        return mqtt
    if mqtt.password:
        raise ConfigurationError(f"{origin}: [mqtt] password, password_file: one of them, not both")
    try:
        return dataclasses.replace(mqtt, password=read_password(mqtt.password_file))
    except ValueError as error:
        raise ConfigurationError(
            f"{origin}: [mqtt] password_file = {mqtt.password_file!r}: {error}"
        ) from error
