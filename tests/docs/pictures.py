"""The pictures of the documentation, made anew from one log: ``python -m tests.docs.pictures``.

An invented month with a crisis goes through the alerts that the daemon runs. Then the dashboard's
front page, the page of the struck entity, and the table of README.md are taken from that log, so
that they agree with each other. Needs Chromium.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final

import click

from monitor.alerts.alerting import alerting
from monitor.inference import Model
from monitor.publishing import Outbox
from monitor.settings import Settings
from monitor.store import Store
from monitor.store.rows import Labelled, TweetRow
from monitor.verdict import TASKS, Answer
from tests.benchmarks.history import CRISIS, History, write
from tests.browser import Browser, program
from tests.processes import REPOSITORY, free_port, wait_until

DOCS: Final = REPOSITORY / "docs"
MONTH: Final = History(tweets=25_000, days=30.0, seed=1)
_TOGETHER: Final = 64
_LABELS: Final = (
    "SELECT t.id, t.received_at, t.is_retweet, l.entity, l.reputation, l.model_id, l.batch_id"
    " FROM tweets AS t JOIN labels AS l ON l.tweet_id = t.id ORDER BY t.rowid"
)


def main() -> None:
    """Make them."""
    chromium = program()
    if chromium is None:
        sys.exit("Chromium is not installed (Debian: apt install chromium)")
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "monitor.db"
        write(log, MONTH)
        _raise_alerts(log)
        with _served(log) as address, Browser(chromium) as browser:
            browser.look(f"{address}/?span=7d", width=1180)
            browser.picture(DOCS / "dashboard.png")
            browser.look(f"{address}/?span=30d&entity={CRISIS.replace(' ', '+')}", width=1000)
            browser.picture(DOCS / "report.png")
        report = [
            sys.executable,
            "-m",
            "monitor",
            "report",
            "--since",
            "7d",
            "--database",
            str(log),
        ]
        click.echo(subprocess.run(report, check=True, capture_output=True, text=True).stdout)


def _raise_alerts(log: Path) -> None:
    """Have alerts look at what the log says, in order of arrival, as they would have."""
    model = Model.load(REPOSITORY / "models" / "accurate")
    with closing(Store(log)) as store:
        connection = store._connection  # past the store, as its writer would do it
        hook, _ = alerting(Settings(), model, Outbox("home"))
        said = [_labelled(row) for row in connection.execute(_LABELS)]
        for first in range(0, len(said), _TOGETHER):
            connection.execute("BEGIN IMMEDIATE")
            hook.write(connection, said[first : first + _TOGETHER])
            connection.execute("COMMIT")


def _labelled(row: tuple[str, str, int, str, str, int, int]) -> Labelled:
    id_, at, is_retweet, entity, label, model_id, batch_id = row
    verdict = {task: Answer(label, {label: 1.0}) for task in TASKS}
    tweet = TweetRow(id_, at, None, "tweets", None, None, bool(is_retweet), None, [])
    return Labelled(tweet, entity, verdict, dict.fromkeys(TASKS, False), model_id, batch_id, at)


@contextmanager
def _served(log: Path) -> Iterator[str]:
    port = free_port()
    command = [sys.executable, "-m", "monitor", "dashboard", "--database", str(log)]
    with subprocess.Popen([*command, "--port", str(port)], stdout=subprocess.DEVNULL) as server:
        try:
            wait_until(lambda: _answers(port), "the dashboard")
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()


def _answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


if __name__ == "__main__":
    main()
