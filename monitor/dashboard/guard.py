"""What stands before every page: who may ask, what a page may load, which theme it has."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any, Final
from urllib.parse import parse_qs

from monitor.pictures.page import THEMES

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
App = Callable[[Scope, Receive, Send], Coroutine[Any, Any, None]]

THEME: Final = "theme"
"""Key of the scope, and name of the cookie; in addresses it has an underscore before it, so that
Datasette does not take it for a column."""

# No script at all, so whatever a tweet says, none runs. Datasette sets colours in attributes.
_POLICY: Final = (
    b"default-src 'none'; style-src 'self'; style-src-attr 'unsafe-inline'; img-src 'self';"
    b" form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS: Final = (
    (b"content-security-policy", _POLICY),
    (b"referrer-policy", b"same-origin"),
    (b"x-content-type-options", b"nosniff"),
)
_LOCAL: Final = ("localhost", "127.0.0.1", "[::1]")


def guarded(app: App, *, loopback: bool) -> App:
    """Wrap an application.

    Args:
        app: to be wrapped.
        loopback: whether it is meant for this machine alone. Then it answers to local names only:
            a site on the web may have its own name lead to 127.0.0.1, and could read the log
            through the browser of whoever visits it (DNS rebinding).
    """

    async def guard(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        if loopback and not _is_local(headers.get(b"host", "")):
            await _refuse(send)
            return
        chosen = parse_qs(scope["query_string"].decode("latin-1")).get(f"_{THEME}", [""])[-1]
        known = chosen if chosen in THEMES else ""
        theme = known or _remembered(headers.get(b"cookie", ""))

        async def send_more(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                more = list(_HEADERS)
                if known:
                    cookie = f"{THEME}={known}; Path=/; Max-Age=31536000; SameSite=Lax; HttpOnly"
                    more.append((b"set-cookie", cookie.encode()))
                message = {**message, "headers": [*message.get("headers", []), *more]}
            await send(message)

        await app({**scope, THEME: theme}, receive, send_more)

    return guard


def _is_local(host: str) -> bool:
    name, _, port = host.rpartition(":")
    return host in _LOCAL or (name in _LOCAL and port.isdigit())


def _remembered(cookies: str) -> str:
    try:
        found = SimpleCookie(cookies).get(THEME)
    except CookieError:
        return THEMES[0]
    return found.value if found and found.value in THEMES else THEMES[0]


async def _refuse(send: Send) -> None:
    said = (
        b"This dashboard answers on this machine alone; `monitor dashboard --host` widens that.\n"
    )
    headers = [(b"content-type", b"text/plain; charset=utf-8"), *_HEADERS]
    await send({"type": "http.response.start", "status": 421, "headers": headers})
    await send({"type": "http.response.body", "body": said})
