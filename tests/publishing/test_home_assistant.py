"""The announcement against Home Assistant's documented schema, written down here as data.

Of the documentation of Home Assistant 2026.2: MQTT discovery (device discovery), MQTT sensor and
MQTT binary sensor, and the device classes and units of its sensors. Only what we use is listed, and
nothing else is accepted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from hypothesis import given
from hypothesis import strategies as st

from monitor.publishing.home_assistant import config, config_topic
from monitor.publishing.sensors import board, standing
from monitor.store import Store

Check = Callable[[Any], bool]


def _text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _topic(value: object) -> bool:
    return isinstance(value, str) and not re.search(r"^$|[+#\0]", value)


def _one_of(*choices: str) -> Check:
    return lambda value: value in choices


_ENTITY: Final[dict[str, Check]] = {
    "p": _one_of("sensor", "binary_sensor"),
    "name": _text,
    "uniq_id": lambda value: bool(re.fullmatch(r"[a-z0-9_-]+", value)),
    "stat_t": _topic,
    "json_attr_t": _topic,
    "val_tpl": lambda value: bool(re.fullmatch(r"\{\{ .*value_json\.\w+.* \}\}", value)),
    "ent_cat": _one_of("diagnostic", "config"),
    "ic": lambda value: bool(re.fullmatch(r"mdi:[a-z0-9-]+", value)),
}
_PLATFORMS: Final[Mapping[str, Mapping[str, Check]]] = {
    "sensor": {
        **_ENTITY,
        "stat_cla": _one_of("measurement", "total", "total_increasing"),
        "dev_cla": _one_of("duration", "temperature", "data_size"),
        "unit_of_meas": _text,
        "sug_dsp_prc": lambda value: type(value) is int and value >= 0,
    },
    "binary_sensor": {**_ENTITY, "dev_cla": _one_of("problem")},
}
_UNITS: Final = {
    "duration": {"d", "h", "min", "s", "ms", "μs"},
    "temperature": {"°C", "°F", "K"},
    "data_size": {"B", "kB", "MB", "GB", "KiB", "MiB", "GiB"},
}
_DOCUMENT: Final = {
    "dev": {"ids", "name", "mdl", "sw"},
    "o": {"name", "sw"},
}


def _check(payload: str) -> dict[str, dict[str, Any]]:
    """Hold an announcement against the schema, and return its components."""
    document: dict[str, Any] = json.loads(payload)
    for part, keys in _DOCUMENT.items():
        assert keys == document.pop(part).keys()
    components: dict[str, dict[str, Any]] = document.pop("cmps")
    assert _topic(document.pop("avty_t", "none"))
    assert {} == document
    for name, fields in components.items():
        assert re.fullmatch(r"[a-zA-Z0-9_-]+", name)
        if len(fields) == 1:  # taken away
            assert fields["p"] in _PLATFORMS
            continue
        for key, value in fields.items():
            assert _PLATFORMS[fields["p"]][key](value), (name, key, value)
        assert {"name", "uniq_id", "stat_t", "val_tpl"} <= fields.keys()
        if fields["p"] == "sensor" and "dev_cla" in fields:
            assert fields["unit_of_meas"] in _UNITS[fields["dev_cla"]]
    announced = [fields["uniq_id"] for fields in components.values() if len(fields) > 1]
    assert len(announced) == len(set(announced))
    return components


def _config(*entities: str, announced: str | None = None) -> str:
    return config(
        "reputation-monitor", entities, alerts=True, availability=True, announced=announced
    )


@given(
    st.lists(st.text(min_size=1, max_size=20), max_size=4, unique_by=str.casefold),
    st.booleans(),
    st.booleans(),
)
def test_it_is_as_documented(entities: list[str], alerts: bool, availability: bool) -> None:
    """Whatever the entities are called."""
    payload = config("home/board", entities, alerts=alerts, availability=availability)
    components = _check(payload)
    assert availability == ("avty_t" in json.loads(payload))
    assert (
        alerts == any(c["p"] == "binary_sensor" for c in components.values() if entities)
        or not entities
    )


def test_the_topic() -> None:
    """A device has one topic, whose object identifier holds what Home Assistant allows."""
    assert "homeassistant/device/reputation-monitor/config" == config_topic(
        "homeassistant", "reputation-monitor"
    )
    assert re.fullmatch(r"ha/device/[a-zA-Z0-9_-]+/config", config_topic("ha", "home/böard"))


def test_the_sensors_of_an_entity() -> None:
    """Negative share, net score, tweets, and whether there is an alert."""
    components = _check(_config("Acme"))

    assert {
        "acme_negative": ("Acme negative share", "%"),
        "acme_net": ("Acme net score", None),
        "acme_tweets": ("Acme tweets", "tweets"),
        "acme_alert": ("Acme alert", None),
    } == {
        name: (fields["name"], fields.get("unit_of_meas"))
        for name, fields in components.items()
        if not name.startswith("board_")
    }
    assert "reputation-monitor/alerts/acme" == components["acme_alert"]["stat_t"]


def test_every_value_is_published(tmp_path: Path) -> None:
    """The templates name fields that the sensors' messages have."""
    store = Store(tmp_path / "log.db")
    documents = {
        "reputation-monitor/sensors/board": board(store._connection, 0.0),
        "reputation-monitor/sensors/entities/acme": standing("Acme", None),
        "reputation-monitor/alerts/acme": {"state": "ok"},
    }
    store.close()
    for fields in _check(_config("Acme")).values():
        (field,) = re.findall(r"value_json\.(\w+)", fields["val_tpl"])
        assert field in documents[fields["stat_t"]]


def test_an_entity_that_goes_is_taken_away() -> None:
    """With its platform alone, which is how Home Assistant removes it; it may come back."""
    both = _config("Acme", "Lumen")
    one = _config("Lumen", announced=both)
    components = _check(one)

    assert {"acme_negative", "acme_net", "acme_tweets", "acme_alert"} == {
        name for name, fields in components.items() if len(fields) == 1
    }
    assert one == _config("Lumen", announced=one)
    assert _check(both) == _check(_config("Acme", "Lumen", announced=one))
