"""The configuration: every key with its bounds, read from TOML and the environment, checked.

keys.py has the keys, reading.py reads them, checks.py sees whether they fit together; beside them
what the configuration names: files, topics, addresses, certificates.
"""

from typing import TYPE_CHECKING

from monitor.lazily import face

if TYPE_CHECKING:
    from monitor.settings.checks import WAL_BYTES as WAL_BYTES
    from monitor.settings.keys import AlertsSettings as AlertsSettings
    from monitor.settings.keys import BatchSettings as BatchSettings
    from monitor.settings.keys import LogSettings as LogSettings
    from monitor.settings.keys import MetricsSettings as MetricsSettings
    from monitor.settings.keys import ModelSettings as ModelSettings
    from monitor.settings.keys import MqttSettings as MqttSettings
    from monitor.settings.keys import NotifySettings as NotifySettings
    from monitor.settings.keys import PrivacySettings as PrivacySettings
    from monitor.settings.keys import PublishSettings as PublishSettings
    from monitor.settings.keys import Settings as Settings
    from monitor.settings.keys import StoreSettings as StoreSettings
    from monitor.settings.reading import ENVIRONMENT_PREFIX as ENVIRONMENT_PREFIX
    from monitor.settings.reading import load as load
    from monitor.settings.tables import ConfigurationError as ConfigurationError

else:  # or the type checker would take any name for one that is there
    __getattr__ = face(
        __name__,
        {
            "checks": ("WAL_BYTES",),
            "keys": (
                "AlertsSettings",
                "BatchSettings",
                "LogSettings",
                "MetricsSettings",
                "ModelSettings",
                "MqttSettings",
                "NotifySettings",
                "PrivacySettings",
                "PublishSettings",
                "Settings",
                "StoreSettings",
            ),
            "reading": ("ENVIRONMENT_PREFIX", "load"),
            "tables": ("ConfigurationError",),
        },
    )
