"""The wheel, built from what is committed, or from the working tree as it is."""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
from pathlib import Path

from tests.processes import REPOSITORY

VERSION = REPOSITORY / "monitor" / "__init__.py"


def export(folder: Path, *, committed: bool) -> Path:
    """Copy what a clone would have: of the last commit, or of the working tree."""
    folder.mkdir(parents=True)
    archive = folder.with_suffix(".tar")
    if committed:
        _git("archive", "--format=tar", f"--output={archive}", "HEAD")
    else:
        names = _git("ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
        with tarfile.open(archive, "w") as tar:
            for name in sorted(name for name in names if (REPOSITORY / name).is_file()):
                tar.add(REPOSITORY / name, name)
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    archive.unlink()
    return folder


def build(source: Path, output: Path, version: str | None = None, *, isolated: bool = True) -> Path:
    """Build the wheel of a source tree.

    Args:
        source: the tree.
        output: the folder the wheel goes to.
        version: one to build it with instead of its own; the tree is changed.
        isolated: have pip fetch the build's own requirements, as for a stranger; else use those
            of this environment.
    """
    if version:
        module = source / VERSION.relative_to(REPOSITORY)
        text = re.sub(r'__version__ = ".*"', f'__version__ = "{version}"', module.read_text())
        module.write_text(text)
    options = [] if isolated else ["--no-build-isolation", "--no-index"]
    command = ["wheel", "--quiet", "--no-deps", *options, "--wheel-dir", str(output), str(source)]
    subprocess.run([sys.executable, "-m", "pip", *command], check=True)
    return max(output.glob("tweet_reputation_monitor-*.whl"), key=lambda path: path.stat().st_mtime)


def _git(*arguments: str) -> str:
    return subprocess.run(
        ["git", "-C", str(REPOSITORY), *arguments], check=True, capture_output=True, text=True
    ).stdout
