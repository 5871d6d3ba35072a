"""Topics in a terminal."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from monitor.console import width
from monitor.console.terminal import ASCII, UNICODE, Glyphs
from monitor.store import open_log
from monitor.topics.reading import Bounds, Question, answer
from monitor.topics.table import lines
from tests.factories import NOW
from tests.processes import REPOSITORY
from tests.topics.invented import WINDOW, Said, crisis, leak, usual, write

_BEFORE = usual(200, since=NOW - 1e6, until=WINDOW[0])


def _table(
    path: Path,
    said: list[Said],
    *,
    most: int = 10,
    columns: int = 80,
    signs: Glyphs = UNICODE,
    bounds: Bounds | None = None,
) -> list[str]:
    with closing(open_log(write(path, said))) as connection:
        found = answer(connection, Question("Acme", *WINDOW, most=most, bounds=bounds or Bounds()))
    return [*lines(found, columns, signs)]


def test_the_crisis_in_80_columns(tmp_path: Path) -> None:
    """A line a story with its numbers, a tweet below it, then the words; nothing wider."""
    said = leak() + [
        Said(NOW - 60, f"RT @user: {leak()[0].text}", is_retweet=True) for _ in range(12)
    ]
    shown = _table(tmp_path / "monitor.db", [*_BEFORE, *said])

    assert (
        "60 tweets and 12 retweets about Acme, 2025-06-14 15:06 to 2025-06-15 15:06 UTC,"
        == shown[0]
    )
    assert "90 % labelled negative" == shown[1]
    assert "tweets   +RT neg %  first seen (UTC)  story" == shown[3]
    assert shown[4].startswith("    60    12    90  2025-06-14 19:06  ")
    assert "data leak" in shown[4]
    assert shown[5].startswith("    ")
    assert "leak" in shown[5]
    text = "\n".join(shown)
    assert "what stands out                           tweets  usually" in text
    assert "What is usual: 200 of its earlier tweets." in text
    assert max(map(width, shown)) <= 80


@pytest.mark.parametrize("columns", [60, 80, 120])
@pytest.mark.parametrize("signs", [UNICODE, ASCII])
def test_nothing_is_too_wide(tmp_path: Path, columns: int, signs: Glyphs) -> None:
    """Whatever is said, in any terminal."""
    said = [Said(NOW - 60 + n, "\U0001f525\u6f22 " * 60 + "x" * 300) for n in range(9)]
    shown = _table(tmp_path / "monitor.db", [*_BEFORE, *said], columns=columns, signs=signs)

    assert max(map(width, shown)) <= columns
    assert signs.unicode or all(line.isascii() for line in shown)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ([Said(NOW - 60, None)], "The log keeps no texts of these tweets ([privacy] store_text"),
        ([Said(NOW - 1e7, "long ago")], "No tweets in that time."),
        ([Said(NOW - 60, "one")], "cannot be told: there are fewer than 50 other tweets"),
        ([Said(NOW - 60, "one"), Said(NOW - 60, None)], "Not counted: 1 tweet without a stored"),
        ([Said(NOW - 60, "one")], "Not shown: 1 tweet in no story; retweets included."),
        (
            [*usual(60, name="Lumen", since=NOW - 1e5, until=NOW), Said(NOW - 60, "one")],
            "What is usual: 60 of tweets about others.",
        ),
        (
            [Said(NOW - 60, text) for text in ("a b c d", "e f g h") for _ in range(2)],
            "Not shown: 2 tweets in 1 more story (--top), 0 tweets in no story;",
        ),
    ],
)
def test_it_says_what_is_missing(tmp_path: Path, said: list[Said], expected: str) -> None:
    """No text, no tweets, nothing to compare with, not everything shown."""
    assert expected in " ".join(_table(tmp_path / "monitor.db", said, most=1))


def test_it_says_that_it_is_a_sample(tmp_path: Path) -> None:
    """Of more tweets than are read, and from when on."""
    said = usual(500, since=WINDOW[0], until=WINDOW[1])
    text = " ".join(_table(tmp_path / "monitor.db", said, bounds=Bounds(100, looked_through=250)))

    assert "A sample: there are 251 tweets in that time." in text
    assert "Tweets from before 2025-06-15 03:0" in text


def test_the_page_shows_what_it_says(tmp_path: Path) -> None:
    """The example of docs/topics.md, line by line."""
    page = (REPOSITORY / "docs/topics.md").read_text(encoding="utf-8")

    assert "\n".join(["```", *_table(tmp_path / "monitor.db", crisis()), "```"]) in page
