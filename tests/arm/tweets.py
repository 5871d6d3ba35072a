"""The demonstration's invented tweets as questions: a text, and whom it is asked about.

python -m tests.arm.tweets | monitor classify --every-language > pc.jsonl
"""

from __future__ import annotations

import base64
import json
from importlib import resources
from pathlib import Path
from typing import Final, TypedDict

from monitor.settings import load
from monitor.tweets import EntityMatcher, Tweet, decode

_RAW: Final = "__raw_base64__"
_LARGEST: Final = 65_536


class Question(TypedDict):
    """A line for ``monitor classify``, and a message for ``monitor publish``."""

    id: str
    text: str
    entity: str | None


def questions() -> list[Question]:
    """Ask of each tweet and each entity in it what the demonstration asks.

    A tweet about two entities is asked about twice, under an id each.
    """
    folder = Path(str(resources.files("monitor.demo")))
    matcher = EntityMatcher(load(folder / "config.toml", {}).entities)
    tweets: dict[str, Tweet] = {}
    for line in (folder / "tweets.jsonl").read_bytes().splitlines():
        payload = base64.b64decode(json.loads(line)[_RAW]) if _RAW.encode() in line else line
        tweet = decode(payload, max_bytes=_LARGEST, identify=lambda text: f"plain-{text.hex()}")
        if isinstance(tweet, Tweet):
            tweets[tweet.id] = tweet
    asked = [
        (tweet.text, entity)
        for tweet in tweets.values()
        for entity in [*map(matcher.canonical, tweet.entities)]
        or matcher.match(tweet.text)
        or (None,)
    ]
    return [
        {"id": f"{number}", "text": text, "entity": entity}
        for number, (text, entity) in enumerate(asked)
    ]


if __name__ == "__main__":
    for question in questions():
        print(json.dumps(question))  # noqa: T201
