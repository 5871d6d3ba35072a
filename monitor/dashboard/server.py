"""Datasette over the log, set up for it, and served."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import uvicorn
from datasette.app import Datasette
from datasette.plugins import pm

from monitor.dashboard import front, queries
from monitor.dashboard.guard import guarded
from monitor.dashboard.log import NAME, Log

if TYPE_CHECKING:
    from monitor.dashboard.guard import App

_SETTINGS: Final[dict[str, Any]] = {
    "sql_time_limit_ms": 1000,
    "max_returned_rows": 1000,
    "num_sql_threads": 2,
    "allow_download": False,  # the file lacks what is in the write-ahead log; `monitor backup`
    "allow_csv_stream": False,  # a long read keeps the write-ahead log from being folded back
    "suggest_facets": False,
    "facet_time_limit_ms": 1000,
    "default_cache_ttl": 0,
}
_GRACE_S: Final = 2


def make_app(path: Path, *, loopback: bool) -> App:
    """Return the dashboard of a log as an ASGI application.

    Args:
        path: the log.
        loopback: whether it is meant for this machine alone (`guard.guarded`).
    """
    if not pm.is_registered(front):
        pm.register(front, name="reputation-monitor")
        # Writes whatever fails to standard error with all that was at hand, tweets among it.
        pm.unregister(name="datasette.handle_exception")
    datasette = Datasette(
        settings=_SETTINGS,
        template_dir=str(front.TEMPLATES),
        metadata={"title": "Reputation monitor", "databases": {NAME: queries.METADATA}},
    )
    datasette.remove_database("_memory")
    datasette.add_database(Log(datasette, path), name=NAME)
    return guarded(datasette.app(), loopback=loopback)


def serve(path: Path, listener: socket.socket, *, loopback: bool) -> None:
    """Answer until a signal ends it.

    Raises:
        KeyboardInterrupt: on Ctrl-C, after what is being answered.
    """
    config = uvicorn.Config(
        make_app(path, loopback=loopback),
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_S,
    )
    uvicorn.Server(config).run(sockets=[listener])
