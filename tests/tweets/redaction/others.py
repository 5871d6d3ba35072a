"""Invented numbers that point to nobody, in sentences: what redaction should leave alone."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Iterator
from typing import Final

_CURRENCIES: Final = ("$", "€", "£", "¥", "₹")


def _digits(rng: random.Random, count: int) -> str:
    """Draw digits of which the first is no zero."""
    return rng.choice("123456789") + "".join(rng.choice("0123456789") for _ in range(count - 1))


def _isbn13(rng: random.Random) -> str:
    digits = f"978{_digits(rng, 9)}"
    check = -sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits)) % 10
    return f"978-{digits[3]}-{digits[4:6]}-{digits[6:12]}-{check}"


def _bad_card(rng: random.Random) -> str:
    digits = f"4{_digits(rng, 14)}"
    doubled = "".join(
        str(int(digit) * (1 if place % 2 else 2)) for place, digit in enumerate(digits)
    )
    check = (1 - sum(map(int, doubled))) % 10  # one more than the right one
    whole = f"{digits}{check}"
    return " ".join(whole[start : start + 4] for start in range(0, 16, 4))


KINDS: Final[dict[str, Callable[[random.Random], str]]] = {
    "price": lambda r: (
        f"{r.choice(_CURRENCIES)}{r.randrange(1, 9_999_999):,}.{r.randrange(100):02}"
    ),
    "price, the currency behind it": lambda r: (
        f"{r.randrange(1, 10**9):,}".replace(",", " ") + f" {r.choice(_CURRENCIES)}"
    ),
    "count with commas": lambda r: f"{r.randrange(1, 10**10):,} people",
    "count with blanks": lambda r: f"{r.randrange(1, 10**9):,} people".replace(",", " "),
    "count with stops": lambda r: f"{r.randrange(1, 10**9):,} people".replace(",", "."),
    "round count": lambda r: f"{r.randrange(1, 99)}{'0' * r.randrange(6, 12)} times",
    "year": lambda r: f"in {r.randrange(1900, 2100)}",
    "range of years": lambda r: f"{r.randrange(1950, 2010)}-{r.randrange(2010, 2030)}",
    "list of years": lambda r: " ".join(str(r.randrange(1995, 2000) + n) for n in range(5)),
    "model years": lambda r: " ".join(f"{n:02}" for n in range(r.randrange(1, 5), 10)),
    "ISO date": lambda r: f"20{r.randrange(30):02}-{r.randrange(1, 13):02}-{r.randrange(1, 29):02}",
    "ISO timestamp": lambda r: (
        f"2026-{r.randrange(1, 13):02}-{r.randrange(1, 29):02}T"
        f"{r.randrange(24):02}:{r.randrange(60):02}:{r.randrange(60):02}Z"
    ),
    "Unix time": lambda r: str(r.randrange(1_100_000_000, 1_900_000_000)),
    "Unix time in milliseconds": lambda r: str(r.randrange(1_100_000_000_000, 1_900_000_000_000)),
    "date with slashes": lambda r: (
        f"{r.randrange(1, 13):02}/{r.randrange(1, 29):02}/{r.randrange(1990, 2030)}"
        f" {r.randrange(24):02}:{r.randrange(60):02}"
    ),
    "date with stops": lambda r: (
        f"{r.randrange(1, 29):02}.{r.randrange(1, 13):02}.{r.randrange(1990, 2030)}"
        f" {r.randrange(24):02}:{r.randrange(60):02}"
    ),
    "two dates": lambda r: " - ".join(
        f"{r.randrange(1, 29):02}.{r.randrange(1, 13):02}.{r.randrange(1990, 2030)}" for _ in "ab"
    ),
    "date of Twitter": lambda r: (
        f"Mon Mar {r.randrange(1, 29):02} {r.randrange(24):02}:{r.randrange(60):02}:"
        f"{r.randrange(60):02} {r.choice(('+0000', '-0730', '+0530'))} {r.randrange(2008, 2030)}"
    ),
    "opening hours": lambda r: f"0{r.randrange(7, 10)}00-1{r.randrange(10)}30",
    "score": lambda r: " ".join(f"{r.randrange(30)}-{r.randrange(30)}" for _ in range(3)),
    "tweet id": lambda r: r.choice((_digits(r, 17), _digits(r, 18), f"1{_digits(r, 18)}")),
    "order number": lambda r: (
        f"{r.choice(('order', 'ticket', 'ref no.', 'case', 'PNR', 'invoice'))}"
        f" {r.choice(('', '#', 'is '))}{_digits(r, r.randrange(7, 13))}"
    ),
    "number with #": lambda r: f"#{_digits(r, r.randrange(7, 13))}",
    "Amazon order": lambda r: f"{_digits(r, 3)}-{_digits(r, 7)}-{_digits(r, 7)}",
    "flight": lambda r: (
        f"{r.choice(('LH', 'BA', 'UA'))}{r.randrange(1, 9999)} at gate {r.randrange(99)}"
    ),
    "coordinates": lambda r: f"{r.uniform(-90, 90):.6f}, {r.uniform(-180, 180):.6f}",
    "decimal": lambda r: f"{r.random():.10f}",
    "IP address": lambda r: (
        ".".join(str(r.randrange(256)) for _ in range(4)) + f":{r.randrange(65536)}"
    ),
    "ISBN": _isbn13,
    "version": lambda r: ".".join(str(r.randrange(30)) for _ in range(4)),
    "resolution": lambda r: (
        f"{r.randrange(640, 4096)}x{r.randrange(480, 2160)} at {r.randrange(24, 144)} Hz"
    ),
    "UUID": lambda r: str(uuid.UUID(int=r.getrandbits(128), version=4)),
    "points": lambda r: (
        f"+{r.randrange(1, 999_999):,} points, -{r.randrange(100)}.{r.randrange(100)} %"
    ),
    "card, wrong checksum": _bad_card,
}
"""What it is, and how one is drawn."""


def sentences(kind: str, count: int, seed: int = 14) -> Iterator[str]:
    """Put invented numbers of a kind into sentences."""
    rng = random.Random(f"{seed} {kind}")
    for _ in range(count):
        yield f"They said {KINDS[kind](rng)}, or so, at noon."
