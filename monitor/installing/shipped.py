"""The files that came along with the program: sample configuration, units, broker's settings."""

from __future__ import annotations

from pathlib import Path
from typing import Final

CONFIG: Final = "config.toml"
UNIT: Final = "monitor.service"
BROKER: Final = "mosquitto.conf"
NOTIFY_UNIT: Final = "monitor-notify.service"
NOTIFY_ACCESS: Final = "notify-access.conf"

_PACKAGE: Final = Path(__file__).parents[1]
_CHECKOUT: Final = _PACKAGE.parent
_PLACES: Final = {
    CONFIG: (_PACKAGE / CONFIG, _CHECKOUT / CONFIG),
    **{
        name: (_PACKAGE / "installing" / name, _CHECKOUT / "systemd" / name)
        for name in (UNIT, BROKER, NOTIFY_UNIT, NOTIFY_ACCESS)
    },
}
"""Name to where it may lie: in the wheel, or in the checkout."""


def path(name: str) -> Path:
    """Return where one of them lies.

    Raises:
        FileNotFoundError: if it is in neither place: the installation is damaged.
    """
    for place in _PLACES[name]:
        if place.is_file():
            return place
    raise FileNotFoundError(f"{_PLACES[name][0]}: did not come along; install the program anew")


def read(name: str) -> str:
    """Return one of them, word for word.

    Raises:
        FileNotFoundError: as `path`.
    """
    return path(name).read_text(encoding="utf-8")
