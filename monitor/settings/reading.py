"""``config.toml`` and the environment to typed, frozen settings.

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
from pathlib import Path
from typing import Any

from monitor.settings import topics
from monitor.settings.checks import check_together
from monitor.settings.credentials import read_password
from monitor.settings.keys import MqttSettings, PublishSettings, Settings
from monitor.settings.tables import NOT_TOML, ConfigurationError, Tables, nearest, parse
from monitor.settings.tls import make_context
from monitor.tweets import Entity
from monitor.tweets.encodings import text_in

ENVIRONMENT_PREFIX = "MONITOR_"

_SECTIONS: dict[str, type] = {
    f.name: f.default_factory  # type: ignore[misc]  # each section's factory is its class
    for f in dataclasses.fields(Settings)
    if f.name != "entities"
}


def load(
    path: Path | None, environment: Mapping[str, str] = os.environ, *, connects: bool = True
) -> Settings:
    """Read and validate a configuration.

    Args:
        path: the TOML file; None for the defaults.
        environment: where overrides are looked up.
        connects: whether the broker's password and certificates are read; who does not connect
            to it may not be let see them.

    Raises:
        ConfigurationError: if the file cannot be read or any key or value is not as it should be.
    """
    document: dict[str, Any] = {}
    origin = str(path) if path else "defaults"
    if path is not None:
        try:
            document = tomllib.loads(text_in(path))
        except OSError as error:
            raise ConfigurationError(f"{path}: cannot be read: {error}") from error
        except UnicodeDecodeError as error:
            raise ConfigurationError(
                f"{path}: cannot be read: no text in UTF-8 (byte {error.start}: {error.reason});"
                " save it as UTF-8"
            ) from error
        except NOT_TOML as error:
            raise ConfigurationError(f"{path}: not valid TOML: {error}") from error
    settings = _with_names(_read(document, _overrides(environment), origin), origin)
    check_together(settings, origin)
    return dataclasses.replace(
        settings,
        mqtt=_with_files(settings.mqtt, origin) if connects else settings.mqtt,
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


def _with_what_is_shown(publish: PublishSettings) -> PublishSettings:
    """Home Assistant is told of sensors and alerts, so they are published."""
    if not publish.home_assistant:
        return publish
    return dataclasses.replace(publish, sensors=True, alerts=True)


def _with_files(mqtt: MqttSettings, origin: str) -> MqttSettings:
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
