"""Signals, whenever they come."""

import signal
import subprocess
import sys

import pytest

_PROGRAM = """
import signal
import sys

from monitor.daemon.control import Control

seen = set()


def interrupt(frame, event, _argument):
    line = frame.f_code.co_filename, frame.f_lineno
    if event == "line" and line not in seen and not line[0].startswith("<"):
        seen.add(line)
        signal.raise_signal(signal.SIGHUP)
    return interrupt


control = Control()
control.install()
sys.settrace(interrupt)
for _ in range(20):
    control.wait(0.01)
    control.rest()
sys.settrace(None)
assert seen, "nothing was interrupted"
signal.raise_signal(signal.SIGTERM)
assert control.wait(0)
assert control.ending
"""


def test_no_signal_finds_the_daemon_locked_up() -> None:
    """A signal at each line of waiting for one, and it still ends when told to."""
    done = subprocess.run([sys.executable, "-c", _PROGRAM], stdin=subprocess.DEVNULL, timeout=20)

    assert 0 == done.returncode


_ENDING = """
import signal

from monitor.daemon.control import Control

control = Control()
control.install()
{beginning}
signal.raise_signal(signal.SIGTERM)
assert control.ending
print("goes on to its end", flush=True)
signal.raise_signal(signal.SIGTERM)
print("goes on", flush=True)
"""


@pytest.mark.parametrize("beginning", ["", "control.fail('a stage')", "control.ending = True"])
def test_who_ends_already_is_not_asked_twice_by_one_signal(beginning: str) -> None:
    """It may be saving what it has; the second signal is for whoever does not want to wait."""
    done = subprocess.run(
        [sys.executable, "-c", _ENDING.format(beginning=beginning)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        timeout=20,
    )

    assert 128 + signal.SIGTERM == done.returncode
    assert b"goes on to its end" == done.stdout.splitlines()[-1]
