"""docs/messages.md says truly what becomes of a message."""

from __future__ import annotations

import dataclasses
import json
import re

import pytest

from monitor.tweets import Reason, Rejection, Tweet, decode
from tests.docs.pages import Block, page

MESSAGES = page("docs/messages.md")
FORMS = MESSAGES.blocks_of("json")
DEAD_LETTERS = dict(
    re.findall(
        r"^\| `([\w-]+)` \|.*\| (?:`(.*)` )?\|$", MESSAGES.section("Dead letters"), re.MULTILINE
    )
)
"""Reasons, with an example or none."""


def _decoded(payload: str) -> Tweet | Rejection:
    return decode(payload.encode(), max_bytes=65_536, identify=lambda _: "digest")


@pytest.mark.parametrize(("payload", "tweet"), list(zip(FORMS[::2], FORMS[1::2], strict=True)))
def test_forms_are_read_as_shown(payload: Block, tweet: Block) -> None:
    """A message becomes the tweet that is shown below it."""
    decoded = _decoded(payload.text)

    assert isinstance(decoded, Tweet), decoded
    read = json.loads(json.dumps(dataclasses.asdict(decoded)))
    assert [] == read.pop("left_out")
    assert json.loads(tweet.text) == read


def test_plain_text_is_read_as_it_is() -> None:
    """The example of plain text, which begins with a bracket, is a tweet."""
    (block,) = MESSAGES.blocks_of("text")
    decoded = _decoded(block.text)

    assert isinstance(decoded, Tweet)
    assert block.text.strip() == decoded.text


def test_fields_of_the_simple_form_are_all_there() -> None:
    """The table has what a simple message is read for, and nothing else."""
    fields = re.findall(r"^\| `(\w+)` \|", MESSAGES.section("The forms"), re.MULTILINE)
    read = {field.name for field in dataclasses.fields(Tweet)} - {"is_retweet", "left_out"} | {
        "entity"
    }

    assert read == set(fields)


WRAPPINGS = re.findall(r"^\| .* \| `(.*)` \|$", MESSAGES.section("What is around it"), re.MULTILINE)


@pytest.mark.parametrize("example", WRAPPINGS)
def test_wrappings_are_taken_off(example: str) -> None:
    """Each example holds the same text."""
    decoded = _decoded(example)

    assert isinstance(decoded, Tweet), decoded
    assert "Hi" == decoded.text


def test_reasons_are_all_named() -> None:
    """Every reason for which a message is a dead letter has its row."""
    assert {*Reason, "inference"} == set(DEAD_LETTERS)


@pytest.mark.parametrize(("reason", "example"), [(r, e) for r, e in DEAD_LETTERS.items() if e])
def test_examples_are_dead_letters(reason: str, example: str) -> None:
    """A message that is shown for a reason becomes a dead letter for this very reason."""
    decoded = _decoded(example)

    assert isinstance(decoded, Rejection)
    assert reason == decoded.reason


def test_examples_are_several() -> None:
    """The tables were found."""
    assert len(FORMS) >= 10
    assert len(WRAPPINGS) >= 3
    assert len([example for example in DEAD_LETTERS.values() if example]) >= 4
