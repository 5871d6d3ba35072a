"""``monitor.alerts.hooks``: what a configuration asks for."""

from __future__ import annotations

import dataclasses

from monitor.alerts.alerting import Alerting
from monitor.alerts.hooks import alerting
from monitor.alerts.tuning import Tuning
from monitor.publishing import Outbox
from monitor.settings import AlertsSettings, PublishSettings, Settings
from tests.factories import STUB_MODEL


def test_settings_say_what_is_watched() -> None:
    """Off is off; published only if asked for; false positives from the model's own matrix."""
    outbox = Outbox("home")
    confusion = {"confusion": [[70, 20, 10], [20, 70, 10], [10, 10, 80]]}
    model = dataclasses.replace(STUB_MODEL, calibration={"reputation": confusion})
    watching, _ = alerting(Settings(), model, outbox)
    publishing, _ = alerting(Settings(publish=PublishSettings(alerts=True)), model, outbox)

    assert [] == alerting(Settings(alerts=AlertsSettings(enabled=False)), model, outbox)
    assert isinstance(watching, Alerting)
    assert isinstance(publishing, Alerting)
    assert Tuning(2.0, 365.0, 86_400.0, 500, 0.15) == watching._tuning
    assert (None, outbox) == (watching._messages, publishing._messages)
