"""Which words a label hangs on, by the shipped model and by one whose reasons are known."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.explaining.occlusion import explain, runner_up, turns
from monitor.inference import Classifier, Model
from monitor.verdict import TASKS, Answer, Pair, Verdict

WEIGHTS = {"awful": 4.0, "bad": 1.0, "lovely": -3.0, "Acme": 0.5}


class Adder(Classifier):
    """The shipped model's tokenizer, with log-odds of "negative" that add up word by word."""

    def __init__(self, model: Model) -> None:
        super().__init__(model, workers=1)
        self.asked: list[Pair] = []

    def classify(self, pairs: Sequence[Pair]) -> list[Verdict]:
        """Add up the weights of the words; asked about no entity, one more."""
        self.asked += pairs
        return [self._verdict(text, entity) for text, entity in pairs]

    @staticmethod
    def _verdict(text: str, entity: str | None) -> Verdict:
        odds = sum(WEIGHTS.get(word, 0.0) for word in text.split()) + (entity is None)
        negative = 1 / (1 + math.exp(-odds))
        answer = Answer(
            "negative" if negative > 0.5 else "positive",
            {"negative": negative, "neutral": 0.0, "positive": 1 - negative},
        )
        return dict.fromkeys(TASKS, answer)


@pytest.fixture
def adder(names_model: Model) -> Adder:
    """A model of which it is known what each word does."""
    return Adder(names_model)


def test_effects_are_those_of_the_words(adder: Adder) -> None:
    """Each word's effect is what it adds to the log-odds; nothing else has one."""
    found = explain(adder, "Acme is awful , lovely  not", "Acme", "reputation")

    assert "negative" == found.answer.label
    assert ["Acme", "is", "awful", ",", "lovely", "not"] == [word.text for word in found.words]
    assert [0.5, 0.0, 4.0, 0.0, -3.0, 0.0] == pytest.approx([word.effect for word in found.words])
    assert ["awful"] == [word.text for word in turns(found)]


def test_effects_are_on_the_label_whichever_it_is(adder: Adder) -> None:
    """A word that speaks for "negative" speaks against "positive"."""
    found = explain(adder, "bad but lovely", "Acme", "reputation")

    assert "positive" == found.answer.label
    assert [-1.0, 0.0, 3.0] == pytest.approx([word.effect for word in found.words])


def test_asks_once_for_each_word(adder: Adder) -> None:
    """The text, the text without each word, and the text about no entity, in one batch."""
    found = explain(adder, "so bad", "Acme", "sentiment")

    expected = [("so bad", "Acme"), (" bad", "Acme"), ("so ", "Acme"), ("so bad", None)]
    assert expected == adder.asked
    assert found.without_entity is not None
    assert found.without_entity.probabilities["negative"] > found.answer.probabilities["negative"]


def test_without_an_entity_there_is_none_to_leave_out(adder: Adder) -> None:
    """Asked about the tweet as a whole."""
    assert explain(adder, "bad", None, "reputation").without_entity is None


def test_words_that_are_not_read_are_not_left_out(adder: Adder) -> None:
    """Of a long text only the words that the model reads are asked about, and none moves up."""
    text = " ".join(["plain"] * 200 + ["awful"])
    found = explain(adder, text, "Acme", "reputation")
    read = [word for word in found.words if word.without]

    # [CLS] text [SEP] Acme [SEP], Acme in as many pieces as it has.
    pieces = len(adder.tokenize([("", "Acme")])[0].ids)
    assert adder.model.max_length - pieces == len(read)
    assert 201 == len(found.words)
    assert found.words[: len(read)] == read
    about_it = [asked for asked, entity in adder.asked if entity]
    assert all("awful" not in asked for asked in about_it)
    assert all(len(asked.split()) >= len(read) - 1 for asked in about_it)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Don't, @you https://x.y/z#a!", ["Don't,", "@you", "https://x.y/z#a!"]),
        ("bad😡😡bad ❤\ufe0f", ["bad", "😡😡", "bad", "❤\ufe0f"]),
        (" \n\t ", []),
        ("", []),
    ],
)
def test_words_are_those_of_the_text(adder: Adder, text: str, expected: list[str]) -> None:
    """What stands between spaces, and emoji apart."""
    assert expected == [word.text for word in explain(adder, text, None, "reputation").words]


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=400))
def test_words_stand_where_they_say(adder: Adder, text: str) -> None:
    """In order, none within another, and between them nothing but space."""
    words = explain(adder, text, "Acme", "reputation").words

    assert [text[word.start : word.end] for word in words] == [word.text for word in words]
    ends = [0, *(word.end for word in words)]
    starts = [*(word.start for word in words), len(text)]
    assert all(not text[end:start].strip() for end, start in zip(ends, starts, strict=True))


def test_runner_up() -> None:
    """The label that comes second."""
    answer = Answer("negative", {"negative": 0.5, "neutral": 0.2, "positive": 0.3})

    assert ("positive", 0.3) == runner_up(answer)


def test_the_shipped_model_reacts_to_the_word_that_says_it(classifier: Classifier) -> None:
    """Its label hangs on "worst"; the answers are those that it gives to the texts themselves."""
    text = "Acme is the worst company ever"
    found = explain(classifier, text, "Acme", "reputation")
    largest = max(found.words, key=lambda word: word.effect)
    (alone,) = classifier.classify([(text, "Acme")])

    assert "negative" == found.answer.label
    assert "worst" == largest.text
    assert alone["reputation"].probabilities == pytest.approx(found.answer.probabilities, abs=1e-6)
