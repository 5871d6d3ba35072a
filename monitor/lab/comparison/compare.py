"""The table of arXiv 2310.03971 in our terms: every network, form and runtime, side by side.

Each is measured in a process of its own, on one thread, in rounds: all of them once, then all of
them again, so that a machine that is slow for a while is slow for all. The median of the rounds
counts.
"""

import os
import statistics
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from tqdm import tqdm

from monitor.inference import Model
from monitor.lab.comparison import contestants, onnx
from monitor.lab.comparison.contestants import CALIBRATED_ON, Contestant
from monitor.lab.comparison.tokens import Tokens
from monitor.lab.comparison.workers import CannotMeasureError, Workers
from monitor.lab.data import NO_LABEL, Example, class_of, read_rows
from monitor.lab.evaluation.footprint import BERT_LARGE_BYTES
from monitor.lab.metrics import Scores, score
from monitor.verdict import POLARITIES

REPUTATION: Final = "replab2013_test"
SENTIMENT: Final = "tweeteval_sentiment_test"
TASKS_OF: Final = {REPUTATION: "reputation", SENTIMENT: "sentiment"}
CALIBRATION: Final = "replab2013_train"


@dataclass(frozen=True)
class CompareSettings:
    """What to compare, and for how long.

    Without ``teacher`` or ``student`` (folders of training) the table goes without them.
    ``tflite_python`` is a Python with this program and tflite-runtime. ``seconds`` are spent on
    each row and batch size in each of ``rounds``. ``limit``: so many tweets of each test set.
    """

    data: Path
    teacher: Path | None
    student: Path | None
    model: Path
    tflite_python: Path
    seconds: float = 2.0
    rounds: int = 5
    limit: int | None = None


@dataclass(frozen=True)
class RowSpeed:
    """One row at one batch size: medians of the rounds, of which ``rounds`` has the speeds.

    ``busy`` is the processor time a second of wall time, the lowest of the rounds: much less than
    1 says that something else wanted the core.
    """

    batch: int
    tweets_per_s: float
    latency_ms: float
    peak_mb: float | None
    busy: float
    rounds: Sequence[float]


@dataclass(frozen=True)
class ComparedRow:
    """A row of the table; ``problem`` says why some or all of it is missing.

    ``latency_ms`` is that of a single tweet, ``speeds`` are by batch size.
    """

    contestant: Contestant
    runtime: str
    scores: dict[str, Scores] = field(default_factory=dict)
    speeds: Sequence[RowSpeed] = ()
    problem: str | None = None

    @property
    def best(self) -> RowSpeed | None:
        """Speed at the batch size that is best."""
        return max(self.speeds, key=lambda speed: speed.tweets_per_s, default=None)

    @property
    def latency_ms(self) -> float | None:
        """Median time of a single tweet."""
        return next((speed.latency_ms for speed in self.speeds if speed.batch == 1), None)

    @property
    def accuracy(self) -> float | None:
        """Share of RepLab's test tweets whose polarity for reputation was answered rightly."""
        return self.scores[REPUTATION].accuracy if REPUTATION in self.scores else None

    @property
    def macro_recall(self) -> float | None:
        """Mean recall of the classes of TweetEval's test set."""
        return self.scores[SENTIMENT].macro_recall if SENTIMENT in self.scores else None

    @property
    def smaller(self) -> float:
        """How many times smaller than BERT-large in fp32 the file is."""
        return BERT_LARGE_BYTES / self.contestant.size


@dataclass(frozen=True)
class Comparison:
    """All rows in the order of the table, and how they came about."""

    rows: Sequence[ComparedRow]
    settings: CompareSettings
    tweets: dict[str, int]

    def times(self, row: ComparedRow) -> float | None:
        """Return how many times faster than the paper's set-up ``row`` is."""
        paper = next((row.best for row in self.rows if row.contestant.paper), None)
        return row.best.tweets_per_s / paper.tweets_per_s if paper and row.best else None


def compare(settings: CompareSettings) -> Comparison:
    """Make every file, ask every test tweet, measure every speed.

    Raises:
        TrainingError: a package, a data file or a network is missing.
        monitor.inference.model.ModelError: the model cannot be used.
    """
    onnx.require()
    shipped = Model.load(settings.model)
    labelled = {name: read(settings.data, name, settings.limit) for name in TASKS_OF}
    calibration = read(settings.data, CALIBRATION, CALIBRATED_ON)
    tests: dict[str, Sequence[Example]] = {
        name: [example for example, _ in rows] for name, rows in labelled.items()
    }
    truths = {name: [label for _, label in rows] for name, rows in labelled.items()}
    with tempfile.TemporaryDirectory(prefix="monitor-compare-") as temporary:
        with tqdm(desc="making files", unit="file") as progress:

            def say(what: str) -> None:
                progress.set_postfix_str(what)
                progress.update()

            found = prepare(
                settings, shipped, tests, [one for one, _ in calibration], temporary, say
            )
        rows = [ComparedRow(one, one.engine) for one in found]
        rows = answer(rows, truths, settings.tflite_python)
        rows = race(rows, settings)
    return Comparison(rows, settings, {name: len(truth) for name, truth in truths.items()})


def read(data: Path, name: str, limit: int | None) -> list[tuple[Example, int]]:
    """Return the first labelled tweets of a file, text and entity as they stand, with labels.

    Raises:
        TrainingError: the file is missing, broken or without labels.
    """
    rows = [row for row in read_rows(data, name) if class_of(row) != NO_LABEL][:limit]
    return [(Example(str(row["text"]), row.get("entity")), class_of(row)) for row in rows]


def prepare(
    settings: CompareSettings,
    model: Model,
    tests: dict[str, Sequence[Example]],
    calibration: Sequence[Example],
    temporary: str,
    say: contestants.Say,
) -> list[Contestant]:
    """Return everyone, in the order of the table."""
    folder = Path(temporary)
    longest = model.max_length
    own = contestants.shipped(model, tests, folder)
    # MobileBERT-24 has no tokenizer of its own: it is asked in the model's tokens.
    typical = Tokens.load(own[0].speed)
    return [
        *(
            contestants.teachers(settings.teacher, tests, longest, folder)
            if settings.teacher
            else ()
        ),
        *contestants.stocks(typical, folder, say),
        *(
            contestants.students(settings.student, longest, tests, calibration, folder, say)
            if settings.student
            else ()
        ),
        *own,
    ]


def python_of(one: Contestant, tflite_python: Path) -> Path | None:
    """Return the Python that measures ``one``; None for this one."""
    return tflite_python if one.engine == "tflite-runtime" else None


def answer(
    rows: Sequence[ComparedRow], truths: dict[str, list[int]], tflite_python: Path
) -> list[ComparedRow]:
    """Return ``rows`` with scores, where weights are trained. No clock runs: all cores are used."""
    found = list(rows)
    with (
        tqdm(desc="answering", unit="row") as progress,
        ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool,
        Workers() as workers,
    ):
        jobs = {}
        for i, row in enumerate(rows):
            one = row.contestant
            if one.scored:
                job = {
                    "engine": one.engine,
                    "model": str(one.model.resolve()),
                    "asked": {str(ids): TASKS_OF[name] for name, ids in one.scored.items()},
                }
                jobs[pool.submit(workers.ask, job, python_of(one, tflite_python))] = i
        progress.reset(len(jobs))
        for future in as_completed(jobs):
            row = found[jobs[future]]
            try:
                answers = future.result()["answers"]
            except CannotMeasureError as error:
                found[jobs[future]] = replace(row, problem=str(error))
            else:
                scores = {
                    name: score(truths[name], answers[str(ids)], POLARITIES)
                    for name, ids in row.contestant.scored.items()
                }
                found[jobs[future]] = replace(row, scores=scores)
            progress.update()
    return found


def race(rows: Sequence[ComparedRow], settings: CompareSettings) -> list[ComparedRow]:
    """Return ``rows`` with speeds, measured one after the other in rounds."""
    measured: list[list[dict[str, Any]]] = [[] for _ in rows]
    found = list(rows)
    with (
        Workers() as workers,
        tqdm(desc="measuring", total=settings.rounds * len(rows), unit="row") as progress,
    ):
        for _ in range(settings.rounds):
            for i, row in enumerate(found):
                one = row.contestant
                progress.set_postfix_str(f"{one.name}, {one.weights}, {one.engine}")
                if row.problem is None:
                    job = {
                        "engine": one.engine,
                        "model": str(one.model.resolve()),
                        "ids": str(one.speed),
                        "batches": list(one.batches),
                        "seconds": settings.seconds,
                    }
                    try:
                        result = workers.ask(job, python_of(one, settings.tflite_python))
                    except CannotMeasureError as error:
                        found[i] = replace(row, problem=str(error))
                    else:
                        measured[i].append(result)
                progress.update()
    return [
        replace(row, runtime=results[0]["runtime"], speeds=medians(results)) if results else row
        for row, results in zip(found, measured, strict=True)
    ]


def medians(results: Sequence[dict[str, Any]]) -> list[RowSpeed]:
    """Return one `RowSpeed` for each batch size from the ``results`` of all rounds."""
    speeds = []
    for rounds in zip(*(result["speed"] for result in results), strict=True):
        rates = [measured["tweets_per_s"] for measured in rounds]
        peaks = [measured["peak_mb"] for measured in rounds if measured["peak_mb"] is not None]
        speeds.append(
            RowSpeed(
                batch=rounds[0]["batch"],
                tweets_per_s=statistics.median(rates),
                latency_ms=statistics.median(measured["latency_ms"] for measured in rounds),
                peak_mb=statistics.median(peaks) if peaks else None,
                busy=min(measured["busy"] for measured in rounds),
                rounds=rates,
            )
        )
    return speeds
