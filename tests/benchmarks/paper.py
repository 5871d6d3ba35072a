"""The models that are shipped beside the set-up of arXiv 2310.03971, in one run on one thread.

    python -m tests.benchmarks.paper

The paper's: MobileBERT with 24 layers in int8 on tflite-runtime, a tweet at a time, padded to 128
tokens. Its weights are random here, which are as fast as trained ones. Ours: eight tweets of 32
tokens at once, as the daemon asks, and one of 40 alone, on LiteRT. In rounds, one after the other,
so that a machine that is slow for a while is slow for all. Needs the extra [train], and
`.venv-tflite-runtime` (`make test` makes it).
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any, Final

from tokenizers import Tokenizer

from monitor.inference import Model
from monitor.lab.comparison import stock
from monitor.lab.comparison.contestants import PAPERS_LENGTH
from monitor.lab.comparison.report import machine
from monitor.lab.comparison.rounds import SHAPES, Shape, questions
from monitor.lab.comparison.workers import Workers

MODELS: Final = ("accurate", "small")
_PAPER: Final = ("MobileBERT-24, tflite-runtime", (1, PAPERS_LENGTH))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="each row, each round")
    parser.add_argument(
        "--tflite-python", type=Path, default=Path(".venv-tflite-runtime/bin/python")
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="monitor-paper-") as temporary, Workers() as workers:
        folder = Path(temporary)
        paper = folder / "paper.tflite"
        _say("making the paper's network")
        paper.write_bytes(stock.flatbuffer(stock.untrained(), "int8", PAPERS_LENGTH))
        rows: dict[tuple[str, Shape], tuple[str, Path, Path | None]] = {
            _PAPER: ("tflite-runtime", paper, options.tflite_python)
        }
        for name in MODELS:
            for shape in SHAPES:
                rows[name, shape] = "litert", Path("models") / name / "model.tflite", None
        words = min(_words(name) for name in MODELS)
        sizes = {name: model.stat().st_size for (name, _), (_, model, _) in rows.items()}
        ms: dict[tuple[str, Shape], list[float]] = defaultdict(list)
        for round_ in range(options.rounds):
            _say(f"round {round_ + 1} of {options.rounds}")
            for (name, shape), (engine, model, python) in rows.items():
                job: dict[str, Any] = {
                    "engine": engine,
                    "model": str(model.resolve()),
                    "ids": str(questions(shape, words).save(folder / f"{shape[0]}x{shape[1]}.npz")),
                    "batches": [shape[0]],
                    "seconds": options.seconds,
                }
                (found,) = workers.ask(job, python)["speed"]
                ms[name, shape].append(found["latency_ms"] / shape[0])
    print(f"{machine()}, one thread, {options.rounds} rounds of {options.seconds:g} s\n")  # noqa: T201
    print("| network | tweets x tokens | MB | tweets/s | times as fast as the paper's |")  # noqa: T201
    print("|---|---|---:|---:|---:|")  # noqa: T201
    for (name, shape), took in ms.items():
        times = sorted(one / own for one, own in zip(ms[_PAPER], took, strict=True))
        print(  # noqa: T201
            f"| {name} | {shape[0]} x {shape[1]} | {sizes[name] / 1e6:.2f} |"
            f" {1000 / statistics.median(took):,.1f} |"
            f" {statistics.median(times):,.0f} ({times[0]:,.0f} to {times[-1]:,.0f}) |"
        )


def _words(name: str) -> int:
    return Tokenizer.from_str(Model.load(name).tokenizer).get_vocab_size()


def _say(what: str) -> None:
    print(f"- {what} ...", file=sys.stderr, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
