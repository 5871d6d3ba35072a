"""``monitor.settings.credentials``: passwords in files, and who else could read them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from monitor.settings import MqttSettings, NotifySettings
from monitor.settings.credentials import read_password, read_urls, warn_of_readable


@pytest.mark.parametrize("content", ["a b\tc ", "a b\tc \n", "a b\tc \r\n"])
def test_a_password_is_what_stands_before_the_newline(tmp_path: Path, content: str) -> None:
    """An editor's newline is no part of it, everything else is."""
    file = tmp_path / "password"
    file.write_bytes(content.encode())

    assert "a b\tc " == read_password(str(file))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le"])
def test_editors_of_other_systems(tmp_path: Path, encoding: str) -> None:
    """Neither a byte order mark nor UTF-16 becomes part of the password, or hides it."""
    file = tmp_path / "password"
    file.write_bytes("hunter2\r\n".encode(encoding))
    config = tmp_path / "config.toml"
    config.write_bytes("[mqtt]\r\npassword = 'hunter2'\r\n".encode(encoding))
    config.chmod(0o644)
    with capture_logs() as logs:
        warn_of_readable(config, MqttSettings())

    assert "hunter2" == read_password(str(file))
    assert 1 == len(logs)


@pytest.mark.parametrize("key", ["password_file", "key_file", "config"])
@pytest.mark.parametrize(
    ("mode", "warned"), [(0o600, False), (0o400, False), (0o640, True), (0o604, True)]
)
def test_warns_of_secrets_that_others_may_read(
    tmp_path: Path, key: str, mode: int, warned: bool
) -> None:
    """Password, key of the certificate, and a configuration with a password in it are secrets."""
    file = tmp_path / "secret"
    file.write_text("[mqtt]\npassword = 'hunter2'\n")
    file.chmod(mode)
    settings: dict[str, Any] = {} if key == "config" else {key: str(file)}
    with capture_logs() as logs:
        warn_of_readable(file if key == "config" else None, MqttSettings(**settings))

    assert [(str(file), f"{mode:04o}")] * warned == [(e["file"], e["mode"]) for e in logs]
    assert "hunter2" not in str(logs)


@pytest.mark.skipif(os.getuid() != 0, reason="only root gives files away")
@pytest.mark.parametrize(("mode", "warned"), [(0o640, False), (0o644, True)])
def test_a_file_may_reach_us_through_our_group(tmp_path: Path, mode: int, warned: bool) -> None:
    """Of another owner, and readable by our group but not by everybody: so units are set up."""
    file = tmp_path / "password"
    file.write_text("hunter2")
    file.chmod(mode)
    os.chown(file, 65534, os.getegid())
    with capture_logs() as logs:
        warn_of_readable(None, MqttSettings(password_file=str(file)))

    assert warned == bool(logs)


def test_a_configuration_without_a_password_may_be_read(tmp_path: Path) -> None:
    """If the password comes from elsewhere, the configuration is no secret."""
    config = tmp_path / "my.toml"
    config.write_text("[mqtt]\nusername = 'monitor'\npassword = ''\n")
    config.chmod(0o644)
    with capture_logs() as logs:
        warn_of_readable(config, MqttSettings(password="hunter2"))

    assert [] == logs


def test_credentials_of_systemd_are_guarded_already(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their access control list looks as if the group might read them; it may not."""
    file = tmp_path / "mqtt-password"
    file.write_text("hunter2")
    file.chmod(0o440)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    with capture_logs() as logs:
        warn_of_readable(None, MqttSettings(password_file=str(file)))

    assert [] == logs


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_urls_are_a_line_each(tmp_path: Path, encoding: str) -> None:
    """However the file was saved; comments and empty lines are none."""
    file = tmp_path / "urls"
    file.write_bytes("# to me\r\n\r\n ntfy://a \r\nmailtos://b#c".encode(encoding))

    assert ("ntfy://a", "mailtos://b#c") == read_urls(str(file))


@pytest.mark.parametrize("key", ["urls_file", "config"])
def test_warns_of_urls_that_others_may_read(tmp_path: Path, key: str) -> None:
    """In a file of their own, or in the configuration."""
    file = tmp_path / "secret"
    file.write_text("[notify]\nurls = ['ntfy://hunter2']\n")
    file.chmod(0o644)
    notify = NotifySettings(urls_file=str(file) if key == "urls_file" else "")
    with capture_logs() as logs:
        warn_of_readable(file if key == "config" else None, notify)

    assert [str(file)] == [entry["file"] for entry in logs]
    assert "hunter2" not in str(logs)
