"""What there is to do for a service, looked up before anything is done."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Final

from monitor.installing import account, files, mosquitto, notifier, program, shipped, systemd, unit
from monitor.installing.places import Places
from monitor.installing.step import InstallError, Step
from monitor.tweets.encodings import text_in

_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")
_PORT: Final = 1883


def installation(
    places: Places, *, broker: bool = True, start: bool = True, notify: bool = False
) -> list[Step]:
    """Say what makes this program a service of this system, in order.

    Args:
        places: where everything goes.
        broker: whether a mosquitto here gets our settings.
        start: whether the service is enabled and (re)started.
        notify: whether `monitor notify` becomes one, too; one that is installed is kept up to date.

    Raises:
        InstallError: if it cannot be one; says why, and the way out.
        OSError: if something cannot be read.
    """
    if not systemd.is_there():
        raise InstallError(
            "this system is not run by systemd; have your own init start"
            f" `{program.located()} run --config FILE`, as a user without rights"
        )
    command = program.located()
    program.see_reachable(command)
    if notify:
        notifier.see_library(command)
    notify = notify or notifier.is_wanted(places)
    steps = [account.add(), _config(places, account.NAME)]
    steps += broker_steps(places) if broker else [mosquitto.leave("yours, for --no-broker")]
    own = [files.put(places.unit, unit.rendered(command))]
    own += [notifier.access(places)] if notify else []
    changed = any(step.do for step in own)
    steps += [*own, *systemd.begin(systemd.state(), changed=changed, start=start)]
    return steps + (notifier.installation(places, command, start=start) if notify else [])


def files_alone(places: Places, *, broker: bool = True, notify: bool = False) -> list[Step]:
    """Say which files go below another root, as for an image of a board that is being made.

    Raises:
        InstallError, OSError: as `installation`.
    """
    steps = [_config(places, None)]
    if broker and places.mosquitto.exists():
        steps.append(mosquitto.configure(places))
    command = program.located()
    steps.append(files.put(places.unit, unit.rendered(command)))
    if notify:
        notifier.see_library(command)
        steps += [notifier.access(places), *notifier.own_files(places, command)]
    return steps


def removal(places: Places, *, purge: bool = False) -> list[Step]:
    """Say what takes the service away again, in order.

    Args:
        places: where everything is.
        purge: whether configuration, log and user go, too.

    Raises:
        InstallError: if it cannot be taken away; says why.
    """
    steps = [*notifier.removal(places, purge=purge), *systemd.end(systemd.state())]
    service = files.remove(places.unit, force=purge) + files.remove(
        places.notify_access, force=purge
    )
    if purge:
        service += files.remove_folder(places.drop_ins)
    if any(step.do for step in service):
        service += systemd.forget()
    broker = files.remove(places.broker, force=purge)
    if any(step.do for step in broker) and systemd.state(systemd.BROKER).runs:
        broker.append(systemd.restart_broker(places, take_back=False))
    steps += [*service, *broker]
    if not purge:
        return steps + files.kept(places.drop_ins, places.settings, places.state)
    for folder in (places.settings, places.state):
        steps += files.remove_folder(folder)
    return steps + account.remove()


def broker_steps(places: Places) -> list[Step]:
    """Say what a mosquitto here needs, if it is the one that the configuration names.

    Raises:
        InstallError: as `installation`.
    """
    host, port = _address(places.config)
    if host not in _LOOPBACK or port != _PORT:
        return [mosquitto.leave(f"{host}:{port}, as the configuration says")]
    if not mosquitto.is_installed():
        return [mosquitto.leave("no mosquitto here (apt install mosquitto, then run this again)")]
    step = mosquitto.configure(places)
    if step.do is None or files.is_somebodys(places.broker):
        return [step]
    if not systemd.state(systemd.BROKER).runs:
        mosquitto.see_port_free(_PORT)
    take_back = not places.broker.exists()
    return [step, systemd.restart_broker(places, take_back=take_back)]


def _config(places: Places, group: str | None) -> Step:
    return files.put_once(places.config, shipped.read(shipped.CONFIG), 0o640, group)


def _address(config: Path) -> tuple[Any, Any]:
    """Read which broker a configuration names, without judging the rest of it.

    The rest may be right only with what the unit's drop-ins set; the daemon judges it at its start.
    """
    try:
        document = tomllib.loads(text_in(config)) if config.exists() else {}
    except ValueError as error:
        raise InstallError(f"{config}: not valid TOML: {error}; correct it first") from error
    section = document.get("mqtt", {})
    section = section if isinstance(section, dict) else {}
    return section.get("host", _LOOPBACK[0]), section.get("port", _PORT)
