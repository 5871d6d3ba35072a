"""``monitor.tweets.streamsafe``: normalization whose time is linear in the length of a text."""

from __future__ import annotations

import sys
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.tweets.streamsafe import MOST_MARKS, nfkc, stream_safe

_JOINER = "\N{COMBINING GRAPHEME JOINER}"
_MARKS = "\u0301\u0323\u0344\u0f73\u3099\uff9e\U0001d165\u1f82\u0345"


def _longest_run(text: str) -> int:
    """Count the most marks in a row, in the decomposed text."""
    longest = here = 0
    for sign in unicodedata.normalize("NFKD", text):
        here = here + 1 if unicodedata.combining(sign) else 0
        longest = max(longest, here)
    return longest


@given(st.text(st.sampled_from(f"{_MARKS}aé\U0001f621 -"), max_size=120))
def test_no_run_is_too_long(text: str) -> None:
    """Whatever the marks, and whatever they decompose into."""
    assert _longest_run(stream_safe(text)) <= MOST_MARKS
    assert text.replace(_JOINER, "") == stream_safe(text).replace(_JOINER, "")


@given(st.text())
def test_what_people_write_is_normalized_as_ever(text: str) -> None:
    """A text without such a run comes out as Unicode says, with nothing put in."""
    if _longest_run(text) < MOST_MARKS // 2:
        assert unicodedata.normalize("NFKC", text) == nfkc(text)


def test_every_mark_counts() -> None:
    """No character of Unicode decomposes into marks and is overlooked."""
    for code in range(sys.maxunicode + 1):
        sign = chr(code)
        if unicodedata.combining(unicodedata.normalize("NFKD", sign)[0]):
            assert _JOINER in stream_safe("a" + sign * (MOST_MARKS + 1)), hex(code)


@pytest.mark.parametrize(
    "text",
    [
        "\u0301" * 16_000 + "\u0323" * 16_000,
        "\u0301\u0323" * 16_000,
        "\uff9e\u0301" * 16_000,
        "\U0001d165\U0001d16e\u0345" * 10_000,
        "\u0344\u0323" * 16_000,
    ],
    ids=ascii,
)
def test_linear_time(text: str) -> None:
    """64 kB of marks in disorder take no longer than so much text has to."""
    began = time.process_time()
    nfkc(text)

    assert time.process_time() - began < 0.3  # unbounded it takes one to two seconds
