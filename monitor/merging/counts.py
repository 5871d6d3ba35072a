"""The rollups of a joined log: what each log counted, added up, less what was counted twice.

Counts outlive the labels that they count, so labels cannot be counted anew. But those of one log
only grow, so of two copies of it the larger count is the later one; and of labels that several
logs have, `copies` remembers each but the one that is kept.
"""

from __future__ import annotations

import sqlite3
from typing import Final

from monitor.store.rollups import COUNTS, LABEL_COUNTS
from monitor.verdict import OTHER_LANGUAGE, POLARITIES, TASKS

_KEY: Final = "hour, entity, model_id, is_retweet"
_OF_A_COPY: Final = (
    ", ".join(
        f"-({task} = '{polarity}' AND {'' if sure else 'NOT '}{task}_abstained)"
        for task in TASKS
        for sure in ("", "unsure_")
        for polarity in POLARITIES
    )
    + f", -({TASKS[0]} = '{OTHER_LANGUAGE}')"
)
_LABELS: Final = " + ".join(
    f"sum({count})" for count in (*LABEL_COUNTS[: len(LABEL_COUNTS) // len(TASKS)], COUNTS[-1])
)
"""Of one task, and so of both, and what has none."""
_SUMS: Final = ", ".join(f"max(0, sum({count}))" for count in COUNTS)


def watch(connection: sqlite3.Connection) -> None:
    """Note in ``temp.hours``, from now on, which hours have to be added up anew."""
    execute = connection.execute
    execute("CREATE TEMP TABLE hours (hour TEXT PRIMARY KEY) WITHOUT ROWID")
    for table, condition in (("log_rollups", "true"), ("copies", "new.lost")):
        for event in ("INSERT", "UPDATE"):
            execute(
                f"CREATE TEMP TRIGGER {table}_{event} AFTER {event} ON main.{table}"  # noqa: S608
                f" WHEN {condition} BEGIN INSERT INTO hours SELECT new.hour"
                # Not OR IGNORE: what the statement outside says of conflicts would hold instead.
                " WHERE new.hour NOT IN (SELECT hour FROM hours); END"
            )


def merge_counts(connection: sqlite3.Connection, *, joined: bool) -> None:
    """Take over what each of the input's logs counted, hour by hour, where it is more."""
    table, log = ("log_rollups", "i.log_id") if joined else ("rollups", "NULL")
    counts = ", ".join(COUNTS)
    connection.execute(
        f"INSERT INTO main.log_rollups (log_id, {_KEY}, {counts})"  # noqa: S608  (our own names)
        f" SELECT g.log_id, i.hour, i.entity, m.id, i.is_retweet, {counts} FROM input.{table} AS i"
        f" CROSS JOIN temp.origins AS g ON g.input_id IS {log}"
        " LEFT JOIN temp.model_ids AS m ON m.input_id = i.model_id WHERE true"
        f" ON CONFLICT DO UPDATE SET {', '.join(f'{c} = max({c}, excluded.{c})' for c in COUNTS)}"
        f" WHERE {' OR '.join(f'{c} < excluded.{c}' for c in COUNTS)}"
    )


def add_up(connection: sqlite3.Connection) -> None:
    """Add up the hours in which anything has changed.

    Less than nothing can come out where a label's hour is not known for sure (`tweets`).
    """
    execute = connection.execute
    execute("DELETE FROM main.rollups WHERE hour IN temp.hours")
    execute(
        f"INSERT INTO main.rollups ({_KEY}, {', '.join(COUNTS)})"  # noqa: S608  (our own names)
        f" SELECT {_KEY}, {_SUMS} FROM ("
        f"SELECT {_KEY}, {', '.join(COUNTS)} FROM main.log_rollups WHERE hour IN temp.hours"
        f" UNION ALL SELECT {_KEY}, {_OF_A_COPY} FROM main.copies"
        " WHERE lost AND hour IN temp.hours"
        f") GROUP BY {_KEY} HAVING {_LABELS} > 0"
    )
    execute("DELETE FROM temp.hours")
