"""Datasette over the log, set up for it, and served."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs

import uvicorn
from datasette.app import Datasette
from datasette.plugins import pm
from uvicorn.protocols.http.h11_impl import H11Protocol

from monitor.dashboard import front, guard, labelling, queries
from monitor.dashboard.desk import Desk
from monitor.dashboard.guard import guarded
from monitor.dashboard.log import FOR_SPREADSHEET, NAME, LogDatabase

if TYPE_CHECKING:
    import asyncio

    from monitor.dashboard.guard import App, Receive, Scope, Send

_SETTINGS: Final[dict[str, Any]] = {
    "sql_time_limit_ms": 1000,
    "max_returned_rows": 1000,
    "num_sql_threads": 2,
    "allow_download": False,  # the file lacks what is in the write-ahead log; `monitor backup`
    "allow_csv_stream": False,  # a long read keeps the write-ahead log from being folded back
    "max_csv_mb": 16,
    "allow_facet": False,  # each takes a second, and an address may ask for hundreds
    "suggest_facets": False,
    "default_cache_ttl": 0,
}
_GRACE_S: Final = 2
_CONNECTIONS: Final = 32
"""Each may hold an answer that its client does not read."""
_ASKED_WITHIN_S: Final = 10
"""How long a connection may be kept without a whole request: there are few of them."""


def make_app(path: Path, *, loopback: bool, sql: bool = False, label: bool = False) -> App:
    """Return the dashboard of a log as an ASGI application.

    Args:
        path: the log.
        loopback: whether it is meant for this machine alone (`guard.guarded`).
        sql: whether whoever may look may also ask questions of their own.
        label: whether whoever may look may also say what tweets are.
    """
    if not pm.is_registered(front):
        pm.register(front, name="reputation-monitor")
        # Writes whatever fails to standard error with all that was at hand, tweets among it.
        pm.unregister(name="datasette.handle_exception")
    datasette = Datasette(
        settings={**_SETTINGS, "default_allow_sql": sql},
        template_dir=str(front.TEMPLATES),
        metadata={"title": "Reputation monitor", "databases": {NAME: queries.METADATA}},
    )
    datasette.remove_database("_memory")
    datasette.add_database(LogDatabase(datasette, path, Desk(path) if label else None), name=NAME)
    return guarded(
        _telling(datasette.app()),
        loopback=loopback,
        takes_forms=labelling.PATH if label else None,
    )


def _telling(app: App) -> App:
    """Have the log know what is asked for a spreadsheet, and cells what is asked."""

    async def told(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        FOR_SPREADSHEET.set(path.endswith(".csv"))
        asked = parse_qs(scope.get("query_string", b"").decode("latin-1"))
        labelling.ASKED.set((path, asked.get("entity", [""])[-1]))
        await app(scope, receive, send)

    return told


class _Protocol(H11Protocol):
    """Ends connections on which nothing is asked, as uvicorn does after the first answer alone."""

    _end: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._end:
            self._end.cancel()

    def _wait(self) -> None:
        if self._end:
            self._end.cancel()
        self._end = self.loop.call_later(_ASKED_WITHIN_S, self._give_up)

    def _give_up(self) -> None:
        if self.cycle is None or self.cycle.response_complete:
            self.transport.close()


def serve(
    path: Path,
    listener: socket.socket,
    *,
    loopback: bool,
    sql: bool = False,
    label: bool = False,
) -> None:
    """Answer until a signal ends it.

    Raises:
        KeyboardInterrupt: on Ctrl-C, after what is being answered.
    """
    config = uvicorn.Config(
        make_app(path, loopback=loopback, sql=sql, label=label),
        http=_Protocol,  # h11 bounds what it reads before it has understood it
        h11_max_incomplete_event_size=guard.LONGEST_ADDRESS + 16_384,
        limit_concurrency=_CONNECTIONS,
        ws="none",
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_S,
    )
    uvicorn.Server(config).run(sockets=[listener])
