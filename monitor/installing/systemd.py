"""systemd: what it has of our service, and what it is told."""

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


def begin(found: UnitState, *, changed: bool, start: bool) -> list[Step]:
    """Have the service run, now and with every start of the board.

    Args:
        found: how it is.
        changed: whether its unit, which names the version, is another one than before.
        start: False leaves it as it is.

    Raises:
        InstallError: if somebody has masked it.
    """
    steps = [_RELOAD] if changed else []
    if not start:
        return [*steps, keep(f"service: {found.active}, for --no-start")]
    if found.enabled.startswith("masked"):
        raise InstallError(f"{SERVICE} is masked: sudo systemctl unmask {SERVICE}")
    if found.enabled != "enabled":
        steps.append(run("enable", SERVICE, [("systemctl", "enable", "--quiet", SERVICE)]))
    if found.active != "active":
        steps.append(Step("start", SERVICE, lambda: _start("start")))
    elif changed:
        steps.append(Step("restart", SERVICE, lambda: _start("restart")))
    else:
        steps.append(keep("service: enabled and active"))
    return steps


def end(found: UnitState) -> list[Step]:
    """Have the service stop, and not start again."""
    steps = []
    if found.runs:
        steps.append(run("stop", SERVICE, [("systemctl", "stop", SERVICE)]))
    if found.enabled == "enabled":
        steps.append(run("disable", SERVICE, [("systemctl", "disable", "--quiet", SERVICE)]))
    return steps


def forget() -> list[Step]:
    """Tell systemd that the unit is gone, and what became of it at last does not matter."""

    def do() -> None:
        call("systemctl", "daemon-reload")
        if state().active == "failed":
            call("systemctl", "reset-failed", SERVICE)

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


def _start(verb: str) -> None:
    """Start it, and say what it said if it does not."""
    try:
        call("systemctl", verb, SERVICE)
    except InstallError as error:
        call("journalctl", "--sync")
        said = call("journalctl", f"_SYSTEMD_UNIT={SERVICE}", "--lines=1", "--output=cat").strip()
        raise InstallError(
            f"{SERVICE} does not start: {said or error}; put that right, then: sudo systemctl"
            f" restart {SERVICE} (journalctl -u {SERVICE} has more)"
        ) from error
