"""The program must lie where the service gets at it; if not, it is said how it would."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.installing.program import located, see_outside_homes
from monitor.installing.step import InstallError

SYSTEM = Path("/usr/bin/python3")


def test_located() -> None:
    """The command of this very installation is found."""
    assert located().is_file()
    assert "monitor" == located().name


@pytest.mark.parametrize(
    ("program", "python", "package", "advice"),
    [
        ("/home/pi/.venv/bin/monitor", SYSTEM, "/home/pi/.venv/monitor", "venv /opt/monitor"),
        ("/root/.local/share/pipx/venvs/x/bin/monitor", SYSTEM, "/root/x", "pipx install"),
        ("/home/pi/.local/share/uv/tools/x/bin/monitor", SYSTEM, "/x", "uv tool install"),
        # The environment is in its place, but not the Python that it was made with,
        ("/opt/x/bin/monitor", "/root/.local/share/uv/python/bin/python3", "/opt/x", "uv tool"),
        # or the installation is editable: the code is in somebody's clone.
        ("/opt/x/bin/monitor", SYSTEM, "/home/pi/monitor/monitor", "pip install"),
        ("/tmp/x/bin/monitor", SYSTEM, "/tmp/x", "venv /opt/monitor"),
    ],
)
def test_in_a_home(program: str, python: Path | str, package: str, advice: str) -> None:
    """Nothing of it may lie where ProtectHome= and PrivateTmp= hide it."""
    with pytest.raises(InstallError, match=f"the service sees nothing below .*sudo .*{advice}"):
        see_outside_homes(Path(program), Path(python), Path(package))


@pytest.mark.parametrize("folder", ["/opt/monitor", "/opt/pipx/venvs/x", "/usr/local", "/srv/x"])
def test_for_the_system(folder: str) -> None:
    """Anywhere else it is reached."""
    see_outside_homes(Path(folder, "bin/monitor"), SYSTEM, Path(folder, "lib/monitor"))
