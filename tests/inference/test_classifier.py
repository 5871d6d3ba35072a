"""``monitor.inference.classifier``: every text gets its own answer, in its own place."""

from __future__ import annotations

import dataclasses
import itertools
import json
import random
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError, Future
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor import DEFAULT_MODEL
from monitor.inference import Classifier, Interpreter, Model, ModelError
from monitor.inference.classifier import GROUP_SIZE
from monitor.inference.model import KnownTweet
from monitor.tweets import Entity
from monitor.verdict import POLARITIES, Pair, Verdict
from tests.factories import PAIRS
from tests.processes import REPOSITORY

NEIGHBOURS = 0.01
"""How far a probability may depend on what else is in the batch.

Activations are quantized row by row, so neighbours have no say in their scale, and padding is
masked. But a sum of floats may differ in its last bit when the batch has another shape, and where
an activation lies between two of its 256 steps, that decides which it gets. Measured on x86-64, on
invented texts alone and in random batches: in LiteRT 461 of 35,688 answers differed, at most by
0.0038 and only for the padding, in tflite-runtime 3,852 of 8,564, at most by 0.0039; no label did.
"""

WORDS = sorted({word for text, _ in PAIRS for word in text.split()})
TEXTS = st.lists(st.sampled_from(WORDS), max_size=80).map(" ".join) | st.text(max_size=80)
QUESTIONS = st.tuples(TEXTS, st.sampled_from([None, "Acme", "Bank Ostra", "L'Oréal" * 9]))


@pytest.fixture(scope="module")
def naming(names_model: Model) -> Iterator[Classifier]:
    """The small network, reading names."""
    with Classifier(names_model, workers=1) as pool:
        yield pool


@pytest.fixture(scope="module")
def alone(classifier: Classifier) -> dict[Pair, Verdict]:
    """Each pair's verdict when it is asked for alone."""
    return {pair: classifier.classify([pair])[0] for pair in PAIRS}


def _numbers(verdict: Verdict) -> list[float]:
    return [p for answer in verdict.values() for p in answer.probabilities.values()]


def _assert_same(expected: Sequence[Verdict], actual: Sequence[Verdict]) -> None:
    assert len(expected) == len(actual)
    for one, other in zip(expected, actual, strict=True):
        assert _numbers(one) == pytest.approx(_numbers(other), abs=NEIGHBOURS)
        for task, answer in one.items():  # only what was undecided may be decided otherwise
            first, second, *_ = sorted(answer.probabilities.values(), reverse=True)
            assert answer.label == other[task].label or first - second < 2 * NEIGHBOURS


def test_an_answer_to_each_task(alone: dict[Pair, Verdict], model: Model) -> None:
    """Both tasks are answered: the label is the most probable, the probabilities sum to 1."""
    for verdict in alone.values():
        assert list(model.tasks) == list(verdict)
        for task, answer in verdict.items():
            assert model.tasks[task] == tuple(answer.probabilities)
            assert answer.probabilities[answer.label] == max(answer.probabilities.values())
            assert 1 == pytest.approx(sum(answer.probabilities.values()), abs=1e-5)
            assert all(0 <= p <= 1 for p in answer.probabilities.values())


def test_texts_make_a_difference(alone: dict[Pair, Verdict]) -> None:
    """Different texts have different answers: else no test here could tell them apart."""
    found = {tuple(_numbers(verdict)) for verdict in alone.values()}

    assert len(PAIRS) == len(found)


@settings(max_examples=15, deadline=None)
@given(pairs=st.lists(st.sampled_from(PAIRS), min_size=1, max_size=3 * GROUP_SIZE))
def test_neighbours_do_not_matter(
    classifier: Classifier, alone: dict[Pair, Verdict], pairs: list[Pair]
) -> None:
    """Whatever else is in the batch, in whatever order, each verdict is that of its own pair."""
    _assert_same([alone[pair] for pair in pairs], classifier.classify(pairs))


@settings(max_examples=40, deadline=None)
@given(pairs=st.lists(QUESTIONS, min_size=2, max_size=3 * GROUP_SIZE), data=st.data())
def test_neither_do_place_and_padding(
    classifier: Classifier, pairs: list[Pair], data: st.DataObject
) -> None:
    """Of any texts: each verdict is what its pair gets alone, wherever it stands in a batch."""
    each = [classifier.classify([pair])[0] for pair in pairs]
    order = data.draw(st.permutations(range(len(pairs))))

    _assert_same(each, classifier.classify(pairs))
    _assert_same([each[i] for i in order], classifier.classify([pairs[i] for i in order]))


def test_neighbours_hardly_matter_in_the_other_runtime(other_python: Path, model_path: str) -> None:
    """tflite-runtime's sums depend on the shape of a batch more often, and as little."""

    def classified(pairs: Sequence[Pair]) -> list[dict[str, Any]]:
        rows = (json.dumps({"text": text, "entity": entity}) + "\n" for text, entity in pairs)
        command = [str(other_python), "-m", "monitor", "classify", "--model", model_path]
        result = subprocess.run(
            [*command, "--runtime", "tflite-runtime"],
            input="".join(rows),
            capture_output=True,
            text=True,
            check=True,
            timeout=100,
            cwd=REPOSITORY,
        )
        return [json.loads(line)["probabilities"] for line in result.stdout.splitlines()]

    among_all, among_some = classified(PAIRS), classified(PAIRS[::3])

    assert len(among_all[::3]) == len(among_some)
    for one, other in zip(among_all[::3], among_some, strict=True):
        assert one == pytest.approx(other, abs=NEIGHBOURS)


def test_order_is_kept_across_groups_of_length(
    classifier: Classifier, alone: dict[Pair, Verdict]
) -> None:
    """Pairs are run in groups of similar length, and yet answered in their own order."""
    pairs = [pair for _ in range(4) for pair in random.Random(4).sample(PAIRS, len(PAIRS))]

    _assert_same([alone[pair] for pair in pairs], classifier.classify(pairs))


def test_neither_does_what_was_asked_before(model: Model, classifier: Classifier) -> None:
    """A worker's first answers are as good as its later ones, also if they are short ones."""
    questions: list[Pair] = [("phone " * words, None) for words in (6, 14)]
    assert [8, 16] == [len(encoding.ids) for encoding in classifier.tokenize(questions)]
    classifier.classify([("longer " * 100, None)])
    expected = classifier.classify(questions[:1]) + classifier.classify(questions[1:])

    for first, _ in itertools.product(("", "ok", "so bad"), range(3)):
        for question, answer in zip(questions, expected, strict=True):
            with Classifier(model, workers=1) as fresh:
                fresh.classify([(first, None)])
                assert [answer] == fresh.classify([question])


def test_asking_again_gives_the_same(classifier: Classifier) -> None:
    """The same batch has exactly the same answer, by whichever worker."""
    answers = [future.result() for future in [classifier.submit(PAIRS[:9]) for _ in range(6)]]

    assert [answers[0]] * 6 == answers


@pytest.mark.parametrize("size", [1, GROUP_SIZE - 1, GROUP_SIZE, GROUP_SIZE + 1])
def test_sizes_around_a_group(
    classifier: Classifier, alone: dict[Pair, Verdict], size: int
) -> None:
    """Nothing is lost where a group ends."""
    _assert_same([alone[pair] for pair in PAIRS[:size]], classifier.classify(PAIRS[:size]))


def test_an_empty_batch(classifier: Classifier) -> None:
    """Nothing to ask is nothing to answer."""
    assert [] == classifier.classify([])
    assert [] == list(classifier.stream([]))


def test_an_entity_makes_a_difference(classifier: Classifier) -> None:
    """The same text is another question with an entity, and with another one."""
    text = "So glad that I sold my Veloria and bought a Lumen"
    answers = classifier.classify([(text, None), (text, "Veloria"), (text, "Lumen")])

    assert 3 == len({tuple(_numbers(verdict)) for verdict in answers})


def test_two_brands_can_get_two_labels() -> None:
    """One tweet, asked about two brands, may praise the one and harm the other."""
    names = ("Veloria", "Norwick Bank")
    text = (
        "I love my new Veloria. Norwick Bank on the other hand lost my papers again, never again!"
    )
    with Classifier(Model.load(DEFAULT_MODEL), 1, entities=[*map(Entity, names)]) as classifier:
        car, bank = classifier.classify([(text, name) for name in names])

    assert ("positive", "negative") == (car["reputation"].label, bank["reputation"].label)


def test_an_entity_is_a_segment_of_its_own(classifier: Classifier) -> None:
    """Text and entity go in as a pair; without an entity there is one segment."""
    without, with_ = classifier.tokenize([("hello there", None), ("hello there", "Acme")])

    assert {0} == set(without.type_ids)
    assert {0, 1} == set(with_.type_ids)
    assert without.ids == with_.ids[: len(without.ids)]


def test_the_model_sees_both_segments(classifier: Classifier) -> None:
    """What the model is given is the tokenizer's ids and segments, as they are."""
    pair = ("So glad that I sold my Veloria and bought a Lumen", "Lumen")
    (encoding,) = classifier.tokenize([pair])
    outputs = Interpreter(classifier.model.flatbuffer, classifier.runtime)(
        np.array([encoding.ids], np.int32), np.array([encoding.type_ids], np.int32)
    )
    (verdict,) = classifier.classify([pair])

    for task, answer in verdict.items():
        assert outputs[task][0].tolist() == pytest.approx([*answer.probabilities.values()])


@pytest.mark.parametrize("text", ["", " ", "\n", "\U0001f621", "x" * 100_000, "a b " * 100_000])
@pytest.mark.parametrize("entity", [None, "", "Acme", "Acme & Sons Ltd " * 20, "x" * 100_000])
def test_length_is_bounded(classifier: Classifier, text: str, entity: str | None) -> None:
    """However long or empty text and entity are, they fit the model, and are answered."""
    (encoding,) = classifier.tokenize([(text, entity)])

    assert 2 <= len(encoding.ids) <= classifier.model.max_length
    assert 2 == len(classifier.classify([(text, entity)])[0])


@given(entity=st.sampled_from(["Acme", "Bank Ostra", "Land Rover", "L'Oréal", "AT&T", "Acme!"]))
def test_an_entity_survives_truncation(classifier: Classifier, entity: str) -> None:
    """Of a text that is too long the end gives way, never the entity."""
    short, long = classifier.tokenize([("short", entity), ("no end in sight " * 100, entity)])

    def segment(type_ids: list[int], ids: list[int]) -> list[int]:
        return [id_ for id_, type_ in zip(ids, type_ids, strict=True) if type_ == 1]

    assert segment(short.type_ids, short.ids) == segment(long.type_ids, long.ids)
    assert classifier.model.max_length == len(long.ids)


def test_the_beginning_of_a_long_text_counts(classifier: Classifier) -> None:
    """What lies beyond the model's length makes no difference, what lies before it does."""
    text = "word " * 200
    first, second, third = classifier.classify(
        [(text + "good", None), (text + "bad", None), ("bad " + text, None)]
    )

    assert first == second
    assert first != third


@given(
    st.lists(
        st.sampled_from(["a", "word ", "unbelievable ", "中", "😡", "é", "&amp;", "...", "x" * 99])
    ).map("".join),
    st.sampled_from([None, "Acme", "Land Rover " * 2, "Acme & Sons Ltd " * 5]),
)
def test_long_texts_have_the_tokens_that_they_have(
    naming: Classifier, text: str, entity: str | None
) -> None:
    """They are tokenized apart from their entity, which makes no difference."""
    text = f"{text} https://example.org/a?b=c " * 9
    (encoding,) = naming.tokenize([(text, entity)])
    read = text[: naming.readable]
    asked = read if entity is None else (read, entity)
    (expected,) = naming._tokenizer.encode_batch([asked])

    assert (expected.ids, expected.type_ids) == (encoding.ids, encoding.type_ids)


def test_many_entities_of_a_long_text(classifier: Classifier) -> None:
    """The text is tokenized once, and what is cut off both is not laid out."""
    pairs = [("中" * 20_000, f"{i}{'中' * 120}") for i in range(16)]
    classifier.tokenize(pairs)
    began = time.thread_time()
    classifier.tokenize(pairs)

    assert time.thread_time() - began < 0.05  # a quarter of a second, laid out


@pytest.mark.parametrize("part", [0, 1])
def test_tokenizing_takes_bounded_time(classifier: Classifier, part: int) -> None:
    """A text or an entity of megabytes is cut before it is tokenized."""
    long = "x " * 500_000
    started = time.monotonic()
    classifier.tokenize([(long, "Acme") if part == 0 else ("hello", long)])

    assert time.monotonic() - started < 0.5  # uncut it takes seconds; cut, a millisecond


class _Source:
    """Pairs, and how many of them have been taken."""

    def __init__(self, pairs: Sequence[Pair]) -> None:
        self._pairs = pairs
        self.taken = 0

    def __iter__(self) -> Iterator[Pair]:
        for pair in self._pairs:
            self.taken += 1
            yield pair


def test_stream_keeps_order(classifier: Classifier, alone: dict[Pair, Verdict]) -> None:
    """Over many batches of uneven cost, every answer comes in its turn."""
    pairs = random.Random(7).choices(PAIRS, k=130)

    _assert_same([alone[pair] for pair in pairs], list(classifier.stream(pairs, batch=7)))


def test_stream_is_lazy_and_bounded(classifier: Classifier) -> None:
    """Nothing is read before the first answer is asked for, and then only so far ahead."""
    batch = 4
    ahead = (classifier.workers + 1) * batch
    source = _Source(PAIRS[:10] * 10)
    stream = classifier.stream(source, batch)
    assert 0 == source.taken

    furthest = 0
    for answered, _ in enumerate(stream, 1):
        furthest = max(furthest, source.taken - answered)
    assert 100 == source.taken
    assert ahead - batch <= furthest < ahead


def test_workers_work_side_by_side(model: Model) -> None:
    """A batch is taken up while another is being worked on: as many as there are workers."""
    barrier = threading.Barrier(2)

    class Meeting(Classifier):
        def _classify(self, pairs: Sequence[Pair]) -> list[Verdict]:
            barrier.wait(timeout=30)
            return super()._classify(pairs)

    with Meeting(model, workers=2) as classifier:
        futures = [classifier.submit(PAIRS[:1]) for _ in range(4)]
        answers = [future.result() for future in futures]

    assert [answers[0]] * 4 == answers


def test_workers_are_as_many_as_cores(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    """0 workers stands for one a core that this process may use."""
    monkeypatch.setattr("os.sched_getaffinity", lambda _pid: {1, 3, 5})
    with Classifier(model) as classifier:
        assert 3 == classifier.workers


def test_closing_drops_what_is_queued(model: Model) -> None:
    """Closing finishes what is being worked on, drops the rest, and ends the threads."""
    begun, go_on = threading.Event(), threading.Event()

    class Slow(Classifier):
        def _classify(self, pairs: Sequence[Pair]) -> list[Verdict]:
            begun.set()
            go_on.wait(timeout=30)
            return super()._classify(pairs)

    def classifying() -> set[threading.Thread]:
        return {t for t in threading.enumerate() if t.name.startswith("classify")}

    others = classifying()
    classifier = Slow(model, workers=1)
    running: Future[list[Verdict]] = classifier.submit(PAIRS[:1])
    queued = [classifier.submit(PAIRS[:1]) for _ in range(3)]
    begun.wait(timeout=30)
    threading.Timer(0.05, go_on.set).start()
    classifier.close()

    assert 1 == len(running.result(timeout=0))
    for future in queued:
        with pytest.raises(CancelledError):
            future.result(timeout=0)
    assert others == classifying()
    with pytest.raises((RuntimeError, CancelledError)):
        classifier.submit(PAIRS[:1])


def test_the_known_tweet(classifier: Classifier) -> None:
    """The shipped model says of its known tweet what it said when it was measured."""
    classifier.check()


def test_another_answer_is_told(model: Model) -> None:
    """If the known tweet comes out differently, the model is named with what was expected."""
    answers = dict(model.known.labels)
    answers["sentiment"] = next(p for p in POLARITIES if p != answers["sentiment"])
    known = KnownTweet(model.known.text, model.known.entity, answers)
    with (
        Classifier(dataclasses.replace(model, known=known), workers=1) as classifier,
        pytest.raises(ModelError, match="sentiment comes out as") as caught,
    ):
        classifier.check()

    assert str(caught.value).startswith(f"{model.folder}: ")
    assert repr(answers["sentiment"]) in str(caught.value)


@pytest.mark.parametrize("labels", [("negative", "positive"), ("negative",)])
def test_labels_that_are_not_the_models_are_refused(model: Model, labels: tuple[str, ...]) -> None:
    """A card with fewer labels than the network gives is refused, rather than tweets later on."""
    tasks = dict.fromkeys(model.tasks, labels)
    with (
        pytest.raises(ModelError, match="label"),
        Classifier(dataclasses.replace(model, tasks=tasks), workers=1) as classifier,
    ):
        classifier.check()


def test_a_bad_tokenizer_is_refused(model: Model) -> None:
    """A tokenizer file that is none is named."""
    with pytest.raises(ModelError) as caught:
        Classifier(dataclasses.replace(model, tokenizer="{}"), workers=1)

    assert str(caught.value).startswith(f"{model.folder / 'tokenizer.json'}: ")
