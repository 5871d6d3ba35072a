"""The wheel holds all that is needed: it is built, installed alone, and used far from here."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from monitor import DEFAULT_MODEL
from monitor.inference.fitting import SMALL
from tests.installing import wheels
from tests.installing.tour import run, tour
from tests.processes import Mosquitto


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of the working tree."""
    pytest.importorskip("hatchling", reason="hatchling builds it (extra [test])")
    folder = tmp_path_factory.mktemp("wheel")
    source = wheels.export(folder / "source", committed=False)
    return wheels.build(source, folder / "dist", isolated=False)


def test_it_works_without_the_repository(wheel: Path, tmp_path: Path, mosquitto: Mosquitto) -> None:
    """In a fresh environment a stranger's first commands work, a real broker included.

    What the package needs comes from this environment, without what is editable in it.
    """
    environment = tmp_path / "environment"
    venv.create(environment, with_pip=False, symlinks=True)
    (packages,) = environment.glob("lib/python3*/site-packages")
    (packages / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    python = environment / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
    subprocess.run([*pip, "--no-deps", "--no-index", "--no-compile", str(wheel)], check=True)
    home = tmp_path / "home"
    home.mkdir()

    where = "import monitor; print(monitor.__file__)"
    assert str(packages) in run(python, "-c", where, folder=home)
    tour(environment / "bin" / "monitor", home, port=mosquitto.port)


def test_it_holds_what_it_should(wheel: Path) -> None:
    """Both models, not their teacher; sample, unit, broker's settings, cases; no tests or data."""
    with zipfile.ZipFile(wheel) as file:
        names = file.namelist()

    for name in (
        "config.toml",
        "lab/evaluation/behaviour/held_back.toml",
        "lab/evaluation/behaviour/names.toml",
        "lab/evaluation/behaviour/open.toml",
        "installing/monitor.service",
        "installing/monitor-notify.service",
        "installing/notify-access.conf",
        "installing/mosquitto.conf",
        f"models/{DEFAULT_MODEL}/model.toml",
        f"models/{DEFAULT_MODEL}/model.tflite",
    ):
        assert f"monitor/{name}" in names
    assert {"monitor", wheel.name.replace("-py3-none-any.whl", ".dist-info")} == {
        name.split("/")[0] for name in names
    }
    models = {name.split("/")[2] for name in names if name.startswith("monitor/models/")}
    assert {DEFAULT_MODEL, SMALL} == models
    assert wheel.stat().st_size < 32_000_000
