"""``monitor.tweets.tweet``: payloads become tweets or rejections."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.tweets import MAX_NAME_CHARS, Reason, Rejection, Tweet, decode
from monitor.tweets.masking import replace_emails, replace_links
from monitor.tweets.tweet import MAX_ENTITIES

FIELDS = [
    "id", "id_str", "text", "full_text", "author", "author_id", "created_at", "lang", "entity",
    "entities", "user", "screen_name", "data", "includes", "tweets", "referenced_tweets", "type",
    "retweeted_status", "extended_tweet", "note_tweet", "truncated", "payload", "tweet", "post",
    "status", "statuses", "content", "account", "reblog", "uri", "language", "spoiler_text", "did",
    "kind", "commit", "collection", "rkey", "record", "$type", "langs", "facets", "index",
    "byteStart", "byteEnd", "features", "createdAt",
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
        {"text": "\ufeffhi", "author": "\ufeff", "lang": "\ufeff "},
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
        (Reason.EMPTY, {"text": "\u200b \ufe0f\u2800\u3164"}),
        (Reason.EMPTY, {"text": "\ufeff"}),
        (Reason.EMPTY, {"text": "\u202e\u2066\u2069"}),
        (Reason.EMPTY, {"text": "\u0301\ufe0e \U000e0041"}),
        (Reason.EMPTY, {"text": "\u115f\uffa0\ufffd\u0007"}),
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
        (Reason.WRONG_TYPE, {"text": "hi", "id": "x" * (MAX_NAME_CHARS + 1)}),
        (Reason.WRONG_TYPE, {"text": "hi", "id": "a\0b"}),
        (Reason.WRONG_TYPE, r'{"text": "hi", "id": "\ud800"}'),
        (Reason.WRONG_TYPE, {"text": "hi", "entity": ["Brixel"]}),
        (Reason.WRONG_TYPE, {"text": "hi", "entities": "Brixel"}),
        (Reason.WRONG_TYPE, {"text": "hi", "entities": ["Brixel", 1]}),
        (Reason.WRONG_TYPE, {"text": "hi", "entities": {"name": "Brixel"}}),
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


def left_out(message: dict[str, Any]) -> tuple[str, ...]:
    """Decode a payload that holds a tweet and something else that does not count."""
    return tweet({"text": "hi", **message}).left_out


@pytest.mark.parametrize(
    ("expected", "message"),
    [
        (("author",), {"author": ["bob"]}),
        (("author",), {"author": {"name": "bob"}}),
        (("created_at",), {"created_at": [1]}),
        ((), {"created_at": 1795283549}),
        (("created_at",), {"created_at": "last week!"}),
        (("lang",), {"lang": []}),
        (("lang",), {"lang": "English (UK)"}),
        (("user",), {"id_str": "1", "user": "bob"}),
        (("retweeted_status",), {"full_text": "hi", "retweeted_status": [1]}),
        (("extended_tweet",), {"id_str": "1", "extended_tweet": "hi"}),
        (("note_tweet",), {"author_id": "1", "note_tweet": ["hi"]}),
        (("referenced_tweets",), {"author_id": "1", "referenced_tweets": "none"}),
        (("includes",), {"text": None, "data": {"text": "hi"}, "includes": []}),
        (("created_at", "lang"), {"created_at": True, "lang": 7}),
        # what is no field of this form, or is absent
        ((), {"author": 7, "lang": " ", "created_at": None}),
        ((), {"user": "bob", "retweeted_status": False}),
        ((), {"entities": {"urls": []}}),
        ((), {"place": {"x": [1]}, "geo": "nowhere"}),
    ],
)
def test_optional_fields_never_cost_the_tweet(
    expected: tuple[str, ...], message: dict[str, Any]
) -> None:
    """One that is not what it should be is left out and named."""
    assert set(expected) == set(left_out(message))
    assert "hi" == tweet({"text": "hi", **message}).text


@given(
    st.fixed_dictionaries(
        {},
        optional={
            name: st.none()
            | st.integers()
            | st.lists(st.text())
            | st.text()
            | st.dictionaries(st.text(), st.text())
            for name in FIELDS
            if name not in ("id", "id_str", "text", "entity", "entities", "full_text")
        },
    )
)
def test_whatever_else_there_is(message: dict[str, Any]) -> None:
    """A message with a text is a tweet, whatever stands in fields that are not needed."""
    assert "hi" == tweet({**message, "text": "hi", "kind": None, "content": None, "record": None,
                          "$type": None}).text  # fmt: skip


@pytest.mark.parametrize(
    "message",
    [
        {"id": "u1", "text": "a &amp; b", "user": "someone"},
        {"id": "u1", "text": "a &amp; b", "author_id": "someone", "id_str": "u1"},
        {"id": "u1", "text": "a &amp; b", "truncated": "no", "entities": ["Acme"]},
        {"id": "u1", "text": "a &amp; b", "user": ["someone"], "extended_tweet": "yes"},
        {"id": "u1", "text": "a &amp; b", "data": "2026", "post": 7, "content": "c", "did": "x"},
        {"id": "u1", "text": "a &amp; b", "record": {}, "account": "n", "payload": "p"},
    ],
)
def test_the_form_is_told_by_what_it_is(message: dict[str, Any]) -> None:
    """A name that an API has, too, does not make an object the API's."""
    actual = tweet(message)

    assert ("u1", "a &amp; b", ()) == (actual.id, actual.text, actual.left_out)


@pytest.mark.parametrize(
    "message",
    [
        {"text": "cut", "full_text": "whole"},
        {"text": "cut", "truncated": True, "extended_tweet": {"full_text": "whole"}},
        {"text": "cut", "note_tweet": {"text": "whole"}},
        {"full_text": "cut", "extended_tweet": {"full_text": "whole"}},
        {"full_text": " ", "text": "whole"},
        {"full_text": 7, "text": "whole"},
        {"text": "RT @a: cut", "retweeted_status": {"text": "cut", "full_text": "whole"}},
        {
            "text": "RT @a: cut",
            "retweeted_status": {"text": "cut", "extended_tweet": {"full_text": "whole"}},
        },
        {"text": "whole", "retweeted_status": {"text": " "}},
        {
            "data": {"text": "RT", "referenced_tweets": [{"type": "retweeted", "id": "1"}]},
            "includes": {"tweets": [{"id": "1", "text": "cut", "note_tweet": {"text": "whole"}}]},
        },
        {
            "text": "RT @a: cut",
            "referenced_tweets": [
                {"type": "quoted", "id": "2", "text": "no"},
                {"type": "retweeted", "id": "1", "text": "whole"},
            ],
        },
        {"tweet": {"full_text": "whole"}},
        {"text": "cut", "fullText": "whole"},
        {"rawContent": "whole", "user": {"id": 7}},
        {
            "full_text": "cut",
            "note_tweet": {"note_tweet_results": {"result": {"text": "whole"}}},
        },
        {"text": None, "data": {"text": "cut", "note_tweet": {"text": "whole"}}},
    ],
)
def test_the_full_text_wins(message: dict[str, Any]) -> None:
    """Wherever a message holds it, it is what counts."""
    assert "whole" == tweet(message).text


@pytest.mark.parametrize("name", ["body", "content", "message", "tweet_text", "Text"])
def test_a_text_under_another_name(name: str) -> None:
    """The refusal says which name it should have."""
    actual = read({"id": "1", name: "Acme saved my day"})

    assert isinstance(actual, Rejection)
    assert Reason.NO_TEXT == actual.reason
    assert f'"{name}"' in actual.detail


def test_parts_of_the_apis_entities_that_are_null() -> None:
    """As data frames write them: still what the API means by entities, and no list of names."""
    actual = tweet({"id": "1", "text": "Acme", "entities": {"hashtags": None, "urls": []}})

    assert () == actual.entities


@pytest.mark.parametrize(
    "id_",
    [
        *(
            "1.2316E+18",
            "1,23E+18",
            "1.05011862119892E+18",
            "1E+18",
            "12.3E+17",
            "1.2316e+18",
            "1.2316E18",
        ),
        *("1050118621198920000", 1050118621198920000, 1.2316e18, 0.5, 1e300),
        *("nan", "NaN", "None", "null", "N/A", "<NA>", "#N/A", "undefined"),
        *("(null)", "nil", "\\N", "-"),
    ],
)
def test_rounded_ids_are_none(id_: object) -> None:
    """Tweets whose ids a spreadsheet has made the same are not the same."""
    first, second = ({"id": id_, "text": text} for text in ("one", "another"))

    assert tweet(first).id != tweet(second).id
    assert ("id",) == tweet(first).left_out


@pytest.mark.parametrize(
    ("expected", "id_"),
    [
        ("1", 1.0),
        ("1234567", 1234567.0),
        *((id_, id_) for id_ in ("1050118621198921728", "12e5", "1234e567", "1E18", "e+10")),
        ("1000000000000000", "1000000000000000"),
        ("1050118621198921700", 1050118621198921700),
    ],
)
def test_other_ids_are_kept(expected: str, id_: object) -> None:
    """Also whole numbers that a data frame wrote as floats, and what only looks similar."""
    assert expected == tweet({"id": id_, "text": "a"}).id


def test_a_rounded_id_is_replaced_by_the_good_one() -> None:
    """Of two fields with an id the one that is one counts."""
    actual = tweet({"id": 1.2316e18, "id_str": "1231600000000000123", "text": "a"})

    assert "1231600000000000123" == actual.id
    assert "7" == tweet({"id": "7", "id_str": "1.2E+18", "text": "a"}).id


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


words = st.text(st.characters(exclude_categories=["Cc", "Cs"]))


@given(words.filter(lambda text: text.strip() and text.strip()[:1] not in '{["\ufeff'))
def test_plain_text_is_kept(text: str) -> None:
    """Plain text comes out as it went in, but for the white space around it."""
    text = f"{text}x"

    assert text.strip() == tweet(text).text


storable = st.text(st.characters(exclude_characters="\0\ufeff", codec="utf-8")).map("{}x".format)


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
