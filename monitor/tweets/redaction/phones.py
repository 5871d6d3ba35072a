"""Telephone numbers, by the ways in which people write them.

A library of numbering plans (phonenumbers) would need to know the country: asked for fifty of them
it takes 5 ms a tweet, and over a second for a text made to be slow. So this is a grammar, and the
library is what tests/tweets/redaction measures it with.

Source: ITU-T E.164 (country code and number together have at most 15 digits), E.123 (notation).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_GAP: Final = "(?:[ ]{1,2}|[ ]?[./-][ ]?)"
_LOOSE: Final = "(?:[ ./()-]{0,2}|[ ][/-][ ])"

# The digits after "+" or "00". A country code begins with no 0; those of one digit, 1 and 7, are
# followed by ten. What of the others always has one length keeps a number after it apart.
_COUNTRY: Final = rf"""(?:
    [17](?:{_LOOSE}\d){{10}}
    | [2-9]\d{{1,2}}[ ]?\(0\)(?:{_LOOSE}\d){{7,11}}  # a zero that is not dialled from abroad
    | (?:33|34|48|61|66|84|237|244|251|254|255|256|258|380|966|967|998)(?:{_LOOSE}\d){{9}}
    | (?:44|90|91|92|98|63|57|964)(?:{_LOOSE}\d){{10}}
    | [2-9]\d{{7,14}}(?!\d) | [2-9](?:{_LOOSE}\d){{7,12}}
)"""

# Without country code or leading zero: how many digits stand together. One line a habit.
_SHAPES: Final = (
    r"(?:[18] )?\d{3} \d{3} \d{4}",  # North America, Colombia, Italy, India; toll-free
    r"[78] \d{3} \d{3} \d{2} \d{2}",  # Russia
    r"8 \d{2} \d{3} \d{2} \d{2}",  # Uzbekistan
    r"[5-9]\d{2} \d{3} \d{2} \d{2}",  # Turkey, Russia
    r"\d{2} \d{3} \d{2} \d{2}",  # Ukraine, Uzbekistan
    r"[5-9]\d{2} \d{2} \d{2} \d{2}",  # Spain
    r"[5-9]\d{2}[ ]\d{3}[ ]\d{3}",  # Spain, Poland, Peru, Angola; with stops it is thousands
    r"\d{3}-\d{3}-\d{3}",
    r"1[3-9]\d \d{4} \d{4}",  # China
    r"\d{2} \d{4} \d{4}",  # Mexico, Brazil, Argentina
    r"\d{2} 9\d{4} \d{4}",  # Brazil
    r"[6-9]\d{4} \d{5}",  # India
    r"[6-9]\d{3} \d{3} \d{3}",  # India
    r"[6-9]\d{3} \d{6}",
    r"[3-9]\d{2} \d{7}",  # Italy, Nepal
    r"1[3-9]00 \d{3} \d{3,4}",  # toll-free
    r"8[2-9] \d{3} \d{4}",  # Mozambique
    r"[26] [2-9]\d \d{2} \d{2} \d{2}",  # Cameroon
    r"0\d \d{3} \d{3}",  # Myanmar, Yemen
    r"0\d{2} \d{5}",  # Congo
)
_SHAPE: Final = re.sub(r"(?<!\[) (?!\])", _GAP.replace("/", ""), "|".join(_SHAPES))
_BARE: Final = (
    "[36-9]\\d{9}"  # India, Italy, Colombia
    "|[1-9]{2}9\\d{8}"  # Brazil
    "|1[3-9]\\d{9}"  # China
    "|[78]9\\d{9}"  # Russia
    "|(?:91[6-9]|52[1-9]|62?8|63?9|92?3)\\d{9}"
    "|447\\d{9}|491[5-7]\\d{8,9}|55\\d{2}9\\d{8}|234[789]\\d{9}|8801\\d{9}"
)
# A number that goes on from or into another is none, and stays so when the other is a mark.
_MASKED: Final = "<(?:number|phone|card|iban)>"
_APART: Final = (
    r"(?<![A-Za-z_\d$€£¥₹])(?<!\d[.:-])"
    "(?<!<number>[.:-])(?<!<phone>[.:-])(?<!<card>[.:-])(?<!<iban>[.:-])"
)
_PHONE: Final = re.compile(
    rf"""(?:(?:\((?=[+0]\d{{0,5}}\)))?(?:
      (?P<plus>(?<!\+)\+[ ]?{_COUNTRY})
      | {_APART}(?P<zeros>(?:00|011(?!\d{{8}}(?!\d))|0011|8[ -]10){_LOOSE}{_COUNTRY})
      | {_APART}(?P<trunk>0(?!00)(?:(?:{_GAP}|\)[ -]?|[ ]?\()?\d){{8,12}})
    )
    | (?P<area>(?<!\))(?:{_APART}[18][ .-]?)?
        \((?!(?:19|20)\d\d\))\d{{2,5}}\)(?:{_GAP}?\d){{5,9}})
    | {_APART}(?:(?P<shape>{_SHAPE}) | (?P<bare>{_BARE}))
    )
    (?:[ ,;]{{0,2}}(?:x|ext\.?|extension|extn)[ .:]{{0,2}}\d{{1,6}})?
    (?!\d|[.:-](?:\d|{_MASKED})|[ ]?[€$£¥₹%](?![ ]?\d))
    (?(plus)|(?(area)|(?![A-Za-z_])))
    """,
    re.VERBOSE | re.IGNORECASE,
)
_LOOK_AHEAD: Final = 16  # an extension

# What has the form of a number, too.
_YEAR: Final = "(?:19|20)\\d\\d"
_OTHER: Final = re.compile(
    rf"""(?:0[./-])  # decimals, ISBN
    | (?:.*(?<!\d)(?:\d\d?[./ -]){{2}}{_YEAR}(?!\d))  # dates
    | (?:{_YEAR}(?P<gap>[./-])\d\d?(?P=gap)\d\d?(?!\d))
    | (?:(?:\d\d[./-]){{2}}\d\d(?![./-]?\d))
    | (?:[012]\d[0-5]\d[ ]?-[ ]?[012]\d[0-5]\d(?!-?\d))  # opening hours
    | (?:.*(?<!\d)[012]\d\.[0-5]\d[ ]?-[ ]?[012]\d\.[0-5]\d(?!\d))
    | (?:.*(?<!\d){_YEAR}[ ./-]{{1,3}}{_YEAR}(?!\d))  # years
    | (?:[1-9]\d*(?:[ ]?0{{3}})+$)  # thousands
    | (?:(?:0\d[ ]){{3,}})  # years of cars, days
    """,
    re.VERBOSE,
)
_CUE: Final = re.compile(
    r"(?:(?<![A-Za-z])(?:call|tel|telephone|phone|ph|mob|mobile|cell|cel|text|txt|sms|whats\W?app|fax|dial"
    r"|ring|contact|hotline|helpline|telefon|handy|t[eé]l|тел|hub)s?\b|[☎☏📞📱✆])"
    r"(?:[ .:=-]{0,3}\b(?:me|us|him|her|them|at|on|no|nr|num|number|is|now|or|to)\b){0,4}"
    r"[ .:=(-]{0,4}\Z",
    re.IGNORECASE,
)
_LABEL: Final = re.compile(
    r"(?:(?<![A-Za-z])(?:order|ticket|ref|reference|id|case|invoice|tracking|tweet|status|serial|isbn|imei|sku"
    r"|item|article|part|transaction|booking|reservation|flight|pnr|train|build|version|vin|awb"
    r"|complaint|request|code|account|a/c)\b"
    r"(?:[ .:=#№-]{0,3}\b(?:no|nr|num|number|id|is|was)\b){0,3}"
    r"[ .:=-]{0,4}[#№]?|[#№])[ ]?\Z",
    re.IGNORECASE,
)
_GOES_ON: Final = re.compile(rf":(?:\d|{_MASKED})")
_LOOK_BACK: Final = 48


def find(plain: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Give where numbers begin and end.

    Args:
        plain: a text in plain characters.
        start: where a chain of at least seven digits begins.
        end: where it ends.
    """
    head = end  # of the chain, before the first number with a form of its own
    for match in _PHONE.finditer(plain, max(start - 2, 0), end + _LOOK_AHEAD):
        if match.start() < end and not _is_other(plain, match):
            head = min(head, match.start())
            yield match.span()
    head = start + len(plain[start:head].rstrip(" ./()-"))
    if _is_called(plain, start, head):
        yield start, head


def _is_other(plain: str, match: re.Match[str]) -> bool:
    """Whether what has the form of a number is a date, a price or the like."""
    if match["plus"] or match["zeros"]:
        return False
    if _OTHER.match(match[0]):
        return True
    before = max(match.start() - _LOOK_BACK, 0)
    return match[0].isdigit() and bool(_LABEL.search(plain, before, match.start()))


def _is_called(plain: str, start: int, end: int) -> bool:
    """Whether the words before say that it is a number, which may then have any form."""
    chain = plain[start:end]
    return (
        7 <= sum(map(str.isdigit, chain)) <= 15
        and not _OTHER.match(chain)
        and not _GOES_ON.match(plain, end)
        and bool(_CUE.search(plain, max(start - _LOOK_BACK, 0), start))
    )
