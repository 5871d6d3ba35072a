"""Labelling in the browser: what is asked and kept, beside a daemon; and who may not answer."""

from __future__ import annotations

import html
import re
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest

from monitor.clock import utc
from monitor.dashboard.guard import LONGEST_FORM
from monitor.labelling.sample import draw
from monitor.store import Store
from monitor.store.owner_labels import OwnerLabel, opened_beside, put, read
from tests.browser import Browser
from tests.dashboard.conftest import Dashboard
from tests.factories import batch_row, tweet_row, verdict
from tests.logs import Said, write_log
from tests.pictures.logs import HOSTILE
from tests.processes import PATIENCE_S, wait_until


class Page:
    """A page as whoever labels sees it, and the form on it."""

    def __init__(self, answer: httpx.Response) -> None:
        self.status = answer.status_code
        self.markup = answer.text
        self.text = html.unescape(re.sub(r"<[^>]*>", "", answer.text)).replace("\xa0", " ")
        self.fields = {
            name: html.unescape(value)
            for name, value in re.findall(
                r'<input type="hidden" name="(\w+)" value="([^"]*)">', answer.text
            )
        }


class Owner:
    """Someone with a browser, without the browser."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.client = httpx.Client(base_url=address, timeout=PATIENCE_S)
        self.origin = {"Origin": address, "Sec-Fetch-Site": "same-origin"}

    def look(self, address: str = "/label") -> Page:
        """Open a page."""
        return Page(self.client.get(address))

    def answer(self, page: Page, answer: str) -> Page:
        """Press a button, and see the page that it leads to."""
        fields = {**page.fields, "answer": answer}
        sent = self.client.post("/label", data=fields, headers=self.origin)
        while sent.status_code == 503:  # the log was busy: once more, as the page says
            sent = self.client.post("/label", data=fields, headers=self.origin)
        assert 303 == sent.status_code, sent.text
        return self.look(sent.headers["location"])


def _log(folder: Path) -> Path:
    """Write a log about Acme, and less of it about others."""
    return write_log(
        folder / "monitor.db",
        [
            Said("Acme", "negative", 20, text="a complaint of @user"),
            Said("Acme", "positive", 20, text="praise of it"),
            Said(HOSTILE, "positive", 3, text=HOSTILE),
            Said("Silent", "neutral", 3, text=None),
        ],
        now=time.time(),
    )


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log of a test's own."""
    return _log(tmp_path)


@pytest.fixture
def dashboard(log: Path, serve: Callable[..., Dashboard]) -> Dashboard:
    """A dashboard that takes labels."""
    return serve(log, "--label")


@pytest.fixture
def owner(dashboard: Dashboard) -> Iterator[Owner]:
    """Someone who looks at it."""
    owner = Owner(dashboard.address)
    yield owner
    owner.client.close()


@pytest.fixture(scope="module")
def untaught(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Owner]:
    """One whose answers are refused, all of them, without a word of the dashboard's own faults."""
    log = _log(tmp_path_factory.mktemp("log"))
    dashboard = Dashboard(log, "--label")
    owner = Owner(dashboard.address)
    yield owner
    owner.client.close()
    assert [] == _labels(log)
    assert (130, "monitor: stopped\n") == dashboard.end()


def _labels(log: Path) -> list[OwnerLabel]:
    with opened_beside(log) as connection:
        return read(connection)


def _drawn(log: Path, count: int) -> list[str]:
    with opened_beside(log) as connection:
        return [tweet.id for tweet in draw(connection, "Acme", count, "random").tweets]


def test_a_sitting(log: Path, owner: Owner) -> None:
    """The tweets that `monitor label` would draw, in its order, and what they are worth so far."""
    order = _drawn(log, 12)
    page = owner.look()
    assert "What do tweets say of Acme?" in page.text
    assert "0 answered of 40 tweets" in page.text
    for answer in ["negative", "neutral", "positive"] * 3 + ["negative", "cannot-tell"]:
        page = owner.answer(page, answer)

    labels = _labels(log)
    assert order[:11] == [label.tweet_id for label in labels]
    assert {"random"} == {label.drawn for label in labels}
    assert order[11] == page.fields["tweet"]
    assert re.search(
        r"11 answered of 40 tweets .* 10 answers: \d+ % negative ± \d+; 25 more: about ± \d+",
        page.text,
    )


def test_it_goes_on_where_it_was(log: Path, owner: Owner, serve: Callable[..., Dashboard]) -> None:
    """After another start, and after somebody else has labelled the next tweet."""
    order = _drawn(log, 4)
    page = owner.answer(owner.look(), "neutral")
    with opened_beside(log) as connection:
        tweet = draw(connection, "Acme", 1, "random").tweets[0]
        put(connection, [tweet.labelled("neutral", "random", utc(time.time()))])
    assert order[1] == page.fields["tweet"] == tweet.id
    assert order[2] == owner.look().fields["tweet"]
    assert order[2] == Owner(serve(log, "--label").address).look().fields["tweet"]


def test_back(log: Path, owner: Owner) -> None:
    """To what was answered before; the new answer counts, and stays part of the sample."""
    first = owner.look()
    owner.answer(owner.answer(first, "neutral"), "neutral")

    def back(page: Page) -> Page:
        href = re.search(r'href="([^"]+)" accesskey="b"', page.markup)
        assert href
        return owner.look(html.unescape(href[1]))

    earlier = back(back(owner.look()))
    assert first.fields["tweet"] == earlier.fields["tweet"]
    assert "You said: neutral" in earlier.text
    assert 'accesskey="b"' not in earlier.markup
    owner.answer(earlier, "positive")
    assert {first.fields["tweet"]: "positive"}.items() <= {
        label.tweet_id: label.label for label in _labels(log)
    }.items()
    assert [("positive", "random"), ("neutral", "random")] == sorted(
        ((label.label, label.drawn) for label in _labels(log)), reverse=True
    )


def test_one_answer_for_one_tweet(log: Path, owner: Owner) -> None:
    """A button that is pressed twice, and a form that is sent again: one answer."""
    page = owner.look()
    after = [owner.answer(page, "negative") for _ in range(3)]

    assert 1 == len(_labels(log))
    assert 1 == len({each.fields["tweet"] for each in after})


def test_wrong_label(log: Path, owner: Owner) -> None:
    """Beside each tweet that is shown; kept apart, until chance draws it, too."""
    order = _drawn(log, 2)
    shown = owner.look("/log/tweets-behind?entity=Acme&since=2000&until=9999&label=").markup
    links = [html.unescape(link) for link in re.findall(r'href="(/label\?[^"]+)"', shown)]
    assert 40 == len(links)
    assert 'href="/label?' in owner.look("/log/labelled").markup
    (link,) = [link for link in links if link.endswith(f"tweet={order[0]}")]
    page = owner.look(link)
    assert "The model says:" in page.text
    after = owner.answer(page, "not-about-it")

    assert "You said: not about it" in after.text
    assert ["found"] == [label.drawn for label in _labels(log)]
    drawn = owner.look()  # its turn is before this one's
    assert order[1] == drawn.fields["tweet"]
    owner.answer(drawn, "neutral")
    assert {(order[0], "random"), (order[1], "random")} == {
        (label.tweet_id, label.drawn) for label in _labels(log)
    }


def test_what_was_not_drawn_counts_for_no_share(log: Path, owner: Owner) -> None:
    """Whatever a form says: of a retweet, say, which is never drawn."""
    write_log(log, [Said("Acme", "negative", 1, is_retweet=True)], now=time.time())
    page = owner.look("/label?entity=Acme&drawn=found&tweet=46")
    page.fields["drawn"] = "random"
    owner.answer(page, "negative")

    assert [("46", "found")] == [(label.tweet_id, label.drawn) for label in _labels(log)]


def test_what_would_teach_most(log: Path, owner: Owner) -> None:
    """As `monitor label --teach`; kept as such."""
    page = owner.look("/label?entity=Acme&drawn=teaching")
    assert "least sure of" in page.text
    owner.answer(page, "positive")

    assert ["teaching"] == [label.drawn for label in _labels(log)]


def test_all_are_answered(owner: Owner) -> None:
    """It ends, and says so."""
    page = owner.look(f"/label?{urlencode({'entity': HOSTILE})}")
    assert "<script" not in page.markup
    for _ in range(3):
        page = owner.answer(page, "neutral")

    assert f"All 3 tweets about {HOSTILE} are labelled" in page.text
    assert "<button" not in page.markup


def test_what_is_kept_of_texts(owner: Owner) -> None:
    """Masked texts are shown, and that is said; without texts there is nothing to show."""
    pages = [owner.look("/label?entity=Acme")]
    pages += [owner.answer(pages[-1], "neutral") for _ in range(1)]
    while "complaint" not in pages[-1].text:
        pages.append(owner.answer(pages[-1], "neutral"))
    assert "links and numbers are masked" in pages[-1].text
    for address in ("/label?entity=Silent", "/label?entity=Silent&drawn=found&tweet=43"):
        page = owner.look(address)
        assert '[privacy] store_text = "none"' in page.text
        assert "<button" not in page.markup


def test_looking_writes_nothing(log: Path, owner: Owner) -> None:
    """Whatever is in the address."""
    page = owner.look()
    with closing(sqlite3.connect(log)) as watching:
        before = watching.execute("PRAGMA data_version").fetchone()
        asked = urlencode({**page.fields, "answer": "negative"})
        for method in ("GET", "HEAD"):
            assert 200 == owner.client.request(method, f"/label?{asked}").status_code
        assert before == watching.execute("PRAGMA data_version").fetchone()
    assert [] == _labels(log)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": ""}, 403),
        ({"Origin": "http://127.0.0.1:1"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "none"}, 403),
        ({"Host": "evil.example", "Origin": "http://evil.example"}, 421),
        ({"Content-Type": "application/json"}, 415),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "multipart/form-data; boundary=x"}, 415),
        ({"Content-Type": ""}, 415),
    ],
)
def test_another_sites_form_is_not_taken(
    untaught: Owner, headers: dict[str, str], status: int
) -> None:
    """Even with the token; nor anything that is no form."""
    body = urlencode({**untaught.look().fields, "answer": "negative"})
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    sent = untaught.client.post(
        "/label", content=body, headers={**kind, **untaught.origin, **headers}
    )

    assert status == sent.status_code
    assert "frame-ancestors 'none'" in sent.headers["content-security-policy"]


def test_a_form_says_who_made_it(untaught: Owner) -> None:
    """What does not (Origin) is no browser's, and is not taken."""
    sent = untaught.client.post("/label", data={**untaught.look().fields, "answer": "negative"})

    assert 403 == sent.status_code


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"token": ""}, 403),
        ({"token": "é"}, 403),
        ({"token": "x" * 43}, 403),
        ({"answer": "excellent"}, 400),
        ({"answer": ""}, 400),
        ({"drawn": "by lot"}, 400),
        ({"more": "1"}, 400),
        ({"tweet": "none"}, 404),
        ({"tweet": "\x00"}, 404),
        ({"entity": "Nobody"}, 404),
        ({"entity": ["Acme", "Acme"]}, 400),
    ],
)
def test_a_form_that_is_not_ours(
    untaught: Owner,
    changed: dict[str, str | list[str]],
    status: int,
) -> None:
    """Is refused, and nothing is written."""
    fields = {**untaught.look().fields, "answer": "negative", **changed}
    sent = untaught.client.post("/label", data=fields, headers=untaught.origin)

    assert status == sent.status_code
    assert "<h1>" in sent.text


@pytest.mark.parametrize("body", [b"", b"=", b"\xff\xfe", b"token=%FF", b"&" * 100, b"a=1&" * 500])
def test_a_body_that_is_no_form(untaught: Owner, body: bytes) -> None:
    """400, and no traceback."""
    kind = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    sent = untaught.client.post("/label", content=body, headers={**kind, **untaught.origin})

    assert 400 == sent.status_code


def test_a_long_form(untaught: Owner) -> None:
    """413, also if it does not say beforehand how long it is."""
    fields = {**untaught.look().fields, "answer": "x" * LONGEST_FORM}
    kind = {"Content-Type": "application/x-www-form-urlencoded", **untaught.origin}
    for body in (urlencode(fields).encode(), iter([urlencode(fields).encode()])):
        assert 413 == untaught.client.post("/label", content=body, headers=kind).status_code


def test_who_sends_slowly_holds_up_nobody(untaught: Owner) -> None:
    """More unfinished forms than answers are made at the same time, and pages are answered."""
    address = ("127.0.0.1", int(untaught.address.rpartition(":")[2]))
    head = (
        f"POST /label HTTP/1.1\r\nHost: {untaught.address[7:]}\r\nOrigin: {untaught.address}\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\ntoken="
    )
    slow = [socket.create_connection(address, timeout=PATIENCE_S) for _ in range(4)]
    try:
        for connection in slow:
            connection.sendall(head.encode())
        assert 200 == untaught.look().status
        for connection in slow:
            assert connection.recv(64).startswith(b"HTTP/1.1 413")
    finally:
        for connection in slow:
            connection.close()


@pytest.mark.parametrize("path", ["/", "/log", "/log/labels", "/label/", "/-/messages"])
def test_other_pages_take_no_forms(untaught: Owner, path: str) -> None:
    """405, as without labelling."""
    assert 405 == untaught.client.post(path, data={"a": "1"}, headers=untaught.origin).status_code


def test_off_by_default(log: Path, serve: Callable[..., Dashboard]) -> None:
    """No page, no link, no form."""
    owner = Owner(serve(log).address)
    assert 404 == owner.look().status
    assert "/label?" not in owner.look("/log/negative-tweets?entity=Acme").markup
    assert 'href="/label"' not in owner.look("/").markup
    sent = owner.client.post("/label", data={"a": "1"}, headers=owner.origin)
    assert (405, "GET, HEAD") == (sent.status_code, sent.headers["allow"])


def test_not_for_other_machines(log: Path) -> None:
    """Nobody is asked for a password, so nobody from elsewhere may answer."""
    result = subprocess.run(
        [
            *(sys.executable, "-m", "monitor", "dashboard", "--database", str(log)),
            *("--port", "0", "--label", "--host", "0.0.0.0"),
        ],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert 2 == result.returncode
    assert "ssh -L" in result.stderr


def test_an_earlier_start(log: Path, serve: Callable[..., Dashboard]) -> None:
    """Its forms are not taken, and it is said how to go on."""
    page = Owner(serve(log, "--label").address).look()
    owner = Owner(serve(log, "--label").address)
    sent = owner.client.post(
        "/label", data={**page.fields, "answer": "negative"}, headers=owner.origin
    )

    assert 403 == sent.status_code
    assert "goes on where you were" in sent.text
    assert [] == _labels(log)


def test_the_log_is_busy(log: Path, owner: Owner) -> None:
    """It is said, with the same tweet to be answered again; and then it is kept, once."""
    page = owner.look()
    with closing(sqlite3.connect(log, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        fields = {**page.fields, "answer": "negative"}
        sent = Page(owner.client.post("/label", data=fields, headers=owner.origin))
        other.execute("ROLLBACK")
    assert 503 == sent.status
    assert "The log is busy" in sent.text
    assert page.fields == sent.fields
    assert [] == _labels(log)
    owner.answer(sent, "negative")
    assert 1 == len(_labels(log))


def test_beside_a_daemon(log: Path, owner: Owner) -> None:
    """Both write, neither fails, and no answer and no batch is lost."""
    ended = threading.Event()
    written = 0
    failed: list[BaseException] = []

    def write() -> None:
        nonlocal written
        try:
            with closing(Store(log)) as store:
                while not ended.wait(0.02):  # as between micro-batches
                    row = tweet_row(
                        f"new-{written}", "Acme", received_at=utc(time.time()), answer=verdict()
                    )
                    store.write(batch_row(1), [row], [])
                    written += 1
        except BaseException as error:  # noqa: BLE001  (told by the test)
            failed.append(error)

    daemon = threading.Thread(target=write)
    daemon.start()
    try:
        page = owner.look()
        for _ in range(15):
            page = owner.answer(page, "neutral")
    finally:
        ended.set()
        daemon.join()

    assert [] == failed
    assert 15 == len(_labels(log))
    with closing(sqlite3.connect(log)) as connection:
        (stored,) = connection.execute(
            "SELECT count(*) FROM tweets WHERE id LIKE 'new-%'"
        ).fetchone()
    assert written == stored


def test_with_the_keyboard_alone(log: Path, browser: Browser, dashboard: Dashboard) -> None:
    """Enter alone answers nothing; one Tab leads to the first answer, and so on for each tweet."""
    browser.look(f"{dashboard.address}/label")
    browser.press("Enter")
    assert [] == _labels(log)
    browser.press("Tab")
    assert "1 negative" == browser.run("document.activeElement.innerText.replace(/\\s+/, ' ')")
    browser.press("Tab")
    browser.press("Enter")
    wait_until(lambda: browser.run("document.body?.innerText.includes('1 answered')"), "the next")

    assert ["neutral"] == [label.label for label in _labels(log)]
    assert ["1", "2", "3", "4", "5"] == browser.run(
        "[...document.querySelectorAll('button')].map(e => e.accessKey)"
    )
    assert [] == browser.complaints
