"""Taught beside the running daemon: killed at any moment, full disks, several who teach at once."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from random import Random

import pytest

from monitor.adaptation.adaptation import Adaptation
from monitor.adaptation.fitted import AS_IT_IS, log_probabilities
from monitor.labelling.sample import tweets_of
from monitor.store.owner_labels import PROBABILITIES, opened_beside, put, transaction
from monitor.verdict import POLARITIES
from tests.faults.ledger import publish, tweets, wait_balanced
from tests.faults.saboteur import sabotaged
from tests.faults.vfs import fault, run_on_sick_disk
from tests.processes import PATIENCE_S, Daemon, Mosquitto, wait_until

MakeDaemon = Callable[..., Daemon]

_SETTINGS = {
    "MONITOR_ENTITIES": '[{name = "Acme"}]',
    "MONITOR_BATCH_MAX_DELAY_MS": "10",
    "MONITOR_BATCH_MAX_TWEETS": "16",
}
_TOLD = ("neutral", "positive", "neutral")
"""What this owner says of the three kinds of tweets that `ledger.tweets` makes."""


@pytest.fixture
def daemon(mosquitto: Mosquitto, make_daemon: MakeDaemon) -> Iterator[Daemon]:
    """A daemon that does not wait long for further answers."""
    made = make_daemon(mosquitto.port, **_SETTINGS)
    with sabotaged(made, "quiet=0.1"):
        yield made


def _file(daemon: Daemon, numbers: Iterable[int], name: str = "answers.jsonl") -> Path:
    path = daemon.folder / name
    rows = [
        {"id": f"t{n:07}", "entity": "Acme", "label": _TOLD[n % 3], "drawn": "random"}
        for n in numbers
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def answer(daemon: Daemon, numbers: Iterable[int]) -> None:
    """Answer from a file."""
    done = daemon.command("label", "--import", str(_file(daemon, numbers)))
    assert 0 == done.returncode, done.stderr


def answer_quietly(daemon: Daemon, numbers: Iterable[int]) -> None:
    """Answer as the dashboard does: what is learnt is left to the daemon."""
    with opened_beside(daemon.database) as connection, transaction(connection):
        for n in numbers:
            (tweet,) = tweets_of(connection, "Acme", [f"t{n:07}"])
            put(connection, [tweet.labelled(_TOLD[n % 3], "random", "2026-11-30T12:00:00.000Z")])


def _shown(daemon: Daemon) -> dict[str, tuple[str, str]]:
    return {
        id_: (label, own)
        for id_, label, own in daemon.rows("SELECT id, label, reputation FROM labelled")
    }


def _expected(daemon: Daemon) -> dict[str, tuple[str, str]]:
    """What each label should be by the latest fits, and the model's own."""
    ((fits,),) = daemon.rows("SELECT fits FROM adaptations ORDER BY id DESC LIMIT 1")
    (of_model,) = Adaptation.read(1, fits).models.values() or (None,)
    fit = of_model.own.get("Acme", of_model.common) if of_model else AS_IT_IS
    rows = daemon.rows(f"SELECT tweet_id, reputation, {', '.join(PROBABILITIES)} FROM labels")
    labels = fit.apply(log_probabilities([row[2:] for row in rows])).argmax(axis=1)
    return {
        row[0]: (row[1] if fit is AS_IT_IS else POLARITIES[label], row[1])
        for row, label in zip(rows, labels, strict=True)
    }


def _answers(daemon: Daemon) -> int:
    return int(daemon.rows("SELECT count(*) FROM owner_labels")[0][0])


def wait_followed(daemon: Daemon, answers: int) -> None:
    """Wait until so many answers are fitted and all labels follow them; then look at everything."""

    def done() -> bool:
        daemon.alive()
        latest = daemon.rows("SELECT answers, todo FROM adaptations ORDER BY id DESC LIMIT 1")
        return latest == [(answers, 0)]

    wait_until(done, f"labels that follow {answers} answers", every=0.1)
    assert answers == _answers(daemon)
    assert _expected(daemon) == _shown(daemon)
    # Counted is what the model said, each label once.
    assert daemon.rows(
        "SELECT sum(reputation = 'negative'), sum(reputation = 'neutral'),"
        " sum(reputation = 'positive') FROM labels"
    ) == daemon.rows(
        "SELECT sum(reputation_negative), sum(reputation_neutral), sum(reputation_positive)"
        " FROM rollups"
    )
    assert [("ok",)] == daemon.rows("PRAGMA integrity_check")


def adapted(daemon: Daemon) -> int:
    """How many labels are not the model's own."""
    return int(daemon.rows("SELECT count(adapted) FROM labels")[0][0])


def test_it_learns_while_it_runs(daemon: Daemon, mosquitto: Mosquitto) -> None:
    """Without a restart: new tweets and stored ones are labelled as the owner would, and back."""
    daemon.start()
    published = publish(mosquitto.port, tweets(120))
    wait_balanced(daemon, published)
    shipped = _shown(daemon)
    answer(daemon, range(60))
    wait_followed(daemon, 60)
    right = [label == _TOLD[int(id_[1:]) % 3] for id_, (label, _) in _shown(daemon).items()]
    assert sum(right) / len(right) > 0.9
    assert adapted(daemon) > 40
    published |= publish(mosquitto.port, tweets(30, start=120))
    wait_balanced(daemon, published)
    wait_followed(daemon, 60)
    assert {daemon.rows("SELECT max(id) FROM adaptations")[0][0]} == {
        row for (row,) in daemon.rows("SELECT adaptation FROM labelled WHERE adaptation NOT NULL")
    }

    assert 0 == daemon.command("label", "--delete", "--yes").returncode
    wait_followed(daemon, 0)
    assert 0 == adapted(daemon)
    assert shipped == {id_: said for id_, said in _shown(daemon).items() if id_ in shipped}
    wait_until(lambda: daemon.said().count('"taught"') == 2, "word of both")
    assert 0 == daemon.stop()
    taught = [event for event in daemon.events() if event["event"] == "taught"]
    assert [True, False] == [event["changes"] for event in taught]


@pytest.mark.parametrize(
    "step",
    [
        "before-taught",
        pytest.param("after-taught", marks=pytest.mark.study),
        pytest.param("before-relabelled", marks=pytest.mark.study),
        "after-relabelled",
    ],
)
def test_killed_while_it_learns(daemon: Daemon, mosquitto: Mosquitto, step: str) -> None:
    """Before and after each COMMIT of a fit and of labels that follow it."""
    daemon.start()
    published = publish(mosquitto.port, tweets(600))  # two steps, each of 500 labels at most
    wait_balanced(daemon, published)
    assert 0 == daemon.stop()
    answer_quietly(daemon, range(30))
    with sabotaged(daemon, "quiet=0.1", f"{step}=1"):
        daemon.start(ready=False)
        assert daemon.process is not None
        assert -signal.SIGKILL == daemon.process.wait(PATIENCE_S), daemon.said()
    daemon.start()

    wait_followed(daemon, 30)
    assert adapted(daemon) > 0
    wait_balanced(daemon, published)


def test_killed_at_any_moment(daemon: Daemon, mosquitto: Mosquitto) -> None:
    """Daemon and those who teach it, at random moments: each file is taken whole or not at all."""
    random = Random(1)
    daemon.start()
    published = publish(mosquitto.port, tweets(300))
    wait_balanced(daemon, published)
    for turn in range(5):
        before = _answers(daemon)
        path = _file(daemon, range(30 * turn, 30 * turn + 30), f"{turn}.jsonl")
        label = subprocess.Popen(
            [sys.executable, "-m", "monitor", "label", "--import", str(path)],
            env=daemon.environment,
            cwd=daemon.folder,
            stderr=subprocess.DEVNULL,
        )
        published |= publish(mosquitto.port, tweets(20, start=300 + 20 * turn))
        time.sleep(random.uniform(0.2, 1.5))  # the moment is what is tried
        if random.random() < 0.5:
            label.kill()
        else:
            time.sleep(random.uniform(0, 1.0))
        daemon.kill()
        label.wait(PATIENCE_S)
        assert _answers(daemon) in (before, before + 30)
        daemon.start(ready=False)
    answer(daemon, range(150))  # what was taken is known

    wait_balanced(daemon, published)
    wait_followed(daemon, 150)


@contextmanager
def _labelling(daemon: Daemon, numbers: Iterable[int], name: str) -> Iterator[None]:
    path = _file(daemon, numbers, name)
    with subprocess.Popen(
        [sys.executable, "-m", "monitor", "label", "--import", str(path)],
        env=daemon.environment,
        cwd=daemon.folder,
        stderr=subprocess.PIPE,
    ) as process:
        yield
        _, said = process.communicate(timeout=PATIENCE_S)
    assert 0 == process.returncode, said


def test_two_teach_at_once(daemon: Daemon, mosquitto: Mosquitto) -> None:
    """Beside a daemon that is busy: nothing is lost, nothing twice."""
    daemon.start()
    published = publish(mosquitto.port, tweets(200))
    wait_balanced(daemon, published)
    with _labelling(daemon, range(40), "a.jsonl"), _labelling(daemon, range(20, 60), "b.jsonl"):
        published |= publish(mosquitto.port, tweets(200, start=200))

    wait_balanced(daemon, published)
    wait_followed(daemon, 60)


def test_a_full_disk(mosquitto: Mosquitto, make_daemon: MakeDaemon) -> None:
    """Nothing can be written while it lasts; then it is learnt, without anybody's doing."""
    daemon = make_daemon(mosquitto.port, **_SETTINGS)
    run_on_sick_disk(daemon)
    daemon.start()
    published = publish(mosquitto.port, tweets(120))
    wait_balanced(daemon, published)
    with fault(daemon, "write", sqlite3.SQLITE_FULL):
        answer_quietly(daemon, range(40))  # their disk is not the daemon's
        wait_until(lambda: "log-unwritable" in daemon.said(), "a word about it")
        assert [] == daemon.rows("SELECT 1 FROM adaptations")

    wait_followed(daemon, 40)
    assert 0 == daemon.stop()
    assert "Traceback" not in daemon.said()


def test_an_adaptation_of_a_later_version(daemon: Daemon, mosquitto: Mosquitto) -> None:
    """One line, and labels as shipped."""
    daemon.start()
    published = publish(mosquitto.port, tweets(60))
    wait_balanced(daemon, published)
    answer(daemon, range(30))
    wait_followed(daemon, 30)
    assert 0 == daemon.stop()
    with closing(sqlite3.connect(daemon.database)) as connection:
        connection.execute("UPDATE adaptations SET format = 2, fits = x'00ff'")
        connection.commit()
    daemon.start()
    published |= publish(mosquitto.port, tweets(30, start=60))
    wait_balanced(daemon, published)

    assert [] == daemon.rows(
        "SELECT 1 FROM labelled WHERE id >= 't0000060' AND label <> reputation"
    )
    (told,) = [event for event in daemon.events() if event["event"] == "answers-unused"]
    assert "adaptation 1: it is of format 2, and this version knows 1" == told["error"]
