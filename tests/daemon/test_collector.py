"""``monitor.daemon.collector``: from deliveries to questions, and what is kept of the rest."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.clock import utc
from monitor.daemon.collector import Collector
from monitor.daemon.job import Job
from monitor.settings import MqttSettings, PrivacySettings, Settings
from monitor.tweets import MAX_NAME_CHARS, Entity, Pseudonyms, Rejection, Tweet, decode
from monitor.tweets.keys import KEY_BYTES
from monitor.tweets.shape import mask
from tests.factories import NOW, PSEUDONYMS, RESULT, Inlet, StubClassifier

ENTITIES = (
    Entity("Acme", ("@AcmeHelp",), ("acme of perfection",)),
    Entity("Bank Ostra", ("BO",)),
    Entity("Lumen"),
)


def _collector(
    *,
    level: int = 0,
    store_text: str = "redacted",
    max_payload_bytes: int = 65_536,
    results_topics: tuple[str, ...] = (),
    limit: int = 300,
) -> Collector:
    settings = Settings(
        mqtt=MqttSettings(
            entity_level=level,
            max_payload_bytes=max_payload_bytes,
            results_topics=results_topics,
            max_named_entities=limit,
        ),
        privacy=PrivacySettings(store_text=store_text),
        entities=ENTITIES,
    )
    return Collector(settings, StubClassifier(), PSEUDONYMS)


def _collect(
    collector: Collector, *payloads: bytes | str, topic: str = "tweets", waiting: int = 0
) -> Job:
    inlet = Inlet()
    return collector.collect([inlet.delivery(payload, topic) for payload in payloads], waiting)


@pytest.mark.parametrize(
    ("expected", "level", "topic", "message"),
    [
        # named by the message
        (("Lumen",), 2, "tweets/acme", {"text": "Bank Ostra", "entity": "Lumen"}),
        (("Lumen", "Acme"), 2, "tweets/x", {"text": "BO", "entities": ["Lumen", "Acme"]}),
        (("Nobody Knows",), 2, "tweets/acme", {"text": "BO", "entity": " Nobody Knows "}),
        # named by the topic
        (("Acme",), 2, "tweets/acme", {"text": "about Bank Ostra"}),
        (("Acme",), 1, "acme/tweets", {"text": "about Bank Ostra"}),
        (("Nobody",), 2, "tweets/Nobody", {"text": "about Bank Ostra"}),
        (("Bank Ostra",), 3, "tweets/en/bank-ostra/x", {"text": "Lumen"}),
        # matched in the text, in the order of the configuration
        (("Bank Ostra", "Lumen"), 0, "tweets/acme", {"text": "#lumen or BO?"}),
        (("Acme",), 0, "tweets", {"text": "thanks @acmehelp", "entities": []}),
        (("Lumen",), 2, "tweets", {"text": "Lumen"}),
        (("Lumen",), 2, "tweets/", {"text": "Lumen"}),
        (("Lumen",), 2, "tweets/ /x", {"text": "Lumen"}),
        (("Lumen",), 9, "tweets/acme", {"text": "Lumen"}),
        # about none: the tweet as a whole
        (("",), 0, "tweets/acme", {"text": "the acme of perfection"}),
        (("",), 2, "tweets", {"text": "nothing in particular"}),
    ],
)
def test_entities(
    expected: tuple[str, ...], level: int, topic: str, message: dict[str, object]
) -> None:
    """The message's own entities go before the topic's, these before those in the text."""
    (item,) = _collect(_collector(level=level), json.dumps(message), topic=topic).items

    assert expected == item.entities


@pytest.mark.parametrize("name", ["acme", "ACME", "@Acme", "#acme", " Acme ", "@AcmeHelp"])
def test_entities_have_one_spelling(name: str) -> None:
    """However a publisher writes a configured name, labels are stored under one."""
    message = json.dumps({"text": "x", "entities": ["Acme", name]})
    (item,) = _collect(_collector(), message).items

    assert ("Acme",) == item.entities


@given(level=st.integers(0, 40), topic=st.text(st.sampled_from("ab/ +é\U0001f600"), max_size=40))
def test_any_topic_is_survived(level: int, topic: str) -> None:
    """Whatever a topic looks like, there is at least one question to ask, each once."""
    (item,) = _collect(_collector(level=level), "about Lumen", topic=topic).items

    assert item.entities
    assert len(set(item.entities)) == len(item.entities)


def test_a_topic_names_no_entity_longer_than_a_message_may() -> None:
    """A level of a topic has up to 65,535 bytes; as a name it is not believed."""
    collector = _collector(level=2)
    longest = "n" * MAX_NAME_CHARS

    (item,) = _collect(collector, "about Lumen", topic=f"tweets/{longest}").items
    assert (longest,) == item.entities
    (item,) = _collect(collector, "about Lumen", topic=f"tweets/{longest}n").items
    assert ("Lumen",) == item.entities


def test_names_beyond_the_limit_are_asked_about_and_stored_as_one() -> None:
    """The label of a tweet is about the name that it gives, wherever it is counted."""
    collector = _collector(limit=1)
    classifier = collector._classifier
    assert isinstance(classifier, StubClassifier)
    named = (["Veloria", "Acme"], ["NorthRail", "Cafe Brio", "lumen"], ["VELORIA"])
    messages = [json.dumps({"text": "x", "entities": names}) for names in named]
    job = _collect(collector, *messages)

    assert [("Veloria", "Acme"), ("(others)", "Lumen"), ("Veloria",)] == [
        item.entities for item in job.items
    ]
    assert [["Veloria", "Acme", "NorthRail", "Lumen", "Veloria"]] == [
        [entity for _, entity in pairs] for pairs in classifier.asked
    ]


def test_names_that_are_masked_alike_are_one() -> None:
    """They have one place among them; the model is asked about the first, as it was given."""
    collector = _collector(limit=1)
    named = (["@ann_lee", "@bob_ray", "Acme"], ["@cy_doe"])
    first, second = _collect(
        collector, *(json.dumps({"text": "x", "entities": n}) for n in named)
    ).items

    assert (("@user", "Acme"), ("@user",)) == (first.entities, second.entities)
    assert (("@ann_lee", "Acme"), ("@cy_doe",)) == (first.asked, second.asked)


@pytest.mark.parametrize(
    ("expected", "topic", "message"),
    [
        (("Acme",), "tweets/acme", {"text": "BO", "entities": ["Nobody Knows"]}),
        (("Acme",), "tweets/lumen", {"text": "BO", "entities": ["Nobody Knows", "acme"]}),
        (("Bank Ostra",), "tweets/nobody", {"text": "about BO", "entity": "Nobody Knows"}),
        (("",), "tweets/nobody", {"text": "about nothing", "entity": "Nobody Knows"}),
    ],
)
def test_a_limit_of_none(expected: tuple[str, ...], topic: str, message: dict[str, object]) -> None:
    """What is not configured is as if it had not been named."""
    collector = _collector(level=2, limit=0)
    (item,) = _collect(collector, json.dumps(message), topic=topic).items

    assert expected == item.entities == item.asked


@pytest.mark.parametrize(
    ("limit", "expected"),
    [(0, ["Acme", "(others)", ""]), (1, ["Acme", "Veloria", "", "(others)", "Veloria"])],
)
def test_results_name_no_more_than_tweets(limit: int, expected: list[str]) -> None:
    """Another board's labels are stored under the names that have a place here."""
    collector = _collector(limit=limit, results_topics=("fleet/+/results",))
    entities = ["Acme", "Veloria", None, "NorthRail", "veloria"][: len(expected)]
    messages = [json.dumps(RESULT | {"entity": entity}) for entity in entities]
    job = _collect(collector, *messages, topic="fleet/attic/results")

    assert expected == [name for row in job.results for name, _ in row.verdicts]


def test_a_long_level_of_a_topic_takes_no_time() -> None:
    """Not even normalized: 64 kB of marks in disorder would take a second."""
    collector = _collector(level=2)
    began = time.process_time()
    for level in ("\u0301" * 16_000 + "\u0323" * 16_000, "/" * 65_000):
        _collect(collector, "about Lumen", topic=f"tweets/{level}")

    assert time.process_time() - began < 0.2


def test_a_name_behind_what_the_model_reads_is_not_looked_for() -> None:
    """What the model says of a text is about what it has read; the log keeps the whole."""
    collector = _collector(store_text="full")
    readable = collector._classifier.readable
    before, behind = (f"{'word ' * (readable // 5 - n)}Lumen is bright" for n in (2, -1))

    one, two = _collect(collector, before, behind).items
    assert (("Lumen",), ("",)) == (one.entities, two.entities)
    assert (before, behind) == (one.tweet.text, two.tweet.text)


def test_progress_is_noted_a_message(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not a batch: of many slow messages the watchdog hears, of one that hangs it does not."""
    collector = _collector()
    seen: list[float] = []

    def slowly(
        payload: bytes, *, max_bytes: int, identify: Callable[[bytes], str]
    ) -> Tweet | Rejection:
        seen.append(collector.progress)
        time.sleep(0.01)
        return decode(payload, max_bytes=max_bytes, identify=identify)

    monkeypatch.setattr("monitor.daemon.collector.decode", slowly)
    _collect(collector, "one", "two", "three")

    assert 3 == len({*seen})


def test_one_question_an_entity() -> None:
    """The model is asked about each entity of each tweet, or about the tweet as a whole."""
    collector = _collector()
    classifier = collector._classifier
    assert isinstance(classifier, StubClassifier)
    job = _collect(collector, "Lumen or BO?", b"\xff", "neither")

    assert [
        [("Lumen or BO?", "Bank Ostra"), ("Lumen or BO?", "Lumen"), ("neither", None)]
    ] == classifier.asked
    assert 3 == len(job.verdicts.result())


def test_a_job_holds_every_delivery_once() -> None:
    """Tweets and dead letters together are what arrived, in order of arrival."""
    job = _collect(_collector(), "one", b"", "two", "{", "three", waiting=7)

    assert ["one", "two", "three"] == [item.tweet.text for item in job.items]
    assert ["empty", "bad-json"] == [letter.reason for letter in job.dead_letters]
    assert 5 == len(job.deliveries)
    assert [job.deliveries[0], job.deliveries[2], job.deliveries[4]] == [
        item.delivery for item in job.items
    ]
    assert 5 + 7 == job.queue_depth
    assert job.closed >= job.deliveries[-1].arrived


def test_a_batch_of_dead_letters_asks_nothing() -> None:
    """When nothing can be read there is nothing to ask, and the job is complete all the same."""
    job = _collect(_collector(), b"\xff", b"")

    assert [] == list(job.items)
    assert [] == job.verdicts.result()
    assert 2 == len(job.dead_letters)


def test_a_dead_letter_tells_what_came() -> None:
    """Reason, detail, size and the bytes as they came, when and on what topic."""
    job = _collect(_collector(store_text="full"), b'{"text": \xff}', topic="tweets/x")
    (letter,) = job.dead_letters

    assert ("tweets/x", "not-utf8", 11, b'{"text": \xff}', utc(NOW)) == (
        letter.topic,
        letter.reason,
        letter.size,
        letter.payload,
        letter.received_at,
    )
    assert "UTF-8" in letter.detail


def test_a_huge_dead_letter_keeps_its_beginning() -> None:
    """Of a payload that is too large only the beginning is kept, with the size as received."""
    (letter,) = _collect(_collector(), b"x" * 70_000).dead_letters

    assert ("too-large", 70_000) == (letter.reason, letter.size)
    assert b"x" * 65_536 == letter.payload


def test_the_largest_payload_is_taken() -> None:
    """The configured limit is the largest payload that is looked into."""
    job = _collect(_collector(max_payload_bytes=64), b"x" * 64, b"x" * 65)

    assert [64] == [len(item.tweet.text) for item in job.items]
    assert ["too-large"] == [letter.reason for letter in job.dead_letters]


def test_no_text_means_no_bytes() -> None:
    """Where no text may be stored, a dead letter tells only that it came, and why it is one."""
    payload = '{"text": 7, "note": "call me at home"}'
    (letter,) = _collect(_collector(store_text="none"), payload).dead_letters

    assert letter.payload is None
    assert ("wrong-type", len(payload)) == (letter.reason, letter.size)
    assert "home" not in repr(dataclasses.replace(letter, topic=""))


@pytest.mark.parametrize(
    ("expected", "store_text"),
    [
        (b'{"text": 7, "note": "call me"}', "full"),
        (b'{"xxxx": 0, "xxxx": "xxxx xx"}', "redacted"),
        (None, "none"),
    ],
)
def test_bytes_are_kept_as_allowed(expected: bytes | None, store_text: str) -> None:
    """[privacy] store_text says what of a dead letter's bytes is kept: all, the shape, nothing."""
    payload = b'{"text": 7, "note": "call me"}'
    (letter,) = _collect(_collector(store_text=store_text), payload).dead_letters

    assert expected == letter.payload


def test_a_redelivery_has_the_same_digest() -> None:
    """The same bytes on the same topic are the same dead letter, today and after a restart."""
    (first,) = _collect(_collector(), "{").dead_letters
    (again,) = _collect(_collector(store_text="none"), "{").dead_letters
    (elsewhere,) = _collect(_collector(), "{", topic="tweets/x").dead_letters
    (other,) = _collect(_collector(), "[]").dead_letters

    assert first.digest == again.digest
    assert 3 == len({first.digest, elsewhere.digest, other.digest})


def test_topic_and_payload_do_not_run_together() -> None:
    """Where the topic ends and the payload begins makes a difference."""
    (first,) = _collect(_collector(), "{{", topic="t").dead_letters
    (second,) = _collect(_collector(), "{", topic="t{").dead_letters

    assert first.digest != second.digest


def test_digests_need_the_key() -> None:
    """Without this board's key nobody can tell what a digest stands for."""
    settings = Settings()
    others = Collector(settings, StubClassifier(), Pseudonyms(bytes(KEY_BYTES)))
    (ours,) = _collect(_collector(), "{").dead_letters
    (theirs,) = _collect(others, "{").dead_letters

    assert ours.digest != theirs.digest


def test_a_message_without_an_id_gets_a_lasting_one() -> None:
    """The same payload is the same tweet, also after a restart; a given id is kept."""
    (first,) = _collect(_collector(), "hello").items
    (again,) = _collect(_collector(), "hello").items
    (other,) = _collect(_collector(), "hullo").items
    (given_,) = _collect(_collector(), '{"text": "hello", "id": 12}').items

    assert first.tweet.id == again.tweet.id
    assert first.tweet.id != other.tweet.id
    assert "12" == given_.tweet.id


# What other boards have labelled

TOLD = json.dumps(RESULT | {"text": "@bob see https://example.org"})


def test_the_topic_tells_results_from_tweets() -> None:
    """What a filter of results covers is stored as it was labelled; all else is asked about."""
    collector = _collector(results_topics=("fleet/+/results", "old/results"))
    classifier = collector._classifier
    assert isinstance(classifier, StubClassifier)
    inlet = Inlet()
    job = collector.collect(
        [
            inlet.delivery(TOLD, "fleet/attic/results"),
            inlet.delivery("one", "tweets/fleet/results"),
            inlet.delivery(TOLD, "old/results"),
            inlet.delivery(TOLD, "fleet/attic/results/more"),
        ],
        waiting=0,
    )

    assert ["7", "7"] == [row.id for row in job.results]
    assert [[("Acme", "neutral")], [("Acme", "neutral")]] == [
        [(entity, verdict["reputation"].label) for entity, verdict in row.verdicts]
        for row in job.results
    ]
    assert ["one", "@bob see https://example.org"] == [item.tweet.text for item in job.items]
    assert 1 == len(classifier.asked)
    assert 2 == len(job.verdicts.result())


def test_by_default_there_are_no_results() -> None:
    """A result is a tweet like any other to who does not take results in."""
    (item,) = _collect(_collector(), TOLD, topic="fleet/attic/results").items

    assert ("7", ("Acme",)) == (item.tweet.id, item.entities)


@pytest.mark.parametrize(
    ("expected", "store_text", "told"),
    [
        ("@bob", "full", "@bob"),
        ("@user", "redacted", "@bob"),
        ("@user <link>", "redacted", "@user <link>"),
        (None, "none", "@bob"),
        (None, "full", None),
        (None, "redacted", None),
    ],
)
def test_of_a_result_no_more_text_is_kept_than_allowed(
    expected: str | None, store_text: str, told: str | None
) -> None:
    """Our own [privacy] store_text goes on top of the board's."""
    collector = _collector(store_text=store_text, results_topics=("r",))
    (row,) = _collect(collector, json.dumps(RESULT | {"text": told}), topic="r").results

    assert expected == row.text


@pytest.mark.parametrize(
    ("expected", "payload"), [("bad-result", "{}"), ("too-large", f"{TOLD:<3000}")]
)
def test_what_is_no_result_is_a_dead_letter(expected: str, payload: str) -> None:
    """With the topic, which names the board, and its bytes as far as privacy allows."""
    collector = _collector(results_topics=("fleet/#",), max_payload_bytes=2000)
    job = _collect(collector, payload, topic="fleet/attic/results")
    (letter,) = job.dead_letters

    assert (expected, "fleet/attic/results") == (letter.reason, letter.topic)
    assert mask(payload.encode()) == letter.payload
    assert (0, 0) == (len(job.results), len(job.items))
