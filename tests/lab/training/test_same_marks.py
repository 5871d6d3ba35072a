"""What a model that reads marks learns from is what the daemon asks it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from monitor.inference import Classifier, Model
from monitor.inference.marking import question, spell_emoji
from monitor.lab.data import Example
from monitor.lab.evaluation.marked import marked, source_of
from monitor.lab.training.answers import marked as marked_for_teacher
from monitor.lab.training.mixture import SOURCES, MixtureRow, asked, describe
from monitor.lab.training.tokenization import encode
from monitor.tweets import Entity
from tests.marked import reading_marks

NAMES = ("Veloria", "Norwick Bank", "V&T", "Orla", "Orla Music", "C++", "Žofia Ó Brien", "@zento")
PIECES = (
    *(*NAMES, "veloria's", "@VeloriaHelp", "#NeverAgainVeloria", "norwick-bank", "#NorwickBank"),
    *(
        "beats",
        "😂😂",
        "👍🏽",
        "🇩🇪",
        "http://t.co/x",
        "bob@example.org",
        "@bob",
        "#iPhone",
        "&amp;",
    ),
    *("[TARGET]", "[OTHER]", "\uff36eloria\u2122", "\ufdfa", "ÉTÉ", "!", "\n", "x" * 120),
)
TEXTS = st.lists(st.sampled_from(PIECES), max_size=30).map(" ".join) | st.text(
    st.characters(exclude_categories=["Cs"]), max_size=200
)


def _configured(names: list[str]) -> tuple[Entity, ...]:
    """Give the first of them an alias and an exclusion."""
    return tuple(
        Entity(name, ("the desk",), (f"{name.lstrip('@')} lake",) if at else ())
        if at == 0 and not name.startswith("@")
        else Entity(name)
        for at, name in enumerate(names)
    )


ENTITIES = st.lists(st.sampled_from(NAMES), max_size=5, unique=True).map(_configured)


@pytest.fixture(scope="module")
def reading(model: Model, tmp_path_factory: pytest.TempPathFactory) -> Model:
    """The shipped network, reading marks."""
    return reading_marks(model, tmp_path_factory.mktemp("marks") / "model")


@settings(max_examples=30)
@given(TEXTS, ENTITIES, st.sampled_from(NAMES) | st.none())
def test_the_daemon_asks_what_was_learnt(
    reading: Model, text: str, entities: tuple[Entity, ...], target: str | None
) -> None:
    """Token for token, about whoever is configured, about somebody else, and about nobody."""
    stranger = target is not None and target not in {entity.name for entity in entities}
    known = (*entities, Entity(target)) if stranger and target else entities
    row = MixtureRow("x", text, target, known if target else ())
    with Classifier(reading, 1, entities=entities) as classifier:
        (found,) = classifier.tokenize([(text, target)])
        (read,) = classifier.read([(text, target)])
    learnt = asked(row)
    ((ids, first),) = encode(Tokenizer.from_str(reading.tokenizer), [learnt], reading.max_length)

    assert (learnt.text, learnt.entity) == (spell_emoji(read.text), read.question)
    assert (ids, first) == (found.ids, found.type_ids.count(0))
    # The teacher was asked the same, where it was told of others at all.
    answered = marked_for_teacher(row, target)
    assert answered == read.text or "[OTHER]" in read.text
    assert question(target) == read.question


def test_files_are_marked_as_they_were_learnt_from() -> None:
    """A collection's test set with the same knowledge of who is who."""
    rows: list[dict[str, Any]] = [
        {"text": "Ferrari beats BofA", "entity": "Ferrari", "label": "positive"},
        {"text": "Ferrari beats BofA", "entity": None, "label": "positive"},
        {"text": "so bad, BofA", "entity": "Bank of America", "label": "negative"},
    ]
    learnt = describe("replab2013_train", rows)
    pairs = [(row["text"], row["entity"]) for row in rows]
    for name in ("replab2013_train", "replab2013_test"):
        assert source_of(name) == SOURCES["replab2013_train"]
        read = marked(name, pairs, 1536)
        assert [asked(row) for row in learnt] == [
            Example(one.text, one.question, row.reputation, row.sentiment)
            for one, row in zip(read, learnt, strict=True)
        ]
    assert "[TARGET] beats [OTHER]" == read[0].text
    assert "Ferrari beats BofA" == read[1].text
    # A file that nothing is known of: who is named in the same text, by name.
    assert "[TARGET] beats BofA" == marked("own", pairs, 1536)[0].text


def test_no_part_of_a_collection_is_missed() -> None:
    """Names of files lead to what is known of their collections."""
    assert source_of("twitter_entity_val") == SOURCES["twitter_entity_train"]
    assert source_of("dong2014_target") == SOURCES["dong2014_target"]
    assert not source_of("my_own_test").roster
