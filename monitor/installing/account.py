"""The system user that the service runs as; it owns nothing but its store."""

from __future__ import annotations

import grp
import pwd
from pathlib import Path
from typing import Final

from monitor.installing.step import InstallError, Step, call, keep, run

NAME: Final = "monitor"
"""Of the user and its group, as the unit has it."""

_LINE: Final = f'u {NAME} - "Tweet reputation monitor" /var/lib/monitor /usr/sbin/nologin'
"""See sysusers.d(5): an identifier of the system's range, no password, no home of its own."""
_FIRST_PERSON: Final = 1000
"""Identifiers from here on belong to people (login.defs: UID_MIN)."""


def add() -> Step:
    """Have the user and its group.

    Raises:
        InstallError: if somebody goes by that name already.
    """
    try:
        user = pwd.getpwnam(NAME)
    except KeyError:
        what = f"{NAME}, a system user and its group"
        return run("create", what, [("systemd-sysusers", "--inline", _LINE)])
    see_is_no_person(user)
    return keep(f"user {NAME}")


def see_is_no_person(user: pwd.struct_passwd) -> None:
    """See that an account is one of a service.

    Raises:
        InstallError: if it can log in, or has a person's number.
    """
    if user.pw_uid < _FIRST_PERSON and Path(user.pw_shell).name in ("nologin", "false"):
        return
    raise InstallError(
        f"the user {user.pw_name} (number {user.pw_uid}, shell {user.pw_shell}) is there already"
        " and can log in: the service needs a user of its own by that name; rename that one"
        f" (usermod --login NEW {user.pw_name}; groupmod --new-name NEW {user.pw_name}), or, if"
        f" nobody uses it, remove it (userdel {user.pw_name})"
    )


def remove() -> list[Step]:
    """Take the user and its group away.

    Raises:
        InstallError: if the name is a person's.
    """
    try:
        see_is_no_person(pwd.getpwnam(NAME))
    except KeyError:
        pass
    else:
        return [Step("remove", f"user and group {NAME}", _delete)]
    return [run("remove", f"group {NAME}", [("groupdel", NAME)])] if _has_group() else []


def _delete() -> None:
    call("userdel", NAME)
    if _has_group():  # userdel takes it along, unless login.defs says otherwise
        call("groupdel", NAME)


def _has_group() -> bool:
    try:
        grp.getgrnam(NAME)
    except KeyError:
        return False
    return True
