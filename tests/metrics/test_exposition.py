"""What is asked of the log as it is read."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import astuple, fields
from pathlib import Path

from prometheus_client import generate_latest

from monitor.alerts.detector import Detector
from monitor.metrics.exposition import registry
from monitor.metrics.measurements import MOST_ENTITIES, Measurements, Serving
from monitor.store import Store
from tests.factories import register
from tests.metrics.test_daemon import parsed


def _watched(store: Store, entity: str, alert_id: int | None) -> None:
    numbers = [field.name for field in fields(Detector)]
    values = [None if value != value else value for value in astuple(Detector())]
    store._connection.execute(
        f"INSERT INTO alert_states (entity, model_id, alert_id, {', '.join(numbers)})"
        f" VALUES (?, 1, ?{', ?' * len(numbers)})",
        (entity, alert_id, *values),
    )


def _alerts(path: Path, entities: Sequence[str]) -> dict[str, float]:
    measurements = Measurements()
    measurements.serving = Serving(
        *("m", "1", "litert", "reputation", path, lambda: 0, lambda: True),
        configured=("Acme",),
        entities=lambda: entities,
    )
    metrics = parsed(generate_latest(registry(measurements)).decode())
    return {sample.labels["entity"]: sample.value for sample in metrics["alert_active"].samples}


def test_who_has_an_alert(tmp_path: Path) -> None:
    """All who are watched, so that an alert that ends goes back to 0."""
    path = tmp_path / "monitor.db"
    with closing(Store(path)) as store:
        register(store)
        for entity, alert_id in (("Acme", 7), ("Lumen", None), ("forgotten", None)):
            _watched(store, entity, alert_id)

        assert {"Acme": 1, "Lumen": 0} == _alerts(path, ["Acme", "Lumen", "new"])


def test_those_with_an_alert_come_first(tmp_path: Path) -> None:
    """However many entities messages have named, an alert is told."""
    path = tmp_path / "monitor.db"
    names = [f"entity {number:03}" for number in range(MOST_ENTITIES + 10)]
    with closing(Store(path)) as store:
        register(store)
        for name in (*names, "Acme"):
            _watched(store, name, None)
        _watched(store, "zebra", 1)
        store._connection.execute(
            "INSERT INTO alerts (entity, model_id, since, raised_at, usual_share, share, tweets,"
            " negatives, first_batch_id, first_tweet_id, batch_id, tweet_id)"
            " VALUES ('zebra', 1, '', '', 0.1, 0.5, 1, 1, 1, '', 1, '')"
        )
        alerts = _alerts(path, names)

    assert MOST_ENTITIES + 1 == len(alerts)
    assert (1, 0) == (alerts["zebra"], alerts["Acme"])
