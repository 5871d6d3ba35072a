"""Posts as servers of the Fediverse send them to each other: a Note, alone or in its activity.

Source: Activity Streams 2.0 and ActivityPub (W3C), as Mastodon writes them.
"""

from __future__ import annotations

from typing import Final

from monitor.tweets import hypertext, mastodon
from monitor.tweets.found import Found, Identify
from monitor.tweets.rejection import Reason, RejectedError
from monitor.tweets.taking import Taking, first_text
from monitor.tweets.wrapping import Fields

_POSTS: Final = ("Note", "Article", "Question")
_SAYING: Final = ("Create", "Update")
"""Activities that hold what was written."""


def read(message: Fields, identify: Identify, taking: Taking) -> Found | None:
    """Read a post, None if it is of no such form.

    Raises:
        RejectedError: It is another activity, or a post without a text.
    """
    inner = message.get("object")
    if isinstance(message.get("actor"), str) and isinstance(inner, str | dict):
        if message.get("type") not in _SAYING or not (isinstance(inner, dict) and _is_post(inner)):
            detail = "An activity that is no post, such as a boost, a like or a deletion."
            raise RejectedError(Reason.NO_TEXT, detail)
        return _post(inner, identify, taking)
    return _post(message, identify, taking) if _is_post(message) else None


def _is_post(object_: Fields) -> bool:
    return (
        object_.get("type") in _POSTS
        and isinstance(object_.get("content"), str)
        and "attributedTo" in object_
    )


def _post(note: Fields, identify: Identify, taking: Taking) -> Found:
    warning = taking.string(note, "summary")
    languages = taking.object(note, "contentMap")
    return Found(
        text=first_text(["\n".join(filter(None, (warning, hypertext.text_of(note["content"]))))]),
        ids=(mastodon.named(taking.string(note, "id"), identify),),
        author=taking.string(note, "attributedTo"),
        created_at=note.get("published"),
        lang=next(iter(languages)) if len(languages) == 1 else None,
        is_retweet=False,
    )
