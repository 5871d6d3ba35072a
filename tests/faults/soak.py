"""The long run: half an hour and more of load and faults, and a ledger at the end.

    make soak                       # 35 minutes
    python -m tests.faults.soak --minutes 120 --seed 7 --json

First the daemon is killed at named steps and at random moments, has its power cut, its disk fill
up, its broker restart and its configuration reloaded, over and over, while messages keep flowing.
Then it lives on undisturbed but for restarts of the broker and floods, and its memory is watched.
Everything is real: processes, mosquitto, files. Exit code 1 if anything is missing or grows.
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any, Final

from tqdm import tqdm

from tests.faults.flow import Flow
from tests.faults.ledger import assert_balanced
from tests.faults.power import cut_power
from tests.faults.saboteur import sabotaged
from tests.faults.vfs import fault, run_on_sick_disk
from tests.processes import Daemon, Mosquitto, wait_until

STEPS: Final = ("received", "before-commit", "after-commit", "acknowledged")
_FAULTY_SHARE: Final = 0.4
_WARM_UP_S: Final = 180.0
_WINDOW_S: Final = 60.0
_PATIENCE_S: Final = 300.0
_SQLITE_FULL: Final = 13
MOST_GROWTH: Final = 0.05


class Campaign:
    """One broker, one daemon, one log, and everything that happens to them."""

    def __init__(self, folder: Path, seed: int) -> None:
        program = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin")
        if program is None:
            sys.exit("mosquitto is not installed (Debian: apt install mosquitto)")
        self.random = Random(seed)
        self.happened: Counter[str] = Counter()
        self.broker = Mosquitto(program, folder / "mosquitto", {})
        self.broker.start()
        self.daemon = Daemon(
            folder,
            {
                "MONITOR_MQTT_PORT": str(self.broker.port),
                "MONITOR_PRIVACY_STORE_TEXT": "full",  # the ledger reads ids of dead letters
            },
        )
        self._plain = self.daemon.program

    def close(self) -> None:
        """End both."""
        self.daemon.kill()
        self.broker.kill()

    def disturb(self, until: float, tick: Callable[[str], object]) -> None:
        """Do one bad thing after the other."""
        deeds = {
            self._kill_at_step: 4,
            self._kill: 4,
            self._cut_power: 3,
            self._restart: 1,
            self._restart_broker: 1,
            self._reload: 1,
            self._fill_disk: 1,
        }
        while time.monotonic() < until:
            (deed,) = self.random.choices([*deeds], [*deeds.values()])
            deed()
            name = deed.__name__.strip("_").replace("_", " ")
            self.happened[name] += 1
            tick(name)
        self.daemon.program = self._plain
        self._start()
        self.daemon.stop()

    def _start(self, *, ready: bool = True) -> None:
        if self.daemon.process is None or self.daemon.process.poll() is not None:
            self.daemon.start(ready=ready)

    def _kill_at_step(self) -> None:
        self.daemon.kill()
        self.daemon.program = self._plain
        step = f"{self.random.choice(STEPS)}={self.random.randint(1, 12)}"
        with sabotaged(self.daemon, step):
            self.daemon.start(ready=False)
        assert self.daemon.process is not None
        assert self.daemon.process.wait(_PATIENCE_S) == -signal.SIGKILL, self.daemon.said()[-2000:]

    def _kill(self) -> None:
        self._start(ready=False)
        time.sleep(self.random.uniform(0, 2))
        if self.random.random() < 0.5:
            self.daemon.alive()
            assert self.daemon.process is not None
            self.daemon.process.terminate()
            time.sleep(self.random.uniform(0, 0.1))
        self.daemon.kill()

    def _on_sick_disk(self) -> None:
        self.daemon.kill()
        self.daemon.program = self._plain
        run_on_sick_disk(self.daemon)
        self.daemon.start()

    def _cut_power(self) -> None:
        self._on_sick_disk()
        cut_power(self.daemon, self.random.randrange(2**32))
        self.daemon.kill()
        self.daemon.program = self._plain

    def _fill_disk(self) -> None:
        self._on_sick_disk()
        with fault(self.daemon, "write", _SQLITE_FULL):
            time.sleep(self.random.uniform(0.5, 5))
        self.daemon.alive()
        self.daemon.kill()
        self.daemon.program = self._plain

    def _restart(self) -> None:
        self._start()
        assert self.daemon.stop(self.random.choice([signal.SIGTERM, signal.SIGINT])) == 0

    def _restart_broker(self) -> None:
        self._start()
        self.broker.stop()
        time.sleep(self.random.uniform(0, 2))
        self.broker.start()

    def _reload(self) -> None:
        self._start()
        assert self.daemon.process is not None
        self.daemon.process.send_signal(signal.SIGHUP)
        time.sleep(self.random.uniform(0, 1))
        self.daemon.alive()

    def live_on(self, flow: Flow, until: float, tick: Callable[[str], object]) -> list[float]:
        """Let one process live under load, floods and restarts of the broker.

        Returns:
            Its resident memory in MiB, a reading a second.
        """
        self.daemon.start()
        memory: list[float] = []
        flood = restart = time.monotonic()
        while (now := time.monotonic()) < until:
            self.daemon.alive()
            memory.append(self._resident_mib())
            if now - flood > 60:
                flood = now
                flow.burst(20_000)
                self.happened["flood of 20,000"] += 1
            if now - restart > 110:
                restart = now
                self.broker.stop()
                self.broker.start()
                self.happened["restart broker"] += 1
            tick("living on")
            time.sleep(max(0.0, now + 1 - time.monotonic()))
        return memory

    def _resident_mib(self) -> float:
        assert self.daemon.process is not None
        status = Path(f"/proc/{self.daemon.process.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) / 1024

    def settle(self, published: set[str]) -> None:
        """Wait for the last message, end, and check the ledger."""
        rows = "SELECT (SELECT count(*) FROM tweets) + (SELECT count(*) FROM dead_letters)"
        wait_until(
            lambda: self.daemon.rows(rows)[0][0] >= len(published), "the rest", _PATIENCE_S, 1.0
        )
        assert self.daemon.stop() == 0
        assert_balanced(self.daemon, published)


def run(folder: Path, minutes: float, rate: float, seed: int) -> dict[str, Any]:
    """Run the campaign and report what happened."""
    campaign = Campaign(folder, seed)
    began = time.monotonic()
    try:
        campaign.daemon.start()  # makes the session
        campaign.daemon.stop()
        seconds = round(60 * minutes)
        with tqdm(total=seconds, unit="s", file=sys.stderr) as bar:

            def tick(what: str) -> None:
                bar.set_postfix_str(f"{what}, {len(flow.published):,} published", refresh=False)
                bar.update(max(0, min(seconds, round(time.monotonic() - began)) - int(bar.n)))

            with Flow(campaign.broker.port, rate) as flow:
                campaign.disturb(began + 60 * minutes * _FAULTY_SHARE, tick)
                memory = campaign.live_on(flow, began + 60 * minutes, tick)
        campaign.settle(flow.published)
        warm_up = int(min(_WARM_UP_S, len(memory) / 3))
        window = int(min(_WINDOW_S, len(memory) / 3))
        warm = statistics.median(memory[warm_up : warm_up + window])
        end = statistics.median(memory[-window:])
        ((tweets, dead),) = campaign.daemon.rows(
            "SELECT (SELECT count(*) FROM tweets), (SELECT count(*) FROM dead_letters)"
        )
        ((duplicates, p99),) = campaign.daemon.rows(
            "SELECT sum(duplicates), max(latency_p99_ms) FROM throughput"
        )
        return {
            "minutes": round((time.monotonic() - began) / 60, 1),
            "seed": seed,
            **{f"happened: {what}": count for what, count in sorted(campaign.happened.items())},
            "killed": sum(
                count
                for what, count in campaign.happened.items()
                if what.startswith(("kill", "cut"))
            ),
            "published": len(flow.published),
            "stored": tweets,
            "dead letters": dead,
            "missing": len(flow.published) - tweets - dead,
            "redeliveries seen again": duplicates,
            "resident MiB after warm-up": round(warm, 1),
            "resident MiB at the end": round(end, 1),
            "resident MiB at most": round(max(memory), 1),
            "growth": round(end / warm - 1, 4),
            "worst minute's p99 latency, s": round((p99 or 0) / 1000, 1),
        }
    finally:
        campaign.close()


def main(arguments: Sequence[str] | None = None) -> None:
    """Run and print the ledger."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=35.0)
    parser.add_argument("--rate", type=float, default=150.0, help="messages a second")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="JSON instead of a table")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="monitor-soak-") as folder:
        report = run(Path(folder), options.minutes, options.rate, options.seed)
    if options.json:
        print(json.dumps(report, indent=2))  # noqa: T201
    else:
        rows = "\n".join(f"| {name} | {value:,} |" for name, value in report.items())
        print(f"| the ledger | balances |\n|---|---|\n{rows}")  # noqa: T201
    if report["growth"] > MOST_GROWTH:
        sys.exit(f"memory grew by {report['growth']:.1%}, more than {MOST_GROWTH:.0%}")


if __name__ == "__main__":
    main()
