"""Files of invented tweets, and what becomes of them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from monitor.archive.formats import Format, LabelledChunk
from monitor.archive.inputs import Input, find
from monitor.archive.question import Columns
from monitor.inference import Classifier
from tests.factories import PAIRS

QUESTION = Columns("reputation")


def rows(count: int) -> list[dict[str, Any]]:
    """Make rows of many lengths, no two of them the same, some with an entity."""
    return [
        {"n": n, "text": f"{text} ({n * 7919 % 1000})", "entity": entity}
        for n, (text, entity) in zip(range(count), PAIRS * (count // len(PAIRS) + 1), strict=False)
    ]


def lines(count: int) -> bytes:
    """Make rows, as JSON lines."""
    return "".join(f"{json.dumps(row)}\n" for row in rows(count)).encode()


def source(path: Path, content: bytes) -> Input:
    """Write a file, gzipped if its name says so, and find it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(content, 1) if path.suffix == ".gz" else content)
    (found,) = find([str(path)])
    return found


def labelled(
    format_: Format, path: Path, classifier: Classifier, question: Columns = QUESTION
) -> list[LabelledChunk]:
    """Read and label a file, chunk by chunk."""
    return [format_.label(chunk, classifier, question) for chunk in format_.read(path, question)]


def rejects(pieces: Sequence[LabelledChunk]) -> list[dict[str, Any]]:
    """Parse what was rejected."""
    return [json.loads(line) for piece in pieces for line in piece.rejected]
