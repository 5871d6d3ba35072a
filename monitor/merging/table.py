"""What was joined, for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from monitor.console import Glyphs, fit, printable
from monitor.merging.merge import Merged

_NAME: Final = 26
_COLUMNS: Final = ("tweets", "labels", "copies", "dead_letters", "minutes", "alerts")
_TITLES: Final = ("tweets", "labels", "copies", "dead", "minutes", "alerts")
_WIDTHS: Final = (10, 10, 8, 7, 9, 7)


def lines(merged: Sequence[Merged], signs: Glyphs) -> Iterator[str]:
    """Yield a table of what was new in each input, in at most 80 columns."""
    yield fit("new in", _NAME, signs) + "".join(
        title.rjust(width) for title, width in zip(_TITLES, _WIDTHS, strict=True)
    )
    for found in merged:
        name = printable(str(found.path), signs)
        if len(name) > _NAME:  # the end of a path says more than its beginning
            name = printable(found.path.name, signs)
        yield fit(name, _NAME, signs) + "".join(
            f"{getattr(found, column):,}".rjust(width)
            for column, width in zip(_COLUMNS, _WIDTHS, strict=True)
        )
