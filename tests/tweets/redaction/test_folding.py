"""A text in plain characters, and where they come from."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from monitor.tweets.redaction.folding import fold, places

SPECIAL = "a@\u0301\u200b\u3164\uff20\ufe0f\U000e01ef\U000e0200\U000f0000\U0010ffff\ud800\U0001d7d8"


@given(st.text(st.characters() | st.sampled_from(SPECIAL)))
def test_places_tell_where_a_character_comes_from(text: str) -> None:
    """One place for each character, in order; alone, the character there folds to the same."""
    folded, found = fold(text), places(text)

    assert len(folded) == len(found)
    assert [*found] == sorted(set(found))
    assert folded == "".join(fold(text[place]) for place in found)
