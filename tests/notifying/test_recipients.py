"""``monitor.notifying.recipients``: URLs, and what is shown of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.notifying.recipients import configured
from monitor.settings import ConfigurationError, NotifySettings

URL = "mailtos://me:hunter2@smtp.example.org?to=you@example.org"


def test_a_file_of_urls(tmp_path: Path) -> None:
    """A line each, without comments; twice is once; names show no more than the scheme."""
    file = tmp_path / "urls"
    file.write_text(f"# whom\n\n {URL}\r\nntfys://secret-topic\n{URL}\n")
    found = configured(NotifySettings(urls_file=str(file)))

    assert ["1 (mailtos)", "2 (ntfys)"] == [one.name for one in found]
    assert [URL, "ntfys://secret-topic"] == [one.url for one in found]
    assert "hunter2" not in repr(found) + found[0].key
    assert found[0].key == configured(NotifySettings(urls=(URL,)))[0].key


@pytest.mark.parametrize(
    ("urls", "why"),
    [
        ((), "nobody to tell"),
        (("me:hunter2@example.org",), "URL 1: must begin like"),
        (("hunter2 x://y",), "URL 1: must begin like"),
        ((URL, "://hunter2"), "URL 2: must begin like"),
    ],
)
def test_what_is_no_url_is_told_without_it(urls: tuple[str, ...], why: str) -> None:
    """By its place."""
    with pytest.raises(ConfigurationError, match=why) as refusal:
        configured(NotifySettings(urls=urls))
    assert "hunter2" not in str(refusal.value)


@pytest.mark.parametrize("content", [None, b"", b"# nobody\n\n", b"\xff\xff hunter2"])
def test_a_file_that_names_nobody(tmp_path: Path, content: bytes | None) -> None:
    """It is named, and what is in it is not."""
    file = tmp_path / "urls"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigurationError, match="urls_file = ") as refusal:
        configured(NotifySettings(urls_file=str(file)))
    assert "hunter2" not in str(refusal.value)
