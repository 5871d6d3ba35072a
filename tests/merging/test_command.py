"""``monitor merge`` as people use it: what it says, and what is left when it goes wrong."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import chdir, suppress
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from monitor.cli import main
from tests import spoiled
from tests.benchmarks.history import History
from tests.benchmarks.history import write as invent
from tests.factories import query
from tests.faults.flow import Flow
from tests.merging.worlds import Batch, Said, contents, joined, write
from tests.processes import PATIENCE_S, REPOSITORY, Daemon, Mosquitto

MakeDaemon = Callable[..., Daemon]

_ENVIRONMENT = {**os.environ, "PYTHONPATH": str(REPOSITORY)}

_STAY = """
import sys
from monitor.cli import main
from monitor.merging import counts

add_up, joined = counts.add_up, []

def stay(connection):
    add_up(connection)
    joined.append(1)
    if len(joined) == 2:
        print("joining", flush=True)
        connection.execute(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
        ).fetchone()

counts.add_up = stay
main(sys.argv[1:])
"""
"""The command, but SQLite never comes to an end with the second log."""
_PEAK = """
import re, sys
from pathlib import Path
from monitor.cli import main

main(sys.argv[1:], standalone_mode=False)
print(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
"""
"""The command, and the most memory that it had, in KiB."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the logs of two boards."""
    write(tmp_path / "1.db", [Batch((Said("a"), Said("b")), ("d",), at=0)])
    write(tmp_path / "2.db", [Batch((Said("b"), Said("c")), at=1)])
    return tmp_path


def _run(folder: Path, *arguments: str) -> Result:
    """Run the command in this process: a Python of its own takes longer than what it does."""
    with chdir(folder):
        return CliRunner().invoke(main, ["merge", *arguments])


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "monitor", "merge", *arguments]


def _ids(path: Path) -> list[str]:
    return [row[0] for row in query(path, "SELECT id FROM tweets ORDER BY id")]


def test_says_what_was_new(folder: Path) -> None:
    """A line a log, in 80 columns, and no bar where there is no terminal."""
    result = _run(folder, "all.db", "1.db", "2.db")
    lines = result.stdout.splitlines()

    assert (0, "") == (result.exit_code, result.stderr)
    assert ["new", "in", "tweets", "labels", "copies", "dead", "minutes", "alerts"] == lines[
        0
    ].split()
    assert ["1.db", "2", "2", "0", "1", "1", "0"] == lines[1].split()
    assert ["2.db", "1", "1", "1", "0", "1", "0"] == lines[2].split()
    assert re.fullmatch(r"all\.db: [\d.]+ MB, in [\d.]+ s", lines[3])
    assert all(len(line) <= 80 for line in lines)
    assert ["a", "b", "c"] == _ids(folder / "all.db")


def test_as_json(folder: Path) -> None:
    """The same for programs."""
    found = json.loads(_run(folder, "all.db", "1.db", "2.db", "--json").stdout)

    assert ("all.db", (folder / "all.db").stat().st_size) == (found["output"], found["bytes"])
    assert [("1.db", 2, 0), ("2.db", 1, 1)] == [
        (log["path"], log["tweets"], log["copies"]) for log in found["inputs"]
    ]


def test_a_joined_log_is_one_file_for_its_owner(folder: Path) -> None:
    """Nothing stays beside it, and nobody else may read it: it holds tweets."""
    _run(folder, "all.db", "1.db")

    assert 0o100600 == (folder / "all.db").stat().st_mode
    assert {"1.db", "2.db", "all.db"} == {
        path.name for path in folder.iterdir() if not path.name.endswith(("-wal", "-shm"))
    }
    assert not (folder / "all.db-wal").exists()


def _damaged(log: Path) -> None:
    """Overwrite the tweets, so that they are found to be damaged on the way."""
    ((page, size),) = query(
        log, "SELECT rootpage, page_size FROM sqlite_master, pragma_page_size WHERE name = 'tweets'"
    )
    content = bytearray(log.read_bytes())
    content[(page - 1) * size : page * size] = os.urandom(size)
    log.write_bytes(content)


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (spoiled.gone, "no such log"),
        (spoiled.folder, "no such log"),
        (spoiled.no_database, "file is not a database"),
        (spoiled.foreign, "not a log of this program"),
        (spoiled.older, "written by an older version .* or run `monitor check`"),
        (spoiled.newer, "written by a newer version .*; upgrade the program"),
        (_damaged, "the log is damaged: .*; joined so far: 1 of 2"),
    ],
)
def test_what_cannot_be_joined(folder: Path, spoil: Callable[[Path], None], expected: str) -> None:
    """One line that says which log and why, exit 1, and what was joined before is whole."""
    spoil(folder / "2.db")
    result = _run(folder, "all.db", "1.db", "2.db")

    assert (1, 1) == (result.exit_code, result.stderr.count("\n"))
    assert re.fullmatch(f"monitor: 2.db: .*{expected}.*\n", result.stderr)
    if spoil is _damaged:
        assert ["a", "b"] == _ids(folder / "all.db")
        assert [("ok",)] == query(folder / "all.db", "PRAGMA integrity_check")
    else:
        assert not (folder / "all.db").exists()


def test_nothing_is_left_of_a_first_log_that_is_damaged(folder: Path) -> None:
    """Not even an empty file."""
    _damaged(folder / "1.db")
    result = _run(folder, "all.db", "1.db", "2.db")

    assert 1 == result.exit_code
    assert {"1.db", "2.db"} == {path.name[:4] for path in folder.iterdir()}


@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [
        (("1.db", "2.db"), 1, "1.db: is a daemon's own log, not a joined one; merge into a file"),
        (("all.db", "1.db", "./1.db"), 2, "1.db: is given twice"),
        (("1.db", "2.db", "link.db"), 2, "link.db: is OUT itself"),
        (("nowhere/all.db", "1.db"), 1, "nowhere/all.db: No such file or directory"),
        ((".", "1.db"), 1, ".: unable to open database file"),
    ],
)
def test_what_cannot_be_joined_into(
    folder: Path, arguments: tuple[str, ...], code: int, expected: str
) -> None:
    """One line, and the files are as they were."""
    (folder / "link.db").symlink_to("1.db")
    held = {log: (folder / log).read_bytes() for log in ("1.db", "2.db")}
    result = _run(folder, *arguments)

    assert (code, 1) == (result.exit_code, result.stderr.count("\n"))
    assert result.stderr.startswith(f"monitor: {expected}")
    assert held == {log: (folder / log).read_bytes() for log in held}
    assert not (folder / "all.db").exists()


def test_a_daemon_does_not_write_to_it(folder: Path, make_daemon: MakeDaemon) -> None:
    """`monitor run` and `monitor check` refuse, with what to do."""
    joined(folder / "monitor.db", folder / "1.db")
    daemon = make_daemon(1)
    refused, checked = daemon.command("run"), daemon.command("check")

    assert 1 == refused.returncode == checked.returncode
    for said in (refused.stderr, checked.stdout):
        assert (
            b"joins the logs of others (`monitor merge`); a daemon writes one of its own: set"
            in said
        )


def test_while_the_daemon_writes(
    mosquitto: Mosquitto, make_daemon: MakeDaemon, tmp_path: Path
) -> None:
    """A live log is joined as it is at one moment, and again later; the daemon goes on."""
    daemon = make_daemon(mosquitto.port, MONITOR_BATCH_MAX_DELAY_MS="20")
    daemon.start()
    with Flow(mosquitto.port, rate=200):
        daemon.wait_stored(100)
        first = _run(tmp_path, "all.db", str(daemon.database))
        then = len(_ids(tmp_path / "all.db"))
        daemon.wait_stored(then + 100)
        second = _run(tmp_path, "all.db", str(daemon.database))
    assert 0 == daemon.stop()
    last = _run(tmp_path, "all.db", str(daemon.database))

    assert [0, 0, 0] == [run.exit_code for run in (first, second, last)], second.stderr
    assert 100 <= then
    sql = "SELECT tweet_id, entity, reputation, reputation_negative FROM labels ORDER BY 1, 2"
    assert daemon.rows(sql) == query(tmp_path / "all.db", sql)
    assert [] == query(
        tmp_path / "all.db",
        "SELECT id FROM batches AS b"
        " WHERE tweets <> (SELECT count(*) FROM tweets WHERE batch_id = b.id)",
    )
    rollups = "SELECT hour, entity, sum(reputation_negative) FROM rollups GROUP BY 1, 2"
    assert daemon.rows(rollups) == query(tmp_path / "all.db", rollups)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_interrupted(folder: Path, number: signal.Signals) -> None:
    """The log that was being joined is not in it, the one before is; run again, all is."""
    with subprocess.Popen(
        [sys.executable, "-c", _STAY, "merge", "all.db", "1.db", "2.db"],
        cwd=folder,
        env=_ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert b"joining\n" == process.stdout.readline()
        process.send_signal(number)
        _, said = process.communicate(timeout=PATIENCE_S)
    left = _ids(folder / "all.db")
    again = _run(folder, "all.db", "1.db", "2.db")
    joined(folder / "once.db", folder / "1.db", folder / "2.db")

    assert ["a", "b"] == left
    if number == signal.SIGINT:
        assert 130 == process.returncode
        assert b"monitor: joined so far: 1 of 2\nmonitor: stopped\n" == said
    assert 0 == again.exit_code, again.stderr
    assert contents(folder / "once.db") == contents(folder / "all.db")


def test_no_room(folder: Path) -> None:
    """A file that may not grow: one line, exit 1, and the log before stays as it was."""
    _run(folder, "all.db", "1.db")
    held = contents(folder / "all.db")
    write(folder / "3.db", [Batch(tuple(Said(f"many {i}") for i in range(3000)), at=5)], quick=True)
    full = subprocess.run(
        ["prlimit", "--fsize=400000", *_command("all.db", "3.db")],
        cwd=folder,
        env=_ENVIRONMENT,
        capture_output=True,
        text=True,
    )
    left = contents(folder / "all.db")
    again = _run(folder, "all.db", "3.db")

    assert (1, 1) == (full.returncode, full.stderr.count("\n"))
    assert re.fullmatch(
        r"monitor: all.db: (database or disk is full|disk I/O error)\n", full.stderr
    )
    assert held == left
    assert (0, 3002) == (again.exit_code, len(_ids(folder / "all.db")))


def test_a_bar_on_a_terminal(folder: Path) -> None:
    """Whoever waits sees how far it is, and of which log."""
    ours, side = pty.openpty()
    with subprocess.Popen(
        _command("all.db", "1.db"),
        cwd=folder,
        env=_ENVIRONMENT,
        stdout=subprocess.DEVNULL,
        stderr=side,
    ):
        os.close(side)
        said = b""
        with suppress(OSError):  # the other side is closed
            while more := os.read(ours, 4096):
                said += more
    os.close(ours)

    assert b"1.db" in said
    assert b"100%" in said


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of some 30 MB."""
    path = tmp_path_factory.mktemp("large") / "large.db"
    invent(path, History(30_000, days=5.0, until=1_750_000_000.0))
    return path


def test_memory_is_flat(large: Path, tmp_path: Path) -> None:
    """Joining a large log takes little more than joining a small one, whatever the size."""
    small = write(tmp_path / "small.db", [Batch((Said("a"),))])
    mib = []
    for log in (small, large):
        result = subprocess.run(
            [sys.executable, "-c", _PEAK, "merge", "all.db", str(log)],
            cwd=tmp_path,
            env=_ENVIRONMENT,
            capture_output=True,
            text=True,
            check=True,
        )
        mib.append(int(result.stdout.split()[-1]) / 1024)

    assert large.stat().st_size > 15e6

    assert mib[1] - mib[0] < 22
