"""Texts as words, and words as numbers."""

from __future__ import annotations

import pytest

from monitor.topics.words import MOST_WORDS, NO_WORD, Codes, names_of, spelt
from tests.topics.invented import numbers_of


def _words(text: str) -> list[str | None]:
    """Return a text's words as they are spelt, None where they are apart."""
    return [None if code == NO_WORD else spelt(text, [code]) for code in numbers_of(text)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Acme's DATA leak", ["acme", "data", "leak"]),
        ("a #DataLeak, again", ["a", "#dataleak", None, "again"]),
        ("don\N{RIGHT SINGLE QUOTATION MARK}t", ["don't"]),
        ("2,000,000 at 3.5 %", ["2,000,000", "at", "3.5"]),
        ("@user says <link> no", [None, "says", None, "no"]),
        ("see https://example.org/a?b=c now", ["see", None, "now"]),
        ("AT&amp;T", ["at", "t"]),
        (
            "caf\N{LATIN SMALL LETTER E WITH ACUTE} \N{FULLWIDTH LATIN SMALL LETTER A}",
            ["cafe", "a"],
        ),
        ("RT @user: gone", [None, None, "gone"]),
        ("RT this", ["rt", "this"]),
        ("\N{FIRE}\N{FIRE}", []),
        ("", []),
    ],
)
def test_words_of_a_text(text: str, words: list[str | None]) -> None:
    """Small letters, no accents, no links or mentions, and the marks of a retweet left out."""
    assert words == _words(text)


def test_a_word_has_the_same_number_everywhere() -> None:
    """Whatever was met before; so a log's answer is the same in each run."""
    full = Codes()
    for number in range(100_000):
        full.of(f"w{number}")

    assert Codes().of("data leak") == full.of("Data LEAK")
    assert len(full) <= 1 << 16


def test_long_texts_are_read_in_part() -> None:
    """A post may have 25,000 characters."""
    assert MOST_WORDS == len(numbers_of("a b " * 10_000))
    assert MOST_WORDS == len(numbers_of("a." * 10_000))


def test_phrases_are_spelt() -> None:
    """In the text that has them; None where it has not."""
    phrase = numbers_of("data leak")

    assert "data leak" == spelt("The DATA leak's here", phrase)
    assert None is spelt("data: leak", phrase)


@pytest.mark.parametrize(
    "written", ["Skylarka Air", "skylarka air's", "#SkylarkaAir", "#skylarka_air", "skylarkaair"]
)
def test_names_are_known_in_all_spellings(written: str) -> None:
    """As words, joined, and as a hashtag."""
    assert tuple(numbers_of(written)) in set(names_of("Skylarka Air"))


def test_names_with_signs_inside() -> None:
    """As they are written, and without the signs."""
    assert {tuple(numbers_of("Dr. Who")), tuple(numbers_of("Dr Who"))} <= {*names_of("Dr. Who!")}


@pytest.mark.parametrize("name", ["", "@", "...", "\N{FIRE}"])
def test_names_without_words(name: str) -> None:
    """They are found nowhere."""
    assert [] == [*names_of(name)]
