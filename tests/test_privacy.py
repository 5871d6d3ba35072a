"""``monitor.privacy``: redaction, pseudonyms, the key."""

from __future__ import annotations

import os
import re
import stat
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.privacy import KEY_BYTES, Pseudonyms, load_key, mask, redact

KEY = bytes(range(KEY_BYTES))


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        ("@user thanks, .@user and @user's #tag", "@bob thanks, .@ann_1 and @eve's #tag"),
        ("@user @<email>", "\N{FULLWIDTH COMMERCIAL AT}bob @bob@example.social"),
        (
            "see <link>, (<link>) <link>",
            "see https://example.org/@bob?x=1, (www.example.org) t.co/x",
        ),
        ("write <email>!", "write bob.smith@example.co.uk!"),
        ("mailto:<email>", "mailto:bob@example.org"),
    ],
)
def test_mentions_links_addresses(expected: str, text: str) -> None:
    """Mentions, links and addresses are masked; hashtags and punctuation stay."""
    assert expected == redact(text)


@pytest.mark.parametrize(
    "number",
    [
        "+49 170 1234567",
        "+49 (0) 170 1234567",
        "+491701234567",
        "+1 (555) 123-4567",
        "+1.555.123.4567",
        "(555) 123-4567",
        "(555)123-4567",
        "555-123-4567",
        "555.123.4567",
        "555 123 4567",
        "1-800-555-0199",
        "0170 1234567",
        "0170/1234567",
        "020 7946 0958",
        "07911 123456",
        "06 12 34 56 78",
        "07911123456",
        "00491701234567",
    ],
)
def test_phone_numbers(number: str) -> None:
    """The usual ways to write a telephone number are known, also in a sentence."""
    assert "call <phone>, or 2 <phone>." == redact(f"call {number}, or 2 {number}.")


@pytest.mark.parametrize(
    "text",
    [
        "$1,234,567.89 or 1 000 000 €",
        "2010-2014, 2024-01-02, 01/02/2024, 31.12.2024 23:59",
        "3-2, 21-19 21-17, 10.5 %",
        "tweet 1234567890123456789 and 5551234567",
        "192.168.100.200 and 10.0.0.1:8080",
        "$555-123-4567",
        "550e8400-e29b-41d4-a716-446655440000",
        "open 0900-1730",
        "+100,000 followers, +12%",
        "part 2024-555-123-4567-89",
    ],
)
def test_other_numbers_stay(text: str) -> None:
    """Prices, years, scores, dates, addresses of machines and ids are not masked."""
    assert text == redact(text)


pieces = st.sampled_from(
    [
        *"a1é.-/+@<>()_' ,:#\uff20",
        *("http://", "www.", "t.co/", "@bob", "a@b.cc", "<link>"),
        *("0170 1234567", "555-123-4567", "+49 170 1234567", "(555) ", "4567"),
    ]
)
texts = st.lists(pieces, max_size=12).map("".join) | st.text()


@given(texts)
def test_idempotent(text: str) -> None:
    """Redacting twice changes nothing more."""
    once = redact(text)

    assert once == redact(once)


@given(texts)
def test_nothing_left(text: str) -> None:
    """No mention, address or link is left, however they are glued together."""
    actual = redact(text)

    assert [] == re.findall(r"[@\uff20](?!user(?!\w))\w", actual)
    assert [] == re.findall(r"https?://[\w/]", actual)
    assert [] == re.findall(r"\w@\w+\.\w", actual.replace("@user", ""))


@given(st.text(st.characters(exclude_characters="@\uff20/.+", exclude_categories=["N"])))
def test_innocent_text_stays(text: str) -> None:
    """Text without a mark of what is masked is left alone."""
    assert text == redact(text)


@pytest.mark.parametrize(
    "text",
    ["@", "@a", "a@b.", "+1 ", "+1", "0", "0 ", "555-", "(555) ", "1-(", "http://", "a.co/", "1.-"],
)
def test_linear_time(text: str) -> None:
    """64 KiB of anything hostile take no longer than so much text has to."""
    hostile = text * (65_536 // len(text))
    start = time.process_time()

    redact(hostile)

    assert time.process_time() - start < 1


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
    assert pseudonyms.payload(b"bob") != pseudonyms.author("bob")


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
