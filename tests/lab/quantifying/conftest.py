"""A folder of invented tweets, enough of them held out for a fit."""

import itertools
from pathlib import Path

import pytest

from tests.lab.training.conftest import TWEETS, write_rows


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eleven entities with 65 tweets to learn from, of which 5 are held out, and test sets."""
    folder = tmp_path_factory.mktemp("quantifying")
    texts = [(label, text) for label, of_label in TWEETS.items() for text in of_label]

    def rows(entity: str | None, count: int) -> list[dict[str, object]]:
        # Every fifth is labelled otherwise than it reads.
        turned = itertools.islice(itertools.cycle(texts), count)
        return [
            {
                "id": f"x-{i}",
                "text": f"{i} {entity} {text}",
                "label": "neutral" if i % 5 == 0 else label,
                "entity": entity,
            }
            for i, (label, text) in enumerate(turned)
        ]

    brands = [f"Brand {letter}" for letter in "ABCDEFGHIJK"]
    write_rows(
        folder / "replab2013_train.jsonl.gz", [row for brand in brands for row in rows(brand, 65)]
    )
    write_rows(
        folder / "replab2013_test.jsonl.gz",
        [row for brand in brands[:3] for row in rows(brand, 60)],
    )
    write_rows(folder / "twitter_entity_val.jsonl.gz", rows("Game", 12))
    for name in ("tweeteval_sentiment_val", "tweeteval_sentiment_test"):
        write_rows(folder / f"{name}.jsonl.gz", rows(None, 24))
    return folder
