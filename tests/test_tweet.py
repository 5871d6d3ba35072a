"""``monitor.tweet``: payloads become tweets or rejections."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.tweet import (
    MAX_ENTITIES,
    MAX_NAME_CHARS,
    Reason,
    Rejection,
    Tweet,
    decode,
    replace_emails,
    replace_links,
)

FIELDS = [
    "id", "id_str", "text", "full_text", "author", "author_id", "created_at", "lang", "entity",
    "entities", "user", "screen_name", "data", "includes", "tweets", "referenced_tweets", "type",
    "retweeted_status", "extended_tweet", "note_tweet",
]  # fmt: skip


def read(payload: bytes | str | dict[str, Any], max_bytes: int = 65_536) -> Tweet | Rejection:
    """Decode a payload, written as what is handy."""
    if isinstance(payload, dict):
        payload = json.dumps(payload)
    if isinstance(payload, str):
        payload = payload.encode()
    return decode(payload, max_bytes=max_bytes, identify=lambda p: f"digest-of-{len(p)}")


def tweet(payload: bytes | str | dict[str, Any]) -> Tweet:
    """Decode a payload that holds a tweet."""
    result = read(payload)
    assert isinstance(result, Tweet), result
    return result


def reason(payload: bytes | str | dict[str, Any]) -> Reason:
    """Decode a payload that holds none."""
    result = read(payload)
    assert isinstance(result, Rejection), result
    return result.reason


def test_simple_object() -> None:
    """Every field of the simple form arrives."""
    expected = Tweet(
        id="42",
        text="Lovely phone",
        author="bob",
        created_at="2026-01-02T03:04:05Z",
        lang="en",
        entities=("Brixel", "Aerovanta"),
        is_retweet=False,
    )

    actual = read(
        {
            "id": 42,
            "text": " Lovely phone\n",
            "author": "bob",
            "created_at": "2026-01-02T03:04:05Z",
            "lang": "en",
            "entity": "Brixel",
            "entities": ["Aerovanta", " Brixel "],
            "unknown": [1, {}],
        }
    )

    assert expected == actual


@pytest.mark.parametrize(
    "payload",
    [
        {"text": "hi"},
        {"text": "hi", "id": None, "author": None, "entity": None, "entities": None, "lang": None},
        {"text": "hi", "id": " ", "author": "", "entity": " ", "entities": [], "lang": ""},
        {"text": "hi", "entities": ["", " "]},
        '{"text": "hi", "lang": NaN, "author": NaN}',
        '\ufeff {"text": "ignored", "text": "hi"}\n',
        "hi",
        '"hi"',
        "\ufeffhi\r\n",
    ],
)
def test_absent_fields(payload: str | dict[str, Any]) -> None:
    """Null, NaN, blanks and plain text leave the rest empty, and the payload gives the id."""
    actual = tweet(payload)

    assert ("hi", None, None, None, ()) == (
        actual.text,
        actual.author,
        actual.created_at,
        actual.lang,
        actual.entities,
    )
    assert actual.id.startswith("digest-of-")


@pytest.mark.parametrize(
    "text",
    [
        "[Video] what a launch",
        "[1, 2",
        '"Never again", she said',
        "null",
        "RT @bob: hi",
        "42",
        "a { b }",
    ],
)
def test_plain_text(text: str) -> None:
    """What only looks like JSON is text."""
    assert text == tweet(text).text


def test_v1_object() -> None:
    """A v1.1 object gives id_str before id, the number of the user, and unescaped text."""
    actual = tweet(
        {
            "id": 1050118621198921700,
            "id_str": "1050118621198921728",
            "created_at": "Wed Oct 10 20:19:24 +0000 2018",
            "full_text": "Koffi &amp; Crumb &lt;3 &amp;lt;",
            "entities": {"hashtags": [], "urls": []},
            "user": {"id": 7, "id_str": "7", "screen_name": "bob"},
            "lang": "en",
        }
    )

    assert ("1050118621198921728", "Koffi & Crumb <3 &lt;", "7", ()) == (
        actual.id,
        actual.text,
        actual.author,
        actual.entities,
    )


def test_v1_extended_text() -> None:
    """The extended text replaces the one that is cut off."""
    actual = tweet({"id_str": "1", "text": "cut…", "extended_tweet": {"full_text": "not cut"}})

    assert "not cut" == actual.text


def test_v1_retweet() -> None:
    """A retweet has its own id and author, and the whole text of the original."""
    actual = tweet(
        {
            "id_str": "2",
            "full_text": "RT @ann: cut…",
            "user": {"screen_name": "bob"},
            "retweeted_status": {"id_str": "1", "full_text": "not cut", "user": {"id": 5}},
        }
    )

    assert ("2", "bob", "not cut", True) == (
        actual.id,
        actual.author,
        actual.text,
        actual.is_retweet,
    )


def test_v2_object() -> None:
    """A v2 object gives its data; the publisher may name the entity beside it."""
    actual = tweet(
        {
            "data": {"id": "9", "text": "a &gt; b", "author_id": "7", "entities": {"urls": []}},
            "entity": "Brixel",
        }
    )

    assert ("9", "a > b", "7", ("Brixel",)) == (
        actual.id,
        actual.text,
        actual.author,
        actual.entities,
    )


@pytest.mark.parametrize(
    "ids",
    [
        [str(i) for i in range(20_000)],
        [i * (2**61 - 1) + 1 for i in range(20_000)],  # they have one hash
        [[i] for i in range(20_000)],
        [None, True, 1.5, {}, "", *range(20_000)],
    ],
    ids=["strings", "integers", "lists", "mixed"],
)
def test_many_references_take_no_longer(ids: list[Any]) -> None:
    """Half refer to tweets, half are tweets that are included, and none is the other."""
    half = len(ids) // 2
    payload = json.dumps(
        {
            "data": {
                "text": "RT",
                "referenced_tweets": [{"type": "retweeted", "id": id_} for id_ in ids[:half]],
            },
            "includes": {"tweets": [{"id": id_, "text": "no"} for id_ in ids[half:]]},
        }
    )
    began = time.process_time()
    read = decode(payload.encode(), max_bytes=len(payload), identify=str)

    assert isinstance(read, Tweet)
    assert "RT" == read.text
    assert time.process_time() - began < 0.5  # compared one by one they take seconds


def test_v2_long_text_and_retweet() -> None:
    """The note of a long tweet and the included original replace what is cut off."""
    note = {"data": {"id": "1", "text": "cut…", "note_tweet": {"text": "not cut"}}}
    retweet = {
        "data": {
            "id": "2",
            "text": "RT @ann: cut…",
            "referenced_tweets": [{"type": "retweeted", "id": "1"}],
        },
        "includes": {"tweets": [{"id": "0", "text": "else"}, {"id": "1", "text": "not cut"}]},
    }

    assert "not cut" == tweet(note).text
    assert ("2", "not cut", True) == (
        tweet(retweet).id,
        tweet(retweet).text,
        tweet(retweet).is_retweet,
    )


def test_big_integer_id() -> None:
    """Ids above 2^53 stay exact."""
    assert "9007199254740993" == tweet('{"id": 9007199254740993, "text": "a"}').id


def test_unstorable_characters() -> None:
    """NUL and lone surrogates are replaced in texts, and pairs of surrogates are not."""
    actual = tweet(r'{"text": "a\u0000b\ud800c\ud83d\ude00", "author": "x\udfff"}')

    assert ("a\ufffdb\ufffdc\N{GRINNING FACE}", "x\ufffd") == (actual.text, actual.author)


@pytest.mark.parametrize(
    ("expected", "payload"),
    [
        (Reason.EMPTY, ""),
        (Reason.EMPTY, " \n"),
        (Reason.EMPTY, "\ufeff"),
        (Reason.EMPTY, '""'),
        (Reason.EMPTY, {"text": ""}),
        (Reason.EMPTY, {"text": "\u2003\n"}),
        (Reason.TOO_LARGE, "x" * 65_537),
        (Reason.TOO_LARGE, {"text": "a", "entities": [str(i) for i in range(MAX_ENTITIES + 1)]}),
        (Reason.TOO_LARGE, {"text": "a", "entity": "x" * (MAX_NAME_CHARS + 1)}),
        (Reason.NOT_UTF8, b"caf\xe9"),
        (Reason.NOT_UTF8, b'{"text": "\xed\xa0\x80"}'),
        (Reason.BAD_JSON, "{"),
        (Reason.BAD_JSON, "{'text': 'hi'}"),
        (Reason.BAD_JSON, '{"text": "hi"} {"text": "ho"}'),
        (Reason.BAD_JSON, '{"text": "hi", "n": %s}' % ("9" * 5_000)),
        (Reason.WRONG_TYPE, "[]"),
        (Reason.WRONG_TYPE, '[{"text": "hi"}]'),
        (Reason.WRONG_TYPE, {"text": 5}),
        (Reason.WRONG_TYPE, {"text": ["hi"]}),
        (Reason.WRONG_TYPE, {"text": "hi", "id": True}),
        (Reason.WRONG_TYPE, {"text": "hi", "id": 1.0}),
        (Reason.WRONG_TYPE, {"text": "hi", "id": "x" * (MAX_NAME_CHARS + 1)}),
        (Reason.WRONG_TYPE, {"text": "hi", "id": "a\0b"}),
        (Reason.WRONG_TYPE, r'{"text": "hi", "id": "\ud800"}'),
        (Reason.WRONG_TYPE, {"text": "hi", "author": 7}),
        (Reason.WRONG_TYPE, {"text": "hi", "created_at": 1}),
        (Reason.WRONG_TYPE, {"text": "hi", "lang": []}),
        (Reason.WRONG_TYPE, {"text": "hi", "entity": ["Brixel"]}),
        (Reason.WRONG_TYPE, {"text": "hi", "entities": "Brixel"}),
        (Reason.WRONG_TYPE, {"text": "hi", "entities": ["Brixel", 1]}),
        (Reason.WRONG_TYPE, {"text": "hi", "entities": {"urls": []}}),
        (Reason.WRONG_TYPE, {"text": "hi", "user": "bob"}),
        (Reason.WRONG_TYPE, {"full_text": "hi", "retweeted_status": [1]}),
        (Reason.WRONG_TYPE, {"data": [{"text": "hi"}]}),
        (Reason.NO_TEXT, {}),
        (Reason.NO_TEXT, {"text": None, "id": 1}),
        (Reason.NO_TEXT, {"data": {"id": "1"}}),
        (Reason.NO_TEXT, {"message": "hi"}),
    ],
)
def test_rejections(expected: Reason, payload: bytes | str | dict[str, Any]) -> None:
    """Every kind of bad payload gets its reason."""
    assert expected == reason(payload)


@pytest.mark.parametrize("opening", ["[", '{"text":', '{"text": "hi", "x": [{"a":'])
def test_deep_json(opening: str) -> None:
    """Deep nesting neither raises nor crashes."""
    actual = read(opening * 200_000, max_bytes=8_000_000)

    assert isinstance(actual, Rejection)
    assert Reason.TOO_DEEP == actual.reason


def test_detail_tells_nothing() -> None:
    """The detail of a rejection quotes nothing of the payload."""
    for payload in (
        '{"text": secret}',
        '{"text": "secret" "x"}',
        '{"text": "hi", "id": ["secret"]}',
    ):
        actual = read(payload)
        assert isinstance(actual, Rejection)
        assert "secret" not in actual.detail


def test_size_is_checked_first() -> None:
    """A payload of exactly the largest size is still taken."""
    assert isinstance(read(b"12345", max_bytes=5), Tweet)
    assert isinstance(read(b"123456", max_bytes=5), Rejection)


def check_invariants(result: Tweet | Rejection) -> None:
    """Whatever went in, this holds of what comes out."""
    if isinstance(result, Rejection):
        assert result.detail.endswith(".")
        return
    strings = [result.id, result.text, result.author, result.created_at, result.lang]
    for string in (*(s for s in strings if s is not None), *result.entities):
        assert string
        assert string == string.strip()
        assert "\0" not in string
        string.encode()
    assert len(result.id) <= MAX_NAME_CHARS
    assert result.id.isprintable()
    assert all(len(entity) <= MAX_NAME_CHARS for entity in result.entities)
    assert len(set(result.entities)) == len(result.entities) <= MAX_ENTITIES


@given(st.binary() | st.text().map(str.encode))
def test_any_bytes(payload: bytes) -> None:
    """Any bytes give a sound tweet or a rejection."""
    check_invariants(read(payload))


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=6)
    ),
    max_leaves=20,
)


@given(st.dictionaries(st.sampled_from(FIELDS), values), st.booleans())
def test_any_object(message: dict[str, Any], escape: bool) -> None:
    """Any values under the known keys give a sound tweet or a rejection."""
    payload = json.dumps(message, ensure_ascii=escape).encode(errors="surrogatepass")

    check_invariants(read(payload))


@given(st.text().filter(lambda text: text.strip() and text.strip()[0] not in '{["\ufeff'))
def test_plain_text_is_kept(text: str) -> None:
    """Plain text comes out as it went in, but for NUL and the white space around it."""
    assert text.strip().replace("\0", "\ufffd") == tweet(text).text


storable = st.text(st.characters(exclude_characters="\0", codec="utf-8")).filter(str.strip)


@given(storable, st.text("0123456789abcdef", min_size=1), st.permutations(range(5)), st.booleans())
def test_forms_say_the_same(text: str, id_: str, order: list[int], escape: bool) -> None:
    """The order of keys, unknown keys, escapes and the form it comes in leave a tweet the same."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    simple = [("id", id_), ("text", text), ("lang", "en"), ("author", "7"), ("more", [text])]
    v1 = {"id_str": id_, "full_text": escaped, "lang": "en", "user": {"id": 7}}
    v2 = {"data": {"id": id_, "text": escaped, "lang": "en", "author_id": "7"}}

    for message in (dict(simple), dict(simple[i] for i in order), v1, v2):
        actual = tweet(json.dumps(message, ensure_ascii=escape))
        assert (id_, text.strip(), "en", "7") == (
            actual.id,
            actual.text,
            actual.lang,
            actual.author,
        )


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        ("see _!", "see https://example.org/a?b=c#d!"),
        ("(_)", "(http://example.org)"),
        ("_, _", "t.co/abc, WWW.example.org"),
        ("awww. and/or 1.5/2 U.S./EU", "awww. and/or 1.5/2 U.S./EU"),
        ("apple.com", "apple.com"),
    ],
)
def test_replace_links(expected: str, text: str) -> None:
    """Links go, with and without a scheme; what only looks similar stays."""
    assert expected == replace_links(text, "_")


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        ("_ or _.", "bob.o'neil+x@mail.example.co.uk or a@b.de."),
        (".@bob.x @bob a@b", ".@bob.x @bob a@b"),
    ],
)
def test_replace_emails(expected: str, text: str) -> None:
    """Addresses go; handles stay."""
    assert expected == replace_emails(text, "_")


@pytest.mark.parametrize(
    "text", ["a.", "a@", "a@b.", "www.", "http://", "a/", ".co/", "@a", "-.", "w", "a.co/<"]
)
def test_linear_time(text: str) -> None:
    """64 KiB of anything hostile take no longer than so much text has to."""
    hostile = text * (65_536 // len(text))
    start = time.process_time()

    replace_links(replace_emails(hostile, "_"), "_")

    assert time.process_time() - start < 1


@pytest.mark.parametrize(
    ("created_at", "lang"),
    [
        ("write to jane@example.org", "jane@example.org"),
        ("Jane Doe", "Jane Doe"),
        ("2026-01-02 " * 10, "e" * 36),
        ("2026\n", "en\n\nen"),
    ],
)
def test_what_is_no_date_and_no_language_is_dropped(created_at: str, lang: str) -> None:
    """These fields are kept as they are, so nothing else may hide in them."""
    message = {"text": "hi", "created_at": created_at + "!", "lang": lang}
    tweet = decode(json.dumps(message).encode(), max_bytes=65_536, identify=str)

    assert isinstance(tweet, Tweet)
    assert (None, None) == (tweet.created_at, tweet.lang)
