"""Which spellings are one name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.settings import topics
from monitor.tweets import NO_ENTITY, OTHERS
from monitor.tweets.names import folded, reserved

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=40)


@pytest.mark.parametrize(
    "spelling",
    ["Acme Corp", "ACME  corp", "acme-corp", "acme_corp", "\uff21cme Corp", "Ac\u200bme\u00a0Corp"],
)
def test_spellings_of_one_name(spelling: str) -> None:
    """What a reader would take for the same name is the same."""
    assert folded("Acme Corp") == folded(spelling)


@pytest.mark.parametrize("name", ["AcmeCorp", "Acme", "Acme Corp.", "@Acme Corp", "Acmé Corp"])
def test_other_names(name: str) -> None:
    """What differs in letters or in marks that are seen is another name."""
    assert folded("Acme Corp") != folded(name)


@pytest.mark.parametrize(
    "name",
    [
        OTHERS,
        NO_ENTITY,
        "(Others)",
        "(no-entity)",
        "\uff08others\uff09",
        "(oth\u200bers)",
        " (others) ",
    ],
)
def test_names_that_stand_for_none(name: str) -> None:
    """However they are spelled, they are nobody's."""
    assert reserved(name)
    assert not reserved(name.strip("() \uff08\uff09") or "x")


@given(NAMES, NAMES)
def test_one_topic_is_one_name(one: str, other: str) -> None:
    """Names that are told apart are published apart."""
    if topics.level(one) == topics.level(other):
        assert folded(one) == folded(other)


@given(NAMES)
def test_every_name_has_a_folding(name: str) -> None:
    """Also one of nothing but marks that are not seen."""
    assert folded(name)
