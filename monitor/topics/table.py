"""Topics for a terminal of 80 columns or more."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Final

from monitor.console import Glyphs, counted, fit, printable, wrap
from monitor.periods import epoch
from monitor.topics.reading import LEAST_USUAL, Answer
from monitor.topics.topics import Story
from monitor.zones import minute, zone_name

NO_TEXTS: Final = (
    'The log keeps no texts of these tweets ([privacy] store_text = "none"), so nothing can be said'
    " of what they are about."
)
_NUMBERS: Final = "tweets   +RT neg %  "
_SEEN: Final = 18
_EXAMPLE_LINES: Final = 2
_INDENT: Final = "    "
_NAME: Final = 40


def lines(answer: Answer, columns: int, signs: Glyphs) -> Iterator[str]:
    """Write what tweets are about.

    Args:
        answer: what the log says.
        columns: of the terminal; lines are no longer, if there are 60 or more.
        signs: what the terminal can show.
    """
    for line in _lines(answer, columns, signs):
        yield printable(line, signs).rstrip()


def _lines(answer: Answer, columns: int, signs: Glyphs) -> Iterator[str]:
    topics = answer.topics
    yield from wrap(_head(answer), columns)
    yield ""
    if not topics.count.every:
        yield from wrap(nothing(answer), columns)
        return
    if topics.stories:
        seen = f"first seen ({zone_name(answer.question.until)})"
        yield f"{_NUMBERS}{seen:<{_SEEN}}story"
        for story in topics.stories:
            yield from _story(story, columns, signs)
        yield ""
    if topics.topics:
        yield f"{'what stands out':{_NAME}}  tweets  usually"
        for topic in topics.topics:
            name = fit(printable(topic.text, signs), _NAME, signs)
            yield f"{name}  {topic.tweets:>6,}  {topic.usually:>7,.1f}"
        yield ""
    for sentence in _legend(answer):
        yield from wrap(sentence, columns)


def nothing(answer: Answer) -> str:
    """Say why there is nothing to show."""
    return NO_TEXTS if answer.without_text else "No tweets in that time."


def _head(answer: Answer) -> str:
    question, count = answer.question, answer.topics.count
    whom = "" if question.entity is None else f" about {question.entity or 'no entity'}"
    alert = "" if question.alert is None else f" (alert {question.alert})"
    retweets = f" and {counted(count.retweets, 'retweet')}" if count.retweets else ""
    share = count.negative_share
    negative = "" if share is None else f", {100 * share:.0f} % labelled negative"
    return (
        f"{counted(count.tweets, 'tweet')}{retweets}{whom}{alert}, {minute(answer.since)} to"
        f" {minute(question.until)} {zone_name(question.until)}{negative}"
    )


def _story(story: Story, columns: int, signs: Glyphs) -> Iterator[str]:
    count, share = story.count, story.count.negative_share
    negative = "-" if share is None else f"{100 * share:.0f}"
    retweets = f"{count.retweets:,}" if count.retweets else ""
    seen = minute(epoch(story.first_seen))
    numbers = f"{count.tweets:>6,} {retweets:>5} {negative:>5}  {seen:<{_SEEN}}"
    name = ", ".join(story.topics) if story.topics else "copies of one text"
    yield fit(numbers + printable(name, signs), columns, signs).rstrip()
    text = printable(story.examples[0].text, signs) if story.examples else ""
    wrapped = [*itertools.islice(wrap(text, columns - len(_INDENT)), _EXAMPLE_LINES + 1)]
    for place, line in enumerate(wrapped[:_EXAMPLE_LINES]):
        cut = len(wrapped) > _EXAMPLE_LINES and place == _EXAMPLE_LINES - 1
        shown = fit(f"{line} {signs.more}", columns - len(_INDENT), signs) if cut else line
        yield _INDENT + shown.rstrip()


def _legend(answer: Answer) -> Iterator[str]:
    topics, question = answer.topics, answer.question
    alone = f"{counted(topics.in_no_story, 'tweet')} in no story"
    if topics.other_stories:
        more = counted(topics.other_stories, "more story", "more stories")
        alone = f"{counted(topics.in_other_stories, 'tweet')} in {more} (--top), {alone}"
    yield f"Not shown: {alone}; retweets included."
    yield (
        "story: tweets that share words which stand out, or are copies; below it a typical one."
        " neg %: of its tweets with a label, as labelled. +RT: retweets, beside the tweets."
    )
    if answer.usual != "too-few":
        yield _compared(answer)
    if answer.usual == "all":
        yield f"(Fewer than {LEAST_USUAL} tweets about it are stored from before.)"
    if answer.usual == "too-few":
        yield (
            f"Which words stand out cannot be told: there are fewer than {LEAST_USUAL} other tweets"
            " to compare with."
        )
    if answer.of_tweets > topics.count.every:
        yield f"A sample: there are {counted(answer.of_tweets, 'tweet')} in that time."
    if answer.since > question.since:
        yield f"Tweets from before {minute(answer.since)} were not looked at."
    if answer.without_text:
        yield f"Not counted: {counted(answer.without_text, 'tweet')} without a stored text."


def _compared(answer: Answer) -> str:
    whose = {
        "entity": "earlier tweets" if answer.question.entity is None else "its earlier tweets",
        "all": "tweets about others",
    }
    return (
        "usually: in as many usual tweets. What is usual:"
        f" {answer.usual_tweets:,} of {whose[answer.usual]}."
    )
