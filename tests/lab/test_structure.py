"""A structure as a file, and what is refused."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.lab.structure import QUANTIZATIONS, Structure, StructureError

NUMBERS = [name for name in asdict(Structure()) if name != "quantization"]


@given(
    numbers=st.lists(st.integers(1, 2**40), min_size=len(NUMBERS), max_size=len(NUMBERS)),
    quantization=st.sampled_from(QUANTIZATIONS),
)
def test_round_trip(
    tmp_path_factory: pytest.TempPathFactory, numbers: list[int], quantization: str
) -> None:
    """What is written is read again."""
    table: dict[str, Any] = dict(zip(NUMBERS, numbers, strict=True))
    table["bottleneck"] *= table["heads"]
    structure = Structure(**table, quantization=quantization)
    path = tmp_path_factory.getbasetemp() / "structure.toml"
    structure.write(path)

    assert structure == Structure.read(path)
    assert [] == list(path.parent.glob("structure.toml.new"))


def test_what_is_not_named_is_the_default() -> None:
    """An owner writes only what differs."""
    assert Structure(layers=3) == Structure.of({"layers": 3})


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"hiden": 128}, "mine.toml: unknown key 'hiden'; did you mean 'hidden'?"),
        ({"zzz": 1}, f"mine.toml: unknown key 'zzz'; known are {', '.join(asdict(Structure()))}"),
        ({"layers": 0}, "mine.toml: layers is 0; must be a whole number above 0"),
        ({"layers": -2}, "mine.toml: layers is -2; must be a whole number above 0"),
        ({"hidden": 2.0}, "mine.toml: hidden is 2.0; must be a whole number above 0"),
        ({"stacks": True}, "mine.toml: stacks is True; must be a whole number above 0"),
        ({"vocabulary": "9"}, "mine.toml: vocabulary is '9'; must be a whole number above 0"),
        ({"heads": 3}, "mine.toml: bottleneck is 128; 3 heads must divide it"),
        (
            {"quantization": "int4"},
            "mine.toml: quantization is 'int4'; must be one of int8, fp32",
        ),
        (
            {"quantization": 8},
            "mine.toml: quantization is 8; must be one of int8, fp32",
        ),
    ],
)
def test_refused(table: dict[str, Any], message: str) -> None:
    """The message names the file and the key, and what would be right."""
    with pytest.raises(StructureError) as caught:
        Structure.of(table, "mine.toml")

    assert message == str(caught.value)


@pytest.mark.parametrize("content", [None, b"layers = ", b"\xff\xfe", b"[structure]\nlayers = 2"])
def test_not_a_structure_file(tmp_path: Path, content: bytes | None) -> None:
    """A missing file, no TOML, no text, another TOML: one line that names the file."""
    path = tmp_path / "structure.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(StructureError) as caught:
        Structure.read(path)

    assert str(caught.value).startswith(f"{path}: ")
    assert 1 == len(str(caught.value).splitlines())
