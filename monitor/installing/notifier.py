"""The service of `monitor notify`, beside the daemon's: asked for with ``--notify``."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Final

from monitor.installing import files, shipped, systemd, unit
from monitor.installing.places import Places
from monitor.installing.step import InstallError, Step, keep

NAME: Final = "monitor-notify.service"
_LIBRARY: Final = "apprise"
_URLS: Final = """\
# Whom `monitor notify` tells of alerts: a URL a line, for example
#   mailtos://USER:PASSWORD@smtp.example.org?from=monitor@example.org&to=me@example.org
#   ntfys://TOPIC
# See docs/notify.md; only root reads this file, and hands it to the service.
"""


def see_library(program: Path) -> None:
    """See that what sends the messages is installed.

    Raises:
        InstallError: if it is not; says how to install it.
    """
    if importlib.util.find_spec(_LIBRARY) is None:
        raise InstallError(
            "--notify needs Apprise; install it beside the program, then run this again:"
            f" sudo {program.with_name('python')} -m pip install 'tweet-reputation-monitor[notify]'"
        )


def is_wanted(places: Places) -> bool:
    """Say whether it was installed before, and so is to be kept up to date."""
    return places.notify_unit.exists()


def access(places: Places) -> Step:
    """Let the notifier read the daemon's store: a drop-in of the daemon's unit."""
    return files.put(places.notify_access, shipped.read(shipped.NOTIFY_ACCESS))


def own_files(places: Places, program: Path) -> list[Step]:
    """Put the unit, and a file for the URLs that is its owner's from then on."""
    return [
        files.put_once(places.notify_urls, _URLS, 0o600),
        files.put(places.notify_unit, unit.rendered(program, shipped.NOTIFY_UNIT)),
    ]


def installation(places: Places, program: Path, *, start: bool) -> list[Step]:
    """Say what makes it a service; it begins once there is somebody to tell.

    Raises:
        InstallError: if somebody has masked it.
    """
    steps = own_files(places, program)
    changed = steps[-1].do is not None
    if start and not _has_recipient(places.notify_urls):
        begun = systemd.begin(systemd.state(NAME), changed=changed, start=False, unit=NAME)
        told = keep(
            f"{NAME}: not started, for it has nobody to tell yet: write a URL a line into"
            f" {places.notify_urls}, then run this again"
        )
        return [*steps, *begun[:-1], told]
    return steps + systemd.begin(systemd.state(NAME), changed=changed, start=start, unit=NAME)


def removal(places: Places, *, purge: bool) -> list[Step]:
    """Say what takes it away again; URLs and what it remembers stay, unless ``purge``."""
    steps = systemd.end(systemd.state(NAME), NAME)
    gone = files.remove(places.notify_unit, force=purge)
    steps += gone
    if any(step.do for step in gone):
        steps += systemd.forget(NAME)
    if purge:
        steps += files.remove_folder(places.notify_state)
        steps += files.remove_link(places.notify_link)
    else:
        steps += files.kept(places.notify_state)
    return steps


def _has_recipient(urls: Path) -> bool:
    if not urls.exists():
        return False
    lines = urls.read_text(encoding="utf-8", errors="replace").splitlines()
    return any(line.strip() and not line.lstrip().startswith("#") for line in lines)
