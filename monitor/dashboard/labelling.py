"""The page on which an owner says what tweets are: one at a time, a button an answer."""

from __future__ import annotations

import asyncio
import hmac
import sqlite3
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import parse_qsl

from datasette import Response
from datasette.utils import sqlite_timelimit
from datasette.utils.asgi import NotFound

from monitor.console import printable
from monitor.console.terminal import UNICODE
from monitor.dashboard import frame, queries
from monitor.dashboard.desk import Asked, Desk, UnknownTweetError
from monitor.dashboard.log import NAME
from monitor.labelling.sample import is_masked
from monitor.labelling.terminal import ANSWERS, so_far, spoken
from monitor.pictures import links, words
from monitor.pictures.markup import Content, Markup, join, tag
from monitor.standings import UnknownEntityError
from monitor.standings.report import spelled
from monitor.standings.tallies import ranking
from monitor.store import StoreError
from monitor.store.owner_labels import DRAWN, Drawn, LogBusyError
from monitor.verdict import LABELS, POLARITIES

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.utils.asgi import Request

PATH: Final = "/label"
ASKED: Final = ContextVar("ASKED", default=("", ""))
"""Path of what is being answered, and the entity in its query; Datasette's cells are not told."""
_FIELDS: Final = ("token", "entity", "drawn", "tweet", "answer")
_TIME_LIMIT_MS: Final = 30_000
"""Of a page: every fiftieth draws from all of an entity's tweets."""
_CHOICES: Final = 20
"""Entities to choose from, those with most tweets."""
_TWEETS: Final = tuple(
    f"{links.QUERIES}/{name}" for name in (*queries.METADATA["queries"], "labelled")
)
"""Pages that may show tweets with the entity that a label is about."""
_WRONG: Final = "That cannot be answered"
_STALE: Final = (
    "The form is of an earlier start of the dashboard, so the answer was not kept. Open the page"
    " anew: it goes on where you were."
)
_BUSY: Final = (
    "The log is busy: the daemon or somebody else is writing. This answer is not kept yet; give it"
    " again."
)


@dataclass(frozen=True, slots=True)
class _Form:
    token: str
    entity: str
    drawn: Drawn
    tweet: str
    answer: str


def desk(datasette: Datasette) -> Desk | None:
    """Return where the log's owner labels; None if that was not asked for."""
    found: Desk | None = datasette.get_database(NAME).desk
    return found


def beside(row: sqlite3.Row, value: str, column: str) -> Markup | None:
    """Put "wrong label?" beside a labelled tweet's text; None for any other cell."""
    path, asked = ASKED.get()
    names = row.keys()
    if column != "text" or "id" not in names or path not in _TWEETS:
        return None
    entity = (row["entity"] or "") if "entity" in names else asked
    href = links.labelling(PATH, str(entity), "found", str(row["id"]))
    return join(value, " ", tag("a", "wrong label?", href=href, class_="wrong-label"))


async def label(request: Request, datasette: Datasette) -> Any:  # noqa: ANN401
    """Ask about a tweet, or take an answer and go on to the next.

    Raises:
        NotFound: if labelling was not asked for.
    """
    where = desk(datasette)
    if where is None:
        raise NotFound("")
    try:
        if request.method == "POST":
            return await _taken(request, datasette, where)
        asked = request.args
        drawn = asked.get("drawn", "random")
        if drawn not in DRAWN:
            return frame.said(request, _WRONG, f"drawn must be one of {', '.join(DRAWN)}.", 400)
        return await _asked(
            request, datasette, where, asked.get("entity"), cast("Drawn", drawn), asked.get("tweet")
        )
    except (UnknownEntityError, UnknownTweetError) as error:
        return frame.said(request, "Not in this log", str(error), 404)


async def _asked(
    request: Request,
    datasette: Datasette,
    where: Desk,
    entity: str | None,
    drawn: Drawn,
    id_: str | None,
    complaint: str = "",
) -> Any:  # noqa: ANN401
    def reading(connection: sqlite3.Connection) -> tuple[Asked, list[str]]:
        with sqlite_timelimit(connection, _TIME_LIMIT_MS):
            names = list(ranking(connection, _CHOICES).names)
            most = next(iter(ranking(connection, 1).names), "")
            whose = most if entity is None else entity
            whose = spelled(connection, whose) if whose else whose
            return where.ask(connection, whose, drawn, id_), names

    asked, names = await datasette.get_database(NAME).execute_fn(reading)
    title = f"{words.name(asked.entity)}: what do tweets say of it?"
    page = _page(asked, names, where.token, complaint)
    return frame.answer(request, title, page, 503 if complaint else 200)


async def _taken(request: Request, datasette: Datasette, where: Desk) -> Any:  # noqa: ANN401
    try:
        form = _read(await request.post_body())
    except ValueError as error:
        return frame.said(request, _WRONG, str(error), 400)
    if not hmac.compare_digest(form.token.encode(), where.token.encode()):
        return frame.said(request, "Not kept", _STALE, 403)
    try:
        await asyncio.to_thread(where.take, form.entity, form.drawn, form.tweet, form.answer)
    except LogBusyError:
        return await _asked(
            *(request, datasette, where, form.entity, form.drawn, form.tweet), complaint=_BUSY
        )
    except StoreError as error:
        return frame.said(request, "The answer was not kept", str(error), 503)
    # Another page, so that reloading it sends nothing again. A tweet met by chance has no next.
    then = form.tweet if form.drawn == "found" else None
    return Response.redirect(links.labelling(PATH, form.entity, form.drawn, then), status=303)


def _read(body: bytes) -> _Form:
    """Read a form.

    Raises:
        ValueError: it has not each field once, or one of them is none of ours.
    """
    try:
        given = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=len(_FIELDS),
        )
    except ValueError:
        raise ValueError("That is no form of this page.") from None
    fields = dict(given)
    if len(given) != len(_FIELDS) or set(fields) != set(_FIELDS):
        raise ValueError("That is no form of this page: each field has to be there once.")
    if fields["answer"] not in ANSWERS.values() or fields["drawn"] not in DRAWN:
        raise ValueError("That is no answer that there is.")
    token, entity, drawn, tweet, answer = (fields[name] for name in _FIELDS)
    return _Form(token, entity, cast("Drawn", drawn), tweet, answer)


def _page(asked: Asked, names: list[str], token: str, complaint: str) -> Markup:
    met = asked.drawn == "found"
    whom = words.name(asked.entity)
    return tag(
        "main",
        None if met else _whose(asked, names),
        tag("h1", "Wrong label?" if met else f"What do tweets say of {whom}?"),
        tag("p", complaint, class_="message-error", role="alert") if complaint else None,
        _question(asked, token) if asked.tweet else tag("p", _sentence(asked.why), class_="empty"),
        _afterwards(asked) if met else _progress(asked),
        class_="labelling",
        id="content",
        tabindex="-1",
    )


def _whose(asked: Asked, names: list[str]) -> Markup:
    shown = names if asked.entity in names else [asked.entity, *names]
    return tag(
        "nav",
        [
            tag(
                "a",
                words.name(name),
                href=links.labelling(PATH, name, asked.drawn),
                aria_current="true" if name == asked.entity else None,
            )
            for name in shown
        ],
        class_="spans",
        aria_label="whose tweets",
    )


def _question(asked: Asked, token: str) -> Markup:
    tweet = asked.tweet
    assert tweet is not None
    if tweet.text is None:
        return tag(
            "p",
            'Its text is not kept ([privacy] store_text = "none"), so there is nothing to show, and'
            " nothing to answer.",
            class_="empty",
        )
    question = (
        f"Does it harm or help the name of {words.name(asked.entity)}?"
        if asked.entity
        else "Is the tweet negative, neutral or positive?"
    )
    hidden = {"token": token, "entity": asked.entity, "drawn": asked.drawn, "tweet": tweet.id}
    return tag(
        "form",
        [tag("input", type="hidden", name=n, value=v) for n, v in hidden.items()],
        tag(
            "blockquote",
            tag("p", printable(tweet.text), dir="auto"),
            tag("footer", tweet.received_at[:10], _masked(tweet.text), class_="note"),
            # So that the first Tab leads to the first answer, and Enter alone gives none.
            tabindex="-1",
            autofocus=True,
        ),
        tag("p", question, id="question", class_="question"),
        tag(
            "div",
            _buttons(asked.answer),
            class_="buttons",
            role="group",
            aria_labelledby="question",
        ),
        _known(asked),
        method="post",
        action=PATH,
        autocomplete="off",
    )


def _masked(text: str) -> str | None:
    return (
        " · shown as it is kept: mentions, links and numbers are masked"
        if is_masked(text)
        else None
    )


def _buttons(given: str | None) -> Content:
    return [
        tag(
            "button",
            tag("kbd", key, aria_hidden="true"),
            " ",
            spoken(answer),
            name="answer",
            value=answer,
            type="submit",
            accesskey=key,
            class_=answer,
            aria_pressed=("true" if given == answer else "false") if given else None,
        )
        for key, answer in ANSWERS.items()
    ]


def _known(asked: Asked) -> Markup | None:
    """Say what was said before; of what the model says only where it has been seen already."""
    assert asked.tweet is not None
    said = (
        [f"You said: {spoken(asked.answer)}. Another answer takes its place."]
        if asked.answer
        else []
    )
    if asked.drawn == "found":
        likely = list(asked.tweet.probabilities[:LABELS])
        said.insert(0, f"The model says: {POLARITIES[likely.index(max(likely))]}.")
    return tag("p", " ".join(said), class_="known", role="status") if said else None


def _progress(asked: Asked) -> Markup:
    assert asked.worth is not None
    back = (
        tag(
            "a",
            "\N{LEFTWARDS ARROW} back to the one before",
            href=links.labelling(PATH, asked.entity, asked.drawn, asked.before),
            accesskey="b",
        )
        if asked.before
        else None
    )
    teaching = asked.drawn == "teaching"
    other = tag(
        "a",
        "Ask about tweets drawn at random" if teaching else "Ask about those that would teach most",
        href=links.labelling(PATH, asked.entity, "random" if teaching else "teaching"),
    )
    total = sum(asked.worth.answers.values())
    return join(
        tag("p", back) if back else None,
        tag(
            "p",
            tag("strong", f"{total:,} answered"),
            f" of {max(asked.worth.of, total):,} tweets that are kept. Drawn at random: ",
            so_far(asked.worth, UNICODE).replace("± ", "±\N{NO-BREAK SPACE}"),
            ".",
            class_="worth",
        ),
        tag(
            "p",
            "These are tweets that the model is least sure of. Shares are estimated from tweets"
            " drawn at random alone. "
            if teaching
            else "Chance draws the tweets, so answer each that is shown. ",
            "Each answer is kept at once: stop when you like. Keys: Alt (on a Mac Ctrl+Option, in"
            " Firefox Alt+Shift) with 1 to 5, and b for back. ",
            other,
            ".",
            class_="note",
        ),
    )


def _afterwards(asked: Asked) -> Markup:
    return tag(
        "p",
        "Your answer is learnt from; shares are estimated from tweets that chance draws. ",
        tag("a", "Be asked about such", href=links.labelling(PATH, asked.entity, "random")),
        ", or go back to ",
        tag(
            "a",
            "its latest negative tweets",
            href=links.query("negative-tweets", entity=asked.entity),
        ),
        ".",
        class_="note",
    )


def _sentence(said: str) -> str:
    return f"{said[:1].upper()}{said[1:]}."
