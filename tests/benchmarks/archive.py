"""What an archive costs: each engine with one worker and with two, and whether they agree.

    make archive                                          # 100,000 of the demonstration's tweets
    python -m tests.benchmarks.archive folder --tweets 1000000
    python -m tests.benchmarks.archive --json

The tweets, over and over, each with a number, so that no two are the same; the commands as typed,
one after the other. Starting is measured apart, on a single tweet: it is Ray's largest cost.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from monitor.tweets import Tweet, decode
from tests.benchmarks.daemon import FILE, MODEL
from tests.processes import REPOSITORY

DEMO: Final = REPOSITORY / "monitor" / "demo" / "tweets.jsonl"
RUNS: Final = tuple(itertools.product(("local", "ray"), (1, 2)))
"""Engine and number of workers; the first is what the others are compared with."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, nargs="?", help=f"folder with {FILE}")
    parser.add_argument("--tweets", type=int, default=100_000)
    parser.add_argument("--model", default=MODEL)
    parser.add_argument("--json", action="store_true", help="JSON instead of a table")
    options = parser.parse_args(arguments)
    path = options.data / FILE if options.data else DEMO
    if not path.is_file():
        parser.error(f"{path} is not there")
    report = measure(path, options.tweets, options.model)
    print(json.dumps(report, indent=2) if options.json else table(report))  # noqa: T201


def measure(path: Path, tweets: int, model: str) -> dict[str, Any]:
    """Label the tweets of a file by each engine, with each number of workers."""
    texts = list(_texts(path))
    with tempfile.TemporaryDirectory(prefix="monitor-bench-") as temporary:
        folder = Path(temporary)
        whole = _written(folder / "tweets.jsonl", texts, tweets)
        single = _written(folder / "single.jsonl", texts, 1)
        rows = []
        for engine, workers in RUNS:
            _say(f"{tweets:,} tweets, {engine}, workers: {workers}")
            start, _ = _run(single, folder / f"{engine}-{workers}", engine, workers, model)
            seconds, digest = _run(whole, folder / f"{engine}-{workers}", engine, workers, model)
            rows.append(
                {
                    "engine": engine,
                    "workers": workers,
                    "seconds": round(seconds, 2),
                    "start_s": round(start, 2),
                    "tweets_per_s": round(tweets / seconds, 1),
                    "tweets_per_s_without_start": round(tweets / max(0.01, seconds - start), 1),
                    "sha256": digest,
                }
            )
    return {
        "tweets": tweets,
        "cores": len(os.sched_getaffinity(0)),
        "identical": len({row["sha256"] for row in rows}) == 1,
        "runs": rows,
    }


def table(report: dict[str, Any]) -> str:
    """Lay a report out in Markdown."""
    first = report["runs"][0]
    lines = [
        f"{report['tweets']:,} tweets, {report['cores']} cores",
        "",
        "| engine | workers | s | start, s | tweets/s | ratio | tweets/s, started | ratio |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for row in report["runs"]:
        cells = [row["engine"], row["workers"], row["seconds"], row["start_s"]]
        for rate in ("tweets_per_s", "tweets_per_s_without_start"):
            cells += [f"{row[rate]:,.0f}", f"{row[rate] / first[rate]:.2f}"]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    agree = "the same bytes" if report["identical"] else "DIFFERENT BYTES"
    lines += ["", f"{agree}, SHA-256 {', '.join({row['sha256'] for row in report['runs']})}"]
    return "\n".join(lines)


def _texts(path: Path) -> Iterator[str]:
    raw = path.read_bytes()
    for line in (gzip.decompress(raw) if path.suffix == ".gz" else raw).splitlines():
        tweet = decode(line, max_bytes=len(line), identify=str)
        if isinstance(tweet, Tweet):
            yield tweet.text


def _written(path: Path, texts: Sequence[str], count: int) -> Path:
    with path.open("w") as file:
        for number, text in zip(range(count), itertools.cycle(texts), strict=False):
            file.write(f"{json.dumps({'id': number, 'text': f'{text} ({number})'})}\n")
    return path


def _run(path: Path, out: Path, engine: str, workers: int, model: str) -> tuple[float, str]:
    """Label a file: seconds, and the output's digest."""
    began = time.monotonic()
    subprocess.run(
        [
            *(sys.executable, "-m", "monitor", "classify", str(path), "--output", str(out)),
            *("--engine", engine, "--workers", str(workers), "--model", model),
        ],
        check=True,
        env={name: value for name, value in os.environ.items() if name != "RAY_ADDRESS"},
    )
    seconds = time.monotonic() - began
    with (out / path.name).open("rb") as file:
        return seconds, hashlib.file_digest(file, "sha256").hexdigest()


def _say(what: str) -> None:
    print(f"- {what} ...", file=sys.stderr, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
