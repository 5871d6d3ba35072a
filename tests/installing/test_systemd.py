"""What systemd is told follows from how the service is. A real systemd: `make boot`."""

from __future__ import annotations

import pytest

from monitor.installing.step import InstallError
from monitor.installing.systemd import UnitState, begin, end


@pytest.mark.parametrize(
    ("active", "enabled", "changed", "expected"),
    [
        ("inactive", "", True, "reload enable start"),
        ("active", "enabled", False, "keep"),
        ("active", "enabled", True, "reload restart"),
        ("failed", "enabled", False, "start"),
        ("activating", "enabled", False, "start"),
        ("active", "disabled", False, "enable keep"),
    ],
)
def test_begin(active: str, enabled: str, changed: bool, expected: str) -> None:
    """It is made to run, now and later; what is so already is left alone."""
    steps = begin(UnitState(active, enabled), changed=changed, start=True)

    assert expected.split() == [step.verb for step in steps]


@pytest.mark.parametrize(("changed", "expected"), [(True, "reload keep"), (False, "keep")])
def test_begin_without_start(changed: bool, expected: str) -> None:
    """Told not to start it, systemd learns of the unit, and that is all."""
    steps = begin(UnitState("inactive", ""), changed=changed, start=False)

    assert expected.split() == [step.verb for step in steps]


def test_masked() -> None:
    """What somebody has forbidden is not overruled."""
    with pytest.raises(InstallError, match="systemctl unmask"):
        begin(UnitState("inactive", "masked"), changed=True, start=True)


@pytest.mark.parametrize(
    ("active", "enabled", "expected"),
    [
        ("active", "enabled", "stop disable"),
        ("activating", "enabled", "stop disable"),
        ("failed", "enabled", "disable"),
        ("inactive", "", ""),
    ],
)
def test_end(active: str, enabled: str, expected: str) -> None:
    """What runs, or would be started again five seconds later, is stopped."""
    assert expected.split() == [step.verb for step in end(UnitState(active, enabled))]
