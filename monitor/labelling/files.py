"""Answers as files: JSON lines and CSV, written whole and read row by row."""

from __future__ import annotations

import csv
import json
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from monitor.atomic import replacing
from monitor.console import csv_lines, harmless, strict_json
from monitor.labelling.sample import SampledTweet
from monitor.store.owner_labels import PROBABILITIES, OwnerLabel

FIELDS: Final = (
    *("id", "entity", "label", "text", "drawn", "labelled_at", "received_at"),
    *PROBABILITIES,
    "model_sha256",
)
"""Of a row; those that an import needs are the label, and an id or a text with its entity."""

_LONGEST: Final = 2**20
"""Characters of a line; what is longer is no answer."""
_LONG_NUMBER: Final = re.compile(r"\d{12,}", re.ASCII)
"""Spreadsheets round such numbers, unless an apostrophe makes a text of them."""


class FileError(Exception):
    """A file cannot be read as answers; the message says where and why."""


@dataclass(frozen=True, slots=True)
class FileRow:
    """What a line of a file says; its fields are not looked at yet."""

    line: int
    """From 1; of CSV the one that it begins in."""
    fields: dict[str, Any]


def of_label(label: OwnerLabel) -> dict[str, Any]:
    """Return all that is kept of an answer."""
    return {
        "id": label.tweet_id,
        "entity": label.entity,
        "label": label.label,
        "text": label.text,
        "drawn": label.drawn,
        "labelled_at": label.labelled_at,
        "received_at": label.received_at,
        **dict(zip(PROBABILITIES, label.probabilities, strict=True)),
        "model_sha256": label.model_sha256,
    }


def of_tweet(tweet: SampledTweet) -> dict[str, Any]:
    """Return a row to be filled in; the model's answer is not in it, which would be copied."""
    return {
        "id": tweet.id,
        "entity": tweet.entity,
        "label": None,
        "text": tweet.text,
        "drawn": "random",
        "received_at": tweet.received_at,
    }


def write(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    """Write a file that appears whole or not at all, readable by its owner; '-' is standard output.

    Raises:
        OSError: it cannot be written.
    """
    form = _csv if path.suffix.lower() == ".csv" else _json
    if str(path) == "-":
        sys.stdout.writelines(form(rows))
        return
    with (
        replacing(path, mode=0o600) as draft,
        draft.open("w", encoding="utf-8", newline="") as file,
    ):
        file.writelines(form(rows))


def _json(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    for row in rows:
        # ASCII: what would steer a terminal is written as JSON has it.
        yield strict_json({k: v for k, v in row.items() if v is not None}) + "\n"


def _csv(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    yield _line(FIELDS)
    for row in rows:
        yield _line([_cell(row.get(name)) for name in FIELDS])


def _line(cells: Sequence[str]) -> str:
    return csv_lines([cells])


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if _LONG_NUMBER.fullmatch(text) else harmless(text)


def _uncelled(cell: str) -> str:
    """Take away what `_cell` put before a text."""
    return cell[1:] if cell.startswith("'") and _cell(cell[1:]) == cell else cell


def read(path: Path) -> Iterator[FileRow]:
    """Read a file's rows, blank ones left out; '-' is standard input, as JSON lines.

    Raises:
        FileError: a line is neither.
        OSError: it cannot be read.
    """
    if str(path) == "-":
        yield from _of_json(sys.stdin)
        return
    # What is no UTF-8 is told with its line.
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        yield from _of_csv(file) if path.suffix.lower() == ".csv" else _of_json(file)


def _of_json(file: IO[str]) -> Iterator[FileRow]:
    number = 0
    while line := file.readline(_LONGEST):
        number += 1
        if len(line) == _LONGEST:
            raise FileError(f"line {number}: longer than {_LONGEST:,} characters")
        if not line.strip():
            continue
        _see_text(number, line)
        try:
            fields = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise FileError(f"line {number}: not JSON: {error}") from None
        if not isinstance(fields, dict):
            raise FileError(f"line {number}: not a JSON object")
        yield FileRow(number, fields)


def _of_csv(file: IO[str]) -> Iterator[FileRow]:
    first = file.readline(_LONGEST)
    # Where decimals have a comma, spreadsheets write semicolons.
    mark = ";" if first.count(";") > first.count(",") else ","
    file.seek(0)
    reader = csv.reader(file, delimiter=mark, strict=True)
    header: list[str] | None = None
    number = 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise FileError(f"line {number}: not CSV: {error}") from None
        _see_text(number, "".join(cells))
        if header is None:
            header = [cell.strip().removeprefix("\ufeff").casefold() for cell in cells]
            if "label" not in header or not {"id", "text"} & {*header}:
                raise FileError(
                    "line 1: no columns `label` and `id` (or `text` and `entity`) in the header"
                )
        elif any(cell.strip() for cell in cells):
            if len(cells) != len(header):
                raise FileError(
                    f"line {number}: {len(cells)} cells, and the header has {len(header)}"
                )
            pairs = zip(header, map(_uncelled, cells), strict=True)
            yield FileRow(number, {name: cell for name, cell in pairs if cell != ""})
        number = reader.line_num + 1


def _see_text(number: int, text: str) -> None:
    if any("\udc80" <= character <= "\udcff" for character in text):
        raise FileError(f"line {number}: not UTF-8; save the file as UTF-8")
