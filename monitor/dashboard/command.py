"""The command ``monitor dashboard``."""

from __future__ import annotations

import os
import socket
from contextlib import closing, suppress
from pathlib import Path

import click

from monitor.options import fail, log_options, log_path

_LOOPBACK = ("127.", "::1", "localhost")


@click.command()
@log_options
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", default=8001, show_default=True, type=click.IntRange(0, 65535), help="0: a free one."
)
@click.option(
    "--sql", is_flag=True, help="Let whoever may look ask questions of their own, in SQL."
)
@click.option(
    "--label", is_flag=True, help="Let whoever may look say what tweets are (on this machine only)."
)
@click.option("--open", "open_", is_flag=True, help="Open it in the browser of this machine.")
def dashboard(
    database: Path | None,
    config: Path | None,
    host: str,
    port: int,
    *,
    sql: bool,
    label: bool,
    open_: bool,
) -> None:
    """Show the log in a browser: how each entity stands, what changed, how the board does.

    \b
    monitor dashboard
    monitor dashboard --database monitor.db --port 0 --open
    ssh -L 8001:localhost:8001 board      # and look at it from your own machine

    It reads the log beside the daemon, changes nothing and holds nobody up. It listens on this
    machine alone unless --host says otherwise; whoever reaches it may read all that is in the log.
    With --label (not with --host) whoever reaches it may also answer, as in `monitor label`, and
    each answer is written into the log at once. Ctrl-C ends it. Needs the extra [dashboard].
    """
    if not host.strip():  # to the system that is every address
        raise click.BadParameter("is empty; 0.0.0.0 is every address", param_hint="--host")
    loopback = host.startswith(_LOOPBACK)
    if label and not loopback:
        raise click.UsageError(
            "--label takes answers on this machine alone, for nobody is asked for a password: leave"
            " --host out, and come by `ssh -L 8001:localhost:8001 BOARD`"
        )
    path = log_path(database, config)
    try:
        from monitor.dashboard import server
    except ModuleNotFoundError as error:
        fail(
            f"{error.name} is missing; install the extra [dashboard]:"
            " pip install 'tweet-reputation-monitor[dashboard]'"
        )
    from monitor.store import StoreError, open_log

    try:
        open_log(path).close()
        if label:
            _try_to_write(path)
    except StoreError as error:
        fail(error)
    try:
        listener = _listen(host, port)
    except OSError as error:
        if error.errno and error.errno < 0:  # of getaddrinfo(3), whose words are lost on the way
            fail(f"cannot listen on {host}: no such host; --host is an address of this machine")
        why = os.strerror(error.errno) if error.errno else str(error)
        fail(f"cannot listen on {host}, port {port}: {why}; try another --port (0: a free one)")
    except (TypeError, UnicodeError) as error:  # no name that a host can have
        fail(f"cannot listen on {host}: {error}; --host is an address of this machine")
    with closing(listener):
        shown = f"[{host}]" if ":" in host else host
        address = f"http://{shown}:{listener.getsockname()[1]}/"
        if not loopback:
            click.echo(
                f"monitor: warning: whoever reaches {host} may read all that is in the log",
                err=True,
            )
        click.echo(f"{path} at {address} (Ctrl-C ends it)")
        if open_:
            click.launch(address)
        server.serve(path, listener, loopback=loopback, sql=sql, label=label)


def _try_to_write(path: Path) -> None:
    """Find out now, and not at the first answer, whether answers can be written.

    Raises:
        StoreError: if not.
    """
    from monitor.store.owner_labels import LogBusyError, opened_beside, transaction

    with suppress(LogBusyError), opened_beside(path) as connection, transaction(connection):
        pass


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family)
