"""Invented telephone numbers of the fifty largest countries, in the ways people write them.

The library phonenumbers says which digits a country gives out and how it groups them. The numbers
are drawn by chance among those; who has one of them is not known here.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberFormat, PhoneNumberType

COUNTRIES: Final = (
    *("IN", "CN", "US", "ID", "PK", "NG", "BR", "BD", "RU", "ET", "MX", "JP", "EG", "PH", "CD"),
    *("VN", "IR", "TR", "DE", "TH", "TZ", "GB", "FR", "ZA", "IT", "KE", "MM", "CO", "SD", "KR"),
    *("UG", "DZ", "ES", "IQ", "AR", "AF", "YE", "CA", "PL", "AO", "UA", "MA", "UZ", "MY", "PE"),
    *("SA", "GH", "MZ", "NP", "CM"),
)
"""By population (UN, World Population Prospects 2024)."""
_KINDS: Final = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE)


class Written(NamedTuple):
    """A number as somebody may write it."""

    country: str
    way: str
    text: str


def _format(number: PhoneNumber, form: int) -> str:
    return str(phonenumbers.format_number(number, form))


def _international(number: PhoneNumber) -> str:
    return _format(number, PhoneNumberFormat.INTERNATIONAL)


def _national(number: PhoneNumber) -> str:
    return _format(number, PhoneNumberFormat.NATIONAL)


def _digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))


def _prefix(number: PhoneNumber) -> str:
    """What is dialled before a number within its country: 0, 8, 01 or nothing."""
    return _digits(_national(number)).removesuffix(
        str(phonenumbers.national_significant_number(number))
    )


def _with_area(number: PhoneNumber) -> str:
    """Put the zero that is not dialled from abroad into brackets."""
    country, _, rest = _international(number).partition(" ")
    return f"{country} (0) {rest}" if _prefix(number) == "0" else f"{country} {rest}"


def _shifted(text: str, zero: str) -> str:
    return "".join(chr(ord(zero) + int(sign)) if sign.isdigit() else sign for sign in text)


def _joined(text: str, sign: str) -> str:
    return sign.join(_national_groups(text))


def _national_groups(text: str) -> list[str]:
    return "".join(sign if sign.isdigit() else " " for sign in text).split()


WAYS: Final[dict[str, Callable[[PhoneNumber], str]]] = {
    "+49 170 1234567": _international,
    "+491701234567": lambda n: _format(n, PhoneNumberFormat.E164),
    "+49-170-1234567": lambda n: "+" + _joined(_international(n), "-"),
    "+49.170.1234567": lambda n: "+" + _joined(_international(n), "."),
    "+49 (0) 170 1234567": _with_area,
    "(+49) 170 1234567": lambda n: "(+{}) {}".format(*_international(n)[1:].split(" ", 1)),
    "0049 170 1234567": lambda n: "00" + _international(n)[1:],
    "00491701234567": lambda n: "00" + _digits(_international(n)),
    "011 49 170 1234567": lambda n: "011 " + _international(n)[1:],
    "as the country writes it": _national,
    "with hyphens": lambda n: _joined(_national(n), "-"),
    "with stops": lambda n: _joined(_national(n), "."),
    "with blanks": lambda n: _joined(_national(n), " "),
    "with no-break spaces": lambda n: _joined(_national(n), "\u00a0"),
    "with non-breaking hyphens": lambda n: _joined(_national(n), "\u2011"),
    "with en dashes": lambda n: _joined(_national(n), "\u2013"),
    "with zero-width spaces": lambda n: "\u200b".join(_national(n)),
    "full-width": lambda n: _shifted(_national(n), "\N{FULLWIDTH DIGIT ZERO}"),
    "Arabic-Indic": lambda n: _shifted(_national(n), "\N{ARABIC-INDIC DIGIT ZERO}"),
    "Devanagari": lambda n: _shifted(_international(n), "\N{DEVANAGARI DIGIT ZERO}"),
    "as a tel: link": lambda n: _format(n, PhoneNumberFormat.RFC3966),
    "with an extension": lambda n: f"{_international(n)} x123",
    "digits only": lambda n: _digits(_national(n)),
    "digits only, after a word": lambda n: f"call me: {_digits(_national(n))}",
}
"""What it is called, and how a number is written so."""

ABROAD: Final = (*(way for way in WAYS if "49" in way), "Devanagari", "with an extension")
"""Those with a country code."""


def numbers(country: str, count: int, seed: int = 14) -> Iterator[PhoneNumber]:
    """Draw valid numbers of a country, mobile and fixed in turn."""
    rng = random.Random(f"{seed} {country}")
    for number in range(count):
        kind = _KINDS[number % len(_KINDS)]
        example = phonenumbers.example_number_for_type(country, kind)
        assert example is not None
        digits = str(phonenumbers.national_significant_number(example))
        for _ in range(10_000):
            kept = rng.randrange(1, 4)
            drawn = digits[:kept] + "".join(rng.choice("0123456789") for _ in digits[kept:])
            parsed = phonenumbers.parse(f"+{example.country_code}{drawn}", None)
            if phonenumbers.is_valid_number_for_region(parsed, country):
                yield parsed
                break
        else:
            yield example


def written(count: int, seed: int = 14) -> Iterator[Written]:
    """Write ``count`` numbers of each country in each of the ways."""
    for country in COUNTRIES:
        for number in numbers(country, count, seed):
            for way, write in WAYS.items():
                yield Written(country, way, write(number))
