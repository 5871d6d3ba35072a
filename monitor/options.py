"""Options that several commands share, and how a command ends."""

from __future__ import annotations

import math
import os
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar

import click

from monitor import DEFAULT_MODEL
from monitor.early import STOPPED

if TYPE_CHECKING:
    from monitor.tweets import Entity

EXIT_FAILURE: Final = 1
EXIT_CONFIGURATION: Final = 2
"""As for wrong usage of the command line."""
EXIT_STOPPED: Final = STOPPED
"""By Ctrl-C. The daemon, whose normal end that is, exits 0."""

_WRITTEN: Final = frozenset(
    {".csv", ".json", ".md", ".png", ".pt", ".safetensors", ".svg", ".tflite", ".toml", ".txt"}
)
"""Endings of the files that commands write into a folder."""

_F = TypeVar("_F", bound=Callable[..., Any])


def fail(message: object, code: int = EXIT_FAILURE) -> NoReturn:
    """End the program, saying why where standard error is still there."""
    from monitor.console import escaped

    with suppress(OSError):  # the terminal may be gone, and the exit code says enough
        click.echo(f"monitor: {escaped(str(message))}", err=True)
    sys.exit(code)


def say_that_it_waits(what: str) -> None:
    """Say what standard input is read for, where that is a terminal: it looks like a hang."""
    if sys.stdin.isatty():
        click.echo(f"monitor: waits for {what} on standard input; Ctrl-D ends them", err=True)


def config_option(function: _F) -> _F:
    """Add ``--config``."""
    return click.option(
        "--config",
        type=click.Path(path_type=Path),
        help="Configuration file; without one, the defaults hold. Any key can be overridden from"
        " the environment: [mqtt] password by MONITOR_MQTT_PASSWORD.",
    )(function)


def entities_option(function: _F) -> _F:
    """Add ``--config``, for a command that asks a model (`configured_entities`)."""
    return click.option(
        "--config",
        type=click.Path(path_type=Path),
        help="Configuration whose [[entities]] a model that reads marks is told of: their aliases"
        " are theirs, and who else is named is another.",
    )(function)


def configured_entities(config: Path | None) -> tuple[Entity, ...]:
    """Return the entities of a configuration, or end the program if it is wrong."""
    from monitor.settings import ConfigurationError, load

    try:
        return load(config, connects=False).entities
    except ConfigurationError as error:
        fail(error, EXIT_CONFIGURATION)


def see_that_ours_stay(
    output: Path, config: Path | None = None, *, replaces_logs: bool = False
) -> None:
    """End the program if writing to a path would destroy something that belongs to a log.

    Args:
        output: where a command is to write.
        config: names the log; without one, the defaults and the environment do, if they can.
        replaces_logs: as for `belongings.refusal`.
    """
    from monitor.settings import ConfigurationError, load
    from monitor.settings.belongings import refusal

    log = key = None
    try:
        settings = load(config, connects=False)
    except ConfigurationError:  # of no concern to most commands, and told by the others
        pass
    else:
        log, key = Path(settings.store.path), settings.key_path
    if why := refusal(output, log, key, replaces_logs=replaces_logs):
        fail(why, EXIT_CONFIGURATION)


class FiniteRange(click.FloatRange):
    """A number within bounds: click's lets NaN through them, and infinity where there is none."""

    def convert(
        self,
        value: Any,  # noqa: ANN401  (as click's)
        param: click.Parameter | None,
        context: click.Context | None,
    ) -> float:
        """Read it."""
        number = float(super().convert(value, param, context))
        if not math.isfinite(number):
            self.fail(f"{value!r} is not a number that can be reckoned with", param, context)
        return number


class _Output(click.Path):
    """A path that a command writes to; it ends the program where that belongs to a log."""

    def convert(
        self,
        value: Any,  # noqa: ANN401  (as click's)
        param: click.Parameter | None,
        context: click.Context | None,
    ) -> Path:
        """Take a path, or end the program."""
        path = Path(os.fsdecode(super().convert(value, param, context)))
        for written in self.written(path):
            see_that_ours_stay(written)
        return path

    def written(self, path: Path) -> Iterator[Path]:
        """Give what may be written over."""
        yield path


class OutputFile(_Output):
    """A file that a command writes, which is nothing that belongs to a log."""

    def __init__(self) -> None:
        super().__init__(dir_okay=False, path_type=Path)


class OutputFolder(_Output):
    """A folder that a command writes into, under names of its own that lead to no log."""

    def __init__(self) -> None:
        super().__init__(file_okay=False, path_type=Path)

    def written(self, path: Path) -> Iterator[Path]:
        """Give the folder and what is in it that commands write."""
        yield path
        for file in path.iterdir() if path.is_dir() else ():
            if file.suffix in _WRITTEN:
                yield file


def moment(text: str, option: str, now: float) -> float:
    """Return the moment (seconds since the epoch) that an option's value means.

    Raises:
        click.BadParameter: it means none.
    """
    from monitor.periods import instant

    try:
        return instant(text, now)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint=option) from error


def timezone_option(function: _F) -> _F:
    """Add ``--timezone``, which holds for all that the command says."""

    def use(context: click.Context, _param: click.Parameter, value: str | None) -> None:
        if value is None:
            return
        from monitor import zones

        try:
            context.with_resource(zones.used(value))
        except ValueError as error:
            raise click.BadParameter(f"{value!r} {error}") from error

    return click.option(
        "--timezone",
        metavar="ZONE",
        is_eager=True,  # before times are read
        expose_value=False,
        callback=use,
        help="In which times are meant and told, such as Europe/Berlin or UTC.  [default: the"
        " board's]",
    )(function)


def log_options(function: _F) -> _F:
    """Add ``--database`` and ``--config``, for a command that reads the log (`opened`)."""
    function = click.option(
        "--config",
        type=click.Path(path_type=Path),
        help="Configuration whose [store] path is read.",
    )(function)
    return click.option(
        "--database",
        type=click.Path(path_type=Path),
        help="The log; without this, that of the configuration.  [default: monitor.db]",
    )(function)


def log_path(database: Path | None, config: Path | None) -> Path:
    """Return which log the options mean, or end the program if the configuration is wrong."""
    if database:
        return database
    from monitor.settings import ConfigurationError, load

    try:
        return Path(load(config, connects=False).store.path)
    except ConfigurationError as error:
        fail(error, EXIT_CONFIGURATION)


@contextmanager
def opened(database: Path | None, config: Path | None) -> Iterator[sqlite3.Connection]:
    """Open the log that the options mean for reading.

    Where it cannot be opened, or turns out to be damaged while it is read, end the program, saying
    why.
    """
    from monitor.store import StoreError, open_log

    path = log_path(database, config)
    try:
        with closing(open_log(path)) as connection:
            yield connection
    except StoreError as error:
        fail(error)
    except sqlite3.Error as error:
        fail(f"{path}: {error}")


def model_option(function: _F) -> _F:
    """Add ``--model``."""
    return click.option(
        "--model",
        default=DEFAULT_MODEL,
        show_default=True,
        help="A model folder, or the name of one that came along.",
    )(function)


def runtime_option(function: _F) -> _F:
    """Add ``--runtime``."""
    return click.option(
        "--runtime",
        type=click.Choice(["auto", "litert", "tflite-runtime"]),
        default="auto",
        show_default=True,
        help="Which TensorFlow Lite interpreter.",
    )(function)


def workers_option(function: _F) -> _F:
    """Add ``--workers``."""
    return click.option(
        "--workers",
        type=click.IntRange(0),
        default=0,
        show_default=True,
        help="Interpreters side by side; 0: one a core.",
    )(function)


def model_options(function: _F) -> _F:
    """Add ``--model``, ``--runtime`` and ``--workers``."""
    return workers_option(runtime_option(model_option(function)))
