"""How long logs take to be joined, in how much memory, and how a joined log answers.

    python -m tests.benchmarks.merge --logs 4 --tweets 250000
    python -m tests.benchmarks.merge --logs 4 --tweets 250000 --shared 0.5   # half came to two

Logs are invented as for `make load`, each with a seed of its own. The command runs as people run
it; then it runs again, with nothing new to join. Last, every query that the commands and the views
ask is asked of the result.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from monitor.store import open_log
from tests.benchmarks.history import History, write
from tests.benchmarks.load import WANTED_MS, questions

_MIB: Final = 2**20
_MEASURED: Final = """
import re, sys
from pathlib import Path
from monitor.cli import main

main(sys.argv[1:], standalone_mode=False)
print(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1], file=sys.stderr)
"""
"""The command, and the most memory that it had, in KiB."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--logs", type=int, default=4)
    parser.add_argument("--tweets", type=int, default=250_000, help="in each log")
    parser.add_argument("--days", type=float, default=90.0)
    parser.add_argument("--shared", type=float, default=0.0, help="share of tweets in two logs")
    parser.add_argument("--rounds", type=int, default=5, help="of each query")
    parser.add_argument("--folder", type=Path, help="where to work; by default a temporary one")
    parser.add_argument("--json", action="store_true", help="JSON instead of a table")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="monitor-merge-", dir=options.folder) as folder:
        logs = invented(Path(folder), options.logs, options.tweets, options.days, options.shared)
        report = measure(Path(folder) / "all.db", logs, options.rounds)
    print(json.dumps(report, indent=2) if options.json else _table(report))  # noqa: T201


def invented(folder: Path, count: int, tweets: int, days: float, shared: float) -> list[Path]:
    """Write logs; of each but the first, a share of tweets has the ids of the one before it."""
    logs: list[Path] = []
    until = time.time()
    for seed in range(count):
        path = folder / f"{seed + 1}.db"
        write(path, History(tweets, days, seed=seed, until=until))
        if logs and shared:
            _share(logs[-1], path, shared)
        logs.append(path)
    return logs


def _share(one: Path, other: Path, share: float) -> None:
    """Have the first tweets of each thousand be the same in two logs."""
    with closing(sqlite3.connect(other, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("ATTACH ? AS other", (str(one),))
        connection.execute("BEGIN")
        connection.execute(
            "CREATE TEMP TABLE same AS SELECT t.id AS old, o.id AS new FROM main.tweets AS t"
            " JOIN other.tweets AS o ON o.rowid = t.rowid WHERE t.rowid % 1000 < ?",
            (1000 * share,),
        )
        for table, column in (("labels", "tweet_id"), ("tweets", "id")):
            connection.execute(
                f"UPDATE main.{table} SET {column} = s.new FROM same AS s WHERE {column} = s.old"
            )
        connection.execute("COMMIT")


def measure(output: Path, logs: Sequence[Path], rounds: int) -> dict[str, Any]:
    """Join logs, join them again, and ask the result."""
    size = sum(log.stat().st_size for log in logs)
    first, again = _merge(output, logs), _merge(output, logs)
    answers: dict[str, float] = {}
    with closing(open_log(output)) as connection:
        for name, ask in questions(output).items():
            took = []
            for _ in range(rounds):
                began = time.perf_counter()
                ask(connection)
                took.append(1000 * (time.perf_counter() - began))
            answers[name] = round(statistics.median(took), 1)
        (tweets,) = connection.execute("SELECT count(*) FROM tweets").fetchone()
        (copies,) = connection.execute("SELECT count(*) FROM copies WHERE lost").fetchone()
    return {
        "logs": len(logs),
        "tweets": tweets,
        "copies": copies,
        "input_mib": round(size / _MIB, 1),
        "output_mib": round(output.stat().st_size / _MIB, 1),
        "seconds": first[0],
        "mib_per_s": round(size / _MIB / first[0], 1),
        "peak_rss_mib": first[1],
        "again_seconds": again[0],
        "again_peak_rss_mib": again[1],
        "queries_ms": dict(sorted(answers.items(), key=lambda item: -item[1])),
    }


def _merge(output: Path, logs: Sequence[Path]) -> tuple[float, float]:
    """Return the seconds and the peak of resident memory, in MiB, that it took."""
    began = time.monotonic()
    result = subprocess.run(
        [sys.executable, "-c", _MEASURED, "merge", str(output), *map(str, logs)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=True,
    )
    return round(time.monotonic() - began, 2), round(int(result.stderr.split()[-1]) / 1024, 1)


def _table(report: dict[str, Any]) -> str:
    lines = [
        "| measured | value |",
        "|---|---:|",
        f"| logs | {report['logs']}, {report['input_mib']:,} MiB |",
        f"| joined | {report['tweets']:,} tweets, {report['output_mib']:,} MiB |",
        f"| labels that two logs have | {report['copies']:,} |",
        f"| joining them | {report['seconds']} s, {report['mib_per_s']} MiB/s |",
        f"| most memory | {report['peak_rss_mib']} MiB |",
        f"| again, with nothing new | {report['again_seconds']} s |",
    ]
    slow = {name: ms for name, ms in report["queries_ms"].items() if ms > WANTED_MS / 4}
    lines += [f"| {name} | {ms:,} ms |" for name, ms in slow.items()]
    return "\n".join([*lines, f"\nQueries under {WANTED_MS // 4} ms are left out."])


if __name__ == "__main__":
    main()
