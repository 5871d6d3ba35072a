"""``store.attempts``: what may have ended the daemon is noted, tried by itself, and given up."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from monitor.clock import utc
from monitor.store import Store
from monitor.store.attempts import MOST_DEATHS, Attempts, Part, Watch
from tests.factories import NOW, batch_row, query, register, tweet_row

_AT = utc(NOW)


def _ended(path: Path, *digests: str, alone: bool = False, well: bool = False) -> dict[str, int]:
    """Live once, with messages in hand at the end; what was suspect at its beginning."""
    store = Store(path)
    suspects, _ = store.attempts.begin(_AT)
    if digests:
        store.attempts.note(digests, alone=alone)
    store.close(well=well)
    return suspects


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the log lies."""
    return tmp_path / "monitor.db"


def test_what_was_in_hand_at_a_bad_end_is_suspect(path: Path) -> None:
    """Counted is how often it was in hand alone."""
    assert {} == _ended(path, "a", "b")
    assert {"a": 0, "b": 0} == _ended(path, "a", alone=True)
    assert {"a": 1, "b": 0} == _ended(path, "a", alone=True)
    assert {"a": 2, "b": 0} == _ended(path)


def test_a_good_end_leaves_nothing(path: Path) -> None:
    """Neither suspects nor watchfulness."""
    _ended(path, "a")
    _ended(path, "a", alone=True, well=True)
    with closing(Store(path)) as store:
        assert ({}, False) == store.attempts.begin(_AT)
    assert [] == query(path, "SELECT * FROM attempts") + query(path, "SELECT * FROM running")


def test_a_bad_end_is_known_to_the_next_run_alone(path: Path) -> None:
    """Asked again in the same run, as at a reload, the run before is that run, and well."""
    _ended(path)
    with closing(Store(path)) as store:
        assert ({}, True) == store.attempts.begin(_AT)
        store.attempts.note(["a"], alone=False)
        assert ({"a": 0}, False) == store.attempts.begin(_AT)


def test_what_is_stored_is_suspect_no_more(path: Path) -> None:
    """In the transaction that stores it."""
    _ended(path, "a", "b")
    with closing(Store(path)) as store:
        register(store)
        store.attempts.begin(_AT)
        store.write(batch_row(1, noted=["a"]), [tweet_row("1")], [])
        assert [("b",)] == query(path, "SELECT digest FROM attempts")


def test_notes_are_bounded(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of messages that never come again, as in QoS 0, the oldest are forgotten."""
    monkeypatch.setattr("monitor.store.attempts._MOST_NOTED", 3)
    for life in range(5):
        _ended(path, f"{life}-1", f"{life}-2")
    assert {"3-2", "4-1", "4-2"} == _ended(path).keys()


def _parts(watch: Watch[str], *batches: str) -> list[Part[str]]:
    return [part for batch in batches for part in watch.parts(batch.split())]


def _watch(suspects: dict[str, int], watched: int) -> Watch[str]:
    return Watch(suspects, watched, lambda message: f"#{message}")


def test_nothing_is_looked_at_after_a_good_end() -> None:
    """A batch is a batch, and no digest is computed."""

    def never(_message: str) -> str:
        raise AssertionError

    watch: Watch[str] = Watch({}, 0, never)
    assert [Part(["a", "b"])] == _parts(watch, "a b", "")


def test_the_first_messages_are_noted() -> None:
    """Whole batches, as many as are to be watched."""
    expected = [Part(["a", "b"], ["#a", "#b"]), Part(["c"], ["#c"]), Part(["d"])]
    assert expected == _parts(_watch({}, 3), "a b", "c", "d")


def test_suspects_are_alone() -> None:
    """In their order among the others; once they are stored they are as others are."""
    watch = _watch({"#b": 0, "#d": MOST_DEATHS - 1}, 99)
    expected = [
        Part(["a"], ["#a"]),
        Part(["b"], ["#b"], alone=True),
        Part(["c"], ["#c"]),
        Part(["d"], ["#d"], alone=True),
        Part(["b", "d"], ["#b", "#d"]),
    ]
    assert expected == _parts(watch, "a b c d", "b d")


def test_suspects_are_known_as_long_as_it_takes() -> None:
    """Also behind those messages that are watched."""
    expected = [Part(["a"], []), Part(["b"], ["#b"], alone=True), Part(["c"], []), Part(["b", "c"])]
    assert expected == _parts(_watch({"#b": 1}, 0), "a b c", "b c")


@pytest.mark.parametrize("watched", [0, 99])
def test_what_has_ended_it_too_often_is_given_up(watched: int) -> None:
    """Each time that it comes."""
    given_up: Sequence[Part[str]] = [Part(["a"], given_up=True)] * 2
    assert given_up == _parts(_watch({"#a": MOST_DEATHS}, watched), "a a")


def test_digests_are_never_repeated_in_vain(path: Path) -> None:
    """The same message twice in a batch is noted once, and taken back."""
    with closing(Store(path)) as store:
        attempts: Attempts = store.attempts
        register(store)
        attempts.begin(_AT)
        attempts.note(["a", "a"], alone=False)
        store.write(batch_row(2, noted=["a", "a"]), [tweet_row("1")], [])
    assert [] == query(path, "SELECT * FROM attempts")
