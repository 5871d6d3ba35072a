"""What the rows of many logs are numbered by: when they arrived.

Whoever reads a log takes higher numbers for later: of batches, of minutes and alerts, and the
rowids of tweets and dead letters. So numbers in a joined log are moments:

    milliseconds since the epoch, times 512, times 4,096, plus the log's id

which leaves 42 bits for the milliseconds, until the year 2109. Each log's own order is kept,
whatever its clock did: its rows are at least 4,096 steps (8 ms) apart, as many as a batch may
have tweets, for each number between its own numbers. Where the clock went back, they stand as
close as that after the latest moment before. Moments in the future are not believed.

A number is given once. Rows that come later (from an older copy of the log, say) find room between
those that are there: the distance of two rows is never less than that of their own numbers allows.
"""

from __future__ import annotations

import sqlite3
from typing import Final, Literal

from monitor.clock import utc

MOST_LOGS: Final = 4095
ROW_BITS: Final = 12
"""Of a batch's steps: the most that [batch] max_tweets may be."""
LOG_BITS: Final = 12
_STEPS_A_MS: Final = 512
_DAY_S: Final = 86_400.0
_FAR: Final = 2**62

_TIMES: Final = {"batches": "started_at", "throughput": "started_at", "alerts": "raised_at"}


def number(
    connection: sqlite3.Connection, table: Literal["batches", "throughput", "alerts"], now: float
) -> None:
    """Note in ``temp.<table>_numbers`` under which numbers the input's rows are to be found.

    Its columns: ``input_id``, ``id`` (the number), ``log_id``, ``own_id``, and whether the row is
    ``fresh``, not there yet.

    Args:
        connection: with ``input`` attached and identified.
        table: whose rows.
        now: seconds since the epoch.
    """
    execute = connection.execute
    time = _TIMES[table]
    milliseconds = (
        f"(1000 * CAST(strftime('%s', i.{time}) AS INTEGER)"
        f" + CAST(substr(i.{time}, 21, 3) AS INTEGER))"
    )
    execute(
        f"CREATE TEMP TABLE IF NOT EXISTS {table}_numbers (input_id INTEGER PRIMARY KEY,"
        " id INTEGER NOT NULL, log_id INTEGER NOT NULL, own_id INTEGER NOT NULL,"
        " fresh INTEGER NOT NULL)"
    )
    execute(f"DELETE FROM temp.{table}_numbers")  # noqa: S608  (our own names, as below)
    # `lead` is how many steps a row is ahead of its own number. It never falls from one row to the
    # next: it is the highest before, but no higher than that of a later row that is there already.
    execute(
        f"""
        INSERT INTO temp.{table}_numbers
        WITH leads AS (
            SELECT i.id AS input_id, o.id AS known, g.log_id, coalesce(i.own_id, i.id) AS own_id,
                iif(i.{time} < :soon, {_STEPS_A_MS} * {milliseconds}
                    - (coalesce(i.own_id, i.id) << {ROW_BITS}), NULL) AS lead
            FROM input.{table} AS i
            CROSS JOIN temp.origins AS g ON g.input_id IS i.log_id
            LEFT JOIN main.{table} AS o
                ON o.log_id = g.log_id AND o.own_id = coalesce(i.own_id, i.id)
            UNION ALL
            SELECT NULL, o.id, o.log_id, o.own_id, (o.id >> {LOG_BITS}) - (o.own_id << {ROW_BITS})
            FROM temp.origins AS g CROSS JOIN main.{table} AS o ON o.log_id = g.log_id
        ), bounds AS (
            SELECT *, max(lead) OVER forth AS highest, min(lead) OVER back AS first,
                min(iif(input_id IS NULL, lead, NULL)) OVER back AS ceiling
            FROM leads
            WINDOW forth AS (PARTITION BY log_id ORDER BY own_id),
                back AS (PARTITION BY log_id ORDER BY own_id DESC)
        )
        SELECT input_id, coalesce(known, ((own_id << {ROW_BITS}) + max(0, min(
                coalesce(highest, first, 0), coalesce(ceiling, {_FAR})))) << {LOG_BITS} | log_id),
            log_id, own_id, known IS NULL
        FROM bounds WHERE input_id IS NOT NULL""",  # noqa: S608
        {"soon": utc(now + _DAY_S)},
    )


def place(row: str, batch: str, *, joined: bool) -> str:
    """Write SQL for the rowid of a row that came with a batch; NULL if it has lost its place.

    From the end of the batch: what is pruned goes from its beginning. In a joined log it is as far
    from the batch's number as here, unless somebody has numbered the rows anew.

    Args:
        row: name of the input's row, with a ``rowid`` and a ``batch_id``.
        batch: SQL for the batch's number here.
        joined: whether the input is a joined log.
    """
    if not joined:
        counted = f"row_number() OVER (PARTITION BY {row}.batch_id ORDER BY {row}.rowid DESC)"
        return f"{batch} + (({1 << ROW_BITS} - {counted}) << {LOG_BITS})"
    away = f"({row}.rowid - {row}.batch_id)"
    fits = f"{away} & {(1 << LOG_BITS) - 1} = 0 AND {away} BETWEEN 0 AND {(1 << 24) - 1}"
    return f"iif({fits}, {batch} + {away}, NULL)"


def earlier(one: str, other: str) -> str:
    """Write SQL for which of two batches came first: by date, and by log where that is the same.

    The dates are the batches' own, not their numbers: these depend on what was joined first.

    Args:
        one: SQL for the number of a batch here.
        other: likewise.
    """
    return (
        "(SELECT (x.started_at, gx.uuid, x.own_id) < (y.started_at, gy.uuid, y.own_id)"  # noqa: S608
        " FROM main.batches AS x CROSS JOIN main.logs AS gx ON gx.id = x.log_id"
        " CROSS JOIN main.batches AS y CROSS JOIN main.logs AS gy ON gy.id = y.log_id"
        f" WHERE x.id = {one} AND y.id = {other})"
    )
