"""What the daemon keeps of its classifier's speed, and where the time goes. All in one run.

    make bench DATA=folder       # with tweeteval_sentiment_test.jsonl.gz
    python -m tests.benchmarks.daemon folder --json

A real mosquitto on loopback, QoS 1, real tweets.
"""

from __future__ import annotations

import argparse
import gzip
import json
import multiprocessing
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from monitor import DEFAULT_MODEL
from monitor.inference import Classifier, Model
from monitor.verdict import Pair
from tests.benchmarks.split import cpu_split
from tests.processes import Daemon, Mosquitto, wait_until

FILE: Final = "tweeteval_sentiment_test.jsonl.gz"
MODEL: Final = DEFAULT_MODEL
WARM_UP: Final = 1_500
"""Tweets at the beginning that are not measured."""
PACED_RATE: Final = 20
PACED_TWEETS: Final = 600
PROMPT_MS: Final = "10"
"""The default spares an SD card rather than seconds."""
_PATIENCE_S: Final = 180.0


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help=f"folder with {FILE}")
    parser.add_argument("--model", default=MODEL)
    parser.add_argument("--json", action="store_true", help="JSON instead of a table")
    options = parser.parse_args(arguments)
    path = (options.data / FILE).resolve()
    if not path.is_file():
        parser.error(f"{path} is not there")
    report = measure(path, options.model)
    print(json.dumps(report, indent=2) if options.json else _table(report))  # noqa: T201


def measure(path: Path, model: str) -> dict[str, Any]:
    """Run every part, one after the other, each in a process of its own."""
    program = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        sys.exit("mosquitto is not installed (Debian: apt install mosquitto)")
    lines = gzip.decompress(path.read_bytes()).splitlines()
    with tempfile.TemporaryDirectory(prefix="monitor-bench-") as temporary:
        folder = Path(temporary)
        _say(f"draining a backlog of {len(lines)} tweets")
        drained = _drain(program, folder, path, len(lines), model)
        _say("the same through the classifier alone")
        alone = _in_process(_classifier_alone, lines, model)
        _say("CPU time of the parts")
        split = _in_process(cpu_split, program, folder / "split", path, len(lines), model)
        _say(f"latency at {PACED_RATE} tweets/s, half a minute")
        paced = _paced(program, folder / "default", path, model, {})
        _say(f"the same with max_delay_ms = {PROMPT_MS}")
        prompt = _paced(
            program, folder / "prompt", path, model, {"MONITOR_BATCH_MAX_DELAY_MS": PROMPT_MS}
        )
    return {
        "machine": _machine(),
        "tweets": len(lines),
        "daemon_tweets_per_s": drained.pop("tweets_per_s"),
        "classifier_tweets_per_s": alone,
        **drained,
        "cpu_us_per_tweet": split,
        "paced_latency_ms": paced,
        "prompt_latency_ms": prompt,
    }


def _say(what: str) -> None:
    print(f"- {what} ...", file=sys.stderr, flush=True)  # noqa: T201


def _in_process(function: Any, *arguments: Any) -> Any:  # noqa: ANN401  (whatever it returns)
    """Run a part in a fresh process, so that one leaves the next no warm caches or threads."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        return pool.apply(function, arguments)


def _daemon(folder: Path, port: int, model: str) -> Daemon:
    folder.mkdir()
    return Daemon(folder, {"MONITOR_MQTT_PORT": str(port), "MONITOR_MODEL_PATH": model})


def _drain(program: str, folder: Path, path: Path, count: int, model: str) -> dict[str, float]:
    broker = Mosquitto(program, folder / "mosquitto", {})
    broker.start()
    daemon = _daemon(folder / "drain", broker.port, model)
    try:
        daemon.start()  # makes the session, for which the broker will queue
        daemon.stop()
        result = daemon.command(
            "publish", str(path), "--topic", "tweets/bench", patience=_PATIENCE_S
        )
        assert result.returncode == 0, result.stderr
        spawned = time.time()
        daemon.start()
        readings: list[tuple[float, int]] = []

        def done() -> bool:
            (stored,) = daemon.rows("SELECT coalesce(sum(tweets), 0) FROM batches")[0]
            readings.append((time.monotonic(), stored))
            return daemon.alive() and bool(stored >= count)

        wait_until(done, "backlog drained", _PATIENCE_S, every=0.2)
        assert daemon.process is not None
        status = Path(f"/proc/{daemon.process.pid}/status").read_text()
        peak_kib = int(status.partition("VmHWM:")[2].split()[0])
        ready = [e for e in daemon.events() if e["event"] == "ready"][-1]["timestamp"]
        start_up_s = _epoch(ready) - spawned
        daemon.stop()
    finally:
        daemon.kill()
        broker.kill()
    first = next(r for r in readings if r[1] >= WARM_UP)
    last = next(r for r in readings if r[1] >= count)
    return {
        "tweets_per_s": round((last[1] - first[1]) / (last[0] - first[0]), 1),
        "peak_resident_mib": round(peak_kib / 1024, 1),
        "start_up_s": round(start_up_s, 2),
    }


def _epoch(timestamp: str) -> float:
    from datetime import datetime

    return datetime.fromisoformat(timestamp).timestamp()


def pairs_of(lines: Sequence[bytes]) -> list[Pair]:
    """Texts and entities, as the daemon reads them from the same lines."""
    rows = [json.loads(line) for line in lines]
    return [(row["text"], row.get("entity") or None) for row in rows]


def _classifier_alone(lines: Sequence[bytes], model: str) -> float:
    pairs = pairs_of(lines)
    with Classifier(Model.load(model)) as classifier:
        for _ in classifier.stream(pairs[:WARM_UP]):
            pass
        started = time.monotonic()
        for _ in classifier.stream(pairs[WARM_UP:]):
            pass
        return round((len(pairs) - WARM_UP) / (time.monotonic() - started), 1)


def _paced(
    program: str, folder: Path, path: Path, model: str, settings: dict[str, str]
) -> dict[str, float]:
    folder.mkdir()
    broker = Mosquitto(program, folder / "mosquitto", {})
    broker.start()
    daemon = _daemon(folder / "paced", broker.port, model)
    daemon.environment.update(settings)
    lines = gzip.decompress(path.read_bytes()).splitlines()
    warm, paced = lines[:100], lines[100 : 100 + PACED_TWEETS]
    publish = ("publish", "-", "--topic", "tweets/bench", "--rate", str(PACED_RATE))
    try:
        daemon.start()
        daemon.command(*publish, stdin=b"\n".join(warm), patience=_PATIENCE_S)
        daemon.wait_stored(len(warm))
        daemon.stop()
        daemon.start()
        daemon.command(*publish, stdin=b"\n".join(paced), patience=_PATIENCE_S)
        daemon.wait_stored(len(warm) + len(paced))
        daemon.stop()
        ((p50, p95, p99, worst),) = daemon.rows(
            "SELECT latency_p50_ms, latency_p95_ms, latency_p99_ms, latency_max_ms"
            " FROM throughput ORDER BY id DESC LIMIT 1"
        )
    finally:
        daemon.kill()
        broker.kill()
    return {"p50": p50, "p95": p95, "p99": p99, "max": worst}


def _machine() -> str:
    names = {
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith(("model name", "Model"))
    }
    cores = len(os.sched_getaffinity(0))
    return f"{cores} cores, {' / '.join(sorted(names))}, Python {platform.python_version()}"


def _table(report: dict[str, Any]) -> str:
    ratio = report["daemon_tweets_per_s"] / report["classifier_tweets_per_s"]
    latency, prompt = report["paced_latency_ms"], report["prompt_latency_ms"]
    split = report["cpu_us_per_tweet"]
    rows = (
        (
            "broker to COMMIT, draining a backlog",
            f"{report['daemon_tweets_per_s']:,.0f} tweets/s",
            "≥ 1,500",
        ),
        (
            "classifier alone, text to label",
            f"{report['classifier_tweets_per_s']:,.0f} tweets/s",
            "",
        ),
        ("the daemon keeps", f"{ratio:.0%}", "≥ 80 %"),
        (
            f"latency at {PACED_RATE} tweets/s, p50 / p95 / p99",
            f"{latency['p50']:.0f} / {latency['p95']:.0f} / {latency['p99']:.0f} ms",
            "",
        ),
        (
            f"the same with max_delay_ms = {PROMPT_MS}",
            f"{prompt['p50']:.1f} / {prompt['p95']:.1f} / {prompt['p99']:.1f} ms",
            "p99 ≤ 25 ms",
        ),
        ("peak resident memory", f"{report['peak_resident_mib']:.0f} MiB", "≤ 150 MB"),
        ("start-up to ready", f"{report['start_up_s']:.2f} s", "≤ 2 s"),
        *((f"CPU time a tweet: {part}", f"{spent:.0f} µs", "") for part, spent in split.items()),
    )
    lines = [
        f"{report['tweets']} tweets on {report['machine']}",
        "",
        "| measured | value | wanted |",
        "|---|---|---|",
        *(f"| {' | '.join(row)} |" for row in rows),
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
