"""The service gets a user of its own, and nobody else's."""

from __future__ import annotations

import pwd

import pytest

from monitor.installing.account import see_is_no_person
from monitor.installing.step import InstallError


def _user(number: int, shell: str) -> pwd.struct_passwd:
    return pwd.struct_passwd(("monitor", "x", number, number, "", "/", shell))


def test_a_services_user() -> None:
    """A system's number and no shell: as systemd-sysusers makes it."""
    see_is_no_person(_user(997, "/usr/sbin/nologin"))


@pytest.mark.parametrize(("number", "shell"), [(1000, "/usr/sbin/nologin"), (997, "/bin/bash")])
def test_a_persons(number: int, shell: str) -> None:
    """Who can log in, or has a person's number, keeps his name; the way out is said."""
    with pytest.raises(InstallError, match=r"usermod --login NEW monitor.*userdel monitor"):
        see_is_no_person(_user(number, shell))
