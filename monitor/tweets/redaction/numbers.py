"""Which chains of digits are bank accounts, payment cards or telephone numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from monitor.tweets.redaction import accounts, cards, phones
from monitor.tweets.redaction.draft import Finding, MaskedText, without

CLOSELY: Final = 256
"""How many characters of chains are looked at closely in one text, so that none takes long.

A tweet has 280 characters. Of a text that is made of numbers, the rest is masked unseen.
"""

CLOSELY_IN_NAMES: Final = 32
"""As `CLOSELY`, of a name: a message may give sixteen of them."""

# Seven digits that nothing but gaps divides: less is no number of a person.
_HINT: Final = re.compile(r"\d(?:[ ./()-]{0,3}+\d){6}")
_CHAIN: Final = re.compile(r"\d(?:[ ./()-]{0,3}+\d){6}(?:[ ./()-]{0,3}\d++)*+")


def mask(draft: MaskedText, closely: int = CLOSELY) -> bool:
    """Mask the numbers in a text, and say whether there were any.

    Args:
        draft: the text.
        closely: how many characters of chains are looked at, as `CLOSELY`.
    """
    found = find(draft.plain, closely) if _HINT.search(draft.plain) else []
    if found:
        draft.mask(found)
    return bool(found)


def find(plain: str, closely: int = CLOSELY) -> list[Finding]:
    """Find the numbers in a text of plain characters, in order."""
    return sorted(_findings(plain, closely))


def _findings(plain: str, closely: int) -> Iterator[Finding]:
    # What has the form of an account or a card is no telephone number, whether it is valid or not.
    ibans = [*accounts.find(plain)]
    yield from ((start, end, "<iban>") for start, end, is_valid in ibans if is_valid)
    plain = without(plain, ((start, end) for start, end, _ in ibans))
    looked_at = 0
    for chain in _CHAIN.finditer(plain):
        start, end = chain.span()
        looked_at += end - start
        if looked_at > closely:
            yield start, len(plain), "<number>"
            return
        forms = [*cards.find(plain, start, end)]
        yield from ((first, last, "<card>") for first, last, is_valid in forms if is_valid)
        rest = without(plain, ((first, last) for first, last, _ in forms)) if forms else plain
        for first, last, _ in (*forms, (end, end, False)):
            yield from ((*phone, "<phone>") for phone in phones.find(rest, start, first))
            start = last
