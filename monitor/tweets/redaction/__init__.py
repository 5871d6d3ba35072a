"""Mask what points to people in what is kept: mentions, addresses, links, numbers.

docs/privacy.md says what is found, what is not, and how often that is wrong.
"""

from __future__ import annotations

from monitor.tweets.redaction import addresses, numbers
from monitor.tweets.redaction.draft import MaskedText

__all__ = ["has_address", "redact"]


def redact(text: str, closely: int = numbers.CLOSELY) -> str:
    """Mask what points to people; every other character stays as it is.

    Mentions become ``@user``, links ``<link>``, e-mail addresses ``<email>``, telephone numbers
    ``<phone>``, bank accounts (IBAN) ``<iban>`` and payment cards ``<card>``. Hashtags, prices,
    dates, scores and ids stay. They are looked for in a plain copy of the text, so that invisible
    characters, digits of other scripts and typographic spaces, dashes and signs hide nothing.

    Redacting twice changes nothing more, and the time is linear in the length of the text. Of a
    text that consists of numbers (more than ``closely`` characters of them), the rest becomes
    ``<number>``; of one that is longer than `draft.LONGEST`, or has more than `draft.CROWDED`
    signs of addresses, the beginning is kept.
    """
    draft = MaskedText(text)
    addresses.mask(draft)
    if numbers.mask(draft, closely):
        addresses.mask_links(draft)  # again, for what was glued to a number
    return draft.finished()


def has_address(text: str) -> bool:
    """Whether there is an address, a link or a mention in a text; numbers do not count."""
    draft = MaskedText(text)
    addresses.mask(draft)
    return draft.finished() != text
