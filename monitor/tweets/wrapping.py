"""From a payload to the object that it holds, out of what tools put around it.

A C string's NUL, a byte order mark, UTF-16, Node-RED's buffers and messages, JSON in a JSON string.
What holds many tweets, or is compressed, is refused with a reason that names it.
"""

from __future__ import annotations

import json
from typing import Any, Final

from monitor.tweets.encodings import NAMED, text_of
from monitor.tweets.rejection import Reason, RejectedError

Fields = dict[str, Any]  # Any: what a JSON object holds is known only after looking

_DECODER: Final = json.JSONDecoder(parse_constant=lambda _: None)
_OWN: Final = ("text", "full_text", "fullText", "rawContent", "data", "content", "record")
"""What has one of these is a tweet, or an answer of an API, and no message with a payload."""
_MOST_LAYERS: Final = 4
"""A payload of Node-RED that is a buffer of JSON in a string; nothing real has more."""


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
    message: object = _parsed(_text(payload))
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
        for beginning, name in NAMED:
            if payload.startswith(beginning):
                detail = f"Compressed ({name}); publish it as it was before."
                raise RejectedError(Reason.NOT_UTF8, detail) from None
        encoding = "UTF-8" if error.encoding == "utf-8" else error.encoding.upper()
        detail = f"Not {encoding}: {error.reason} at byte {error.start}."
        raise RejectedError(Reason.NOT_UTF8, detail) from None


def _parsed(body: str) -> object:
    """Parse what begins as an object does, and what is JSON as a whole; the rest is text."""
    if not body.startswith(("{", "[", '"')):
        return body
    try:
        return _DECODER.decode(body)
    except RecursionError:
        raise RejectedError(Reason.TOO_DEEP, "The JSON is nested too deeply.") from None
    except ValueError as error:
        if body[0] != "{":
            return body
        raise RejectedError(Reason.BAD_JSON, _why(error, body)) from None


def _why(error: ValueError, body: str) -> str:
    if not isinstance(error, json.JSONDecodeError):  # from int(), see sys.set_int_max_str_digits
        return "A number has too many digits."
    if body == "{":
        return "Not JSON: only its first line; write all of it in one line (jq -c)."
    if error.msg == "Extra data" and body[error.pos] == "{":
        return "Several JSON objects; publish each by itself."
    return f"Not JSON: {error.msg} (character {error.pos})."


def _inner(message: object) -> object:
    """Return what a wrapping holds, None if it is none."""
    if isinstance(message, str):
        body = message.strip()
        if not body.startswith("{"):
            return None
        try:
            parsed: object = _parsed(body)
        except RejectedError:  # a text may begin with a brace
            return None
        return parsed
    if not isinstance(message, dict):
        return None
    if message.get("type") == "Buffer" and isinstance(message.get("data"), list):
        try:
            return _parsed(_text(bytes(message["data"])))
        except (TypeError, ValueError):
            detail = 'The "data" of a Node-RED buffer are no bytes.'
            raise RejectedError(Reason.WRONG_TYPE, detail) from None
    payload = message.get("payload")
    if payload is None or any(message.get(name) is not None for name in _OWN):
        return None
    if isinstance(payload, str):
        return _parsed(payload.strip())
    return payload if isinstance(payload, dict) else None
