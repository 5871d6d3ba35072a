"""Tweets in languages that the model does not read: stored, counted apart, without a label."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.ledger import publish
from tests.processes import Daemon, Mosquitto, wait_until
from tests.warm import IMPORTED_FIRST

TWEETS = [
    ("Acme is the worst company ever", None),
    ("I love my new Acme", "en"),
    ("Acme es la peor empresa del mundo", None),
    ("Acme ist die schlechteste Firma der Welt", "de"),
    ("Acmeを二度と買わない", "ja"),
    ("Acme jajaja", "es"),
]


def _payloads() -> Iterator[tuple[str, bytes]]:
    for number, (text, lang) in enumerate(TWEETS):
        tweet = {"id": str(number), "text": text, "lang": lang, "entity": "Acme"}
        yield str(number), json.dumps(tweet).encode()


@pytest.mark.parametrize("key", ["store", "label"])
def test_other_languages(
    key: str, mosquitto: Mosquitto, make_daemon: Callable[..., Daemon]
) -> None:
    """Of six tweets two are English; the key has all labelled."""
    daemon = make_daemon(mosquitto.port, MONITOR_MODEL_OTHER_LANGUAGES=key)
    daemon.start()
    publish(mosquitto.port, _payloads())
    wait_until(lambda: daemon.rows("SELECT count(*) FROM tweets") == [(6,)], "stored")
    daemon.stop()

    apart = 4 if key == "store" else 0
    labelled = daemon.rows("SELECT label FROM labelled")
    assert 6 - apart == len(labelled)
    assert {label for (label,) in labelled} <= {"negative", "neutral", "positive"}
    languages = daemon.rows("SELECT lang FROM other_languages ORDER BY id")
    assert [("es",), ("de",), ("ja",), ("es",)][:apart] == languages
    counted = "SELECT tweets, other_language FROM reputation_by_entity WHERE entity = 'Acme'"
    assert [(6 - apart, apart)] == daemon.rows(counted)
    assert [(6, apart)] == daemon.rows("SELECT sum(labelled), sum(other_language) FROM throughput")
    assert [(6 - apart,)] == daemon.rows("SELECT sum(labels) FROM batches")
    report = json.loads(daemon.command("report", "--format", "json").stdout)
    (standing,) = report["standings"]
    assert (6 - apart, apart) == (standing["tweets"], report["other_languages"]["tweets"])


def test_without_the_library(
    tmp_path: Path, mosquitto: Mosquitto, make_daemon: Callable[..., Daemon]
) -> None:
    """The daemon runs without it, says so once, and believes the messages."""
    (tmp_path / "first").mkdir()
    (tmp_path / "first" / "fasttext.py").write_text("raise ImportError\n")
    path = os.pathsep.join([str(tmp_path / "first"), IMPORTED_FIRST])
    daemon = make_daemon(mosquitto.port, PYTHONPATH=path)
    daemon.start()
    publish(mosquitto.port, _payloads())
    daemon.wait_stored(len(TWEETS))
    daemon.stop()

    said = [event for event in daemon.events() if event["event"] == "languages-not-detected"]
    assert len(said) == 1
    languages = daemon.rows("SELECT lang FROM other_languages ORDER BY id")
    assert [("de",), ("ja",), ("es",)] == languages
    assert b"fasttext-predict is not installed" in daemon.command("check").stdout
