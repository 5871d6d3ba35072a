"""E-mail addresses, links and mentions."""

from __future__ import annotations

import re
from typing import Final

from monitor.tweets.masking import replace_emails, replace_links
from monitor.tweets.redaction import spelled
from monitor.tweets.redaction.draft import MaskedText


def mask(draft: MaskedText) -> None:
    """Mask addresses, links and mentions in a text."""
    # In this order, no step makes anything that an earlier one would take.
    draft.plain = replace_emails(draft.plain, draft.by("<email>"))
    spelled.mask(draft)
    mask_links(draft)
    if "@" in draft.plain:
        draft.plain = _MENTION.sub(draft.by("@user"), draft.plain)


def mask_links(draft: MaskedText) -> None:
    """Mask links alone, which may begin where a number has been taken out."""
    draft.plain = replace_links(draft.plain, draft.by("<link>"))


# A handle of the Fediverse, Bluesky or Instagram may have stops and hyphens in it. What follows as
# a sentence ("@bob.Great") or a number ("@5.50") is no part of it, unless it ends as a domain does.
_MENTION: Final = re.compile(
    r"(?:@\w++"
    r"(?:(?:[.-][A-Za-z\d_-]++)*\.(?i:com|org|net|social|app|dev|io|me|online|info)(?![\w-]))?+"
    r"(?:[.-][a-z_]\w*+(?:[.-][a-z\d_]\w*+)*+)?+)++"
)
