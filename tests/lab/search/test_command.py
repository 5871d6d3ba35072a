"""``monitor search`` from the command line, on a toy whose widths a profile covers."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner, Result

from monitor.cli import main
from monitor.inference import Classifier, Model
from monitor.lab.profiling.device import Device, runtime_of
from monitor.lab.search.candidates import Candidates
from monitor.lab.search.search import trials_in
from monitor.lab.search.trial import Trial
from monitor.lab.structure import Structure
from monitor.lab.training import network as networks
from monitor.lab.training.distil import soft_loss
from monitor.lab.training.export import export
from monitor.lab.training.student import fresh
from monitor.lab.training.tokenization import build
from tests.lab.profiling.boards import profile_of
from tests.lab.training.conftest import WORDS

WIDE = Structure(
    layers=2,
    hidden=384,
    bottleneck=128,
    heads=4,
    intermediate=512,
    stacks=2,
    embedding=128,
    vocabulary=len(WORDS),
)
"""Two layers as wide as those of the model that came along: a profile says what they take."""


class Owner:
    """Somebody with tweets, a network, and a profile of this machine."""

    def __init__(self, data: Path, folder: Path) -> None:
        """Write what a search needs into ``folder``."""
        self.data, self.folder = data, folder
        self.output = folder / "search"
        torch.manual_seed(0)
        tokenizer = build({word: index for index, word in enumerate(WORDS)})
        networks.save(fresh(WIDE), tokenizer, {"settings": {}, "dev": {}}, folder / "network")
        self.profile(device=Device.this(), runtime=runtime_of())

    def profile(self, **other: Any) -> None:  # noqa: ANN401 (fields of a profile)
        """Write the profile, of an invented speed."""
        replace(profile_of(), **other).save(self.folder / "profile.json")

    def search(self, *arguments: object) -> Result:
        """Run the command."""
        given = [self.data, "--profile", self.folder / "profile.json", "--output", self.output]
        given += ["--from", self.folder / "network", "--examples", 192, "--trials", 12]
        return run("search", *given, *arguments)

    def tried(self) -> list[Trial]:
        """Return the trials so far."""
        return trials_in(self.output)


def run(*arguments: object) -> Result:
    """Run any command in this process."""
    return CliRunner().invoke(main, [str(each) for each in arguments])


@pytest.fixture
def owner(data: Path, tmp_path: Path) -> Owner:
    """An owner without a search so far."""
    return Owner(data, tmp_path)


def stopping(function: Callable[..., Any], at: int) -> Callable[..., Any]:
    """Return ``function``, at whose call ``at`` (from 1) somebody presses Ctrl-C."""
    calls = 0

    def wrapped(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401 (anything)
        nonlocal calls
        calls += 1
        if calls == at:
            os.kill(os.getpid(), signal.SIGINT)
        return function(*arguments, **options)

    return wrapped


@pytest.mark.study
@pytest.mark.timeout(600)
def test_a_whole_search(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    """Interrupted in each phase, gone on with, asked for other budgets, trained further."""
    easy = ("--latency", "10s", "--size", "50MB")

    with monkeypatch.context() as patch:
        patch.setattr("monitor.lab.search.train.soft_loss", stopping(soft_loss, 3))
        stopped = owner.search(*easy)
    assert 130 == stopped.exit_code, stopped.output
    assert (
        "monitor: stopped after step 1 of 3; run again to go on" == stopped.stderr.splitlines()[-1]
    )
    assert ["supernet.pt"] == [path.name for path in owner.output.iterdir()]
    assert 1 == owner.search("--show").exit_code

    with monkeypatch.context() as patch:
        patch.setattr(Candidates, "accuracy", stopping(Candidates.accuracy, 3))
        stopped = owner.search(*easy)
    assert 130 == stopped.exit_code, stopped.output
    assert (
        "monitor: stopped after 6 of 12 trials; run again to go on"
        == stopped.stderr.splitlines()[-1]
    )
    supernet = (owner.output / "supernet.safetensors").read_bytes()
    tried = owner.tried()
    shown = owner.search("--show")
    assert (0, 6) == (shown.exit_code, len(tried)), shown.output
    assert shown.stdout.startswith("|")

    with monkeypatch.context() as patch:
        patch.setattr("monitor.lab.search.search.export", stopping(export, 1))
        stopped = owner.search(*easy)
    assert 130 == stopped.exit_code, stopped.output
    assert "monitor: stopped; run again to go on" == stopped.stderr.splitlines()[-1]
    assert tried == owner.tried()[:6]
    assert 12 == len(owner.tried())
    assert not (owner.output / "model").exists()

    monkeypatch.setattr(Candidates, "accuracy", None)  # no more trials are needed
    found = owner.search(*easy)
    assert 0 == found.exit_code, found.output
    assert supernet == (owner.output / "supernet.safetensors").read_bytes()
    front = json.loads((owner.output / "front.json").read_text())
    chosen = front["chosen"]["structure"]
    assert 12 == front["tried"]
    assert {"latency_ms": 10_000, "bytes": 50_000_000} == front["budget"]
    assert chosen in [trial["structure"] for trial in front["front"]]
    assert [chosen] == [attempt["structure"] for attempt in front["measured"]]
    assert (owner.output / "front.md").read_text() in found.stdout
    assert (owner.output / "front.png").read_bytes().startswith(b"\x89PNG")
    structure = Structure.read(owner.output / "found" / "structure.toml")
    assert Structure(**chosen) == structure
    model = Model.load(owner.output / "model")
    with Classifier(model, workers=1) as classifier:
        classifier.check()

    impossible = owner.search("--latency", "1us", "--size", "50MB")
    assert 1 == impossible.exit_code, impossible.output
    (line,) = impossible.stderr.splitlines()[-1:]
    assert line.startswith("monitor: impossible: none of 12 structures is within the budget; the ")
    assert model == Model.load(owner.output / "model")

    owner.profile(runtime=runtime_of())  # another device
    elsewhere = owner.search(*easy)
    assert 1 == elsewhere.exit_code, elsewhere.output
    assert "holds trials of another search (other profile)" in elsewhere.stderr

    again = owner.folder / "again"
    further = run(
        "distil",
        owner.data,
        "--from",
        owner.output / "found",
        "--teacher",
        owner.folder / "network",
        "--output",
        again,
        "--examples",
        64,
    )
    assert 0 == further.exit_code, further.output
    exported = run("export", again, "--output", owner.folder / "trained")
    assert 0 == exported.exit_code, exported.output
    assert structure.vocabulary == len(
        json.loads((again / "tokenizer.json").read_text())["model"]["vocab"]
    )


@pytest.mark.parametrize(
    ("budget", "message"),
    [
        (("--latency", "10"), "latency '10': the unit is missing"),
        (("--latency", "8MB"), "latency '8MB': 'MB' is no unit of a latency"),
        (("--size", "10ms"), "size '10ms': 'ms' is no unit of a size"),
        (("--size", "-1MB"), "size '-1MB': must be above 0"),
    ],
)
def test_wrong_units(owner: Owner, budget: tuple[str, str], message: str) -> None:
    """Wrong usage, before anything is done."""
    result = owner.search(*budget)

    assert 2 == result.exit_code
    assert message in result.stderr
    assert not owner.output.exists()


def test_profile_of_another_runtime(owner: Owner) -> None:
    """Refused in one line that says how to take a new one, before anything is trained."""
    owner.profile()
    result = owner.search()

    assert 1 == result.exit_code
    assert (
        "monitor: the profile was taken with ai-edge-litert 1.2.3, this is "
        f"{runtime_of()}; install the same version, or take a new one on the board: monitor "
        "profile --output FILE\n" == result.stderr
    )
    assert not owner.output.exists()


def test_profile_of_other_weights(owner: Owner) -> None:
    """What is exported is int8."""
    owner.profile(runtime=runtime_of(), quantization="fp32")
    result = owner.search()

    assert (1, 1) == (result.exit_code, len(result.stderr.splitlines()))
    assert "the profile is of fp32 weights, not int8" in result.stderr


def test_no_profile(owner: Owner) -> None:
    """A missing file is told with how to make it."""
    (owner.folder / "profile.json").unlink()
    result = owner.search()

    assert 1 == result.exit_code
    assert "profile.json: No such file or directory; take a new one" in result.stderr


def test_nothing_to_show(owner: Owner) -> None:
    """Nothing is trained, nothing written."""
    result = owner.search("--show")

    assert 1 == result.exit_code
    assert result.stderr.startswith(f"monitor: no finished supernet in {owner.output}")
    assert not owner.output.exists()


def test_structures_that_nobody_has_measured(owner: Owner) -> None:
    """Said before half an hour is spent on a supernet."""
    tokenizer = build({word: index for index, word in enumerate(WORDS)})
    narrow = replace(WIDE, hidden=64)
    networks.save(fresh(narrow), tokenizer, {}, owner.folder / "network")
    result = owner.search()

    assert (1, 1) == (result.exit_code, len(result.stderr.splitlines()))
    assert "cannot be predicted: hidden 64: the blocks have 96 to 512" in result.stderr
    assert not owner.output.exists()


def test_help() -> None:
    """Says what comes next, and what the exit codes are."""
    result = run("search", "--help")

    assert 0 == result.exit_code
    assert "monitor distil DATA --from" in result.output
    assert "1 no structure meets the budget" in " ".join(result.output.split())
