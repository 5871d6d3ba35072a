"""What a report is made of."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from monitor.clock import utc
from monitor.standings import Report, ReportQuestion, UnknownEntityError, gather
from monitor.standings.report import alerts
from monitor.store import Store, open_log
from monitor.store.pruning import Pruner
from tests.factories import DAY_S, NOW, query
from tests.logs import CONFUSION, Said, write_log

DAY = ReportQuestion(NOW - DAY_S, NOW)


def _asked(entity: str) -> ReportQuestion:
    return ReportQuestion(NOW - DAY_S, NOW, entity=entity)


def _report(log: Path, question: ReportQuestion = DAY) -> Report:
    with closing(open_log(log)) as connection:
        return gather(connection, question)


def test_knows_when_the_log_begins_and_ends(tmp_path: Path) -> None:
    """First and last tweet of all, whatever the span."""
    log = write_log(tmp_path / "monitor.db", [Said(hours_ago=100), Said(hours_ago=50)])
    report = _report(log)

    times = sorted(at for (at,) in query(log, "SELECT received_at FROM tweets"))
    assert [] == report.standings
    assert times == [report.first, report.last]


def test_an_empty_log_has_no_beginning(tmp_path: Path) -> None:
    """Neither tweets nor models: nothing is claimed."""
    report = _report(write_log(tmp_path / "monitor.db"))

    assert (None, None, []) == (report.first, report.last, report.standings)


def test_what_was_pruned_is_still_counted(tmp_path: Path) -> None:
    """Counts outlive their tweets: the log begins with the first hour that it counts."""
    log = write_log(tmp_path / "monitor.db", [Said(hours_ago=100), Said(hours_ago=2)])
    with closing(Store(log)) as store:
        assert isinstance(store._pruner, Pruner)
        store._connection.execute("DELETE FROM labels WHERE tweet_id = '0'")
        store._connection.execute("DELETE FROM tweets WHERE id = '0'")
    report = _report(log)

    assert "2025-06-11T11:00:00.000Z" == report.first


@pytest.mark.parametrize(
    ("calibration", "correction", "expected"),
    [
        ({}, None, "Shares are uncorrected: stub 1 has no stored confusion matrix."),
        ({"reputation": {"confusion": CONFUSION}}, None, "no regression of shares; --correction"),
        (
            {"reputation": {"confusion": CONFUSION}},
            "adjusted",
            "corrected for the known mistakes of stub 1 (adjusted counts, from 300 held-out",
        ),
        ({"reputation": {"confusion": CONFUSION}}, "none", "uncorrected, as asked"),
    ],
)
def test_says_what_the_shares_are_worth(
    tmp_path: Path, calibration: dict[str, object], correction: str | None, expected: str
) -> None:
    """In plain words: corrected by what, or not, and why not."""
    log = write_log(tmp_path / "monitor.db", [Said()], calibration=calibration)
    report = _report(log, ReportQuestion(NOW - DAY_S, NOW, correction=correction))  # type: ignore[arg-type]

    (sentence,) = report.basis
    assert expected in sentence


def test_the_shipped_model_is_corrected(tmp_path: Path, model_path: str) -> None:
    """Its card holds what corrects its shares without being asked."""
    from monitor.inference import Model

    calibration = Model.load(model_path).calibration
    log = write_log(tmp_path / "monitor.db", [Said()], calibration=calibration)

    (sentence,) = _report(log).basis
    assert "Shares are corrected for the known mistakes" in sentence


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("acmy", "nothing about 'acmy'; the nearest of 3 entities in the log is 'Acme'"),
        (
            "Lumen Cars",
            "nothing about 'Lumen Cars'; the nearest of 3 entities in the log is 'Lumen'",
        ),
        ("zzz", "nothing about 'zzz'; the nearest of 3 entities"),
    ],
)
def test_unknown_entities_have_a_nearest(tmp_path: Path, asked: str, expected: str) -> None:
    """A name with a mistake in it: the nearest one, and how many there are."""
    log = write_log(tmp_path / "monitor.db", [Said("Acme"), Said("Lumen"), Said("")])
    with pytest.raises(UnknownEntityError, match=expected):
        _report(log, ReportQuestion(NOW - DAY_S, NOW, entity=asked))


@pytest.mark.parametrize("asked", ["lumen cars", "LUMEN CARS", "Lumen_Cars", "lumen-cars"])
def test_an_entity_is_found_however_it_is_spelled(tmp_path: Path, asked: str) -> None:
    """Case and the like: what makes no other name when a message names it does not here either."""
    log = write_log(tmp_path / "monitor.db", [Said("Acme"), Said("Lumen Cars"), Said("Ölwerk")])

    assert ["Lumen Cars"] == [s.entity for s in _report(log, _asked(asked)).standings]
    assert ["Ölwerk"] == [s.entity for s in _report(log, _asked("ÖLWERK")).standings]


def test_those_that_stand_for_none_have_any_case_too(tmp_path: Path) -> None:
    """As they are shown, with large letters or small ones."""
    log = write_log(tmp_path / "monitor.db", [Said("Acme"), Said("", count=2), Said("(others)")])

    assert [2] == [s.tweets for s in _report(log, _asked("(No Entity)")).standings]
    assert ["(others)"] == [s.entity for s in _report(log, _asked("(OTHERS)")).standings]


def test_spellings_side_by_side_are_not_mixed_up(tmp_path: Path) -> None:
    """A joined log may have two: one of them is meant only by its very letters."""
    log = write_log(tmp_path / "monitor.db", [Said("Acme"), Said("ACME", count=2)])

    assert [2] == [s.tweets for s in _report(log, _asked("ACME")).standings]
    with pytest.raises(UnknownEntityError, match="'acme' as 'ACME' and 'Acme': ask for one"):
        _report(log, _asked("acme"))


def test_an_entity_of_an_empty_log(tmp_path: Path) -> None:
    """There is nothing near."""
    with pytest.raises(UnknownEntityError, match="the log is empty"):
        _report(write_log(tmp_path / "monitor.db"), ReportQuestion(0, NOW, entity="Acme"))


def test_tweets_about_none_can_be_asked_for(tmp_path: Path) -> None:
    """As '', which is no unknown entity."""
    log = write_log(tmp_path / "monitor.db", [Said("Acme"), Said("", count=2)])

    assert [2] == [
        s.tweets for s in _report(log, ReportQuestion(NOW - DAY_S, NOW, entity="")).standings
    ]


def test_retweets_alone_are_told_apart_from_nothing(tmp_path: Path) -> None:
    """Nothing to count, but not nothing there."""
    log = write_log(tmp_path / "monitor.db", [Said(is_retweet=True)])
    counted = _report(log, ReportQuestion(NOW - DAY_S, NOW, retweets=True))
    empty = _report(log, ReportQuestion(NOW - 9 * DAY_S, NOW - 8 * DAY_S))

    others = _report(write_log(tmp_path / "others.db", [Said(), Said(is_retweet=True)]))

    assert _report(log).retweets_alone
    assert not others.retweets_alone
    assert not counted.retweets_alone
    assert not empty.retweets_alone


def test_alerts_are_those_that_held_in_the_span(tmp_path: Path) -> None:
    """Raised before its end and not ended before its beginning, the latest first."""
    log = write_log(tmp_path / "monitor.db", [Said("Acme"), Said("Lumen")])
    days = {
        "over": (9, 8),
        "into it": (3, 0.5),
        "within": (0.4, 0.3),
        "still on": (0.2, None),
        "later": (-1, None),
    }
    with closing(sqlite3.connect(log)) as connection, connection:
        connection.executemany(
            "INSERT INTO alerts (entity, model_id, since, raised_at, ended_at, usual_share, share,"
            " tweets, negatives, first_batch_id, first_tweet_id, batch_id, tweet_id)"
            " VALUES (?, 1, '', ?, ?, 0.2, 0.4, 10, 4, 1, '0', 1, '0')",
            [
                (
                    name,
                    utc(NOW - raised * DAY_S),
                    None if ended is None else utc(NOW - ended * DAY_S),
                )
                for name, (raised, ended) in days.items()
            ],
        )
    with closing(open_log(log)) as connection:
        found = alerts(connection, NOW - DAY_S, NOW)
        one = alerts(connection, NOW - DAY_S, NOW, "within")

    assert ["still on", "within", "into it"] == [alert.entity for alert in found]
    assert ["within"] == [alert.entity for alert in one]
    assert (0.2, 0.4) == (found[0].usual_share, found[0].share)
