"""What an alert says, in words."""

from __future__ import annotations

import pytest

from monitor.standings.report import Alert
from monitor.standings.rise import risen


def _alert(kind: str, tweets: int, usual: float | None = 35.0, now: float | None = 140.0) -> Alert:
    negatives = 3 * tweets // 4
    return Alert(
        "Acme", "", "", None, kind, 0.17, negatives / tweets, usual, now, tweets, negatives
    )


@pytest.mark.parametrize(
    ("alert", "said"),
    [
        (_alert("share", 40), "negative labels 75 % instead of 17 %"),
        (_alert("share", 8), "6 of 8 labels negative (usually 17 %)"),
        (
            _alert("both", 40),
            "4.0 times as many tweets as usual, 75 % of the labels negative (usually 17 %)",
        ),
        (
            _alert("volume", 8, now=420.0),
            "12 times as many tweets as usual, 6 of 8 labels negative (usually 17 %)",
        ),
        (_alert("both", 40, usual=None, now=None), "negative labels 75 % instead of 17 %"),
    ],
)
def test_in_words(alert: Alert, said: str) -> None:
    """Of few tweets a count, of many a share; and of an unknown pace nothing."""
    assert said == risen(alert)
