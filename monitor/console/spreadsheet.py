"""CSV for spreadsheets: lines whose cells stay whole, and nothing that would be calculated.

A spreadsheet takes a cell that begins with ``=``, ``+``, ``-`` or ``@`` for a formula, and a
formula can start programs and fetch addresses. Names and texts come from strangers. Where decimals
have a comma, a spreadsheet divides cells at ``;`` instead, and knows no quotation marks that do not
stand after one: then a line break or a tab in a text begins a cell, too.

Source: OWASP, "CSV Injection".
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import Final

_SIGNS: Final = "=+@\uff1d\uff0b\uff0d\uff20-"
"""What a formula begins with; the full-width forms are as good to East Asian versions."""
_FORMULA: Final = re.compile(rf"^(?=[\t\r\n{_SIGNS}])|(?<=[;\t\r\n])(?=[{_SIGNS}])")
_NUMBER: Final = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?", re.ASCII)


def harmless(text: str) -> str:
    """Return a text with an apostrophe before whatever of it a spreadsheet would calculate.

    A number stays as it is: it is not calculated, whatever its sign.
    """
    return text if _NUMBER.fullmatch(text) else _FORMULA.sub("'", text)


def csv_lines(rows: Iterable[Sequence[object]]) -> str:
    """Write rows as CSV (RFC 4180), each with one line feed at its end.

    A cell with a line break is quoted, a carriage return included: told to end lines with a line
    feed, Python before 3.13 leaves that one bare, and whoever reads it sees two rows.
    """
    out, lines = io.StringIO(), []
    writer = csv.writer(out, lineterminator="\r\n")
    for row in rows:
        writer.writerow(row)
        lines.append(out.getvalue().removesuffix("\r\n") + "\n")
        out.seek(0)
        out.truncate()
    return "".join(lines)
