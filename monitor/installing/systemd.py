"""systemd: what it has of our services, and what it is told."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from monitor.installing.places import Places
from monitor.installing.step import InstallError, Step, call, keep, run

SERVICE: Final = "monitor.service"
BROKER: Final = "mosquitto.service"
_RELOAD: Final = run("reload", "systemd", [("systemctl", "daemon-reload")])


@dataclass(frozen=True, slots=True)
class UnitState:
    """How a unit is, in systemd's words."""

    active: str
    """``active``, ``inactive``, ``failed``, ``activating``, …"""
    enabled: str
    """``enabled``, ``disabled``, ``masked``, …; empty if there is no such unit."""

    @property
    def runs(self) -> bool:
        """Whether it has to be stopped before it stands still; between two restarts, too."""
        return self.active not in ("inactive", "failed")


def is_there() -> bool:
    """Say whether systemd runs this system, as sd_booted(3) does."""
    return Path("/run/systemd/system").is_dir()


def state(unit: str = SERVICE) -> UnitState:
    """Ask how a unit is."""
    said = call("systemctl", "show", unit, "--property=ActiveState,UnitFileState")
    found = dict(line.split("=", 1) for line in said.splitlines())
    return UnitState(found["ActiveState"], found["UnitFileState"])


def begin(found: UnitState, *, changed: bool, start: bool, unit: str = SERVICE) -> list[Step]:
    """Have a service run, now and with every start of the board.

    Args:
        found: how it is.
        changed: whether its unit, which names the version, is another one than before.
        start: False leaves it as it is.
        unit: its name.

    Raises:
        InstallError: if somebody has masked it.
    """
    steps = [_RELOAD] if changed else []
    if not start:
        return [*steps, keep(f"{unit}: {found.active}, for --no-start")]
    if found.enabled.startswith("masked"):
        raise InstallError(f"{unit} is masked: sudo systemctl unmask {unit}")
    if found.enabled != "enabled":
        steps.append(run("enable", unit, [("systemctl", "enable", "--quiet", unit)]))
    if found.active != "active":
        steps.append(Step("start", unit, lambda: _start("start", unit)))
    elif changed:
        steps.append(Step("restart", unit, lambda: _start("restart", unit)))
    else:
        steps.append(keep(f"{unit}: enabled and active"))
    return steps


def end(found: UnitState, unit: str = SERVICE) -> list[Step]:
    """Have a service stop, and not start again."""
    steps = []
    if found.runs:
        steps.append(run("stop", unit, [("systemctl", "stop", unit)]))
    if found.enabled == "enabled":
        steps.append(run("disable", unit, [("systemctl", "disable", "--quiet", unit)]))
    return steps


def forget(unit: str = SERVICE) -> list[Step]:
    """Tell systemd that a unit is gone, and what became of it at last does not matter."""

    def do() -> None:
        call("systemctl", "daemon-reload")
        if state(unit).active == "failed":
            call("systemctl", "reset-failed", unit)

    return [Step("reload", "systemd", do)]


def restart_broker(places: Places, *, take_back: bool) -> Step:
    """Have mosquitto read its settings anew; its queue is kept, if it keeps one.

    Args:
        places: where our settings are.
        take_back: whether they go again if mosquitto does not start with them.
    """

    def do() -> None:
        try:
            call("systemctl", "restart", BROKER)
        except InstallError as error:
            if not take_back:
                raise
            places.broker.unlink()
            call("systemctl", "restart", BROKER)
            raise InstallError(
                f"mosquitto did not start with our settings, so they are gone again ({error});"
                f" see journalctl -u {BROKER}, or go on with --no-broker"
            ) from error

    return Step("restart", BROKER, do)


def _start(verb: str, unit: str) -> None:
    """Start it, and say what it said if it does not."""
    try:
        call("systemctl", verb, unit)
    except InstallError as error:
        call("journalctl", "--sync")
        said = call("journalctl", f"_SYSTEMD_UNIT={unit}", "--lines=1", "--output=cat").strip()
        raise InstallError(
            f"{unit} does not start: {said or error}; put that right, then: sudo systemctl"
            f" restart {unit} (journalctl -u {unit} has more)"
        ) from error
