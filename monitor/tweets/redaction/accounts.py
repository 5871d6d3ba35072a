"""Bank accounts (IBAN), which a checksum tells from whatever else looks like one.

Sources: ISO 13616 and the IBAN registry of SWIFT, release 101; ISO 7064 (mod 97-10).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

# What follows country and check digits: n digits, a letters, c either.
# fmt: off
_STRUCTURES: Final = {
    "AD": "8n12c", "AE": "19n", "AL": "8n16c", "AT": "16n", "AZ": "4a20c", "BA": "16n",
    "BE": "12n", "BG": "4a6n8c", "BH": "4a14c", "BI": "23n", "BR": "23n1a1c", "BY": "4c4n16c",
    "CH": "5n12c", "CR": "18n", "CY": "8n16c", "CZ": "20n", "DE": "18n", "DJ": "23n", "DK": "14n",
    "DO": "4c20n", "EE": "16n", "EG": "25n", "ES": "20n", "FI": "14n", "FK": "2a12n", "FO": "14n",
    "FR": "10n11c2n", "GB": "4a14n", "GE": "2a16n", "GI": "4a15c", "GL": "14n", "GR": "7n16c",
    "GT": "4c20c", "HN": "4a20n", "HR": "17n", "HU": "24n", "IE": "4a14n", "IL": "19n",
    "IQ": "4a15n", "IS": "22n", "IT": "1a10n12c", "JO": "4a4n18c", "KW": "4a22c", "KZ": "3n13c",
    "LB": "4n20c", "LC": "4a24c", "LI": "5n12c", "LT": "16n", "LU": "3n13c", "LV": "4a13c",
    "LY": "21n", "MC": "10n11c2n", "MD": "2c18c", "ME": "18n", "MK": "3n10c2n", "MN": "16n",
    "MR": "23n", "MT": "4a5n18c", "MU": "4a19n3a", "NI": "4a20n", "NL": "4a10n", "NO": "11n",
    "OM": "3n16c", "PK": "4a16c", "PL": "24n", "PS": "4a21c", "PT": "21n", "QA": "4a21c",
    "RO": "4a16c", "RS": "18n", "RU": "14n15c", "SA": "2n18c", "SC": "4a20n3a", "SD": "14n",
    "SE": "20n", "SI": "15n", "SK": "20n", "SM": "1a10n12c", "SO": "19n", "ST": "21n",
    "SV": "4a20n", "TL": "19n", "TN": "20n", "TR": "6n16c", "UA": "6n19c", "VA": "18n",
    "VG": "4a16n", "XK": "16n", "YE": "4a4n18c",
}
# fmt: on
_CLASSES: Final = {"n": r"\d", "a": "[A-Za-z]", "c": r"[A-Za-z\d]"}
_GAP: Final = "[ .-]?"
# Two letters of their own (or behind "IBAN"), two digits, and enough of what may follow.
_BEGINNING: Final = re.compile(
    rf"([A-Za-z]{{2}})(?={_GAP}\d{_GAP}\d{_GAP}[A-Za-z\d]{{2}}(?:{_GAP}[A-Za-z\d]){{9}})"
    r"(?:(?<![A-Za-z]..)|(?<=(?i:iban)..))"
)
_GAPS: Final = re.compile("[ .-]")
_VALUES: Final = str.maketrans({chr(55 + value): str(value) for value in range(10, 36)})


def find(plain: str) -> Iterator[tuple[int, int, bool]]:
    """Give where what has the form of an account number begins and ends, and whether it is one."""
    done = 0
    for beginning in _BEGINNING.finditer(plain):
        start, country = beginning.start(), beginning[1].upper()
        if start < done or country not in _STRUCTURES:
            continue
        if match := _pattern(country).match(plain, start):
            done = match.end()
            yield start, done, _is_valid(match[0])


@cache
def _pattern(country: str) -> re.Pattern[str]:
    parts = re.findall(r"(\d+)(\w)", _STRUCTURES[country])
    body = "".join(f"(?:{_GAP}{_CLASSES[kind]}){{{count}}}" for count, kind in parts)
    after = r"\d" if parts[-1][1] == "n" else r"[A-Za-z\d]"
    next_one = rf"[A-Za-z]{{2}}{_GAP}\d"
    return re.compile(rf"[A-Za-z]{{2}}(?:{_GAP}\d){{2}}{body}(?:(?!{after})|(?={next_one}))")


def _is_valid(iban: str) -> bool:
    """Check the digits that stand third and fourth: mod 97, with letters as 10 to 35."""
    plain = _GAPS.sub("", iban).upper()
    return int((plain[4:] + plain[:4]).translate(_VALUES)) % 97 == 1
