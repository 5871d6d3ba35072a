"""Bytes that somebody wrote as text, whatever Unicode encoding their editor or shell chose.

PowerShell and Notepad write UTF-16 or put a byte order mark before UTF-8; the C library's strings
end in NUL. All of these say what they are. Other encodings do not, and are refused.
"""

from __future__ import annotations

import codecs
import io
from pathlib import Path
from typing import BinaryIO, Final, cast

# UTF-32 first: its little-endian mark begins with that of UTF-16.
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_LONGEST_MARK: Final = 4
_CHUNK: Final = 65_536


def text_of(content: bytes) -> str:
    """Decode UTF-8, or UTF-16 and UTF-32 that show themselves; a mark does not stay in the text.

    UTF-16 shows itself by a byte order mark, or by a NUL in most characters and always on the same
    side, as all text has it that is mostly ASCII. UTF-32 has two in each, and mostly three.

    Raises:
        UnicodeDecodeError: It is none of these.
    """
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return content[len(mark) :].decode(encoding)
    if b"\0" in content[:2]:
        if utf32 := _unmarked_utf32(content):
            return content.decode(utf32)
        ended = content.rstrip(b"\0")  # a string of C
        low, high = ended[::2], ended[1::2] + b"\0" * (len(ended) % 2)
        if 2 * high.count(0) > len(high) and not low.count(0):
            return (ended + b"\0" * (len(ended) % 2)).decode("utf-16-le")
        if 2 * low.count(0) > len(low) and not high.count(0):
            return ended.decode("utf-16-be")
    return content.decode()


def _unmarked_utf32(content: bytes) -> str | None:
    """Tell UTF-32 by its numbers, which are below 0x110000 and mostly below 0x100."""
    if len(content) % 4:
        return None
    for encoding, high_to_low in (("utf-32-le", (3, 2, 1)), ("utf-32-be", (0, 1, 2))):
        highest, plane, page = (content[place::4] for place in high_to_low)
        if not any(highest) and max(plane) <= 0x10 and 2 * page.count(0) > len(page):
            return encoding
    return None


def text_in(path: Path) -> str:
    """Read a text file, line ends of any system as newlines.

    Raises:
        OSError: It cannot be read.
        UnicodeDecodeError: as `text_of`.
    """
    return text_of(path.read_bytes()).replace("\r\n", "\n").replace("\r", "\n")


def utf8(stream: BinaryIO) -> BinaryIO:
    """Return a stream's text as UTF-8 without a byte order mark.

    Without a mark the stream comes back as it is. What is no UTF-16 after all, such as half a
    character at the end, becomes U+FFFD.
    """
    # A gzip file has all that is used of a buffered one.
    buffered = cast(io.BufferedReader, stream)
    if not hasattr(stream, "peek"):
        buffered = io.BufferedReader(cast(io.RawIOBase, stream))
    beginning = buffered.peek(_LONGEST_MARK)[:_LONGEST_MARK]
    for mark, encoding in _MARKS:
        if beginning.startswith(mark):
            buffered.read(len(mark))
            if encoding == "utf-8":
                break
            return io.BufferedReader(_Recoded(buffered, encoding), _CHUNK)
    return buffered


class _Recoded(io.RawIOBase):
    """Bytes of another encoding, as UTF-8."""

    def __init__(self, stream: io.BufferedReader, encoding: str) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(encoding)("replace")
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # Buffer: 3.12
        while not self._left:
            read = self._stream.read1(_CHUNK)
            self._left = self._decoder.decode(read, not read).encode(errors="replace")
            if not read and not self._left:
                return 0
        part, self._left = self._left[: len(buffer)], self._left[len(buffer) :]
        buffer[: len(part)] = part
        return len(part)
