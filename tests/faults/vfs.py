"""A disk that can fall ill: what SQLite does to its files is noted, and refused or held on demand.

``python -m tests.faults.vfs FOLDER [PRAGMA=VALUE ...]`` runs the daemon on it. SQLite gets another
default VFS (https://sqlite.org/vfs.html), in the daemon's own process: a copy of the one for Unix
whose calls that change files take a way through Python. ``FOLDER/redo`` gets the records of
`tests.faults.redo`. While a link ``FOLDER/fault-CALL`` exists (``write``, ``truncate``, ``sync``,
``delete``), such calls fail with the code it points to, or hang.
"""

from __future__ import annotations

import ctypes
import os
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from ctypes import CFUNCTYPE, c_char_p, c_int, c_int64, c_void_p
from pathlib import Path
from typing import Any, Final

from paho.mqtt.client import Client

from monitor import cli
from tests.faults.redo import Redo
from tests.processes import Daemon

HANG: Final = 0
"""Instead of a result code: the call returns when the fault is over."""


def run_on_sick_disk(daemon: Daemon, **pragmas: object) -> None:
    """Have a daemon run on such a disk from its next start, with some PRAGMAs as given here."""
    if library() is None:
        import pytest

        blame = pytest.fail if os.environ.get("MONITOR_REQUIRE_BROKER") else pytest.skip
        blame("SQLite is linked into Python here: nothing can be put under it")
    forced = [f"{name}={value}" for name, value in pragmas.items()]
    daemon.program = (sys.executable, "-m", __name__, str(daemon.folder), *forced)


@contextmanager
def fault(daemon: Daemon, call: str, code: int = HANG) -> Iterator[None]:
    """Make a call fail with a result code of SQLite's, or hang, for a while."""
    link = daemon.folder / f"fault-{call}"
    link.symlink_to(str(code))
    try:
        yield
    finally:
        link.unlink()


def library() -> str | None:
    """Find the very library that `sqlite3` uses; None if it was linked statically."""
    maps = Path("/proc/self/maps")
    files = {line.split()[-1] for line in maps.read_text().splitlines()} if maps.exists() else ()
    return next((file for file in files if Path(file).name.startswith("libsqlite3.so")), None)


def files_of(database: Path) -> list[Path]:
    """Name the files that SQLite keeps of a database; the index of the WAL is not to last."""
    return [database.with_name(database.name + suffix) for suffix in ("", "-wal", "-journal")]


class _Vfs(ctypes.Structure):
    """The beginning of SQLite's ``sqlite3_vfs``, and the rest of it to be copied."""

    _fields_ = (
        ("version", c_int),
        ("file_size", c_int),
        ("longest_path", c_int),
        ("next", c_void_p),
        ("name", c_char_p),
        ("data", c_void_p),
        ("open", c_void_p),
        ("delete", c_void_p),
        ("others", c_void_p * 14),
    )


_Methods = c_void_p * 19
"""SQLite's ``sqlite3_io_methods``: a version, then functions."""
_Open = CFUNCTYPE(c_int, c_void_p, c_void_p, c_void_p, c_int, c_void_p)
_Delete = CFUNCTYPE(c_int, c_void_p, c_char_p, c_int)
_Write = CFUNCTYPE(c_int, c_void_p, c_void_p, c_int, c_int64)
_Truncate = CFUNCTYPE(c_int, c_void_p, c_int64)
_Sync = CFUNCTYPE(c_int, c_void_p, c_int)

_KEPT: Final[list[object]] = []
"""What SQLite points to, and Python does not know of."""


class SickDisk:
    """The VFS, once installed for the rest of the process's life."""

    def __init__(self, folder: Path, redo: Redo) -> None:
        self._folder = folder
        self._redo = redo
        self._names: dict[int, str] = {}
        """Of open files, by the address of SQLite's structure."""
        self._methods: dict[int, ctypes.Array[c_void_p]] = {}
        """Ours for each original, by address."""

    def install(self) -> None:
        """Become SQLite's default."""
        sqlite = ctypes.CDLL(library())
        sqlite.sqlite3_vfs_find.restype = c_void_p
        vfs = _Vfs.from_buffer_copy(
            ctypes.string_at(sqlite.sqlite3_vfs_find(None), ctypes.sizeof(_Vfs))
        )
        vfs.name = b"sick"
        vfs.open = self._function(_Open, self._opening(_Open(vfs.open)))
        vfs.delete = self._changing(
            "delete", _Delete, vfs.delete, lambda _vfs, path, _synced: (_name(path), 0, b"")
        )
        _KEPT.append(vfs)
        assert 0 == sqlite.sqlite3_vfs_register(ctypes.byref(vfs), 1)

    def _function(self, kind: Any, function: Callable[..., int]) -> int | None:  # noqa: ANN401
        """Make a function that C can call, for good."""
        made = kind(function)
        _KEPT.append(made)
        return ctypes.cast(made, c_void_p).value

    def _opening(self, original: Callable[..., int]) -> Callable[..., int]:
        def opened(vfs: int, path: int | None, file: int, flags: int, out: int | None) -> int:
            code = original(vfs, path, file, flags, out)
            methods = c_void_p.from_address(file)
            if path and methods.value:  # a file without a path is a temporary one
                self._names[file] = _name(ctypes.string_at(path))
                methods.value = self._methods_over(methods.value)
            return code

        return opened

    def _methods_over(self, address: int) -> int:
        """Copy a table of methods, with ours in it, once."""
        if address not in self._methods:
            methods = _Methods.from_buffer_copy(ctypes.string_at(address, ctypes.sizeof(_Methods)))
            for i, call, kind, describe in (
                (3, "write", _Write, lambda d, size, at: (at, ctypes.string_at(d, size))),
                (4, "truncate", _Truncate, lambda size: (size, b"")),
                (5, "sync", _Sync, lambda _flags: (0, b"")),
            ):
                methods[i] = self._changing(
                    call,
                    kind,
                    methods[i],
                    lambda file, *rest, of=describe: (self._names[file], *of(*rest)),
                )
            self._methods[address] = methods
        return ctypes.addressof(self._methods[address])

    def _changing(
        self,
        call: str,
        kind: Any,  # noqa: ANN401
        address: int | None,
        describe: Callable[..., tuple[str, int, bytes]],
    ) -> int | None:
        """Put refusals and notes before a function of SQLite's that changes a file."""
        original = kind(address)

        def change(*arguments: Any) -> int:  # noqa: ANN401  (as the function has them)
            if code := self._refusal(call):
                return code
            file, at, data = describe(*arguments)
            if call != "sync":
                self._redo.note(call, file, at, data)
            code = int(original(*arguments))
            # Afterwards: until it returns, nobody may count on it. A deletion may be synced, too.
            if code == 0 and (call == "sync" or (call == "delete" and arguments[2])):
                self._redo.note("sync", file)
            return code

        return self._function(kind, change)

    def _refusal(self, call: str) -> int:
        """Wait while the call is to hang; the code to fail with, or 0."""
        while True:
            try:
                code = int((self._folder / f"fault-{call}").readlink().name)
            except FileNotFoundError:
                return 0
            if code != HANG:
                return code
            time.sleep(0.01)


def _name(path: bytes) -> str:
    return Path(os.fsdecode(path)).name


def _force(pragmas: Mapping[str, str]) -> None:
    """Set PRAGMAs on every connection, and have SQLite ignore whatever sets them later."""
    connect = sqlite3.connect

    def authorize(action: int, name: str | None, value: str | None, *_: object) -> int:
        ignored = action == sqlite3.SQLITE_PRAGMA and name in pragmas and value is not None
        return sqlite3.SQLITE_IGNORE if ignored else sqlite3.SQLITE_OK

    def forced(*arguments: Any, **options: Any) -> sqlite3.Connection:  # noqa: ANN401
        connection: sqlite3.Connection = connect(*arguments, **options)
        for name, value in pragmas.items():
            connection.execute(f"PRAGMA {name} = {value}")
        connection.set_authorizer(authorize)
        return connection

    setattr(sqlite3, "connect", forced)  # noqa: B010  (mypy holds on to the original's type)


def _note_acknowledgements(redo: Redo) -> None:
    original = Client.ack

    def ack(*arguments: Any) -> object:  # noqa: ANN401  (as the original)
        redo.note("acknowledge")
        return original(*arguments)

    setattr(Client, "ack", ack)  # noqa: B010  (as above)


def _main(folder: Path, *pragmas: str) -> None:
    database = Path(os.environ["MONITOR_STORE_PATH"])
    redo = Redo(folder / "redo")
    for file in files_of(database):
        if file.exists():
            redo.note("found", file.name, data=file.read_bytes())
    # What a callback raises would count as success otherwise.
    sys.unraisablehook = lambda problem: (print(problem, file=sys.stderr), os.abort())  # noqa: T201
    SickDisk(folder, redo).install()
    if pragmas:
        _force(dict(pragma.split("=") for pragma in pragmas))
    _note_acknowledgements(redo)
    cli.main(["run"], prog_name="monitor")


if __name__ == "__main__":
    _main(Path(sys.argv[1]), *sys.argv[2:])
