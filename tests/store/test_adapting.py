"""Labels of the log follow the owner's answers: fits, new labels, stored ones, and back."""

from __future__ import annotations

import dataclasses
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from monitor.store import Store
from monitor.store.adapting import QUIET_S, Adapting
from monitor.store.owner_labels import OwnerLabel, delete, opened_beside, put, transaction
from monitor.verdict import POLARITIES, TASKS, Answer, Verdict
from tests.factories import STUB_MODEL, batch_row, query, register, tweet_row

OWN = {"negative": (0.7, 0.2, 0.1), "neutral": (0.1, 0.8, 0.1), "positive": (0.1, 0.1, 0.8)}
OF_OWNER = {"negative": "negative", "neutral": "neutral", "positive": "negative"}
"""What the owner says where the model says something: praise of this brand is mockery."""
SHIPPED = "SELECT * FROM labels ORDER BY tweet_id, entity"


def _verdict(label: str) -> Verdict:
    probabilities = dict(zip(POLARITIES, OWN[label], strict=True))
    return {task: Answer(label, probabilities) for task in TASKS}


def _said(number: int) -> str:
    return POLARITIES[number % 3]


def write(store: Store, first: int, count: int, *entities: str, each: int = 4) -> None:
    """Store tweets in batches, of the labels in turn."""
    for start in range(first, first + count, each):
        rows = [
            tweet_row(f"{n:04}", *(entities or ("Acme",)), answer=_verdict(_said(n)))
            for n in range(start, min(start + each, first + count))
        ]
        store.write(batch_row(len(rows)), rows, [])


def answers(
    first: int, count: int, entity: str = "Acme", model: str = STUB_MODEL.sha256
) -> list[OwnerLabel]:
    """Answer some of them."""
    return [
        OwnerLabel(
            tweet_id=f"{n:04}",
            entity=entity,
            label=OF_OWNER[_said(n)],
            drawn="random",
            labelled_at="2025-06-15T16:00:00.000Z",
            received_at="2025-06-15T15:06:40.000Z",
            probabilities=OWN[_said(n)] * 2,
            model_sha256=model,
            batch_id=1,
        )
        for n in range(first, first + count)
    ]


def answer(path: Path, labels: list[OwnerLabel]) -> None:
    """Answer beside the daemon."""
    with opened_beside(path) as connection, transaction(connection):
        put(connection, labels)


def follow(store: Store, now: float = 0.0) -> None:
    """Let it be quiet, learn, and finish."""
    store.learn(now + 10)
    store.learn(now + 12 + QUIET_S)
    while store.relabel(0.0):
        pass


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the log lies."""
    return tmp_path / "monitor.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    """A log with a model."""
    with closing(Store(path)) as made:
        register(made)
        yield made


def _labels(path: Path) -> dict[str, str]:
    return dict(query(path, "SELECT id, label FROM labelled WHERE entity = 'Acme'"))


def _expected(count: int) -> dict[str, str]:
    return {f"{n:04}": OF_OWNER[_said(n)] for n in range(count)}


def test_what_is_stored_and_what_comes_follows(path: Path, store: Store) -> None:
    """From the fit on new labels are as the owner would have them, soon the stored ones, too."""
    write(store, 0, 60)
    answer(path, answers(0, 30))
    store.learn(10.0)
    store.learn(12 + QUIET_S)
    made = store.adapting.current
    assert made.changes_labels
    write(store, 60, 6)

    assert {"negative", "neutral"} == {_labels(path)[f"{n:04}"] for n in range(60, 66)}
    assert "positive" in _labels(path).values()
    assert 60 == store.relabel(10.0)
    assert 0 == store.relabel(10.0)
    assert _expected(66) == _labels(path)
    assert [(made.id, "positive"), (None, "negative"), (None, "neutral")] == query(
        path,
        "SELECT DISTINCT adaptation, reputation FROM labelled ORDER BY adaptation DESC, reputation",
    )


def test_what_shares_rest_on_is_not_rewritten(path: Path, store: Store) -> None:
    """The model's own labels, their probabilities and the counts by hour stay as they were."""
    write(store, 0, 60)
    kept = [
        "SELECT * FROM rollups",
        "SELECT tweet_id, reputation, sentiment, reputation_negative FROM labels ORDER BY 1",
        "SELECT * FROM reputation_by_day",
    ]
    before = [query(path, sql) for sql in kept]
    answer(path, answers(0, 30))
    follow(store)

    assert query(path, "SELECT count(adapted) FROM labels") != [(0,)]
    assert before == [query(path, sql) for sql in kept]


def test_without_answers_all_is_as_shipped(path: Path, store: Store) -> None:
    """All are deleted: what was stored before, meanwhile and since is byte for byte the same."""
    with closing(Store(path.with_name("untaught.db"))) as untaught:
        register(untaught)
        write(untaught, 0, 90)
    write(store, 0, 30)
    answer(path, answers(0, 30))
    follow(store)
    write(store, 30, 30)
    assert query(path, SHIPPED) != query(path.with_name("untaught.db"), SHIPPED)
    with opened_beside(path) as connection:
        delete(connection)
    follow(store, 1000)
    write(store, 60, 30)

    without = "SELECT tweet_id, entity, adapted, adaptation_id, reputation FROM labels ORDER BY 1"
    assert query(path.with_name("untaught.db"), without) == query(path, without)


def test_it_waits_until_nobody_answers(path: Path, store: Store) -> None:
    """A sitting is one fit, and what is known already none."""
    write(store, 0, 30)
    for second in range(30):
        answer(path, answers(second, 1))
        store.learn(10.0 + second)
    store.learn(41.0)
    assert [] == query(path, "SELECT answers FROM adaptations")
    store.learn(39.0 + QUIET_S + 2)
    assert [(30,)] == query(path, "SELECT answers FROM adaptations")
    for second in range(100, 200):
        store.learn(float(second))
    assert [(30,)] == query(path, "SELECT answers FROM adaptations")


def test_it_goes_on_where_it_was(path: Path) -> None:
    """After each step another process: each label is done once, none twice."""
    with closing(Store(path)) as store:
        register(store)
        write(store, 0, 1600, each=16)
        answer(path, answers(0, 60))
        store.learn(10.0)
        store.learn(12 + QUIET_S)
        made = store.adapting.current
    seen = 0
    for _ in range(10):
        with closing(Store(path)) as store:
            assert store.adapting.current.as_tables() == made.as_tables()
            seen += store.relabel(0.0)
    assert 1600 == seen
    assert _expected(1600) == _labels(path)


def test_a_second_adaptation_in_the_middle_of_the_first(path: Path, store: Store) -> None:
    """The later one holds for all labels, those included that the first had not come to."""
    write(store, 0, 1600, each=16)
    answer(path, answers(0, 60))
    store.learn(10.0)
    store.learn(12 + QUIET_S)
    assert 0 < store.relabel(0.0) < 1600
    with opened_beside(path) as connection:
        delete(connection)
    follow(store, 100)

    assert [(1600, 0)] == query(path, "SELECT count(*), count(adapted) FROM labels")
    assert [(1, None, 0), (2, "{}", 0)] == query(path, "SELECT id, fits, todo FROM adaptations")


def test_a_label_that_stays_keeps_the_adaptation_it_is_of(path: Path, store: Store) -> None:
    """A card is not written for a number: what a later fit confirms is left alone."""
    write(store, 0, 60)
    answer(path, answers(0, 30))
    follow(store)
    answer(path, answers(30, 3))
    follow(store, 1000)

    assert [(2,)] == query(path, "SELECT max(id) FROM adaptations")
    assert [(1, 20)] == query(path, "SELECT max(adaptation_id), count(adapted) FROM labels")


def test_answers_to_another_model_are_not_used(path: Path, store: Store) -> None:
    """They were given beside other probabilities; labels of that model follow them."""
    write(store, 0, 30)
    other = dataclasses.replace(STUB_MODEL, sha256="f" * 64)
    answer(path, answers(0, 30, model=other.sha256))
    follow(store)
    assert [(0,)] == query(path, "SELECT count(adapted) FROM labels")

    model_id = store.register_model(other, "litert", "reputation", 0.0)
    store.write(batch_row(1, model_id), [tweet_row("new", "Acme", answer=_verdict("positive"))], [])

    assert "negative" == _labels(path)["new"]


def test_a_sentiment_is_left_alone(path: Path) -> None:
    """Answers say what harms a name, and not what mood a text is in."""
    with closing(Store(path)) as store:
        register(store, "sentiment")
        write(store, 0, 30)
        answer(path, answers(0, 30))
        follow(store)
        assert [(0,)] == query(path, "SELECT count(adapted) FROM labels")


def test_an_entity_that_is_renamed(path: Path, store: Store) -> None:
    """Its answers are kept and its stored labels follow them; the new name is one without."""
    write(store, 0, 30)
    answer(path, answers(0, 30))
    follow(store)
    write(store, 30, 3, "Acme Group")
    follow(store, 1000)

    assert _expected(30) == _labels(path)
    assert [(None,)] == query(
        path, "SELECT DISTINCT adaptation FROM labelled WHERE entity = 'Acme Group'"
    )


@pytest.mark.parametrize("change", ["format = 9", "fits = '{\"a\": 1}'", "fits = NULL"])
def test_an_adaptation_that_cannot_be_read(path: Path, change: str) -> None:
    """One of a later version, or damaged: said, and labels are as shipped until answers change."""
    with closing(Store(path)) as store:
        register(store)
        write(store, 0, 30)
        answer(path, answers(0, 30))
        follow(store)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"UPDATE adaptations SET {change}")
        connection.commit()
    with closing(Store(path)) as store:
        assert store.adapting.problem is not None
        assert store.adapting.problem.startswith("adaptation 1: ")
        follow(store, 1000)
        write(store, 30, 3)
        assert "positive" == _labels(path)["0032"]
        assert [(1,)] == query(path, "SELECT count(*) FROM adaptations")
        answer(path, answers(30, 3))
        follow(store, 2000)
        assert _expected(33) == _labels(path)


def test_a_damaged_answer_changes_nothing(path: Path, store: Store) -> None:
    """It is told once, and labels go on as they were."""
    write(store, 0, 60)
    answer(path, answers(0, 30))
    follow(store)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(
            "UPDATE owner_labels SET reputation_neutral = 'x' WHERE tweet_id = '0001'"
        )
        connection.commit()
    store.learn(1000.0)
    with pytest.raises(ValueError, match="x"):
        store.learn(1002 + QUIET_S)
    store.learn(1010 + QUIET_S)
    write(store, 60, 3)

    assert _expected(63) == _labels(path)


def test_nothing_is_kept_twice(path: Path, store: Store) -> None:
    """Fits are stored once: however often it is taught, the file does not grow by old ones."""
    write(store, 0, 60)
    for sitting in range(5):
        answer(path, answers(10 * sitting, 10))
        follow(store, 1000.0 * sitting)

    assert [(5, 1)] == query(path, "SELECT count(*), count(fits) FROM adaptations")


def test_another_program_fits_and_labels(path: Path, store: Store) -> None:
    """`monitor label` at its end: the daemon's very next batch follows, and nothing is missed."""
    write(store, 0, 1600, each=16)
    answer(path, answers(0, 60))
    with opened_beside(path) as connection:
        beside = Adapting(connection, lambda: transaction(connection))
        beside.fit()
        write(store, 1600, 3)
        assert "positive" not in [_labels(path)[f"{n}"] for n in range(1600, 1603)]
        assert 0 < beside.relabel(0.0) < 1600
        store.relabel(0.0)
        write(store, 1603, 3)
        while beside.relabel(0.0):
            pass

    assert _expected(1606) == _labels(path)
    assert 0 == store.relabel(10.0)
    store.learn(5000.0)
    store.learn(5002 + QUIET_S)
    assert [(1,)] == query(path, "SELECT count(*) FROM adaptations")
