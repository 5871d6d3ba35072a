"""Telephone numbers of fifty countries, and numbers that are none: docs/privacy.md's promises."""

from __future__ import annotations

from collections import Counter

import pytest

from monitor.tweets.redaction import redact
from tests.tweets.redaction import invented, measure, others

NUMBERS = 6
"""Of each country in each way: enough for every length of its mobile and fixed numbers."""
LEAST = {
    **dict.fromkeys(invented.WAYS, 0.94),
    **dict.fromkeys(invented.ABROAD, 1.0),
    "digits only": 0.70,
    "digits only, after a word": 0.99,
}


def _sentence(text: str) -> str:
    return f"You reach them at {text}, she said."


@pytest.mark.parametrize("way", invented.WAYS)
def test_numbers_of_fifty_countries(way: str) -> None:
    """With a country code all are masked, without one most; and never is one masked in part."""
    found: Counter[bool] = Counter()
    for country in invented.COUNTRIES:
        for number in invented.numbers(country, NUMBERS):
            sentence = _sentence(invented.WAYS[way](number))
            actual = redact(sentence)
            masked = not any(sign.isdigit() for sign in actual)
            assert masked or actual == sentence
            found[masked] += 1

    assert found.total() == len(invented.COUNTRIES) * NUMBERS
    assert found[True] / found.total() >= LEAST[way]


@pytest.mark.parametrize("kind", others.KINDS)
def test_other_numbers_stay(kind: str) -> None:
    """Nothing else that is made of digits is masked, but for counts that look like a number."""
    sentences = [*others.sentences(kind, 300)]
    wrong = [sentence for sentence in sentences if redact(sentence) != sentence]

    # "612 345 678": nine digits in threes, the first of them 5 to 9, are a telephone in Spain.
    assert len(wrong) <= (len(sentences) * 5 / 9 if kind == "count with blanks" else 0), wrong[:3]


def test_the_measurement(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What docs/privacy.md shows can be measured again: a row for each way and each kind."""
    monkeypatch.setattr(measure, "NUMBERS", 1)
    monkeypatch.setattr(measure, "SENTENCES", 10)
    monkeypatch.setattr("sys.argv", ["measure"])
    measure.main()
    said = capsys.readouterr().out

    for row in (*invented.WAYS, *others.KINDS):
        assert f"\n| {row} | " in said
