"""What belongs to a log is written over by no command, whatever path leads there."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from monitor.settings import ConfigurationError, load
from monitor.settings.belongings import refusal
from monitor.store import Store
from monitor.tweets import load_key
from tests.factories import batch_row, query, register, tweet_row
from tests.warm import IMPORTED_FIRST, run

PARTS = ("monitor.db", "monitor.db-wal", "monitor.db-shm", "monitor.db.key")
ABSENT = ("monitor.db-journal",)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Where a daemon's log lies, open, with its write-ahead log and its key."""
    load_key(tmp_path / "monitor.db.key")
    load_key(tmp_path / "elsewhere")  # one that is configured
    with closing(Store(tmp_path / "monitor.db")) as store:
        register(store)
        store.write(batch_row(1), [tweet_row("1", "Acme")], [])
        yield tmp_path


def _contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir()) if file.is_file()}


def _run(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": IMPORTED_FIRST, **environment}
    done = run(*arguments, cwd=folder, env=env)
    return subprocess.CompletedProcess(
        done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
    )


def _as_it_is(_folder: Path, name: str) -> str:
    return name


def _absolute(folder: Path, name: str) -> str:
    return str(folder / name)


def _around(folder: Path, name: str) -> str:
    return f"../{folder.name}/./{name}"


def _linked(folder: Path, name: str) -> str:
    (folder / "link.html").symlink_to(name)
    return "link.html"


def _linked_folder(folder: Path, name: str) -> str:
    (folder / "here").symlink_to(".")
    return f"here/{name}"


def _hard_linked(folder: Path, name: str) -> str:
    (folder / "twin.html").hardlink_to(folder / name)
    return "twin.html"


@pytest.mark.parametrize(
    ("spell", "names"),
    [
        (_as_it_is, (*PARTS, *ABSENT)),
        (_absolute, (*PARTS, *ABSENT)),
        (_around, (*PARTS, *ABSENT)),
        (_linked, (*PARTS, *ABSENT)),
        (_linked_folder, (*PARTS, *ABSENT)),
        (_hard_linked, PARTS),
    ],
)
@pytest.mark.parametrize("replaces_logs", [False, True])
def test_every_spelling_is_known(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    spell: Callable[[Path, str], str],
    names: tuple[str, ...],
    replaces_logs: bool,
) -> None:
    """Relative, absolute, by links of both kinds, and also what is not there yet."""
    monkeypatch.chdir(folder)
    for name in names:
        output = Path(spell(folder, name))
        assert refusal(output, Path("monitor.db"), None, replaces_logs=replaces_logs), name
        for link in ("link.html", "here", "twin.html"):
            Path(link).unlink(missing_ok=True)


def test_a_write_ahead_log_that_is_not_there_yet(tmp_path: Path) -> None:
    """Of the configured log it is known before there is either of the two."""
    log = tmp_path / "monitor.db"

    assert refusal(Path(f"{log}-wal"), log)
    assert refusal(Path(f"{log}.key"), log)
    assert refusal(log, log)


def test_of_other_logs_too(folder: Path, tmp_path: Path) -> None:
    """A log that is configured nowhere is known by how its files begin and what they are called."""
    for name in PARTS:
        assert refusal(folder / name)
    (tmp_path / "twin").hardlink_to(folder / "monitor.db-wal")
    assert refusal(tmp_path / "twin")
    assert refusal(folder / "elsewhere", None, folder / "elsewhere")


@pytest.mark.parametrize("name", ["report.html", "weekly-journal", "x.key", "a-wal", "missing/x"])
def test_all_else_may_be_written(folder: Path, name: str) -> None:
    """A name alone is no reason where there is no log that it could belong to."""
    assert refusal(folder / name, folder / "monitor.db", folder / "elsewhere") is None


def test_a_pipe_is_not_waited_for(folder: Path) -> None:
    """What is no file is not opened to see how it begins."""
    os.mkfifo(folder / "pipe")

    assert refusal(folder / "pipe") is None


def test_a_backup_may_replace_a_backup_and_no_other_log(folder: Path, tmp_path: Path) -> None:
    """A copy of a log has no key beside it; a SQLite file of another program is left alone."""
    assert 0 == _run(folder, "backup", "copy.db").returncode
    assert 0 == _run(folder, "backup", "copy.db", "--force").returncode
    load_key(tmp_path / "copy.db.key")
    refused = _run(folder, "backup", "copy.db", "--force")
    assert (2, 1) == (refused.returncode, len(refused.stderr.splitlines()))


COMMANDS: dict[str, tuple[str, ...]] = {
    "backup": ("backup", "OUT", "--force"),
    "merge": ("merge", "OUT", "copy.db"),
    "report": ("report", "--html", "OUT"),
    "profile": ("profile", "--output", "OUT"),
}


@pytest.mark.parametrize("name", [*PARTS, *ABSENT, "elsewhere"])
@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS.keys())
def test_no_command_writes_over_it(folder: Path, command: tuple[str, ...], name: str) -> None:
    """One line, exit code 2 (1 where the log itself is no joined log), and every byte as it was."""
    query(folder / "monitor.db", f"VACUUM INTO '{folder / 'copy.db'}'")
    before = _contents(folder)
    arguments = [name if argument == "OUT" else argument for argument in command]
    refused = _run(folder, *arguments, MONITOR_PRIVACY_KEY_FILE="elsewhere")

    assert refused.returncode in ((1, 2) if command[0] == "merge" else (2,)), refused.stderr
    assert 1 == len(refused.stderr.splitlines())
    assert before == _contents(folder)


@pytest.mark.parametrize(
    ("link", "command"),
    [
        ("results.json", ("evaluate", ".", "--output", "out")),
        ("quantification.json", ("quantify", ".", "--output", "out")),
        ("compare.md", ("compare", ".", "--model", ".", "--output", "out")),
        ("speed.md", ("speed", "--model", ".", "--output", "out")),
        ("fusions.md", ("fusions", "--output", "out")),
        ("model.safetensors", ("train", ".", "--output", "out")),
    ],
)
def test_nor_through_a_folder_that_leads_there(
    folder: Path, link: str, command: tuple[str, ...]
) -> None:
    """A link to the key, under the name of what the command writes."""
    (folder / "out").mkdir()
    (folder / "out" / link).symlink_to(folder / "monitor.db.key")
    before = _contents(folder)
    refused = _run(folder, *command)

    assert 2 == refused.returncode
    assert "is the key of pseudonyms" in refused.stderr
    assert before == _contents(folder)


def test_nor_does_labelling_an_archive(folder: Path, tmp_path: Path) -> None:
    """A log that is called like an archive, in the folder for labels."""
    (tmp_path / "archive").mkdir()
    (tmp_path / "archive" / "tweets.csv").write_text("text\nAcme is great\n")
    (tmp_path / "labels").mkdir()
    Store(tmp_path / "labels" / "tweets.csv").close()
    before = _contents(tmp_path / "labels")
    refused = _run(folder, "classify", "archive", "--output", "labels", "--force")

    assert 0 != refused.returncode
    assert "is a SQLite database" in refused.stderr
    assert before["tweets.csv"] == (tmp_path / "labels" / "tweets.csv").read_bytes()


@pytest.mark.parametrize(
    "text",
    [
        '[privacy]\nkey_file = "monitor.db"',
        '[privacy]\nkey_file = "./monitor.db-wal"',
        '[store]\npath = "log.prom"\n[metrics]\ntextfile = "log.prom"',
        '[privacy]\nkey_file = "key.prom"\n[metrics]\ntextfile = "key.prom"',
    ],
)
def test_nor_does_the_daemon(tmp_path: Path, text: str) -> None:
    """Key, log and textfile are different files, or the configuration is refused."""
    (tmp_path / "config.toml").write_text(text)
    with pytest.raises(ConfigurationError, match="write somewhere else"):
        load(tmp_path / "config.toml")
