"""Passwords in files: how they are read, and who else could."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

import structlog

from monitor.settings.keys import MqttSettings
from monitor.tweets.encodings import text_in


def read_password(file: str) -> str:
    """Read a file that holds a password and perhaps a newline at its end.

    Raises:
        ValueError: if there is no password in it; the message never shows what there is.
    """
    try:
        password = text_in(Path(file))
    except OSError as error:
        raise ValueError(
            f"cannot be read: {error.strerror}; it must be there, and readable by the user that"
            " runs this (under systemd, use LoadCredential=)"
        ) from error
    except UnicodeDecodeError:
        raise ValueError("is not UTF-8; write the password as text") from None
    password = password.removesuffix("\n").removesuffix("\r")
    if not password or "\n" in password:
        raise ValueError("must hold one line, the password")
    return password


def warn_of_readable(config: Path | None, mqtt: MqttSettings) -> None:
    """Warn of files with a secret in them that others than this program's user may read."""
    files = [mqtt.password_file, mqtt.key_file]
    if config and tomllib.loads(text_in(config)).get("mqtt", {}).get("password"):
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
