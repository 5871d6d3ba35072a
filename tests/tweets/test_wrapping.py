"""``monitor.tweets.wrapping``: what tools put around a message."""

from __future__ import annotations

import gzip
import json
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.tweets import Reason, Rejection, Tweet, decode

TEXT = "Acme saved my day, caf\u00e9 and all"
MESSAGE = {"id": "1", "text": TEXT}
BYTES = json.dumps(MESSAGE, ensure_ascii=False).encode()


def _decoded(payload: bytes) -> Tweet | Rejection:
    return decode(payload, max_bytes=65_536, identify=lambda _: "digest")


def _buffer(content: bytes) -> dict[str, Any]:
    return {"type": "Buffer", "data": [*content]}


def _json(message: object) -> bytes:
    return json.dumps(message).encode()


@pytest.mark.parametrize(
    "payload",
    [
        BYTES + b"\0",
        BYTES + b"\n\0\0\0",
        b"\xef\xbb\xbf" + BYTES,
        BYTES.decode().encode("utf-16"),
        b"\xfe\xff" + BYTES.decode().encode("utf-16-be"),
        BYTES.decode().encode("utf-16-le"),
        BYTES.decode().encode("utf-16-be"),
        BYTES.decode().encode("utf-32"),
        f"{BYTES.decode()}\r\n\0".encode("utf-16-le"),
        _json(_buffer(BYTES)),
        _json(_buffer(BYTES + b"\0")),
        _json({"_msgid": "a1", "topic": "tweets/en", "payload": MESSAGE}),
        _json({"_msgid": "a1", "topic": "tweets/en", "payload": BYTES.decode()}),
        _json({"_msgid": "a1", "payload": _buffer(BYTES)}),
        _json(BYTES.decode()),
        _json({"event": "update", "payload": BYTES.decode()}),
        _json({"schema": {"type": "struct"}, "payload": MESSAGE}),
        _json({"specversion": "1.0", "type": "tweet", "data": MESSAGE}),
    ],
)
def test_wrappings_are_taken_off(payload: bytes) -> None:
    """Each of them holds the same tweet."""
    actual = _decoded(payload)

    assert isinstance(actual, Tweet), actual
    assert ("1", TEXT) == (actual.id, actual.text)


@pytest.mark.parametrize(
    "payload",
    [
        *(TEXT.encode(encoding) for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-16-be")),
        *(TEXT.encode() + end for end in (b"\0", b"\n\0", b"\0\n")),
        _json(_buffer(TEXT.encode())),
        _json({"topic": "tweets", "payload": TEXT}),
    ],
)
def test_plain_text_in_them(payload: bytes) -> None:
    """Text is wrapped as objects are."""
    actual = _decoded(payload)

    assert isinstance(actual, Tweet), actual
    assert TEXT == actual.text


@pytest.mark.parametrize(
    ("reason", "part", "payload"),
    [
        (Reason.NOT_UTF8, "gzip", gzip.compress(BYTES, mtime=0)),
        (Reason.NOT_UTF8, "zlib", zlib.compress(BYTES)),
        (Reason.NOT_UTF8, "UTF-16", b"\xff\xfe{\0\0\xd8"),
        (Reason.NOT_UTF8, "UTF-8", "caf\u00e9".encode("latin-1")),
        (Reason.BAD_JSON, "Several JSON objects", BYTES + b"\n" + BYTES),
        (Reason.BAD_JSON, "Not JSON", _json({"payload": '{"text": '})),
        (Reason.WRONG_TYPE, "array", _json([MESSAGE])),
        (Reason.WRONG_TYPE, "buffer", _json({"type": "Buffer", "data": [300]})),
        (Reason.WRONG_TYPE, "buffer", _json({"type": "Buffer", "data": ["a"]})),
        (Reason.WRONG_TYPE, "page", _json({"data": [MESSAGE], "meta": {"result_count": 1}})),
        (Reason.WRONG_TYPE, "page", _json({"statuses": [MESSAGE], "search_metadata": {}})),
        (Reason.WRONG_TYPE, "page", _json({"posts": [], "cursor": "1"})),
        (Reason.WRONG_TYPE, "page", _json({"feed": [{"post": MESSAGE}]})),
        (Reason.NO_TEXT, "error", _json({"errors": [{"message": "no"}], "title": "no"})),
        (Reason.EMPTY, "empty", b"\0"),
        (Reason.EMPTY, "empty", b"\xff\xfe"),
    ],
)
def test_refused_by_name(reason: Reason, part: str, payload: bytes) -> None:
    """What is no single tweet is said to be what it is."""
    actual = _decoded(payload)

    assert isinstance(actual, Rejection), actual
    assert reason == actual.reason
    assert part in actual.detail


@pytest.mark.parametrize(
    "text", ["{ not json", '{"a": 1} and more', "{}{", '"{" is a brace', "Buffer", "a\0b c"]
)
def test_texts_that_look_similar(text: str) -> None:
    """A JSON string may say anything."""
    actual = _decoded(_json(text))

    assert isinstance(actual, Tweet), actual
    assert text.replace("\0", "\ufffd") == actual.text


@given(
    st.text().filter(lambda text: "\ufeff" not in text),
    st.sampled_from(["utf-16", "utf-32", "utf-8-sig"]),
)
def test_any_text_with_a_mark(text: str, encoding: str) -> None:
    """A byte order mark tells the encoding of any text, whatever is in it."""
    text = f"{text}x"
    message = json.dumps({"id": "1", "text": text}, ensure_ascii=False)
    actual = _decoded(message.encode(encoding, errors="replace"))

    assert isinstance(actual, Tweet), actual
    assert text.strip().replace("\0", "\ufffd") == actual.text


@given(st.text("\t\n !\"#&'()*+,-./09:;<=>?@AZ[]^_`az{|}~", min_size=2))
def test_ascii_in_utf_16_without_a_mark(text: str) -> None:
    """It is read as what it is, and the same text in UTF-8 is not taken for it."""
    text = f"x{text}x"
    for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
        actual = _decoded(text.encode(encoding))
        assert isinstance(actual, Tweet), actual
        assert text == actual.text


@pytest.mark.parametrize("encoding", ["utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("text", ["Acme", "Acme \N{PILE OF POO}", "caf\u00e9 bad"])
def test_utf_32_without_a_mark(text: str, encoding: str) -> None:
    """It is told by its numbers."""
    message = json.dumps({"id": "1", "text": text}, ensure_ascii=False)
    for payload, id_ in ((message, "1"), (text, "digest")):
        actual = _decoded(payload.encode(encoding))

        assert isinstance(actual, Tweet), actual
        assert (id_, text) == (actual.id, actual.text)


@pytest.mark.parametrize("before", ["data: ", "data:", "event: update\ndata: ", "id: 7\ndata: "])
def test_an_event_of_a_web_servers_stream(before: str) -> None:
    """The object in it is read."""
    actual = _decoded(before.encode() + BYTES + b"\n\n")

    assert isinstance(actual, Tweet), actual
    assert TEXT == actual.text


@pytest.mark.parametrize(
    ("reason", "payload", "word"),
    [
        (Reason.WRONG_TYPE, b'<?xml version="1.0"?><tweet>Acme</tweet>', "XML"),
        (Reason.WRONG_TYPE, b"<!DOCTYPE html><title>502 Bad Gateway</title>", "HTML"),
        (Reason.WRONG_TYPE, b"<html><body>Acme</body></html>", "HTML"),
        (Reason.BAD_JSON, repr(BYTES).encode(), "Python"),
        (Reason.BAD_JSON, repr(MESSAGE).encode(), "Python"),
        (Reason.BAD_JSON, b'[{"text": "a"}]\n[{"text": "b"}]', "Several"),
        (Reason.BAD_JSON, b'[{"text": "a"},', "Not JSON"),
        (Reason.NO_TEXT, b'{"event": "delete", "payload": "115901234567890123"}', "event"),
        (Reason.NO_TEXT, b'{"stream": ["user"], "event": "filters_changed"}', "event"),
    ],
)
def test_what_is_no_text(reason: Reason, payload: bytes, word: str) -> None:
    """It is refused, and not labelled as if somebody had said it."""
    actual = _decoded(payload)

    assert isinstance(actual, Rejection), actual
    assert reason == actual.reason
    assert word in actual.detail


@pytest.mark.parametrize(
    "text",
    [
        *("<3 Acme", "<sarcasm>Acme is great</sarcasm>", "eyes on Acme", "ewww", "b'day at Acme"),
        *("data: Acme is down", "event: Acme\ndata: none", "eyJhbGciOiJIUzI1NiJ", "[{Acme}]"),
    ],
)
def test_what_only_looks_like_a_wrapping(text: str) -> None:
    """Texts stay texts."""
    actual = _decoded(text.encode())

    assert isinstance(actual, Tweet), actual
    assert text == actual.text
