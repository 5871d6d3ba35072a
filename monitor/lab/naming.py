"""A name as a text writes it: as it is, as a handle or hashtag, or with a possessive."""

import re


def written(name: str, sigil: str = "", possessive: bool = False) -> str:
    """Return ``name`` in a text's way, such as "@VeloriaAir" or "Veloria Air's".

    Args:
        name: the name alone.
        sigil: ``@`` of a handle or ``#`` of a hashtag, which have no spaces; may be empty.
        possessive: whether something is said to be the name's own. The sigil has no say then.
    """
    if possessive:
        return name + ("'" if name.endswith("s") else "'s")
    return sigil + re.sub(r"\W", "", name) if sigil else name
