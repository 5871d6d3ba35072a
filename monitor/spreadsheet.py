"""Text for a cell of a spreadsheet that reads CSV: nothing that it would calculate.

A spreadsheet takes a cell that begins with ``=``, ``+``, ``-`` or ``@`` for a formula, and a
formula can start programs and fetch addresses. Names and texts come from strangers.

Source: OWASP, "CSV Injection".
"""

from __future__ import annotations

import re
from typing import Final

_FORMULA: Final = re.compile("[=+@\t\r\n\uff1d\uff0b\uff0d\uff20-]")
"""What a formula begins with; the full-width forms are as good to East Asian versions."""
_NUMBER: Final = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?", re.ASCII)


def harmless(text: str) -> str:
    """Return a text with an apostrophe before it, if a spreadsheet would calculate it.

    A number stays as it is: it is not calculated, whatever its sign.
    """
    if _FORMULA.match(text) and not _NUMBER.fullmatch(text):
        return f"'{text}"
    return text
