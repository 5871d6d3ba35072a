"""Topics for other programs: JSON."""

from __future__ import annotations

from typing import Any

from monitor.clock import utc
from monitor.console import strict_json
from monitor.topics.reading import Answer
from monitor.topics.topics import Count, Stored

_DIGITS = 4


def as_json(answer: Answer) -> str:
    """Write everything there is; shares are of 1, times UTC, and a share of nothing null."""
    question, topics = answer.question, answer.topics
    document = {
        "entity": question.entity,
        "alert": question.alert,
        "since": utc(answer.since),
        "until": utc(question.until),
        **_count(topics.count),
        "of_tweets": answer.of_tweets,
        "without_text": answer.without_text,
        "compared_with": {"tweets_of": answer.usual, "tweets": answer.usual_tweets},
        "stories": [
            {
                "topics": list(story.topics),
                **_count(story.count),
                "first_seen": story.first_seen,
                "examples": [_stored(tweet) for tweet in story.examples],
            }
            for story in topics.stories
        ],
        "other_stories": topics.other_stories,
        "tweets_in_other_stories": topics.in_other_stories,
        "tweets_in_no_story": topics.in_no_story,
        "topics": [
            {
                "topic": topic.text,
                "tweets": topic.tweets,
                "usually": round(topic.usually, _DIGITS),
                "score": round(topic.score, _DIGITS),
            }
            for topic in topics.topics
        ],
    }
    # ASCII: what would steer a terminal, JSON writes as \u009b.
    return strict_json(document, indent=2)


def _count(count: Count) -> dict[str, Any]:
    share = count.negative_share
    return {
        "tweets": count.tweets,
        "retweets": count.retweets,
        "labelled": count.labelled,
        "labelled_negative": count.negative,
        "negative_share": None if share is None else round(share, _DIGITS),
    }


def _stored(tweet: Stored) -> dict[str, Any]:
    return {
        "id": tweet.id,
        "at": tweet.at,
        "negative": tweet.is_negative,
        "text": tweet.text,
    }
