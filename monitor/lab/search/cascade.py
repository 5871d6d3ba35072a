"""Adaptive depth: a small network answers what it is sure of, a larger one the rest.

Two models one after the other (FrugalGPT's cascade, arXiv 2305.05176; early exits by confidence,
BERxiT, EACL 2021). Which answers are passed on is settled by a threshold on the small one's
highest probability. What a cascade saves it saves on average; its slowest tweets take both.

    python -m monitor.lab.search.cascade DATA --profile profile.json --output .training/search
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from monitor.lab.data import NO_LABEL, Example, read
from monitor.lab.metrics import score
from monitor.lab.options import SOURCES, explained
from monitor.lab.profiling.predictor import Predictor
from monitor.lab.profiling.profile import Profile
from monitor.lab.search.candidates import Candidates
from monitor.lab.search.search import trials_in
from monitor.lab.search.train import load
from monitor.lab.search.trial import front
from monitor.lab.structure import Structure
from monitor.lab.training.measure import logits_of
from monitor.lab.training.mixture import as_read
from monitor.options import OutputFolder
from monitor.verdict import POLARITIES

TASK = "sentiment"
"""The task with the most held-out tweets."""

SHARES = np.linspace(0.05, 0.95, 19)
"""Shares of tweets that may be passed on."""


@dataclass(frozen=True)
class NetworkAnswers:
    """What one network says to labelled tweets: labels' indices and probabilities [tweets]."""

    given: NDArray[np.int64]
    sure: NDArray[np.float64]


@dataclass(frozen=True)
class Cascade:
    """A threshold (0-1), the share of tweets passed on, and the macro-recall of both together."""

    threshold: float
    passed: float
    accuracy: float

    def latency(self, first: float, second: float) -> float:
        """Return the mean seconds a tweet, from those of each network."""
        return first + self.passed * second


def macro_recall(truth: Sequence[int], given: Sequence[int]) -> float:
    """Return the macro-recall (0-1) over `POLARITIES`."""
    return score(list(truth), list(given), POLARITIES).macro_recall


def cascades(
    first: NetworkAnswers,
    second: NetworkAnswers,
    truth: NDArray[np.int64],
    calibrating: NDArray[np.bool_],
) -> list[Cascade]:
    """Return a cascade for each of `SHARES`.

    Thresholds are quantiles on the tweets that are ``calibrating`` [tweets], shares and
    macro-recall those on the others.
    """
    found = []
    for share in SHARES:
        threshold = float(np.quantile(first.sure[calibrating], share))
        held = ~calibrating
        passed = first.sure[held] < threshold
        given = np.where(passed, second.given[held], first.given[held])
        found.append(
            Cascade(
                threshold,
                float(passed.mean()),
                macro_recall(truth[held].tolist(), given.tolist()),
            )
        )
    return found


def answers_of(
    candidates: Candidates, structure: Structure, examples: Sequence[Example], max_length: int
) -> NetworkAnswers:
    """Return what ``structure`` says to ``examples``."""
    network, tokenizer = candidates.network(structure)
    probabilities = logits_of(network, tokenizer, examples, max_length)[TASK].softmax(-1).numpy()
    return NetworkAnswers(probabilities.argmax(1), probabilities.max(1))


def table(rows: Sequence[tuple[str, float, float, float]]) -> str:
    """Return rows of (what, share passed on, mean seconds, macro-recall) as a Markdown table."""
    lines = ["| network | passed on | mean ms | macro-recall |", "|---|---:|---:|---:|"]
    lines += [f"| {what} | {p:.0%} | {1000 * t:.3f} | {a:.4f} |" for what, p, t, a in rows]
    return "\n".join(lines)


@click.command()
@SOURCES
@click.option("--profile", type=click.Path(path_type=Path), required=True)
@click.option("--output", type=OutputFolder(), default=Path(".training/search"))
def main(data: tuple[Path, ...], profile: Path, output: Path) -> None:
    """Weigh cascades of the ends and the middle of the front in OUTPUT; write cascade.md there."""
    with explained():
        supernet, tokens, record = load(output)
        length = record["settings"]["max_length"]
        examples = [
            example
            for part in as_read(read(data), next(iter(tokens.values())).tokenizer).dev.values()
            for example in part
            if getattr(example, TASK) != NO_LABEL
        ]
        truth = np.array([getattr(example, TASK) for example in examples])
        calibrating = np.random.default_rng(0).random(len(truth)) < 0.5
        candidates = Candidates(supernet, tokens, {}, length)
        latency = Predictor(Profile.load(profile)).latency
        best = front(trials_in(output))
        chosen = [best[0], best[len(best) // 2], max(best, key=lambda trial: trial.accuracy)]
        structures = sorted({t.structure for t in chosen} | {supernet.largest}, key=latency)
        said = {each: answers_of(candidates, each, examples, length) for each in structures}
        held = ~calibrating
        rows = [
            (str(s), 0.0, latency(s), macro_recall(truth[held].tolist(), a.given[held].tolist()))
            for s, a in said.items()
        ]
        for first, second in combinations(structures, 2):
            for found in cascades(said[first], said[second], truth, calibrating)[3:12:4]:
                mean = found.latency(latency(first), latency(second))
                rows.append((f"{first}, then {second}", found.passed, mean, found.accuracy))
        text = table(sorted(rows, key=lambda row: row[2]))
        (output / "cascade.md").write_text(text + "\n", encoding="utf-8")
        click.echo(text)


if __name__ == "__main__":
    main()
