"""What commands share."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from monitor.cli import main
from tests.logs import Said, write_log


@pytest.mark.parametrize("command", ["report", "topics", "backup", "label"])
def test_who_only_reads_the_log_needs_no_secret(tmp_path: Path, command: str) -> None:
    """The broker's password is the daemon's alone; who may read the log may ask it."""
    log = write_log(
        tmp_path / "monitor.db", [Said("Acme", "positive", 9, hours_ago=2)], now=time.time()
    )
    config = tmp_path / "config.toml"
    config.write_text(f'[store]\npath = "{log}"\n[mqtt]\npassword_file = "{tmp_path}/not-there"\n')
    arguments = {"backup": [str(tmp_path / "copy.db")], "label": ["--export", "-"]}

    result = CliRunner().invoke(
        main, [command, "--config", str(config), *arguments.get(command, [])]
    )
    assert 0 == result.exit_code, result.output
    assert "not-there" not in result.output
