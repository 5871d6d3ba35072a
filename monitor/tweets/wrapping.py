"""From a payload to the object that it holds, out of what tools put around it.

A C string's NUL, a byte order mark, UTF-16, Node-RED's buffers and messages, JSON in a JSON string
or in base64, an event of a web server's stream, envelopes of message services
(`monitor.tweets.envelopes`). What holds many tweets, or is binary, is refused with a reason that
names it.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import Any, Final

from monitor.tweets import envelopes
from monitor.tweets.binary import refusal, refuse_binary
from monitor.tweets.encodings import text_of
from monitor.tweets.rejection import Reason, RejectedError

Fields = dict[str, Any]  # Any: what a JSON object holds is known only after looking

_DECODER: Final = json.JSONDecoder(parse_constant=lambda _: None)
_OWN: Final = ("text", "full_text", "fullText", "rawContent", "data", "content", "record")
"""What has one of these is a tweet, or an answer of an API, and no message with a payload."""
_MOST_LAYERS: Final = 4
"""A payload of Node-RED that is a buffer of JSON in a string; nothing real has more."""
_MARKUP: Final = re.compile(r"<(?:\?xml|!doctype|html|rss|feed|rdf:rdf)\b", re.IGNORECASE)
"""How documents begin. Other words in angle brackets stand in tweets: "<sarcasm>"."""
_EVENT: Final = re.compile(r"(?:(?:event|id|retry):.*\n)*data:[ ]?(?=\{)")
"""What goes before the object of a server-sent event (WHATWG HTML, section 9.2.6)."""
_OBJECTS: Final = re.compile(r'\[\s*\{\s*["}]')
"""How an array of objects begins, and no tweet."""
_BYTES: Final = re.compile(r"""b(['"])\{.*\1""", re.DOTALL)
"""An object as Python's ``str`` writes bytes."""
_BASE64: Final = re.compile(r"e[wy][A-Za-z0-9+/]{6,}={0,2}")
"""An object in base64: "{" and what can follow it are "ew" or "ey"."""
_STREAM_EVENTS: Final = frozenset(
    {"delete", "filters_changed", "announcement", "announcement.reaction"}
    | {"announcement.delete", "conversation", "encrypted_message"}
)
"""Events of Mastodon's streaming API that are no public status."""


def unwrapped(payload: bytes) -> Fields:
    """Return the object that a payload holds; plain text is an object that has nothing else.

    Raises:
        RejectedError: It holds none.
    """
    message = opened(payload)
    if isinstance(message, str):
        return {"text": message}
    if isinstance(message, dict):
        return message
    raise RejectedError(
        Reason.WRONG_TYPE, "The message is a JSON array; publish each of its tweets by itself."
    )


def opened(payload: bytes) -> object:
    """Take off what is around a text, an object, or whatever else a payload holds.

    Raises:
        RejectedError: It cannot be read.
    """
    text = _text(payload)
    message: object = _parsed(text)
    if isinstance(message, str):
        refuse_binary(payload, text)
    for _ in range(_MOST_LAYERS):
        inner = _inner(message)
        if inner is None:
            break
        message = inner
    return message


def _text(payload: bytes) -> str:
    """Decode the payload, without the NUL at the end of a C string and white space around."""
    try:
        return text_of(payload).strip().rstrip("\0").strip()
    except UnicodeDecodeError as error:
        if known := refusal(payload):
            raise known from None
        encoding = "UTF-8" if error.encoding == "utf-8" else error.encoding.upper()
        detail = f"Not {encoding}: {error.reason} at byte {error.start}."
        raise RejectedError(Reason.NOT_UTF8, detail) from None


def _parsed(body: str) -> object:
    """Parse what begins as an object does, and what is JSON as a whole; the rest is text."""
    body = _opened_text(body)
    if not body.startswith(("{", "[", '"')):
        return body
    try:
        return _DECODER.decode(body)
    except RecursionError:
        raise RejectedError(Reason.TOO_DEEP, "The JSON is nested too deeply.") from None
    except ValueError as error:
        if body[0] != "{" and not _OBJECTS.match(body):
            return body
        raise RejectedError(Reason.BAD_JSON, _why(error, body)) from None


def _opened_text(body: str) -> str:
    """Take off what stands around an object in a text.

    Raises:
        RejectedError: It is a document of another kind.
    """
    if body.startswith("<") and _MARKUP.match(body):
        detail = "XML or HTML, and no text; publish the text in it, or JSON."
        raise RejectedError(Reason.WRONG_TYPE, detail)
    if body.startswith("b") and _BYTES.fullmatch(body):
        detail = "Not JSON: bytes as Python writes them; publish the bytes themselves."
        raise RejectedError(Reason.BAD_JSON, detail)
    if event := _EVENT.match(body):
        return body[event.end() :]
    if body.startswith("e") and _BASE64.fullmatch(body):
        try:
            written = text_of(base64.b64decode(body, validate=True)).strip()
        except (binascii.Error, UnicodeDecodeError):
            return body
        return written if written.startswith("{") else body
    return body


def _why(error: ValueError, body: str) -> str:
    if not isinstance(error, json.JSONDecodeError):  # from int(), see sys.set_int_max_str_digits
        return "A number has too many digits."
    if body == "{":
        return "Not JSON: only its first line; write all of it in one line (jq -c)."
    if error.msg == "Extra data" and body[error.pos] in "{[":
        return "Several JSON objects; publish each by itself."
    if body[1:].lstrip().startswith("'"):
        return "Not JSON: an object as Python writes it; publish what json.dumps makes of it."
    return f"Not JSON: {error.msg} (character {error.pos})."


def _inner(message: object) -> object:
    """Return what a wrapping holds, None if it is none."""
    if isinstance(message, str):
        return _object_in(message)
    if not isinstance(message, dict):
        return None
    if message.get("type") == "Buffer" and isinstance(message.get("data"), list):
        try:
            return _parsed(_text(bytes(message["data"])))
        except (TypeError, ValueError):
            detail = 'The "data" of a Node-RED buffer are no bytes.'
            raise RejectedError(Reason.WRONG_TYPE, detail) from None
    if isinstance(event := message.get("event"), str) and event in _STREAM_EVENTS:
        detail = "An event of a stream that is no status."
        raise RejectedError(Reason.NO_TEXT, detail)
    if message.get("text") is None and (held := envelopes.content(message)) is not None:
        if isinstance(held, bytes):
            return _parsed(_text(held))
        return _parsed(held.strip()) if isinstance(held, str) else held
    payload = message.get("payload")
    if payload is None or any(message.get(name) is not None for name in _OWN):
        return None
    if isinstance(payload, str):
        return _parsed(payload.strip())
    return payload if isinstance(payload, dict) else None


def _object_in(text: str) -> object:
    """Return the object that a string holds, written as a JSON string once more or not; or None."""
    inner: object = text
    for _ in range(_MOST_LAYERS):
        if not isinstance(inner, str) or not inner.lstrip().startswith(("{", '"', "e")):
            return None
        try:
            inner = _parsed(inner.strip())
        except RejectedError:  # a text may begin with a brace
            return None
        if isinstance(inner, dict):
            return inner
    return None
