"""Which words and phrases stand out in some tweets against others.

Log-odds ratio with an informative Dirichlet prior (Monroe, Colaresi, Quinn 2008, "Fightin' Words",
equations 16 and 22): how much likelier a word is here than there, both drawn towards what it is in
all of them, in standard errors. A word that is frequent everywhere, as "the", has no score, so no
list of such words is needed; one that came once or twice has none, either, for that may be chance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from monitor.topics.corpus import Bools, Codewords, Corpus, Ints, among, mix
from monitor.topics.words import NO_WORD

Floats: TypeAlias = NDArray[np.float64]

LEAST_SCORE: Final = 3.0
"""Standard errors from which on a term stands out: of a thousand words that come as usual one
does by chance."""
LEAST_RISE: Final = 1.5
"""And so many times as often as usual: of many tweets any small change is more than chance."""
LEAST_TWEETS: Final = 3
LONGEST: Final = 3
"""Words of a phrase."""
MOST: Final = 200
"""Words, and phrases of each length, that are looked at, those with the highest scores."""
_MOSTLY: Final = 0.5
"""A part of a phrase is not shown beside it if in so many of its tweets it is that phrase."""


@dataclass(frozen=True, slots=True)
class Term:
    """A word, a hashtag or a phrase."""

    codes: tuple[int, ...]
    """The numbers of its words, in order."""
    tweets: int
    """How many have it, retweets left out."""
    usually: float
    """How many of as many usual tweets have it."""
    score: float
    """Standard errors of the log-odds ratio."""
    example: int
    """A tweet that has it: its position in the corpus."""

    @property
    def weight(self) -> float:
        """What it says of a tweet that it is in it: its score, as far as it is not usual."""
        return self.score * max(0.0, 1 - self.usually / self.tweets)


@dataclass(frozen=True, slots=True, eq=False)
class _Runs:
    """Runs of so many words, one after another, that may be terms."""

    total: int
    """How many runs there are, of those that are no terms, too."""
    begins: Bools
    """Whether a word begins one [words, but for the last ones]."""
    keys: Codewords
    """A number for each, the same for the same words [runs]."""
    tweets: Codewords
    """In which tweet each stands [runs]."""

    def counted(self) -> tuple[Codewords, Ints]:
        """Return each key, in order, and in how many tweets it stands."""
        pairs = self.keys.astype(np.uint64)
        pairs <<= np.uint64(32)
        pairs |= self.tweets
        pairs.sort()
        keys = (pairs[_are_new(pairs)] >> np.uint64(32)).astype(np.uint32)
        heads = np.flatnonzero(_are_new(keys))
        return keys[heads], np.diff(heads, append=len(keys))

    def first(self, keys: Codewords) -> Ints:
        """Return where each of some of its keys begins first [keys]."""
        order = np.argsort(keys)
        hits = np.flatnonzero(among(self.keys, keys[order]))[::-1]
        begins = np.zeros(len(keys), np.int64)
        # Of several places the first is put last, and stays.
        places = np.flatnonzero(self.begins)[hits]
        begins[order[np.searchsorted(keys[order], self.keys[hits])]] = places
        return begins


def standing_out(window: Corpus, usual: Corpus, besides: frozenset[int]) -> list[list[Term]]:
    """Return the words that stand out, then phrases of two, then of three; the first ones most.

    A phrase begins and ends with a word that stands out by itself.

    Args:
        window: the tweets that are looked at.
        usual: those they are compared with.
        besides: words that are no terms, by number.
    """
    scale = _originals(window) / max(_originals(usual), 1)
    found: list[list[Term]] = []
    edges: Codewords | None = None
    for size in range(1, LONGEST + 1):
        here, there = _runs(window, size, edges), _runs(usual, size, edges)
        scored = _scored(here, there, scale, besides if size == 1 else frozenset())
        found.append([_term(window, size, *one) for one in scored])
        if size == 1:
            edges = np.array(sorted(term.codes[0] for term in found[0]), np.uint32)
    return found


def log_odds(here: Ints, of_here: int, there: Ints, of_there: int) -> Floats:
    """Score terms by how much likelier they are here, in standard errors.

    The prior counts as much as the smaller side, and has the shares of both sides together.

    Args:
        here: how often each term is here [terms].
        of_here: terms here, above 0.
        there: how often each is there [terms].
        of_there: terms there, above 0.
    """
    weight = min(of_here, of_there)
    prior = weight * (here + there) / (of_here + of_there)

    def odds(count: Ints, of: int) -> Floats:
        rest = np.maximum(of + weight - count - prior, 0.5)
        logarithm: Floats = np.log(count + prior) - np.log(rest)
        return logarithm

    error = np.sqrt(1 / (here + prior) + 1 / (there + prior))
    score: Floats = (odds(here, of_here) - odds(there, of_there)) / error
    return score


def largest(found: list[list[Term]]) -> list[Term]:
    """Put words and phrases into one list, a part of a phrase left out where it is mostly that."""
    kept: list[Term] = []
    for terms in reversed(found):
        for term in sorted(terms, key=_rank):
            longer = (other for other in kept if len(other.codes) > len(term.codes))
            if not any(
                _is_part(term, other) and other.tweets >= _MOSTLY * term.tweets for other in longer
            ) and not (len(term.codes) == LONGEST and any(_go_on(term, o) for o in kept)):
                kept.append(term)
    return sorted(kept, key=_rank)


def _rank(term: Term) -> tuple[float, int, tuple[int, ...]]:
    return (-term.score, -term.tweets, term.codes)


def _is_part(term: Term, other: Term) -> bool:
    size = len(term.codes)
    return any(other.codes[i : i + size] == term.codes for i in range(len(other.codes) - size + 1))


def _go_on(term: Term, other: Term) -> bool:
    """Whether two phrases are parts of one that is longer than is looked for."""
    one, two = term.codes, other.codes
    return one[1:] == two[:-1] or two[1:] == one[:-1]


def _originals(corpus: Corpus) -> int:
    """Count the tweets whose words are counted."""
    return int(_counted(corpus).sum())


def _counted(corpus: Corpus) -> Bools:
    """Say which tweets' words are counted: retweets' only if there is nothing else [tweets]."""
    return ~corpus.is_retweet | corpus.is_retweet.all()


def _runs(corpus: Corpus, size: int, edges: Codewords | None) -> _Runs:
    """Find runs of words that begin and end with certain ones; with any, if these are None."""
    words, lengths = corpus.words, np.diff(corpus.first)
    is_word = (words != NO_WORD) & np.repeat(_counted(corpus), lengths)
    count = max(len(words) - size + 1, 0)
    begins = is_word[:count].copy()
    for shift in range(1, size):
        begins &= is_word[shift : shift + count]
    total = int(np.count_nonzero(begins))
    if edges is not None:
        is_edge = among(words, edges)
        begins &= is_edge[:count] & is_edge[size - 1 :]
    keys = words[:count][begins]
    for shift in range(1, size):
        keys = mix(keys).astype(np.uint32) ^ words[shift : shift + count][begins]
    tweets = np.repeat(np.arange(len(corpus), dtype=np.uint32), lengths)[:count][begins]
    return _Runs(total, begins, keys, tweets)


def _are_new(values: NDArray[np.unsignedinteger[Any]]) -> Bools:
    """Say which of some values, in order, are not the same as the one before."""
    new = np.ones(len(values), np.bool_)
    new[1:] = values[1:] != values[:-1]
    return new


def _scored(
    here: _Runs, there: _Runs, scale: float, besides: frozenset[int]
) -> list[tuple[int, int, float, float]]:
    """Return where a term stands first, how many tweets have it, here and usually, and its score.

    Usually is what is counted there times ``scale``.
    """
    if not (here.total and there.total):
        return []
    keys, counts = here.counted()
    frequent = (counts >= LEAST_TWEETS) & ~among(keys, np.array(sorted(besides), np.uint32))
    keys, counts = keys[frequent], counts[frequent]
    known, there_counts = there.counted()
    usual = np.zeros(len(keys), np.int64)
    shared = among(known, keys)
    usual[np.searchsorted(keys, known[shared])] = there_counts[shared]
    scores = log_odds(counts, here.total, usual, there.total)
    usually = scale * usual
    order = np.lexsort((keys, -counts, -scores))
    order = order[((scores >= LEAST_SCORE) & (counts >= LEAST_RISE * usually))[order]][:MOST]
    columns = (here.first(keys[order]), counts[order], usually[order], scores[order])
    return list(zip(*(column.tolist() for column in columns), strict=True))


def _term(
    window: Corpus, size: int, begins: int, tweets: int, usually: float, score: float
) -> Term:
    tweet = int(np.searchsorted(window.first, begins, side="right")) - 1
    codes = tuple(window.words[begins : begins + size].tolist())
    return Term(codes, tweets, usually, score, tweet)
