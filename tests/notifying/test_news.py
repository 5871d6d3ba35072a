"""``monitor.notifying.news``: what a recipient has not been told, whatever becomes of the log."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.clock import utc
from monitor.notifying import news
from monitor.notifying.news import Alert, News, Told
from monitor.store import open_log
from monitor.store.backup import backup
from tests.factories import NOW
from tests.logs import write_log
from tests.notifying.logs import AlertLog


def _look(log: AlertLog, told: Told, now: float = NOW + 3600) -> News:
    with closing(open_log(log.path)) as connection:
        return news.look(connection, told, now)


def _first(log: AlertLog) -> Told:
    with closing(open_log(log.path)) as connection:
        return news.first(connection)


def _ids(alerts: Sequence[Alert]) -> list[int]:
    return [alert.id for alert in alerts]


def test_an_alert_and_its_end_are_news_once(tmp_path: Path) -> None:
    """Raised, then nothing, then ended, then nothing."""
    log = AlertLog(tmp_path / "monitor.db")
    told = _first(log)
    assert not _look(log, told)
    number = log.raised()
    found = _look(log, told)
    assert [number] == _ids(found.raised)
    assert [number] == _ids(_look(log, told).raised), "not told yet"
    assert not _look(log, found.told)
    log.ended(number)
    over = _look(log, found.told)
    assert ([], [number]) == (_ids(over.raised), _ids(over.ended))
    assert not _look(log, over.told)
    assert () == over.told.holding


def test_who_is_new_is_told_what_holds(tmp_path: Path) -> None:
    """Of alerts of before those that hold, and of none that had ended."""
    log = AlertLog(tmp_path / "monitor.db")
    old, holding = log.raised(), log.raised("Zento", NOW + 60)
    log.ended(old)
    told = _first(log)
    found = _look(log, told)
    assert [holding] == _ids(found.raised)
    log.ended(holding)
    assert [holding] == _ids(_look(log, told).raised), "it was owed, and has ended meanwhile"
    assert [holding] == _ids(_look(log, found.told).ended)


def test_raised_and_over_before_it_was_told(tmp_path: Path) -> None:
    """One piece of news, with its end, and not two."""
    log = AlertLog(tmp_path / "monitor.db")
    told = _first(log)
    number = log.raised()
    log.ended(number)
    found = _look(log, told)

    assert ([number], []) == (_ids(found.raised), _ids(found.ended))
    assert "recovered" == found.raised[0].outcome
    assert not _look(log, found.told)


def test_a_backup_that_was_put_back(tmp_path: Path) -> None:
    """Numbers that it gives out anew are other alerts; those that it has were told."""
    log = AlertLog(tmp_path / "monitor.db")
    kept = log.raised(at=NOW)
    backup(log.path, tmp_path / "copy.db")
    lost = log.raised("Zento", NOW + 60)
    told = _look(log, _first(log)).told
    back = AlertLog(tmp_path / "copy.db")
    assert not _look(back, told)
    new = back.raised("Plumiq", NOW + 120)
    assert lost == new
    found = _look(back, told)

    assert [("Plumiq", new)] == [(alert.entity, alert.id) for alert in found.raised]
    back.ended(kept)
    assert [kept] == _ids(_look(back, found.told).ended)


def test_another_log_in_its_place(tmp_path: Path) -> None:
    """Nothing is as remembered: what holds there is told, and all that comes."""
    log = AlertLog(tmp_path / "monitor.db")
    log.raised(at=NOW)
    told = _look(log, _first(log)).told
    other = AlertLog(tmp_path / "other.db")
    gone, holding = other.raised(at=NOW + 500), other.raised("Zento", NOW + 600)
    other.ended(gone)
    found = _look(other, told)

    assert [holding] == _ids(found.raised)
    assert [] == _ids(found.ended)
    assert not _look(other, found.told)
    assert [other.raised(at=NOW + 700)] == _ids(_look(other, found.told).raised)


def test_an_empty_log(tmp_path: Path) -> None:
    """There is nothing, and then the first alert of all."""
    path = write_log(tmp_path / "monitor.db")
    write_log(path, [])
    log = AlertLog(path)
    told = _first(log)

    assert Told() == told
    assert not _look(log, told)


def test_more_than_is_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of it is told in the end, each once."""
    monkeypatch.setattr(news, "MOST", 10)  # a thousand take long
    log = AlertLog(tmp_path / "monitor.db")
    told = _first(log)
    numbers = [log.raised(at=NOW + i) for i in range(25)]
    seen: list[int] = []
    while found := _look(log, told):
        seen += reversed(_ids(found.raised))
        told = found.told

    assert numbers == seen
    assert numbers == _ids_of(told)


def _ids_of(told: Told) -> list[int]:
    return [number for number, _ in told.holding]


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.sampled_from(["raise", "end", "tell", "try"]), max_size=24))
def test_whatever_the_order(tmp_path: Path, steps: list[str]) -> None:
    """Each alert is told once, and its end once: by itself, or with its beginning."""
    path = tmp_path / "monitor.db"
    path.unlink(missing_ok=True)
    for beside in ("-wal", "-shm", ".key"):
        Path(f"{path}{beside}").unlink(missing_ok=True)
    log = AlertLog(path)
    told = _first(log)
    holding: list[int] = []
    raised: list[int] = []
    over: list[int] = []
    number = 0
    for step in [*steps, "tell"]:
        if step == "raise":
            number = log.raised(at=NOW + number)
            holding.append(number)
        elif step == "end" and holding:
            log.ended(holding.pop(0))
        elif step == "tell":
            found = _look(log, told)
            raised += reversed(_ids(found.raised))
            over += [a.id for a in found.raised if a.ended_at] + _ids(found.ended)
            told = found.told
        else:  # an attempt that fails leaves all as it was
            _look(log, told)

    assert list(range(1, number + 1)) == raised
    assert sorted(set(raised) - set(holding)) == sorted(over)
    assert sorted(holding) == sorted(_ids_of(told))


def test_what_is_new_waits_for_what_it_is_about(tmp_path: Path) -> None:
    """A minute at most, with those after it; not if it is over, or of a clock that was wrong."""
    log = AlertLog(tmp_path / "monitor.db")
    told = _first(log)
    first, second = log.raised(), log.raised("Zento", NOW + 30)

    assert [] == _ids(_look(log, told, NOW + 31).raised)
    assert [first] == _ids(_look(log, told, NOW + 61).raised)
    assert [second, first] == _ids(_look(log, told, NOW + 91).raised)
    assert [second, first] == _ids(_look(log, told, NOW - 9e5).raised)
    log.change("UPDATE alerts SET followed_at = ?", utc(NOW + 1))
    assert [second, first] == _ids(_look(log, told, NOW + 31).raised)
    log.change("UPDATE alerts SET followed_at = NULL, ended_at = ?", utc(NOW + 31))
    assert [second, first] == _ids(_look(log, told, NOW + 32).raised)
