"""What must hold of every payload on its way to a row, whatever its bytes are."""

from __future__ import annotations

import inspect
import json.decoder
import json.scanner
import re
import time
from typing import Final

from monitor.daemon.collector import Collector
from monitor.daemon.job import Item
from monitor.settings import MqttSettings, Settings
from monitor.store.rows import DeadLetter
from monitor.tweets import (
    MAX_NAME_CHARS,
    Entity,
    activitypub,
    binary,
    bluesky,
    encodings,
    envelopes,
    taking,
    tweet,
    twitter,
    wrapping,
)
from monitor.tweets.redaction import redact
from monitor.tweets.shape import mask
from tests.factories import PSEUDONYMS, Inlet, StubClassifier
from tests.tweets.test_tweet import check_invariants

ENTITIES: Final = (
    Entity("Acme", ("Acme Corporation", "@AcmeHelp"), ("acme of perfection",)),
    Entity("AT&T"),
    Entity("L'Oréal"),
    Entity("Land Rover", ("Landy", "#rover")),
    Entity("Yahoo!"),
)
LARGEST: Final = 8192
"""Bytes of a payload that are looked into; more would make the fuzzer slow."""
_CLASSIFIER: Final = StubClassifier()
_COLLECTOR: Final = Collector(
    Settings(mqtt=MqttSettings(max_payload_bytes=LARGEST), entities=ENTITIES),
    _CLASSIFIER,
    PSEUDONYMS,
)

_SPEAKING: Final = (
    *(activitypub, binary, bluesky, encodings, envelopes, taking, tweet, twitter, wrapping),
    *(json.decoder, json.scanner),
)
"""What makes the details of rejections."""
_OWN_WORDS: Final = frozenset(
    re.findall(
        "[A-Za-z]+",
        "".join(map(inspect.getsource, _SPEAKING))
        + "invalid start byte, invalid continuation byte, unexpected end of data"
        + "UTF-32, UTF-LE, UTF-BE, truncated data, illegal encoding, illegal UTF-surrogate,"
        + "code point not in range, code point in surrogate code point range",
    )
)
"""What the program and its libraries say. Another word in a detail can only be the payload's."""


def check(payload: bytes) -> None:
    """Take a payload as far as what would be stored of it, twice, and check that."""
    started = time.process_time()
    row, again = _collected(payload), _collected(payload)
    if isinstance(row, DeadLetter):
        assert again == row, "a redelivery is another dead letter"
        _check_dead_letter(row, payload)
    else:
        assert isinstance(again, Item)
        assert (again.tweet, again.entities) == (row.tweet, row.entities), "not the same again"
        check_invariants(row.tweet)
        _check_item(row)
    took = time.process_time() - started
    assert took < 0.2 + 30e-6 * len(payload), f"{took:.3f} s for {len(payload)} bytes"


def _collected(payload: bytes) -> Item | DeadLetter:
    """Let the daemon's own collector look at a payload."""
    job = _COLLECTOR.collect([Inlet().delivery(payload)], waiting=0)
    _CLASSIFIER.asked.clear()
    rows: list[Item | DeadLetter] = [*job.items, *job.dead_letters]
    (row,) = rows
    return row


def _check_item(item: Item) -> None:
    """Check what is kept of a tweet, and about whom the model is asked."""
    assert item.tweet.entities or {*item.entities} <= {"", *(entity.name for entity in ENTITIES)}
    assert len({*item.entities}) == len(item.entities) >= 1
    for entity in item.entities:
        assert len(entity) <= MAX_NAME_CHARS
        assert entity.strip().encode() == entity.encode()
    text = redact(item.tweet.text)
    assert text.encode()
    assert text.strip()
    assert redact(text) == text, "redacting again changes the text"
    if item.tweet.author is not None:
        assert re.fullmatch("[0-9a-f]{32}", PSEUDONYMS.author(item.tweet.author))


def _check_dead_letter(letter: DeadLetter, payload: bytes) -> None:
    """Check that a dead letter shows no more of the payload than its shape."""
    assert len(payload) == letter.size
    assert letter.payload is not None
    assert re.fullmatch(rb"[x0~!{}\[\]:,\"\\+. \t\r\n\0-]*", letter.payload)
    assert mask(letter.payload) == letter.payload
    assert len(payload) == len(letter.payload)
    assert letter.detail.endswith(".")
    assert {*re.findall(r"[^\W\d_]+", letter.detail)} <= _OWN_WORDS, letter.detail
    for number in re.findall(r"\d+", letter.detail):
        assert len(number) <= 4, letter.detail  # a place in the payload, or a limit
