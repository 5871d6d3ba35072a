"""sqlite-utils, without the pandas that it loads where it finds it: 0.2 s and 40 MB for nothing."""

import sys

_taken = "pandas" in sys.modules
if not _taken:
    sys.modules["pandas"] = None  # type: ignore[assignment]  # an import of it fails, as PEP 328 has it
try:
    from sqlite_utils import Database, Migrations
finally:
    if not _taken:
        del sys.modules["pandas"]

__all__ = ["Database", "Migrations"]
