"""What a tweet is, and how a message's payload becomes one.

Four forms are understood: a simple JSON object, an object of the Twitter API v1.1, one of
the Twitter API v2, and plain UTF-8 text. Whatever else arrives is a ``Rejection`` that says why.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

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


class Reason(StrEnum):
    """Why a payload is no tweet."""

    EMPTY = "empty"
    TOO_LARGE = "too-large"
    NOT_UTF8 = "not-utf8"
    BAD_JSON = "bad-json"
    TOO_DEEP = "too-deep"
    WRONG_TYPE = "wrong-type"
    NO_TEXT = "no-text"
    BAD_RESULT = "bad-result"
    """Not of a tweet: of what should be another board's result (`monitor.results`)."""
    CRASH = "crash"
    """Not of what it says: of what it does to the daemon (`monitor.attempts`)."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """A payload that is no tweet."""

    reason: Reason
    detail: str
    """One short sentence for people, without anything the payload says."""


def decode(
    payload: bytes, *, max_bytes: int, identify: Callable[[bytes], str]
) -> Tweet | Rejection:
    """Read the tweet that a payload holds, or say why it holds none. No bytes make it raise.

    - A payload that begins with ``{`` must be a JSON object. One that is wholly a JSON string
      is that string; one that is wholly a JSON array is rejected. All else is plain text:
      tweets may begin with ``[Video]`` or a quotation mark.
    - ``null``, ``NaN`` (what data-frame tools write for a missing value) and, but for the text,
      blank strings count as absent. Of a key given twice the last one counts; other keys are
      ignored. White space around a value is dropped.
    - The text of a retweet is cut off by the API, so the original's full text is taken, under
      the retweet's id. ``&amp;``, ``&lt;`` and ``&gt;`` are undone in objects of the API, which
      writes them, and left alone elsewhere.
    - NUL and lone surrogates, which SQLite's UTF-8 cannot hold, become U+FFFD. In an id, which
      has to stay unique, they are refused.

    Args:
        payload: What the broker delivered.
        max_bytes: The largest payload that is looked into.
        identify: Gives the id of a payload that carries none, as a digest of its bytes. So
            identical payloads without an id count as one tweet.

    Sources: RFC 8259; the Tweet objects of the Twitter API, v1.1 "extended mode" and v2.
    """
    if len(payload) > max_bytes:
        return Rejection(Reason.TOO_LARGE, f"The payload is larger than {max_bytes} bytes.")
    try:
        fields, is_retweet = _simple(_parse(payload))
        text = _text(fields)
        return Tweet(
            id=_id(fields) or identify(payload),
            text=text,
            author=_string(fields, "author") or None,
            created_at=_like(DATE, _string(fields, "created_at")),
            lang=_like(LANGUAGE, _string(fields, "lang")),
            entities=_entities(fields),
            is_retweet=is_retweet or text.startswith("RT @"),
        )
    except _RejectedError as error:
        return Rejection(error.reason, error.detail)


def replace_emails(text: str, by: str | Callable[[re.Match[str]], str]) -> str:
    """Replace each e-mail address."""
    return _EMAIL.sub(by, text) if _EMAIL_HINT.search(text) else text


def replace_links(text: str, by: str | Callable[[re.Match[str]], str]) -> str:
    """Replace each link, with its scheme or without (``t.co/…``), but no punctuation after it.

    Addresses have to go first: they may have the form of a link.
    """
    text = _LINK.sub(by, text)
    return _BARE_LINK.sub(by, text) if _BARE_LINK_HINT.search(text) else text


class _RejectedError(Exception):
    """Carries a rejection out of the parts of ``decode``."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail


_Fields = dict[str, Any]  # Any: what a JSON object holds is known only after looking

_DECODER: Final = json.JSONDecoder(parse_constant=lambda _: None)
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_API_KEYS: Final = frozenset(
    {
        "author_id",
        "edit_history_tweet_ids",
        "extended_tweet",
        "full_text",
        "id_str",
        "retweeted_status",
        "user",
    }
)

# All of these take time linear in the length of the text: what could be tried again from each
# position is either possessive or begins only where a word does. Alternatives and hints begin
# with a literal, which is several times faster on the many texts that have nothing to replace.
_LINK: Final = re.compile(
    r"[Hh][Tt][Tt][Pp][Ss]?://[^\s<]*[\w/]|[Ww](?<!\w.)[Ww][Ww]\.(?=\w)[^\s<]*[\w/]"
)
_BARE_LINK: Final = re.compile(
    r"(?<![\w-])(?<!\w\.)(?:[\w-]++\.)++[A-Za-z]{2,24}/(?:[^\s<]*[\w/])?"  # but not "and/or"
)
_BARE_LINK_HINT: Final = re.compile(r"\.[A-Za-z]{2,24}/")
# The second @ is the full-width one of East Asian keyboards. Addresses glued together go as one.
_EMAIL: Final = re.compile(
    r"(?<![\w.+%'-])[\w.+%'-]++(?<=\w)[@\uff20][\w-]++(?:\.[\w-]++)++"
    r"(?:[\w.+%'-]*+[@\uff20][\w-]++(?:\.[\w-]++)*+)*+"
)
_EMAIL_HINT: Final = re.compile(r"[@\uff20][\w-]++\.")


def _parse(payload: bytes) -> _Fields:
    """Read the payload as an object; plain text is one that has nothing else."""
    try:
        body = payload.decode().removeprefix("\ufeff").strip()
    except UnicodeDecodeError as error:
        raise _RejectedError(
            Reason.NOT_UTF8, f"Not UTF-8: {error.reason} at byte {error.start}."
        ) from None
    if not body.startswith(("{", "[", '"')):
        return {"text": body}
    try:
        message = _DECODER.decode(body)
    except RecursionError:
        raise _RejectedError(Reason.TOO_DEEP, "The JSON is nested too deeply.") from None
    except ValueError as error:
        if body[0] != "{":
            return {"text": body}
        if isinstance(error, json.JSONDecodeError):
            detail = f"Not JSON: {error.msg} (character {error.pos})."
        else:  # from int(), see sys.set_int_max_str_digits
            detail = "A number has too many digits."
        raise _RejectedError(Reason.BAD_JSON, detail) from None
    if isinstance(message, str):
        return {"text": message}
    if isinstance(message, dict):
        return message
    raise _RejectedError(Reason.WRONG_TYPE, "The message is a JSON array, not an object.")


def _simple(message: _Fields) -> tuple[_Fields, bool]:
    """Turn any of the forms into the simple one; also, whether the API calls it a retweet."""
    tweet, includes = message, {}
    if "data" in message and "text" not in message:
        tweet = _object(message, "data")
        includes = _object(message, "includes")
    elif _API_KEYS.isdisjoint(message):
        return message, False
    user = _object(tweet, "user")
    original = _object(tweet, "retweeted_status") or _retweeted(tweet, includes)
    text = _full_text(original) or _full_text(tweet)
    entities = message.get("entities")
    return {
        "id": tweet.get("id_str") or tweet.get("id"),
        "text": text and text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"),
        # The number outlives a change of screen name, and is what v2 calls author_id.
        "author": (
            _string(user, "id_str", number=True)
            or _string(user, "id", number=True)
            or _string(user, "screen_name")
            or _string(tweet, "author_id", number=True)
            or tweet.get("author")
        ),
        "created_at": tweet.get("created_at"),
        "lang": tweet.get("lang"),
        "entity": message.get("entity"),
        # What the API itself calls entities is an object of its links and hashtags.
        "entities": None if isinstance(entities, dict) else entities,
    }, bool(original)


def _full_text(tweet: _Fields) -> str | None:
    """Take the longest form of the text that an object of the API carries."""
    return (
        _string(_object(tweet, "extended_tweet"), "full_text")
        or _string(_object(tweet, "note_tweet"), "text")
        or _string(tweet, "full_text")
        or _string(tweet, "text")
    )


def _retweeted(tweet: _Fields, includes: _Fields) -> _Fields:
    """Find the original of a v2 retweet; empty if the message does not include it."""
    references, tweets = tweet.get("referenced_tweets"), includes.get("tweets")
    if not isinstance(references, list) or not isinstance(tweets, list):
        return {}
    originals = {
        _reference(r) for r in references if isinstance(r, dict) and r.get("type") == "retweeted"
    } - {None}
    return next((t for t in tweets if isinstance(t, dict) and _reference(t) in originals), {})


def _reference(tweet: _Fields) -> str | None:
    """Take an id to compare. As text: whole numbers can be chosen to have one and the same hash."""
    id_ = tweet.get("id")
    return str(id_) if isinstance(id_, str | int) else None


def _text(fields: _Fields) -> str:
    text = _string(fields, "text")
    if text is None:
        raise _RejectedError(Reason.NO_TEXT, "The message has no text.")
    if not text:
        raise _RejectedError(Reason.EMPTY, "The text is empty.")
    return text


def _id(fields: _Fields) -> str | None:
    id_ = _string(fields, "id", number=True) or None
    if id_ and (len(id_) > MAX_NAME_CHARS or not id_.isprintable() or "\ufffd" in id_):
        raise _RejectedError(
            Reason.WRONG_TYPE,
            f'"id" is longer than {MAX_NAME_CHARS} characters or has unprintable ones.',
        )
    return id_


def _entities(fields: _Fields) -> tuple[str, ...]:
    first, others = _string(fields, "entity"), fields.get("entities")
    if not first and others is None:  # as in most messages
        return ()
    others = [] if others is None else others
    if not isinstance(others, list) or not all(isinstance(name, str) for name in others):
        raise _RejectedError(Reason.WRONG_TYPE, '"entities" is not a list of strings.')
    # As they come first: thousands of blank ones are soon one, and thousands of others too many.
    names = (_storable(name).strip() for name in dict.fromkeys((first or "", *others)))
    unique: dict[str, None] = {}
    for name in filter(None, names):
        unique[name] = None
        if len(unique) > MAX_ENTITIES:
            break
    if len(unique) > MAX_ENTITIES or any(len(name) > MAX_NAME_CHARS for name in unique):
        raise _RejectedError(
            Reason.TOO_LARGE,
            f"Over {MAX_ENTITIES} entities, or a name over {MAX_NAME_CHARS} characters.",
        )
    return tuple(unique)


def _string(fields: _Fields, key: str, *, number: bool = False) -> str | None:
    """Take the stripped string (or integer, if allowed) under a key, None where it is absent."""
    value = fields.get(key)
    if value is None:
        return None
    if isinstance(value, str):
        return _storable(value).strip()
    if number and type(value) is int:  # a bool is an int, too
        return str(value)
    raise _RejectedError(
        Reason.WRONG_TYPE, f'"{key}" is not a string{" or an integer" if number else ""}.'
    )


def _like(pattern: re.Pattern[str], value: str | None) -> str | None:
    """Drop what has not the form that it should have: these fields are kept as they are."""
    return value if value and pattern.fullmatch(value) else None


def _object(fields: _Fields, key: str) -> _Fields:
    """Take the object under a key, empty where it is absent."""
    value = fields.get(key)
    if value is None:
        return {}
    if isinstance(value, dict):
        return value
    raise _RejectedError(Reason.WRONG_TYPE, f'"{key}" is not an object.')


def _storable(text: str) -> str:
    """Replace what SQLite's UTF-8 cannot hold."""
    try:
        text.encode()
    except UnicodeEncodeError:
        text = _SURROGATE.sub("\ufffd", text)
    return text.replace("\0", "\ufffd")
