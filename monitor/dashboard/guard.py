"""What every request passes first: who may ask and how, what a page may load, its theme."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from contextlib import suppress
from html import escape
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
    (b"cross-origin-resource-policy", b"same-origin"),
)
_LOCAL: Final = ("localhost", "127.0.0.1", "[::1]")
_METHODS: Final = ("GET", "HEAD")
_FORM: Final = "application/x-www-form-urlencoded"
_FORM_WITHIN_S: Final = 10
"""How long a form may take to arrive."""
_OWN: Final = ("same-origin", "none")
"""Of Sec-Fetch-Site: asked by a page of ours, or by the person herself, who typed the address."""
LONGEST_ADDRESS: Final = 16_384
"""Bytes of path and query."""
LONGEST_FORM: Final = 2 * LONGEST_ADDRESS
"""Bytes. A form has what the address of its page has, a token and an answer."""
TAKES_FORMS: Final = "takes_forms"
"""Key of the scope: the one path that takes forms, or None."""
_AT_ONCE: Final = 2
"""Answers that are made at the same time: each takes memory, and the board has other work."""


def guarded(app: App, *, loopback: bool, takes_forms: str | None = None) -> App:
    """Wrap an application.

    It gets requests to read only, and at one path forms that its own page sends, with addresses of
    a bounded length, that no page of another site has made: such a page could not read the answer,
    but it could keep the board busy. Browsers tell who asks (Sec-Fetch-Site, Origin); what is no
    browser is not asked to, unless it sends a form.

    Args:
        app: to be wrapped.
        loopback: whether it is meant for this machine alone. Then it answers to local names only:
            a site on the web may have its own name lead to 127.0.0.1, and could read the log
            through the browser of whoever visits it (DNS rebinding).
        takes_forms: the path that takes forms (POST); None for none. A form has to say by Origin
            that a page of ours made it. Whether it has the token is looked at by whoever takes it.

    Sources: W3C, "Fetch Metadata Request Headers"; RFC 6454 (Origin).
    """
    turns = asyncio.Semaphore(_AT_ONCE)

    async def guard(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        if refusal := _refusal(scope, headers, takes_forms, loopback=loopback):
            await _refuse(send, *refusal, methods=_methods(scope, takes_forms))
            return
        is_form = scope.get("method") == "POST"
        if is_form:  # before the turn: whoever sends a form slowly holds up nobody
            form = await _read(receive)
            if form is None:
                said = f"A form has {LONGEST_FORM} bytes at most, and {_FORM_WITHIN_S} s to arrive."
                await _refuse(send, 413, _text(said))
                return
            receive = _replayed(form)
        chosen = parse_qs(scope["query_string"].decode("latin-1")).get(f"_{THEME}", [""])[-1]
        known = chosen if chosen in THEMES else ""
        theme = known or _remembered(headers.get(b"cookie", ""))

        answer: list[MutableMapping[str, Any]] = []

        async def keep(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                more = list(_HEADERS)
                if known:
                    cookie = f"{THEME}={known}; Path=/; Max-Age=31536000; SameSite=Lax; HttpOnly"
                    more.append((b"set-cookie", cookie.encode()))
                message = {**message, "headers": [*message.get("headers", []), *more]}
            answer.append(message)

        # The server leaves out the body of an answer to HEAD. Cookies are not passed on: browsers
        # send those of all that runs on this machine, whatever bytes are in them.
        asked = {
            **scope,
            THEME: theme,
            TAKES_FORMS: takes_forms,
            "method": "POST" if is_form else "GET",
            "headers": [header for header in scope["headers"] if header[0] != b"cookie"],
        }
        async with turns:
            await app(asked, receive, keep)
        for message in answer:  # after the turn: whoever takes an answer slowly holds up nobody
            await send(message)

    return guard


def _refusal(
    scope: Scope, headers: MutableMapping[bytes, str], takes_forms: str | None, *, loopback: bool
) -> tuple[int, str] | None:
    """Say why a request is not answered: the status, and a page for whoever asked."""
    if loopback and not _is_local(headers.get(b"host", "")):
        return 421, _text(
            "This dashboard answers on this machine alone; `monitor dashboard --host` widens that."
        )
    method = scope.get("method", "GET")
    methods = _methods(scope, takes_forms)
    if method not in methods:
        return 405, _text(
            f"Nothing is changed from here: the dashboard answers {' and '.join(methods)}."
        )
    path = scope.get("raw_path") or scope.get("path", "/").encode()
    if len(path) + len(scope["query_string"]) > LONGEST_ADDRESS:
        return 414, _text(f"The address is longer than {LONGEST_ADDRESS} bytes.")
    # Datasette redirects to what it is asked for, and some forms of that name another host.
    odd = not path.startswith(b"/") or path.startswith((b"//", b"/\\"))
    if odd or not (path + scope["query_string"]).isascii():
        return 400, _text("That is no address of this dashboard.")
    if not _is_own(headers):
        address = escape(path.decode("ascii"))
        if scope["query_string"]:
            address += f"?{escape(scope['query_string'].decode('ascii'))}"
        return 403, (
            "<!DOCTYPE html>\n<title>Reputation monitor</title><p>A page of another site asked for"
            f' this. If it was you who followed a link: <a href="{address}">show it</a>.</p>\n'
        )
    return _refused_form(headers) if method == "POST" else None


def _methods(scope: Scope, takes_forms: str | None) -> tuple[str, ...]:
    is_taken = takes_forms is not None and scope.get("path") == takes_forms
    return (*_METHODS, "POST") if is_taken else _METHODS


def _refused_form(headers: MutableMapping[bytes, str]) -> tuple[int, str] | None:
    """Say why a form is not taken: browsers say of each whose page has sent it (Origin)."""
    site = headers.get(b"sec-fetch-site", "same-origin")
    host = headers.get(b"host", "")
    if site != "same-origin" or headers.get(b"origin") not in (f"http://{host}", f"https://{host}"):
        return 403, _text("Forms are taken from this dashboard's own pages alone.")
    kind = headers.get(b"content-type", "").partition(";")[0].strip().lower()
    if kind != _FORM:
        return 415, _text("That is no form.")
    return None


async def _read(receive: Receive) -> bytes | None:
    """Return a form; None if it is too long, takes too long, or its sender is gone."""
    form = bytearray()
    more = True
    with suppress(TimeoutError):
        async with asyncio.timeout(_FORM_WITHIN_S):
            while more and len(form) <= LONGEST_FORM:
                message = await receive()
                if message["type"] != "http.request":
                    return None
                form += message.get("body", b"")
                more = message.get("more_body", False)
    return None if more or len(form) > LONGEST_FORM else bytes(form)


def _replayed(form: bytes) -> Receive:
    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": form, "more_body": False}

    return receive


def _is_own(headers: MutableMapping[bytes, str]) -> bool:
    """Whether a request was not made by another site's page, as far as headers tell."""
    if site := headers.get(b"sec-fetch-site"):
        return site in _OWN
    origin = headers.get(b"origin")
    return origin is None or origin.partition("://")[2] == headers.get(b"host")


def _text(said: str) -> str:
    return f"<!DOCTYPE html>\n<title>Reputation monitor</title><p>{escape(said)}</p>\n"


def _is_local(host: str) -> bool:
    name, _, port = host.rpartition(":")
    return host in _LOCAL or (name in _LOCAL and port.isdigit())


def _remembered(cookies: str) -> str:
    try:
        found = SimpleCookie(cookies).get(THEME)
    except CookieError:
        return THEMES[0]
    return found.value if found and found.value in THEMES else THEMES[0]


async def _refuse(send: Send, status: int, page: str, methods: tuple[str, ...] = _METHODS) -> None:
    headers = [(b"content-type", b"text/html; charset=utf-8"), *_HEADERS]
    if status == 405:
        headers.append((b"allow", ", ".join(methods).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": page.encode()})
