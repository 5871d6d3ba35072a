"""``monitor.tweets.activitypub``: posts as servers send them to each other."""

from __future__ import annotations

import json
from typing import Any

import pytest

from monitor.tweets import Reason, Rejection, Tweet, decode
from tests.factories import PSEUDONYMS

NOTE: dict[str, Any] = {
    "id": "https://social.example/users/nora/statuses/115901234567890111",
    "type": "Note",
    "content": "<p>Acme &amp; Zento saved my day</p>",
    "contentMap": {"en": "<p>Acme &amp; Zento saved my day</p>"},
    "attributedTo": "https://social.example/users/nora",
    "published": "2026-11-21T17:52:29Z",
    "summary": None,
}
CREATE: dict[str, Any] = {
    "@context": "https://www.w3.org/ns/activitystreams",
    "id": "https://social.example/users/nora/statuses/115901234567890111/activity",
    "type": "Create",
    "actor": "https://social.example/users/nora",
    "object": NOTE,
}


def _read(message: object) -> Tweet | Rejection:
    return decode(json.dumps(message).encode(), max_bytes=65_536, identify=PSEUDONYMS.payload)


def test_a_post_alone_and_in_its_activity() -> None:
    """Both are one tweet, under the id that the same status has in Mastodon's API."""
    actual = _read(CREATE)

    assert isinstance(actual, Tweet), actual
    assert actual == _read(NOTE)
    assert (
        "Acme & Zento saved my day",
        "https://social.example/users/nora",
        "2026-11-21T17:52:29Z",
        "en",
    ) == (actual.text, actual.author, actual.created_at, actual.lang)
    status = {"content": NOTE["content"], "account": {"id": "7"}, "uri": NOTE["id"]}
    api = _read(status)
    assert isinstance(api, Tweet)
    assert api.id == actual.id


def test_a_warning_belongs_to_the_text() -> None:
    """What stands in front of a post is read with it."""
    actual = _read(NOTE | {"summary": "Food"})

    assert isinstance(actual, Tweet)
    assert "Food\nAcme & Zento saved my day" == actual.text


@pytest.mark.parametrize(
    "activity",
    [
        CREATE | {"type": "Announce", "object": NOTE["id"]},
        CREATE | {"type": "Like", "object": NOTE["id"]},
        CREATE | {"type": "Delete", "object": {"type": "Tombstone", "id": NOTE["id"]}},
        CREATE | {"type": "Undo", "object": {"type": "Like", "object": NOTE["id"]}},
    ],
)
def test_other_activities(activity: dict[str, Any]) -> None:
    """What says nothing of its own is refused as what it is."""
    actual = _read(activity)

    assert isinstance(actual, Rejection)
    assert Reason.NO_TEXT == actual.reason
    assert "activity" in actual.detail


def test_optional_fields_of_other_types() -> None:
    """They are left out, and the post stays a tweet."""
    actual = _read(NOTE | {"attributedTo": [1], "contentMap": [], "summary": 7})

    assert isinstance(actual, Tweet), actual
    assert {"attributedTo", "contentMap", "summary"} == set(actual.left_out)
