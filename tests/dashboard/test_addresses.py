"""Whatever is asked of a real dashboard: an answer or a refusal, never a fault of its own."""

from __future__ import annotations

import random
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.dashboard.conftest import Dashboard
from tests.factories import NOW
from tests.pictures.logs import HOSTILE, write
from tests.processes import PATIENCE_S


def _words(text: str) -> list[str]:
    return text.split()


_PARAMETERS = _words(
    "_size=x _size=-1 _size=0 _size=99999 _size=max _next=x _next=1,2,3 _next=%00 _next=%ff"
    " _timelimit=x _timelimit=-1 _timelimit=0 _timelimit=1 _facet=text _facet=%7B _facet_array=x"
    " _facet_date=y _facet_size=x _through=x _through=%7B%7D _through=1 _shape=x _shape=object"
    " _shape=array&_nl=1 _shape=arrayfirst _col=x _nocol=x _sort=x _sort_desc=x"
    " _sort=text&_sort_desc=text _sort=text&_next=a _sort_by_desc=1 _filter_column=x"
    " _filter_column=text&_filter_op=zz _fts_table=nothing&_search=x _fts_pk=zz _search=x"
    " _search_x=1 _where=1=1 _labels=x _label=x _ttl=%C2%B2 _ttl=99999999999999999999999 _json=text"
    " _json_infinity=x _blob_column=text _blob_column=x _blob_column=payload&_blob_hash=1 _stream=1"
    " _trace=1 _header=off _dl=1 _extra=x _context=1 text__x=1 text__in=[ text__in=[1 text__date=x"
    " text__arraycontains=x text__isnull= _x__y=1 x__exact=1 %00=1 %FF=1 = &&& sql= sql=select+1"
    " sql=delete sql=%00 entity=%00 entity=%ED%A0%80 entity=%FF _theme=x _hide_sql=1 _show_sql=1"
    " label=zz&since=x alert=99999999999999999999999999 span=1 until=x until=99999-01-01"
    " until=0001-01-01&span=1y until=9999-12-31T23:59:59&span=1y until=1e400d"
    " until=2020-01-01T00:00:00%2B99:99"
)
_PLACES = ("/", "/log", "/log/tweets", "/log/negative-tweets", "/log/tweets/0")
_FORMS = ("", ".json", ".csv", ".blob")
_PATHS = _words(
    "/% /%zz /%00 /log/%00 /log/%ff /log/~ /log/~zz /log/~ff /log/tweets/~ff // //evil.example/"
    " //evil.example/%41 /\\evil.example/ /log// /log/ /./ /../../etc/passwd /-/ /- /-/metadata"
    " /-/versions.json /-/plugins.json /-/settings.json /-/config /-/threads /-/databases /-/actor"
    " /-/auth-token?token=x /-/logout /-/permissions /-/messages /-/allow-debug?actor=x /-/patterns"
    " /-/static/../../app.py /-/static/%00 /-/static/app.css /_memory?sql=select+1 /_internal.json"
    " /_internal/databases.json /:memory: /favicon.ico /log.db /robots.txt * http://evil.example/"
)
_METHODS = _words("GET HEAD POST PUT DELETE OPTIONS PATCH TRACE CONNECT FOO get")
_PIECES = (
    *"/.?&=%~-_:;,+*'\"<>[]{}|^`!@$()\\",
    *_words("%00 %ff %2f %5c ~2F log tweets labels _next _size _sort .json .csv 0 -1 %25 %0d%0a"),
)


def _ask(dashboard: Dashboard, target: str, method: str = "GET", headers: str = "") -> bytes:
    """Send a request as it is, and return the whole answer."""
    address = ("127.0.0.1", int(dashboard.address.rpartition(":")[2]))
    with socket.create_connection(address, timeout=PATIENCE_S) as connection:
        head = (
            f"{method} {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n"
        )
        connection.sendall(head.encode("latin-1"))
        answer = bytearray()
        while more := connection.recv(65_536):
            answer += more
    return bytes(answer)


def _status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


@pytest.fixture
def dashboard(tmp_path: Path, serve: Callable[..., Dashboard]) -> Dashboard:
    """A dashboard of a log with hostile words."""
    return serve(write(tmp_path / "log.db", [(NOW, HOSTILE, "negative")] * 3, [NOW]))


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    """Such a dashboard for all tests that do not ask how it ends: a second's CPU time to start."""
    folder = tmp_path_factory.mktemp("shared")
    dashboard = Dashboard(write(folder / "log.db", [(NOW, HOSTILE, "negative")] * 3, [NOW]))
    yield dashboard
    dashboard.kill()


def _assert_well(dashboard: Dashboard) -> None:
    """It still answers, and said nothing of a fault, nor anything that steers its terminal."""
    assert 200 == _status(_ask(dashboard, "/"))
    code, err = dashboard.end()
    assert 130 == code
    assert "Traceback" not in err, err
    assert all(line.isprintable() for line in err.splitlines()), err


@pytest.mark.parametrize(
    "place", [*_PLACES[:1], *(pytest.param(p, marks=pytest.mark.study) for p in _PLACES[1:])]
)
def test_no_parameter_is_too_odd(dashboard: Dashboard, place: str) -> None:
    """In any form of any page."""
    for form in _FORMS if place != "/" else ("",):
        for parameter in ("", *_PARAMETERS):
            address = f"{place}{form}?{parameter}"
            assert 500 > _status(_ask(dashboard, address)), address
    _assert_well(dashboard)


def test_no_path_is_too_odd(dashboard: Dashboard) -> None:
    """Nor any method, nor what is put together by chance."""
    chance = random.Random(1)
    odd = ["/" + "".join(chance.choices(_PIECES, k=chance.randint(1, 12))) for _ in range(300)]
    odd += [
        "/" + "a" * 2_000,
        "/" + "a" * 20_000,
        "/log?" + "a=1&" * 3_000,
        "/log?a=" + "a" * 50_000,
    ]
    for path in (*_PATHS, *odd):
        answer = _ask(dashboard, path)
        assert 500 > _status(answer), path
        assert b"location: //" not in answer.lower(), path
        assert b"location: http://evil" not in answer.lower(), path
    for method in _METHODS:
        for path in (*_PLACES, "/log/tweets.csv", "/-/messages", "//"):
            status = _status(_ask(dashboard, path, method))
            assert 500 > status, (method, path)
            if method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"):
                assert 405 == status, (method, path)
    _assert_well(dashboard)


def test_head_is_as_get_without_the_page(shared: Dashboard) -> None:
    """For whatever looks whether it is there."""
    for path in (*_PLACES[:-1], "/log/tweets.csv", "/log.json"):
        got, headed = _ask(shared, path), _ask(shared, path, "HEAD")
        assert _status(got) == _status(headed), path
        assert b"" == headed.partition(b"\r\n\r\n")[2], path


def test_a_method_that_would_change_something_is_told_which_do_not(shared: Dashboard) -> None:
    """405, with the methods that there are (RFC 9110, section 15.5.6)."""
    answer = _ask(shared, "/log/tweets", "POST", "Content-Length: 0\r\n")

    assert 405 == _status(answer)
    assert b"allow: GET, HEAD" in answer


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ("", 200),
        ("Sec-Fetch-Site: none\r\n", 200),
        ("Sec-Fetch-Site: same-origin\r\n", 200),
        ("Sec-Fetch-Site: cross-site\r\n", 403),
        ("Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n", 403),
        ("Sec-Fetch-Site: same-site\r\n", 403),  # another port of this machine
        ("Sec-Fetch-Site: \r\nOrigin: https://evil.example\r\n", 403),
        ("Origin: null\r\n", 403),
        ("Origin: http://[evil\r\n", 403),
        ("Origin: \xff\r\n", 403),
        ("Origin: http://localhost\r\n", 200),
    ],
)
def test_another_sites_page_causes_nothing(shared: Dashboard, headers: str, status: int) -> None:
    """It is not answered; a person who followed a link is shown the way."""
    answer = _ask(shared, "/?span=7d&entity=%3Cb%3E", headers=headers)
    said = answer.partition(b"\r\n\r\n")[2]

    assert status == _status(answer) or (status, 404) == (200, _status(answer))
    assert (status == 403) == (b'<a href="/?span=7d&amp;entity=%3Cb%3E">show it</a>' in said)


def test_cookies_of_others_do_no_harm(dashboard: Dashboard) -> None:
    """A browser sends those of every program that it has met on this machine."""
    for cookie in ("a=\xff", "theme=\xff; \xff", "[]=; a[=1", "$Path=/;;=", '"\x80'):
        for path in ("/", "/log", "/log/tweets", "/log/tweets.csv"):
            answer = _ask(dashboard, path, headers=f"Cookie: {cookie}\r\n")
            assert 200 == _status(answer), (cookie, path)
    _assert_well(dashboard)


def test_a_spreadsheet_calculates_nothing(tmp_path: Path, serve: Callable[..., Dashboard]) -> None:
    """What a name or a text would start is text in the CSV of any page, and as it is in JSON."""
    path = write(
        tmp_path / "log.db", [(NOW, "=cmd|'/c calc'!A1", "negative"), (NOW, "-5", "negative")]
    )
    dashboard = serve(path)
    query = "entity=%3Dcmd%7C%27%2Fc+calc%27%21A1&until=9"
    table = _ask(dashboard, "/log/labels.csv")
    rollups = _ask(dashboard, "/log/rollups.csv")
    data = _ask(dashboard, "/log/labels.json")

    assert b",'=cmd|'/c calc'!A1," in table
    assert b",'=cmd|'/c calc'!A1," in rollups
    assert b",=cmd" not in table + rollups
    assert b",-5," in table
    assert b"\"=cmd|'/c calc'!A1\"" in data
    assert 200 == _status(_ask(dashboard, f"/log/tweets-behind.csv?{query}"))
