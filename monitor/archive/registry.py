"""Which formats there are, by a file's name."""

from __future__ import annotations

import importlib.util

from monitor.archive.csv_rows import CsvRows
from monitor.archive.formats import Format, FormatError
from monitor.archive.json_lines import JsonLines


def format_of(name: str) -> Format | None:
    """Return the format of a file by its name, or None.

    Raises:
        FormatError: if it is Parquet, and what reads Parquet is not installed.
    """
    gzipped = name.endswith(".gz")
    stem = name.removesuffix(".gz")
    if stem.endswith((".jsonl", ".ndjson", ".json")):
        return JsonLines(gzipped)
    if stem.endswith(".csv"):
        return CsvRows(gzipped)
    if name.endswith(".parquet"):
        if not importlib.util.find_spec("pyarrow"):
            raise FormatError(
                "Parquet needs the extra [ray]: pip install 'tweet-reputation-monitor[ray]'"
            )
        from monitor.archive.parquet import Parquet

        return Parquet()
    return None
