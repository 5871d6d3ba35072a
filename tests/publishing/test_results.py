"""``publishing.results``: what one board writes of a label, another reads, to the last digit."""

from __future__ import annotations

import dataclasses
import json
import math
import re
import sqlite3
import tomllib
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import astuple, fields
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.clock import Moment, utc
from monitor.publishing import results
from monitor.store import Store, open_log
from monitor.store.rows import ModelRow, TweetRow
from monitor.tweets import Reason, Rejection
from monitor.verdict import POLARITIES, TASKS, Answer, Verdict
from tests.factories import NOW, RESULT, STUB_MODEL, batch_row, query, register, tweet_row, verdict
from tests.processes import REPOSITORY

LARGEST = 65_536

TWEETS = (
    "SELECT id, received_at, created_at, topic, author, lang, is_retweet, text FROM tweets"
    " ORDER BY id"
)
LABELS = (
    "SELECT l.tweet_id, l.entity, l.reputation, l.reputation_negative, l.reputation_neutral,"
    " l.reputation_positive, l.reputation_abstained, l.sentiment, l.sentiment_negative,"
    " l.sentiment_neutral, l.sentiment_positive, l.sentiment_abstained,"
    " m.sha256, m.name, m.version, m.runtime, m.task"
    " FROM labels AS l JOIN models AS m ON m.id = l.model_id ORDER BY 1, 2"
)
"""All that the log has of tweets and labels, but for numbers of its own."""

TWEET = dataclasses.replace(
    tweet_row("7", "Acme", answer=verdict("neutral", "negative")),
    created_at="Sat Nov 21 17:52:29 +0000 2026",
    author="0f" * 16,
    lang="en",
    is_retweet=True,
)


def _results(path: Path) -> list[str]:
    """Write every label of a log as a result."""
    with closing(open_log(path)) as log:
        keys = log.execute("SELECT tweet_id, entity FROM labels ORDER BY 1, 2").fetchall()
        return [results.write(log, tweet_id, entity, "attic") for tweet_id, entity in keys]


def _taken(payload: str) -> TweetRow:
    """Read a result that is one."""
    row = results.read(payload.encode(), max_bytes=LARGEST)
    assert isinstance(row, TweetRow), row
    return row


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a board's log lies."""
    return tmp_path / "board.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    """A board's log with a model in it."""
    with closing(Store(path)) as store:
        register(store)
        yield store


def test_a_result_is_the_label_as_it_stands_in_the_log(path: Path, store: Store) -> None:
    """Every key that docs/mqtt.md describes, with what the log has there."""
    store.write(batch_row(1, abstain_below=0.9), [TWEET], [])
    (payload,) = _results(path)

    assert RESULT == json.loads(payload)


def test_the_label_is_that_of_the_models_task(path: Path, store: Store) -> None:
    """`label` and `abstained` are the answer that was asked for; no entity is null."""
    model_id = register(store, "sentiment")
    store.write(batch_row(1, model_id), [tweet_row("1", answer=verdict("neutral"))], [])
    document = json.loads(_results(path)[0])

    assert ("negative", False, None) == tuple(
        document[key] for key in ("label", "abstained", "entity")
    )


def test_what_the_log_lacks_is_null(path: Path, store: Store) -> None:
    """A clock that will not say, a text that was not kept, a label that the model does not know."""
    answer = {**verdict(), "reputation": Answer("positive", {"negative": 0.3, "positive": 0.7})}
    store.write(
        dataclasses.replace(batch_row(1), clock_synchronised=None),
        [dataclasses.replace(tweet_row("1", answer=answer), text=None)],
        [],
    )
    (payload,) = _results(path)
    document = json.loads(payload)

    assert [None] * 5 == [
        document[key] for key in ("clock_synchronised", "text", "author", "lang", "created_at")
    ]
    assert document["reputation"]["probabilities"]["neutral"] is None
    assert answer == _taken(payload).verdicts[0][1]
    assert _taken(payload).text is None


_CHARACTERS = st.characters(codec="utf-8", exclude_characters="\0")
_TEXT = st.text(_CHARACTERS, min_size=1)
_NAME = st.text(_CHARACTERS, max_size=128).map(str.strip).filter(bool)
_TOPIC = st.text(st.characters(codec="utf-8", exclude_characters="\0+#"), min_size=1)
_ID = st.text(
    st.characters(codec="utf-8", exclude_categories=["C", "Z"], exclude_characters="\ufffd"),
    min_size=1,
    max_size=128,
).filter(str.isprintable)


@st.composite
def _verdicts(draw: st.DrawFn) -> Verdict:
    """Draw what any model may say, one that knows but two labels as well."""
    labels = draw(st.sampled_from([POLARITIES, ("negative", "positive")]))

    def answer() -> Answer:
        parts = [draw(st.floats(0.01, 1)) for _ in labels]
        shares = (part / sum(parts) for part in parts)
        return Answer(draw(st.sampled_from(labels)), dict(zip(labels, shares, strict=True)))

    return {task: answer() for task in TASKS}


@st.composite
def _rows(draw: st.DrawFn) -> TweetRow:
    """Draw a tweet as a board may have it in its log."""
    return TweetRow(
        id=draw(_ID),
        received_at=utc(draw(st.integers(1_136_073_600_000, int(NOW) * 1000)) / 1000),
        created_at=draw(st.sampled_from([None, "2026-11-21", "21 Nov 2026 17:00"])),
        topic=draw(_TOPIC),
        author=draw(st.sampled_from([None, "0f" * 16])),
        lang=draw(st.sampled_from([None, "en", "pt-BR"])),
        is_retweet=draw(st.booleans()),
        text=draw(st.none() | _TEXT),
        verdicts=[
            (entity, draw(_verdicts()))
            for entity in draw(st.lists(st.just("") | _NAME, min_size=1, max_size=2, unique=True))
        ],
    )


@given(st.lists(_rows(), max_size=4), st.sampled_from([0.0, 0.5]))
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_another_log_has_the_same(
    tmp_path_factory: pytest.TempPathFactory, rows: list[TweetRow], abstain_below: float
) -> None:
    """Whatever is stored, told, taken in and stored: both logs say the same, to the last digit."""
    folder = tmp_path_factory.mktemp("results")
    board, collector = folder / "board.db", folder / "collector.db"
    with closing(Store(board)) as store:
        store.write(batch_row(len(rows), register(store), abstain_below), rows, [])
    taken = [_taken(payload) for payload in _results(board)]
    mine = dataclasses.replace(STUB_MODEL, sha256="c" * 64, name="the collector's own")
    with closing(Store(collector)) as store:
        own = store.register_model(mine, "litert", "sentiment", NOW)
        store.write(batch_row(len(taken), own, 0.9), taken, [])
        store.write(batch_row(len(taken), own, 0.9), taken, [])  # at least once

    assert query(board, TWEETS) == query(collector, TWEETS)
    assert query(board, LABELS) == query(collector, LABELS)
    counts = "SELECT * FROM reputation_by_entity ORDER BY 1"
    assert query(board, counts) == query(collector, counts)


# What is no result

_MISSING = object()


def _read(payload: bytes) -> TweetRow | Rejection:
    return results.read(payload, max_bytes=LARGEST)


def _bad(detail: str) -> Rejection:
    return Rejection(Reason.BAD_RESULT, detail)


def _with(path: str, value: object, payload: bytes = json.dumps(RESULT).encode()) -> bytes:
    """Write a result with another value at a place, or without what is there."""
    *tables, key = path.split(".")
    table = changed = json.loads(payload)
    for name in tables:
        table = table[name]
    if value is _MISSING:
        del table[key]
    else:
        table[key] = value
    return json.dumps(changed).encode()


_TABLES = ("model", *TASKS, *(f"{task}.probabilities" for task in TASKS))
_FLAGS = ("is_retweet", *(f"{task}.abstained" for task in TASKS))
_STRINGS = ("id", "received_at", "topic", *(f"model.{f.name}" for f in fields(ModelRow)))
_STRINGS_OR_NULL = ("entity", "created_at", "author", "lang", "text")
_LABELS = tuple(f"{task}.label" for task in TASKS)
_NUMBERS = tuple(f"{task}.probabilities.{p}" for task in TASKS for p in POLARITIES)
_STORED = (*_TABLES, *_FLAGS, *_STRINGS, *_STRINGS_OR_NULL, *_LABELS, *_NUMBERS)


def _each(keys: Iterable[str], *values: object) -> list[tuple[str, object]]:
    """Pair each key with each value."""
    return [(key, value) for key in keys for value in values]


@pytest.mark.parametrize("key", _STORED)
def test_nothing_that_is_stored_may_be_missing(key: str) -> None:
    """As from a board of an older version; what is missing is named."""
    assert _bad(f'It has no "{key}": no result, or one of an older version.') == _read(
        _with(key, _MISSING)
    )


def test_a_result_of_an_older_version() -> None:
    """It told less than a log needs."""
    kept = ("id", "entity", "received_at", "label", "abstained", *TASKS, "model", "text")
    old = {key: RESULT[key] for key in kept}
    old["model"] = {key: RESULT["model"][key] for key in ("name", "version")}

    assert _bad('It has no "created_at": no result, or one of an older version.') == _read(
        json.dumps(old).encode()
    )


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *_each(_STRINGS, 7, None, [], {"a": 1}, "\ud800", "a\0b", ""),
        *_each(_STRINGS_OR_NULL, 7, False, [], "\ud800", "a\0b", ""),
        *_each(_LABELS, None, [], "Positive", ""),
        *_each(_FLAGS, None, 0, 1, "true"),
        *_each(["received_at"], "now", "2025-06-15", "2025-02-30T15:06:40.000Z"),
        *_each(["received_at"], *(f"2025-06-15T15:06:40{e}" for e in ("Z", ".000", ".000+02:00"))),
        ("received_at", "\u0662\u0660\u0662\u0665-06-15T15:06:40.000Z"),
        *_each(["id"], "x" * 129, "a\x1b[2J", "a\u202eb", "\ufffd"),
        *_each(
            ["entity", "board", *(f"model.{key}" for key in ("name", "version", "runtime"))],
            *("x" * 129, "x" * 60_000, " ", " x", "x\n"),
        ),
        *_each(["topic"], "tweets/#", "tweets/+"),
        ("author", "@somebody"),
        ("created_at", "when I was <b>young</b>"),
        ("lang", "not a language"),
        ("model.sha256", "0" * 63),
        ("model.task", "stance"),
    ],
)
def test_what_is_stored_has_a_form(key: str, value: object) -> None:
    """Anything else is refused with the key's name, and with nothing of what stands there."""
    assert _bad(f'"{key}" is not what a result has there.') == _read(_with(key, value))


@pytest.mark.parametrize("key", _TABLES)
@pytest.mark.parametrize("value", [None, 7, "x", []])
def test_what_is_stored_has_a_structure(key: str, value: object) -> None:
    """Likewise where an object should be."""
    assert _bad(f'"{key}" is not an object.') == _read(_with(key, value))


@pytest.mark.parametrize(
    ("label", "value"),
    [
        *_each(["negative"], -0.1, 1.1, True, "0.5", [], math.nan, math.inf, 10**400),
        ("neutral", None),  # which is the label
        *_each(["negative"], 0.2, 0.0),
        *_each(["neutral"], 0.3, 0.9),
    ],
)
def test_probabilities_are_some(label: str, value: object) -> None:
    """From 0 to 1, and 1 in all; null only for labels that the model does not know, nor gave."""
    assert _bad('"reputation.probabilities" is not what a result has there.') == _read(
        _with(f"reputation.probabilities.{label}", value)
    )


_RIGHT, _WRONG = Moment(NOW, True), Moment(0.0, False)


@pytest.mark.parametrize(
    ("received_at", "told", "ours", "taken"),
    [
        ("2025-06-15T15:06:40.000Z", True, _RIGHT, True),
        ("2025-06-16T15:06:40.000Z", True, _RIGHT, True),  # a day is what clocks may differ by
        ("2025-06-16T15:06:40.001Z", True, _RIGHT, False),
        ("9999-12-31T23:59:59.999Z", True, _RIGHT, False),
        ("9999-12-31T23:59:59.999Z", False, _RIGHT, False),
        ("2006-01-01T00:00:00.000Z", True, _RIGHT, True),
        ("2005-12-31T23:59:59.999Z", True, _RIGHT, False),
        ("1970-01-01T00:03:20.000Z", None, _RIGHT, False),
        ("1970-01-01T00:03:20.000Z", False, _RIGHT, True),  # it said so: it has no battery
        ("1969-12-31T23:59:59.999Z", False, _RIGHT, False),
        ("0001-01-01T00:00:00.000Z", False, _RIGHT, False),
        ("2025-06-15T15:06:40.000Z", True, _WRONG, True),  # a collector that has just booted
        ("2025-06-15T15:06:40.000Z", True, Moment(0.0, None), True),
        ("9999-12-31T23:59:59.999Z", True, _WRONG, False),
        ("9999-12-31T23:59:59.999Z", True, Moment(0.0, None), False),
    ],
)
def test_a_time_is_one_that_can_have_been(
    received_at: str, told: bool | None, ours: Moment, taken: bool
) -> None:
    """By our clock if that is right; a board whose clock was wrong is believed that it was."""
    payload = json.dumps(RESULT | {"received_at": received_at, "clock_synchronised": told})
    row = results.read(payload.encode(), max_bytes=LARGEST, now=ours)

    assert taken == isinstance(row, TweetRow)
    if not taken:
        assert _bad('"received_at" is a time that cannot be: is a clock wrong?') == row


@pytest.mark.parametrize(
    ("expected", "payload"),
    [
        ("It is not JSON.", b""),
        ("It is not JSON.", b"Acme is great"),
        ("It is not JSON.", b'{"id": "\xff"}'),
        ("It is not JSON.", b"[" * 60_000),
        ("It is not JSON.", b'{"id": 1' + 5000 * b"0" + b"}"),
        ("It is not a JSON object.", b"[]"),
        ("It is not a JSON object.", b"null"),
    ],
)
def test_what_is_no_object(expected: str, payload: bytes) -> None:
    """Said in a sentence."""
    assert _bad(expected) == _read(payload)


def test_what_is_too_large() -> None:
    """It is not looked into, as a tweet of that size is not."""
    payload = json.dumps(RESULT).encode()
    most = len(payload)

    assert isinstance(results.read(payload, max_bytes=most), TweetRow)
    assert Rejection(
        Reason.TOO_LARGE, f"The payload is larger than {most - 1} bytes."
    ) == results.read(payload, max_bytes=most - 1)


def test_other_keys_are_ignored() -> None:
    """A later version may say more; and what no log keeps need not be there."""
    expected = _read(json.dumps(RESULT).encode())
    not_kept = ("clock_synchronised", "label", "abstained")
    less = {key: value for key, value in RESULT.items() if key not in not_kept}

    assert isinstance(expected, TweetRow)
    assert expected == _read(json.dumps(less).encode())
    assert expected == _read(json.dumps(RESULT | {"mood": {"label": "sunny"}}).encode())


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from((*_FLAGS, *_STRINGS, *_STRINGS_OR_NULL, *_LABELS, *_NUMBERS)), _JSON)
@settings(max_examples=200)
def test_what_is_read_can_be_stored(key: str, value: object) -> None:
    """Whatever stands at a key: it is refused, or SQLite holds it as it is."""
    row = _read(_with(key, value))
    if isinstance(row, Rejection):
        assert Reason.BAD_RESULT == row.reason
        return
    assert row.origin is not None
    texts = (row.id, row.topic, row.text, row.verdicts[0][0], *astuple(row.origin.model))
    with closing(sqlite3.connect(":memory:")) as connection:
        marks = ", ".join("?" * len(texts))
        assert texts == connection.execute(f"SELECT {marks}", texts).fetchone()


@given(st.binary(max_size=200))
def test_no_bytes_make_it_raise(payload: bytes) -> None:
    """What comes is not always from a board."""
    assert isinstance(_read(payload), Rejection)


# What the documentation shows of it


def _blocks(page: str, language: str) -> list[str]:
    text = (REPOSITORY / "docs" / page).read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def test_the_result_shown_is_one() -> None:
    """With every key there is, each described."""
    page = (REPOSITORY / "docs" / "mqtt.md").read_text(encoding="utf-8")
    (shown,) = (block for block in _blocks("mqtt.md", "json") if "received_at" in block)
    document = json.loads(shown)

    assert isinstance(_read(shown.encode()), TweetRow)
    for mine, theirs in (
        (RESULT, document),
        (RESULT["model"], document["model"]),
        (RESULT["reputation"], document["reputation"]),
    ):
        assert mine.keys() == theirs.keys()
    table = page.partition("## Results")[2].partition("## Availability")[0]
    assert set() == {
        key for key in RESULT if not re.search(rf"^\|.*`{key}`.*\|.+\|$", table, re.MULTILINE)
    }


def test_telegraf_is_shown_the_way() -> None:
    """Each path of its configuration leads to a value, and the time has the layout that it says."""
    (shown,) = (block for block in _blocks("fleet.md", "text") if "mqtt_consumer" in block)
    (consumer,) = tomllib.loads(shown)["inputs"]["mqtt_consumer"]
    (parser,) = consumer["json_v2"]
    paths = [each["path"] for each in (*parser["tag"], *parser["field"])]

    for path in (*paths, parser["timestamp_path"]):
        value: object = RESULT
        for key in path.split("."):
            assert isinstance(value, dict)
            value = value[key]
        assert value is not None
        assert not isinstance(value, dict)
    assert "2006-01-02T15:04:05.000Z07:00" == parser["timestamp_format"]
