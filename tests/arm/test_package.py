"""What a board installs: locked versions, and one numpy on each."""

from __future__ import annotations

import tomllib

import pytest
from packaging.requirements import Requirement

from tests.arm.architectures import ARMHF
from tests.arm.package import LOCK, without
from tests.processes import REPOSITORY


def needed(machine: str, python: str = "3.11") -> dict[str, list[str]]:
    """Return the versions that a machine's install asks for, by package."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]
    found: dict[str, list[str]] = {}
    for requirement in map(Requirement, project["dependencies"]):
        there = {"platform_machine": machine, "python_version": python}
        if requirement.marker is None or requirement.marker.evaluate(there):
            found.setdefault(requirement.name, []).append(str(requirement.specifier))
    return found


@pytest.mark.parametrize(
    ("machine", "runtime", "numpy"),
    [
        ("x86_64", "ai-edge-litert", ">=1.26"),
        ("aarch64", "ai-edge-litert", ">=1.26"),
        ("armv7l", "tflite-runtime", "<2,>=1.24"),
    ],
)
def test_one_runtime_and_one_numpy(machine: str, runtime: str, numpy: str) -> None:
    """Each machine has the runtime that has wheels for it, and a NumPy that this runs with."""
    found = needed(machine)

    assert {runtime} == {"ai-edge-litert", "tflite-runtime"} & found.keys()
    assert [numpy] == found["numpy"]


def test_lock_without_what_debian_brings() -> None:
    """Pins of packages that Debian brings go, all else stays."""
    lock = LOCK.read_text()
    dropped = set(lock.splitlines()) - set(without(lock, ARMHF.python_packages).splitlines())

    assert {"numpy", "pyyaml"} == {line.partition("==")[0] for line in dropped}
    assert lock == without(lock, ())
