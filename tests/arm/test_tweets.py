"""The questions are those of the demonstration."""

from __future__ import annotations

from tests.arm.tweets import questions


def test_ask_of_each_entity() -> None:
    """Every tweet is asked about, about two entities twice, about none once; ids are unique."""
    asked = questions()

    assert len(asked) == len({question["id"] for question in asked})
    assert len(asked) > len({question["text"] for question in asked}) > 300
    entities = {question["entity"] for question in asked}
    assert {"Plumiq", "Veldane Motors", None} <= entities
