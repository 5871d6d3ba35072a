"""Who may ask, and what every answer says."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import Any

import pytest

from monitor.dashboard.guard import Receive, Scope, Send, guarded


def _ask(
    host: str, *, loopback: bool = True, query: str = "", cookie: str = ""
) -> tuple[int, dict[str, str], str]:
    """Ask an application that answers with the theme it was given."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        del receive
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": scope["theme"].encode()})

    sent: list[MutableMapping[str, Any]] = []

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request"}

    headers = [(b"host", host.encode()), (b"cookie", cookie.encode("latin-1"))]
    scope = {"type": "http", "headers": headers, "query_string": query.encode()}
    asyncio.run(guarded(app, loopback=loopback)(scope, receive, send))
    start, body = sent
    answered = {name.decode(): value.decode() for name, value in start["headers"]}
    return start["status"], answered, body["body"].decode()


@pytest.mark.parametrize("host", ["localhost:8001", "127.0.0.1", "[::1]:8001", "localhost"])
def test_this_machine_may_ask(host: str) -> None:
    """By any of its names for itself."""
    assert 200 == _ask(host)[0]


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8001",
        "localhost.evil.example:8001",
        "127.0.0.1.evil.example",
        "",
        "localhost:8001.evil.example",
    ],
)
def test_a_site_that_leads_here_may_not(host: str) -> None:
    """A page of the web whose name leads to 127.0.0.1 gets nothing of the log."""
    assert 421 == _ask(host)[0]


def test_who_opened_it_to_others_is_asked_by_any_name() -> None:
    """With --host the names are not ours to know."""
    assert 200 == _ask("board.lan:8001", loopback=False)[0]


def test_no_script_and_no_other_host() -> None:
    """Every answer says what its page may load."""
    for host in ("localhost", "evil.example"):
        policy = _ask(host)[1]["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src" not in policy
        assert "http" not in policy


@pytest.mark.parametrize(
    ("query", "cookie", "theme"),
    [
        ("", "", "auto"),
        ("_theme=night", "", "night"),
        ("a=1&_theme=day", "theme=night", "day"),
        ("", "theme=night", "night"),
        ("", "theme=nonsense", "auto"),
        ("_theme=%3Cscript%3E", "theme=day", "day"),
        ("", 'theme="unended; x=\x01', "auto"),
    ],
)
def test_the_theme(query: str, cookie: str, theme: str) -> None:
    """The address says, else the cookie, else nobody; nonsense is nobody."""
    _, headers, answered = _ask("localhost", query=query, cookie=cookie)

    assert theme == answered
    assert ("_theme=" in query and "%3C" not in query) == ("set-cookie" in headers)
