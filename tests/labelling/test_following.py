"""At the end of a sitting labels follow, with a daemon or without."""

from __future__ import annotations

import dataclasses
from contextlib import closing
from pathlib import Path

import pytest

from monitor.labelling import following
from monitor.standings import Standing, standings
from monitor.store import Store, open_log
from monitor.store.owner_labels import delete, opened_beside, put, transaction
from tests.factories import DAY_S, NOW, query, register
from tests.store.test_adapting import answers, write


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A log of 1,600 tweets, with answers to sixty of them."""
    with closing(Store(tmp_path / "monitor.db")) as store:
        register(store)
        write(store, 0, 1600, each=16)
    with opened_beside(tmp_path / "monitor.db") as connection:
        put(connection, answers(0, 60))
    return tmp_path / "monitor.db"


def _follow(path: Path) -> str | None:
    with opened_beside(path) as connection:
        return following.follow(connection)


def test_labels_follow_at_once(path: Path) -> None:
    """Without a daemon; how many changed is said, and the second time, too."""
    said = "Labels follow the answers; 533 are now others than the model's."

    assert [said, said] == [_follow(path), _follow(path)]
    assert [(1, 0)] == query(path, "SELECT id, todo FROM adaptations")
    with opened_beside(path) as connection:
        delete(connection)
    assert ["All labels are the model's own again.", None] == [_follow(path), _follow(path)]


def test_what_takes_long_is_left_to_the_daemon(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for a large log; the daemon goes on where it was left."""
    monkeypatch.setattr(following, "_PATIENCE_S", 0.0)

    assert "the daemon goes on" in (_follow(path) or "")
    with closing(Store(path)) as store:
        store.relabel(10.0)
    assert [(533,)] == query(path, "SELECT count(adapted) FROM labels")


def test_damaged_answers_are_told(path: Path) -> None:
    """What they hold is no number: one line, and labels stay as they are."""
    with opened_beside(path) as connection, transaction(connection):
        put(connection, [dataclasses.replace(a, probabilities=("x",) * 6) for a in answers(0, 1)])  # type: ignore[arg-type]  # damaged

    assert (_follow(path) or "").startswith("Nothing could be learnt from the answers")
    assert [(0,)] == query(path, "SELECT count(adapted) FROM labels")


def test_no_share_rests_on_what_was_fitted(path: Path) -> None:
    """What is estimated from answers is the same, to the last digit, whatever was learnt from them.

    A fit has seen the answers. Shares that compared them with its labels would be too sure of
    themselves.
    """

    def shares() -> list[Standing]:
        with closing(open_log(path)) as connection:
            return standings(connection, NOW - DAY_S, NOW + DAY_S)

    before = shares()
    assert ["owner"] == [standing.correction for standing in before]
    _follow(path)
    assert query(path, "SELECT count(adapted) FROM labels") != [(0,)]

    assert before == shares()
