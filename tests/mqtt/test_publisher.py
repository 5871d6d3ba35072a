"""``monitor.mqtt.publisher``: what is read from files (the rest needs a broker: see test_cli)."""

from __future__ import annotations

import gzip
import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from monitor.mqtt.publisher import PublishError, _open

LINES = [b'{"text": "one"}\n', b"\n", b'{"text": "\xf0\x9f\x98\xa1"}\r\n', b"\xff\x00 no newline"]


def _opened(file: Path | str) -> tuple[list[bytes], int]:
    with _open(str(file)) as (stream, size):
        return list(stream), size


def test_a_plain_file(tmp_path: Path) -> None:
    """Lines as they are, and how many bytes they have."""
    path = tmp_path / "tweets.jsonl"
    path.write_bytes(b"".join(LINES))

    assert (LINES, sum(map(len, LINES))) == _opened(path)


def test_a_gzipped_file(tmp_path: Path) -> None:
    """Gzipped is seen by the content, whatever the name; the size is that of the lines."""
    path = tmp_path / "tweets.jsonl"
    path.write_bytes(gzip.compress(b"".join(LINES)))

    assert (LINES, sum(map(len, LINES))) == _opened(path)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be", "utf-32"])
def test_other_encodings(tmp_path: Path, pack: Callable[[bytes], bytes], encoding: str) -> None:
    """Lines of a file that names its encoding by a byte order mark are published as UTF-8."""
    path = tmp_path / "tweets.txt"
    mark = "\ufeff" if encoding == "utf-16-be" else ""
    path.write_bytes(pack(f"{mark}caf\u00e9\r\nno newline".encode(encoding)))

    assert ["caf\u00e9\r\n".encode(), b"no newline"] == _opened(path)[0]


def test_several_gzipped_parts(tmp_path: Path) -> None:
    """Gzipped files written one after the other are one file."""
    path = tmp_path / "tweets.jsonl.gz"
    path.write_bytes(b"".join(gzip.compress(line) for line in LINES))

    assert LINES == _opened(path)[0]


@pytest.mark.parametrize("content", [b"", b"\x1f", b"{"])
def test_hardly_anything(tmp_path: Path, content: bytes) -> None:
    """A file too short to be gzipped is plain."""
    path = tmp_path / "tweets.jsonl"
    path.write_bytes(content)

    assert ([content] if content else [], len(content)) == _opened(path)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_standard_input(monkeypatch: pytest.MonkeyPatch, pack: Callable[[bytes], bytes]) -> None:
    """A dash is standard input, gzipped or not, of unknown size; it stays open."""
    reading, writing = os.pipe()
    os.write(writing, pack(b"".join(LINES)))
    os.close(writing)
    with os.fdopen(reading) as stdin:
        monkeypatch.setattr("sys.stdin", stdin)

        assert (LINES, 0) == _opened("-")
        assert not stdin.closed


def test_a_pipe() -> None:
    """What can be read only once, as `monitor publish <(zcat …)` gives it, is read once."""
    reading, writing = os.pipe()
    try:
        os.write(writing, b"".join(LINES))
        os.close(writing)
        lines, _ = _opened(f"/dev/fd/{reading}")
    finally:
        os.close(reading)

    assert LINES == lines


def test_a_missing_file(tmp_path: Path) -> None:
    """A file that is not there, or a folder, is named."""
    for path in (tmp_path / "absent", tmp_path):
        with pytest.raises(OSError, match=str(path)):
            _opened(path)


@pytest.mark.parametrize(("start", "end", "by"), [(-9, None, b""), (20, 40, b"\xff" * 20)])
def test_a_damaged_gzipped_file(tmp_path: Path, start: int, end: int | None, by: bytes) -> None:
    """A gzipped file that is cut or damaged is an error that the command can tell."""
    path = tmp_path / "tweets.jsonl.gz"
    content = bytearray(gzip.compress(random.Random(3).randbytes(1000).hex().encode()))
    content[start:end] = by
    path.write_bytes(content)

    with pytest.raises((OSError, PublishError)):
        _opened(path)
