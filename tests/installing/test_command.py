"""The commands as typed, as far as they go without a systemd; `make boot` has one."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from click.testing import CliRunner

from monitor.cli import main
from monitor.installing import notifier
from monitor.settings import load
from tests.processes import REPOSITORY


def _monitor(*arguments: str) -> tuple[int, str]:
    result = subprocess.run(
        [sys.executable, "-m", "monitor", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
    )
    return result.returncode, result.stdout


def test_config_is_the_sample(tmp_path: Path) -> None:
    """`monitor config` prints the sample, word for word; it is a configuration."""
    code, said = _monitor("config")
    (tmp_path / "my.toml").write_text(said)

    assert 0 == code
    assert (REPOSITORY / "config.toml").read_text() == said
    assert () == load(tmp_path / "my.toml", {}).entities


def test_below_another_root(tmp_path: Path) -> None:
    """--root puts the files, the unit with this program in it; a second time there is nothing."""
    code, said = _monitor("install-service", "--root", str(tmp_path))
    config = tmp_path / "etc/monitor/config.toml"
    unit = tmp_path / "etc/systemd/system/monitor.service"
    program = Path(sysconfig.get_path("scripts"), "monitor")

    assert 0 == code, said
    assert [f"write    {config}", f"write    {unit}"] == said.splitlines()
    assert [config, unit] == sorted(path for path in tmp_path.rglob("*") if path.is_file())
    assert 0o640 == stat.S_IMODE(config.stat().st_mode)
    found = re.findall(r"^ExecStart=(.*)$", unit.read_text(), re.MULTILINE)
    assert [f"{program} run --config /etc/monitor/config.toml"] == found

    before = {path: path.stat().st_mtime_ns for path in (config, unit)}
    code, said = _monitor("install-service", "--root", str(tmp_path))
    assert (0, "Nothing to change.") == (code, said.splitlines()[-1])
    assert before == {path: path.stat().st_mtime_ns for path in (config, unit)}


def test_the_notifier_below_another_root(tmp_path: Path) -> None:
    """--notify puts its unit, too, a drop-in for its access, and a file for URLs that stays."""
    _, said = _monitor("install-service", "--root", str(tmp_path), "--notify")
    units, urls = tmp_path / "etc/systemd/system", tmp_path / "etc/monitor/notify-urls"

    expected = [
        *(tmp_path / "etc/monitor/config.toml", units / "monitor.service"),
        *(units / "monitor.service.d/notify.conf", urls, units / "monitor-notify.service"),
    ]
    assert [f"write    {path}" for path in expected] == said.splitlines()
    assert 0o600 == stat.S_IMODE(urls.stat().st_mode)
    program = Path(sysconfig.get_path("scripts"), "monitor")
    found = re.findall(r"^ExecStart=(.*)$", expected[-1].read_text(), re.MULTILINE)
    assert [f"{program} notify --config /etc/monitor/config.toml"] == found

    urls.write_text("ntfys://mine\n")
    code, said = _monitor("install-service", "--root", str(tmp_path), "--notify")
    assert (0, "Nothing to change.") == (code, said.splitlines()[-1])
    assert "ntfys://mine\n" == urls.read_text()


def test_the_notifier_without_its_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Apprise it says how to install it, and puts nothing."""
    monkeypatch.setattr(notifier, "_LIBRARY", "no_such_library")  # the tests have it
    result = CliRunner().invoke(main, ["install-service", "--root", str(tmp_path), "--notify"])

    assert 1 == result.exit_code
    assert "pip install 'tweet-reputation-monitor[notify]'" in result.output
    assert [] == list(tmp_path.iterdir())


def test_dry_run_writes_nothing(tmp_path: Path) -> None:
    """--dry-run names what would be done, and does nothing."""
    code, said = _monitor("install-service", "--root", str(tmp_path), "--dry-run")

    assert 0 == code
    assert ["write", "write", "Nothing"] == [line.split()[0] for line in said.splitlines()]
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize("command", ["install-service", "uninstall-service"])
def test_only_root(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without rights: one line, which is the command with them."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)  # `make boot` asks as somebody else
    result = CliRunner().invoke(main, [command])

    assert 1 == result.exit_code
    program = Path(sysconfig.get_path("scripts"), "monitor")
    assert f"monitor: only root may do that: sudo {program} {command}\n" == result.output


def test_no_systemd() -> None:
    """On a system that something else runs: one line, with what that has to start."""
    if Path("/run/systemd/system").exists():
        pytest.skip("systemd runs this system")
    code, said = _monitor("install-service", "--dry-run")

    assert 1 == code
    assert 1 == len(said.splitlines())
    assert "not run by systemd" in said
    assert "monitor run --config FILE" in said
