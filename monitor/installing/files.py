"""Files put in place and taken away, but for what their owner has changed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from monitor.atomic import replacing
from monitor.installing.stamp import is_unchanged, stamped, was_once
from monitor.installing.step import Step, keep


def put_once(path: Path, text: str, mode: int, group: str | None = None) -> Step:
    """Put a file that is its owner's from then on: whatever is there stays.

    Args:
        path: where.
        text: what.
        mode: who may read and write it.
        group: whose it is beside root's; None: of whoever runs this.
    """
    if path.exists():
        return keep(f"{path}, which is yours")
    return Step("write", str(path), lambda: _write(path, text, mode, group))


def put(path: Path, text: str) -> Step:
    """Put a file of ours; if it was changed by hand, put what is new in ours beside it.

    The latter is ``PATH.new``: neither systemd nor mosquitto reads a file of that name.
    """
    wanted = stamped(text)
    there = _read(path)
    if there in (wanted, text):
        return keep(str(path))
    if there is None or is_unchanged(there):
        return Step("write", str(path), lambda: _write(path, wanted, 0o644))
    if was_once(there, text):
        return keep(f"{path}, changed by hand")
    new = beside(path)
    if _read(new) == wanted:
        return keep(f"{path}, changed by hand; ours is {new}")
    return Step(
        "write",
        f"{new}: {path.name} was changed by hand, compare them",
        lambda: _write(new, wanted, 0o644),
    )


def is_somebodys(path: Path) -> bool:
    """Say whether there is a file that is not as we wrote it."""
    there = _read(path)
    return there is not None and not is_unchanged(there)


def remove(path: Path, *, force: bool = False) -> list[Step]:
    """Take away a file that `put` put, and what it put beside it.

    Args:
        path: which.
        force: also if it was changed by hand.
    """
    steps = [_step("remove", new, new.unlink)] if (new := beside(path)).exists() else []
    there = _read(path)
    if there is None:
        return steps
    if force or is_unchanged(there):
        return [*steps, _step("remove", path, path.unlink)]
    return [*steps, keep(f"{path}, changed by hand (--purge removes it)")]


def remove_folder(path: Path) -> list[Step]:
    """Take away a folder with all that it holds."""
    if path.is_symlink():
        return [Step("remove", f"{path}, a link; {path.readlink()} stays", path.unlink)]
    return [_step("remove", path, lambda: shutil.rmtree(path))] if path.is_dir() else []


def remove_link(path: Path) -> list[Step]:
    """Take away a link, and nothing that it leads to."""
    return [_step("remove", path, path.unlink)] if path.is_symlink() else []


def kept(*folders: Path) -> list[Step]:
    """Say which folders stay, of those that are there."""
    return [keep(f"{folder} (--purge removes it)") for folder in folders if folder.exists()]


def beside(path: Path) -> Path:
    """Where a new version goes when the old one was changed by hand."""
    return path.with_name(f"{path.name}.new")


def _step(verb: str, path: Path, do: Callable[[], object]) -> Step:
    return Step(verb, str(path), do)


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return None


def _write(path: Path, text: str, mode: int, group: str | None = None) -> None:
    """Write a file that appears whole or not at all, with nobody reading it before he may."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path, mode=mode) as draft:
        draft.touch(0o600)
        draft.write_text(text, encoding="utf-8")
        if group:
            shutil.chown(draft, "root", group)
