"""``monitor.daemon.keeping``: what of a tweet is written, column by column."""

from __future__ import annotations

import time
from dataclasses import fields, replace
from typing import Any

import pytest

from monitor.daemon.keeping import Keeper
from monitor.settings import MqttSettings, PrivacySettings, Settings
from monitor.store.rows import TweetRow
from monitor.tweets import Entity
from monitor.verdict import Answer, Verdict
from tests.factories import PSEUDONYMS

PHONE = "0170 1234567"


def _keeper(store_text: str = "redacted") -> Keeper:
    return Keeper(
        Settings(
            mqtt=MqttSettings(
                topics=("tweets/#", "0049 30 901820/+"), results_topics=("@fleet/+",)
            ),
            privacy=PrivacySettings(store_text=store_text),
            entities=(Entity("Acme"), Entity("@AcmeHelp"), Entity("0800 111 2222")),
        ),
        PSEUDONYMS,
    )


def _verdict(label: str) -> Verdict:
    return {"reputation": Answer(label, {label: 1.0}), "sentiment": Answer(label, {label: 1.0})}


def _row(**changes: Any) -> TweetRow:  # noqa: ANN401  (any column)
    row = TweetRow(
        id="7",
        received_at="2026-11-21T17:52:29.000Z",
        created_at="2026-11-21T17:52:29Z",
        topic="tweets/en",
        author="0" * 32,
        lang="en",
        is_retweet=False,
        text="Acme saved my day",
        verdicts=[("Acme", _verdict("positive"))],
        tweeted_at="2026-11-21T17:52:29.000Z",
    )
    return replace(row, **changes)


@pytest.mark.parametrize("store_text", ["full", "redacted"])
def test_a_tweet_that_names_nobody_is_kept_as_it_is(store_text: str) -> None:
    """The usual tweet loses nothing."""
    assert _row() == _keeper(store_text).row(_row())


OURS = {"received_at", "author", "is_retweet", "origin", "tweeted_at"}
"""Columns that hold nothing of what a publisher writes."""


@pytest.mark.parametrize("column", [f.name for f in fields(TweetRow) if f.name not in OURS])
@pytest.mark.parametrize("store_text", ["redacted", "none"])
def test_nothing_that_a_publisher_writes_passes_unseen(store_text: str, column: str) -> None:
    """A number in any column that a publisher fills is not kept; in an id, an address."""
    secret = "john@example.org" if column == "id" else PHONE
    row = _row(**{column: [(secret, _verdict("neutral"))] if column == "verdicts" else secret})
    if column == "created_at":  # which is no time then
        row = replace(row, tweeted_at=None)

    kept = _keeper(store_text).row(row)

    assert "1234567" not in repr(kept)
    assert "john" not in repr(kept)
    assert row == _keeper("full").row(row)


@pytest.mark.parametrize(
    ("expected", "name"),
    [
        ("Acme", "Acme"),
        ("@AcmeHelp", "@AcmeHelp"),
        ("0800 111 2222", "0800 111 2222"),
        ("", ""),
        ("Bank Ostra", "Bank Ostra"),
        ("Area 51", "Area 51"),
        ("@user", "@john"),
        ("@user", "\ufe6bjohn"),
        ("<phone>", PHONE),
        ("<email>", "john@example.org"),
        ("<iban>", "DE89 3704 0044 0532 0130 00"),
    ],
)
def test_entities(expected: str, name: str) -> None:
    """Names from messages are masked as text is; those that the owner has configured never."""
    kept = _keeper().row(_row(verdicts=[(name, _verdict("negative"))]))

    assert [(expected, _verdict("negative"))] == kept.verdicts


def test_of_names_that_look_the_same_the_first_counts() -> None:
    """A tweet has one label an entity; order and all other labels stay."""
    labels = [
        ("@ann", _verdict("negative")),
        ("Acme", _verdict("neutral")),
        ("@bob", _verdict("positive")),
    ]

    kept = _keeper().row(_row(verdicts=labels))

    assert [("@user", _verdict("negative")), ("Acme", _verdict("neutral"))] == kept.verdicts


@pytest.mark.parametrize(
    ("expected", "topic"),
    [
        ("tweets/en", "tweets/en"),
        ("tweets/@user", "tweets/@john"),
        ("tweets/<phone>/x", "tweets/0170 1234567/x"),
        ("tweets/example.org/x", "tweets/example.org/x"),  # a slash ends a level, not a link
        ("0049 30 901820/x", "0049 30 901820/x"),
        ("@fleet/attic", "@fleet/attic"),
        ("", ""),
    ],
)
def test_topics(expected: str, topic: str) -> None:
    """What the owner's own filters say stays, what publishers put in their gaps is masked."""
    keeper = _keeper()

    assert expected == keeper.topic(topic)
    assert expected == keeper.topic(topic)  # the same again, which is remembered
    assert topic == _keeper("full").topic(topic)


@pytest.mark.parametrize(
    "date",
    [
        "2026-11-21T17:52:29Z",
        "2026-11-21T17:52:29.123+01:00",
        "Mon Mar 02 07:01:04 +0000 2026",
        "Mon Mar 02 07:01:04 +0530 2026",
        "Mon, 2 Mar 2026 07:01:04 +0100",
        "2026-03-02 07:01:04",
        "02.03.2026 07:01",
        "03/02/2026, 7:01 AM",
        "1772434864",
        "1772434864000",
        "20260302T070104Z",
        "20260302070104",
    ],
)
def test_dates_stay(date: str) -> None:
    """None of the ways to write a date looks like a number of a person."""
    assert date == _keeper().row(_row(created_at=date)).created_at


@pytest.mark.parametrize("date", [PHONE, "call 0170 1234567", "+491701234567", "491701234567"])
def test_what_is_no_date_is_left_out(date: str) -> None:
    """Masked it would not have the form of a date any more, and other boards would refuse it."""
    assert _keeper().row(_row(created_at=date)).created_at is None


def test_languages() -> None:
    """A tag stays, a number in its place is left out."""
    assert "zh-Hant-TW" == _keeper().row(_row(lang="zh-Hant-TW")).lang
    assert _keeper().row(_row(lang="0170-1234567")).lang is None


@pytest.mark.parametrize(
    "id_",
    [
        "7",
        "1902000192815337086",
        "9876543210",
        "01701234567",
        "0" * 32,
        "a-1",
        "tel 4406804817885",
        "t:2026-11-21/7",
    ],
)
def test_ids_stay(id_: str) -> None:
    """Numbers are what tweets have as an id, whatever they look like."""
    assert id_ == _keeper().row(_row(id=id_)).id


def test_an_id_with_a_name_in_it_becomes_a_digest() -> None:
    """The same one for the same id, so that a tweet is stored once, and another for another."""
    keeper = _keeper()
    ids = ["john@example.org/1", "john@example.org/2", "@john", "@ann"]
    kept = [keeper.row(_row(id=id_)).id for id_ in ids]

    assert [PSEUDONYMS.id(id_) for id_ in ids] == kept
    assert len(set(kept)) == len(ids)
    assert kept == [keeper.row(_row(id=id_)).id for id_ in kept]


def test_a_topic_of_thousands_of_levels_takes_no_time() -> None:
    """It is of no use, but a broker may deliver it."""
    began = time.process_time()
    kept = _keeper().topic("@ann/" * 13_000)

    assert time.process_time() - began < 0.1
    assert "ann" not in kept
