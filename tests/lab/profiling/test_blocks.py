"""``monitor.lab.profiling.blocks``: the archive that came with the program."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from monitor.inference import Interpreter
from monitor.lab.profiling.blocks import Block, Blocks, ours, packed
from monitor.lab.structure import QUANTIZATIONS, Structure
from monitor.verdict import TASKS
from tests.lab.profiling.boards import smallest
from tests.processes import REPOSITORY


def test_back_again() -> None:
    """What is packed comes out, and the same blocks give the same archive."""
    blocks = {
        Block("a", Structure(layers=1)): b"first",
        Block("b", Structure(quantization="fp32")): b"second",
    }
    content = packed(blocks.items())
    archive = Blocks(content)

    assert content == packed(blocks.items())
    assert tuple(blocks) == archive.all
    assert list(blocks.values()) == [archive.flatbuffer(block) for block in archive.all]
    assert (Block("b", Structure(quantization="fp32")),) == archive.of("fp32")


def test_every_quantization() -> None:
    """Each has the same structures, and far more of them than there are costs to find."""
    structures = {
        quantization: [
            {**vars(block.structure), "quantization": ""} for block in ours().of(quantization)
        ]
        for quantization in QUANTIZATIONS
    }

    assert structures["int8"] == structures["fp32"]
    assert len(structures["int8"]) >= 30


def test_small() -> None:
    """The archive is no burden: about a megabyte."""
    assert (REPOSITORY / "monitor/lab/profiling/blocks.zip").stat().st_size < 1_200_000


@pytest.mark.parametrize("quantization", QUANTIZATIONS)
def test_runs_here(quantization: str) -> None:
    """A block answers as a whole model does."""
    import numpy as np

    ids = np.ones((1, 8), np.int32)

    assert set(TASKS) == set(Interpreter(smallest(quantization))(ids, ids - 1))


def test_runs_in_the_other_runtime(other_python: Path) -> None:
    """tflite-runtime measures the blocks too."""
    program = (
        "from monitor.lab.profiling.measure import measure\n"
        "from tests.lab.profiling.boards import smallest\n"
        "timings = [measure(smallest(quantization), 'tflite-runtime', 8, 32, seconds=0, calls=2)\n"
        "           for quantization in ('int8', 'fp32')]\n"
        "print([timing.calls for timing in timings])"
    )
    done = subprocess.run(
        [other_python, "-c", program], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )

    assert (0, [2, 2]) == (done.returncode, json.loads(done.stdout or "null")), done.stderr
