"""Tells texts in other languages from those that a model reads.

A tweet is taken for one in another language only if that is clear: a text that is refused has no
label, while one that is labelled by mistake is one among many. What is measured with these bounds
stands in docs/decisions/0035-languages.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

from monitor.tweets.entities import Entity, EntityMatcher, Searchable

_MODEL: Final = Path(__file__).with_name("lid.176.ftz")
_MOST: Final = 5
"""Languages that are asked for, the likeliest first."""
_LIKELY: Final = 0.6
"""Probability from which a text is taken for one in another language,"""
_UNLIKELY: Final = 0.1
"""and up to which that of the model's own languages may be."""
_BELIEVED: Final = 0.5
"""Probability of the model's own languages from which a message's ``lang`` is not believed."""
_SURELY: Final = (0.9, 0.02, 20)
"""The same two bounds, and letters at least, if a message says that the model reads it."""
_LETTERS: Final = 8
"""Of Latin script at least; a single word of another script tells its language."""
_LATIN: Final = "\u024f"
"""The last of its letters (Unicode, Latin Extended-B)."""
_CHARACTERS: Final = 400
"""That are looked at, of longer texts the first."""

_NO_TEXT: Final = re.compile(r"https?://\S+|\bhttp\b|@\w+|&\w+;|\brt\b")
_NO_WORDS: Final = re.compile(
    r"[\d_!-&(-,./:-@\[-^`{-~\u00a1-\u00bf\u2010-\u2018\u201a-\u2bff\ufe0f\U0001f000-\U0001faff]"
)
"""Digits, punctuation but for apostrophes and hyphens, symbols, emoji."""
_CODE: Final = re.compile(r"([a-z]{2,3})(?:[-_].*)?")
_NO_LANGUAGE: Final = frozenset(
    {"und", "mul", "mis", "zxx", "art", "qam", "qct", "qht", "qme", "qst", "unk", "nan", "nil"}
)
"""ISO 639-2's codes for no language, those of X (Twitter) for tweets without words, and what data
frames write."""
_CODES: Final = frozenset(
    (  # noqa: SIM905  (a list would take 190 lines)
        "aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv "
        "cy da de dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr "
        "ht hu hy hz ia id ie ig ii ik in io is it iu iw ja ji jv jw ka kg ki kj kk kl km kn ko kr "
        "ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mo mr ms mt my na nb nd ne ng "
        "nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg sh si sk "
        "sl sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve "
        "vi vo wa wo xh yi yo za zh zu "
    ).split()
)
"""ISO 639-1, with retired codes that are still sent (X writes ``in`` and ``iw``). What else has two
letters is a country (``us``, ``gb``) or a mistake, and says nothing."""
_TWO_LETTERS: Final = {"eng": "en"}
"""Of ISO 639-3's codes those of languages that a model here reads."""


@cache
def detector() -> Any | None:  # noqa: ANN401  (the library has no types)
    """Load what tells languages apart, some 30 ms; None where the library is not installed."""
    try:
        import fasttext

        return fasttext.load_model(str(_MODEL))
    except (ImportError, OSError, ValueError):  # not there, of another C library, or damaged
        return None


class Languages:
    """Those that a model reads."""

    def __init__(self, read: Sequence[str], entities: Sequence[Entity] = ()) -> None:
        """Prepare.

        Args:
            read: ISO 639-1 codes, at least one.
            entities: those configured, whose names say nothing about the language.

        Raises:
            ValueError: if no text can be searched for the entities (`EntityMatcher`).
        """
        self._read = frozenset(read)
        self._matcher = EntityMatcher(entities) if entities else None

    def other(self, text: str, lang: str | None = None, names: Iterable[str] = ()) -> str | None:
        """Name the language of a text that is in none of these.

        Args:
            text: of a tweet.
            lang: what its message says of it, if it does.
            names: of entities that are not configured, to be left out of account.

        Returns:
            An ISO 639 code; None for a text that the model reads, or whose language is not clear.
        """
        said = _code(lang)
        elsewhere = said is not None and said not in self._read
        # As of most tweets, whatever they name. Where a message says otherwise an English name
        # must not make the rest English.
        if not elsewhere and self._own(_found(_words(text))) >= _BELIEVED:
            return None
        words = _words(self._without_names(text, names))
        letters = sum(map(str.isalpha, words))
        if not letters:
            return None
        found = _found(words)
        own = self._own(found)
        if elsewhere:
            # Of a word or two the detector knows less than who has seen the account.
            return None if own >= _BELIEVED else said
        likely, unlikely, least = _SURELY if said else (_LIKELY, _UNLIKELY, _LETTERS)
        if letters < least and (said or max(words) <= _LATIN):
            return None
        code = max(found, key=lambda code: found[code], default="")
        return code if found.get(code, 0.0) >= likely and own <= unlikely else None

    def _own(self, found: Mapping[str, float]) -> float:
        """Add up the probabilities of the languages that the model reads."""
        return sum(p for code, p in found.items() if code in self._read)

    def _without_names(self, text: str, names: Iterable[str]) -> str:
        """Leave out names, which say nothing about the language."""
        text = text[:_CHARACTERS]
        if self._matcher:
            searched = Searchable(text)
            kept, end = [], 0
            for start, stop, _ in self._matcher.locate(searched):
                kept.append(searched.text[end:start])
                end = max(end, stop)
            text = " ".join([*kept, searched.text[end:]])
        text = text.lower()
        for name in filter(None, names):
            text = text.replace(name.lower(), " ")
        return text


def _words(text: str) -> str:
    """Leave out addresses, digits and signs."""
    return " ".join(_NO_WORDS.sub(" ", _NO_TEXT.sub(" ", text[:_CHARACTERS].lower())).split())


def _code(lang: str | None) -> str | None:
    """Read a language tag's language (RFC 5646), if it names one."""
    match = _CODE.fullmatch(lang.lower()) if lang else None
    if match is None or match[1] in _NO_LANGUAGE or (len(match[1]) == 2 and match[1] not in _CODES):
        return None
    return _TWO_LETTERS.get(match[1], match[1])


def _found(words: str) -> dict[str, float]:
    """Return the likeliest languages of words, with their probabilities."""
    model = detector()
    if model is None:
        return {}
    labels, probabilities = model.predict(words, k=_MOST)
    return {
        label.removeprefix("__label__"): p for label, p in zip(labels, probabilities, strict=True)
    }
