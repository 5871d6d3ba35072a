"""Our settings for a mosquitto on this board, where nobody has made others."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from monitor.installing import shipped
from monitor.installing.files import put
from monitor.installing.places import Places
from monitor.installing.step import InstallError, Step, keep

_SYSTEM_PATH: Final = "/usr/local/sbin:/usr/sbin:/usr/local/bin:/usr/bin"
_ACCESS: Final = frozenset(
    {
        *("listener", "port", "bind_address", "per_listener_settings", "password_file"),
        *("acl_file", "psk_file", "plugin", "global_plugin", "auth_plugin"),
    }
)
"""Settings of listeners and access, with which our open listener on loopback conflicts."""
_LEAVE: Final = "go on with --no-broker"


def is_installed() -> bool:
    """Say whether this board has a mosquitto."""
    return shutil.which("mosquitto", path=_SYSTEM_PATH) is not None


def configure(places: Places) -> Step:
    """Have our settings among mosquitto's.

    Raises:
        InstallError: if mosquitto would not read them, or has others that exclude them.
    """
    wanted = shipped.read(shipped.BROKER)
    if not places.broker.exists():
        _see_welcome(places, wanted)
    return put(places.broker, wanted)


def see_port_free(port: int) -> None:
    """See that mosquitto, which does not run, could listen where our settings have it listen.

    Raises:
        InstallError: if another program does.
    """
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return
    raise InstallError(
        f"port {port} is taken by another program than mosquitto (sudo ss -ltnp says which); if"
        f" that is your broker, {_LEAVE}; else stop it"
    )


def leave(why: str) -> Step:
    """Change nothing."""
    return keep(f"broker: {why}")


def _see_welcome(places: Places, wanted: str) -> None:
    try:
        lines = list(_lines(places.mosquitto))
    except OSError as error:
        raise InstallError(
            f"{places.mosquitto}: {error.strerror}, so there is no telling which settings your"
            f" mosquitto reads; {_LEAVE}"
        ) from error
    folder = places.broker.parent
    include = f"include_dir /{folder.relative_to(places.root)}"
    if not any(include == f"{key} {value}".rstrip("/") for _, key, value in lines):
        raise InstallError(
            f"{places.mosquitto}: has no line `{include}`, so mosquitto would not read our"
            f" settings; add it, or {_LEAVE}"
        )
    for path in sorted(folder.glob("*.conf")):
        lines += _lines(path)
    for where, key, value in lines:
        if disagrees(key, value, wanted):
            raise InstallError(
                f"{where}: `{key} {value}` and our settings exclude each other; take over what you"
                f" need of {shipped.path(shipped.BROKER)}, and {_LEAVE}"
            )


def disagrees(key: str, value: str, ours: str) -> bool:
    """Say whether a line of somebody else's cannot stand beside our settings."""
    return key in _ACCESS or any(
        key == our_key and value != our_value for our_key, our_value in _parsed(ours)
    )


def _lines(path: Path) -> Iterator[tuple[str, str, str]]:
    """Yield where it stands, key and value."""
    text = path.read_text(encoding="utf-8", errors="replace")
    for number, line in enumerate(text.splitlines(), 1):
        for key, value in _parsed(line):
            yield f"{path}:{number}", key, value


def _parsed(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        if (setting := line.strip()) and not setting.startswith("#"):
            key, _, value = setting.partition(" ")
            yield key, value.strip()
