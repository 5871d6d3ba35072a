"""``monitor.tweets``: pseudonyms, the key, the shape of what is no tweet."""

from __future__ import annotations

import os
import re
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.tweets import Pseudonyms, load_key
from monitor.tweets.keys import KEY_BYTES
from monitor.tweets.shape import mask

KEY = bytes(range(KEY_BYTES))


@pytest.mark.parametrize(
    ("expected", "payload"),
    [
        (b'{"xx": 0x-0, "xxxx": "xx\\xx ~~xx!', '{"id": 1e-5, "text": "Hi\\ny \u00e9oh!'.encode()),
        (b"!xxx, +00 000. xxxxx:!!xxxxxxx.xxx!x", b"@bob, +49 170. https://example.org/a"),
        (b"~~x\0x\0", b"\xff\xfeh\0i\0"),
        (b"!x\r\n\t", b"\x1fa\r\n\t"),
    ],
)
def test_mask(expected: bytes, payload: bytes) -> None:
    """What a payload says is masked; how it is built can still be seen."""
    assert expected == mask(payload)


STRUCTURE = frozenset(b'{}[]:,"\\+-. \t\r\n\0')


@given(st.binary() | st.text().map(str.encode) | st.from_regex(rb'[{}\[\]:,"\\ ~!a0@\xc3]*'))
def test_mask_keeps_nothing_but_the_shape(payload: bytes) -> None:
    """Every sign of JSON at its place, four signs for all the rest; masking twice is masking."""
    masked = mask(payload)

    assert [byte if byte in STRUCTURE else None for byte in payload] == [
        byte if byte in STRUCTURE else None for byte in masked
    ]
    assert set(masked) <= STRUCTURE | set(b"x0~!")
    assert masked == mask(masked)


def test_author() -> None:
    """An author has one pseudonym, however it is written, and it depends on the key."""
    actual = Pseudonyms(KEY).author("Bob")

    assert re.fullmatch(r"[0-9a-f]{32}", actual)
    assert actual == Pseudonyms(KEY).author(" @bob")
    assert actual != Pseudonyms(KEY).author("bobby")
    assert actual != Pseudonyms(bytes(KEY_BYTES)).author("Bob")


def test_uses_are_separate() -> None:
    """The digest of a payload tells nothing about the pseudonym of an author."""
    pseudonyms = Pseudonyms(KEY)

    assert pseudonyms.payload(b"bob") == pseudonyms.payload(b"bob")
    assert pseudonyms.id("bob") == pseudonyms.id("bob")
    assert 3 == len({pseudonyms.payload(b"bob"), pseudonyms.author("bob"), pseudonyms.id("bob")})


@pytest.mark.parametrize("key", [b"", KEY[:-1], KEY + b"x"])
def test_key_of_wrong_length(key: bytes, tmp_path: Path) -> None:
    """Neither the constructor nor the file accepts another length."""
    path = tmp_path / "key"
    path.write_bytes(key)

    with pytest.raises(ValueError, match="32"):
        Pseudonyms(key)
    with pytest.raises(ValueError, match=re.escape(str(path))):
        load_key(path)


def test_key_is_made_once(tmp_path: Path) -> None:
    """The key is made for its owner only, kept, and nothing else is left behind."""
    path = tmp_path / "key"

    key = load_key(path)

    assert KEY_BYTES == len(key)
    assert key == load_key(path) == path.read_bytes()
    assert 0o600 == stat.S_IMODE(path.stat().st_mode)
    assert [path] == list(tmp_path.iterdir())


def test_key_race(tmp_path: Path) -> None:
    """All who start at once get the same key."""
    path = tmp_path / "key"

    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(load_key, [path] * 32))

    assert {path.read_bytes()} == keys
    assert [path] == list(tmp_path.iterdir())


def test_key_without_directory(tmp_path: Path) -> None:
    """A missing directory is reported, not made."""
    with pytest.raises(FileNotFoundError):
        load_key(tmp_path / "missing" / "key")


def test_key_not_readable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Missing permission is one clear line with the path."""
    path = tmp_path / "key"
    path.write_bytes(KEY)
    path.chmod(0)
    if os.geteuid() == 0:  # root may read anything

        def refuse(*_: object) -> None:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(Path, "open", refuse)

    with pytest.raises(PermissionError, match=f"^{re.escape(str(path))}: no permission"):
        load_key(path)
