"""The configuration: every key with its bounds, read from TOML and the environment, checked.

keys.py has the keys, reading.py reads them, checks.py sees whether they fit together; beside them
what the configuration names: files, topics, addresses, certificates.
"""

from typing import TYPE_CHECKING

from monitor.lazily import face

if TYPE_CHECKING:
    from monitor.settings.checks import WAL_BYTES as WAL_BYTES
    from monitor.settings.keys import Alerts as Alerts
    from monitor.settings.keys import Batch as Batch
    from monitor.settings.keys import Log as Log
    from monitor.settings.keys import Metrics as Metrics
    from monitor.settings.keys import Model as Model
    from monitor.settings.keys import Mqtt as Mqtt
    from monitor.settings.keys import Privacy as Privacy
    from monitor.settings.keys import Publish as Publish
    from monitor.settings.keys import Settings as Settings
    from monitor.settings.keys import Store as Store
    from monitor.settings.reading import ENVIRONMENT_PREFIX as ENVIRONMENT_PREFIX
    from monitor.settings.reading import load as load
    from monitor.settings.tables import ConfigurationError as ConfigurationError

__getattr__ = face(
    __name__,
    {
        "checks": ("WAL_BYTES",),
        "keys": (
            "Alerts",
            "Batch",
            "Log",
            "Metrics",
            "Model",
            "Mqtt",
            "Privacy",
            "Publish",
            "Settings",
            "Store",
        ),
        "reading": ("ENVIRONMENT_PREFIX", "load"),
        "tables": ("ConfigurationError",),
    },
)
