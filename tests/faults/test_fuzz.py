"""Payloads that a fuzzer once found interesting, and whether it would be told of a fault.

Nothing here needs the fuzzer itself: `fuzz` looks for such payloads, this looks at those it kept.
"""

from __future__ import annotations

import itertools
import json
import re
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.daemon.collector import Collector
from monitor.daemon.writer import Writer
from monitor.settings import PrivacySettings, Settings
from monitor.store import Store
from monitor.tweets.rejection import Reason, RejectedError
from tests.factories import PSEUDONYMS, Inlet, StubClassifier, query
from tests.faults import fuzz, oracle
from tests.tweets.test_tweet import FIELDS

KEPT = fuzz.read(fuzz.SEEDS) + fuzz.read(fuzz.FOUND)


def test_the_kept_payloads_are_few_and_short() -> None:
    """The corpus stays small enough to be read, and to be replayed with every change."""
    assert len(set(KEPT)) == len(KEPT) <= 300
    assert sum(path.stat().st_size for path in (fuzz.SEEDS, fuzz.FOUND)) <= 300_000


@pytest.mark.parametrize("payload", KEPT, ids=range(len(KEPT)))
def test_kept_payloads(payload: bytes) -> None:
    """Each becomes a sound tweet or a dead letter that tells nothing, and does so in time."""
    oracle.check(payload)


def test_repeated_payloads() -> None:
    """Whatever is in them, over and over: time grows with the length and no faster."""
    for payload in KEPT:
        oracle.check((payload * oracle.LARGEST)[: oracle.LARGEST])


@pytest.mark.parametrize("store_text", ["full", "redacted", "none"])
def test_the_log_takes_them_all(tmp_path: Path, store_text: str) -> None:
    """As one batch they are stored and acknowledged: no value that SQLite would not take."""
    settings = Settings(privacy=PrivacySettings(store_text=store_text))
    classifier = StubClassifier()
    inlet = Inlet()
    with closing(Store(tmp_path / "monitor.db")) as store:
        collector = Collector(settings, classifier, PSEUDONYMS)
        writer = Writer(settings, classifier, collector, store, PSEUDONYMS, None)
        job = collector.collect(inlet.deliveries(*KEPT), waiting=0)
        writer.finish(job)

    assert [*range(len(KEPT))] == inlet.acknowledged
    expected = {item.tweet.id for item in job.items}
    assert expected == {id_ for (id_,) in query(store.path, "SELECT id FROM tweets")}
    expected = {letter.digest for letter in job.dead_letters}
    assert expected == {d for (d,) in query(store.path, "SELECT digest FROM dead_letters")}


def _replay() -> None:
    for payload in KEPT:
        oracle.check(payload)
        oracle.check((payload * oracle.LARGEST)[: oracle.LARGEST])


def _leak(fields: object) -> str:
    raise RejectedError(Reason.NO_TEXT, f"No text in {fields}.")


@pytest.mark.parametrize(
    ("target", "broken"),
    [
        ("monitor.tweets.taking.storable", lambda text: text),
        ("monitor.tweets.twitter.first_text", _leak),
        ("monitor.tweets.twitter.first_text", lambda texts: str([*texts][-1] or "")),
        ("monitor.tweets.tweet._id", lambda found, _taking: next(filter(None, found.ids), None)),
        ("monitor.tweets.tweet.MAX_ENTITIES", 1000),
        ("monitor.tweets.masking._LINK", re.compile(r".*?zz")),  # takes quadratic time
        ("monitor.tweets.redaction.addresses._MENTION", re.compile("@")),  # never comes to an end
        ("tests.faults.oracle.redact", lambda _: ""),
        ("monitor.tweets.entities.EntityMatcher.match", lambda _matcher, text: text.split()),
        ("monitor.daemon.keeping.mask", lambda payload: payload),
        (
            "monitor.tweets.pseudonyms.Pseudonyms.payload",
            lambda _self, _payload, number=itertools.count(): str(next(number)),  # noqa: B008
        ),
    ],
)
def test_a_fault_would_be_found(
    monkeypatch: pytest.MonkeyPatch, target: str, broken: object
) -> None:
    """Whatever is broken on purpose on the way to a row, some kept payload shows it."""
    monkeypatch.setattr(target, broken)
    with pytest.raises((AssertionError, AttributeError, KeyError, UnicodeError)):
        _replay()


@given(st.binary())
def test_any_payload_can_be_kept(payload: bytes) -> None:
    """What is written down is what will be read."""
    lines = fuzz.written([payload, b""]).splitlines()

    assert [b"", payload] == [json.loads(line).encode(errors="surrogateescape") for line in lines]


@given(st.sampled_from(KEPT) | st.binary(), st.integers(0, 2**32))
def test_any_payload_can_be_changed(payload: bytes, seed: int) -> None:
    """The fuzzer's own way to change a payload keeps to the length asked for."""
    assert len(fuzz.changed(payload, 500, seed, FIELDS, lambda data, most: data[:most])) <= 500
