"""How much is written to the SD card: bytes a tweet, with default settings, all in one run.

    python -m tests.benchmarks.wear --folder /mnt/card
    python -m tests.benchmarks.wear --ids random --json

Three lines for each kind of ids. *daemon*: the real daemon behind a real mosquitto at a rate, for
a minute, and until it has ended, so that one checkpoint at least is counted. *filling*: the log
driven directly with the batches of that rate, for several checkpoints. *steady*: the same while as
much is pruned as comes in. "calls" are bytes handed to write calls, "blocks" those of the file
system's blocks made dirty, which is what a card gets (0 on file systems that do not count them).
"""

from __future__ import annotations

import argparse
import itertools
import json
import multiprocessing
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from monitor import DEFAULT_MODEL
from monitor.clock import Moment, utc
from monitor.mqtt.publisher import connected
from monitor.settings import MqttSettings, Settings
from monitor.store import Store
from monitor.store.rows import TweetRow
from monitor.tweets import Pseudonyms
from tests.factories import DAY_S, NOW, PAIRS, batch_row, register, see_minutes, tweet_row
from tests.processes import Daemon, Mosquitto

_MODEL: Final = DEFAULT_MODEL
_PRUNE_EVERY_S: Final = 600
"""As the writer does."""
_PSEUDONYMS: Final = Pseudonyms(bytes(32))


@dataclass(frozen=True, slots=True)
class Load:
    """What is written, and into what."""

    ids: str
    rate: float
    seconds: float
    filled: int
    """Tweets in the log before."""
    measured: int
    """Tweets that the log is driven with directly."""

    @property
    def batch(self) -> int:
        """Tweets a transaction at that rate, with default settings."""
        settings = Settings().batch
        return max(1, min(settings.max_tweets, round(self.rate * settings.max_delay_ms / 1000)))


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=Path(), help="on the file system to measure")
    parser.add_argument("--ids", choices=["ascending", "random", "both"], default="both")
    parser.add_argument("--rate", type=float, default=20.0, help="tweets a second")
    parser.add_argument("--seconds", type=float, default=60.0, help="of the daemon's run")
    parser.add_argument("--filled", type=int, default=60_000, help="tweets in the log before")
    parser.add_argument("--measured", type=int, default=24_000, help="tweets in the other two")
    parser.add_argument("--json", action="store_true", help="JSON instead of a table")
    options = parser.parse_args(arguments)
    if not options.folder.is_dir():
        parser.error(f"{options.folder} is no folder")
    kinds = ["ascending", "random"] if options.ids == "both" else [options.ids]
    rows = []
    for ids in kinds:
        load = Load(ids, options.rate, options.seconds, options.filled, options.measured)
        for part in (_daemon, _filling, _steady):
            name = part.__name__.lstrip("_")
            print(f"- {ids} ids, {name} ...", file=sys.stderr, flush=True)  # noqa: T201
            # Each in a process of its own: the kernel counts what a process writes.
            with (
                tempfile.TemporaryDirectory(
                    prefix="monitor-wear-", dir=options.folder.absolute()
                ) as folder,
                multiprocessing.get_context("spawn").Pool(1) as pool,
            ):
                rows.append({"ids": ids, "how": name, **pool.apply(part, (folder, load))})
    report = {"file_system": _file_system(options.folder), "rate": options.rate, "rows": rows}
    print(json.dumps(report, indent=2) if options.json else _table(report))  # noqa: T201


def _messages(load: Load, start: float) -> Iterator[dict[str, str]]:
    """Invented tweets, endlessly, with ids as the service gave them at that rate, or any."""
    chance = random.Random(start)
    for number in itertools.count():
        at = start + number / load.rate
        snowflake = (int(1000 * at) - 1_288_834_974_657 << 22) + chance.getrandbits(12)
        text, entity = chance.choice(PAIRS[:-1])
        yield {
            "id": str(snowflake if load.ids == "ascending" else chance.getrandbits(63)),
            "text": f"{text} ({number})",
            "created_at": utc(at),
            "author": f"somebody{chance.randrange(10**6)}",
            "entity": entity or "Acme",
            "lang": "en",
        }


def _row(message: dict[str, str], received_at: str) -> TweetRow:
    """Lay a message out as the writer does."""
    return replace(
        tweet_row(message["id"], message["entity"], received_at=received_at),
        created_at=message["created_at"],
        author=_PSEUDONYMS.author(message["author"]),
        lang=message["lang"],
        text=message["text"],
    )


class _Driver:
    """Drives a log with batches, at a clock by which it was filled within a day."""

    def __init__(self, folder: str, load: Load) -> None:
        self.store = Store(Path(folder) / "monitor.db")
        register(self.store)
        self._load = load
        self._messages = _messages(load, NOW - DAY_S)
        self._written = 0
        self.batches(load.filled, 1000)

    @property
    def now(self) -> float:
        """Seconds since the epoch."""
        return NOW + DAY_S * (self._written / self._load.filled - 1)

    def batches(self, tweets: int, size: int) -> None:
        """Commit so many tweets, and 1,500 minutes a day, which pruning wants to see."""
        for _ in range(tweets // size):
            at = utc(self.now)
            rows = [_row(message, at) for message in itertools.islice(self._messages, size)]
            batch = replace(batch_row(size), started_at=at)
            self.store.write(batch, rows, [])
            before, self._written = self._written, self._written + size
            hundredth = self._load.filled // 100
            for _ in range(self._written // hundredth - before // hundredth):
                see_minutes(self.store, itertools.repeat(self.now, 15))

    def checkpoint(self) -> None:
        """Fold the write-ahead log into the file."""
        self.store._connection.execute("PRAGMA wal_checkpoint").fetchall()


def _filling(folder: str, load: Load) -> dict[str, float]:
    driver = _Driver(folder, load)
    with closing(driver.store):
        driver.checkpoint()
        before = _written("self")
        driver.batches(load.measured, load.batch)
        driver.checkpoint()
        return _per_tweet(before, _written("self"), load.measured)


def _steady(folder: str, load: Load) -> dict[str, float]:
    driver = _Driver(folder, load)
    longest = 0.0
    with closing(driver.store):
        driver.checkpoint()
        before, done = _written("self"), 0
        while done < load.measured:
            turn = min(load.measured - done, round(_PRUNE_EVERY_S * load.rate))
            driver.batches(turn, load.batch)
            done += turn
            gone = True
            while gone:
                began = time.monotonic()
                gone = bool(driver.store.prune(Moment(driver.now, True), keep_days=1))
                longest = max(longest, time.monotonic() - began)
        driver.checkpoint()
        after = _written("self")
        pruned = load.filled + done - driver.store.tweets()
    return {
        **_per_tweet(before, after, done),
        "pruned": pruned,
        "longest_step_ms": round(1000 * longest, 1),
    }


def _daemon(folder: str, load: Load) -> dict[str, float]:
    program = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        sys.exit("mosquitto is not installed (Debian: apt install mosquitto)")
    _Driver(folder, load).store.close()
    broker = Mosquitto(program, Path(folder) / "mosquitto", {})
    broker.start()
    daemon = Daemon(
        Path(folder), {"MONITOR_MQTT_PORT": str(broker.port), "MONITOR_MODEL_PATH": _MODEL}
    )
    count = round(load.rate * load.seconds)
    try:
        daemon.start()
        assert daemon.process is not None
        pid = daemon.process.pid
        before, said = _written(pid), len(daemon.said())
        with connected(MqttSettings(host="127.0.0.1", port=broker.port)) as publisher:
            payloads = (
                json.dumps(message).encode()
                for message in itertools.islice(_messages(load, time.time()), count)
            )
            publisher.publish(payloads, "tweets/wear", load.rate, qos=1)
        daemon.wait_stored(load.filled + count)
        daemon.process.terminate()
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)  # ended, yet still there to be asked
        calls, blocks = _written(pid)
        after = calls - (len(daemon.said()) - said), blocks
        return _per_tweet(before, after, count)
    finally:
        daemon.kill()
        broker.kill()


def _written(process: int | str) -> tuple[int, int]:
    """Bytes that a process has handed to write calls, and bytes of blocks it has made dirty."""
    lines = Path(f"/proc/{process}/io").read_text().splitlines()
    fields = {name: int(value) for name, value in (line.split(": ") for line in lines)}
    return fields["wchar"], fields["write_bytes"]


def _per_tweet(before: tuple[int, int], after: tuple[int, int], tweets: int) -> dict[str, float]:
    calls, blocks = (round((b - a) / tweets) for a, b in zip(before, after, strict=True))
    return {"tweets": tweets, "calls": calls, "blocks": blocks}


def _file_system(folder: Path) -> str:
    """Name the type of the file system that a folder is on."""
    device = folder.stat().st_dev
    name = f"{os.major(device)}:{os.minor(device)}"
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        fields = line.split()
        if fields[2] == name:
            return fields[fields.index("-") + 1]
    return "unknown"


def _table(report: dict[str, Any]) -> str:
    lines = [
        f"{report['rate']:g} tweets/s on {report['file_system']}, bytes a tweet (wanted: ≤ 2 kB)",
        "",
        "| ids | how | tweets | calls | blocks | longest pruning step |",
        "|---|---|---|---|---|---|",
    ]
    for row in report["rows"]:
        step = f"{row['longest_step_ms']} ms" if "longest_step_ms" in row else ""
        lines.append(
            f"| {row['ids']} | {row['how']} | {row['tweets']:,} | {row['calls']:,} |"
            f" {row['blocks']:,} | {step} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
