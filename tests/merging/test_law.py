"""What a joined log holds depends on which logs were joined, and on nothing else."""

from __future__ import annotations

import random
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import hypothesis
import pytest
from hypothesis import strategies as st

from monitor.merging.joined import open_joined
from monitor.store import Store
from monitor.store.owner_labels import ANSWERS, DRAWN, Drawn, OwnerLabel, opened_beside, put
from tests.factories import query
from tests.merging.worlds import Batch, Said, contents, copied, joined, write
from tests.spoiled import change

_TWEETS = [f"t{number}" for number in range(5)]


@dataclass(frozen=True, slots=True)
class Board:
    """What happens to one board's log."""

    before: list[Batch]
    """Then a copy is made, and an alert is raised if there is one."""
    after: list[Batch]
    pruned: int
    """So many of the first tweets and dead letters go, after that copy."""
    alert: bool
    model: str
    unsure: bool
    """Its labels are marked as abstained."""
    answers: list[tuple[str, str, Drawn, int]]
    """Tweet, label and how it was drawn, as its owner gave them, and the second in which."""


_said = st.builds(
    Said,
    id=st.sampled_from(_TWEETS),
    label=st.sampled_from(["negative", "neutral", "positive"]),
    entities=st.lists(st.sampled_from(["", "Acme", "Lumen"]), min_size=1, unique=True).map(tuple),
)
_batch = st.builds(
    Batch,
    tweets=st.lists(_said, max_size=3, unique_by=lambda said: said.id).map(tuple),
    dead=st.lists(st.sampled_from(["d0", "d1"]), max_size=2, unique=True).map(tuple),
    at=st.integers(-8, 12).map(float),
)
"""Two may begin at the same moment, and clocks may go back."""
_board = st.builds(
    Board,
    before=st.lists(_batch, min_size=1, max_size=3),
    after=st.lists(_batch, max_size=3),
    pruned=st.integers(0, 4),
    alert=st.booleans(),
    model=st.sampled_from(["small", "large"]),
    unsure=st.booleans(),
    answers=st.lists(
        st.tuples(
            *(st.sampled_from(some) for some in (_TWEETS, ANSWERS, DRAWN)), st.integers(0, 2)
        ),
        max_size=3,
    ),
)
_Groups = Sequence[Sequence[int]]


@pytest.fixture(scope="module")
def empty() -> Iterator[Path]:
    """Two logs without rows, one of them joined: made once, for their tables take longest."""
    with tempfile.TemporaryDirectory() as folder:
        Store(Path(folder) / "own.db").close()
        open_joined(Path(folder) / "joined.db").close()
        yield Path(folder)


def _logs(folder: Path, empty: Path, boards: Sequence[Board]) -> list[Path]:
    """Write each board's log, with a copy from before the end."""
    logs = []
    for number, board in enumerate(boards):
        path = Path(shutil.copy(empty / "own.db", folder / f"{number}.db"))
        change(path, "UPDATE logs SET uuid = ?", f"board {number}")
        sure = 0.9 if board.unsure else 0.0
        write(path, board.before, model=board.model, abstain_below=sure, quick=True)
        if board.alert:
            change(
                path,
                "INSERT INTO alerts (entity, model_id, since, raised_at, usual_share, share,"
                " tweets, negatives, first_batch_id, first_tweet_id, batch_id, tweet_id) VALUES"
                " ('Acme', 1, '2025', '2025-06-15T16:00:00.000Z', 0.1, 0.5, 9, 5, 1, 't0',"
                " 2, 't1')",
            )
        logs.append(copied(path, f"{number}-before.db"))
        change(path, "UPDATE alerts SET ended_at = '2025-06-15T17:00:00.000Z', outcome = 'adopted'")
        _prune(path, board.pruned)
        _answer(path, board)
        write(path, board.after, model=board.model, abstain_below=sure, quick=True)
        logs.append(path)
    return logs


def _answer(path: Path, board: Board) -> None:
    """Have the owner say something of tweets, there or not."""
    with opened_beside(path) as connection:
        put(
            connection,
            [
                OwnerLabel(
                    *(tweet, "Acme", label),
                    drawn=drawn,
                    labelled_at=f"2025-06-15T16:00:0{second}.000Z",
                    received_at="2025-06-15T15:06:40.000Z",
                    probabilities=(0.1, 0.2, 0.7) * 2,
                    model_sha256=board.model,
                    batch_id=1,
                )
                for tweet, label, drawn, second in board.answers
            ],
        )


def _prune(path: Path, rows: int) -> None:
    """Delete the first rows as retention does, and of batches and minutes what is bare then."""
    with closing(Store(path)) as store:
        store._connection.execute("PRAGMA synchronous = OFF")
        if rows:
            store._pruner.rows = rows
            store._pruner._delete(last_batch=1000, last_minute=rows // 2)


def _join(folder: Path, empty: Path, name: str, logs: Sequence[Path]) -> Path:
    output = Path(shutil.copy(empty / "joined.db", folder / name))
    joined(output, *logs)
    return output


@hypothesis.settings(max_examples=12)
@hypothesis.given(
    boards=st.lists(_board, min_size=1, max_size=3),
    groups=st.lists(st.lists(st.integers(0, 5), min_size=1, max_size=3), max_size=3),
    order=st.randoms(use_true_random=False),
    deep=st.booleans(),
)
def test_the_result_is_that_of_the_set(
    empty: Path, boards: list[Board], groups: _Groups, order: random.Random, deep: bool
) -> None:
    """Whatever came first, came twice, or came by way of other joined logs.

    And the counts are those of the labels: no board's labels are forgotten, and none of a tweet
    that came to several is counted twice.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        logs = _logs(folder, empty, boards)
        plain = _join(folder, empty, "plain.db", logs)

        shuffled = list(logs)
        order.shuffle(shuffled)
        half = len(shuffled) // 2
        parts = [
            _join(folder, empty, f"part-{number}.db", some)
            for number, some in enumerate(
                [
                    *([logs[i % len(logs)] for i in dict.fromkeys(group)] for group in groups),
                    *((shuffled[:half], shuffled[half:]) if deep else ()),
                ]
            )
        ]
        order.shuffle(parts)
        again = _join(folder, empty, "again.db", [*parts, *(() if deep else shuffled)])
        first = contents(again)
        joined(again, *parts, plain, shuffled[0])

        expected = contents(plain)
        for table, rows in contents(again).items():
            assert expected[table] == rows == first[table], table
        assert [] == query(again, "PRAGMA foreign_key_check")
        assert [("ok",)] == query(again, "PRAGMA integrity_check")
        counted = query(
            again,
            "SELECT hour, entity, model_id, sum(reputation_negative + reputation_neutral"
            " + reputation_positive + reputation_unsure_negative + reputation_unsure_neutral"
            " + reputation_unsure_positive) FROM rollups GROUP BY 1, 2, 3",
        )
        held = query(
            again,
            "SELECT substr(b.started_at, 1, 13), l.entity, l.model_id, count(*) FROM labels AS l"
            " JOIN batches AS b ON b.id = l.batch_id GROUP BY 1, 2, 3",
        )
        assert sorted(held) == sorted(counted)
