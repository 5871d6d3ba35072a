"""Passwords, and URLs that hold some, in files: how they are read, and who else could."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

import structlog

from monitor.settings.keys import MqttSettings, NotifySettings
from monitor.tweets.encodings import text_in


def read_password(file: str) -> str:
    """Read a file that holds a password and perhaps a newline at its end.

    Raises:
        ValueError: if there is no password in it; the message never shows what there is.
    """
    password = _text_in(file, "the password").removesuffix("\n").removesuffix("\r")
    if not password or "\n" in password:
        raise ValueError("must hold one line, the password")
    return password


def read_urls(file: str) -> tuple[str, ...]:
    """Read a file that holds a URL a line; empty lines and those that begin with "#" are none.

    Raises:
        ValueError: if there is none in it; the message never shows what there is.
    """
    lines = [line.strip() for line in _text_in(file, "the URLs").split("\n")]
    urls = tuple(line for line in lines if line and not line.startswith("#"))
    if not urls:
        raise ValueError("must hold a URL a line, at least one")
    return urls


def _text_in(file: str, what: str) -> str:
    try:
        return text_in(Path(file))
    except OSError as error:
        raise ValueError(
            f"cannot be read: {error.strerror}; it must be there, and readable by the user that"
            " runs this (under systemd, use LoadCredential=)"
        ) from error
    except UnicodeDecodeError:
        raise ValueError(f"is not UTF-8; write {what} as text") from None


def warn_of_readable(config: Path | None, section: MqttSettings | NotifySettings) -> None:
    """Warn of files with a secret of a section that others than this program's user may read."""
    if isinstance(section, MqttSettings):
        name, key, files = "mqtt", "password", [section.password_file, section.key_file]
    else:
        name, key, files = "notify", "urls", [section.urls_file]
    if config and tomllib.loads(text_in(config)).get(name, {}).get(key):
        files.append(str(config))
    # systemd guards these, and by an access control list, which looks like the group's permission.
    credentials = os.environ.get("CREDENTIALS_DIRECTORY")
    for file in filter(None, files):
        if credentials and Path(file).is_relative_to(credentials):
            continue
        status = Path(file).stat()
        # root's files, mode 0640, reach us through our own group.
        through_group = status.st_uid != os.geteuid() and status.st_gid == os.getegid()
        if status.st_mode & (0o004 if through_group else 0o044):
            structlog.get_logger().warning(
                "secret-readable",
                file=file,
                mode=f"{status.st_mode & 0o777:04o}",
                note="others may read the password or key in it",
            )
