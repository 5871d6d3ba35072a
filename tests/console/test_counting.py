"""Numbers of things, as people say them."""

from __future__ import annotations

import pytest

from monitor.console import counted


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (counted(0, "tweet"), "0 tweets"),
        (counted(1, "tweet"), "1 tweet"),
        (counted(2000, "tweet"), "2,000 tweets"),
        (counted(1, "entity", "entities"), "1 entity"),
        (counted(2, "entity", "entities"), "2 entities"),
        (counted(1.5e6, "tweet", shown="1.5M"), "1.5M tweets"),
        (counted(1.0, "minute", shown="1"), "1 minute"),
    ],
)
def test_one_is_not_several(said: str, expected: str) -> None:
    """And none is."""
    assert expected == said
