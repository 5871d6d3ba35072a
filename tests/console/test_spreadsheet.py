"""CSV lines: what is written is read again."""

from __future__ import annotations

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from monitor.console import csv_lines

ROWS = st.lists(
    st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), min_size=2)
)


@given(ROWS)
def test_cells_stay_whole(rows: list[list[str]]) -> None:
    """Whatever line breaks, quotes and commas are in them."""
    assert rows == list(csv.reader(io.StringIO(csv_lines(rows), newline="")))


def test_a_line_ends_with_a_line_feed() -> None:
    """As other programs on a board write them; a carriage return within a cell is quoted."""
    assert 'a,"b\rc"\nd,e\n' == csv_lines([["a", "b\rc"], ["d", "e"]])
