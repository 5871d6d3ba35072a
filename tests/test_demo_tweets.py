"""``monitor/demo/tweets.jsonl``: the sample tweets are as varied as the demonstration needs."""

from __future__ import annotations

import base64
import json
import tomllib
from collections import Counter
from importlib import resources

import pytest

from monitor.tweets import Entity, EntityMatcher, Reason, Rejection, Tweet, decode

FOLDER = resources.files("monitor.demo")
RAW_KEY = "__raw_base64__"
"""The key under which a line holds bytes that no line can hold."""


@pytest.fixture(scope="module")
def payloads() -> list[bytes]:
    """Return what the demonstration publishes."""
    return [
        base64.b64decode(json.loads(line)[RAW_KEY]) if RAW_KEY.encode() in line else line
        for line in FOLDER.joinpath("tweets.jsonl").read_bytes().splitlines()
    ]


@pytest.fixture(scope="module")
def results(payloads: list[bytes]) -> list[Tweet | Rejection]:
    """Decode all of them."""
    return [decode(p, max_bytes=65_536, identify=lambda p: f"plain-{p!r}") for p in payloads]


@pytest.fixture(scope="module")
def tweets(results: list[Tweet | Rejection]) -> list[Tweet]:
    """Keep the tweets."""
    return [result for result in results if isinstance(result, Tweet)]


@pytest.fixture(scope="module")
def matcher() -> EntityMatcher:
    """Make the matcher that the demonstration's configuration asks for."""
    tables = tomllib.loads(FOLDER.joinpath("config.toml").read_text("utf-8"))["entities"]
    return EntityMatcher(
        [Entity(t["name"], tuple(t["aliases"]), tuple(t["exclude"])) for t in tables]
    )


def test_counts(payloads: list[bytes], tweets: list[Tweet]) -> None:
    """There is enough to watch."""
    assert len(payloads) >= 320
    assert len(tweets) >= 300


def test_rejections(results: list[Tweet | Rejection]) -> None:
    """A few payloads are malformed, in several ways."""
    reasons = [result.reason for result in results if isinstance(result, Rejection)]

    assert 6 <= len(reasons) <= 8
    assert {Reason.BAD_JSON, Reason.EMPTY, Reason.NOT_UTF8, Reason.NO_TEXT} < {*reasons}


def test_three_duplicates(tweets: list[Tweet]) -> None:
    """Exactly three ids come twice, each with the same text."""
    count = Counter(tweet.id for tweet in tweets)

    assert {1, 2} == {*count.values()}
    assert len(tweets) - 3 == len(count)
    assert len(tweets) - 3 == len({tweet.text for tweet in tweets})


def test_entities(tweets: list[Tweet], matcher: EntityMatcher) -> None:
    """Six entities are spoken of, sometimes two at once, sometimes none."""
    matches = [matcher.match(tweet.text) for tweet in tweets]
    by_name = Counter(name for names in matches for name in names)
    by_number = Counter(map(len, matches))

    assert 6 == len(by_name)
    assert min(by_name.values()) >= 30
    assert by_number[0] >= 15
    assert by_number[2] >= 8
    assert {0, 1, 2} == {*by_number}


def test_named_entities_are_configured(tweets: list[Tweet], matcher: EntityMatcher) -> None:
    """What a publisher names is what the text names, too."""
    named = [tweet for tweet in tweets if tweet.entities]

    assert len(named) >= 5
    for tweet in named:
        assert {matcher.canonical(name) for name in tweet.entities} <= {*matcher.match(tweet.text)}


def test_forms(payloads: list[bytes], tweets: list[Tweet]) -> None:
    """Every form of a message occurs often."""
    objects = [json.loads(p) for p in payloads if p.startswith(b"{") and p.endswith(b'"}')]
    objects += [json.loads(p) for p in payloads if p.endswith(b"}}")]

    assert sum("data" in o for o in objects) >= 40
    assert sum("full_text" in o for o in objects) >= 40
    assert sum("retweeted_status" in o for o in objects) >= 8
    assert sum(not p.startswith(b"{") for p in payloads) >= 40
    assert sum(tweet.is_retweet for tweet in tweets) >= 12


def test_texts(tweets: list[Tweet]) -> None:
    """Texts are short and long, with emoji and hashtags, in several languages."""
    texts = [tweet.text for tweet in tweets]

    assert min(map(len, texts)) <= 25
    assert 240 <= max(map(len, texts)) <= 280
    assert sum("#" in text for text in texts) >= 12
    assert sum(any(ord(c) >= 0x1F300 for c in text) for text in texts) >= 40
    assert {"en", "de", "es", "fr", "it"} <= {tweet.lang for tweet in tweets}
