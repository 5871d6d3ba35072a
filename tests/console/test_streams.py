"""Standard streams that are closed, full, or a terminal that is gone: real processes."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.logs import Said, write_log
from tests.processes import PATIENCE_S


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of the last hours."""
    path = tmp_path_factory.mktemp("log") / "monitor.db"
    return write_log(path, [Said("Acme", "negative", 3)], now=time.time())


def _shell(command: str, log: Path) -> subprocess.CompletedProcess[str]:
    """Run a line of shell in which `monitor` is ours, and $log the log."""
    monitor = f'monitor() {{ "{sys.executable}" -m monitor "$@"; }}'
    return subprocess.run(
        ["bash", "-c", f"{monitor}; {command}"],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env=os.environ | {"log": str(log)},
        timeout=PATIENCE_S,
    )


_FULL = (">/dev/full", "No space left on device")


@pytest.mark.parametrize(
    ("command", "where", "said"),
    [
        ("report --database $log", *_FULL),
        ("report --database $log --format json", *_FULL),
        ("watch --database $log --once", *_FULL),
        ("classify 'Acme is great'", *_FULL),
        ("explain 'Acme is great'", *_FULL),
        ("report --help", *_FULL),
        ("--help", *_FULL),
        ("report --database $log", ">&-", "Bad file descriptor"),
    ],
)
def test_output_that_cannot_be_written_is_a_failure(
    log: Path, command: str, where: str, said: str
) -> None:
    """Exit code 1, and one line that says why."""
    result = _shell(f"monitor {command} {where}", log)

    assert (1, f"monitor: standard output: {said}\n") == (result.returncode, result.stderr)


@pytest.mark.parametrize("where", ["2>/dev/full", "2>&-", "<&-", "<&- 2>&-", "2>&- </dev/full"])
def test_other_streams_are_not_needed(log: Path, where: str) -> None:
    """What is asked for is written, wherever messages go and nothing comes from."""
    result = _shell(f"monitor report --database $log --format json {where}", log)

    assert 0 == result.returncode, result.stderr
    assert json.loads(result.stdout)["standings"]
    assert "" == result.stderr


@pytest.mark.parametrize("where", ["2>/dev/full", "2>&-", ">&- 2>&- <&-", "<&-"])
def test_an_error_has_its_code_though_nobody_hears_it(log: Path, where: str) -> None:
    """A log that is not there, and wrong usage; nothing is written into the files that are open."""
    before = log.read_bytes()
    missing = _shell(f"monitor report --database $log.none {where}", log)
    wrong = _shell(f"monitor report --database $log --format xml {where}", log)

    assert (1, 2) == (missing.returncode, wrong.returncode)
    assert before == log.read_bytes()


def test_a_pipe_that_nobody_reads(log: Path) -> None:
    """`| head -1` is no error to talk about."""
    result = _shell("monitor report --database $log --format json | head -1", log)

    assert ("{\n", "") == (result.stdout, result.stderr)


def test_an_archive_is_labelled_though_the_terminal_is_gone(tmp_path: Path) -> None:
    """Where SIGHUP is ignored the work goes on to its end: progress is not its purpose."""
    tweets = tmp_path / "tweets.jsonl"
    tweets.write_text("".join(f'{{"text": "Acme is great {n}"}}\n' for n in range(1000)), "utf-8")
    ours, its = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "monitor", "classify", str(tweets), "--output", "labelled"],
        cwd=tmp_path,
        stdin=its,
        stdout=its,
        stderr=its,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    os.close(its)
    os.read(ours, 1)  # the bar has begun
    os.close(ours)

    assert 0 == process.wait(PATIENCE_S)
    labelled = (tmp_path / "labelled" / "tweets.jsonl").read_text("utf-8").splitlines()
    assert 1000 == len(labelled)


def test_a_daemon_goes_on_when_nobody_takes_its_log() -> None:
    """Lines are lost, and nothing else: as when the journal restarts, or a disk is full."""
    program = (
        "import structlog\n"
        "from monitor.console import streams\n"
        "from monitor.daemon.logs import configure\n"
        "from monitor.settings import LogSettings\n"
        "streams.prepare()\n"
        "configure(LogSettings(format='json'))\n"
        "for n in range(9): structlog.get_logger().warning('x' * 9000)\n"
        "print('done')\n"
    )
    for error in ("2>/dev/full", "2>&-"):
        result = subprocess.run(
            ["bash", "-c", f'"$0" -c "$1" {error}', sys.executable, program],
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
        )
        assert (0, "done\n") == (result.returncode, result.stdout), result.stderr


def test_messages_do_not_steer_the_terminal(tmp_path: Path) -> None:
    """Names of files and what is quoted of arguments are shown, and not obeyed."""
    name = tmp_path / "a\x1b]0;x\x07\x9b31m\u202eb.jsonl"
    name.write_text("[]", "utf-8")
    for arguments in (
        ["classify", str(name), "--output", str(tmp_path / "out")],
        ["report", "--database", str(name) + ".none"],
        ["report", "--since", "\x1b[2J\x9b"],
        ["report", "--no\x1b[2J\x9b"],
        ["no\x1b[2J\x9b"],
        ["watch", "more\x1b[2J\x9b"],
    ):
        result = subprocess.run(
            [sys.executable, "-m", "monitor", *arguments],
            capture_output=True,
            timeout=PATIENCE_S,
        )
        assert result.returncode in (1, 2)
        said = result.stderr.decode()
        assert said
        assert not {"\x1b", "\x9b", "\x07", "\u202e"} & set(said), arguments
