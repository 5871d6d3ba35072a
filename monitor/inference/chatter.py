"""Silences libraries that write on standard error and have no setting for it."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import tempfile
import threading
from collections.abc import Iterator
from typing import Final

CHATTER: Final = re.compile(
    rb"INFO: |[IW][0-9]{4} [0-9:.]+ +[0-9]+ "
    rb"|E[0-9]{4} .* failed call to cuInit"
    rb"|WARNING: All log messages before|To enable the following"
    rb"|\[[0-9 :,-]+ I [0-9 ]+\] logging"
)
"""How a line begins that nobody needs: TensorFlow's below errors, or about a missing GPU; Ray's
about its own log."""

_STANDARD_ERROR: Final = threading.RLock()
"""Held while file descriptor 2 is another file: two threads would restore each other's."""


@contextlib.contextmanager
def without_chatter() -> Iterator[None]:
    """Drop `CHATTER` on standard error; whatever else is written there meanwhile is passed on."""
    with _STANDARD_ERROR, tempfile.TemporaryFile() as said:
        sys.stderr.flush()
        kept = os.dup(2)
        os.dup2(said.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            said.seek(0)
            for line in said:
                if not CHATTER.match(line):
                    os.write(2, line)
