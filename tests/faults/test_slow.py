"""The search for slow messages, for a moment, and whether it would tell of a slow step."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import Final

import pytest

from monitor.inference import Classifier
from monitor.tweets import entities
from tests.faults import slow
from tests.faults.recipes import FORMS, Recipe
from tests.faults.slow import BOUND_S, LARGEST, Search, searches

_SLOWER: Final = 5
"""How much slower than it should be the machine of the tests may be."""


@pytest.fixture(scope="module")
def every() -> Iterator[dict[str, Search]]:
    """Searches under the defaults and under hundreds of entities, by name and marked."""
    with searches(seed=0) as found:
        yield found


def _recipe(form: str, *pieces: str, turns: bool = False) -> Recipe:
    return Recipe(form, tuple((piece, 1.0) for piece in pieces), turns)


KNOWN = {
    "marks": _recipe("simple", "a", "\u0301", "\u0323"),
    "marks by turns": _recipe("plain", "\u0301", "\u0323", turns=True),
    "decompositions": _recipe("plain", "\ufdfa", "\u0390"),
    "a word that names share": _recipe("plain", "acme "),
    "handles": _recipe("plain", "@acme "),
    "entities": _recipe("16 entities", "\u4e2d"),
    "entities that normalization lengthens": _recipe("entities", "\ufdfa"),
    "entities of a long text": _recipe("16 entities", "00", "\\u2019", turns=True),
    "references": _recipe("references to strings", "a"),
    "references of one hash": _recipe("references of one hash", "a"),
    "a topic": _recipe("second level", "\u0301", "\u0323"),
    "levels": _recipe("levels", "a"),
    "HTML": _recipe("Mastodon", "<p>", "&amp;"),
    "character references": _recipe("Mastodon", "&amp;"),
    "facets": _recipe("facets", "a"),
    "buffers": _recipe("a buffer", "a"),
    "payloads in payloads": _recipe("strings in strings", "a"),
    "accents": _recipe("plain", "\u00eb"),
    "quotation marks": _recipe("plain", "\u2019\u201c"),
    "escaped signs": _recipe("plain", "&amp;amp;"),
    "a result": _recipe("result", "@a "),
}
"""What once took long, or looks as if it could."""


@pytest.mark.parametrize("name", KNOWN)
def test_known_ones(every: dict[str, Search], name: str) -> None:
    """None of them takes long any more."""
    for search in every.values():
        assert search.surely(KNOWN[name]) < _SLOWER * BOUND_S


def test_a_short_search(every: dict[str, Search]) -> None:
    """What `make fuzz` does for an hour, for some seconds."""
    for search in every.values():
        for _ in range(30):
            search.step()
        took, recipe = search.slowest
        assert took < _SLOWER * BOUND_S, recipe


@pytest.mark.parametrize("form", FORMS)
def test_messages_are_as_large_as_asked(form: str) -> None:
    """About as large, at most so large, and each another."""
    for size in (5000, LARGEST):
        for pieces in (("a",), ("\u0301", "&"), ("\ufdfa", '"', "\ud800")):
            recipe = _recipe(form, *pieces)
            made = [recipe.message(size, number) for number in (1, 2)]
            assert made[0] != made[1]
            for topic, payload in made:
                assert size / 8 < len(payload) + len(topic.encode()) <= 2 * size


def test_a_slow_step_would_be_found(
    every: dict[str, Search], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Text that is neither cut nor made safe before it is normalized, as it once was."""
    monkeypatch.setattr(entities, "nfkc", lambda text: unicodedata.normalize("NFKC", text))
    monkeypatch.setattr(Classifier, "readable", LARGEST)
    monkeypatch.setattr(slow, "_AGAIN", 1)

    assert every["defaults"].is_slow(KNOWN["marks by turns"])
