"""What a question may cost: the memory of a real dashboard, whatever it is asked."""

from __future__ import annotations

import socket
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from monitor.dashboard import limits
from monitor.dashboard.queries import METADATA
from tests.dashboard.conftest import Dashboard
from tests.factories import NOW
from tests.pictures.logs import write
from tests.processes import PATIENCE_S

_MIB = 2**20
_N = "with recursive n(x) as (select 1 union all select x + 1 from n limit 3000000)"
_LARGE = "with recursive n(x) as (select 1 union all select x + 1 from n limit 1000)"

NASTY = (
    "select zeroblob(900000000)",
    "select randomblob(900000000)",
    "select hex(zeroblob(400000000))",
    "select length(hex(zeroblob(400000000)))",
    "select printf('%900000000d', 1)",
    "select printf('%.*c', 50000000, 'x')",
    "select replace(hex(zeroblob(500000)), '00', hex(zeroblob(500000)))",
    "select quote(zeroblob(400000000))",
    f"{_N} select group_concat(hex(randomblob(100))) from n",
    f"{_N} select json_group_array(hex(randomblob(100))) from n",
    f"{_N} select json_group_object(x, hex(randomblob(100))) from n",
    f"{_N} select x, hex(randomblob(50)) as h from n order by h",
    f"{_N} select distinct hex(randomblob(100)) from n",
    f"{_N} select hex(randomblob(100)) as h, count(*) from n group by h",
    f"{_N} select count(*) over (order by hex(randomblob(100))) from n",
    f"{_LARGE} select zeroblob(1000000) from n",
    f"{_LARGE} select hex(zeroblob(500000)) from n",
    f"{_LARGE} select char(1) || printf('%.*c', 500000, char(1)) from n",
    f"{_LARGE} select {', '.join(f'zeroblob(1000000) as c{n}' for n in range(99))} from n",
    "with recursive n(x) as (select zeroblob(900000) union all select x from n) select * from n",
    "with recursive n(x) as (select hex(zeroblob(9)) union select x || 'a' from n) select x from n",
    f"select {'1 + ' * 2000} 1",
    f"select {'abs(' * 800}1{')' * 800}",
    " union all ".join(["select 1"] * 600),
    f"select {', '.join('1' for _ in range(1500))}",
    f"select '{'a' * 10_000}' like '{'%a' * 4_000}b'",
    "select instr(zeroblob(200000), zeroblob(100000) || 'x')",
    "select * from tweets, tweets, tweets, tweets, tweets, tweets",
    "select * from pragma_hard_heap_limit",
    "select load_extension('x')",
    "select '",
    "select 1;",
    "\0",
)


def _ask(dashboard: Dashboard, addresses: Sequence[str]) -> dict[str, int]:
    """Ask for addresses, some at the same time."""
    answered = {}
    with httpx.Client(base_url=dashboard.address, timeout=PATIENCE_S) as client:
        for address in addresses:
            with client.stream("GET", address) as answer:
                size = sum(map(len, answer.iter_bytes()))
            answered[address] = answer.status_code
            assert 60 * _MIB > size, address
    return answered


@pytest.mark.parametrize(
    "form", ["", *(pytest.param(form, marks=pytest.mark.study) for form in (".json", ".csv"))]
)
def test_no_question_takes_the_machines_memory(
    tmp_path: Path, serve: Callable[..., Dashboard], form: str
) -> None:
    """With SQL allowed: each is answered or refused, and the process stays small."""
    dashboard = serve(write(tmp_path / "log.db", [(NOW, "Acme", "negative")] * 50), "--sql")
    _ask(dashboard, [f"/log{form}?sql=select+1"])
    before = dashboard.peak()
    answered = _ask(dashboard, [f"/log{form}?sql={quote(sql)}" for sql in NASTY])

    assert {200, 400, 414} >= set(answered.values()), answered
    assert 288 * _MIB > dashboard.peak() - before
    code, err = dashboard.end()
    assert 130 == code
    assert "Traceback" not in err, err


def test_nobody_asks_questions_of_her_own_unasked(
    tmp_path: Path, serve: Callable[..., Dashboard]
) -> None:
    """Without --sql there is none in any form, and the ready ones are answered as before."""
    dashboard = serve(write(tmp_path / "log.db", [(NOW, "Acme", "negative")]))
    own = [f"/log{form}?sql=select+1" for form in ("", ".json", ".csv", ".blob")]
    own += [f"/log/tweets{form}?_where=1=1" for form in ("", ".json", ".csv")]
    ready = [
        f"/log/{name}{form}?entity=Acme&until=9&alert=1"
        for name in METADATA["queries"]
        for form in ("", ".json", ".csv")
    ]
    with httpx.Client(base_url=dashboard.address, timeout=PATIENCE_S) as client:
        page = client.get("/log").text

    assert "<textarea" not in page
    assert "Busiest hours" in page
    assert dict.fromkeys(own, 403) == _ask(dashboard, own)
    assert dict.fromkeys(ready, 200) == _ask(dashboard, ready)


def test_large_rows_are_shown_as_far_as_they_go(
    tmp_path: Path, serve: Callable[..., Dashboard]
) -> None:
    """Strangers' tweets may be of 64 KiB each: the page shows the latest, and says that of more."""
    path = write(tmp_path / "log.db", [(NOW + n, "Acme", "negative") for n in range(200)])
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE tweets SET text = hex(zeroblob(32768))")
    dashboard = serve(path)
    with httpx.Client(base_url=dashboard.address, timeout=PATIENCE_S) as client:
        tweets = client.get("/log/negative-tweets?entity=Acme")
        table = client.get("/log/tweets")
        few = client.get("/log/tweets?_size=10")
        data = client.get("/log/negative-tweets.json?entity=Acme&_shape=objects").json()

    assert (200, True) == (tweets.status_code, "More than 31" in tweets.text)
    assert (200, True) == (table.status_code, "not all rows" in table.text)
    assert (200, False) == (few.status_code, "not all rows" in few.text)
    assert (True, 31) == (data["truncated"], len(data["rows"]))


@pytest.mark.parametrize("form", ["", ".json", ".csv"])
def test_whoever_takes_an_answer_slowly_holds_up_nobody(
    tmp_path: Path, serve: Callable[..., Dashboard], form: str
) -> None:
    """Downloads that a browser has paused, more of them than answers are made at a time."""
    path = write(tmp_path / "log.db", [(NOW + n, "Acme", "negative") for n in range(200)])
    with closing(sqlite3.connect(path)) as connection, connection:
        # In CSV a quotation mark becomes two: more than a socket takes by itself.
        connection.execute("UPDATE tweets SET text = replace(hex(zeroblob(32768)), '0', char(34))")
    dashboard = serve(path)
    with ExitStack() as paused:
        for _ in range(4):
            slow = paused.enter_context(socket.socket())
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            slow.connect(("127.0.0.1", int(dashboard.address.rpartition(":")[2])))
            slow.sendall(f"GET /log/tweets{form} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            assert slow.recv(1)

        assert dict.fromkeys(["/"], 200) == _ask(dashboard, ["/"])


def test_connections_on_which_nothing_is_asked_end(
    tmp_path: Path, serve: Callable[..., Dashboard]
) -> None:
    """There are few, and they would keep everybody out: silent ones, and half a request."""
    dashboard = serve(write(tmp_path / "log.db", [(NOW, "Acme", "negative")]))
    address = ("127.0.0.1", int(dashboard.address.rpartition(":")[2]))
    with ExitStack() as idle:
        silent = [idle.enter_context(socket.create_connection(address)) for _ in range(40)]
        for connection in silent[::2]:
            connection.sendall(b"GET / HTTP/1.1\r\nHost:")
        for connection in silent:
            connection.settimeout(PATIENCE_S)
            while connection.recv(65_536):
                pass

        assert dict.fromkeys(["/"], 200) == _ask(dashboard, ["/"])


def test_an_answer_is_bounded() -> None:
    """By rows, and by bytes; where all rows are wanted, more than that is an error."""
    large = f"{_LARGE} SELECT zeroblob(1000000) FROM n"
    with closing(sqlite3.connect(":memory:")) as connection:

        def fetched(sql: str, most: int | None) -> tuple[int, bool]:
            rows, more = limits.fetched(connection.execute(sql), most)
            return len(rows), more

        assert (3, False) == fetched("VALUES (1), (2), (3)", None)
        assert (3, False) == fetched("VALUES (1), (2), (3)", 3)
        assert (1, True) == fetched("VALUES (1), (2), (3)", 1)
        assert (2, True) == fetched(large, 10)
        with pytest.raises(limits.TooLargeError, match="larger than 2 MiB"):
            fetched(large, None)
