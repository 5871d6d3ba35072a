"""What the commands of the documentation find: a log of a week, files to read, a real broker."""

from __future__ import annotations

import gzip
import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.benchmarks.history import History, write
from tests.docs.sandbox import Sandbox
from tests.factories import PAIRS
from tests.processes import REPOSITORY, Daemon, Mosquitto

_ALERT = """
    INSERT INTO alerts (id, entity, model_id, since, raised_at, usual_share, share, tweets,
        negatives, first_batch_id, first_tweet_id, batch_id, tweet_id)
    SELECT 7, entity, model_id, received_at, received_at, 0.12, 0.41, 51, 21,
        min(l.batch_id), t.id, max(l.batch_id), (SELECT tweet_id FROM labels
            WHERE entity = l.entity ORDER BY batch_id DESC LIMIT 1)
    FROM labels AS l JOIN tweets AS t ON t.id = l.tweet_id WHERE entity = 'Veldane Motors'
"""
"""One alert, whose number the pages take for an example."""
_LEAF = 0x0D
"""How a page with rows of a table begins (SQLite's file format, section 1.6)."""


@pytest.fixture(scope="session")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of eight days about invented entities, with an alert in it. Not to be changed."""
    path = tmp_path_factory.mktemp("docs") / "monitor.db"
    write(path, History(1500, days=8.0))
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(_ALERT)
        # Queries ask for Acme: some of the tweets about nobody are about it, by the hour.
        connection.execute(
            "UPDATE labels SET entity = 'Acme' WHERE entity = '' AND tweet_id IN"
            " (SELECT id FROM tweets WHERE substr(received_at, 13, 1) < '6')"
        )
        connection.execute(
            "UPDATE rollups SET entity = 'Acme' WHERE entity = '' AND substr(hour, 13, 1) < '6'"
        )
        # And of some the model was unsure.
        connection.execute(
            "UPDATE labels SET reputation_negative = 0.4, reputation_neutral = 0.35,"
            " reputation_positive = 0.25 WHERE entity = 'Acme' AND reputation = 'negative'"
        )
        connection.commit()
    return path


def _damage(path: Path) -> None:
    """Overwrite the first page of a log that holds tweets: a leaf with their topic in it."""
    content = bytearray(path.read_bytes())
    size = int.from_bytes(content[16:18])
    pages = (content[at : at + size] for at in range(0, len(content), size))
    number = next(n for n, page in enumerate(pages) if page[0] == _LEAF and b"tweets/en" in page)
    content[number * size : (number + 1) * size] = b"U" * size
    path.write_bytes(content)


@pytest.fixture
def sandbox(
    log: Path,
    start_mosquitto: Callable[..., Mosquitto],
    make_daemon: Callable[..., Daemon],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Sandbox:
    """A folder as the pages suppose it, with a broker that listens where programs look for it."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(log, "monitor.db")
    shutil.copy(REPOSITORY / "config.toml", "config.toml")
    _damage(Path(shutil.copy(log, "monitor.db.damaged-20261121T175229Z")))
    with gzip.open("tweets.jsonl.gz", "wb") as file:
        for text, entity in PAIRS[:8]:
            file.write(json.dumps({"text": text, "entity": entity}).encode() + b"\n")
    demo = Path("monitor/demo")
    demo.mkdir(parents=True)
    (demo / "tweets.jsonl").write_text("Acme opens at nine\n")
    Path("wrong.toml").write_text("[batch]\nmax_tweet = 32\n")
    port = start_mosquitto().port
    monkeypatch.setenv("MONITOR_MQTT_PORT", str(port))
    monkeypatch.setenv("MONITOR_MODEL_WORKERS", "1")
    # Where mosquitto_pub and mosquitto_sub read what is usual.
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    for program in ("mosquitto_pub", "mosquitto_sub"):
        Path(program).write_text(f"-h 127.0.0.1\n-p {port}\n")
    return Sandbox(lambda: make_daemon(port))
