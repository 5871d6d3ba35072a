"""Posts of Bluesky: events of a Jetstream, views of its API, and the bare record.

Sources: the lexicon ``app.bsky.feed.post`` and ``app.bsky.richtext.facet`` of the AT Protocol;
the README of bluesky-social/jetstream.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from monitor.tweets.found import Found, Identify
from monitor.tweets.rejection import Reason, RejectedError
from monitor.tweets.taking import Taking, first_text
from monitor.tweets.wrapping import Fields

_POST: Final = "app.bsky.feed.post"
_URI: Final = re.compile(r"at://(did:[^/\s]+)/[^/\s]+/([^/\s]+)")
_DIGITS: Final = 12
"""Of the digest of an author: keys of records are times in µs, so few authors share one."""


def read(message: Fields, identify: Identify, taking: Taking) -> Found | None:
    """Read a post, None if it is of no such form.

    Raises:
        RejectedError: It is an event of a Jetstream that is no post, or a post without a text.
    """
    if isinstance(message.get("did"), str) and isinstance(message.get("kind"), str):
        return _event(message, identify, taking)
    record = message.get("record") or message.get("value")
    if isinstance(record, dict) and record.get("$type") == _POST:
        uri = _URI.fullmatch(uri) if isinstance(uri := message.get("uri"), str) else None
        author = taking.string(taking.object(message, "author"), "did")
        id_ = _id(uri[1], uri[2], identify) if uri else None
        return _post(record, id_, author or (uri[1] if uri else None), taking)
    if message.get("$type") == _POST:
        return _post(message, None, None, taking)
    return None


def _event(message: Fields, identify: Identify, taking: Taking) -> Found:
    commit = message.get("commit")
    record = commit.get("record") if isinstance(commit, dict) else None
    if not isinstance(commit, dict) or not isinstance(record, dict):
        raise RejectedError(Reason.NO_TEXT, "A Jetstream event without a record is no post.")
    if commit.get("collection") != _POST:
        raise RejectedError(Reason.NO_TEXT, "A Jetstream event of another collection is no post.")
    did, key = message["did"], commit.get("rkey")
    return _post(record, _id(did, key, identify) if isinstance(key, str) else None, did, taking)


def _id(did: str, key: str, identify: Identify) -> str:
    """Name a post by its record's key, which ascends, and a digest of its author.

    The address of a post would name its author, of whom only a pseudonym is kept.
    """
    return f"{key}-{identify(did.encode(errors='replace'))[:_DIGITS]}"


def _post(record: Fields, id_: str | None, author: str | None, taking: Taking) -> Found:
    langs = record.get("langs")
    return Found(
        text=first_text([_with_links(record, taking)]),
        ids=(id_,),
        author=author,
        created_at=record.get("createdAt"),
        lang=langs[0] if isinstance(langs, list) and langs else langs or None,
    )


def _with_links(record: Fields, taking: Taking) -> object:
    """Return the text with links that it shortens in full, so that they are seen to be links."""
    text, facets = record.get("text"), record.get("facets")
    if not isinstance(text, str) or facets is None:
        return text
    if not isinstance(facets, list):
        taking.leave_out("facets")
        return text
    written = text.encode(errors="surrogatepass")  # facets count bytes
    parts: list[bytes] = []
    done = 0
    for start, end, address in sorted(_links(facets, taking)):
        if not done <= start < end <= len(written):
            continue
        shown = written[start:end].decode(errors="replace")
        if _shows(shown, address):
            parts += written[done:start], address.encode(errors="surrogatepass")
            done = end
    return b"".join((*parts, written[done:])).decode(errors="surrogatepass")


def _links(facets: list[object], taking: Taking) -> Iterator[tuple[int, int, str]]:
    """Give where links begin and end in bytes, and whereto they lead."""
    for facet in facets:
        index = facet.get("index") if isinstance(facet, dict) else None
        features = facet.get("features") if isinstance(facet, dict) else None
        if not isinstance(index, dict) or not isinstance(features, list):
            taking.leave_out("facets")
            continue
        start, end = index.get("byteStart"), index.get("byteEnd")
        for feature in features[:1]:
            address = feature.get("uri") if isinstance(feature, dict) else None
            if type(start) is int and type(end) is int and isinstance(address, str):
                yield start, end, address


def _shows(shown: str, address: str) -> bool:
    """Whether what is shown of a link is its address, shortened, and not words."""
    bare = shown.rstrip(".\N{HORIZONTAL ELLIPSIS}")
    return len(bare) > 2 and address.partition("://")[2].removeprefix("www.").startswith(
        bare.removeprefix("https://").removeprefix("http://").removeprefix("www.")
    )
