"""Our pages, as a plugin of Datasette: the front page, the look of all others, and errors."""

from __future__ import annotations

import hashlib
import re
import sqlite3
import sys
import time
import traceback
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, urlencode

import pluggy
from datasette import Response
from datasette.database import QueryInterrupted
from datasette.utils import sqlite_timelimit
from datasette.utils.asgi import Base400, NotFound
from datasette.views.base import DatasetteError

from monitor.console import escaped
from monitor.dashboard import limits
from monitor.dashboard.guard import THEME
from monitor.dashboard.log import NAME
from monitor.periods import instant
from monitor.pictures import links, page
from monitor.pictures.markup import Content, Markup, tag
from monitor.pictures.overview import Overview, read
from monitor.pictures.spans import NAMES, Span
from monitor.standings import UnknownEntityError
from monitor.standings.tallies import ranking
from monitor.store import StoreError

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.utils.asgi import Request

TEMPLATES: Final = Path(__file__).parent / "templates"
_STYLE: Final = f"/-/style-{hashlib.sha256(page.STYLE.encode()).hexdigest()[:12]}.css"
_SPAN: Final = "7d"
_TIME_LIMIT_MS: Final = 10_000
_CHOICES: Final = 200
"""Entities to choose from, those with most tweets."""
_ALERT: Final = re.compile(re.escape(links.query("alert-tweets", alert="")) + r"\d+")
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
        (f"^{_STYLE}$", style),
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
            "monitor_style": _STYLE,
            "monitor_theme": _theme(request),
            "monitor_header": page.header(_path(request), _switch(request)),
            "monitor_entities": sorted(known.names),
        }

    return found


@hookimpl
def render_cell(column: str, value: object) -> Markup | None:
    """Have an alert lead to its tweets."""
    if column == "tweets_behind" and _ALERT.fullmatch(str(value)):
        return tag("a", "its tweets", href=str(value))
    return None


@hookimpl
def handle_exception(request: Request, exception: Exception) -> Any:  # noqa: ANN401
    """Say what is wrong."""
    if isinstance(exception, _ASKED_WRONG):
        return _said(request, _WRONG, f"{exception}.".capitalize(), 400)
    if isinstance(exception, StoreError | sqlite3.Error):
        return _said(request, "The log cannot be read", str(exception), 503)
    if isinstance(exception, DatasetteError):
        # Datasette calls it its own fault that it cannot sort by a column that is not there.
        status = 400 if exception.status == 500 else exception.status
        message = _TOO_SLOW if exception.message_is_html else exception.message
        return _said(request, exception.title or _WRONG, message, status)
    if isinstance(exception, QueryInterrupted):
        return _said(request, _WRONG, _TOO_SLOW, 400)
    if isinstance(exception, Base400):
        return _said(request, _WRONG, str(exception), exception.status)
    if isinstance(exception, NotFound):
        return _said(request, "Not found", str(exception) or "There is no such page.", 404)
    if request.path != "/" and isinstance(exception, _MISREAD):
        why = f"{type(exception).__name__}: {exception}"
        sys.stderr.write(escaped(f"monitor: {request.path}: cannot be answered: {why}") + "\n")
        return _said(request, _WRONG, "Something in the address is not what it should be.", 400)
    traceback.print_exception(exception)
    return _said(request, "Something went wrong", "The terminal of the dashboard says what.", 500)


@hookimpl
def forbidden(request: Request, message: str) -> Any:  # noqa: ANN401
    """Say so."""
    return _said(request, "Not allowed", message, 403)


async def front(request: Request, datasette: Datasette) -> Any:  # noqa: ANN401
    """Answer with the front page."""
    now = time.time()
    name = request.args.get("span", _SPAN)
    if name not in NAMES:
        return _said(request, _WRONG, f"span = {name!r}: must be one of {', '.join(NAMES)}", 400)
    try:
        until = instant(request.args.get("until", "now"), now)
    except ValueError as error:
        return _said(request, _WRONG, f"until = {error}", 400)
    entity: str | None = request.args.get("entity")

    def reading(connection: sqlite3.Connection) -> Overview:
        with sqlite_timelimit(connection, _TIME_LIMIT_MS):
            return read(connection, Span.ending(min(until, now), name), entity=entity, now=now)

    try:
        overview = await datasette.get_database(NAME).execute_fn(reading)
    except UnknownEntityError as error:
        return _said(request, "Not in this log", str(error), 404)
    shown = overview.entity
    title = "How each entity stands" if shown is None else f"{shown or 'No entity'}: reputation"
    return _page(request, title, page.content(overview, name))


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


def _page(request: Request, title: str, content: Content, status: int = 200) -> Any:  # noqa: ANN401
    document = page.document(
        title,
        tag("link", rel="stylesheet", href=_STYLE),
        [page.header(_path(request), _switch(request)), content],
        _theme(request),
    )
    return Response.html(document, status=status, headers={"Cache-Control": "no-store"})


def _said(request: Request, title: str, message: str, status: int) -> Any:  # noqa: ANN401
    said = tag("main", tag("h1", title), tag("p", message), id="content", tabindex="-1")
    return _page(request, title, said, status)


def _theme(request: Request | None) -> page.Theme:
    theme: page.Theme = request.scope.get(THEME, "auto") if request else "auto"
    return theme


def _path(request: Request | None) -> str:
    return request.path if request else ""


def _switch(request: Request | None) -> Markup | None:
    """Link to this page in each theme."""
    if request is None:
        return None
    query = parse_qsl(request.query_string, keep_blank_values=True)
    asked = [(key, value) for key, value in query if key != f"_{THEME}"]
    current = _theme(request)
    return tag(
        "nav",
        "Theme",
        [
            tag(
                "a",
                theme,
                href=f"{request.path}?{urlencode([*asked, (f'_{THEME}', theme)])}",
                aria_current="true" if theme == current else None,
            )
            for theme in page.THEMES
        ],
        class_="theme",
        aria_label="theme",
    )
