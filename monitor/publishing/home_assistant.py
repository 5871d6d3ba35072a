"""What we announce to Home Assistant: one device, with sensors for each entity and for the board.

Home Assistant's MQTT discovery, "device discovery": one retained message at
``PREFIX/device/OBJECT_ID/config``, in which keys are abbreviated
(https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery). Names, units and classes are as
its documentation of sensors has them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from monitor import __version__
from monitor.console import as_json
from monitor.settings import topics

_MEASURED: Final = {"p": "sensor", "stat_cla": "measurement"}


def config_topic(prefix: str, topic: str) -> str:
    """Where a device is announced.

    Args:
        prefix: Home Assistant's discovery prefix.
        topic: that below which we publish.
    """
    return f"{prefix}/device/{topics.level(topic)}/config"


def config(
    topic: str,
    entities: Sequence[str],
    *,
    alerts: bool,
    availability: bool,
    announced: str | None = None,
) -> str:
    """Write the announcement, as JSON.

    Args:
        topic: that below which we publish.
        entities: the names of those configured.
        alerts: whether the state of their alerts is published.
        availability: whether it is published that we are there.
        announced: what was announced before; of that, what is no longer there is taken away. Left
            out it would stay in Home Assistant; there with its platform alone, it goes.
    """
    device = topics.level(topic)
    components = dict(_board(topic))
    for entity in entities:
        components |= _entity(topic, entity, alerts=alerts)
    for component, fields in components.items():
        fields["uniq_id"] = f"{device}_{component}"
    gone = json.loads(announced)["cmps"] if announced else {}
    document = {
        "dev": {
            "ids": [device],
            "name": "Reputation monitor" if topic == "reputation-monitor" else topic,
            "mdl": "Tweet reputation monitor",
            "sw": __version__,
        },
        "o": {"name": "tweet-reputation-monitor", "sw": __version__},
        "cmps": {
            **{c: {"p": fields["p"]} for c, fields in gone.items() if c not in components},
            **components,
        },
    }
    if availability:
        document["avty_t"] = f"{topic}/{topics.AVAILABILITY}"
    return as_json(document)


def _entity(topic: str, entity: str, *, alerts: bool) -> dict[str, dict[str, Any]]:
    level, stands = topics.level(entity), f"{topic}/{topics.standing(entity)}"
    # The attributes show the ends of the intervals, and what the shares are corrected by.
    shown = {**_MEASURED, "stat_t": stands, "json_attr_t": stands}
    components: dict[str, dict[str, Any]] = {
        f"{level}_negative": {
            **shown,
            "name": f"{entity} negative share",
            "val_tpl": "{{ value_json.negative }}",
            "unit_of_meas": "%",
            "sug_dsp_prc": 1,
            "ic": "mdi:thumb-down-outline",
        },
        f"{level}_net": {
            **shown,
            "name": f"{entity} net score",
            "val_tpl": "{{ value_json.net }}",
            "sug_dsp_prc": 2,
            "ic": "mdi:scale-balance",
        },
        f"{level}_tweets": {
            **_MEASURED,
            "stat_t": stands,
            "name": f"{entity} tweets",
            "val_tpl": "{{ value_json.tweets }}",
            "unit_of_meas": "tweets",
            "ic": "mdi:message-text-outline",
        },
    }
    if alerts:
        components[f"{level}_alert"] = {
            "p": "binary_sensor",
            "stat_t": f"{topic}/{topics.alert(entity)}",
            "json_attr_t": f"{topic}/{topics.alert(entity)}",
            "name": f"{entity} alert",
            "dev_cla": "problem",
            "val_tpl": "{{ 'ON' if value_json.state == 'alert' else 'OFF' }}",
        }
    return components


def _board(topic: str) -> Mapping[str, dict[str, Any]]:
    """Describe the sensors of the board, a field of its message each (`sensors.board`)."""
    latency = {**_MEASURED, "dev_cla": "duration", "unit_of_meas": "ms", "sug_dsp_prc": 0}
    board: dict[str, dict[str, Any]] = {
        "tweets_per_s": {
            **_MEASURED,
            "name": "Throughput",
            "unit_of_meas": "tweets/s",
            "sug_dsp_prc": 2,
            "ic": "mdi:speedometer",
        },
        "latency_p50_ms": {**latency, "name": "Latency, median"},
        "latency_p99_ms": {**latency, "name": "Latency, 99th percentile"},
        "queue": {
            **_MEASURED,
            "name": "Queue",
            "unit_of_meas": "tweets",
            "ic": "mdi:tray-full",
        },
        "rejected": {
            **_MEASURED,
            "name": "Rejected",
            "unit_of_meas": "messages",
            "ic": "mdi:email-off-outline",
        },
        "memory_mib": {
            **_MEASURED,
            "name": "Memory",
            "dev_cla": "data_size",
            "unit_of_meas": "MiB",
            "sug_dsp_prc": 1,
        },
        "temperature_c": {
            **_MEASURED,
            "name": "Temperature",
            "dev_cla": "temperature",
            "unit_of_meas": "°C",
            "sug_dsp_prc": 1,
        },
        "tweets": {
            "p": "sensor",
            "stat_cla": "total_increasing",
            "name": "Tweets",
            "unit_of_meas": "tweets",
            "ic": "mdi:counter",
        },
    }
    return {
        f"board_{name}": {
            **fields,
            "stat_t": f"{topic}/{topics.BOARD}",
            "val_tpl": f"{{{{ value_json.{name} }}}}",
            "ent_cat": "diagnostic",
        }
        for name, fields in board.items()
    }
