"""``monitor.tweets.mastodon``: statuses, and the text in their HTML."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.tweets import Reason, Rejection, Tweet, decode
from monitor.tweets.hypertext import text_of, unescaped
from tests.factories import PSEUDONYMS

STATUS: dict[str, Any] = {
    "id": "115901234567890123",
    "created_at": "2026-11-21T17:52:29.102Z",
    "spoiler_text": "",
    "visibility": "public",
    "language": "en",
    "uri": "https://social.example/users/nora/statuses/115901234567890111",
    "content": "<p>Acme saved my day</p>",
    "reblog": None,
    "account": {"id": "7", "username": "nora", "acct": "nora", "url": "https://social.example/@n"},
    "mentions": [],
    "tags": [],
}

MENTION = (
    '<p><span class="h-card"><a href="https://social.example/@nora" class="u-url mention">'
    '@<span>nora</span></a></span> <a href="https://social.example/tags/Acme">'
    "#<span>Acme</span></a> it&#39;s</p>"
)
HIDDEN = (
    '<p>see <a href="https://a.example/long/way"><span class="invisible">https://</span>'
    '<span class="ellipsis">a.example/lo</span><span class="invisible">ng/way</span></a>'
)


def _read(message: object) -> Tweet | Rejection:
    return decode(json.dumps(message).encode(), max_bytes=65_536, identify=PSEUDONYMS.payload)


def _tweet(message: object) -> Tweet:
    actual = _read(message)
    assert isinstance(actual, Tweet), actual
    return actual


def test_a_status() -> None:
    """Text, time, language and author arrive; nothing is left out."""
    actual = _tweet(STATUS)

    assert (
        "Acme saved my day",
        "https://social.example/@n",
        STATUS["created_at"],
        "en",
        False,
        (),
    ) == (
        actual.text,
        actual.author,
        actual.created_at,
        actual.lang,
        actual.is_retweet,
        actual.left_out,
    )


def test_the_same_status_on_two_servers() -> None:
    """They number it each in its own way, and it is one tweet; its id names nobody."""
    elsewhere = STATUS | {"id": "9", "account": {"acct": "nora@social.example"}}

    assert _tweet(STATUS).id == _tweet(elsewhere).id
    assert _tweet(STATUS).id.startswith("115901234567890111-")
    assert "nora" not in _tweet(STATUS).id
    assert _tweet(STATUS).id != _tweet(STATUS | {"uri": f"{STATUS['uri']}2"}).id
    assert "7" == _tweet(STATUS | {"uri": None, "id": "7"}).id


def test_a_boost() -> None:
    """Has its own id and author, and the text and language of what it repeats."""
    boost = STATUS | {
        "content": "",
        "language": None,
        "uri": "https://other.example/users/bob/statuses/1/activity",
        "account": {"acct": "bob@other.example"},
        "reblog": STATUS,
    }
    actual = _tweet(boost)

    assert ("Acme saved my day", "en", "bob@other.example", True) == (
        actual.text,
        actual.lang,
        actual.author,
        actual.is_retweet,
    )
    assert actual.id != _tweet(STATUS).id


def test_a_warning_belongs_to_the_text() -> None:
    """It is what readers see first."""
    assert (
        "Acme again\nsaved my day"
        == _tweet(STATUS | {"spoiler_text": "Acme again", "content": "<p>saved my day</p>"}).text
    )


def test_from_a_stream() -> None:
    """The streaming API has the status in a string."""
    event = {"stream": ["public"], "event": "update", "payload": json.dumps(STATUS)}

    assert _tweet(STATUS) == _tweet(event)


def test_pictures_alone() -> None:
    """Are no tweet."""
    actual = _read(STATUS | {"content": "<p></p>"})

    assert isinstance(actual, Rejection)
    assert Reason.EMPTY == actual.reason


@pytest.mark.parametrize(
    "changes",
    [
        {"language": 7},
        {"created_at": []},
        {"uri": {}},
        {"spoiler_text": []},
        {"reblog": "no"},
        {"account": {}},
        {"account": {"url": 7}},
    ],
)
def test_what_else_there_is_never_costs_the_tweet(changes: dict[str, Any]) -> None:
    """Whatever it is."""
    assert "Acme saved my day" == _tweet(STATUS | changes).text


@pytest.mark.parametrize(
    ("expected", "html"),
    [
        ("a & b <3", "<p>a &amp; b &lt;3</p>"),
        ("one\ntwo\nthree", "<p>one</p><p>two<br />three</p>"),
        (
            "@nora #Acme it's",
            MENTION,
        ),
        (
            "see https://a.example/long/way",
            HIDDEN,
        ),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
        ("no html at all", "no html at all"),
        ("&nosuch; &amp", "&nosuch; &amp"),
    ],
)
def test_html_to_text(expected: str, html: str) -> None:
    """Tags go, what they hold stays, links in full."""
    assert expected == text_of(html)


@given(st.text())
def test_any_html(html: str) -> None:
    """Nothing makes it raise; what has neither tag nor reference stays."""
    assert isinstance(text_of(html), str)
    plain = html.replace("<", "").replace("&", "")
    assert plain.strip() == text_of(plain)


@pytest.mark.parametrize(
    "text", ["<", "<a", "</p> ", "<br ", "&", "&#9999999;", "&amp;", "<!--", "<p>"]
)
def test_linear_time(text: str) -> None:
    """64 KiB of anything hostile take no longer than so much text has to."""
    hostile = text * (65_536 // len(text))
    start = time.process_time()
    text_of(hostile)

    assert time.process_time() - start < 0.1
    assert "&amp;" == unescaped("&amp;amp;")
