"""The protocol of what is written beside a batch, in its transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Protocol

from monitor.store.rows import Labelled


class TransactionHook(Protocol):
    """What is written with every batch, in its transaction: counts, alerts, messages to send."""

    def write(self, connection: sqlite3.Connection, fresh: Sequence[Labelled]) -> None:
        """Write what follows from labels that have just been inserted, in order of arrival.

        Those of other boards come after our own of the same batch.

        There may be none: it is asked once a minute and at the end, too.

        The transaction may fail and be tried again with the same labels: what is kept in memory
        must not change before `committed`.
        """

    def committed(self) -> None:
        """Take what was written last for granted."""
