"""``python -m tests.boot``: the service in a Debian that is booted, a line for each claim.

Needs root, debootstrap and systemd-nspawn. The Debian is fetched once, into ``.boot/``, and so are
the wheels of what the package needs; the rest runs without a network.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click

from monitor import __version__
from tests.boot import debian
from tests.installing import wheels
from tests.processes import REPOSITORY

CACHE = REPOSITORY / ".boot"
DOCUMENTATION = REPOSITORY / "docs" / "install.md"
PYTHON = {"bookworm": "3.11", "trixie": "3.13"}
"""Debian's release to its Python."""
NEWER = f"{__version__}.post1"
PATIENCE_S = 900.0

UNIT = """\
[Unit]
Description=The story of boot {number}
After=multi-user.target mosquitto.service

[Service]
ExecStart=/usr/bin/python3 /story.py {number}
# As a login shell would have them; and nothing is compiled into the system's folders.
Environment=LANG=C.UTF-8 PYTHONDONTWRITEBYTECODE=1
"""


def main() -> int:
    """Prepare, boot twice, print what was found; 1 if anything was not as it should be."""
    parser = argparse.ArgumentParser(prog="python -m tests.boot", description=__doc__)
    parser.add_argument("--suite", choices=PYTHON, default="bookworm", help="Debian's release")
    parser.add_argument(
        "--worktree", action="store_true", help="take the working tree, not the last commit"
    )
    options = parser.parse_args()
    if reason := debian.hindrance():
        click.echo(f"cannot run here: {reason}")
        return 1
    CACHE.mkdir(exist_ok=True)
    (CACHE / ".gitignore").write_text("*\n")
    click.echo(f"preparing Debian {options.suite} and the wheels ...")
    base = debian.base(CACHE, options.suite)
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        found = _wheels(Path(folder), PYTHON[options.suite], committed=not options.worktree)
        tree = debian.copied(base, Path(folder) / "tree")
        return _tell(tree, found)


def _wheels(folder: Path, python: str, *, committed: bool) -> Path:
    """Build the wheel in two versions, and fetch what it needs, and pipx and uv."""
    source = wheels.export(folder / "source", committed=committed)
    found = folder / "wheels"
    wheel = wheels.build(source, found)
    wheels.build(source, found, NEWER)
    cache = CACHE / f"wheels-{python}"
    download = ["download", "-qq", "--only-binary=:all:", f"--python-version={python}"]
    lock = REPOSITORY / "requirements" / "daemon.lock"
    places = [f"--dest={cache}", f"--find-links={cache}", f"--constraint={lock}"]
    subprocess.run(
        [sys.executable, "-m", "pip", *download, *places, f"{wheel}[notify]", "pipx", "uv"],
        check=True,
    )
    for path in cache.glob("*.whl"):
        if not path.name.startswith("tweet_reputation_monitor-"):
            (found / path.name).hardlink_to(path)
    (cache / wheel.name).unlink()
    return found


def _tell(tree: Path, found: Path) -> int:
    notes = tree / "var/lib/story"
    notes.mkdir()
    results = notes / "results"
    results.touch()
    bound = {found: "/wheels", Path(__file__).with_name("story.py"): "/story.py"}
    wanted = tree / "etc/systemd/system/multi-user.target.wants"
    # Of the test, not of the system: where the story's listings do not look.
    unit = tree / "usr/lib/systemd/system/story.service"
    (wanted / unit.name).symlink_to(f"/{unit.relative_to(tree)}")
    shown = 0
    for number in (1, 2):
        unit.write_text(UNIT.format(number=number))
        began = time.monotonic()
        console = debian.boot(tree, bound, PATIENCE_S)
        lines = results.read_text().splitlines()
        click.echo(f"boot {number}, {time.monotonic() - began:.0f} s")
        click.echo("".join(f"  {line}\n" for line in lines[shown:]), nl=False)
        journal = notes / f"journal-{number}"
        if journal.exists():
            shutil.copy(journal, CACHE / journal.name)
        if len(lines) == shown or any(not line.startswith("ok ") for line in lines):
            (CACHE / "console").write_text(console)
            click.echo(f"see {CACHE}/journal-{number} and console")
            return 1
        shown = len(lines)
    command = f"$ sudo /opt/monitor/bin/monitor install-service\n{(notes / 'said').read_text()}"
    if command not in DOCUMENTATION.read_text():
        click.echo(f"FAILED  {DOCUMENTATION} shows what it prints, which is\n{command}")
        return 1
    click.echo(f"{shown} claims, all hold")
    return 0


if __name__ == "__main__":
    sys.exit(main())
