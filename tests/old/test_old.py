"""A configuration and a store of the program before its modules moved."""

from __future__ import annotations

import dataclasses
import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from monitor.cli import main
from monitor.settings import AlertsSettings, Settings, load
from monitor.store import Store
from tests.factories import query
from tests.processes import Daemon, Mosquitto

HERE = Path(__file__).parent


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Its store, as it was left, where a test's daemon looks for it."""
    path = tmp_path / "monitor.db"
    path.write_bytes(gzip.decompress((HERE / "monitor.db.gz").read_bytes()))
    return path


def _known(found: object, expected: object) -> object:
    """Return ``found`` without the keys that are not in ``expected``: there may be new ones."""
    if isinstance(found, dict) and isinstance(expected, dict):
        return {
            key: _known(value, expected[key]) for key, value in found.items() if key in expected
        }
    if isinstance(found, list) and isinstance(expected, list) and len(found) == len(expected):
        return [_known(*pair) for pair in zip(found, expected, strict=True)]
    return found


def test_a_report_is_the_same(store: Path) -> None:
    """To the last digit, once the store was opened for writing, which brings it up to date."""
    span = ("--since", "2026-11-27", "--until", "2026-12-01")
    for _ in range(2):
        Store(store).close()
        said = CliRunner().invoke(
            main, ["report", "--database", str(store), *span, "--format", "json"]
        )
        expected = json.loads((HERE / "report.json").read_text("utf-8"))
        assert expected == _known(json.loads(said.output), expected)


def test_a_configuration_is_read_as_it_was() -> None:
    """Its sample says what the defaults were: one is another today, and stays as it says."""
    then = dataclasses.replace(Settings(), alerts=AlertsSettings(false_alarm_days=30.0))
    assert then == load(HERE / "config.toml", {})


def test_a_daemon_goes_on_with_the_store(
    store: Path, mosquitto: Mosquitto, make_daemon: Callable[..., Daemon]
) -> None:
    """What it gets is stored beside what was there."""
    daemon = make_daemon(mosquitto.port)
    assert store == daemon.database
    daemon.start()
    tweet = b'{"id": "new", "text": "Thank you Veltano", "entity": "Veltano"}\n'
    said = daemon.command("publish", "-", "--topic", "tweets/en", stdin=tweet)
    assert 0 == said.returncode, said.stderr
    daemon.wait_stored(61)
    assert 0 == daemon.stop()
    assert [("ok",)] == daemon.rows("PRAGMA integrity_check")


def test_its_labels_are_taught(store: Path, tmp_path: Path) -> None:
    """Tweets that it stored are answered, and follow; deleted, they are as they were."""
    Store(store).close()
    shown = "SELECT id, entity, label, reputation FROM labelled ORDER BY id, entity"
    before = query(store, shown)
    answers = tmp_path / "answers.jsonl"
    answers.write_text(
        "".join(
            json.dumps({"id": id_, "entity": entity or "", "label": "negative"}) + "\n"
            for id_, entity, *_ in before
        )
    )
    command = ["label", "--database", str(store)]
    taken = CliRunner().invoke(main, [*command, "--import", str(answers)])

    assert 0 == taken.exit_code, taken.output
    changed = [label for _, _, label, own in query(store, shown) if label != own]
    assert len(changed) > 5
    assert {"negative"} == set(changed)
    assert {own for *_, own in before} == {"negative", "neutral", "positive"}
    assert 0 == CliRunner().invoke(main, [*command, "--delete", "--yes"]).exit_code
    assert before == query(store, shown)
