"""How throughput grows with the boards of a group, and what the broker alone could pass on.

    make group                   # the demonstration's invented tweets, over and over
    make group DATA=folder       # with tweeteval_sentiment_test.jsonl.gz
    python -m tests.benchmarks.group --json

Every board is a daemon with one worker, all on this machine: the throughput grows as far as there
are cores. One real mosquitto on loopback, QoS 1, shared subscriptions.
"""

from __future__ import annotations

import argparse
import gzip
import itertools
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, Final

from paho.mqtt.enums import MQTTProtocolVersion

from monitor.mqtt.connection import Connection
from monitor.mqtt.publisher import connected
from monitor.settings import MqttSettings
from monitor.tweets import Tweet, decode
from tests.benchmarks.daemon import FILE, MODEL
from tests.benchmarks.sharing import TOPIC, Passed, passed_on
from tests.processes import Daemon, Mosquitto, wait_until

BOARDS: Final = (1, 2, 4)
TWEETS: Final = 8192
"""Full batches for each of four boards."""
MESSAGES: Final = 40_000
_PROMPT_MS: Final = "100"
"""Else the last batch would wait for others, 2.5 s."""
_GROUP: Final = "bench"
_PATIENCE_S: Final = 600.0


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, nargs="?", help=f"folder with {FILE}")
    parser.add_argument("--boards", type=int, nargs="+", default=BOARDS)
    parser.add_argument("--tweets", type=int, default=TWEETS)
    parser.add_argument("--messages", type=int, default=MESSAGES, help="through the broker alone")
    parser.add_argument("--model", default=MODEL)
    parser.add_argument("--json", action="store_true", help="JSON instead of tables")
    options = parser.parse_args(arguments)
    program = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        sys.exit("mosquitto is not installed (Debian: apt install mosquitto)")
    if options.data and not (options.data / FILE).is_file():
        parser.error(f"{options.data / FILE} is not there")
    payloads = list(itertools.islice(_payloads(options.data), options.tweets))
    report: dict[str, Any] = {"cores": len(os.sched_getaffinity(0)), "tweets": len(payloads)}
    with tempfile.TemporaryDirectory(prefix="monitor-group-") as temporary:
        folder = Path(temporary)
        report["drained"] = []
        for boards in options.boards:
            _say(f"{boards} boards drain a backlog of {len(payloads)} tweets")
            report["drained"].append(
                _drain(program, folder / f"group-{boards}", payloads, boards, options.model)
            )
        passed = []
        for boards in options.boards:
            _say(f"{options.messages} messages to {boards} who only acknowledge")
            passed.append(
                passed_on(program, folder / f"broker-{boards}", payloads, boards, options.messages)
            )
    if options.json:
        print(json.dumps(report | {"passed": [p.as_json() for p in passed]}, indent=2))  # noqa: T201
    else:
        print(_table(report, passed))  # noqa: T201


def _say(what: str) -> None:
    print(f"- {what} ...", file=sys.stderr, flush=True)  # noqa: T201


def _payloads(data: Path | None) -> Iterator[bytes]:
    """Give messages without end, of one form, each with an id of its own."""
    texts = _invented() if data is None else _from(data / FILE)
    for number, text in enumerate(itertools.cycle(texts)):
        yield json.dumps({"id": str(number), "text": text}).encode()


def _invented() -> list[str]:
    lines = resources.files("monitor.demo").joinpath("tweets.jsonl").read_bytes().splitlines()
    results = [decode(line, max_bytes=65_536, identify=lambda _line: "") for line in lines]
    return [result.text for result in results if isinstance(result, Tweet)]


def _from(path: Path) -> list[str]:
    return [json.loads(line)["text"] for line in gzip.decompress(path.read_bytes()).splitlines()]


def _drain(
    program: str, folder: Path, payloads: Sequence[bytes], count: int, model: str
) -> dict[str, Any]:
    """Queue the tweets for the boards that are away, and let them all come at once."""
    folder.mkdir()
    broker = Mosquitto(program, folder / "mosquitto", {})
    broker.start()
    boards = [_board(folder / f"board-{i}", broker.port, model) for i in range(count)]
    try:
        for board in boards:
            _subscribe(board, broker.port)
        with connected(MqttSettings(host="127.0.0.1", port=broker.port)) as publisher:
            publisher.publish(payloads, TOPIC, 0, qos=1)
        for board in boards:
            board.start(ready=False)
        readings: list[tuple[float, int]] = []

        def done() -> bool:
            readings.append((time.monotonic(), sum(board.stored() for board in boards)))
            return all(board.alive() for board in boards) and readings[-1][1] >= len(payloads)

        wait_until(done, "backlog drained", _PATIENCE_S, every=0.1)
        for board in boards:
            board.stop()
        split = [board.stored() for board in boards]
    finally:
        for board in boards:
            board.kill()
        broker.kill()
    # Without the start, which not all boards have at the same moment.
    first = [reading for reading in readings if reading[1] < len(payloads) / 8][-1]
    last = readings[-1]
    rate = (last[1] - first[1]) / (last[0] - first[0])
    return {"boards": count, "tweets_per_s": round(rate, 1), "split": split}


def _subscribe(board: Daemon, port: int) -> None:
    """Make a board's session, for which the broker will queue."""
    settings = MqttSettings(host="127.0.0.1", port=port, client_id=board.folder.name, group=_GROUP)
    connection = Connection(settings, MQTTProtocolVersion.MQTTv5, 1, print)
    connection.open()
    connection.close()


def _board(folder: Path, port: int, model: str) -> Daemon:
    folder.mkdir()
    return Daemon(
        folder,
        {
            "MONITOR_MQTT_PORT": str(port),
            "MONITOR_MQTT_GROUP": _GROUP,
            "MONITOR_MQTT_CLIENT_ID": folder.name,
            "MONITOR_MODEL_PATH": model,
            "MONITOR_MODEL_WORKERS": "1",
            "MONITOR_BATCH_MAX_DELAY_MS": _PROMPT_MS,
        },
    )


def _table(report: dict[str, Any], passed: Sequence[Passed]) -> str:
    alone = report["drained"][0]["tweets_per_s"]
    lines = [
        f"{report['tweets']} tweets, {report['cores']} cores, boards of one worker each",
        "",
        "| boards | tweets/s | of the first row | split |",
        "|---|---|---|---|",
    ]
    for drained in report["drained"]:
        rate, split = drained["tweets_per_s"], " + ".join(map(str, drained["split"]))
        lines.append(f"| {drained['boards']} | {rate:,.0f} | {rate / alone:.2f} | {split} |")
    lines += [
        "",
        "The broker alone: messages in, out to subscribers who only acknowledge",
        "",
        "| subscribers | messages/s on this machine | broker's CPU, µs a message | one core: /s |",
        "|---|---|---|---|",
    ]
    for row in passed:
        lines.append(
            f"| {row.subscribers} | {row.messages_per_s:,.0f} | {row.broker_us_per_message:.1f} |"
            f" {row.ceiling:,.0f} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
