"""The SQLite file: tables and migrations, one writer, readers beside it, what is deleted when.

A transaction stores a batch, and those that wait behind it, whole. People may call the file their
log, as the documentation does.
"""

from typing import TYPE_CHECKING

from monitor.lazily import face

if TYPE_CHECKING:
    from monitor.store.hook import TransactionHook as TransactionHook
    from monitor.store.integrity import DamagedLogError as DamagedLogError
    from monitor.store.integrity import StoreError as StoreError
    from monitor.store.reader import open_log as open_log
    from monitor.store.registry import MOST_MODELS as MOST_MODELS
    from monitor.store.store import BUSY_TIMEOUT_S as BUSY_TIMEOUT_S
    from monitor.store.store import Store as Store

else:  # or the type checker would take any name for one that is there
    __getattr__ = face(
        __name__,
        {
            "integrity": ("DamagedLogError", "StoreError"),
            "reader": ("open_log",),
            "hook": ("TransactionHook",),
            "registry": ("MOST_MODELS",),
            "store": ("BUSY_TIMEOUT_S", "Store"),
        },
    )
