"""The demonstration, as a process."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path


def test_demo_labels_and_leaves_a_log(tmp_path: Path) -> None:
    """It ends by itself with one summary line, and its three queries work."""
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
    queries = [line for line in result.stdout.splitlines() if "SELECT" in line]
    assert 3 == len(queries)
    for query in queries:
        answer = subprocess.run(query, shell=True, capture_output=True, text=True)
        assert 0 == answer.returncode, answer.stderr
        assert len(answer.stdout.splitlines()) > 2
