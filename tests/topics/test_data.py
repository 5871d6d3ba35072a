"""Topics as JSON."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

from monitor.store import open_log
from monitor.topics.data import as_json
from monitor.topics.reading import Question, answer
from tests.factories import NOW
from tests.topics.invented import WINDOW, leak, usual, write


def test_everything_is_there(tmp_path: Path) -> None:
    """Numbers, shares of 1, times in UTC, texts as they are stored."""
    before = usual(200, since=NOW - 1e6, until=WINDOW[0])
    with closing(open_log(write(tmp_path / "monitor.db", [*before, *leak()]))) as connection:
        document = json.loads(as_json(answer(connection, Question("Acme", *WINDOW, alert=7))))
    (story, *_) = document["stories"]
    (topic, *_) = document["topics"]

    assert ("Acme", 7, 60, 0, 60, 54, 0.9) == (
        *(document["entity"], document["alert"], document["tweets"], document["retweets"]),
        *(document["labelled"], document["labelled_negative"], document["negative_share"]),
    )
    assert ("2025-06-14T15:06:40.000Z", "2025-06-15T15:06:40.000Z") == (
        *(document["since"], document["until"]),
    )
    assert {"tweets_of": "entity", "tweets": 200} == document["compared_with"]
    assert (60, 0, 0) == (
        *(document["of_tweets"], document["without_text"], document["other_stories"]),
    )
    assert "2025-06-14T19:06:40.000Z" == story["first_seen"]
    assert {"id", "at", "negative", "text"} == {*story["examples"][0]}
    assert story["examples"][0]["text"] in {one.text for one in leak()}
    assert {"topic", "tweets", "usually", "score"} == {*topic}
    assert document["tweets_in_no_story"] == 60 - sum(s["tweets"] for s in document["stories"])
