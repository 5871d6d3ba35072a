"""A model's files damaged before the start, and under the running daemon."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from monitor.inference import Model
from tests.factories import PAIRS
from tests.faults.ledger import publish, wait_balanced
from tests.processes import PATIENCE_S, Daemon, Mosquitto, free_port

MakeDaemon = Callable[..., Daemon]


@pytest.fixture
def folder(tmp_path: Path, model: Model) -> Path:
    """A model folder of our own."""
    return Path(shutil.copytree(model.folder, tmp_path / "model"))


def _flip_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def _truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def _break_off(path: Path) -> None:
    """Let a file of lines end in the middle of one: half of it could be whole lines."""
    content = path.read_bytes()
    os.truncate(path, content.index(b" = ", len(content) // 2) + 3)


def _fail_to_read(path: Path) -> None:
    """Put something in its place whose reading ends in EIO, as that of a dying card does."""
    path.unlink()
    path.symlink_to("/proc/self/mem")


def _replace_by_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _say_another_hash(path: Path) -> None:
    content = path.read_text()
    hash_ = content.split('"tokenizer.json" = "')[1][:64]
    path.write_text(content.replace(hash_, hash_[::-1]))


def _exchange(path: Path, shift: int = 100_000) -> None:
    """Put in the tokenizer of a model with another vocabulary, or with a larger one."""
    tokenizer: dict[str, Any] = json.loads(path.read_text())
    words: dict[str, int] = tokenizer["model"]["vocab"]
    special = {token["content"] for token in tokenizer["added_tokens"]}
    size = len(words) if shift < len(words) else len(words) + shift
    tokenizer["model"]["vocab"] = {
        word: number if word in special else (number + shift) % size
        for word, number in words.items()
    }
    path.write_text(json.dumps(tokenizer))


def _adopt(path: Path, shift: int = 100_000) -> None:
    """Put it in, and its hash into model.toml."""
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    _exchange(path, shift)
    after = hashlib.sha256(path.read_bytes()).hexdigest()
    card = path.parent / "model.toml"
    card.write_text(card.read_text().replace(before, after))


def _adopt_of_equal_size(path: Path) -> None:
    """As `_adopt`, of a tokenizer whose every number the model knows."""
    _adopt(path, 1000)


@pytest.mark.parametrize(
    ("name", "damage", "named"),
    [
        ("", shutil.rmtree, ""),
        ("model.toml", Path.unlink, ""),
        ("model.toml", _break_off, "model.toml"),
        ("model.toml", _fail_to_read, "model.toml"),
        ("model.toml", _say_another_hash, "tokenizer.json"),
        ("model.tflite", Path.unlink, "model.tflite"),
        ("model.tflite", _truncate, "model.tflite"),
        ("model.tflite", _flip_a_bit, "model.tflite"),
        ("model.tflite", _fail_to_read, "model.tflite"),
        ("model.tflite", _replace_by_folder, "model.tflite"),
        ("tokenizer.json", Path.unlink, "tokenizer.json"),
        ("tokenizer.json", _truncate, "tokenizer.json"),
        ("tokenizer.json", _flip_a_bit, "tokenizer.json"),
        ("tokenizer.json", _fail_to_read, "tokenizer.json"),
        ("tokenizer.json", _exchange, "tokenizer.json"),
        ("tokenizer.json", _adopt, ""),
        ("tokenizer.json", _adopt_of_equal_size, ""),
    ],
)
def test_refuses_a_damaged_model(
    make_daemon: MakeDaemon,
    folder: Path,
    name: str,
    damage: Callable[[Path], object],
    named: str,
) -> None:
    """One line that names the file and the way out, exit 1, and not even an empty log."""
    damage(folder / name)
    daemon = make_daemon(free_port(), MONITOR_MODEL_PATH=str(folder))
    daemon.start(ready=False)
    assert daemon.process is not None

    assert 1 == daemon.process.wait(PATIENCE_S)
    (line,) = daemon.said().splitlines()
    assert line.startswith(f"monitor: {folder / named}: ")
    assert "restore" in line or "[model] path" in line
    assert not list(daemon.folder.glob("monitor.db*"))


def _overwrite(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


@pytest.mark.parametrize("damage", [_truncate, _overwrite, Path.unlink])
def test_a_running_daemon_needs_its_files_no_more(
    mosquitto: Mosquitto, make_daemon: MakeDaemon, folder: Path, damage: Callable[[Path], object]
) -> None:
    """Whatever happens to the files: the same batch again gets the same probabilities."""
    daemon = make_daemon(
        mosquitto.port,
        MONITOR_MODEL_PATH=str(folder),
        MONITOR_BATCH_MAX_TWEETS=str(len(PAIRS)),
        MONITOR_BATCH_MAX_DELAY_MS="60000",
    )
    daemon.start()
    published, labels = set[str](), []
    for name in ("before", "after"):
        published |= publish(mosquitto.port, _messages(name))
        wait_balanced(daemon, published)
        columns = "entity, reputation_negative, reputation_positive, sentiment_negative"
        labels.append(
            daemon.rows(
                f"SELECT {columns} FROM labels WHERE tweet_id LIKE ? ORDER BY tweet_id",
                [f"{name}%"],
            )
        )
        for file in folder.iterdir():
            damage(file)

    assert len(PAIRS) == len(labels[0])
    assert labels[0] == labels[1]
    assert 0 == daemon.stop()


def _messages(name: str) -> list[tuple[str, bytes]]:
    tweets = [
        {"id": f"{name}{i}", "text": text, "entity": entity}
        for i, (text, entity) in enumerate(PAIRS)
    ]
    return [(str(tweet["id"]), json.dumps(tweet).encode()) for tweet in tweets]
