"""Models, batches, minutes, alerts and dead letters: what has a key of its own."""

from __future__ import annotations

import sqlite3
from typing import Final, Literal

from monitor.merging.numbers import earlier, place

_OURS: Final = ("id", "log_id", "own_id")


def columns(connection: sqlite3.Connection, table: str, *without: str) -> list[str]:
    """Name a table's columns, those included that later versions add."""
    found = connection.execute("SELECT name FROM pragma_table_info(?)", (table,)).fetchall()
    return [name for (name,) in found if name not in without]


def merge_models(connection: sqlite3.Connection) -> None:
    """Join the models, and note in ``temp.model_ids`` the input's ids and those here.

    SHA-256, runtime and task tell models apart. Where what else is said of one differs, the least
    name, the latest version and the first use are kept.
    """
    execute = connection.execute
    execute(
        "INSERT INTO main.models (sha256, name, version, runtime, task, first_used_at, calibration)"
        " SELECT sha256, name, version, runtime, task, first_used_at, calibration"
        " FROM input.models WHERE true ON CONFLICT DO UPDATE SET"
        " name = min(name, excluded.name), version = max(version, excluded.version),"
        " first_used_at = min(first_used_at, excluded.first_used_at),"
        " calibration = nullif(max(coalesce(calibration, ''), coalesce(excluded.calibration, '')),"
        " '')"
    )
    execute("CREATE TEMP TABLE IF NOT EXISTS model_ids (input_id INTEGER PRIMARY KEY, id INTEGER)")
    execute("DELETE FROM temp.model_ids")
    execute(
        "INSERT INTO temp.model_ids SELECT i.id, o.id FROM input.models AS i"
        " JOIN main.models AS o USING (sha256, runtime, task)"
    )


def merge_numbered(
    connection: sqlite3.Connection, table: Literal["batches", "throughput", "alerts"]
) -> int:
    """Insert the rows that are not there yet under their numbers, and return how many they are.

    An alert's batches keep the numbers of their own log: they may be pruned, while it stays.
    """
    names = columns(connection, table, *_OURS)
    # Outer: a model that is missing offends the constraint of its column, and nothing is lost.
    taken = ", ".join("m.id" if name == "model_id" else f"i.{name}" for name in names)
    model = "LEFT JOIN temp.model_ids AS m ON m.input_id = i.model_id"
    return connection.execute(
        f"INSERT INTO main.{table} ({', '.join((*_OURS, *names))})"  # noqa: S608  (our own names)
        f" SELECT n.id, n.log_id, n.own_id, {taken} FROM temp.{table}_numbers AS n"
        f" CROSS JOIN input.{table} AS i ON i.id = n.input_id"
        f" {model if 'model_id' in names else ''} WHERE n.fresh ORDER BY n.id"
    ).rowcount


def merge_owner_labels(connection: sqlite3.Connection) -> int:
    """Join what owners said of tweets, and return how many are new.

    Of several labels of a tweet and an entity the latest is kept, whatever came first here. What
    any of the logs drew at random was drawn at random. Nothing is pruned from a joined log, so they
    belong to no batch.
    """
    key = ("entity", "tweet_id")
    names = columns(connection, "owner_labels", "batch_id")
    rest = [name for name in names if name not in {*key, "drawn"}]
    order = ["labelled_at", *(name for name in rest if name != "labelled_at")]
    theirs, ours = (
        ", ".join(f"coalesce({row}.{name}, '')" for name in order) for row in ("excluded", "o")
    )
    latest = ", ".join(
        f"{name} = iif(({theirs}) > ({ours}), excluded.{name}, o.{name})" for name in rest
    )
    (before,) = connection.execute("SELECT count(*) FROM main.owner_labels").fetchone()
    connection.execute(
        f"INSERT INTO main.owner_labels AS o ({', '.join(names)})"  # noqa: S608  (our own names)
        f" SELECT {', '.join(names)} FROM input.owner_labels WHERE true"
        f" ON CONFLICT DO UPDATE SET {latest},"
        " drawn = iif('random' IN (o.drawn, excluded.drawn), 'random',"
        " max(o.drawn, excluded.drawn))"
    )
    (after,) = connection.execute("SELECT count(*) FROM main.owner_labels").fetchone()
    return int(after - before)


def end_alerts(connection: sqlite3.Connection) -> None:
    """Take over how alerts went on that held when they were joined, and that they have ended."""
    told = ("ended_at", "outcome", "followed_at", "all_tweets", "all_negatives", "about", "stories")
    connection.execute(
        f"UPDATE main.alerts AS o SET {', '.join(f'{name} = i.{name}' for name in told)}"  # noqa: S608
        " FROM temp.alerts_numbers AS n JOIN input.alerts AS i ON i.id = n.input_id"
        " WHERE o.id = n.id AND (i.ended_at IS NOT NULL, coalesce(i.followed_at, ''))"
        " > (o.ended_at IS NOT NULL, coalesce(o.followed_at, ''))"
    )


def merge_dead_letters(connection: sqlite3.Connection, *, joined: bool) -> int:
    """Join the dead letters, and return how many are new.

    Of one that several logs have, the first is kept. Those that older versions left without a
    batch go with the first there is.
    """
    execute = connection.execute
    execute(
        "CREATE TEMP TABLE IF NOT EXISTS dead (input_id INTEGER PRIMARY KEY, digest TEXT UNIQUE,"
        " place INTEGER, batch_id INTEGER NOT NULL, rival INTEGER)"
    )
    execute("DELETE FROM temp.dead")
    execute(
        "INSERT INTO temp.dead"  # noqa: S608  (our own names, as below)
        f" SELECT i.rowid, i.digest, {place('i', 'n.id', joined=joined)}, n.id, o.batch_id"
        " FROM (SELECT rowid, digest,"
        " coalesce(batch_id, (SELECT min(id) FROM input.batches)) AS batch_id"
        " FROM input.dead_letters) AS i"
        " LEFT JOIN temp.batches_numbers AS n ON n.input_id = i.batch_id"
        " LEFT JOIN main.dead_letters AS o ON o.digest = i.digest"
    )
    execute(f"DELETE FROM temp.dead WHERE rival = batch_id OR {earlier('rival', 'batch_id')}")  # noqa: S608
    execute("DELETE FROM main.dead_letters WHERE digest IN (SELECT digest FROM temp.dead)")
    free_places(connection, "dead_letters", "dead", "true")
    names = columns(connection, "dead_letters", "batch_id")
    execute(
        f"INSERT INTO main.dead_letters (rowid, batch_id, {', '.join(names)})"  # noqa: S608
        f" SELECT d.place, d.batch_id, {', '.join(f'i.{name}' for name in names)}"
        " FROM temp.dead AS d CROSS JOIN input.dead_letters AS i ON i.rowid = d.input_id"
    )
    return int(execute("SELECT count(*) FROM temp.dead WHERE rival IS NULL").fetchone()[0])


def free_places(connection: sqlite3.Connection, table: str, notes: str, which: str) -> None:
    """Leave rows whose place is taken without one: they come last.

    That is only after somebody has numbered rows anew, as VACUUM may.
    """
    connection.execute(
        f"UPDATE temp.{notes} SET place = NULL"  # noqa: S608  (our own names)
        f" WHERE {which} AND place IN (SELECT rowid FROM main.{table})"
    )
