"""``monitor.archive.text_files``: gzipped or not, the same bytes each time."""

from __future__ import annotations

import gzip
import io
import time

import pytest

from monitor.archive.text_files import BytesWriter


def test_gzipped_bytes_depend_on_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the time nor a name is in them."""

    def written(now: float) -> bytes:
        monkeypatch.setattr(time, "time", lambda: now)
        file = io.BytesIO()
        writer = BytesWriter(file, gzipped=True)
        writer.write(b"a\n")
        writer.write(b"b\n")
        writer.close()
        return file.getvalue()

    assert b"a\nb\n" == gzip.decompress(written(1.0))
    assert written(1.0) == written(1e9)


def test_plain_bytes_are_plain() -> None:
    """Nothing is added, and the file stays open for who syncs it."""
    file = io.BytesIO()
    writer = BytesWriter(file, gzipped=False)
    writer.write(b"a\n")
    writer.close()

    assert b"a\n" == file.getvalue()
