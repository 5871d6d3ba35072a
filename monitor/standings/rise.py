"""What an alert says has risen, in one sentence that is the same wherever it is told."""

from __future__ import annotations

from typing import Final, Protocol

COLUMNS: Final = (
    *("kind", "usual_share", "share", "usual_per_day", "per_day", "tweets", "negatives"),
    *("all_tweets", "all_negatives", "about"),
)
"""Of the table `alerts`."""
_FEW: Final = 20
"""Tweets of which a share in percent would promise too much."""


class Rise(Protocol):
    """What is said of it: `COLUMNS`. Shares are of negative labels, not corrected."""

    @property
    def kind(self) -> str:
        """What has risen: ``share``, ``volume`` or ``both``."""

    @property
    def usual_share(self) -> float:
        """Before."""

    @property
    def share(self) -> float:
        """Since it began, when it was noticed."""

    @property
    def usual_per_day(self) -> float | None:
        """Tweets a day before; None where too little was known."""

    @property
    def per_day(self) -> float | None:
        """Since it began."""

    @property
    def tweets(self) -> int:
        """Since it began, when it was noticed."""

    @property
    def negatives(self) -> int:
        """Of these, as labelled."""

    @property
    def all_tweets(self) -> int | None:
        """Since it began, until now or until it was over; None if they were not read again."""

    @property
    def all_negatives(self) -> int | None:
        """Of these, as labelled."""

    @property
    def about(self) -> str | None:
        """Words that stand out in them; None if no text is stored."""


def risen(rise: Rise) -> str:
    """Say what has risen, and by how much.

    A share is said in any case, for tweets that become more may well be praise. Of few tweets it is
    said as a count.
    """
    usual = f"{100 * rise.usual_share:.0f} %"
    few = rise.tweets < _FEW
    if rise.kind == "share" or not rise.usual_per_day or not rise.per_day:
        if few:
            return f"{rise.negatives} of {rise.tweets} labels negative (usually {usual})"
        return f"negative labels {100 * rise.share:.0f} % instead of {usual}"
    times = rise.per_day / rise.usual_per_day
    part = f"{rise.negatives} of {rise.tweets}" if few else f"{100 * rise.share:.0f} % of the"
    return (
        f"{times:.{0 if times >= 9.95 else 1}f} times as many tweets as usual, {part} labels"
        f" negative (usually {usual})"
    )


def went_on(rise: Rise) -> str:
    """Say how it went on, and what it is about; nothing if nothing is known of that."""
    said = ""
    if rise.all_tweets and rise.all_negatives is not None and rise.all_tweets > rise.tweets:
        share = f"{100 * rise.all_negatives / rise.all_tweets:.0f} % of the labels negative"
        if rise.all_tweets < _FEW:
            share = f"{rise.all_negatives} labels negative"
        said = f"; {rise.all_tweets:,} tweets in all, {share}"
    return f"{said}; what stands out: {rise.about}" if rise.about else said
