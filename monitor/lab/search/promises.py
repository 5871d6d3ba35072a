"""Are promises kept? One search asked for several budgets, each winner measured once more.

python -m monitor.lab.search.promises DATA --profile profile.json --output .training/search
"""

from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np

from monitor.inference import Model
from monitor.lab.options import SOURCES, explained, model_to_cut
from monitor.lab.profiling.check import Budget, Checked, check
from monitor.lab.profiling.profile import Profile
from monitor.lab.search.guarantee import Attempt
from monitor.lab.search.search import Search, SearchSettings
from monitor.lab.search.train import SupernetSettings
from monitor.lab.search.trial import Trial, front
from monitor.options import OutputFolder


@dataclass(frozen=True)
class Promise:
    """A budget, what was returned for it (None: nothing), after how many tries, measured anew."""

    budget: Budget
    chosen: Trial | None
    attempts: int
    again: Checked | None

    @property
    def kept(self) -> bool:
        """Whether the model that was returned is within the budget, a second time."""
        return self.again is not None and not self.again.complaints(self.budget)


def budgets(trials: list[Trial], count: int) -> list[Budget]:
    """Return ``count`` budgets that lie evenly, by ratio, between the ends of the front.

    Every second one limits the size too, to what the front's middle takes.
    """
    best = front(trials)
    low, high = best[0].latency, best[-1].latency
    middle = int(np.median([trial.size for trial in best]))
    times = np.geomspace(1.2 * low, high, count)
    return [Budget(float(t), middle if i % 2 else None) for i, t in enumerate(times)]


def table(promises: list[Promise]) -> str:
    """Return the promises as a Markdown table."""
    lines = [
        "| p95 asked | MB asked | structure | recall | predicted | measured | MB | tried | kept |",
        "|---:|---:|---|---:|---:|---:|---:|---:|---|",
    ]
    for each in promises:
        size = f"{each.budget.size / 1e6:.2f}" if each.budget.size else "any"
        asked = f"| {1000 * (each.budget.latency or 0):.3f} | {size} "
        if each.chosen is None or each.again is None:
            lines.append(f"{asked}| impossible | | | | | {each.attempts} | |")
            continue
        lines.append(
            f"{asked}| {each.chosen.structure} | {each.chosen.accuracy:.4f} "
            f"| {1000 * each.chosen.latency:.3f} | {1000 * each.again.timing.p95:.3f} "
            f"| {each.again.size / 1e6:.2f} | {each.attempts} | {'yes' if each.kept else 'no'} |"
        )
    return "\n".join(lines)


@click.command()
@SOURCES
@click.option("--profile", type=click.Path(path_type=Path), required=True)
@click.option("--output", type=OutputFolder(), default=Path(".training/search"))
@click.option("--count", type=click.IntRange(min=1), default=6, show_default=True)
@click.option("--examples", type=click.IntRange(min=1), default=SupernetSettings().examples)
@click.option("--trials", type=click.IntRange(min=2), default=SearchSettings.trials)
@click.option("--seed", type=int, default=0)
def main(
    data: tuple[Path, ...],
    profile: Path,
    output: Path,
    count: int,
    examples: int,
    trials: int,
    seed: int,
) -> None:
    """Ask the search in OUTPUT for COUNT budgets; print a table, and write promises.md there."""
    with explained():
        settings = SearchSettings(
            SupernetSettings(seed=seed, examples=examples), seed=seed, trials=trials
        )
        searching = Search(data, model_to_cut(), Profile.load(profile), output, settings)
        searching.run()
        promises = []
        for budget in budgets(searching.trials(), count):

            def tell(attempt: Attempt, complaints: list[str]) -> None:
                click.echo(
                    f"{attempt.trial.structure}: {'; '.join(complaints) or 'kept'}", err=True
                )

            result = searching.choose(budget, tell)
            again = None
            if result.chosen is not None:
                again = check(Model.load(output / "model"), searching.runtime)
            promises.append(Promise(budget, result.chosen, len(result.attempts), again))
        text = table(promises)
        (output / "promises.md").write_text(text + "\n", encoding="utf-8")
        click.echo(text)
        if not all(each.kept for each in promises if each.chosen is not None):
            raise SystemExit(1)


if __name__ == "__main__":
    main()
