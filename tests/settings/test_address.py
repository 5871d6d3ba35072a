"""``[metrics] listen``: what is an address, and what is nonsense."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from monitor.settings import ConfigurationError, load
from monitor.settings.address import parse


@pytest.mark.parametrize(
    ("listen", "where"),
    [
        ("127.0.0.1:9464", ("127.0.0.1", 9464)),
        ("9464", ("127.0.0.1", 9464)),
        (":9464", ("127.0.0.1", 9464)),
        ("localhost:1", ("127.0.0.1", 1)),
        (" 192.168.1.5:65535 ", ("192.168.1.5", 65535)),
        ("0.0.0.0:9464", ("0.0.0.0", 9464)),
        ("[::1]:9464", ("::1", 9464)),
    ],
)
def test_an_address(listen: str, where: tuple[str, int]) -> None:
    """A port alone is loopback; all else has to be said."""
    assert where == parse(listen)


@pytest.mark.parametrize(
    "listen",
    [
        *("0", "65536", "-1", "94 64", "٩٤٦٤", "http", "127.0.0.1", "127.0.0.1:", ":"),
        *("http://127.0.0.1:9464", "127.0.0.1:9464/metrics", "board:9464", "300.0.0.1:9464"),
        *("::1:9464", "[127.0.0.1]:9464", "[::1:9464", "true", " "),
    ],
)
def test_nonsense_is_a_configuration_error(listen: str) -> None:
    """It is told with its key, its value and an example or the bounds."""
    with pytest.raises(ConfigurationError) as caught:
        load(None, {"MONITOR_METRICS_LISTEN": listen})

    said = str(caught.value)
    assert f"[metrics] listen = {listen!r}: " in said
    assert "9464" in said or "between 1 and 65535" in said


def test_a_textfile_that_node_exporter_would_pass_over_is_refused() -> None:
    """It reads only what ends in .prom."""
    with pytest.raises(ConfigurationError) as caught:
        load(None, {"MONITOR_METRICS_TEXTFILE": "/run/monitor.txt"})

    assert "[metrics] textfile = '/run/monitor.txt': must end in .prom" in str(caught.value)


@pytest.mark.parametrize("key", ["listen = '9464'", "textfile = 'x.prom'"])
def test_without_the_extra_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    """Whoever wants metrics and has no library for them is told what to install."""
    path = tmp_path / "config.toml"
    path.write_text(f"[metrics]\n{key}\n")
    absent: Callable[[str], None] = lambda _name: None  # noqa: E731
    monkeypatch.setattr("monitor.settings.checks.find_spec", absent)
    with pytest.raises(ConfigurationError) as caught:
        load(path, {})

    assert f"{path}: [metrics] needs the extra" in str(caught.value)
    assert "pip install 'tweet-reputation-monitor[metrics]'" in str(caught.value)
