"""Trials are kept, whatever happens, and the same seed gives the same ones."""

from __future__ import annotations

import errno
import functools
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from optuna.storages.journal import JournalFileBackend
from tqdm import tqdm

from monitor.lab.errors import Interrupted, TrainingError
from monitor.lab.search.space import Space
from monitor.lab.search.study import Study
from monitor.lab.search.trial import Trial
from monitor.lab.structure import Structure
from tests.lab.search.conftest import largest

LARGEST = largest()
SPACE = Space.within(LARGEST)
IDENTITY = {"profile": "p", "supernet": "s", "seed": 0}


def study(folder: Path, **other: Any) -> Study:  # noqa: ANN401 (JSON)
    """Open the study in ``folder``."""
    return Study(folder / "trials.journal", IDENTITY | other, SPACE, LARGEST)


def judge(structure: Structure) -> Trial:
    """Return what an invented board and network make of ``structure``: more is better, slower."""
    work = structure.layers * structure.hidden * structure.intermediate * structure.stacks
    return Trial(structure, 1 - 1 / (1 + work / 1e6), 1e-9 * work, 1000 * structure.vocabulary)


class Stopping:
    """Judges as `judge` does, and at one call sends this process a signal."""

    def __init__(self, at: int, number: int = signal.SIGINT) -> None:
        """Stop at call ``at``, counted from 1."""
        self.calls, self.at, self.number = 0, at, number

    def __call__(self, structure: Structure) -> Trial:
        """Judge."""
        self.calls += 1
        if self.calls == self.at:
            os.kill(os.getpid(), self.number)
        return judge(structure)


def test_the_ends_come_first(tmp_path: Path) -> None:
    """The smallest structure shows what is possible at all, the largest what there is to lose."""
    searching = study(tmp_path)
    searching.run(8, 0, 1, judge)
    tried = [trial.structure for trial in searching.trials()]

    assert list(SPACE.ends(LARGEST)) == tried[:2]
    assert [judge(structure) for structure in tried] == searching.trials()


def test_proposals_are_of_the_space(tmp_path: Path) -> None:
    """Also those that are crossed and changed, after the first generation."""
    searching = study(tmp_path)
    searching.run(48, 0, 1, judge)
    choices = dict(SPACE.choices())

    assert 48 == len(searching.trials())
    for trial in searching.trials():
        assert all(getattr(trial.structure, name) in values for name, values in choices.items())
        assert trial.structure.heads * 32 == trial.structure.bottleneck


def test_the_same_seed_tries_the_same(tmp_path: Path) -> None:
    """However many workers there are, and whichever of them is done first."""
    found = []
    for name, workers, seed in (("a", 1, 7), ("b", 4, 7), ("c", 1, 8)):
        (tmp_path / name).mkdir()
        searching = study(tmp_path / name)
        searching.run(36, seed, workers, judge)
        found.append(searching.trials())

    assert found[0] == found[1] != found[2]


def test_side_by_side(tmp_path: Path) -> None:
    """Two workers judge at the same time."""
    both = threading.Barrier(2, timeout=20)

    def meet(structure: Structure) -> Trial:
        both.wait()
        return judge(structure)

    searching = study(tmp_path)
    searching.run(2, 0, 2, meet)

    assert 2 == len(searching.trials())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_and_resumed(tmp_path: Path, number: int) -> None:
    """What was tried before stays as it was, and is not tried again."""
    stopping = Stopping(9, number)
    with pytest.raises(Interrupted, match="stopped after 12 of 40 trials; run again to go on"):
        study(tmp_path).run(40, 0, 1, stopping)
    before = study(tmp_path).trials()
    again: list[Structure] = []

    def noting(structure: Structure) -> Trial:
        again.append(structure)
        return judge(structure)

    resumed = study(tmp_path)
    resumed.run(40, 0, 1, noting)

    assert 12 == len(before)
    assert before == resumed.trials()[:12]
    assert 40 == len(resumed.trials())
    assert not {trial.structure for trial in before} & set(again)
    assert len(set(again)) == len(again)


def test_enough_is_enough(tmp_path: Path) -> None:
    """Asked for as many as there are, or fewer, nothing is tried."""
    study(tmp_path).run(6, 0, 1, judge)

    def refuse(_: Structure) -> Trial:
        raise AssertionError

    study(tmp_path).run(6, 0, 1, refuse)
    study(tmp_path).run(3, 0, 1, refuse)
    assert 6 == len(study(tmp_path).trials())


@pytest.mark.parametrize("silent", [False, True])
def test_without_a_bar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, silent: bool) -> None:
    """TQDM_DISABLE hides the bar, and nothing else."""
    bar = functools.partial(tqdm, disable=silent)
    monkeypatch.setattr("monitor.lab.search.study.tqdm", bar)
    calls = Stopping(at=-1)

    def limited(structure: Structure) -> Trial:
        assert calls.calls < 40
        return calls(structure)

    searching = study(tmp_path)
    searching.run(8, 0, 1, limited)

    assert 8 == len(searching.trials())


def test_of_another_search(tmp_path: Path) -> None:
    """Trials of another profile or supernet are not mixed with these."""
    study(tmp_path).run(6, 0, 1, judge)
    with pytest.raises(TrainingError) as caught:
        study(tmp_path, profile="q")

    assert (
        f"{tmp_path}/trials.journal holds trials of another search (other profile); choose another "
        "--output, or remove the file to start afresh" == str(caught.value)
    )


def test_a_torn_last_line_costs_one_entry(tmp_path: Path) -> None:
    """A kill or a full disk may leave half a line; what is before it stays, and it goes on."""
    study(tmp_path).run(12, 0, 1, judge)
    before = study(tmp_path).trials()
    path = tmp_path / "trials.journal"
    content = path.read_bytes()
    path.write_bytes(content[: content.rfind(b'"op_code":6') + 20])
    torn = study(tmp_path)

    assert before[:11] == torn.trials()
    torn.run(18, 0, 1, judge)
    assert before[:11] == study(tmp_path).trials()[:11]
    assert 18 == len(study(tmp_path).trials())


@pytest.mark.parametrize("rubbish", [b"\xff\xfe\n", b"{\n", b'{"op_code": 99}\n', b"[]\n", b"{}\n"])
def test_a_broken_journal_is_told(tmp_path: Path, rubbish: bytes) -> None:
    """Rubbish in the middle: one line with the file's name, and the file stays as it is."""
    study(tmp_path).run(6, 0, 1, judge)
    path = tmp_path / "trials.journal"
    lines = path.read_bytes().splitlines(keepends=True)
    broken = b"".join([*lines[:10], rubbish, *lines[10:]])
    path.write_bytes(broken)
    with pytest.raises(TrainingError) as caught:
        study(tmp_path)

    assert str(caught.value).startswith(f"{path}: ")
    assert 1 == len(str(caught.value).splitlines())
    assert broken == path.read_bytes()


def test_a_folder_in_its_place(tmp_path: Path) -> None:
    """What cannot be opened is told."""
    (tmp_path / "trials.journal").mkdir()
    with pytest.raises(TrainingError, match=r"trials\.journal: "):
        study(tmp_path)


def filling(monkeypatch: pytest.MonkeyPatch, after: int) -> Callable[[], None]:
    """Make the disk full after so many entries: half of the next is written; return the mend."""
    append, count = JournalFileBackend.append_logs, 0

    def full(self: JournalFileBackend, logs: list[dict[str, Any]]) -> None:
        nonlocal count
        count += 1
        if count > after:
            with Path(self._file_path).open("ab") as journal:
                journal.write(b'{"op_code":6,"worker')
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        append(self, logs)

    monkeypatch.setattr(JournalFileBackend, "append_logs", full)
    return lambda: monkeypatch.setattr(JournalFileBackend, "append_logs", append)


@pytest.mark.parametrize("after", [2, 40, 65])
def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """Said in a line with the file's name; with room again the search goes on from all it had."""
    study(tmp_path).run(6, 0, 1, judge)
    before = study(tmp_path).trials()
    mend = filling(monkeypatch, after)
    with pytest.raises(TrainingError) as caught:
        study(tmp_path).run(18, 0, 1, judge)
    mend()
    resumed = study(tmp_path)

    assert f"{tmp_path}/trials.journal: No space left on device" in str(caught.value)
    assert before == resumed.trials()[:6]
    resumed.run(18, 0, 1, judge)
    assert 18 == len(study(tmp_path).trials())


def test_an_error_in_a_trial_keeps_the_others(tmp_path: Path) -> None:
    """What one structure cannot be judged for ends the search, not its journal."""
    calls = Stopping(at=-1)

    def failing(structure: Structure) -> Trial:
        if calls.calls == 8:
            raise TrainingError("no")
        return calls(structure)

    with pytest.raises(TrainingError, match="no"):
        study(tmp_path).run(30, 0, 1, failing)
    resumed = study(tmp_path)

    assert 6 == len(resumed.trials())
    resumed.run(12, 0, 1, judge)
    assert 12 == len(resumed.trials())
