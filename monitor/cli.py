"""The commands: parse, call, print."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

import click

from monitor import __version__, early
from monitor.console import counted, escaped, streams
from monitor.options import (
    EXIT_CONFIGURATION,
    EXIT_STOPPED,
    FiniteRange,
    config_option,
    fail,
    model_options,
    say_that_it_waits,
    see_that_ours_stay,
)

_LAZY: Final = {
    "classify": "monitor.archive.command",
    "train": "monitor.lab.training.commands.train",
    "answers": "monitor.lab.training.commands.answers",
    "distil": "monitor.lab.training.commands.distil",
    "transfer": "monitor.lab.training.commands.transfer",
    "export": "monitor.lab.training.commands.export",
    "search": "monitor.lab.search.command",
    "evaluate": "monitor.lab.evaluation.command",
    "quantify": "monitor.lab.quantifying.command",
    "compare": "monitor.lab.comparison.command",
    "fusions": "monitor.lab.comparison.command",
    "speed": "monitor.lab.comparison.command",
    "profile": "monitor.lab.profiling.command",
    "demo": "monitor.demo.command",
    "report": "monitor.reporting.command",
    "topics": "monitor.topics.command",
    "watch": "monitor.watching.command",
    "notify": "monitor.notifying.command",
    "label": "monitor.labelling.command",
    "explain": "monitor.explaining.command",
    "dashboard": "monitor.dashboard.command",
    "merge": "monitor.merging.command",
    "plan": "monitor.planning.command",
    "install-service": "monitor.installing.command",
    "uninstall-service": "monitor.installing.command",
    "config": "monitor.installing.command",
}
"""Commands that the daemon does without, by module."""


class _LazyGroup(click.Group):
    """Imports a command's module only when it is called: start-up counts on a board."""

    def list_commands(self, context: click.Context) -> list[str]:
        return sorted([*super().list_commands(context), *_LAZY])

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name in _LAZY:
            command = getattr(importlib.import_module(_LAZY[name]), name.replace("-", "_"))
            assert isinstance(command, click.Command)
            return command
        return super().get_command(context, name)

    def main(self, *args: Any, **extra: Any) -> Any:  # noqa: ANN401  (as click's)
        streams.prepare()
        try:
            return super().main(*args, **extra)
        except OSError as error:  # of a file, a terminal or a network that is not as it should be
            if sys.flags.dev_mode:  # python -X dev: for whoever looks for a fault of the program
                raise
            where = "" if error.filename is None else f"{os.fsdecode(error.filename)}: "
            fail(f"{where}{error.strerror or error}")

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,  # noqa: ANN401  (as click's)
    ) -> click.Context:
        with _told():
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, context: click.Context) -> Any:  # noqa: ANN401  (as click's)
        try:
            early.hand_over()
            with _told():
                return super().invoke(context)
        except KeyboardInterrupt:
            click.echo("monitor: stopped", err=True)
            context.exit(EXIT_STOPPED)
        except (click.exceptions.Exit, click.ClickException):
            raise
        except ImportError as error:  # of a library that is missing, or does not load here
            if (error.name or "").startswith("monitor"):
                raise
            fail(f"{error.name or 'a library'} cannot be imported: {error}; install it anew")
        except click.Abort:  # a question was answered with no, or with the end of input
            fail("nothing has been done")
        except Exception:
            # A library that a Ctrl-C breaks into may raise an error of its own instead.
            if not early.was_interrupted():
                raise
            click.echo("monitor: stopped", err=True)
            context.exit(EXIT_STOPPED)


class _ToldError(click.ClickException):
    """An error of click's, in our words: with our prefix, and nothing that steers a terminal."""

    def __init__(self, error: click.ClickException) -> None:
        super().__init__(escaped(error.format_message()))  # which quotes arguments
        vars(self)["exit_code"] = error.exit_code
        self._context = error.ctx if isinstance(error, click.UsageError) else None

    def show(self, file: IO[Any] | None = None) -> None:
        """Say how the command is used, if that was wrong, and what is wrong."""
        if context := self._context:
            click.echo(context.get_usage(), file, err=True)
            click.echo(f"Try '{context.command_path} --help' for help.\n", file, err=True)
        click.echo(f"monitor: {self.message}", file, err=True)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except (click.exceptions.NoArgsIsHelpError, _ToldError):
        raise
    except click.ClickException as error:
        raise _ToldError(error) from error


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="monitor")
def main() -> None:
    """Label tweets from an MQTT topic with a quantized MobileBERT, offline, into SQLite.

    \b
    Try it:                      make demo
    Label a text:                monitor classify --entity Acme "Acme is the worst company ever"
    Check a configuration:       monitor check --config config.toml
    Run the daemon:              monitor run --config config.toml
    Ask the log:                 sqlite3 monitor.db 'SELECT * FROM reputation_by_entity'

    Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 130 stopped by Ctrl-C.
    """


@main.command()
@config_option
@click.option(
    "--leave",
    is_flag=True,
    help="Take the board out of its group: give up its subscriptions, label what the broker still"
    " holds for it, and end.",
)
def run(config: Path | None, *, leave: bool) -> None:
    """Run the daemon: subscribe, label, store, until a signal ends it.

    SIGTERM or Ctrl-C ends it cleanly: what is being labelled is stored and acknowledged, the rest
    stays with the broker. SIGHUP reads the configuration and the model anew; if they are wrong, it
    goes on as before. Logs go to standard error, as JSON lines unless that is a terminal.
    """
    from monitor.daemon import logs, service
    from monitor.inference import ModelError
    from monitor.settings import ConfigurationError, Settings, credentials, load
    from monitor.store import StoreError

    def settings() -> Settings:
        loaded = load(config)
        logs.configure(loaded.log)
        credentials.warn_of_readable(config, loaded.mqtt)
        return loaded

    try:
        service.run(settings, leave=leave)
    except ConfigurationError as error:
        fail(error, EXIT_CONFIGURATION)
    except (ModelError, StoreError, service.ServiceFailedError, OSError, ValueError) as error:
        fail(error)


@main.command()
@config_option
def check(config: Path | None) -> None:
    """Check configuration, model, database, disk and broker, a line each.

    Exit code 0 if all is well, 2 if the configuration is wrong, 1 for anything else. That the disk
    will be full before [store] keep_days are over is a WARNING, and no failure yet. Changes
    nothing but bringing an older database up to date, as `monitor run` would; where there is
    none, none is made.
    """
    from monitor.daemon import checks

    sys.exit(checks.run(config, click.echo))


@main.command()
@click.argument("file")
@click.option("--rate", type=FiniteRange(0), default=0, help="Messages a second; 0: no limit.")
@click.option("--topic", required=True, help="Topic to publish on, e.g. tweets/en.")
@click.option("--qos", type=click.IntRange(0, 2), default=1, show_default=True)
@config_option
def publish(file: str, rate: float, topic: str, qos: int, config: Path | None) -> None:
    """Replay the lines of FILE onto a topic: for trying things out and for load.

    FILE holds a message a line (JSON lines or plain text), may be gzipped, and is standard input
    if it is "-". Broker and credentials are those of the configuration. Ends when the broker has
    acknowledged every message.
    """
    from monitor.mqtt import publisher
    from monitor.settings import ConfigurationError, load, topics

    if why := topics.impossible(topic):
        raise click.BadParameter(f"{topic!r} is no topic: {why}", param_hint="--topic")
    if file == "-":
        say_that_it_waits("lines to publish")
    try:
        count, seconds = publisher.replay(load(config).mqtt, file, topic, rate, qos)
    except ConfigurationError as error:
        fail(error, EXIT_CONFIGURATION)
    except (publisher.PublishError, OSError) as error:
        fail(error)
    click.echo(f"published {counted(count, 'message')} in {seconds:.1f} s", err=True)


@main.command()
@click.argument("destination", metavar="DEST", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Replace DEST if it is there.")
@config_option
def backup(destination: Path, force: bool, config: Path | None) -> None:
    """Copy the log to DEST, a file or a folder, while the daemon goes on writing.

    The copy is the log at one moment, checked, and one file that needs no other. It appears when it
    is complete, or not at all. While it is made, what the daemon writes stays in the write-ahead
    log beside the log, so that needs room, too.

    The key of pseudonyms (the log's path + ".key", or [privacy] key_file) is not copied: with both,
    whoever knows an author's name finds his tweets. Keep a copy of it elsewhere if you may have to
    restore on another board. With a new key the same author gets a new pseudonym, and a message
    without an id that comes again is not recognized.

    \b
    To restore, as the daemon's user:
      systemctl stop monitor
      mkdir old && mv monitor.db monitor.db-wal monitor.db-shm old/   # those that are there
      cp DEST monitor.db
      systemctl start monitor
    """
    from monitor.settings import ConfigurationError, load
    from monitor.store.backup import BackupError
    from monitor.store.backup import backup as copy

    see_that_ours_stay(destination, config, replaces_logs=True)
    try:
        copied = copy(Path(load(config, connects=False).store.path), destination, force=force)
    except ConfigurationError as error:
        fail(error, EXIT_CONFIGURATION)
    except BackupError as error:
        fail(error)
    click.echo(
        f"copied {counted(copied.tweets, 'tweet')}, {copied.size / 1e6:.1f} MB, to {copied.path} in"
        f" {copied.seconds:.1f} s; the key of pseudonyms is not in it (see --help)"
    )


@main.command()
@model_options
@click.option(
    "--seconds",
    type=FiniteRange(0.1),
    default=1.0,
    show_default=True,
    help="Time spent on each line of the table.",
)
@click.option("--json", "as_json", is_flag=True, help="JSON instead of a table.")
def bench(model: str, runtime: str, workers: int, seconds: float, as_json: bool) -> None:
    """Measure this board: tweets a second and latency by batch size, length and workers.

    Everything from text to label, on generated text; a busy machine measures slow, so stop the
    daemon first.
    """
    from monitor.inference import Model, ModelError
    from monitor.planning import benchmark

    try:
        report = benchmark.measure(Model.load(model), runtime, workers, seconds)
    except ModelError as error:
        fail(error)
    click.echo(report.json() if as_json else report.table())
