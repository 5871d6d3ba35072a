"""Who has been told what, in a small file that outlives the program: replaced as a whole."""

from __future__ import annotations

import fcntl
import json
import os
import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import structlog

from monitor.atomic import replacing
from monitor.console import strict_json
from monitor.notifying.news import Mark, Told
from monitor.notifying.outage import Outage

_FORMAT: Final = 1


class MemoryFileError(Exception):
    """The file cannot be used; the message says why and what to do."""


class Memory:
    """The file's content, and its only writer."""

    def __init__(self, path: Path, keys: Collection[str]) -> None:
        """Read the file, if there is one, and see that it can be written.

        Args:
            path: the file.
            keys: of the recipients; others are forgotten.

        Raises:
            MemoryFileError: if it is a later version's, or cannot be read or written.
        """
        self._path = path
        self._lock = threading.Lock()
        self._unwritten = False
        self._writing = Outage()
        try:
            known = _read(path)
            self._told = {key: told for key, told in known.items() if key in keys}
            self._write()
        except OSError as error:
            raise MemoryFileError(
                f"{path}: {error.strerror or error}; [notify] state_file has to be where this user"
                " may write"
            ) from error

    def __getitem__(self, key: str) -> Told | None:
        return self._told.get(key)

    def put(self, key: str, told: Told) -> None:
        """Remember what somebody has been told.

        If the file cannot be written (a full disk, say), it is remembered in this process, and
        written as soon as it can be: `keep`.
        """
        with self._lock:
            self._told[key] = told
            self._unwritten = True
        self.keep()

    def keep(self) -> None:
        """Write what could not be written before, if there is any."""
        with self._lock:
            if not self._unwritten:
                return
            try:
                self._write()
            except OSError as error:
                why = error.strerror or str(error)
                if self._writing.is_news(why):
                    structlog.get_logger().warning(
                        "told-unwritten",
                        file=str(self._path),
                        why=why,
                        note="a restart before it can be written tells the latest again",
                    )
                return
            self._unwritten = False
            if (after_s := self._writing.over()) is not None:
                structlog.get_logger().info("told-written", after_s=after_s)

    def _write(self) -> None:
        document = {
            "format": _FORMAT,
            "recipients": {key: _document(told) for key, told in self._told.items()},
        }
        with replacing(self._path, mode=0o600) as draft:
            draft.write_text(strict_json(document), "utf-8")


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """See that no other process tells by the same memory: each would tell everything.

    Raises:
        MemoryFileError: if one does, or that cannot be seen.
    """
    beside = path.with_name(f"{path.name}.lock")
    try:
        descriptor = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise MemoryFileError(
            f"{beside}: {error.strerror}; [notify] state_file has to be where this user may write"
        ) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise MemoryFileError(
            f"{path}: another `monitor notify` is at work with it; stop that one first, or give"
            " this one another [notify] state_file"
        ) from None
    finally:
        os.close(descriptor)  # which lets go of the lock


def _document(told: Told) -> dict[str, Any]:
    return {
        "latest": told.latest,
        "owed": told.owed,
        "holding": told.holding,
        "summary": told.summary,
    }


def _read(path: Path) -> dict[str, Told]:
    """Read the file; what cannot be made out is put aside, and nobody has been told anything.

    Raises:
        MemoryFileError: if it is a later version's.
        OSError: if it cannot be read.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return {}
    try:
        document = json.loads(content)
        number = document["format"]
        if isinstance(number, int) and number > _FORMAT:
            raise MemoryFileError(
                f"{path}: written by a newer version of this program; upgrade it, or move the file"
                " away"
            )
        return {key: _told(value) for key, value in document["recipients"].items()}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        aside = path.with_name(f"{path.name}.damaged")
        path.replace(aside)
        structlog.get_logger().warning(
            "told-forgotten",
            file=str(aside),
            note="what is there cannot be read, so alerts that hold are told again",
        )
        return {}


def _told(value: Mapping[str, Any]) -> Told:
    summary = value["summary"]
    return Told(
        latest=_marks(value["latest"]),
        owed=_marks(value["owed"]),
        holding=_marks(value["holding"]),
        summary=None if summary is None else float(summary),
    )


def _marks(value: list[list[Any]]) -> tuple[Mark, ...]:
    return tuple((int(number), str(raised_at)) for number, raised_at in value)
