"""What `monitor notify` costs: ``python -m tests.notifying.cost`` waits a minute, then sends."""

from __future__ import annotations

import os
import resource
import tempfile
import time
from pathlib import Path

from monitor.notifying.recipients import Recipient
from monitor.notifying.sending import send
from monitor.notifying.words import Message
from tests.notifying.program import Program
from tests.notifying.services import hook, web

_WAIT_S = 60.0
_MESSAGES = 5


def main() -> None:
    """Print memory and CPU time, of waiting and of a message."""
    with tempfile.TemporaryDirectory() as folder, web() as service:
        program = Program(Path(folder), [hook(service)])
        program.log()
        program.start()
        assert program.process is not None
        pid = program.process.pid
        before = _cpu_s(pid)
        time.sleep(_WAIT_S)
        print(f"waiting: {_rss_mib(pid):.0f} MiB, {_cpu_s(pid) - before:.2f} s of CPU a minute")  # noqa: T201  (a report)
        program.stop()
        recipient, message = Recipient("1", hook(service)), Message("alert", "title", "body")
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu_s = children.ru_utime + children.ru_stime
        for _ in range(_MESSAGES):
            send(recipient, message)
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu_s = (children.ru_utime + children.ru_stime - cpu_s) / _MESSAGES
        print(f"a message: {children.ru_maxrss / 1024:.0f} MiB, {cpu_s:.2f} s of CPU")  # noqa: T201  (as above)


def _rss_mib(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
