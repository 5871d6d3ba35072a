"""Answers outlive a change of the model, as far as their texts are kept."""

from __future__ import annotations

import dataclasses
from contextlib import closing
from pathlib import Path

from click.testing import CliRunner

from monitor.cli import main
from monitor.inference import Classifier, Model
from monitor.labelling.sample import tweets_of
from monitor.store import Store
from monitor.store.owner_labels import OwnerLabel, opened_beside, put, read
from monitor.verdict import POLARITIES, TASKS
from tests.factories import batch_row, query, register, tweet_row

TEXTS = ("Third parcel Acme has lost this year. Never again.", "Acme opens at nine", None)


def test_the_new_model_is_asked(tmp_path: Path, model_path: str) -> None:
    """About texts of the log and from elsewhere; what has none stays beside the old one's words."""
    path = tmp_path / "monitor.db"
    with closing(Store(path)) as store:
        register(store)
        rows = [
            dataclasses.replace(tweet_row(f"{number}", "Acme"), text=text)
            for number, text in enumerate(TEXTS)
        ]
        store.write(batch_row(3), rows, [])
    with opened_beside(path) as connection:
        tweets = tweets_of(connection, "Acme", ["0", "1", "2"])
        given = [tweet.labelled("neutral", "random", tweet.received_at) for tweet in tweets]
        elsewhere = dataclasses.replace(given[0], tweet_id="sha256:a", text="Acme is wonderful")
        put(connection, [*given, elsewhere])
    command = ["label", "--again", "--database", str(path)]
    environment = {"MONITOR_MODEL_PATH": model_path}
    results = [CliRunner().invoke(main, command, env=environment) for _ in range(2)]
    model = Model.load(model_path)
    asked = [*TEXTS[:2], "Acme is wonderful"]
    with Classifier(model, 1) as classifier:
        verdicts = list(classifier.stream([(str(text), "Acme") for text in asked]))

    assert [
        f"3 answers are now beside what {model_path} says of their texts; of 1 no text is kept",
        f"0 answers are now beside what {model_path} says of their texts; of 1 no text is kept",
    ] == [result.output.splitlines()[0] for result in results]
    found = {label.tweet_id: label for label in _labels(path)}
    assert [model.sha256] * 3 == [found[id_].model_sha256 for id_ in ("0", "1", "sha256:a")]
    assert given[2] == found["2"]
    for id_, verdict in zip(("0", "1", "sha256:a"), verdicts, strict=True):
        assert found[id_].probabilities == tuple(
            round(verdict[task].probabilities[p], 5) for task in TASKS for p in POLARITIES
        )
        assert ("neutral", "random") == (found[id_].label, found[id_].drawn)
    assert [(4,)] == query(path, "SELECT count(*) FROM owner_labels")


def _labels(path: Path) -> list[OwnerLabel]:
    with opened_beside(path) as connection:
        return read(connection)
