"""A unit's system call filter without systemd: ``python -m tests.faults.seccomp UNIT COMMAND …``.

Follows ``SystemCallFilter=``, ``RestrictAddressFamilies=``, ``RestrictNamespaces=`` and
``MemoryDenyWriteExecute=`` as systemd.exec(5) describes them; what they refuse fails with EPERM.
Needs libseccomp, which comes with systemd.
"""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import re
import socket
import subprocess
import sys
from pathlib import Path
from typing import Final

LIBRARY: Final = "libseccomp.so.2"

# Of seccomp.h, sys/shm.h and linux/sched.h
_ALLOW: Final = 0x7FFF_0000
_REFUSE: Final = 0x0005_0000
_EQUAL: Final = 4
_EQUAL_IN: Final = 7
_SHM_EXEC: Final = 0o100000
_NAMESPACES: Final = 0x7E02_0080


class _Argument(ctypes.Structure):
    """``struct scmp_arg_cmp``: a condition on an argument of a system call."""

    _fields_ = (
        ("number", ctypes.c_uint),
        ("comparison", ctypes.c_int),
        ("first", ctypes.c_uint64),
        ("second", ctypes.c_uint64),
    )


def settings(unit: str, name: str) -> list[str]:
    """Return the values of a setting, in the order of the unit."""
    return re.findall(rf"^{name}=(.*)$", unit, re.MULTILINE)


def allowed_calls(unit: str) -> set[str]:
    """Name the system calls that the unit allows, as this machine's systemd understands it."""
    printed = subprocess.run(
        ["systemd-analyze", "syscall-filter"], capture_output=True, text=True, check=True
    ).stdout
    sets = {
        group.split()[0]: re.findall(r"^ +([@\w-]+)$", group, re.MULTILINE)
        for group in printed.split("\n\n")
        if group.startswith("@")
    }

    def calls(name: str) -> set[str]:
        return set().union(*map(calls, sets[name])) if name.startswith("@") else {name}

    allowed = calls("@default")
    for value in settings(unit, "SystemCallFilter"):
        named = set().union(*map(calls, value.removeprefix("~").split()))
        allowed = allowed - named if value.startswith("~") else allowed | named
    return allowed


def conditions(unit: str) -> dict[str, list[_Argument]]:
    """Say of which arguments, any one of them, a system call is allowed with."""
    families = settings(unit, "RestrictAddressFamilies")[-1].split()
    found = {"socket": [_Argument(0, _EQUAL, getattr(socket, name), 0) for name in families]}
    if settings(unit, "RestrictNamespaces")[-1:] == ["yes"]:
        none = [_Argument(0, _EQUAL_IN, _NAMESPACES, 0)]
        found |= {"clone": none, "clone3": [], "setns": [], "unshare": none}
    if settings(unit, "MemoryDenyWriteExecute")[-1:] == ["yes"]:
        write, execute = mmap.PROT_WRITE, mmap.PROT_EXEC
        never = [_Argument(2, _EQUAL_IN, execute, 0)]
        found |= {
            "mmap": [_Argument(2, _EQUAL_IN, write | execute, v) for v in (0, write, execute)],
            "mprotect": never,
            "pkey_mprotect": never,
            "shmat": [_Argument(2, _EQUAL_IN, _SHM_EXEC, 0)],
        }
    return found


def confine(unit: str) -> None:
    """Put the filter on this process, its children and what they execute, for good."""
    library = ctypes.CDLL(LIBRARY)
    library.seccomp_init.restype = ctypes.c_void_p
    context = ctypes.c_void_p(library.seccomp_init(ctypes.c_uint32(_REFUSE | errno.EPERM)))

    def rule(action: int, name: str, *condition: _Argument) -> None:
        call = library.seccomp_syscall_resolve_name(name.encode())
        if call >= 0:  # else one of another architecture
            array = (_Argument * len(condition))(*condition)
            code = library.seccomp_rule_add_array(context, action, call, len(condition), array)
            assert code == 0, f"{name}: {os.strerror(-code)}"

    limited = conditions(unit)
    for name in allowed_calls(unit):
        if name not in limited:
            rule(_ALLOW, name)
        for condition in limited.get(name, []):
            rule(_ALLOW, name, condition)
    if "clone3" in limited:
        # Its flags lie in memory, where no filter can look; told that, libraries use "clone".
        rule(_REFUSE | errno.ENOSYS, "clone3")
    code = library.seccomp_load(context)
    assert code == 0, os.strerror(-code)


def main() -> None:
    """Become the command, confined."""
    unit, *command = sys.argv[1:]
    confine(Path(unit).read_text())
    os.execv(command[0], command)


if __name__ == "__main__":
    main()
