"""What `monitor topics` costs: CPU seconds and peak memory, of 100,000 invented tweets.

    python -m tests.benchmarks.topics
    python -m tests.benchmarks.topics --tweets 1000000 --every
    python -m tests.benchmarks.topics --words hostile

A real log, the command in a process of its own. Tweets have as many words as real ones, drawn by
Zipf's law; a tenth tell a leak, a quarter are retweets. "hostile" are as long as can be, and no
word comes twice: the most that strangers can make it cost.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from monitor.clock import utc
from monitor.store import Store
from monitor.store.rows import BatchRow, TweetRow
from tests.factories import NOW, register, verdict
from tests.topics.invented import leak

_DAY_S: Final = 86_400.0
_BATCH: Final = 1000
_VOCABULARY: Final = 60_000
_LETTERS: Final = "aeioubdfgklmnprst"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tweets", type=int, default=100_000, help="in the time asked for")
    parser.add_argument("--usual", type=int, default=40_000, help="before it")
    parser.add_argument("--words", choices=["usual", "hostile"], default="usual")
    parser.add_argument("--every", action="store_true", help="200 stories, not 10")
    parser.add_argument("--show", action="store_true", help="print what it says")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="monitor-topics-") as folder:
        log = Path(folder) / "monitor.db"
        write(log, options.tweets, options.usual, hostile=options.words == "hostile")
        asked = ["--entity", "Acme", "--since", utc(NOW - _DAY_S), "--until", utc(NOW)]
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "monitor", "topics", "--database", str(log), *asked),
                *(["--top", "200"] if options.every else []),
            ],
            stdout=None if options.show else subprocess.DEVNULL,
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = status
    if status:
        sys.exit("it failed")
    seconds, mebibytes = usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024
    print(f"{options.tweets:,} tweets: {seconds:.2f} s of CPU, {mebibytes:.0f} MiB")  # noqa: T201


def write(path: Path, tweets: int, usual: int, *, hostile: bool = False) -> None:
    """Write a log: usual tweets of a month, then a day with a leak."""
    chance = random.Random(0)
    said = _unique() if hostile else _texts(chance)
    crisis = [one.text or "" for one in leak()]
    with closing(Store(path)) as store:
        model_id = register(store)
        store._connection.execute("PRAGMA synchronous = OFF")
        rows: list[TweetRow] = []
        for number in range(-usual, tweets):
            part = number / tweets if number >= 0 else 30 * number / usual - 0.1
            text = next(said)
            if number >= 0 and chance.random() < 0.1 and not hostile:
                text = f"{chance.choice(crisis)} {text[: chance.randrange(60)]}"
            is_retweet = chance.random() < 0.25 and bool(rows)
            if is_retweet and not hostile:
                original = rows[chance.randrange(len(rows))].text or ""
                text = original if original.startswith("RT @") else f"RT @user: {original}"
            label = ("negative", "neutral", "positive")[number % 3]
            rows.append(_row(number, text, NOW - _DAY_S + _DAY_S * part, label, is_retweet))
            if len(rows) == _BATCH or number == tweets - 1:
                batch = BatchRow(rows[0].received_at, True, model_id, 0.0, len(rows), 1.0, 1.0)
                store.write(batch, rows, [])
                rows = []


def _row(number: int, text: str, at: float, label: str, is_retweet: bool) -> TweetRow:
    return TweetRow(
        id=f"{10**18 + number}",
        received_at=utc(at),
        created_at=None,
        topic="tweets",
        author=None,
        lang=None,
        is_retweet=is_retweet,
        text=text,
        verdicts=[("Acme", verdict(label))],
    )


def _texts(chance: random.Random) -> Iterator[str]:
    words = [
        "".join(chance.choices(_LETTERS, k=2 + min(number, 5000) // 800 + chance.randrange(4)))
        for number in range(_VOCABULARY)
    ]
    weights = [1 / (number + 3) for number in range(_VOCABULARY)]
    while True:
        drawn = chance.choices(words, weights, k=20_000)
        while len(drawn) > 40:
            count = min(max(round(chance.gauss(17, 8)), 3), 40)
            yield f"Acme {' '.join(drawn[:count])}"
            del drawn[:count]


def _unique() -> Iterator[str]:
    number = 0
    while True:
        yield " ".join(f"{word:x}\N{FIRE}" for word in range(number, number + 60))
        number += 60


if __name__ == "__main__":
    main()
