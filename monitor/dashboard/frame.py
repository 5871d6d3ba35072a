"""What is around every page of ours: document, header, theme; and pages that say one thing."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, urlencode

from datasette import Response

from monitor.dashboard.guard import TAKES_FORMS, THEME
from monitor.pictures import page
from monitor.pictures.markup import Content, Markup, tag

if TYPE_CHECKING:
    from datasette.utils.asgi import Request

STYLE: Final = f"/-/style-{hashlib.sha256(page.STYLE.encode()).hexdigest()[:12]}.css"
"""Address of the style sheet; it changes with it."""


def header(request: Request | None) -> Markup:
    """Return what is at the top of a page."""
    if request is None:
        return page.header("", None)
    return page.header(request.path, _switch(request), request.scope.get(TAKES_FORMS))


def answer(request: Request, title: str, content: Content, status: int = 200) -> Any:  # noqa: ANN401
    """Answer with a page."""
    document = page.document(
        title,
        tag("link", rel="stylesheet", href=STYLE),
        [header(request), content],
        theme(request),
    )
    return Response.html(document, status=status, headers={"Cache-Control": "no-store"})


def said(request: Request, title: str, message: str, status: int) -> Any:  # noqa: ANN401
    """Answer with a page that says one thing."""
    content = tag("main", tag("h1", title), tag("p", message), id="content", tabindex="-1")
    return answer(request, title, content, status)


def theme(request: Request | None) -> page.Theme:
    """Return the theme that a page is asked for in."""
    asked: page.Theme = request.scope.get(THEME, "auto") if request else "auto"
    return asked


def _switch(request: Request) -> Markup:
    """Link to this page in each theme."""
    query = parse_qsl(request.query_string, keep_blank_values=True)
    asked = [(key, value) for key, value in query if key != f"_{THEME}"]
    current = theme(request)
    return tag(
        "nav",
        "Theme",
        [
            tag(
                "a",
                each,
                href=f"{request.path}?{urlencode([*asked, (f'_{THEME}', each)])}",
                aria_current="true" if each == current else None,
            )
            for each in page.THEMES
        ],
        class_="theme",
        aria_label="theme",
    )
