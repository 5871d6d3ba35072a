"""docs/mqtt.md tells of every broker that `make brokers` tries."""

from __future__ import annotations

from tests.brokers.__main__ import HEAD
from tests.brokers.kinds import KINDS
from tests.docs.pages import page


def test_every_broker_has_its_row() -> None:
    """In the order and with the columns that it prints."""
    head, _, *rows = [
        line
        for line in page("docs/mqtt.md").section("Brokers").splitlines()
        if line.startswith("|")
    ]

    assert HEAD.splitlines()[0] == head
    assert [kind.name for kind in KINDS] == [row.split()[1] for row in rows]
    assert [kind.source for kind in KINDS] == [row.split(" | ")[1] for row in rows]
