"""``monitor profile``: what is printed, and the exit code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from monitor.cli import main
from monitor.inference import ModelError
from monitor.lab.profiling.check import Checked
from monitor.lab.profiling.device import runtime_of
from monitor.lab.profiling.measure import Timing
from monitor.lab.profiling.profile import Profile
from tests.lab.profiling.boards import profile_of


def run(*arguments: object) -> Result:
    """Run the command."""
    return CliRunner().invoke(main, ["profile", *map(str, arguments)])


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """With which arguments a profile is taken; it takes no time."""
    calls: list[tuple[Any, ...]] = []

    def take(*arguments: object, tell: object) -> Profile:
        assert callable(tell)
        calls.append(arguments)
        return profile_of()

    monkeypatch.setattr("monitor.lab.profiling.profile.take", take)
    return calls


def test_take(taken: list[tuple[Any, ...]], tmp_path: Path) -> None:
    """The profile is written, and what it says of the shipped structure shown."""
    path = tmp_path / "board.json"
    result = run("--output", path, "--runtime", "litert", "--repeats", 2)

    assert (0, [("litert", "int8", 2)]) == (result.exit_code, taken)
    assert profile_of() == Profile.load(path)
    assert "Invented One" in result.stdout
    assert "warning" not in result.stderr


def test_busy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A busy machine's profile is written, with a warning."""
    monkeypatch.setattr(
        "monitor.lab.profiling.profile.take", lambda *_, **__: profile_of(spread=0.3)
    )
    result = run("--output", tmp_path / "board.json")

    assert 0 == result.exit_code
    assert "rounds lie 30% apart: the machine was busy" in result.stderr
    assert Profile.load(tmp_path / "board.json").busy


@pytest.mark.parametrize(
    ("expected", "error"),
    [(130, KeyboardInterrupt()), (1, ModelError("runtime 'auto': not installed"))],
)
def test_stopped(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, expected: int, error: BaseException
) -> None:
    """Ctrl-C and a missing runtime leave the old profile as it was."""

    def take(*_: object, **__: object) -> Profile:
        raise error

    monkeypatch.setattr("monitor.lab.profiling.profile.take", take)
    path = tmp_path / "board.json"
    path.write_text("old", encoding="utf-8")
    result = run("--output", path)

    assert expected == result.exit_code
    assert ("old", [path]) == (path.read_text(encoding="utf-8"), list(tmp_path.iterdir()))


def test_nowhere_to_write(taken: list[tuple[Any, ...]], tmp_path: Path) -> None:
    """A folder that is not there is told before minutes are spent."""
    result = run("--output", tmp_path / "none" / "board.json")

    assert (2, []) == (result.exit_code, taken)
    assert "cannot write into" in result.stderr


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that takes 8 ms, 11 ms at the 95th percentile, and 7.8 MB."""
    found = Checked(Timing(0.008, 0.011, 100), 7_800_000)
    monkeypatch.setattr("monitor.lab.profiling.check.check", lambda *_: found)


@pytest.mark.parametrize(
    ("expected", "budget"),
    [
        (0, []),
        (0, ["--latency", "11ms", "--size", "8MB"]),
        (1, ["--latency", "10ms"]),
        (1, ["--size", "7MB"]),
        (2, ["--latency", "10"]),
        (2, ["--size", "10ms"]),
        (2, ["--latency", ""]),
    ],
)
@pytest.mark.usefixtures("checked")
def test_check(model_path: str, expected: int, budget: list[str]) -> None:
    """Exit code 0 within the budget, 1 above it, 2 if it is none."""
    result = run("--check", model_path, *budget)

    assert expected == result.exit_code, result.output
    assert (expected < 2) == ("median 8 ms, p95 11 ms" in result.stdout)


@pytest.mark.usefixtures("checked")
def test_beside(model_path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the profile predicts stands beside, if it was taken with this runtime."""
    path = tmp_path / "board.json"
    profile_of().save(path)
    other = run("--check", model_path, "--profile", path)
    monkeypatch.setattr("monitor.lab.profiling.device.runtime_of", lambda _: "ai-edge-litert 1.2.3")
    same = run("--check", model_path, "--profile", path)

    assert (1, 0) == (other.exit_code, same.exit_code), same.output
    assert f"this is {runtime_of()}" in other.stderr
    assert "predicted: median 1.93 ms, p95 2.31 ms" in same.stdout
    assert "7.80 MB" in same.stdout


@pytest.mark.parametrize(
    "arguments", [["--latency", "10ms"], ["--size", "8MB"], ["--profile", "x.json"]]
)
def test_budget_of_what(arguments: list[str]) -> None:
    """A budget without a model is wrong usage, not a profile taken."""
    assert 2 == run(*arguments).exit_code


def test_no_model(tmp_path: Path) -> None:
    """A folder without a model is told so."""
    result = run("--check", tmp_path)

    assert 1 == result.exit_code
    assert "no model there" in result.stderr
