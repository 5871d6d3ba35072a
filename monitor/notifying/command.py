"""The command ``monitor notify``."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from monitor.options import (
    EXIT_CONFIGURATION,
    EXIT_FAILURE,
    config_option,
    fail,
    timezone_option,
)

if TYPE_CHECKING:
    from monitor.notifying.recipients import Recipient
    from monitor.notifying.telling import Telling
    from monitor.settings import Settings

_ATTEMPTS: Final = 3
_INSTALL: Final = (
    "is missing; install the extra [notify]: pip install 'tweet-reputation-monitor[notify]'"
)


@click.command()
@click.option(
    "--test",
    is_flag=True,
    help="Send a message to each recipient now, and say whether the service took it.",
)
@click.option("--once", is_flag=True, help="Send what is due now, and end: for cron.")
@click.option(
    "--database",
    type=click.Path(path_type=Path),
    help="The log; without this, [store] path.",
)
@timezone_option
@config_option
def notify(*, test: bool, once: bool, database: Path | None, config: Path | None) -> None:
    """Tell people of alerts and of their ends, by mail, ntfy, Slack, Telegram and others.

    \b
    monitor notify --config my.toml --test
    monitor notify --config my.toml

    Whom it tells, and when, stands in [notify]: URLs of Apprise, quiet hours, a summary each day or
    week. It reads the log beside the daemon and holds nobody up; SIGTERM or Ctrl-C ends it. Each
    recipient is told each alert once, over restarts; once more only if the program is killed, or
    the service silent, between taking a message and saying so. Needs the extra [notify].
    """
    if test and once:
        raise click.UsageError("--test and --once: one of them, not both")
    from monitor.settings import ConfigurationError, load

    try:
        settings = load(config, connects=False)
        settings = _in_its_zone(settings)
        recipients = _recipients(settings, config, quiet=once)
    except ConfigurationError as error:
        fail(error, EXIT_CONFIGURATION)
    if test:
        _test(recipients, settings)
        return
    from monitor.notifying.memory import MemoryFileError, alone

    state = Path(settings.notify.state_file)
    log = database or Path(settings.store.path)
    try:
        with alone(state):
            tellings = _tellings(settings, recipients, state, log)
            if once:
                _once(tellings)
            else:
                _serve(tellings)
    except MemoryFileError as error:
        fail(error)


def _in_its_zone(settings: Settings) -> Settings:
    """Tell times as ``--timezone`` says, or else as the configuration does."""
    from dataclasses import replace

    from monitor import zones

    context = click.get_current_context()
    given = context.get_parameter_source("timezone")
    if given is click.core.ParameterSource.DEFAULT:
        context.with_resource(zones.used(settings.notify.timezone))
        return settings
    return replace(settings, notify=replace(settings.notify, timezone=""))


def _recipients(settings: Settings, config: Path | None, *, quiet: bool) -> list[Recipient]:
    """Read whom to tell, and see that Apprise can."""
    from dataclasses import replace

    from monitor.daemon import logs
    from monitor.notifying.recipients import configured
    from monitor.notifying.sending import (
        MissingError,
        NotSentError,
        UnusableError,
        see_usable,
    )
    from monitor.settings import ConfigurationError, credentials

    # A cron that finds all well has nothing to say.
    logs.configure(replace(settings.log, level="warning") if quiet else settings.log)
    credentials.warn_of_readable(config, settings.notify)
    found = configured(settings.notify)
    if not find_spec("apprise"):
        fail(f"apprise {_INSTALL}")
    for recipient in found:
        try:
            see_usable(recipient)
        except UnusableError as error:
            raise ConfigurationError(f"[notify] URL {recipient.name}: {error}") from error
        except MissingError as error:
            fail(f"{error} {_INSTALL}")
        except NotSentError as error:
            fail(error)
    return found


def _tellings(
    settings: Settings, recipients: Sequence[Recipient], state: Path, log: Path
) -> list[Telling]:
    from monitor.notifying.memory import Memory
    from monitor.notifying.schedule import Schedule
    from monitor.notifying.telling import Desk, Telling

    memory = Memory(state, [recipient.key for recipient in recipients])
    desk = Desk(log, memory, Schedule.of(settings.notify), settings.notify.dashboard)
    return [Telling(recipient, desk) for recipient in recipients]


def _serve(tellings: Sequence[Telling]) -> None:
    from monitor.notifying.service import NotifyFailedError, serve

    try:
        serve(tellings)
    except NotifyFailedError as error:
        fail(error)


def _once(tellings: Sequence[Telling]) -> None:
    """Tell each what is due, in a few attempts."""
    from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

    from monitor.notifying.sending import NotSentError
    from monitor.notifying.telling import LogUnreadableError

    attempts = Retrying(
        retry=retry_if_exception_type(NotSentError),
        wait=wait_exponential(multiplier=2),
        stop=stop_after_attempt(_ATTEMPTS),
        reraise=True,
    )
    failed = False
    for telling in tellings:
        try:
            for attempt in attempts:
                with attempt:
                    telling(page=attempt.retry_state.attempt_number == 1)
        except NotSentError as error:
            click.echo(f"monitor: {telling.recipient.name}: not told: {error}", err=True)
            failed = True
        except LogUnreadableError as error:
            fail(error)
    if failed:
        sys.exit(EXIT_FAILURE)


def _test(recipients: Sequence[Recipient], settings: Settings) -> None:
    """Send each a message that says no more than that it comes."""
    from monitor import zones
    from monitor.notifying.sending import NotSentError, send
    from monitor.notifying.words import Message, moment

    now = moment(time.time(), zones.named(settings.notify.timezone))
    body = f"Sent {now} by `monitor notify --test`: alerts will come this way."
    message = Message("test", "Test of the reputation monitor", body)
    failed = False
    for recipient in recipients:
        try:
            for_all = send(recipient, message)
            how = "" if for_all else ", but not for all addresses"
            click.echo(f"{recipient.name}: taken by the service{how}")
        except NotSentError as error:
            click.echo(f"{recipient.name}: FAILED: {error}")
            failed = True
    if failed:
        sys.exit(EXIT_FAILURE)
