"""Paths of all that is installed: program, unit, configuration, store."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Places:
    """Paths of the service, below a root."""

    root: Path = Path("/")
    """Elsewhere: an image that is being made."""

    @property
    def settings(self) -> Path:
        """What the owner writes: configuration and secrets."""
        return self.root / "etc/monitor"

    @property
    def config(self) -> Path:
        """The configuration."""
        return self.settings / "config.toml"

    @property
    def state(self) -> Path:
        """What the daemon writes: the log and its key. systemd makes it (StateDirectory=)."""
        return self.root / "var/lib/monitor"

    @property
    def unit(self) -> Path:
        """The unit."""
        return self.root / "etc/systemd/system/monitor.service"

    @property
    def drop_ins(self) -> Path:
        """What the owner changed of the unit, with ``systemctl edit``."""
        return self.root / "etc/systemd/system/monitor.service.d"

    @property
    def notify_access(self) -> Path:
        """A drop-in of ours: `monitor notify` may read the daemon's log."""
        return self.drop_ins / "notify.conf"

    @property
    def notify_unit(self) -> Path:
        """The unit of `monitor notify`."""
        return self.root / "etc/systemd/system/monitor-notify.service"

    @property
    def notify_urls(self) -> Path:
        """Whom it tells."""
        return self.settings / "notify-urls"

    @property
    def notify_state(self) -> Path:
        """What it remembers; systemd makes it (StateDirectory= of a DynamicUser=)."""
        return self.root / "var/lib/private/monitor-notify"

    @property
    def notify_link(self) -> Path:
        """Where systemd shows that folder."""
        return self.root / "var/lib/monitor-notify"

    @property
    def mosquitto(self) -> Path:
        """The main configuration of a mosquitto on this board."""
        return self.root / "etc/mosquitto/mosquitto.conf"

    @property
    def broker(self) -> Path:
        """Our settings for it."""
        return self.root / "etc/mosquitto/conf.d/monitor.conf"
