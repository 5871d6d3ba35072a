"""``monitor.archive.columns``: names and values go together."""

from __future__ import annotations

import pytest

from monitor.archive import columns
from tests.factories import STUB_MODEL, verdict


@pytest.mark.parametrize("task", ["reputation", "sentiment"])
def test_names_and_values_go_together(task: str) -> None:
    """Whichever task comes first, each column holds what its name and type say."""
    added = columns.added(STUB_MODEL.tasks, task)
    row = dict(zip(added, columns.values(verdict("positive", "negative"), task), strict=True))
    other = "sentiment" if task == "reputation" else "reputation"

    assert ["label", f"{task}_negative"] == list(added)[:2]
    assert {"reputation": "positive", "sentiment": "negative"} == {
        task: row["label"],
        other: row[other],
    }
    assert (0.8, 0.1) == (row["reputation_positive"], row["sentiment_positive"])
    assert all(isinstance(value, added[name]) for name, value in row.items())
