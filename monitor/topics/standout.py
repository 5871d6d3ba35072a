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

from monitor.topics.corpus import Bools, Corpus, Ints, Keys, mix
from monitor.topics.words import NO_WORD

Floats: TypeAlias = NDArray[np.float64]

LEAST_SCORE: Final = 3.0
"""Standard errors from which on a term stands out: of a thousand words that come as usual one
does by chance."""
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


@dataclass(frozen=True, slots=True)
class _Grams:
    """Runs of so many words in a corpus, retweets left out: they repeat what others wrote."""

    keys: Keys
    """A number for each run, the same for the same words [words]; 0 where none begins."""
    tweets: Ints
    """Where it stands [words]."""

    @property
    def total(self) -> int:
        """How many there are."""
        return int(np.count_nonzero(self.keys))

    def counted(self, among: Keys | None = None) -> tuple[Keys, Ints]:
        """Count in how many tweets each stands, of all or ``among`` some (sorted)."""
        chosen = self.keys != 0
        if among is not None:
            chosen &= _among(self.keys, among)
        keys, tweets = self.keys[chosen], self.tweets[chosen]
        order = np.argsort(keys, kind="stable")  # tweets are in order already
        keys, tweets = keys[order], tweets[order]
        again = (keys[1:] == keys[:-1]) & (tweets[1:] == tweets[:-1])
        kept = keys[np.append(True, ~again)] if len(keys) else keys
        return np.unique(kept, return_counts=True)


def standing_out(window: Corpus, usual: Corpus, besides: frozenset[int]) -> list[list[Term]]:
    """Return the words that stand out, then phrases of two, then of three; the first ones most.

    A phrase begins and ends with a word that stands out by itself.

    Args:
        window: the tweets that are looked at.
        usual: those they are compared with.
        besides: words that are no terms, by number.
    """
    here, there = _grams(window), _grams(usual)
    found: list[list[Term]] = []
    scale = _originals(window) / max(_originals(usual), 1)
    edges: Keys = np.zeros(0, np.uint64)
    for size in range(1, LONGEST + 1):
        if size > 1:
            here, there = _longer(here, window, size), _longer(there, usual, size)
        candidates = _between(here, window, size, edges) if size > 1 else here
        totals = here.total, there.total
        terms = _scored(candidates, there, totals, besides if size == 1 else frozenset())
        found.append([_term(window, size, scale, *one) for one in terms])
        if size == 1:
            edges = np.array(sorted(term.codes[0] for term in found[0]), np.uint64)
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
    """Count the tweets that `_grams` takes the words of."""
    return int((~corpus.is_retweet).sum()) or len(corpus)


def _grams(corpus: Corpus) -> _Grams:
    """Take the words of all tweets but retweets; of retweets alone, if there is nothing else."""
    keys, tweets = corpus.words.astype(np.uint64), corpus.tweet_of_words()
    if not corpus.is_retweet.all():
        keys[corpus.is_retweet[tweets]] = 0
    return _Grams(keys, tweets)


def _longer(shorter: _Grams, corpus: Corpus, size: int) -> _Grams:
    """Make runs longer by a word."""
    before, words = shorter.keys[:-1], corpus.words[size - 1 :]
    keys = mix(before) ^ words
    keys[(before == 0) | (words == NO_WORD)] = 0
    return _Grams(keys, shorter.tweets[:-1])


def _between(grams: _Grams, corpus: Corpus, size: int, edges: Keys) -> _Grams:
    """Leave out what does not begin and end with certain words."""
    is_edge = _among(corpus.words, edges)
    inside = is_edge[: len(grams.keys)] & is_edge[size - 1 :]
    return _Grams(np.where(inside, grams.keys, np.uint64(0)), grams.tweets)


def _scored(
    here: _Grams, there: _Grams, totals: tuple[int, int], besides: frozenset[int]
) -> list[tuple[int, int, int, float]]:
    """Return where a term stands first, how many tweets have it here and there, and its score."""
    if not all(totals):
        return []
    keys, counts = here.counted()
    frequent = (counts >= LEAST_TWEETS) & ~np.isin(keys, np.array([*besides], np.uint64))
    keys, counts = keys[frequent], counts[frequent]
    usual = np.zeros(len(keys), np.int64)
    known, usually = there.counted(keys)
    usual[np.searchsorted(keys, known)] = usually
    scores = log_odds(counts, totals[0], usual, totals[1])
    order = np.lexsort((keys, -counts, -scores))[:MOST]
    order = order[scores[order] >= LEAST_SCORE]
    begins = _begins(here.keys, keys[order])
    columns = (begins, counts[order], usual[order], scores[order])
    return list(zip(*(column.tolist() for column in columns), strict=True))


def _term(
    window: Corpus, size: int, scale: float, begins: int, tweets: int, usual: int, score: float
) -> Term:
    tweet = int(np.searchsorted(window.first, begins, side="right")) - 1
    codes = tuple(window.words[begins : begins + size].tolist())
    return Term(codes, tweets, scale * usual, score, tweet)


def _begins(keys: Keys, wanted: Keys) -> Ints:
    """Return where each of some keys, all of which are there, stands first [wanted]."""
    order = np.argsort(wanted)
    places = np.flatnonzero(_among(keys, wanted[order]))[::-1]
    begins = np.zeros(len(wanted), np.int64)
    begins[order[np.searchsorted(wanted[order], keys[places])]] = places  # the first is put last
    return begins


def _among(keys: NDArray[np.unsignedinteger[Any]], wanted: Keys) -> Bools:
    """Return which keys are among some others, sorted [keys]."""
    if not len(wanted):
        return np.zeros(len(keys), np.bool_)
    places = np.searchsorted(wanted, keys).clip(max=len(wanted) - 1)
    return wanted[places] == keys
