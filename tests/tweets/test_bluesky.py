"""``monitor.tweets.bluesky``: posts in all forms in which they are passed on."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.tweets import Reason, Rejection, Tweet, decode
from tests.factories import PSEUDONYMS

DID = "did:plc:abcdefghijklmnopqrstuvwx"
KEY = "3l3qo2vuowo2b"
RECORD = {
    "$type": "app.bsky.feed.post",
    "createdAt": "2026-11-21T17:52:29.102Z",
    "langs": ["en"],
    "text": "Acme saved my day",
}


def _read(message: object) -> Tweet | Rejection:
    payload = json.dumps(message, ensure_ascii=False).encode(errors="surrogatepass")
    return decode(payload, max_bytes=65_536, identify=PSEUDONYMS.payload)


def _tweet(message: object) -> Tweet:
    actual = _read(message)
    assert isinstance(actual, Tweet), actual
    return actual


def event(record: object = RECORD, **changes: object) -> dict[str, Any]:
    """An event of a Jetstream."""
    commit = {"rev": "1", "operation": "create", "collection": "app.bsky.feed.post", **changes}
    return {
        "did": DID,
        "time_us": 1795283549102000,
        "kind": "commit",
        "commit": {"rkey": KEY, "record": record, "cid": "bafy", **commit},
    }


def _view(record: object = RECORD) -> dict[str, Any]:
    """A post as the API shows it."""
    return {
        "uri": f"at://{DID}/app.bsky.feed.post/{KEY}",
        "cid": "bafy",
        "author": {"did": DID, "handle": "nora.example", "displayName": "Nora"},
        "record": record,
        "likeCount": 3,
    }


def test_forms_say_the_same() -> None:
    """An event, a view of the API, and one in a feed are the same tweet."""
    actual = _tweet(event())

    assert (RECORD["text"], DID, RECORD["createdAt"], "en", False, ()) == (
        actual.text,
        actual.author,
        actual.created_at,
        actual.lang,
        actual.is_retweet,
        actual.left_out,
    )
    assert actual == _tweet(_view()) == _tweet({"post": _view(), "reply": {}})


def test_an_id_ascends_and_names_nobody() -> None:
    """The key of a record goes first; the author is in it as a digest alone."""
    id_ = _tweet(event()).id
    other = event() | {"did": "did:web:nora.example"}

    assert id_.startswith(f"{KEY}-")
    assert DID[-12:] not in id_
    assert id_ != _tweet(other).id


def test_a_record_of_a_list() -> None:
    """`listRecords` has the record in `value`; its address says who wrote it."""
    listed = {"uri": _view()["uri"], "cid": "b", "value": RECORD}

    assert _tweet(event()) == _tweet(listed)


def test_a_bare_record() -> None:
    """It has no id of its own."""
    assert RECORD["text"] == _tweet(RECORD).text


@pytest.mark.parametrize(
    "message",
    [
        event(None, operation="delete"),
        event({"$type": "app.bsky.feed.like", "subject": {}}, collection="app.bsky.feed.like"),
        {"did": DID, "time_us": 1, "kind": "identity", "identity": {"did": DID}},
        {"did": DID, "time_us": 1, "kind": "account", "account": {"active": True}},
    ],
)
def test_events_that_are_no_posts(message: dict[str, Any]) -> None:
    """The reason says what they are."""
    actual = _read(message)

    assert isinstance(actual, Rejection)
    assert Reason.NO_TEXT == actual.reason
    assert "Jetstream" in actual.detail


def test_a_post_of_pictures_has_no_text() -> None:
    """Which is the usual reason."""
    actual = _read(event(RECORD | {"text": ""}))

    assert isinstance(actual, Rejection)
    assert Reason.EMPTY == actual.reason


def _facet(text: str, part: str, uri: str) -> dict[str, Any]:
    start = text.encode().index(part.encode())
    return {
        "index": {"byteStart": start, "byteEnd": start + len(part.encode())},
        "features": [{"$type": "app.bsky.richtext.facet#link", "uri": uri}],
    }


@pytest.mark.parametrize(
    ("expected", "text", "part", "uri"),
    [
        ("so \u00e4h https://a.example/b/c?d", "so \u00e4h a.example/b...", "a.example/b...", ""),
        ("https://a.example/b/c?d!", "a.example/b\u2026!", "a.example/b\u2026", ""),
        ("read this", "read this", "this", ""),
        ("see other.example/b", "see other.example/b", "other.example/b", ""),
    ],
)
def test_shortened_links(expected: str, text: str, part: str, uri: str) -> None:
    """Are links again; words that lead somewhere stay words."""
    facet = _facet(text, part, uri or "https://a.example/b/c?d")

    assert expected == _tweet(event(RECORD | {"text": text, "facets": [facet]})).text


@pytest.mark.parametrize(
    "facets",
    [
        "none",
        [1],
        [{"index": {"byteStart": "0", "byteEnd": 4}, "features": []}],
        [{"index": {"byteStart": 9, "byteEnd": 2}, "features": [{"uri": "https://a.example"}]}],
        [{"index": {"byteStart": 0, "byteEnd": 999}, "features": [{"uri": "https://a.example"}]}],
        [{"index": [], "features": {}}],
        [{"index": {"byteStart": 0, "byteEnd": 4}, "features": [7]}],
    ],
)
def test_facets_never_cost_the_tweet(facets: object) -> None:
    """Whatever they are."""
    assert RECORD["text"] == _tweet(event(RECORD | {"facets": facets, "langs": {}})).text


@given(st.text(), st.integers(0, 9), st.integers(0, 30), st.text())
def test_facets_anywhere(text: str, start: int, length: int, uri: str) -> None:
    """Also in the middle of a character, where they are no facets of this text."""
    facet = {
        "index": {"byteStart": start, "byteEnd": start + length},
        "features": [{"uri": f"https://{uri}"}],
    }
    actual = _tweet(event(RECORD | {"text": f"{text}x", "facets": [facet, facet]}))

    assert actual.text == actual.text.strip()
    assert actual.text.encode()
