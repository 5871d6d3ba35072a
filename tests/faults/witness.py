"""The real daemon, and a record of what it reaches for: ``python -m tests.faults.witness RECORD``.

A line for each of Python's audit events (PEP 578) that leads out of the process: connections, names
looked up, datagrams, files opened for writing, databases, programs. What compiled code does past
Python is not among them.
"""

from __future__ import annotations

import os
import socket
import sys
from typing import Any, Final

from monitor import cli

_PROGRAMS: Final = ("subprocess.", "os.exec", "os.fork", "os.posix_spawn", "os.system", "pty.")
_WRITING: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT


def _watch(record: int) -> None:
    """Note events from here to the end of the process."""
    bound: list[socket.socket] = []

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        match event, arguments:
            case "open", (what, _, flags) if flags & _WRITING:
                pass
            case "socket.bind", (server, what):
                bound.append(server)
            case "socket.connect", (_, what):
                if what in [server.getsockname() for server in bound if server.fileno() >= 0]:
                    what = "a socket of its own"
            case (("socket.sendto" | "socket.sendmsg"), (_, what)):
                pass
            case (("sqlite3.connect" | "socket.getaddrinfo" | "socket.gethostbyname"), (what, *_)):
                pass
            case _ if event.startswith(_PROGRAMS):
                what = arguments
            case _:
                return
        os.write(record, f"{event} {what}\n".encode())

    sys.addaudithook(hook)


def main() -> None:
    """Run the daemon under watch."""
    _watch(os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))
    cli.main(["run"])


if __name__ == "__main__":
    main()
