"""``monitor.lab.profiling.device``: what is measured on."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import pytest

from monitor.lab.profiling.device import Device, runtime_of


def files(monkeypatch: pytest.MonkeyPatch, content: dict[str, str]) -> None:
    """Let only these files be there."""

    def read(path: Path, **_: str) -> str:
        if str(path) not in content:
            raise FileNotFoundError(path)
        return content[str(path)]

    monkeypatch.setattr(Path, "read_text", read)


@pytest.mark.parametrize(
    ("expected", "content"),
    [
        (
            "Raspberry Pi 4 Model B Rev 1.4",
            {"/proc/device-tree/model": "Raspberry Pi 4 Model B Rev 1.4\0"},
        ),
        ("A CPU @ 3 GHz", {"/proc/cpuinfo": "processor\t: 0\nmodel name\t: A CPU @ 3 GHz\n"}),
    ],
)
def test_processor(monkeypatch: pytest.MonkeyPatch, expected: str, content: dict[str, str]) -> None:
    """A board tells its name, another machine its processor's."""
    files(monkeypatch, content)

    assert expected == Device.this().processor


def test_nameless(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that tells neither has a name all the same."""
    files(monkeypatch, {"/proc/cpuinfo": "processor\t: 0\n"})

    assert Device.this().processor


def test_in_a_line() -> None:
    """A device is shown with what matters for speed."""
    assert "Board (aarch64), 4 cores, 2.0 GiB" == str(Device("aarch64", "Board", 4, 2**31))


def test_runtime() -> None:
    """A runtime is its package's version."""
    assert f"ai-edge-litert {version('ai-edge-litert')}" == runtime_of("litert")
