"""Pruning, by clocks that are right, wrong, and set while the board runs."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.clock import Moment, utc
from monitor.store import Store, retention
from tests.factories import (
    DAY_S,
    NOW,
    batch_row,
    dead_letter,
    query,
    register,
    see_minutes,
    tweet_row,
)

TABLES = ("tweets", "labels", "batches", "dead_letters", "throughput")
YEAR_S = 365 * DAY_S
RIGHT = Moment(NOW, True)
NOON = NOW - 11_200
"""A full hour, so that hours can be counted from here."""
DAY = 1_440
"""Minutes of a day, after which a clock that is synchronised is believed."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the log lies."""
    return tmp_path / "monitor.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    """A fresh log with a model in it; nobody pulls the plug here, so it is not synced."""
    with closing(Store(path)) as store:
        register(store)
        store._connection.execute("PRAGMA synchronous = OFF")
        yield store


def _arrive(store: Store, id_: str, at: float, synchronised: bool | None = True) -> None:
    """Put a tweet with two labels, its batch and a dead letter into a log."""
    store.write(
        dataclasses.replace(batch_row(2), started_at=utc(at), clock_synchronised=synchronised),
        [tweet_row(id_, "Acme", "Lumen", received_at=utc(at))],
        [dead_letter(id_, received_at=utc(at))],
    )


def _minutes(store: Store, count: int, until: float, synchronised: bool | None = True) -> None:
    """Let the log see so many minutes, the last at a time."""
    see_minutes(store, (until - 60 * number for number in reversed(range(count))), synchronised)


def _prune(store: Store, now: Moment, keep_days: int = 7, half_hours: int = 0) -> list[str]:
    """Prune all there is in so many half hours, and return the ids of the tweets that stayed."""
    for half_hour in range(1 + half_hours):
        if half_hour:
            store._pruner._next_hour_at = 0.0  # as if so long had passed
        while store.prune(now, keep_days):
            pass
    return [row[0] for row in query(store.path, "SELECT id FROM tweets ORDER BY rowid")]


def _counts(path: Path) -> dict[str, int]:
    return {table: query(path, f"SELECT count(*) FROM {table}")[0][0] for table in TABLES}


def test_takes_what_is_old(path: Path, store: Store) -> None:
    """Everything older than so many days goes, with all that belongs to it; the rest stays."""
    for age in (30, 7.001, 6.999, 0):
        _arrive(store, str(age), NOW - age * DAY_S)
    _minutes(store, 3, NOW - 8 * DAY_S)
    _minutes(store, DAY, NOW)

    assert ["6.999", "0"] == _prune(store, RIGHT)
    assert {
        "tweets": 2,
        "labels": 4,
        "batches": 2,
        "dead_letters": 2,
        "throughput": 1440,
    } == _counts(path)


def test_an_empty_log_has_nothing_old(store: Store) -> None:
    """Neither without rows nor with minutes alone is there anything to do."""
    assert 0 == store.prune(RIGHT, keep_days=7)
    _minutes(store, DAY, NOW)
    assert 0 == store.prune(RIGHT, keep_days=7)


def test_the_first_to_arrive_go_first(
    path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step takes at most so many rows, and no batch before its tweets."""
    monkeypatch.setattr("monitor.store.pruning._STEP_ROWS", (2, 2))
    store._pruner.rows = 2
    for number in range(5):
        _arrive(store, str(number), NOW - (20 - number) * DAY_S)
    _minutes(store, DAY, NOW)
    steps = []
    while store.prune(RIGHT, keep_days=7):
        steps.append(_counts(path))
        orphans = "SELECT count(*) FROM tweets WHERE batch_id NOT IN (SELECT id FROM batches)"
        assert [(0,)] == query(path, orphans)

    assert [3, 1, 0] == [step["tweets"] for step in steps]
    assert [3, 1, 1] == [step["batches"] for step in steps]  # the last one stays


def test_no_number_is_given_twice(path: Path, store: Store) -> None:
    """A log of which all is pruned counts its batches on: a joined log knows them by number."""
    _arrive(store, "1", NOW - 30 * DAY_S)
    _minutes(store, DAY, NOW)
    _prune(store, RIGHT)
    _arrive(store, "2", NOW)

    assert [(1,), (2,)] == query(path, "SELECT id FROM batches")


def test_gives_space_back(path: Path, store: Store) -> None:
    """The pages of pruned rows leave the file, once they are more than it will soon use again."""
    old = utc(NOW - 30 * DAY_S)
    rows = [
        dataclasses.replace(tweet_row(str(number), received_at=old), text="x" * 1000)
        for number in range(2000)
    ]
    store.write(dataclasses.replace(batch_row(len(rows)), started_at=old), rows, [])
    _minutes(store, DAY, NOW)
    ((before,),) = query(path, "PRAGMA page_count")
    _prune(store, RIGHT)
    ((after,),) = query(path, "PRAGMA page_count")

    assert after < before / 4
    assert [("ok",)] == query(path, "PRAGMA integrity_check")


def test_pruned_tweets_can_come_again(store: Store) -> None:
    """A tweet that was pruned is forgotten: sent again, it is new."""
    _arrive(store, "1", NOW - 30 * DAY_S)
    _minutes(store, DAY, NOW)

    assert [] == _prune(store, RIGHT)
    assert 1 == store.write(batch_row(1), [tweet_row("1")], []).tweets


@pytest.mark.parametrize("synchronised", [True, False, None])
def test_a_jump_forward_prunes_nothing(store: Store, synchronised: bool | None) -> None:
    """Ten years ahead within a minute: no row of the last hour is dated so, nothing goes."""
    _arrive(store, "1", NOW - DAY_S)
    _minutes(store, DAY, NOW)
    _arrive(store, "2", NOW + 10 * YEAR_S, synchronised)
    _minutes(store, 59, NOW + 10 * YEAR_S, synchronised)

    assert ["1", "2"] == _prune(store, Moment(NOW + 10 * YEAR_S, synchronised))


@pytest.mark.parametrize(
    ("synchronised", "minutes"),
    [(False, DAY), (None, DAY), (True, DAY - 1)],
    ids=["not synchronised", "does not say", "synchronised, and wrong since yesterday"],
)
def test_a_wrong_clock_costs_an_hour_of_log_each_half_hour(
    store: Store, synchronised: bool | None, minutes: int
) -> None:
    """Years ahead, and nobody bears it out: the oldest hour goes when half an hour has passed."""
    for quarter in range(4 * 24):
        _arrive(store, f"{quarter // 4}:{quarter % 4}", NOON + 900 * quarter)
    wrong = Moment(NOON + 10 * YEAR_S, synchronised)
    _minutes(store, minutes, wrong.epoch_s, synchronised)

    assert 96 == len(_prune(store, wrong, keep_days=1))
    assert "1:0" == _prune(store, wrong, keep_days=1, half_hours=1)[0]
    assert "3:0" == _prune(store, wrong, keep_days=1, half_hours=2)[0]
    assert "3:0" == _prune(store, wrong, keep_days=1)[0]


def test_restarting_gains_a_wrong_clock_nothing(path: Path, store: Store) -> None:
    """A daemon that is started again and again under a wrong clock prunes nothing."""
    for hour in range(24):
        _arrive(store, str(hour), NOON + 3600 * hour)
    wrong = Moment(NOON + 10 * YEAR_S, synchronised=False)
    _minutes(store, DAY, wrong.epoch_s, synchronised=False)
    for _ in range(5):
        with closing(Store(path)) as again:
            assert 24 == len(_prune(again, wrong))


@pytest.mark.parametrize(
    "step_s", [0, -3600, YEAR_S], ids=["stands still", "runs backwards", "jumps"]
)
def test_an_hour_is_an_hour_of_arrivals_whatever_the_dates(store: Store, step_s: float) -> None:
    """Dates of a clock that stands, or is different each time, make no hour of a whole log."""
    for number in range(140):
        _arrive(store, str(number), NOON + step_s * number, synchronised=False)
    wrong = Moment(NOON + 300 * YEAR_S, synchronised=False)
    _minutes(store, DAY, wrong.epoch_s, synchronised=False)

    assert 135 <= len(_prune(store, wrong, keep_days=7, half_hours=1)) < 140


def test_dates_in_the_future_of_a_wrong_clock_stay(store: Store) -> None:
    """Tweets of a clock that ran ahead, then one that is right: they are not old for that."""
    for number in range(10):
        _arrive(store, str(number), NOON + YEAR_S + number, synchronised=number % 2 == 0)
    _minutes(store, DAY, NOON)

    assert 10 == len(_prune(store, Moment(NOON, True), half_hours=3))


def test_a_time_server_that_says_2036_is_believed_after_a_day(store: Store) -> None:
    """There is no telling it from a board that was off for years; until then it costs little."""
    for hour in range(24):
        _arrive(store, str(hour), NOON + 3600 * hour)
    _minutes(store, DAY, NOON + DAY_S)
    wrong = Moment(NOON + 10 * YEAR_S, synchronised=True)
    _minutes(store, 60, wrong.epoch_s)
    assert 24 == len(_prune(store, wrong))
    assert 22 == len(_prune(store, wrong, half_hours=2))

    later = Moment(wrong.epoch_s + DAY_S, synchronised=True)
    _minutes(store, DAY, later.epoch_s)
    assert [] == _prune(store, later)


def test_a_dead_letter_of_no_batch_waits_for_a_clock_too(path: Path, store: Store) -> None:
    """Those from before the first batch of an old log are old, but not by a clock that jumped."""
    _arrive(store, "1", NOW)
    store._connection.execute("UPDATE dead_letters SET batch_id = NULL")
    _minutes(store, 60, NOW + 10 * YEAR_S, synchronised=False)
    _prune(store, Moment(NOW + 10 * YEAR_S, synchronised=False))

    assert [(1,)] == query(path, "SELECT count(*) FROM dead_letters")


def test_rows_from_a_wrong_future_go_in_their_turn(store: Store) -> None:
    """What arrived while the clock ran ahead is as old as what arrived around it."""
    _arrive(store, "before", NOW - 10 * DAY_S)
    _arrive(store, "ahead", NOW + YEAR_S, synchronised=False)
    _arrive(store, "claims to know", NOW + YEAR_S)
    _arrive(store, "old", NOW - 9 * DAY_S)
    _arrive(store, "young", NOW - DAY_S)
    _minutes(store, DAY, NOW)

    assert ["young"] == _prune(store, RIGHT)


def test_a_board_that_booted_in_the_past_keeps_what_it_just_stored(store: Store) -> None:
    """Rows dated 1970 that arrived a minute ago are a minute old."""
    _arrive(store, "old", NOW - 10 * DAY_S)
    _arrive(store, "young", NOW - DAY_S)
    _arrive(store, "booting", 60.0, synchronised=False)
    _arrive(store, "now", NOW)
    _minutes(store, DAY, NOW)

    assert ["young", "booting", "now"] == _prune(store, RIGHT)


def test_a_row_that_wrongly_claims_to_be_old_takes_nothing_along(store: Store) -> None:
    """One row from the past, said to be right, after young ones: these stay."""
    _arrive(store, "young", NOW - DAY_S)
    _arrive(store, "liar", 60.0, synchronised=True)
    _minutes(store, DAY, NOW)

    assert ["young", "liar"] == _prune(store, RIGHT)


def test_a_board_that_is_never_synchronised_prunes_all_the_same(store: Store) -> None:
    """Without a network there is only the board's own clock: it is believed, slowly."""
    for age in (10, 9, 8, 1, 0):
        _arrive(store, str(age), NOW - age * DAY_S, synchronised=False)
    _minutes(store, 60, NOW, synchronised=False)

    assert ["1", "0"] == _prune(store, Moment(NOW, False), half_hours=3)


def test_rows_from_before_the_marks_count(store: Store) -> None:
    """Rows that do not say (an older log, a board that cannot tell) are dated as they are."""
    _arrive(store, "old", NOW - 10 * DAY_S, synchronised=None)
    _arrive(store, "young", NOW - DAY_S, synchronised=None)
    _minutes(store, DAY, NOW, synchronised=None)

    assert ["young"] == _prune(store, RIGHT)


def _hours(store: Store) -> list[str]:
    return [hour for (hour,) in query(store.path, "SELECT DISTINCT hour FROM rollups ORDER BY 1")]


def _hour(at: float) -> str:
    return utc(at)[: len("2026-11-21T17")]


def _prune_all(store: Store, now: Moment, keep_days: int, keep_history_days: int) -> int:
    """Prune all there is, and return in how many steps."""
    steps = 0
    while store.prune(now, keep_days, keep_history_days):
        steps += 1
    return steps


def test_counts_outlive_what_they_count(store: Store) -> None:
    """The tweets go after a week, their counts by hour after a month."""
    ages = (31, 29, 8, 1)
    for age in ages:
        _arrive(store, str(age), NOW - age * DAY_S)
    _minutes(store, DAY, NOW)
    _prune_all(store, RIGHT, 7, 30)

    assert [("1",)] == query(store.path, "SELECT id FROM tweets")
    assert [_hour(NOW - age * DAY_S) for age in ages[1:]] == _hours(store)


@pytest.mark.parametrize(
    ("keep_days", "keep_history_days", "kept"),
    [(0, 30, 3), (7, 0, 3), (30, 7, 2), (7, 7, 1)],
    ids=["tweets for ever", "counts for ever", "counts shorter", "alike"],
)
def test_counts_never_go_before_what_they_count(
    store: Store, keep_days: int, keep_history_days: int, kept: int
) -> None:
    """Whatever is set, a tweet in the log is counted in its history."""
    for age in (31, 29, 1):
        _arrive(store, str(age), NOW - age * DAY_S)
    _minutes(store, DAY, NOW)
    _prune_all(store, RIGHT, keep_days, keep_history_days)

    assert kept == len(_hours(store))
    assert (kept,) >= query(store.path, "SELECT count(*) FROM tweets")[0]


def test_counts_of_a_tweet_that_gained_an_entity_stay_with_it(store: Store) -> None:
    """Asked about again two days later, it is counted then, in an hour without tweets."""
    at = NOW - 10 * DAY_S
    _arrive(store, "1", at)
    store.write(batch_row(1), [tweet_row("1", "Veloria", received_at=utc(at + 2 * DAY_S))], [])
    _minutes(store, DAY, NOW)
    _prune_all(store, RIGHT, 30, 7)

    assert [_hour(at), _hour(at + 2 * DAY_S)] == _hours(store)


def test_history_goes_in_small_steps(store: Store) -> None:
    """After months away there is a year to delete: a day of it at a time, the oldest first."""
    for hour in range(100):
        _arrive(store, str(hour), NOW - 40 * DAY_S + 3600 * hour)
    _minutes(store, DAY, NOW)
    store.prune(RIGHT, 7, 30)

    assert 76 == len(_hours(store))
    assert _hour(NOW - 39 * DAY_S) == _hours(store)[0]
    assert 5 == 1 + _prune_all(store, RIGHT, 7, 30)
    assert [] == _hours(store)


def test_counts_from_a_wrong_clock_stay_with_their_tweets(store: Store) -> None:
    """Counts dated 1970, or years ahead, stay until the tweets have gone by order of arrival."""
    _arrive(store, "booting", 60.0, synchronised=False)
    _arrive(store, "ahead", NOW + YEAR_S, synchronised=False)
    _arrive(store, "now", NOW)
    _minutes(store, DAY, NOW)
    _prune_all(store, RIGHT, 7, 30)
    assert [_hour(60.0), _hour(NOW), _hour(NOW + YEAR_S)] == _hours(store)

    later = NOW + 8 * DAY_S
    _minutes(store, DAY, later)
    _prune_all(store, Moment(later, True), 7, 30)
    assert [_hour(NOW), _hour(NOW + YEAR_S)] == _hours(store)
    store._pruner._next_hour_at = 0.0
    _prune_all(store, Moment(later, True), 7, 30)
    assert [_hour(NOW)] == _hours(store)


def test_a_clock_that_is_wrongly_set_back_takes_an_hour_of_history_at_a_time(store: Store) -> None:
    """A time server that says 1999, for days: to it all the history is of the future."""
    for day in range(10):
        _arrive(store, str(day), NOW - (300 - day) * DAY_S)
    _minutes(store, DAY, NOW)
    _prune_all(store, RIGHT, 7, 400)
    back = Moment(NOW - 25 * YEAR_S, synchronised=True)
    _minutes(store, DAY, back.epoch_s)
    _prune_all(store, back, 7, 400)
    assert 10 == len(_hours(store))
    store._pruner._next_hour_at = 0.0
    _prune_all(store, back, 7, 400)

    assert 9 == len(_hours(store))


@pytest.mark.parametrize("synchronised", [False, None])
def test_a_clock_in_the_past_takes_no_history_for_the_future(
    store: Store, synchronised: bool | None
) -> None:
    """An hour after it booted in 1970, a board still has all its years."""
    _arrive(store, "1", NOW - 10 * DAY_S)
    _minutes(store, DAY, NOW)
    _prune_all(store, RIGHT, 7, 30)
    _minutes(store, 60, 7200.0, synchronised)

    assert 0 == _prune_all(store, Moment(7200.0, synchronised), 7, 30)
    assert [_hour(NOW - 10 * DAY_S)] == _hours(store)


def test_a_jump_forward_takes_no_history(store: Store) -> None:
    """Ten years ahead within a minute: no hour of minutes is dated so, nothing goes."""
    _arrive(store, "1", NOW)
    _minutes(store, DAY, NOW)
    store._connection.execute("DELETE FROM labels")
    store._connection.execute("DELETE FROM tweets")

    assert 0 == store.prune(Moment(NOW + 10 * YEAR_S, True), 7, 30)
    assert [_hour(NOW)] == _hours(store)


def test_a_wrong_clock_costs_an_hour_of_history_at_a_time(store: Store) -> None:
    """Nobody synchronises it, and it is years ahead: of the history an hour goes, the oldest."""
    for hour in range(5):
        _arrive(store, str(hour), NOW + 3600 * hour)
    store._connection.execute("DELETE FROM labels")
    store._connection.execute("DELETE FROM tweets")
    later = NOW + 10 * YEAR_S
    _minutes(store, 60, later, synchronised=False)
    store.prune(Moment(later, False), 7, 30)
    assert 5 == len(_hours(store))
    store._pruner._next_hour_at = 0.0
    for _ in range(3):
        store.prune(Moment(later, False), 7, 30)

    assert [_hour(NOW + 3600 * hour) for hour in range(1, 5)] == _hours(store)


@pytest.mark.parametrize("epoch_s", [0.0, 60.0, 2e11])
@pytest.mark.parametrize("keep_days", [1, 36_500])
def test_any_clock_will_do(store: Store, epoch_s: float, keep_days: int) -> None:
    """The beginning of the epoch and the year 8307 are no reason to fail, or to prune the new."""
    _minutes(store, DAY, epoch_s)
    _arrive(store, "1", epoch_s)

    assert ["1"] == _prune(store, Moment(epoch_s, True), keep_days)


@settings(max_examples=30)  # each fills and prunes a log
@given(
    arrivals=st.lists(
        st.tuples(st.floats(0, 20), st.sampled_from(["right", "past", "future", "liar"])),
        max_size=12,
    )
)
def test_nothing_young_goes_whatever_the_clock_said(
    tmp_path_factory: pytest.TempPathFactory, arrivals: list[tuple[float, str]]
) -> None:
    """A law: what truly arrived within ``keep_days`` stays, if dates called right are right."""
    arrivals.sort(reverse=True)
    with closing(Store(tmp_path_factory.mktemp("log") / "monitor.db")) as store:
        register(store)
        for number, (age, clock) in enumerate(arrivals):
            at = NOW - age * DAY_S
            wrong = {"past": 60.0, "future": NOW + YEAR_S, "liar": NOW + YEAR_S}.get(clock, at)
            _arrive(store, str(number), wrong, synchronised=clock in ("right", "liar"))
        _minutes(store, DAY, NOW)
        horizon = retention.horizon(store._connection, "batches", RIGHT, 7)
        _prune(store, RIGHT)
        kept = {row[0] for row in query(store.path, "SELECT id FROM tweets")}

    young = {str(n) for n, (age, _) in enumerate(arrivals) if age < 7 - 1e-6}
    certainly_old = [
        n for n, (age, clock) in enumerate(arrivals) if clock == "right" and age > 7.001
    ]
    assert young <= kept
    assert {str(n) for n in range(max(certainly_old, default=-1) + 1)}.isdisjoint(kept)
    assert horizon <= len(arrivals)
