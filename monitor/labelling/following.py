"""Labels of the log follow the answers, at the end of a sitting, with a daemon or without."""

from __future__ import annotations

import sqlite3
from functools import partial
from typing import Final

from monitor.store.adapting import Adapting
from monitor.store.owner_labels import transaction
from monitor.store.schema import is_joined

_PATIENCE_S: Final = 3.0
"""After which the rest is left to the daemon: of some 50,000 labels on a computer."""


def follow(connection: sqlite3.Connection) -> str | None:
    """Fit the answers, and have stored labels follow them for a while.

    Returns:
        What came of it; None for nothing.

    Raises:
        sqlite3.Error: it could not be written; answers stay, and the daemon goes on with it.
    """
    if is_joined(connection):
        return None  # no daemon labels there, and what is joined next would not follow
    adapting = Adapting(connection, partial(transaction, connection))
    (before,) = connection.execute("SELECT count(adapted) FROM labels").fetchone()
    try:
        adapting.fit()
    except (ValueError, ArithmeticError) as error:
        return f"Nothing could be learnt from the answers, so labels stay as they are: {error}"
    adapting.relabel(_PATIENCE_S)
    (left,) = connection.execute(
        "SELECT coalesce((SELECT todo FROM adaptations ORDER BY id DESC LIMIT 1), 0)"
    ).fetchone()
    (changed,) = connection.execute("SELECT count(adapted) FROM labels").fetchone()
    if left:
        return "Labels follow the answers from now on; the daemon goes on with those stored before."
    if not changed:
        return "All labels are the model's own again." if before else None
    return f"Labels follow the answers; {changed:,} are now others than the model's."
