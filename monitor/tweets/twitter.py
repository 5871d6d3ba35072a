"""A simple object, and the Tweet objects of the Twitter API, v1.1 and v2, as they are passed on.

They are one form with many optional parts, since people flatten, rename and enrich them. Each part
is told by what it is: a ``user`` that is an object is the API's, a ``user`` that is a name is some
other collection's, and not looked at.

Sources: the Tweet objects of the Twitter API, v1.1 "extended mode" and v2.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from monitor.tweets.found import Found
from monitor.tweets.rejection import Reason, RejectedError
from monitor.tweets.taking import Taking, first_text
from monitor.tweets.wrapping import Fields

WHOLE: Final = ("full_text", "fullText", "rawContent")
"""Fields in which the API and the scrapers of its pages have a text that is not cut off."""

_OTHER_NAMES: Final = (
    *("Text", "TEXT", "tweet_text", "tweet", "Tweet", "content", "body", "selftext", "message"),
    *("msg", "caption", "description", "title"),
)
"""What collections and other networks call a text. Which of several it is only its owner knows."""


def read(tweet: Fields, includes: object, taking: Taking) -> Found:
    """Read a tweet. The whole text is taken wherever it is, of a retweet that of the original.

    Args:
        tweet: the object itself, out of its envelope.
        includes: what stands beside a v2 tweet.
        taking: remembers what is left out.

    Raises:
        RejectedError: There is no text.
    """
    api = is_of_the_api(tweet)
    original: Fields = {}
    if api:
        original = taking.object(tweet, "retweeted_status") or _retweeted(tweet, includes, taking)
        for name in ("user", "extended_tweet", "note_tweet"):
            taking.object(tweet, name)
    whole = [text for text in _texts(original) if isinstance(text, str) and text.strip()]
    texts = (*whole, *_texts(tweet))
    if all(text is None for text in texts):
        _refuse_another_name(tweet)
    text = first_text(texts)
    if api:  # it writes these three so, and no other
        text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    return Found(
        text=text,
        ids=(tweet.get("id_str"), tweet.get("id")),
        author=_author(tweet, taking),
        created_at=tweet.get("created_at"),
        lang=tweet.get("lang"),
        is_retweet=bool(original),
    )


def _refuse_another_name(tweet: Fields) -> None:
    """Name the field that seems to have the text of a message without any."""
    name = next((name for name in _OTHER_NAMES if isinstance(tweet.get(name), str)), None)
    if name:
        detail = f'There is no "text"; "{name}" is not looked at, so publish it under "text".'
        raise RejectedError(Reason.NO_TEXT, detail)


def is_of_the_api(tweet: Fields) -> bool:
    """Whether an object has a part that the API writes, and that is what it should be."""
    return any(_SIGNS[name](tweet[name]) for name in tweet.keys() & _SIGNS.keys())


def _texts(tweet: Fields) -> Iterator[object]:
    """Give the forms of the text that an object carries, the longest first."""
    for path in _WHOLE_INSIDE:
        if path[0] not in tweet:
            continue
        inside: object = tweet
        for name in path:
            inside = inside.get(name) if isinstance(inside, dict) else None
        if isinstance(inside, str):
            yield inside
    for name in (*WHOLE, "text"):
        yield tweet.get(name)


def _author(tweet: Fields, taking: Taking) -> str | None:
    """Take the number of the author, which outlives a change of the screen name, else the name."""
    people = (tweet.get("user"), tweet.get("author"))
    for person in people:
        if isinstance(person, dict):
            for name in ("id_str", "id", "screen_name", "username"):
                if author := taking.string(person, name, number=True):
                    return author
    if author := taking.string(tweet, "author_id", number=True):
        return author
    if isinstance(tweet.get("author"), dict):
        taking.leave_out("author")
        return None
    return taking.string(tweet, "author", number=True)


def _retweeted(tweet: Fields, includes: object, taking: Taking) -> Fields:
    """Find the original of a v2 retweet; empty if the message does not include it."""
    references = tweet.get("referenced_tweets")
    if references is None:
        return {}
    if not isinstance(references, list):
        taking.leave_out("referenced_tweets")
        return {}
    retweeted = [r for r in references if isinstance(r, dict) and r.get("type") == "retweeted"]
    for reference in retweeted:
        if any(isinstance(text, str) for text in _texts(reference)):  # put there by twarc
            return reference
    originals = {_reference(reference) for reference in retweeted} - {None}
    tweets = includes.get("tweets") if isinstance(includes, dict) else None
    if not originals or not isinstance(tweets, list):
        return {}
    return next((t for t in tweets if isinstance(t, dict) and _reference(t) in originals), {})


def _reference(tweet: Fields) -> str | None:
    """Take an id to compare. As text: whole numbers can be chosen to have one and the same hash."""
    id_ = tweet.get("id")
    return str(id_) if isinstance(id_, str | int) else None


def _is_number(value: object) -> bool:
    return type(value) is int or (isinstance(value, str) and value.isdecimal())


def _is_object(value: object) -> bool:
    return isinstance(value, dict)


def _is_list(value: object) -> bool:
    return isinstance(value, list)


_WHOLE_INSIDE: Final = (
    ("extended_tweet", "full_text"),
    ("note_tweet", "text"),
    ("note_tweet", "note_tweet_results", "result", "text"),
)
_Sign = Callable[[Any], bool]  # Any: whatever a message holds
_SIGNS: Final[dict[str, _Sign]] = {
    "author_id": _is_number,
    "edit_history_tweet_ids": _is_list,
    "entities": _is_object,
    "extended_tweet": _is_object,
    "full_text": lambda value: isinstance(value, str),
    "id_str": _is_number,
    "note_tweet": _is_object,
    "public_metrics": _is_object,
    "referenced_tweets": _is_list,
    "retweeted_status": _is_object,
    "truncated": lambda value: isinstance(value, bool),
    "user": _is_object,
}
"""Parts of the API's objects, and what they are there."""
