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

from monitor.alerts.hooks import alerting
from monitor.inference import Model
from monitor.publishing import Outbox
from monitor.settings import Settings, StoreSettings
from monitor.store import Store
from monitor.store.rows import Labelled, TweetRow
from monitor.verdict import TASKS, Answer
from tests.alerts.crisis import follow, suffered
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
        crisis = Path(folder) / "crisis.db"
        suffered(crisis, seed=0, followed=True)
        with _served(crisis) as address, Browser(chromium) as browser:
            browser.look(f"{address}/alert?number=1", width=1000)
            browser.picture(DOCS / "alert.png")
        page = Path(folder) / "crisis.html"
        _report(crisis, "--since", "2026-03-02", "--until", "2026-03-16", "--html", str(page))
        with Browser(chromium) as browser:
            browser.look(page.as_uri(), width=1000)
            browser.picture(DOCS / "crisis.png")
        click.echo(_report(log, "--since", "7d"))


def _report(log: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "monitor", "report", "--database", str(log), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _raise_alerts(log: Path) -> None:
    """Have alerts look at what the log says, in order of arrival, as they would have."""
    model = Model.load(REPOSITORY / "models" / "accurate")
    with closing(Store(log)) as store:
        connection = store._connection  # past the store, as its writer would do it
        settings = Settings(store=StoreSettings(path=str(log)))
        hook, following = alerting(settings, model, Outbox("home"))
        said = [_labelled(row) for row in connection.execute(_LABELS)]
        for first in range(0, len(said), _TOGETHER):
            connection.execute("BEGIN IMMEDIATE")
            hook.write(connection, said[first : first + _TOGETHER])
            connection.execute("COMMIT")
        follow(store, log, following)


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
