"""Payment cards: numbers of 13 to 19 digits that an issuer could have given, by their checksum.

Source: ISO/IEC 7812 (issuer numbers; the checksum is Luhn's, annex B).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

# Without the issuer every tenth number of that length would do, a tweet's id among them.
_ISSUERS: Final = (
    r"(?:4|5[0-8]|6|3[47689]|30[0-5]|35|2(?:2[2-9]|[3-6]|7[01])\d|220[0-4]|8[12]|9792)"
)
_CARD: Final = re.compile(
    rf"""(?<!\d)(?<!\d[.:-])(?={_ISSUERS})(?:
    (?P<grouped>
      \d{{4}}(?P<gap>[ .-]{{1,2}}|[ ]-[ ])\d{{4}}(?P=gap)\d{{4}}(?P=gap)\d{{1,4}}
      (?:(?P=gap)\d{{1,3}})?
      | \d{{4}}(?P<wide>[ .-]{{1,2}})\d{{6}}(?P=wide)\d{{4,5}}  # American Express, Diners
    )
    | \d{{13,16}} | [46]\d{{18}}  # other bare ones of 17 to 19 digits are tweets
    )(?!\d|[.:-]\d)""",
    re.VERBOSE,
)


def find(plain: str, start: int, end: int) -> Iterator[tuple[int, int, bool]]:
    """Give where what has the form of a card begins and ends, and whether it is one.

    A form without groups tells nothing: such numbers are given only if they are cards.
    """
    for match in _CARD.finditer(plain, start, end + 2):
        digits = [int(sign) for sign in match[0] if sign.isdigit()]
        is_valid = 13 <= len(digits) <= 19 and any(digits[-6:]) and _is_valid(digits)
        if is_valid or match["grouped"]:
            yield *match.span(), is_valid


def _is_valid(digits: list[int]) -> bool:
    """Compute Luhn's checksum."""
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[-2::-2])
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0
