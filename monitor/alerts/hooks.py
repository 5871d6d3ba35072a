"""The hooks of the store that a configuration's ``[alerts]`` asks for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from monitor.alerts.alerting import Alerting
from monitor.alerts.following import Following
from monitor.alerts.message import Messages
from monitor.alerts.tuning import Tuning
from monitor.inference import Model
from monitor.settings import Settings
from monitor.standings import Calibration
from monitor.store import TransactionHook
from monitor.store.adapting import Adapting

_HOUR_S: Final = 3600.0


def alerting(
    settings: Settings,
    model: Model,
    messages: Messages,
    adapting: Adapting | None = None,
    due: Callable[[], object] = lambda: None,
) -> list[TransactionHook]:
    """Return the hooks that a configuration asks for, if it does."""
    alerts, task = settings.alerts, settings.model.task
    if not alerts.enabled:
        return []
    tuning = Tuning(
        rise=alerts.rise,
        false_alarm_days=alerts.false_alarm_days,
        quiet_s=alerts.quiet_hours * _HOUR_S,
        learn_tweets=alerts.learn_tweets,
        false_positive=Tuning.false_positives(Calibration.of(model.calibration.get(task))),
    )
    told = messages if settings.publish.alerts else None
    aliases = {entity.name: entity.aliases for entity in settings.entities}
    return [
        Alerting(tuning, task, told, adapting),
        Following(Path(settings.store.path), aliases, told, due),
    ]
