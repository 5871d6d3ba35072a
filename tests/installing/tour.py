"""What a stranger tries first, with nothing but the installed package."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from monitor import __version__
from monitor.verdict import TASKS
from tests.processes import REPOSITORY

PATIENCE_S = 120.0


def run(program: Path, *arguments: str, folder: Path, code: int = 0) -> str:
    """Run an installed command somewhere, and return what it printed; assert its exit code."""
    # Nothing of this environment, nor of the repository, may help it.
    hidden = ("PYTHON", "MONITOR_", "VIRTUAL_ENV")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
    result = subprocess.run(
        [program, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    said = f"{' '.join(arguments)}: {result.returncode}: {result.stdout}{result.stderr}"
    assert code == result.returncode, said
    return result.stdout


def tour(program: Path, folder: Path, version: str = __version__, port: int | None = None) -> None:
    """Go through what needs no broker, and with a broker through the rest.

    Args:
        program: the installed ``monitor``.
        folder: an empty one to work in, outside the repository.
        version: what the package is to say it is.
        port: of a broker on loopback; None: there is none, and `monitor check` has to say so.
    """
    assert f"monitor, version {version}\n" == run(program, "--version", folder=folder)
    assert "install-service" in run(program, "--help", folder=folder)

    sample = run(program, "config", folder=folder)
    assert (REPOSITORY / "config.toml").read_text() == sample
    wanted = f"port = {port}" if port else "port = 1"
    (folder / "my.toml").write_text(sample.replace("port = 1883", wanted, 1))
    check = run(program, "check", "--config", "my.toml", folder=folder, code=0 if port else 1)
    outcomes = [line.split()[:2] for line in check.splitlines()]
    broker = "ok" if port else "FAILED"
    assert [
        ["configuration", "ok"],
        ["model", "ok"],
        ["database", "ok"],
        ["disk", "ok"],
        ["broker", broker],
    ] == outcomes

    label = run(program, "classify", "--entity", "Acme", "Acme is the worst ever", folder=folder)
    answer = json.loads(label)
    assert "negative" == answer["label"]
    assert {"text", "label", "probabilities", TASKS[1]} == answer.keys()

    image = folder / "image"
    image.mkdir()
    run(program, "install-service", "--root", "image", folder=folder)
    unit = (image / "etc/systemd/system/monitor.service").read_text()
    assert f"ExecStart={program.resolve()} run --config /etc/monitor/config.toml\n" in unit
    assert sample == (image / "etc/monitor/config.toml").read_text()
