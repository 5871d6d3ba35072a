"""What the owner's answers make of labels: fits in the log, and stored labels that follow them.

The daemon fits anew when the answers have changed and nobody is giving more, whoever wrote them:
`monitor label`, the dashboard, a file. A fit is one row, written in one transaction; from its
COMMIT on new labels follow it. Labels that are stored already are gone through from the latest
batch to the first, some at a time, with the place that was come to in the same transaction: after
a kill it goes on from there, and no label is done by halves.

What a label is follows from the probabilities that are stored beside it, which are never changed;
nor are the model's own labels, on which the rollups rest, and with them shares.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from hashlib import sha256
from typing import Final

from monitor.adaptation.adaptation import Adaptation, Answered
from monitor.console import strict_json
from monitor.store.owner_labels import PROBABILITIES
from monitor.verdict import POLARITIES

FORMAT: Final = 1
"""Of `adaptations.fits`."""
QUIET_S: Final = 10.0
"""Answers are fitted when no other has come for so long: a person needs some six seconds for one.
"""

_LOOK_S: Final = 1.0
_LOOK_ANYWAY_S: Final = 86_400.0
"""SQLite does not tell of what this connection has written itself, such as answers pruned."""
_ROWS: Final = 500
"""Labels looked at in a transaction, and the rest of a batch."""
_TASK: Final = "reputation"
"""What answers are about: whether a tweet harms or helps a name."""
_READ: Final = (
    f"SELECT tweet_id, entity, model_id, reputation, adapted, {', '.join(PROBABILITIES)}"  # noqa: S608  (our own names)
    " FROM labels INDEXED BY labels_batch WHERE batch_id BETWEEN ? AND ?"
)


class Adapting:
    """The adaptation in force, in the log. Belongs to the thread that writes it."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        transaction: Callable[[], AbstractContextManager[None]],
    ) -> None:
        """Read what is in force.

        Args:
            connection: to the log.
            transaction: begins and commits one there.
        """
        self._connection = connection
        self._transaction = transaction
        self.problem: str | None = None
        """Why the latest adaptation cannot be used, if it cannot: labels are the model's own."""
        self.current, self._latest, self._digest = Adaptation(), 0, _digest(())
        self._models: dict[int, str | None] = {}
        self._version: int | None = None
        self._look_at = self._look_anyway_at = 0.0
        self._waiting: tuple[str, float] | None = None
        self.refresh()

    def refresh(self) -> None:
        """Take over what another program has written.

        Called in each transaction that writes labels, so that none follows an adaptation that is
        no longer in force.
        """
        (latest,) = self._connection.execute("SELECT max(id) FROM adaptations").fetchone()
        if latest in (None, self._latest):
            return
        version, digest, fits = self._connection.execute(
            "SELECT format, digest, fits FROM adaptations WHERE id = ?", (latest,)
        ).fetchone()
        self._latest, self._digest = latest, digest
        self.current, self.problem = Adaptation(), None
        try:
            self.current = _read(latest, version, fits)
        except (TypeError, ValueError) as error:
            self.problem = f"adaptation {latest}: {error}"

    def label(
        self, model_id: int, entity: str, own: str, probabilities: tuple[float | None, ...]
    ) -> str | None:
        """Return a label as adapted, or None if it is the model's own; `Adaptation.label`."""
        if not self.current.models or own not in POLARITIES:
            return None
        model = self._model(model_id)
        return model and self.current.label(model, entity, own, probabilities)

    def of(self, model_id: int, entity: str) -> int | None:
        """Return the adaptation that a model's labels of an entity follow, if they follow one."""
        model = self._model(model_id) if self.current.models else None
        return self.current.id if model and self.current.adapts(model, entity) else None

    def _model(self, model_id: int) -> str | None:
        """Return the SHA-256 of a model whose labels are of what answers are about."""
        if model_id not in self._models:
            sha, task = self._connection.execute(
                "SELECT sha256, task FROM models WHERE id = ?", (model_id,)
            ).fetchone()
            self._models[model_id] = sha if task == _TASK else None
        return self._models[model_id]

    def learn(self, now: float) -> None:
        """Fit the answers anew if they have changed and nobody gives more.

        Args:
            now: seconds of a clock that only goes forward.

        Raises:
            sqlite3.OperationalError: the log cannot be written; nothing has changed.
            ValueError, ArithmeticError: an answer is damaged. Those answers are not tried again.
        """
        if now < self._look_at:
            return
        (version,) = self._connection.execute("PRAGMA data_version").fetchone()
        if version != self._version or now >= self._look_anyway_at:
            self.refresh()
            digest = _digest(_answers(self._connection))
            self._version, self._look_anyway_at = version, now + _LOOK_ANYWAY_S
            if digest == self._digest:
                self._waiting = None
            elif self._waiting is None or self._waiting[0] != digest:
                self._waiting = digest, now
        if self._waiting is not None and now - self._waiting[1] >= QUIET_S:
            self.fit()
        self._look_at = now + _LOOK_S

    def fit(self) -> None:
        """Fit the answers, unless they are what is in force already.

        Raises:
            sqlite3.OperationalError, ValueError, ArithmeticError: as for `learn`.
        """
        with self._transaction():
            execute = self._connection.execute
            self.refresh()
            rows = _answers(self._connection)
            digest = _digest(rows)
            if digest == self._digest:
                return
            try:
                made = Adaptation.of(0, _answered(rows))
            except (ValueError, ArithmeticError):
                self._digest, self._waiting = digest, None
                raise
            changes = made.changes_labels or self.current.changes_labels or bool(self.problem)
            (unfinished,) = execute("SELECT count(*) FROM adaptations WHERE todo > 0").fetchone()
            execute("UPDATE adaptations SET fits = NULL, todo = 0 WHERE fits NOT NULL OR todo > 0")
            execute(
                "INSERT INTO adaptations (made_at, format, digest, answers, fits, todo) VALUES"
                " (strftime('%Y-%m-%dT%H:%M:%fZ'), ?, ?, ?, ?,"
                " iif(?, coalesce((SELECT max(id) FROM batches), 0), 0))",
                (
                    *(FORMAT, digest, len(rows), strict_json(made.as_tables())),
                    changes or unfinished,
                ),
            )
        self._waiting = None
        self.refresh()

    def relabel(self, seconds: float) -> int:
        """Have stored labels follow the adaptation in force, for about so long.

        Returns:
            How many labels were looked at; 0 when there is nothing left to do.

        Raises:
            sqlite3.OperationalError: the log cannot be written; try again.
        """
        if self.problem or not self.current.id:
            return 0
        until, looked_at = time.monotonic() + seconds, 0
        while step := self._step():
            looked_at += step
            if time.monotonic() >= until:
                break
        return looked_at

    def _step(self) -> int:
        execute = self._connection.execute
        todo_of = "SELECT todo FROM adaptations WHERE id = ?"
        if execute(todo_of, (self.current.id,)).fetchone() == (0,):
            return 0
        with self._transaction():
            self.refresh()
            (todo,) = execute(todo_of, (self.current.id,)).fetchone() or (0,)
            (first,) = execute(
                "SELECT min(batch_id) FROM (SELECT batch_id FROM labels INDEXED BY labels_batch"
                " WHERE batch_id <= ? ORDER BY batch_id DESC LIMIT ?)",
                (todo, _ROWS),
            ).fetchone()
            rows = execute(_READ, (first, todo)).fetchall() if first is not None else []
            changed = []
            for tweet_id, entity, model_id, own, before, *probabilities in rows:
                label = self.label(model_id, entity, own, tuple(probabilities))
                if label != before:
                    changed.append((label, label and self.current.id, tweet_id, entity))
            self._connection.executemany(
                "UPDATE labels SET adapted = ?, adaptation_id = ?"
                " WHERE tweet_id = ? AND entity = ?",
                changed,
            )
            execute(
                "UPDATE adaptations SET todo = ? WHERE id = ?",
                (max(first - 1, 0) if first is not None else 0, self.current.id),
            )
        return len(rows)


def _read(id_: int, version: int, fits: str) -> Adaptation:
    if version != FORMAT:
        raise ValueError(f"it is of format {version}, and this version knows {FORMAT}")
    return Adaptation.read(id_, fits)


_Row = tuple[object, ...]


def _answers(connection: sqlite3.Connection) -> list[_Row]:
    """Read the answers that are classes."""
    return connection.execute(
        "SELECT entity, tweet_id, label, model_sha256, labelled_at,"  # noqa: S608  (our own names)
        f" {', '.join(PROBABILITIES)} FROM owner_labels"
        " WHERE label IN (SELECT value FROM json_each(?)) ORDER BY entity, tweet_id",
        ('["' + '","'.join(POLARITIES) + '"]',),
    ).fetchall()


def _digest(rows: list[_Row] | tuple[()]) -> str:
    return sha256(repr(list(rows)).encode(errors="replace")).hexdigest()


def _answered(rows: list[_Row]) -> list[Answered]:
    found: list[Answered] = []
    for entity, _, label, model, _, *probabilities in rows:
        numbers = [float(p) for p in probabilities]  # type: ignore[arg-type]  # a damaged file's
        found.append((str(model), str(entity), POLARITIES.index(str(label)), numbers))
    return found
