"""JSON that any program can read.

Python writes ``NaN`` and ``Infinity``, which are not JSON (RFC 8259, section 6), and reads
``1e400``, which is, as infinite.
"""

from __future__ import annotations

import json
from typing import Any


def strict_json(document: object, **options: Any) -> str:  # noqa: ANN401  (json.dumps's)
    """Write a document as JSON; a number that is infinite or none at all is null.

    Args:
        document: as for ``json.dumps``.
        options: of ``json.dumps``.

    Raises:
        TypeError: it holds what JSON cannot.
    """
    try:
        return json.dumps(document, allow_nan=False, **options)  # noqa: TID251  (here alone)
    except ValueError:
        written = json.dumps(document, **options)  # noqa: TID251
        known = json.loads(written, parse_constant=lambda _name: None)
        return json.dumps(known, allow_nan=False, **options)  # noqa: TID251
