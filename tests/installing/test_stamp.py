"""A file as we wrote it is told from one that somebody has changed."""

from __future__ import annotations

import pytest

from monitor.installing.stamp import is_unchanged, stamped

TEXT = "[Unit]\nDescription=An example\n"


def test_what_we_wrote_is_unchanged() -> None:
    """The stamp is the last line, a comment, and fits what is above."""
    text = stamped(TEXT)

    assert text.startswith(TEXT)
    assert text.splitlines()[-1].startswith("# ")
    assert is_unchanged(text)


@pytest.mark.parametrize(
    "changed",
    [
        TEXT,
        stamped(TEXT).replace("example", "other"),
        stamped(TEXT) + "# a line below\n",
        "# a line above\n" + stamped(TEXT),
        stamped(TEXT).rstrip("\n"),
        "",
    ],
)
def test_a_change_is_seen(changed: str) -> None:
    """A stamp that is gone, or that does not fit, means that somebody else wrote it."""
    assert not is_unchanged(changed)
