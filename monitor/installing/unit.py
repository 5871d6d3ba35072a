"""A unit, for the program as it is installed here."""

from __future__ import annotations

import re
from pathlib import Path

from monitor import __version__
from monitor.installing import shipped


def rendered(program: Path, name: str = shipped.UNIT) -> str:
    """Return a unit that starts this program.

    It names the version, so that it is another one after an upgrade, and its service is restarted.
    """
    text = shipped.read(name)
    first, rest = text.split("\n", 1)
    unit = f"{first}\n# Of version {__version__}.\n{rest}"
    return re.sub(r"^ExecStart=\S+", lambda _: f"ExecStart={program}", unit, flags=re.MULTILINE)
