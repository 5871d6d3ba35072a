"""From tweets, a network and a profile to the model that fits: what `monitor search` does."""

import hashlib
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer

from monitor.inference import Model, choose_runtime
from monitor.lab.data import TweetSplit, read
from monitor.lab.errors import TrainingError
from monitor.lab.profiling.check import Budget, Checked, check
from monitor.lab.profiling.device import Device, runtime_of
from monitor.lab.profiling.predictor import Predictor, UnmeasuredError
from monitor.lab.profiling.profile import Profile
from monitor.lab.search.candidates import Candidates
from monitor.lab.search.guarantee import Attempt, settle
from monitor.lab.search.space import Space
from monitor.lab.search.study import Study, tried
from monitor.lab.search.train import SupernetSettings, described, supernet_of
from monitor.lab.search.trial import Trial
from monitor.lab.structure import Structure
from monitor.lab.training import network as networks
from monitor.lab.training.export import ExportSettings, export, folded
from monitor.lab.training.fold import Folded
from monitor.lab.training.measure import measure
from monitor.lab.training.mixture import as_read, naming_of
from monitor.lab.training.restore import restore
from monitor.lab.training.temperature import calibrate
from monitor.lab.training.unfold import structure_of

QUANTIZATION = "int8"

JOURNAL = "trials.journal"
"""Where in the output folder the trials are."""

MEASURED = 3
"""How often a model is measured; the slowest time counts."""

POSITIONS = 128
"""Tokens that a network takes at most."""


@dataclass(frozen=True)
class SearchSettings:
    """How the search goes: ``trials`` structures are tried, at most ``workers`` at once.

    ``runtime`` is as in ``[model] runtime``.
    """

    supernet: SupernetSettings
    seed: int = 0
    trials: int = 200
    workers: int = 0
    runtime: str = "auto"


@dataclass(frozen=True)
class SearchResult:
    """What came of it. ``chosen`` is None where no structure meets the budget.

    ``attempts`` were exported and measured on this machine, in this order; there are none where the
    profile is another machine's.
    """

    trials: list[Trial]
    chosen: Trial | None
    attempts: list[Attempt]
    here: bool


def source_of(folder: Path) -> tuple[Folded, Tokenizer]:
    """Return the network to start from: a model's folder, or one that `monitor distil` has left.

    Raises:
        TrainingError: it is neither.
    """
    if (folder / "model.tflite").is_file():
        return restore(folder)
    network, tokenizer, _ = networks.load(folder)
    return folded(network, POSITIONS), tokenizer


def trials_in(output: Path) -> list[Trial]:
    """Return the trials that a search has done so far in ``output``, running or not.

    Raises:
        TrainingError: there are none yet.
    """
    largest, space = described(output)
    trials = tried(output / JOURNAL, space, largest) if (output / JOURNAL).is_file() else []
    if not trials:
        raise TrainingError(f"no trials in {output} yet")
    return trials


def identity_of(profile: Profile, settings: SearchSettings, supernet: Path) -> dict[str, Any]:
    """Return what trials of one search have in common."""
    weights = hashlib.sha256((supernet / "supernet.safetensors").read_bytes()).hexdigest()
    return {
        "profile": f"{profile.device} {profile.runtime} {profile.taken}",
        "supernet": weights,
        "seed": settings.seed,
    }


class Search:
    """A supernet, a profile, and the trials so far, in one folder."""

    def __init__(
        self,
        data: Sequence[Path],
        source: Path,
        profile: Profile,
        output: Path,
        settings: SearchSettings,
    ) -> None:
        """Train the supernet, or take the one in ``output``.

        Raises:
            Interrupted: asked to stop; the same again goes on.
            ProfileError: the profile is of another runtime or quantization.
            TrainingError: data or network are missing, or ``output`` belongs to another search.
        """
        self.runtime = choose_runtime(settings.runtime)
        profile.check_matches(runtime_of(self.runtime), QUANTIZATION)
        self.output, self.settings, self.profile = output, settings, profile
        self._predictor = Predictor(profile)
        network, tokenizer = source_of(source)
        self._tweets: TweetSplit = as_read(read(data), tokenizer)
        whole = structure_of(network)
        for structure in Space.within(whole).ends(whole):
            self.latency(structure)
        output.mkdir(parents=True, exist_ok=True)
        supernet, tokens, space = supernet_of(
            network, tokenizer, self._tweets, output, settings.supernet
        )
        self._space: Space = space
        self._candidates = Candidates(
            supernet.to(networks.device()), tokens, self._tweets.dev, settings.supernet.max_length
        )
        self._study = Study(
            output / JOURNAL,
            identity_of(profile, settings, output),
            space,
            supernet.largest,
        )

    def latency(self, structure: Structure) -> float:
        """Return the predicted p95 of ``structure`` in seconds.

        Raises:
            TrainingError: the profile says nothing about such a structure.
        """
        try:
            return self._predictor.p95(structure)
        except UnmeasuredError as error:
            raise TrainingError(f"{structure} cannot be predicted: {error}") from error

    def judge(self, structure: Structure) -> Trial:
        """Return how accurate, fast and large ``structure`` is."""
        return Trial(
            structure,
            self._candidates.accuracy(structure),
            self.latency(structure),
            self._predictor.size(structure),
        )

    def trials(self) -> list[Trial]:
        """Return the structures tried so far."""
        return self._study.trials()

    def run(self) -> list[Trial]:
        """Try structures until there are as many as wanted; return all.

        Raises:
            Interrupted: asked to stop; the same again goes on.
        """
        settings = self.settings
        workers = settings.workers or len(os.sched_getaffinity(0))
        # One structure a core: matrices this small keep no two busy.
        threads = torch.get_num_threads()
        torch.set_num_threads(max(1, threads // workers))
        try:
            self._study.run(settings.trials, settings.seed, workers, self.judge)
        finally:
            torch.set_num_threads(threads)
        return self.trials()

    def make(self, trial: Trial) -> Checked:
        """Write ``trial`` as found/ and model/ in `trying`, and measure the latter.

        Raises:
            TrainingError: the exported file's answers are not the network's.
        """
        found, model = self.trying / "found", self.trying / "model"
        network, tokenizer = self._candidates.network(trial.structure)
        dev, length = self._tweets.dev, self.settings.supernet.max_length
        record = {
            "command": (
                f"monitor search DATA --profile profile.json --trials {self.settings.trials} "
                f"--examples {self.settings.supernet.examples} --seed {self.settings.seed}"
            ),
            "settings": {
                "structure": asdict(trial.structure),
                "seed": self.settings.seed,
                "supernet": asdict(self.settings.supernet),
                **naming_of(tokenizer),
            },
            "tweets": self._tweets.sizes(),
            "dev": measure(network, tokenizer, dev, length),
            "calibration": calibrate(network, tokenizer, dev, length),
        }
        networks.save(network, tokenizer, record, found)
        trial.structure.write(found / "structure.toml")
        export(found, model, ExportSettings(max_length=length))
        measured = [check(Model.load(model), self.runtime) for _ in range(MEASURED)]
        return max(measured, key=lambda checked: checked.timing.p95)

    def choose(self, budget: Budget, tell: Callable[[Attempt, list[str]], None]) -> SearchResult:
        """Return the most accurate model within ``budget``, exported to model/ in the folder.

        On the machine that was profiled, it is one that was measured and found within. Elsewhere
        the prediction has to do, and the board the last word (``monitor profile --check``).
        """
        trials = self.trials()
        here = self.profile.device == Device.this()
        attempts: list[Attempt] = []
        if not here:
            fitting = [trial for trial in trials if trial.within(budget)]
            chosen = max(fitting, key=lambda trial: (trial.accuracy, -trial.latency), default=None)
            if chosen is not None:
                self.make(chosen)
                self.keep()
            return SearchResult(trials, chosen, attempts, here)

        def note(attempt: Attempt, complaints: list[str]) -> None:
            attempts.append(attempt)
            tell(attempt, complaints)

        settled = settle(trials, budget, self.make, note)
        if settled is not None:
            self.keep()
        return SearchResult(trials, settled.trial if settled else None, attempts, here)

    @property
    def trying(self) -> Path:
        """Where models are that are not yet known to be within the budget."""
        return self.output / "trying"

    def keep(self) -> None:
        """Put found/ and model/ out of `trying` in the place of those found before."""
        for folder in list(self.trying.iterdir()):
            kept = self.output / folder.name
            shutil.rmtree(kept, ignore_errors=True)
            folder.replace(kept)
        self.trying.rmdir()
