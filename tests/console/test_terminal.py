"""Text on its way to a terminal: harmless, and as wide as it is said to be."""

from __future__ import annotations

import io
import locale
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.console import Glyphs, fit, glyphs, printable, width, wrap
from monitor.console.terminal import ASCII, UNICODE, shares_bar, sparkline

SIGNS = st.sampled_from([UNICODE, ASCII])
STRANGE = st.text(
    st.sampled_from("ab漢字👍é\u0301\u20dd\x1b[31m\x9b\r\n\t\x07\u202e\u200d\ufe0f\ud800")
)


@given(st.text() | STRANGE, SIGNS)
def test_nothing_steers_the_terminal(text: str, signs: Glyphs) -> None:
    """Neither control characters nor line breaks nor marks of direction come through."""
    line = printable(text, signs)

    forbidden = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
    assert [] == [c for c in line if unicodedata.category(c) in forbidden]
    assert signs.unicode or line.isascii()
    assert line == printable(line, signs)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\x1b]0;mine\x07ha", " ]0;mine ha"),
        ("one\r\ntwo", "one  two"),
        ("\u202eevil", "evil"),
        ("❤\ufe0f", "❤"),
        ("a" + "\u0301" * 50, "a" + "\u0301" * 2),
        ("a" + "\u0301\u200d" * 50, "a" + "\u0301" * 2),
        ("Zoë likes 漢字 👍", "Zoë likes 漢字 👍"),
    ],
)
def test_what_is_harmless_stays(text: str, expected: str) -> None:
    """Letters of all languages and emoji come through, with at most two marks each."""
    assert expected == printable(text)


def test_ascii_has_question_marks() -> None:
    """What an ASCII terminal has no sign for is a question mark."""
    assert "Zo? ??" == printable("Zoë 漢字", ASCII)


@pytest.mark.parametrize(
    ("text", "expected"), [("abc", 3), ("漢字", 4), ("\uff21", 2), ("👍", 2), ("e\u0301", 1)]
)
def test_knows_how_wide_text_is(text: str, expected: int) -> None:
    """Wide characters take two columns, combining marks none."""
    assert expected == width(text)


@given(st.text() | STRANGE, st.integers(0, 30), SIGNS, st.booleans())
def test_fits_exactly(text: str, columns: int, signs: Glyphs, right: bool) -> None:
    """Whatever the text, it takes the columns it was given; it is cut only if it has to be."""
    line = printable(text, signs)
    fitted = fit(line, columns, signs, right=right)

    assert columns == width(fitted)
    if width(line) <= columns:
        assert line == (fitted[columns - width(line) :] if right else fitted[: len(line)])


@given(st.lists(st.none() | st.floats(-1, 5)), st.floats(0, 2), SIGNS)
def test_sparklines_have_a_column_a_value(
    values: list[float | None], highest: float, signs: Glyphs
) -> None:
    """A column each, in order; what is not there is a gap."""
    drawn = sparkline(values, highest, signs)

    assert len(values) == len(drawn)
    assert [value is None for value in values] == [sign == " " for sign in drawn]


def test_sparklines_rise_with_their_values() -> None:
    """From the lowest level at 0 to the highest at the top, which nothing exceeds."""
    assert "▁▂▃▄▅▆▇██" == sparkline([i / 7 for i in range(9)], 1.0)
    assert "▁▁" == sparkline([0.0, 0.0], 0.0)


@given(st.lists(st.integers(0, 50), min_size=3, max_size=3).filter(any), st.integers(0, 40), SIGNS)
def test_bars_are_as_long_as_they_should_be(counts: list[int], columns: int, signs: Glyphs) -> None:
    """Each share is right to one column, together they fill the bar, in the order of polarity."""
    shares = [count / sum(counts) for count in counts]
    bar = shares_bar(shares, columns, signs)

    assert columns == len(bar)
    letters = (signs.negative, signs.neutral, signs.positive)
    assert bar == "".join(sorted(bar, key=letters.index))
    for share, letter in zip(shares, letters, strict=True):
        assert abs(bar.count(letter) - share * columns) < 1


@pytest.mark.parametrize(
    ("encoding", "codeset", "expected"),
    [
        ("utf-8", "UTF-8", UNICODE),
        ("utf8", "utf8", UNICODE),
        ("latin-1", "UTF-8", ASCII),
        ("utf-8", "ANSI_X3.4-1968", ASCII),
    ],
)
def test_signs_are_those_that_can_be_shown(
    monkeypatch: pytest.MonkeyPatch, encoding: str, codeset: str, expected: Glyphs
) -> None:
    """Unicode only if both the stream and the locale have it."""
    monkeypatch.setattr(locale, "nl_langinfo", lambda _item: codeset)

    assert expected is glyphs(io.TextIOWrapper(io.BytesIO(), encoding=encoding))


@given(st.text() | STRANGE, st.integers(2, 40))
def test_wrapped_lines_fit_and_lose_nothing(text: str, columns: int) -> None:
    """No line is wider than asked for, wide characters included, and only blanks go."""
    shown = printable(text)
    lines = list(wrap(shown, columns))

    assert [] == [line for line in lines if width(line) > columns or not line]
    assert "".join(shown.split()) == "".join("".join(lines).split())
