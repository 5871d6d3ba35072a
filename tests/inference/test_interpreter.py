"""``monitor.inference.interpreter``: two runtimes, one answer."""

from __future__ import annotations

import importlib.util
import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.machinery import EXTENSION_SUFFIXES, ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from monitor import DEFAULT_MODEL
from monitor.inference import (
    Classifier,
    Interpreter,
    Model,
    ModelError,
    choose_runtime,
    interpreter,
)
from monitor.inference.interpreter import RUNTIMES, passed_over
from tests.factories import PAIRS
from tests.processes import REPOSITORY

RUNTIMES_DIFFER = 0.02
"""How far a probability may differ between LiteRT and tflite-runtime.

Both run the same integers, but round a layer's activations to 8 bits each in its own way, which a
dozen layers carry on. Measured on `PAIRS`, x86-64: at most 0.0036, and no label differs.
"""


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Pretend that only some packages are installed."""

    def install(*packages: str) -> None:
        def find_spec(name: str, _package: str | None = None) -> ModuleSpec | None:
            return ModuleSpec(name, None) if name in packages else None

        monkeypatch.setattr(importlib.util, "find_spec", find_spec)
        loaded = interpreter._Loaded(ModuleType("interpreter"), None)
        monkeypatch.setattr(interpreter, "_loaded", lambda _runtime: loaded)

    return install


@pytest.mark.parametrize(
    ("expected", "wanted", "installed"),
    [
        ("litert", "auto", ("ai_edge_litert", "tflite_runtime")),
        ("litert", "auto", ("ai_edge_litert",)),
        ("tflite-runtime", "auto", ("tflite_runtime",)),
        ("litert", "litert", ("ai_edge_litert", "tflite_runtime")),
        ("tflite-runtime", "tflite-runtime", ("ai_edge_litert", "tflite_runtime")),
    ],
)
def test_choice(
    install: Callable[..., None], expected: str, wanted: str, installed: tuple[str, ...]
) -> None:
    """Without a wish LiteRT goes first; a wish is granted."""
    install(*installed)

    assert expected == choose_runtime(wanted)


@pytest.mark.parametrize(
    ("wanted", "installed", "parts"),
    [
        ("auto", (), ("'auto'", "ai-edge-litert or tflite-runtime")),
        ("litert", ("tflite_runtime",), ("'litert'", "ai-edge-litert is not installed")),
        ("tflite-runtime", ("ai_edge_litert",), ("tflite-runtime is not installed",)),
    ],
)
def test_a_missing_runtime_is_named(
    install: Callable[..., None], wanted: str, installed: tuple[str, ...], parts: tuple[str, ...]
) -> None:
    """What is wished for and not there is told by the name of its package."""
    install(*installed)
    for attempt in (lambda: choose_runtime(wanted), lambda: Interpreter(b"", wanted)):
        with pytest.raises(ModelError) as caught:
            attempt()
        for part in parts:
            assert part in str(caught.value)


_BROKEN = {
    "no-symbol": "raise ImportError(\"/lib/aarch64-linux-gnu/libm.so.6: version `GLIBC_2.34' not"
    ' found (required by x.so)")',
    "old-numpy": "import sys\nprint('\\n' * 50, file=sys.stderr)\n"
    "raise AttributeError('_ARRAY_API not found')",
    "no-library": "raise OSError('libusb-1.0.so.0: cannot open shared object file')",
    "damaged": "raise SystemError('initialization of _pywrap raised unreported exception')",
    "empty": "",
}
"""What a runtime's module does that does not load, by why."""
_ALSO_HERE = """
import sys
sys.path.remove({folder!r})
broken = sys.modules.pop("ai_edge_litert", None)
from ai_edge_litert.interpreter import Interpreter
"""
"""A stand-in for tflite-runtime, which newer versions of Python have no wheels of: LiteRT."""


def _package(folder: Path, name: str, module: str) -> None:
    (folder / name).mkdir()
    (folder / name / "__init__.py").touch()
    if module:
        (folder / name / "interpreter.py").write_text(module)
    else:  # a wheel whose download was cut short
        (folder / name / f"interpreter{EXTENSION_SUFFIXES[0]}").write_bytes(b"\x7fELF")


def _monitor(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "monitor", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{REPOSITORY}"},
    )


@pytest.mark.parametrize("why", _BROKEN)
def test_a_runtime_that_does_not_load_is_told(tmp_path: Path, why: str) -> None:
    """One line instead of its traceback, whatever it raises and says."""
    _package(tmp_path, "ai_edge_litert", _BROKEN[why])
    for arguments in (["classify", "Acme"], ["explain", "Acme"], ["bench", "--seconds", "0.1"]):
        result = _monitor(tmp_path, *arguments, "--runtime", "litert")

        assert (1, 1) == (result.returncode, result.stderr.count("\n")), result.stderr
        assert result.stderr.startswith("monitor: runtime 'litert': ai-edge-litert is installed,")


@pytest.mark.parametrize("why", _BROKEN)
def test_auto_falls_back_to_what_loads(tmp_path: Path, why: str) -> None:
    """The other one labels, and nothing else is said; `check` says why it is the other."""
    _package(tmp_path, "ai_edge_litert", _BROKEN[why])
    _package(tmp_path, "tflite_runtime", _ALSO_HERE.format(folder=str(tmp_path)))
    result = _monitor(tmp_path, "classify", "Acme")
    (line,) = [line for line in _check(tmp_path).stdout.splitlines() if line.startswith("model ")]

    assert (0, "") == (result.returncode, result.stderr)
    assert "on tflite-runtime:" in line
    assert "; ai-edge-litert is installed, but" in line


def _check(folder: Path) -> subprocess.CompletedProcess[str]:
    settings = folder / "my.toml"
    settings.write_text(f'[store]\npath = "{folder / "monitor.db"}"\n[mqtt]\nport = 1\n')
    return _monitor(folder, "check", "--config", str(settings))


def test_an_old_c_library_is_named(tmp_path: Path) -> None:
    """Which version is needed, which there is, and the way out: before the first tweet."""
    _package(tmp_path, "ai_edge_litert", _BROKEN["no-symbol"])
    said = _check(tmp_path).stdout

    assert (
        "but needs a newer C library: glibc 2.34, and this system has"
        f" {platform.libc_ver()[1]}; use Debian 12 (Bookworm) or newer"
    ) in said


def test_nothing_is_passed_over_that_loads() -> None:
    """The first is taken: there is nothing to say."""
    assert None is passed_over(choose_runtime())


@pytest.mark.parametrize("damage", [lambda _: b"", lambda _: b"no model" * 99, lambda m: m[:9999]])
def test_a_file_that_is_no_model_is_refused(model: Model, damage: Callable[[bytes], bytes]) -> None:
    """What the runtime cannot load is told as such."""
    with pytest.raises(ModelError, match="refuses the model"):
        Interpreter(damage(model.flatbuffer))


def test_any_shape(model: Model) -> None:
    """One interpreter takes batches of any size and length, back and forth."""
    interpreter = Interpreter(model.flatbuffer)
    for rows, length in ((1, 5), (8, 20), (1, model.max_length), (3, 2), (8, 20)):
        ids = np.full((rows, length), 5, np.int32)
        outputs = interpreter(ids, np.zeros_like(ids))

        assert set(model.tasks) == set(outputs)
        for task, labels in model.tasks.items():
            assert (rows, len(labels)) == outputs[task].shape
            assert [1.0] * rows == pytest.approx(outputs[task].sum(axis=1).tolist(), abs=1e-5)


def test_padding_is_masked(model: Model, classifier: Classifier) -> None:
    """Zeros behind a text, as many as there may be, do not change its answer."""
    interpreter = Interpreter(model.flatbuffer)
    (encoding,) = classifier.tokenize([PAIRS[0]])
    answers = []
    for length in (len(encoding.ids), len(encoding.ids) + 1, model.max_length):
        ids, segments = np.zeros((2, 1, length), np.int32)
        ids[0, : len(encoding.ids)] = encoding.ids
        segments[0, : len(encoding.ids)] = encoding.type_ids
        answers.append(interpreter(ids, segments)["reputation"][0].tolist())

    assert answers[0] == pytest.approx(answers[1], abs=1e-4)
    assert answers[0] == pytest.approx(answers[2], abs=1e-4)


def test_answers_stay(model: Model) -> None:
    """An answer is the caller's: the next question does not change it."""
    interpreter = Interpreter(model.flatbuffer)
    ids = np.full((1, 6), 5, np.int32)
    first = interpreter(ids, np.zeros_like(ids))["sentiment"]
    before = first.tolist()
    interpreter(ids + 70, np.zeros_like(ids))

    assert before == first.tolist()


def _classified(python: str | Path, model_path: str, runtime: str) -> list[dict[str, Any]]:
    """Label `PAIRS` as the command does, in an environment of its own."""
    result = subprocess.run(
        [
            *(python, "-m", "monitor", "classify", "--every-language"),
            *("--model", model_path, "--runtime", runtime),
        ],
        input="".join(
            json.dumps({"text": text, "entity": entity}) + "\n" for text, entity in PAIRS
        ),
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
        cwd=REPOSITORY,
    )
    assert 0 == result.returncode, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_both_runtimes_say_the_same(model_path: str, other_python: Path) -> None:
    """The shipped model gives the same labels in LiteRT and in tflite-runtime."""
    litert = _classified(sys.executable, model_path, "litert")
    other = _classified(other_python, model_path, "tflite-runtime")

    assert len(PAIRS) == len(litert) == len(other)
    for (text, entity), one, two in zip(PAIRS, litert, other, strict=True):
        assert (text, entity) == (one["text"], one["entity"]) == (two["text"], two["entity"])
        for mine, theirs in ((one, two), (one["sentiment"], two["sentiment"])):
            assert mine["probabilities"] == pytest.approx(
                theirs["probabilities"], abs=RUNTIMES_DIFFER
            )
            first, second, *_ = sorted(mine["probabilities"].values(), reverse=True)
            undecided = first - second < 2 * RUNTIMES_DIFFER
            assert mine["label"] == theirs["label"] or undecided, (text, entity)


def test_every_runtime_is_a_setting() -> None:
    """What can be set is what there is."""
    from monitor.settings import ModelSettings

    field = ModelSettings.__dataclass_fields__["runtime"]

    assert ("auto", *RUNTIMES) == field.metadata["choices"]


def test_loading_side_by_side_leaves_standard_error_alone() -> None:
    """Interpreters made in several threads at once: descriptor 2 is the same file afterwards."""
    flatbuffer = Model.load(DEFAULT_MODEL).flatbuffer
    before = os.fstat(2)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: Interpreter(flatbuffer), range(32)))

    after = os.fstat(2)
    assert (before.st_dev, before.st_ino) == (after.st_dev, after.st_ino)
