"""The search itself: many structures tried, the best ones crossed and changed (NSGA-II).

Optuna proposes, and keeps every trial in a journal, so that a search that was stopped, or is to
go further, starts from all that is known.
"""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, Literal

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState
from tqdm import tqdm

from monitor.console import strict_json
from monitor.lab.errors import Interrupted, TrainingError
from monitor.lab.search.space import Space
from monitor.lab.search.trial import Trial
from monitor.lab.structure import Structure
from monitor.lab.training.loop import stop_requests

POPULATION = 24
"""Trials a generation."""

STUDY: Final = "structures"

DIRECTIONS: Final[tuple[Literal["maximize", "minimize"], ...]] = (
    "maximize",
    "minimize",
    "minimize",
)
"""Accuracy, latency, size."""


class Study:
    """Trials in one file, of one supernet and one profile."""

    def __init__(
        self, path: Path, identity: dict[str, Any], space: Space, largest: Structure
    ) -> None:
        """Open the journal at ``path``, or begin one.

        Raises:
            TrainingError: it is of another search, or cannot be read or written.
        """
        self._space, self._largest = space, largest
        self._path = path
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        try:
            without_torn_line(path)
            self._study = optuna.create_study(
                storage=JournalStorage(JournalFileBackend(str(path))),
                study_name=STUDY,
                directions=DIRECTIONS,
                load_if_exists=True,
            )
            known = self._study.user_attrs.get("identity")
            if known is None:
                self._study.set_user_attr("identity", identity)
        except UNREADABLE as error:
            raise unusable(path, error) from error
        if known is not None and known != json.loads(strict_json(identity)):
            changed = [key for key in identity if known.get(key) != identity[key]]
            raise TrainingError(
                f"{path} holds trials of another search (other {', '.join(changed)}); "
                "choose another --output, or remove the file to start afresh"
            )

    def trials(self) -> list[Trial]:
        """Return all that were tried, in order."""
        return trials_of(self._study, self._space, self._largest)

    def run(self, count: int, seed: int, workers: int, judge: Callable[[Structure], Trial]) -> None:
        """Go on until ``count`` structures have been tried, ``workers`` of them at a time.

        Trials are told in the order in which they were asked for, so that the same ``seed`` gives
        the same search, however many cores there are.

        Raises:
            Interrupted: SIGINT or SIGTERM came; calling again goes on.
            TrainingError: the journal cannot be written.
        """
        try:
            self._run(count, seed, workers, judge)
        except OSError as error:
            raise TrainingError(f"{self._path}: {error.strerror}; run again to go on") from error

    def _run(
        self, count: int, seed: int, workers: int, judge: Callable[[Structure], Trial]
    ) -> None:
        done = len(self.trials())
        known = {trial.structure: trial for trial in self.trials()}
        self._study.sampler = optuna.samplers.NSGAIISampler(
            population_size=POPULATION, seed=seed + len(known)
        )
        # A search that was killed in its first trials has not told them.
        for structure in self._space.ends(self._largest):
            if done < count and structure not in known:
                choice = {name: getattr(structure, name) for name, _ in self._space.choices()}
                self._study.enqueue_trial(choice)
        with ExitStack() as stack:
            stop_asked = stack.enter_context(stop_requests())
            pool = stack.enter_context(ThreadPoolExecutor(workers, "judge"))
            bar = stack.enter_context(tqdm(total=count, initial=done, desc="search", unit="trial"))
            while done < count:
                asked = list(self._ask(min(count - done, POPULATION // 4)))
                fresh = {structure for _, structure in asked if structure not in known}
                order = sorted(fresh)
                known |= dict(zip(order, pool.map(judge, order), strict=True))
                for trial, structure in asked:
                    found = known[structure]
                    self._study.tell(trial, (found.accuracy, found.latency, float(found.size)))
                    bar.update()
                done += len(asked)
                bar.set_postfix(best=f"{max(t.accuracy for t in known.values()):.4f}")
                if stop_asked() and done < count:
                    raise Interrupted(f"stopped after {done} of {count} trials; run again to go on")

    def _ask(self, count: int) -> Iterator[tuple[optuna.Trial, Structure]]:
        """Yield proposals."""
        for _ in range(count):
            trial = self._study.ask()
            choice = {
                name: int(trial.suggest_categorical(name, values))
                for name, values in self._space.choices()
            }
            yield trial, self._space.structure(self._largest, choice)


UNREADABLE: Final = (OSError, AssertionError, AttributeError, LookupError, TypeError, ValueError)
"""What Optuna raises for a journal that it cannot open, or make sense of."""


def unusable(path: Path, error: Exception) -> TrainingError:
    """Return what to say of the journal at ``path``."""
    if isinstance(error, OSError):
        return TrainingError(f"{path}: {error.strerror}")
    return TrainingError(f"{path}: damaged ({error!r}); remove it to start afresh")


def trials_of(study: optuna.Study, space: Space, largest: Structure) -> list[Trial]:
    """Return what was tried in ``study``, in order."""
    return [
        Trial(
            space.structure(largest, trial.params),
            trial.values[0],
            trial.values[1],
            round(trial.values[2]),
        )
        for trial in study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    ]


def tried(path: Path, space: Space, largest: Structure) -> list[Trial]:
    """Return the trials in the journal at ``path``, which may be in use and is left as it is.

    Raises:
        TrainingError: it cannot be read.
    """
    try:
        storage = JournalStorage(JournalFileBackend(str(path)))
        return trials_of(optuna.load_study(study_name=STUDY, storage=storage), space, largest)
    except UNREADABLE as error:
        raise unusable(path, error) from error


def without_torn_line(path: Path) -> None:
    """Cut off half a line at the end, which a kill or a full disk has left.

    Optuna would read past it, but then write on behind it, and never read the file again.
    """
    if path.is_file():
        with path.open("rb+") as journal:
            content = journal.read()
            journal.truncate(content.rfind(b"\n") + 1)


def as_json(trial: Trial) -> dict[str, Any]:
    """Return a trial as it stands in front.json: milliseconds and bytes."""
    return {
        "accuracy": round(trial.accuracy, 4),
        "latency_ms": round(1000 * trial.latency, 4),
        "bytes": trial.size,
        "structure": asdict(trial.structure),
    }
