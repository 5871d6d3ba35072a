"""Labelling in a terminal: a tweet, a key, the next tweet."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from typing import Final

from monitor.console import Glyphs, printable, wrap
from monitor.labelling.sample import Mode, SampledTweet
from monitor.labelling.session import LabellingSession
from monitor.labelling.worth import MORE, Worth
from monitor.periods import epoch
from monitor.standings.owner import LEAST
from monitor.store.owner_labels import CANNOT_TELL, NOT_ABOUT_IT
from monitor.tweets import NO_ENTITY
from monitor.zones import minute

ANSWERS: Final = {
    "1": "negative",
    "2": "neutral",
    "3": "positive",
    "4": CANNOT_TELL,
    "5": NOT_ABOUT_IT,
}
"""By key. Digits, for they lie in a row on every keyboard."""
_BACK: Final = (b"b", b"B", b"\x7f", b"\x08", b"\x1b[D", b"\x1bOD")
"""b, Backspace, the arrow to the left."""
_QUIT: Final = (b"q", b"Q", b"\x1b", b"\x04")
"""q, Escape, Ctrl-D."""
_HELP: Final = "1 negative  2 neutral  3 positive  4 cannot tell  5 not about it  b back  q quit"
_EVERY: Final = 10
"""Answers after which it is said what they are worth so far."""
_LONGEST: Final = 1_000
"""Characters of a text that are shown."""
_LEAST_COLUMNS: Final = 40


def run(
    session: LabellingSession,
    estimate: Callable[[], Worth],
    entity: str,
    mode: Mode,
    key: Callable[[], bytes],
    say: Callable[[str], object],
    signs: Glyphs,
) -> None:
    """Ask until there is no more, or q.

    Args:
        session: what is asked.
        estimate: returns what all answers say so far.
        entity: '' for tweets as a whole.
        mode: how the tweets were drawn.
        key: waits for a key.
        say: writes a line.
        signs: what the terminal can show.

    Raises:
        sqlite3.Error: an answer could not be written; those before are.
    """
    columns = max(shutil.get_terminal_size().columns - 1, _LEAST_COLUMNS)
    say(_question(entity, signs))
    say(_HELP)
    while (tweet := session.tweet) is not None:
        say("")
        for line in _shown(session, tweet, columns, signs):
            say(line)
        if not _moved(session, key, say, signs):
            return
        answered = len(session.given)
        new = session.place == answered < session.total
        if mode == "random" and new and answered and answered % _EVERY == 0:
            say("")
            say("  " + so_far(estimate(), signs))


def _moved(
    session: LabellingSession, key: Callable[[], bytes], say: Callable[[str], object], signs: Glyphs
) -> bool:
    """Wait for a key that leads to another tweet, and take it; False for q."""
    while (pressed := key()) not in _QUIT:
        if pressed in _BACK and session.place:
            session.back()
            say("  back")
            return True
        if answer := ANSWERS.get(pressed.decode(errors="replace")):
            session.answer(answer)
            say(f"  {signs.here} {spoken(answer)}")
            return True
        say(_HELP)
    return False


def spoken(answer: str) -> str:
    """Return an answer as people say it."""
    return answer.replace("-", " ")


def so_far(found: Worth, signs: Glyphs) -> str:
    """Say what the answers are worth so far: "25 answers: 31 % negative ± 12; 25 more: ± 8"."""
    if found.negative is None or found.half is None or found.half_with_more is None:
        more = LEAST - found.random
        return f"{found.random} answers; {more} more, and they give shares"
    return (
        f"{found.random} answers: {_percent(found.negative)} % negative"
        f" {signs.plus_minus} {_percent(found.half)}; {MORE} more:"
        f" about {signs.plus_minus} {_percent(found.half_with_more)}"
    )


def ending(
    found: Worth, session: LabellingSession, entity: str, mode: Mode, signs: Glyphs
) -> Iterator[str]:
    """Say what was done, what it is worth, and what to do next."""
    whom = printable(entity or NO_ENTITY, signs)
    total = sum(found.answers.values())
    yield f"{total:,} answers about {whom}, {len(session.given):,} of them now."
    if not total:
        return
    yield f"Drawn at random: {so_far(found, signs)}."
    if found.half is not None:
        yield f"That is of all {found.of:,} tweets that are kept; `monitor report` has other times."
    if found.classes:
        yield f"The model had said the same in {found.agreed:,} of {found.classes:,}."
    if mode == "teaching":
        yield "Shares are estimated from tweets drawn at random alone (without --teach)."
    if session.tweet is not None:
        yield "Each answer is kept: the same command goes on where you were."


def _question(entity: str, signs: Glyphs) -> str:
    if not entity:
        return "Is the tweet negative, neutral or positive?"
    return f"What does the tweet say of {printable(entity, signs)}: does it harm or help its name?"


def _shown(
    session: LabellingSession, tweet: SampledTweet, columns: int, signs: Glyphs
) -> Iterator[str]:
    given = session.given.get(session.place)
    was = f"  (you said {spoken(given.label)})" if given else ""
    day = minute(epoch(tweet.received_at))[:10]
    yield f"{session.place + 1} of {session.total}  {day}{was}"
    text = printable((tweet.text or "")[:_LONGEST], signs)
    for line in wrap(text, columns - 2):
        yield f"  {line}"


def _percent(share: float) -> str:
    return f"{100 * share:.0f}"
