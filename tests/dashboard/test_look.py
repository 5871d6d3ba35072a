"""The pages in a real browser: they fit, can be read, need no mouse and no other host."""

from __future__ import annotations

import itertools
import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pytest

from monitor.reporting import html
from monitor.store import open_log
from tests.benchmarks.history import CRISIS, History
from tests.benchmarks.history import write as write_history
from tests.browser import Browser
from tests.dashboard.conftest import Dashboard
from tests.factories import DAY_S
from tests.pictures.logs import HOSTILE, write

WIDTHS: Final = (360, 1280)
THEMES: Final = ("light", "dark")
PAGES: Final = (
    "/?span=7d",
    "/?span=24h",
    f"/?span=7d&entity={CRISIS.replace(' ', '+')}",
    "/?span=1y&entity=",
    "/?entity=Nobody",
    "/alert?number=1",
    "/log/latest-alerts",
    "/log",
    f"/log/negative-tweets?entity={CRISIS.replace(' ', '+')}",
    "/log/dead-letters",
    "/log/tweets?_size=5",
    "/log?sql=select+*+from+reputation_by_day",
    "/label",
    f"/label?entity={CRISIS.replace(' ', '+')}&drawn=teaching",
)
CONTRAST: Final = 4.5
"""WCAG 2.2, level AA, for text of this size."""

_CONTRASTS: Final = """
(() => {
  const channel = c => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const colour = text => {  // whatever the notation
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = text; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const behind = element => {
    for (let e = element; e; e = e.parentElement) {
      if (e instanceof SVGElement && !(e.tagName === 'svg')) continue;
      const found = colour(getComputedStyle(e).backgroundColor);
      if (found[3] === 255) return found;
    }
    return colour('Canvas');
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim()
        || ['TITLE', 'title', 'desc', 'OPTION'].includes(element.tagName)
        || !element.checkVisibility({opacityProperty: true})) continue;
    const style = getComputedStyle(element);
    const ink = colour(element instanceof SVGElement ? style.fill : style.color);
    const [a, b] = [light(ink), light(behind(element))].sort((x, y) => y - x);
    found.push([(a + 0.05) / (b + 0.05), element.tagName + '.' + element.getAttribute('class'),
                walker.currentNode.data.trim().slice(0, 40)]);
  }
  return found;
})()"""

_CONTROLS: Final = """
(() => {
  const kinds = 'a[href], button, input, select, textarea, summary';
  const controls = [...document.querySelectorAll(kinds)].filter(
    e => e.getAttribute('tabindex') !== '-1' && e.type !== 'hidden' && e.checkVisibility());
  controls.forEach((e, n) => e.dataset.number = n);
  return controls.length;
})()"""


_STORY: Final = {
    "words": ["leak", "W" * 90],
    "tweets": 40,
    "retweets": 3,
    "negative_share": None,
    "first_seen": "2026-11-21T09:14:02.510Z",
    "examples": ["nothing"],
}
_NAMELESS: Final = """
[...document.querySelectorAll('input, select, textarea'),
 ...document.querySelectorAll('[role=img] a, [role=img] button')]
  .filter(e => !['hidden', 'submit'].includes(e.type)
    && (e.closest('[role=img]') || !(e.ariaLabel || (e.labels && e.labels.length))))
  .map(e => e.outerHTML.slice(0, 90))"""
"""Fields that nothing says the meaning of, and what can be followed inside of a picture."""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    """Eight days of invented tweets, the crisis of an entity among them."""
    path = tmp_path_factory.mktemp("log") / "log.db"
    write_history(path, History(3000, days=8.0, until=time.time()))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "INSERT INTO alerts (entity, model_id, kind, since, raised_at, usual_share, share,"
            " tweets, negatives, first_batch_id, first_tweet_id, batch_id, tweet_id, about,"
            " stories) SELECT entity, 1, 'share', hour || ':10:00.000Z', hour || ':50:00.000Z',"
            " 0.2, 0.6, 51, 30, 1, '', 2, '', 'leak', ? FROM rollups WHERE entity <> ''"
            " ORDER BY hour LIMIT 1",
            (json.dumps([_STORY]),),
        )
    dashboard = Dashboard(path, "--sql", "--label")
    yield dashboard
    dashboard.kill()


def _assert_fits(browser: Browser) -> None:
    assert browser.run("innerWidth") >= browser.run("document.documentElement.scrollWidth")


def _assert_readable(browser: Browser) -> None:
    measured: list[list[Any]] = browser.run(_CONTRASTS)
    assert measured
    assert [] == [m for m in measured if m[0] < CONTRAST]


@pytest.mark.parametrize("page", PAGES)
def test_every_page_fits_and_can_be_read(browser: Browser, served: Dashboard, page: str) -> None:
    """On a phone and on a desk, by day and by night; nothing is asked of another host."""
    for width, theme in itertools.product(WIDTHS, THEMES):
        browser.look(f"{served.address}{page}", width=width, theme=theme)

        _assert_fits(browser)
        _assert_readable(browser)
        assert [] == browser.run(_NAMELESS)
        assert all(request.startswith(served.address) for request in browser.requests)
        assert [] == [c for c in browser.complaints if "404" not in c]


@pytest.mark.parametrize(
    "tweets",
    [[], [(time.time() - 60, HOSTILE + "W" * 150, "negative")]],
    ids=["empty", "one tweet"],
)
def test_small_logs(
    browser: Browser,
    serve: Callable[..., Dashboard],
    tmp_path: Path,
    tweets: list[tuple[float, str, str]],
) -> None:
    """An empty log, and one with a single tweet about a name as long as it is hostile."""
    dashboard = serve(write(tmp_path / "log.db", tweets))
    for width, theme in itertools.product(WIDTHS, THEMES):
        browser.look(f"{dashboard.address}/", width=width, theme=theme)

        _assert_fits(browser)
        _assert_readable(browser)
        assert [] == browser.complaints
        assert "The board" in browser.run("document.body.innerText")


@pytest.mark.parametrize("page", PAGES[:3] + PAGES[6:8])
def test_the_keyboard_reaches_every_control(browser: Browser, served: Dashboard, page: str) -> None:
    """In the order of the page, the way past the header first, and one sees where one is."""
    browser.look(f"{served.address}{page}")
    count = browser.run(_CONTROLS)
    reached, outlined = [], []
    for _ in range(2 * count + 20):
        browser.press("Tab")
        number, outline = browser.run(
            "[document.activeElement.dataset.number, getComputedStyle(document.activeElement)"
            ".outlineStyle]"
        )
        if number is not None:
            reached.append(int(number))
            outlined.append(outline)
        if len(reached) == count:
            break

    assert list(range(count)) == reached
    assert {"solid"} == set(outlined)
    assert "Skip to the content" == browser.run(
        "document.querySelector('[data-number=\"0\"]').innerText"
    )


def test_the_skip_link_skips(browser: Browser, served: Dashboard) -> None:
    """Enter on it, and the next stop is in the content."""
    browser.look(f"{served.address}/")
    browser.press("Tab")
    browser.press("Enter")
    browser.press("Tab")

    assert browser.run("document.querySelector('main').contains(document.activeElement)")


def test_tables_open_without_a_mouse(browser: Browser, served: Dashboard) -> None:
    """Space on a summary opens the figures beside a chart, whose links are then reached."""
    browser.look(f"{served.address}{PAGES[2]}")
    browser.run("document.querySelector('summary').focus()")
    browser.press("Space")

    assert browser.run("document.querySelector('details').open")
    browser.press("Tab")
    browser.press("Tab")
    assert "A" == browser.run("document.activeElement.tagName")


def test_a_figure_leads_to_its_tweets(browser: Browser, served: Dashboard) -> None:
    """As many rows behind a day's number of tweets as it says, and the retweets apart."""
    browser.look(f"{served.address}{PAGES[2]}")
    href, text = browser.run(
        "(a => [a.href, a.textContent])(document.querySelector('details td a'))"
    )
    browser.look(href)

    marks = browser.run("[...document.querySelectorAll('td.col-retweet')].map(e => e.innerText)")
    assert int(text) == marks.count("0")


def test_a_chosen_theme_stays(browser: Browser, served: Dashboard) -> None:
    """By link, without a script; also on Datasette's pages."""

    def scheme() -> str:
        found: str = browser.run("getComputedStyle(document.documentElement).colorScheme")
        return found

    browser.look(f"{served.address}/?span=7d&_theme=night", theme="light")
    assert "dark" == scheme()
    for page in ("/?span=24h", "/log/tweets?_size=1"):
        browser.look(f"{served.address}{page}", theme="light")
        assert "dark" == scheme()
    browser.look(f"{served.address}/?_theme=auto", theme="light")
    assert "light dark" == scheme()


@pytest.mark.parametrize("entity", [None, CRISIS])
def test_a_report_is_one_file(browser: Browser, tmp_path: Path, entity: str | None) -> None:
    """It looks like the dashboard, asks for nothing, and turns its theme over without a script."""
    now = time.time()
    path = write(tmp_path / "log.db", [(now - n * 3600, CRISIS, "negative") for n in range(99)])
    page = tmp_path / "report.html"
    with closing(open_log(path)) as connection:
        html.write(page, connection, since=now - 7 * DAY_S, until=now, entity=entity, now=now)
    for width, theme in itertools.product(WIDTHS, THEMES):
        browser.look(page.as_uri(), width=width, theme=theme)
        _assert_fits(browser)
        _assert_readable(browser)
        assert [page.as_uri()] == browser.requests
        assert [] == browser.complaints
        before = browser.run("getComputedStyle(document.body).backgroundColor")
        browser.run("document.getElementById('swap').click()")
        assert before != browser.run("getComputedStyle(document.body).backgroundColor")
        _assert_readable(browser)


def test_it_prints(browser: Browser, served: Dashboard) -> None:
    """A few pages, without the parts that only a screen needs."""
    browser.look(f"{served.address}/?span=7d", theme="dark")
    pages = browser.printed().count(b"/Type /Page\n")

    assert 1 <= pages <= 4
