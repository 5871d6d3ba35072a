"""Our pages, as a plugin of Datasette: the front page, the look of all others, and errors."""

from __future__ import annotations

import re
import sqlite3
import sys
import time
import traceback
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pluggy
from datasette import Response
from datasette.database import QueryInterrupted
from datasette.utils import sqlite_timelimit
from datasette.utils.asgi import Base400, NotFound
from datasette.views.base import DatasetteError

from monitor.console import escaped
from monitor.dashboard import frame, labelling, limits
from monitor.dashboard.log import NAME
from monitor.periods import epoch, instant
from monitor.pictures import alert as alerts
from monitor.pictures import links, page, words
from monitor.pictures.markup import Markup, tag
from monitor.pictures.overview import Overview, read
from monitor.pictures.spans import NAMES, Span
from monitor.standings import UnknownEntityError
from monitor.standings.tallies import ranking
from monitor.store import StoreError

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.utils.asgi import Request

TEMPLATES: Final = Path(__file__).parent / "templates"
_SPAN: Final = "7d"
_TIME_LIMIT_MS: Final = 10_000
_CHOICES: Final = 200
"""Entities to choose from, those with most tweets."""
_ALERT: Final = re.compile(re.escape(links.alert("")) + r"\d+")
_NUMBER: Final = re.compile(r"\d{1,15}", re.ASCII)
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d(:\d\d:\d\d(\.\d{1,6})?Z)?", re.ASCII)
"""As the log writes one, or an hour; a text that is nothing else is shown as one, too."""
_WRONG: Final = "That cannot be answered"
_TOO_SLOW: Final = "It took too long. Ask for less: a shorter time, or fewer rows."
_ASKED_WRONG: Final = (
    limits.TooLargeError,
    *(sqlite3.DataError, sqlite3.InterfaceError, sqlite3.ProgrammingError),
)
"""Errors of SQLite that are the question's: a value beyond its limits, a NUL."""
_MISREAD: Final = (ValueError, LookupError, TypeError, AttributeError, AssertionError)
"""What Datasette raises at an address whose parts are not what it expects: ``_next=x``, say."""

hookimpl = pluggy.HookimplMarker("datasette")


@hookimpl
def register_routes() -> list[tuple[str, Any]]:
    """Take the front page, serve the style sheet, and close what is Datasette's own.

    Its pages under /-/ speak of its insides, settings and cookies; none of ours leads there.
    """
    return [
        (r"^/$", front),
        (r"^/alert$", alert),
        (f"^{labelling.PATH}$", labelling.label),
        (f"^{frame.STYLE}$", style),
        (r"^/(-|_memory|_internal)([/.?]|$)", nothing),
    ]


@hookimpl
def prepare_connection(conn: sqlite3.Connection) -> None:
    """Bound what any question costs, to the log or to Datasette's own notes about it."""
    limits.restrict(conn)


@hookimpl
def extra_template_vars(request: Request | None, datasette: Datasette) -> Any:  # noqa: ANN401
    """Give Datasette's templates our header, the style sheet, and the entities to choose from."""

    async def found() -> dict[str, Any]:
        known = await datasette.get_database(NAME).execute_fn(partial(ranking, most=_CHOICES))
        return {
            "monitor_style": frame.STYLE,
            "monitor_theme": frame.theme(request),
            "monitor_header": frame.header(request),
            "monitor_entities": sorted(known.names),
        }

    return found


@hookimpl
def skip_csrf(scope: dict[str, Any]) -> bool:
    """Have Datasette leave our form alone, which has a token of its own, and needs no cookie."""
    return bool(scope["path"] == labelling.PATH)


@hookimpl
def render_cell(
    row: sqlite3.Row, value: object, column: str, datasette: Datasette
) -> Markup | None:
    """Show times as the board's clock does; have an alert lead to its tweets, and a tweet on.

    A tweet leads to where its label is put right. Data (JSON, CSV) stay as they are stored.
    """
    if isinstance(value, str) and _TIME.fullmatch(value):
        return tag("time", words.moment(epoch(value)), datetime=value, title=value)
    if column == "page" and _ALERT.fullmatch(str(value)):
        return tag("a", "its page", href=str(value))
    if isinstance(value, str) and labelling.desk(datasette):
        return labelling.beside(row, value, column)
    return None


@hookimpl
def handle_exception(request: Request, exception: Exception) -> Any:  # noqa: ANN401
    """Say what is wrong."""
    if isinstance(exception, _ASKED_WRONG):
        return frame.said(request, _WRONG, f"{exception}.".capitalize(), 400)
    if isinstance(exception, StoreError | sqlite3.Error):
        return frame.said(request, "The log cannot be read", str(exception), 503)
    if isinstance(exception, DatasetteError):
        # Datasette calls it its own fault that it cannot sort by a column that is not there.
        status = 400 if exception.status == 500 else exception.status
        message = _TOO_SLOW if exception.message_is_html else exception.message
        return frame.said(request, exception.title or _WRONG, message, status)
    if isinstance(exception, QueryInterrupted):
        return frame.said(request, _WRONG, _TOO_SLOW, 400)
    if isinstance(exception, Base400):
        return frame.said(request, _WRONG, str(exception), exception.status)
    if isinstance(exception, NotFound):
        return frame.said(request, "Not found", str(exception) or "There is no such page.", 404)
    if request.path != "/" and isinstance(exception, _MISREAD):
        why = f"{type(exception).__name__}: {exception}"
        sys.stderr.write(escaped(f"monitor: {request.path}: cannot be answered: {why}") + "\n")
        return frame.said(
            request, _WRONG, "Something in the address is not what it should be.", 400
        )
    traceback.print_exception(exception)
    return frame.said(
        request, "Something went wrong", "The terminal of the dashboard says what.", 500
    )


@hookimpl
def forbidden(request: Request, message: str) -> Any:  # noqa: ANN401
    """Say so."""
    return frame.said(request, "Not allowed", message, 403)


async def front(request: Request, datasette: Datasette) -> Any:  # noqa: ANN401
    """Answer with the front page."""
    now = time.time()
    name = request.args.get("span", _SPAN)
    if name not in NAMES:
        return frame.said(
            request, _WRONG, f"span = {name!r}: must be one of {', '.join(NAMES)}", 400
        )
    try:
        until = instant(request.args.get("until", "now"), now)
    except ValueError as error:
        return frame.said(request, _WRONG, f"until = {error}", 400)
    entity: str | None = request.args.get("entity")

    def reading(connection: sqlite3.Connection) -> Overview:
        with sqlite_timelimit(connection, _TIME_LIMIT_MS):
            return read(connection, Span.ending(min(until, now), name), entity=entity, now=now)

    try:
        overview = await datasette.get_database(NAME).execute_fn(reading)
    except UnknownEntityError as error:
        return frame.said(request, "Not in this log", str(error), 404)
    shown = overview.entity
    title = "How each entity stands" if shown is None else f"{shown or 'No entity'}: reputation"
    return frame.answer(request, title, page.content(overview, name))


async def alert(request: Request, datasette: Datasette) -> Any:  # noqa: ANN401
    """Answer with the page of an alert."""
    number = request.args.get("number", "")
    if not _NUMBER.fullmatch(number):
        return frame.said(request, _WRONG, f"number = {number!r}: must be an alert's number", 400)

    def reading(connection: sqlite3.Connection) -> alerts.AlertPage | None:
        with sqlite_timelimit(connection, _TIME_LIMIT_MS):
            return alerts.read(connection, int(number), time.time())

    found = await datasette.get_database(NAME).execute_fn(reading)
    if found is None:
        return frame.said(request, "Not in this log", f"The log has no alert {number}.", 404)
    return frame.answer(request, alerts.title(found), alerts.content(found))


async def nothing() -> None:
    """Answer that there is no such page.

    Raises:
        NotFound: always.
    """
    raise NotFound("")


async def style() -> Any:  # noqa: ANN401
    """Answer with the style sheet; its name changes with it."""
    headers = {"Cache-Control": "public, max-age=31536000, immutable"}
    return Response(page.STYLE, headers=headers, content_type="text/css; charset=utf-8")
