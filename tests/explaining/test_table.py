"""An explanation on the terminal and as JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.console import Glyphs, width
from monitor.console.terminal import ASCII, UNICODE
from monitor.explaining.occlusion import Explanation, Word
from monitor.explaining.table import as_json, lines
from monitor.inference.asking import Read
from monitor.verdict import Answer


def _answer(negative: float) -> Answer:
    label = "negative" if negative > 0.5 else "positive"
    return Answer(label, {"negative": negative, "neutral": 0.0, "positive": 1 - negative})


def _word(text: str, without: float | None = 0.9, effect: float = 0.0) -> Word:
    return Word(text, 0, len(text), None if without is None else _answer(without), effect)


def _explanation(*words: Word, entity: str | None = "Acme") -> Explanation:
    other = _answer(0.8) if entity else None
    return Explanation(
        "a text", entity, "reputation", _answer(0.9), other, words, Read("a text", entity)
    )


def test_bars_point_to_where_words_move_the_label() -> None:
    """Towards the label on the right, against it on the left, the strongest longest."""
    shown = list(
        lines(
            _explanation(_word("worst", 0.1, 4.0), _word("is"), _word("kind", 0.95, -2.0)),
            "stub 1",
            80,
            UNICODE,
        )
    )
    rows = {line.split()[0]: line for line in shown if "|" in line}
    left, right = (rows[w].index("|") for w in ("worst", "kind"))

    assert left == right
    assert 2 * rows["kind"].count("█") == pytest.approx(rows["worst"].count("█"), abs=1)
    assert "█" not in rows["worst"][:left]
    assert "█" not in rows["kind"][right:]
    assert ["worst", "0.10", "+4.0"] == rows["worst"].split()[:3]
    assert rows["worst"].endswith("█  positive")
    assert "█" not in rows["is"]


def test_says_what_it_means() -> None:
    """Label, the one that comes second, without the entity, what turns it, and what this is not."""
    text = " ".join(lines(_explanation(_word("worst", 0.1, 4.0)), "stub 1", 80, UNICODE))

    for part in (
        "negative 0.90, then positive 0.10: reputation for Acme, by stub 1",
        "not asked about an entity, it is still negative 0.80",
        "Without any one of these the label is the one that stands beside it: worst.",
        "what the model reacts to, not why",
    ):
        assert part in text


def test_says_when_no_word_turns_it() -> None:
    """Neither of one alone, nor that none of them does anything."""
    some = " ".join(lines(_explanation(_word("bad", 0.8, 0.8)), "stub 1", 80, UNICODE))
    none = " ".join(lines(_explanation(_word("is", 0.9, 0.01)), "stub 1", 80, UNICODE))

    assert "No single word turns the label" in some
    assert "No single word moves the label" in none


def test_words_that_are_not_read_are_counted() -> None:
    """Not shown one by one: a text may be long."""
    found = _explanation(_word("bad", 0.8, 0.8), *[_word("unread", None)] * 999)
    text = "\n".join(lines(found, "stub 1", 80, UNICODE))

    assert "unread" not in text
    assert "not the last 999 words" in text


def test_nothing_to_leave_out() -> None:
    """A text without words has a label all the same."""
    shown = list(lines(_explanation(entity=None), "stub 1", 80, UNICODE))

    assert "The text has no words to leave out." == shown[-1]
    assert 2 == len(shown)


@given(
    st.lists(
        st.builds(_word, st.text(max_size=40), st.none() | st.floats(0, 1), st.floats(-9, 9)),
        max_size=8,
    ),
    st.text(max_size=60),
    st.integers(60, 150),
    st.sampled_from([UNICODE, ASCII]),
)
def test_fits_and_steers_nothing(
    words: list[Word], entity: str, columns: int, signs: Glyphs
) -> None:
    """Whatever the words, no line is too long, and nothing a terminal obeys is in it."""
    shown = list(lines(_explanation(*words, entity=entity), "stub 1", columns, signs))

    assert [] == [line for line in shown if width(line) > columns]
    assert all(line.isprintable() for line in shown)
    assert signs.unicode or all(line.isascii() for line in shown)


def test_json_holds_all_of_it() -> None:
    """The words in order with their effects; null where the model does not read."""
    found = _explanation(_word("wörst", 0.1, 4.0), _word("unread", None))
    text = as_json(found, "stub 1")
    document: dict[str, Any] = json.loads(text)

    assert text.isascii()
    assert ("a text", "Acme", "reputation", "stub 1") == tuple(
        document[key] for key in ("text", "entity", "task", "model")
    )
    assert ("negative", {"label": "positive", "probability": 0.1}) == (
        document["label"],
        document["runner_up"],
    )
    assert 0.8 == document["without_entity"]["probabilities"]["negative"]
    assert [("wörst", 4.0), ("unread", None)] == [
        (w["word"], w["effect"]) for w in document["words"]
    ]
    assert ["positive", None] == [w["without"] and w["without"]["label"] for w in document["words"]]


@pytest.mark.parametrize(
    ("read", "expected"),
    [
        ("[TARGET] is late", ["[TARGET] stands for Acme."]),
        ("[TARGET] beats [OTHER]", ["[TARGET] stands", "[OTHER] stands for another entity"]),
        ("they are late", ["does not name Acme", "an alias in the configuration (--config)"]),
    ],
)
def test_says_what_marks_stand_for(read: str, expected: list[str]) -> None:
    """And that the text names nobody, which an alias may change."""
    explanation = replace(_explanation(_word("late")), read=Read(read, "[TARGET]"))
    text = " ".join(lines(explanation, "stub 1", 80, UNICODE))

    assert all(part in text for part in expected)
    assert "stand" not in " ".join(lines(_explanation(_word("late")), "stub 1", 80, UNICODE))
    assert {"text": read, "question": "[TARGET]"} == json.loads(as_json(explanation, "m"))["read"]
