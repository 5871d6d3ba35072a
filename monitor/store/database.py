"""sqlite-utils, without the pandas that it loads where it is installed: 0.2 s and 77 MiB."""

import sys

_taken = "pandas" in sys.modules
if not _taken:
    sys.modules["pandas"] = None  # type: ignore[assignment]  # so an import of it fails
try:
    from sqlite_utils import Database, Migrations
finally:
    if not _taken:
        del sys.modules["pandas"]

__all__ = ["Database", "Migrations"]
