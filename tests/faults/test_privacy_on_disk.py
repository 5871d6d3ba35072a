"""What people wrote is nobody else's business: not in the log, its WAL or standard error."""

from __future__ import annotations

import json
import stat
import sys
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path

import pytest

from monitor.store import Store
from tests.faults.ledger import publish, tweets
from tests.faults.saboteur import MARK, sabotaged
from tests.processes import PATIENCE_S, Daemon, Mosquitto, wait_until

MakeDaemon = Callable[..., Daemon]

KEPT = "quincejelly"
"""A word in the text of tweets: kept unless ``[privacy] store_text`` is "none"."""
POINTERS = (
    *("somehandle", "somelink", "somemail", "someauthor"),
    *("0170 7654321", "7700 900123", "0044 0532", "901820"),
)
WORD = "medlarjam"
"""A word in what is no tweet, or cannot be labelled."""
TEXT = (
    "@somehandle https://somelink.example/x somemail@example.org 0170 7654321"
    " @\u200bsomehandle somemail at example dot org 0044 7700 900123"
    " DE89 3704 0044 0532 0130 00 0049\u00a030 901820"
)

TWEETS = [
    {"id": "1", "text": f"{KEPT} {TEXT}", "author": "someauthor"},
    {"id_str": "2", "full_text": f"{KEPT} {TEXT}", "user": {"screen_name": "someauthor"}},
    {"data": {"id": "3", "text": f"{KEPT} {TEXT}", "author_id": "someauthor"}},
    # Every other field that a publisher may fill.
    {"id": "@somehandle/4", "text": KEPT, "entities": ["@somehandle", "0044 7700 900123"]},
    {"id": "5", "text": KEPT, "created_at": "somehandle 0170 7654321", "lang": "0170-7654321"},
]
REJECTS = {
    "inference": json.dumps({"text": f"{MARK} {WORD} {TEXT}", "author": "someauthor"}).encode(),
    "bad-json": json.dumps({"text": f"{WORD} {TEXT}", "author": "someauthor"}).encode()[:-1],
    "wrong-type": json.dumps({"text": [WORD, TEXT, "someauthor"]}).encode(),
    "no-text": json.dumps({"note": f"{WORD} {TEXT} someauthor"}).encode(),
    "not-utf8": f"{WORD} {TEXT} someauthor ".encode() + b"\xff",
    "too-large": f"{WORD} {TEXT} someauthor".encode() * 1000,
    "too-deep": b'{"a":' * 5_000 + f"{WORD} {TEXT} someauthor".encode(),
}


def _found(files: Iterable[Path]) -> set[str]:
    """Look through every byte of the files."""
    content = b"".join(path.read_bytes() for path in files)
    return {secret for secret in (KEPT, WORD, *POINTERS) if secret.encode() in content}


def _files(daemon: Daemon) -> list[Path]:
    """What the daemon left, its standard error included, the broker's own folder not."""
    return [path for path in daemon.folder.iterdir() if path.is_file()]


@pytest.mark.parametrize(
    ("expected", "store_text", "log_format"),
    [
        ({KEPT, WORD, *POINTERS}, "full", "json"),  # so whatever is there is found
        ({KEPT}, "redacted", "json"),
        ({KEPT}, "redacted", "console"),
        (set(), "none", "json"),
        (set(), "none", "console"),
    ],
)
def test_nothing_is_left_that_may_not_be_kept(
    mosquitto: Mosquitto,
    make_daemon: MakeDaemon,
    expected: set[str],
    store_text: str,
    log_format: str,
) -> None:
    """After tweets, rubbish, a failed inference and kill -9, no file holds what it must not."""
    daemon = make_daemon(
        mosquitto.port,
        MONITOR_PRIVACY_STORE_TEXT=store_text,
        MONITOR_LOG_FORMAT=log_format,
        MONITOR_LOG_LEVEL="debug",
    )
    with sabotaged(daemon, "raise"):
        daemon.start(ready=False)
    wait_until(lambda: "subscribed" in daemon.said(), "subscription")
    payloads = [*map(str.encode, map(json.dumps, TWEETS)), *REJECTS.values()]
    publish(mosquitto.port, [("", payload) for payload in payloads])
    counts = "SELECT (SELECT count(*) FROM tweets), (SELECT count(*) FROM dead_letters)"
    wait_until(lambda: [(len(TWEETS), len(REJECTS))] == daemon.rows(counts), "everything stored")
    daemon.kill()

    assert Path(f"{daemon.database}-wal").stat().st_size > 0
    assert "inference-failed" in daemon.said()
    assert expected == _found(_files(daemon))
    reasons = daemon.rows("SELECT reason FROM dead_letters ORDER BY reason")
    assert sorted(REJECTS) == [reason for (reason,) in reasons]


def _raising(module: str, method: str, error: str) -> tuple[str, ...]:
    """Say how to run a daemon in which a method raises, with the marked tweet in a variable."""
    code = f"""
from monitor import cli
from monitor.{module} import {module.rpartition(".")[2].title()} as Owner

def raising(*arguments):
    secret = repr(arguments)
    if "{MARK}" in secret:
        raise {error}
    return original(*arguments)

original, Owner.{method} = Owner.{method}, raising
cli.main(["run"])
"""
    return (sys.executable, "-c", code)


@pytest.mark.parametrize("log_format", ["json", "console"])
@pytest.mark.parametrize("error", ["LookupError('unexpected')", "KeyError(secret)"])
def test_a_traceback_quotes_nobody(
    mosquitto: Mosquitto, make_daemon: MakeDaemon, log_format: str, error: str
) -> None:
    """What ends a thread is told, with its place, but neither its variables nor its message."""
    daemon = make_daemon(mosquitto.port, MONITOR_LOG_FORMAT=log_format, MONITOR_LOG_LEVEL="debug")
    daemon.program = _raising("daemon.writer", "_row", error)
    daemon.start(ready=False)
    wait_until(lambda: "subscribed" in daemon.said(), "subscription")
    publish(mosquitto.port, [("", REJECTS["inference"])])
    assert daemon.process is not None

    assert 1 == daemon.process.wait(PATIENCE_S)
    assert "thread-died" in daemon.said()
    assert "in raising" in daemon.said()
    assert error.partition("(")[0] in daemon.said()
    assert set() == _found(_files(daemon))


def test_a_failed_inference_quotes_nobody(mosquitto: Mosquitto, make_daemon: MakeDaemon) -> None:
    """An error of the model or the tokenizer that holds the tweet is told without it."""
    daemon = make_daemon(mosquitto.port)
    daemon.program = _raising("inference.classifier", "tokenize", "KeyError(secret)")
    daemon.start()
    publish(mosquitto.port, [("", REJECTS["inference"])])
    wait_until(lambda: daemon.rows("SELECT * FROM dead_letters"), "a dead letter")
    daemon.kill()

    assert "KeyError" in daemon.said()
    assert set() == _found(_files(daemon))


def test_files_are_their_owners_alone(mosquitto: Mosquitto, make_daemon: MakeDaemon) -> None:
    """Log, WAL, its index and the key can be read by nobody else, whatever the umask."""
    daemon = make_daemon(mosquitto.port)
    daemon.program = ("sh", "-c", 'umask 0; exec "$@"', "sh", *daemon.program)
    daemon.start()
    publish(mosquitto.port, tweets(1))
    daemon.wait_stored(1)
    daemon.kill()

    log = daemon.database.name
    assert {log: 0o600, f"{log}-wal": 0o600, f"{log}-shm": 0o600, f"{log}.key": 0o600} == {
        path.name: stat.S_IMODE(path.stat().st_mode)
        for path in _files(daemon)
        if path.name.startswith(log)
    }


def test_an_existing_file_keeps_its_mode(tmp_path: Path) -> None:
    """An owner who lets a group read the log is not overruled."""
    path = tmp_path / "monitor.db"
    path.touch()
    path.chmod(0o640)
    with closing(Store(path)):
        assert 0o640 == stat.S_IMODE(path.stat().st_mode)
