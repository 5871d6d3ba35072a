"""``monitor.inference.asking``: what a model that reads marks is asked."""

from __future__ import annotations

import time

import pytest

from monitor.inference.asking import MOST_WORDS, Asking, Read
from monitor.tweets import Entity

ENTITIES = (
    Entity("Norwick Bank", aliases=("@norwickhelp",)),
    Entity("Veloria", exclude=("Veloria Lake",)),
)
MOST = 1536


@pytest.fixture
def asking() -> Asking:
    """Asks where two entities are configured."""
    return Asking(ENTITIES, MOST)


@pytest.mark.parametrize(
    ("text", "entity", "read"),
    [
        ("Veloria beats Norwick Bank", "Veloria", "[TARGET] beats [OTHER]"),
        ("Veloria beats Norwick Bank", "Norwick Bank", "[OTHER] beats [TARGET]"),
        ("thanks @NorwickHelp 😀", "Norwick Bank", "thanks [TARGET] 😀"),
        # as a person may write it who asks by hand
        ("thanks @norwickhelp", " norwick-bank", "thanks [TARGET]"),
        ("thanks @norwickhelp", "@norwickhelp", "thanks [TARGET]"),
        # not configured
        ("Zento beats Veloria", "Zento", "[TARGET] beats [OTHER]"),
        ("#NeverAgainZento", "Zento", "Never Again [TARGET]"),
        ("they beat Veloria", "Zento", "they beat [OTHER]"),
        ("Veloria Music beats Veloria", "Veloria Music", "[TARGET] beats [OTHER]"),
        # names that no text can be searched for
        ("they beat Veloria !", "!", "they beat [OTHER] !"),
        ("they beat Veloria", " ", "they beat [OTHER]"),
        ("they beat Veloria", "x" * 10_000, "they beat [OTHER]"),
        ("they beat Veloria", "@a b", "they beat [OTHER]"),
    ],
)
def test_marks_whom_it_is_asked_about(asking: Asking, text: str, entity: str, read: str) -> None:
    """The entity by all its names, the others as others; the question is always the same."""
    assert [Read(read, "[TARGET]")] == asking.read([(text, entity)])


def test_nobody_is_marked_where_nobody_is_asked_about(asking: Asking) -> None:
    """As in training."""
    assert [Read("Veloria beats @user", None)] == asking.read([("Veloria beats @bob", None)])


def test_each_pair_for_itself(asking: Asking) -> None:
    """Who else is asked about in a batch is no other, in whatever spelling it is asked about."""
    text = "Zento beats Foo, and Veloria"
    pairs = [(text, "Zento"), (text, "Foo"), (text, None), ("foo!", "foo"), (text, "ZENTO")]

    assert [asking.read([pair])[0] for pair in pairs] == asking.read(pairs)
    assert "[TARGET] beats Foo, and [OTHER]" == asking.read(pairs)[0].text
    assert "Zento beats [TARGET], and [OTHER]" == asking.read(pairs)[1].text


def test_what_is_read_stays(asking: Asking) -> None:
    """Marks are not taken for something that a person wrote."""
    read = asking.read([("Veloria and Norwick Bank", "Veloria")])

    assert read == asking.read(read)
    assert "TARGET" == asking.read([("[TARGET]", "Veloria")])[0].text


def test_long_names_of_strangers_are_not_looked_for(asking: Asking) -> None:
    """They would take long; a configured name may be as long as any."""
    name = " ".join("abcdefghijklmnopqrstuvwxyz")
    longest = name[: 2 * MOST_WORDS - 1]
    configured = Asking([Entity(name)], MOST)

    assert ["[TARGET]", name] == [
        read.text for read in asking.read([(longest, longest), (name, name)])
    ]
    assert "[TARGET]" == configured.read([(name, name)])[0].text


def test_of_a_long_text_the_beginning_is_read(asking: Asking) -> None:
    """Also where normalizing makes it longer."""
    for text in ("ha " * 60_000, "\ufdfa" * 60_000):
        assert MOST // 2 - 30 < len(asking.read([(text, "Veloria")])[0].text) <= MOST // 2


def test_takes_no_longer_for_many_configured() -> None:
    """Sixteen questions about one text, the longest that is read."""
    entities = [Entity(f"{word} {i}", (f"{word} {word} {i}",)) for i in range(300) for word in "ab"]
    asking = Asking(entities, MOST)
    asked = [f"Zento {i}" for i in range(8)] + [entity.name for entity in entities[:8]]
    for text in (
        "a b " * 400,
        "@a #Ab " * 300,
        "a 1 b 1 a a 2 " * 200,
        "zento 1 " * 300,
        "😂 " * 999,
    ):
        started = time.process_time()
        asking.read([(text, entity) for entity in asked])
        assert time.process_time() - started < 0.1
