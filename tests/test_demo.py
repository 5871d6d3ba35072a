"""The demonstration, as a process."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.terminal import Terminal


def test_demo_labels_and_leaves_a_log(tmp_path: Path) -> None:
    """It ends by itself with one summary line, and what it says to try next works."""
    result = subprocess.run(
        [sys.executable, "-m", "monitor", "demo", "--rate", "150"],
        capture_output=True,
        text=True,
        timeout=60,
        env={"PATH": "/usr/bin:/bin", "TMPDIR": str(tmp_path)},
    )

    assert 0 == result.returncode, result.stderr
    (summary,) = re.findall(
        r"^labelled (\d+) of (\d+) tweets in ([\d.]+) s; log: (.+)$", result.stdout, re.MULTILINE
    )
    labelled, published, _, path = summary
    assert 300 <= int(labelled) < int(published)
    assert Path(path).exists()
    tried = [line for line in result.stdout.splitlines() if line.startswith("  ") and path in line]
    assert re.search(r"^ALERT Tarnwell Bank: ", result.stdout, re.MULTILINE)
    topics, *tried = tried
    assert "topics" == topics.split()[1]
    assert ["report", "watch", "dashboard"] == [line.split()[1] for line in tried[:3]]
    assert "SELECT" in tried[3]
    assert "label" == tried[4].split()[1]
    for command in (
        topics,
        tried[0],
        tried[1],
        tried[3],
    ):  # the dashboard goes on until it is stopped
        answer = subprocess.run(
            command,
            shell=True,
            capture_output=True,
            text=True,
            timeout=60,
            stdin=subprocess.DEVNULL,
        )
        assert 0 == answer.returncode, answer.stderr
        assert len(answer.stdout.splitlines()) > 2
    terminal = Terminal(*tried[4].split()[1:])
    try:
        terminal.wait_for("1 of 12")
        terminal.type(b"1" * 12)  # all harms: learnt from twelve tweets
        code, said = terminal.end()
    finally:
        terminal.close()
    assert 0 == code
    assert b"Labels follow the answers; " in said
