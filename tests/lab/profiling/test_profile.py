"""``monitor.lab.profiling.profile``: measured, written, read, refused."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from monitor.lab.profiling import profile as module
from monitor.lab.profiling.blocks import Block, Blocks, packed
from monitor.lab.profiling.device import runtime_of
from monitor.lab.profiling.profile import Profile, ProfileError, take
from monitor.lab.structure import Structure
from tests.lab.profiling.boards import profile_of, smallest


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A profile as a file."""
    path = tmp_path / "board.json"
    profile_of().save(path)
    return path


def test_back_again(path: Path) -> None:
    """What is saved is loaded, and nothing else is left beside it."""
    assert profile_of() == Profile.load(path)
    assert [path] == list(path.parent.iterdir())


def test_small(path: Path) -> None:
    """A profile can be sent by mail."""
    assert path.stat().st_size < 60_000


def change(key: str, value: object) -> Callable[[dict[str, Any]], None]:
    """Return what sets a key."""
    return lambda table: table.update({key: value})


@pytest.mark.parametrize(
    ("expected", "spoil"),
    [
        ("format 99, this version reads 1", change("format", 99)),
        ("taken of the blocks of another version", change("blocks", "0" * 64)),
        ("the key 'runtime' is missing", lambda table: table.pop("runtime")),
        ("the key 'int8-99' is missing", change("timings", {"int8-99": {}})),
        ("no timings", change("timings", {})),
        ("no profile", lambda table: table.pop("format")),
        ("no profile", change("timings", [])),
        ("no profile", change("device", {"nose": 1})),
        (
            "took nan s",
            lambda table: table["timings"]["int8-00"]["1x40"].update(median=float("nan")),
        ),
    ],
)
def test_refused(path: Path, expected: str, spoil: Callable[[dict[str, Any]], None]) -> None:
    """What cannot be used is told with the file, the reason, and how to take a new one."""
    table = json.loads(path.read_text(encoding="utf-8"))
    spoil(table)
    path.write_text(json.dumps(table), encoding="utf-8")
    with pytest.raises(ProfileError) as caught:
        Profile.load(path)

    assert str(caught.value).startswith(f"{path}: ")
    assert expected in str(caught.value)
    assert str(caught.value).endswith("take a new one on the board: monitor profile --output FILE")


@pytest.mark.parametrize("content", ["", "{", "[1]", '"text"', "\xff"])
def test_no_json(path: Path, content: str) -> None:
    """Other files are no profiles."""
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(ProfileError, match="take a new one"):
        Profile.load(path)


def test_missing(tmp_path: Path) -> None:
    """A profile that is not there is told so."""
    with pytest.raises(ProfileError, match="No such file"):
        Profile.load(tmp_path / "none.json")


def test_matches() -> None:
    """A profile speaks for its own runtime and quantization only."""
    profile = profile_of()
    profile.check_matches("ai-edge-litert 1.2.3", "int8")
    with pytest.raises(ProfileError, match=r"taken with ai-edge-litert 1\.2\.3, this is other 2"):
        profile.check_matches("other 2", "int8")
    with pytest.raises(ProfileError, match=r"not fp32; take .* --quantization fp32"):
        profile.check_matches("ai-edge-litert 1.2.3", "fp32")


def test_full_disk(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The old profile stays as it was, and no half-written one beside it."""
    before = path.read_bytes()

    def full(self: Path, text: str, encoding: str) -> None:
        self.write_bytes(text.encode(encoding)[:100])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(ProfileError, match="cannot be written: No space left on device"):
        profile_of().save(path)

    assert before == path.read_bytes()
    assert [path] == list(path.parent.iterdir())


def test_busy() -> None:
    """Rounds that lie far apart mean that the machine did something else, too."""
    assert not profile_of(spread=0.05).busy
    assert profile_of(spread=0.2).busy


def test_take(monkeypatch: pytest.MonkeyPatch) -> None:
    """The blocks of one quantization are measured at every shape."""
    monkeypatch.setattr("monitor.lab.profiling.rounds.SECONDS", 0.0)
    structure = Structure(vocabulary=100)
    blocks = Blocks(
        packed(
            [
                (Block("ours", structure), smallest()),
                (Block("theirs", Structure(quantization="fp32")), b"not looked at"),
            ]
        )
    )
    taken = take("auto", "int8", 2, blocks=blocks)

    assert {structure: set(module.SHAPES)} == {s: set(t) for s, t in taken.timings.items()}
    assert blocks.sha256 == taken.blocks
    assert (1, "int8", 2) == (taken.threads, taken.quantization, taken.rounds)
    taken.check_matches(runtime_of(), "int8")
    assert taken.device.cores >= 1
