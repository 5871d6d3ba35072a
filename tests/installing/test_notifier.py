"""Whether the notifier is begun follows from whether it has anybody to tell."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.installing import notifier, systemd
from monitor.installing.places import Places
from monitor.installing.systemd import UnitState

PROGRAM = Path("/opt/monitor/bin/monitor")


@pytest.mark.parametrize(
    ("urls", "expected"),
    [
        (None, "write write reload keep"),
        ("# a comment\n\n  # and another\n", "keep write reload keep"),
        ("# a comment\n ntfys://mine\n", "keep write reload enable start"),
    ],
)
def test_begun_with_somebody_to_tell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, urls: str | None, expected: str
) -> None:
    """A file of comments alone names nobody: what is missing is said, and nothing is started."""
    monkeypatch.setattr(systemd, "state", lambda _: UnitState("inactive", ""))  # no systemd here
    places = Places(tmp_path)
    if urls is not None:
        places.settings.mkdir(parents=True)
        places.notify_urls.write_text(urls)
    steps = notifier.installation(places, PROGRAM, start=True)

    assert expected.split() == [step.verb for step in steps]
    told = "write a URL a line into" in steps[-1].what
    assert told == ("start" not in expected)


def test_removal_takes_what_it_remembers_only_if_purged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was told is remembered over a removal, as URLs are; --purge forgets it."""
    monkeypatch.setattr(systemd, "state", lambda _: UnitState("inactive", ""))
    monkeypatch.setattr(systemd, "call", lambda *_: "")
    places = Places(tmp_path)
    places.notify_state.mkdir(parents=True)
    places.notify_link.symlink_to("private/monitor-notify")

    for step in notifier.removal(places, purge=False):
        assert step.do is None
    for step in notifier.removal(places, purge=True):
        assert step.do is not None
        step.do()
    assert not places.notify_state.exists()
    assert not places.notify_link.is_symlink()
