"""``monitor.tweets.binary``: bytes that are no text."""

from __future__ import annotations

import bz2
import lzma
import pickle

import pytest

from monitor.tweets import Reason, Rejection, Tweet, decode

TEXT = b"Acme saved my day"


def _decoded(payload: bytes) -> Tweet | Rejection:
    return decode(payload, max_bytes=65_536, identify=lambda _: "digest")


def _bson() -> bytes:
    inner = b"\x02text\0" + (len(TEXT) + 1).to_bytes(4, "little") + TEXT + b"\0\0"
    return (len(inner) + 4).to_bytes(4, "little") + inner


@pytest.mark.parametrize(
    ("name", "payload"),
    [
        ("CBOR", b"\xa2\x64text\x71" + TEXT + b"\x62id\x61" + b"1"),
        ("CBOR", b"\xd9\xd9\xf7\xa1\x64text\x71" + TEXT),
        ("MessagePack", b"\x82\xa4text\xb1" + TEXT + b"\xa2id\xa11"),
        ("BSON", _bson()),
        ("Avro", b"Obj\x01\x04\x14avro.codec\x08null"),
        ("pickle", pickle.dumps({"text": "Acme"})),
        ("bzip2", bz2.compress(TEXT)),
        ("xz", lzma.compress(TEXT)),
        ("PNG", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"),
        ("GIF", b"GIF89a\x01\0\x01\0\0\0"),
        ("Binary", b"\x0a\x011\x12\x11" + TEXT),  # Protocol Buffers, which do not say so
        ("Binary", b"\0\0\0\0\x01\x02\x31\x22" + TEXT),  # Avro, as Confluent frames it
    ],
)
def test_named_in_the_refusal(name: str, payload: bytes) -> None:
    """A format is named where it can be told, whether its bytes happen to be UTF-8 or not."""
    actual = _decoded(payload)

    assert isinstance(actual, Rejection), actual
    assert Reason.NOT_UTF8 == actual.reason
    assert name in actual.detail


@pytest.mark.parametrize(
    "text",
    [
        "Ac\0me",
        "a \x1b[31mred\x1b[0m Acme",
        "Acme\x07 rings\x07",
        "caf\u00e9\ufffd\ufffd",
        "\u00a1hola!",
    ],
)
def test_slips_in_a_text(text: str) -> None:
    """A control character or two do not make a text binary, nor does what was lost before."""
    assert isinstance(_decoded(text.encode()), Tweet)
