"""What a tweet is, and how a message's payload becomes one.

Whatever arrives and is none is a ``Rejection`` that says why.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from monitor.tweets import activitypub, bluesky, mastodon, twitter
from monitor.tweets.found import Found, Identify
from monitor.tweets.rejection import Reason, RejectedError, Rejection
from monitor.tweets.taking import Taking, tidied
from monitor.tweets.wrapping import Fields, unwrapped

MAX_NAME_CHARS: Final = 128
"""The longest id and the longest entity name that are believed."""

MAX_ENTITIES: Final = 16
"""How many entities one message may name: each of them costs a run of the model."""

DATE: Final = re.compile(r"(?=\D*\d)[A-Za-z\d :+,./-]{1,40}")
"""What a date looks like, in whatever order and calendar."""

LANGUAGE: Final = re.compile(r"[A-Za-z\d_-]{2,35}")
"""What a language tag looks like (RFC 5646, section 4.4.1)."""


@dataclass(frozen=True, slots=True)
class Tweet:
    """One tweet. Its strings can always be encoded in UTF-8 and hold no NUL."""

    id: str
    text: str
    """Never blank."""
    author: str | None
    created_at: str | None
    """As the publisher wrote it."""
    lang: str | None
    entities: tuple[str, ...]
    """Named by the publisher, each once; empty: to be matched in the text."""
    is_retweet: bool
    left_out: tuple[str, ...] = ()
    """Fields of the message that are not what they should be, and count as absent."""


def decode(payload: bytes, *, max_bytes: int, identify: Identify) -> Tweet | Rejection:
    """Read the tweet that a payload holds, or say why it holds none. No bytes make it raise.

    - A payload that begins with ``{`` must be a JSON object. One that is wholly a JSON string
      is that string; one that is wholly a JSON array is rejected. All else is plain text:
      tweets may begin with ``[Video]`` or a quotation mark.
    - ``null``, ``NaN`` (what data-frame tools write for a missing value) and, but for the text,
      blank strings count as absent. Of a key given twice the last one counts; other keys are
      ignored. White space around a value is dropped.
    - Only text, id and entities can cost the tweet. Another field that is not what it should be
      is left out, and named in `Tweet.left_out`.
    - The text of a retweet is cut off by the API, so the original's full text is taken, under
      the retweet's id. ``&amp;``, ``&lt;`` and ``&gt;`` are undone in objects of the API, which
      writes them, and left alone elsewhere.
    - NUL and lone surrogates, which SQLite's UTF-8 cannot hold, become U+FFFD. In an id, which
      has to stay unique, they are refused. An id that a spreadsheet has rounded is none.

    Args:
        payload: What the broker delivered.
        max_bytes: The largest payload that is looked into.
        identify: Gives the id of a payload that carries none, as a digest of its bytes. So
            identical payloads without an id count as one tweet.

    Source: RFC 8259.
    """
    if len(payload) > max_bytes:
        return Rejection(Reason.TOO_LARGE, f"The payload is larger than {max_bytes} bytes.")
    try:
        taking = Taking()
        message = unwrapped(payload)
        tweet, found = _found(message, identify, taking)
        id_ = _id(found, taking)
        # Under the names that simple messages have for them.
        fields = {"created_at": _as_text(found.created_at), "lang": found.lang}
        return Tweet(
            id=id_ or identify(payload),
            text=found.text,
            author=found.author,
            created_at=taking.like(DATE, fields, "created_at"),
            lang=taking.like(LANGUAGE, fields, "lang"),
            entities=_entities(message, tweet),
            is_retweet=found.is_retweet or found.text.startswith("RT @"),
            left_out=taking.left_out,
        )
    except RejectedError as error:
        return Rejection(error.reason, error.detail)


def text_and_entities(message: Fields) -> tuple[str, tuple[str, ...]]:
    """Read of a message, parsed already, what the model is asked.

    Raises:
        RejectedError: as `decode` rejects it.
    """
    tweet, found = _found(message, lambda _: "", Taking())
    return found.text, _entities(message, tweet)


def _as_text(value: object) -> object:
    """Write a number as text: some count seconds since 1970."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return str(value) if is_number else value


_ENVELOPES: Final = ("data", "tweet", "post", "status")
"""Where the v2 API, Twitter's own archive, and feeds of Bluesky have the tweet itself."""
_HOLDING: Final = ("text", "extended_tweet", *twitter.WHOLE)
"""What has one of these is no envelope."""
_PAGES: Final = (
    *("data", "statuses", "tweets", "posts", "feed", "results", "items", "orderedItems"),
    *("records", "Records", "children", "entry", "comments"),
)
"""Where answers of APIs have lists of them."""
_ROUNDED: Final = re.compile(r"\d{1,3}[eE]\+\d{1,3}|\d{1,3}[.,]\d+[eE]\+?\d{1,3}|[1-9]\d{14}0{2,5}")
"""Numbers as spreadsheets leave them: with an exponent, or zeros behind the 15th digit."""
_MISSING: Final = frozenset(
    {"nan", "none", "null", "n/a", "na", "<na>", "#n/a", "undefined", "(null)", "nil", "\\n", "-"}
)
"""What is written for a value that is missing, folded."""
_EXACT: Final = 2.0**53
"""Below this a float holds a whole number as it was."""


def _found(message: Fields, identify: Identify, taking: Taking) -> tuple[Fields, Found]:
    """Find the tweet in a message, and read it by its form."""
    tweet, includes = message, None
    for _ in _ENVELOPES:
        forms = (form.read(tweet, identify, taking) for form in (bluesky, mastodon, activitypub))
        read = next(filter(None, forms), None)
        if read:
            return tweet, read
        if any(tweet.get(name) is not None for name in _HOLDING):
            break
        inner = next((i for n in _ENVELOPES if isinstance(i := tweet.get(n), dict)), None)
        if inner is None:
            _refuse_a_page(tweet)
            break
        includes = tweet.get("includes")
        if includes is not None and not isinstance(includes, dict):
            taking.leave_out("includes")
        tweet = inner
    return tweet, twitter.read(tweet, includes, taking)


def _refuse_a_page(message: Fields) -> None:
    for name in _PAGES:
        if isinstance(message.get(name), list):
            raise RejectedError(
                Reason.WRONG_TYPE,
                f'A page of an API, with a list of tweets in "{name}"; publish each by itself.',
            )
    if "errors" in message:
        raise RejectedError(Reason.NO_TEXT, "An error of an API, and no tweet.")


def _id(found: Found, taking: Taking) -> str | None:
    """Take the first id that is one.

    Raises:
        RejectedError: There is none, but what could be meant as one.
    """
    wrong: RejectedError | None = None
    for id_ in found.ids:
        if isinstance(id_, float) and id_.is_integer() and abs(id_) < _EXACT:
            id_ = int(id_)  # as data frames write whole numbers where some are missing
        if isinstance(id_, float):
            taking.leave_out("id")
        elif isinstance(id_, str) or type(id_) is int:  # a bool is an int, too
            name = tidied(str(id_))
            if _ROUNDED.fullmatch(name) or name.casefold() in _MISSING:
                taking.leave_out("id")
            elif len(name) > MAX_NAME_CHARS or not name.isprintable() or "\ufffd" in name:
                wrong = wrong or RejectedError(
                    Reason.WRONG_TYPE,
                    f'"id" is longer than {MAX_NAME_CHARS} characters or has unprintable ones.',
                )
            elif name:
                return name
        elif id_ is not None:
            wrong = wrong or RejectedError(Reason.WRONG_TYPE, '"id" is not a string or an integer.')
    if wrong:
        raise wrong
    return None


def _entities(*fields: Fields) -> tuple[str, ...]:
    """Take the entities that the publisher names, beside the tweet or in it."""
    first: str | None = None
    others: object = None
    for each in fields:
        first = first or _entity(each)
        others = others or _list_of_entities(each)
    if not first and not others:  # as in most messages
        return ()
    if not isinstance(others, list | None) or not all(isinstance(n, str) for n in others or ()):
        raise RejectedError(Reason.WRONG_TYPE, '"entities" is not a list of strings.')
    # As they come first: thousands of blank ones are soon one, and thousands of others too many.
    names = (tidied(name) for name in dict.fromkeys((first or "", *(others or ()))))
    unique: dict[str, None] = {}
    for name in filter(None, names):
        unique[name] = None
        if len(unique) > MAX_ENTITIES:
            break
    if len(unique) > MAX_ENTITIES or any(len(name) > MAX_NAME_CHARS for name in unique):
        raise RejectedError(
            Reason.TOO_LARGE,
            f"Over {MAX_ENTITIES} entities, or a name over {MAX_NAME_CHARS} characters.",
        )
    return tuple(unique)


def _entity(fields: Fields) -> str | None:
    name = fields.get("entity")
    if isinstance(name, str | None):
        return name and name.strip()
    raise RejectedError(Reason.WRONG_TYPE, '"entity" is not a string.')


def _list_of_entities(fields: Fields) -> object:
    """Take what is not what the API itself calls entities: an object of lists of links and such."""
    names = fields.get("entities")
    if isinstance(names, dict) and all(
        isinstance(part, list | dict | None) for part in names.values()
    ):
        return None
    return names
