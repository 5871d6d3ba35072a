"""Recipes for messages of any size, in which something is repeated; `slow` looks for slow ones."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any, Final

from tests.factories import RESULT

RESULTS_TOPIC: Final = "boards/results"

_PIECES: Final = (
    *("a", "A ", "acme ", "acme", "@", "@acme ", "#acme ", "#", "\uff20", "@a.b", "a@b.cd ", "a@"),
    *("http://", "https://a.bc/", "www.", "t.co/a", "a.bc/", "://", "a.", ".", "/", "-", "_", "'"),
    *("0", "1", "+49 170 1234567", "(555) ", "0-", "+1 ", "1.", "00", "DE89 3704 ", "5 "),
    *("\u0301", "\u0323", "\u0301\u0323", "\u0344", "\u0f73", "\U0001d165", "\u3099", "\uff9e"),
    *("\ufdfa", "\ufb03", "\u0390", "\u0130", "\u00df", "\u1100\u1161\u11a8", "\uf900", "\u1e9e"),
    *("\U0001f621", "\U0001f3fb", "\u200d", "\ufe0f", "\u200b", "\u00ad", "\u034f", "\u202e"),
    *(" ", "\n", "\t", "\u00a0", "\0", "\ud800", "\\", '"', "{", "[", "]", "}", ",", ":", "\x1b["),
    *(
        "&amp;",
        "&amp;amp;",
        "&#39;",
        "&lt;",
        "<a>",
        "<p>",
        "<br",
        "</p> ",
        "\\u2019",
        "RT @a: ",
        "<",
        ">",
        "!",
        "?",
        "\u2019",
        "\u4e2d",
        "\u0e44\u0e17",
    ),
)
"""What has meaning to some step on the way, and what Unicode has of the unusual."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a message of any size is made."""

    form: str
    """One of `FORMS`."""
    pieces: tuple[tuple[str, float], ...]
    """What its text is filled with, one after the other, each repeated as its weight says."""
    round: bool
    """Whether they take turns instead, over and over."""

    def message(self, size: int, number: int) -> tuple[str, bytes]:
        """Make the message of about so many bytes; each number's is another."""
        form = FORMS[self.form]
        budget = float(size - 8)
        while True:
            topic, payload = form(self._text(int(budget)), number)
            fits = len(payload) <= size and len(topic.encode()) <= size
            if fits or budget < 1:
                return topic, payload
            budget = budget * min(0.95, size / (len(payload) + 1)) - 4

    def _text(self, size: int) -> str:
        size = max(size, 1)
        bytes_of = [len(piece.encode(errors="surrogatepass")) for piece, _ in self.pieces]
        total = sum(weight for _, weight in self.pieces)
        if self.round:
            turn = "".join(piece * max(1, min(int(weight), 64)) for piece, weight in self.pieces)
            turns = max(1, size // len(turn.encode(errors="surrogatepass")))
            return (turn * turns)[:size]
        parts = (
            piece * max(1, int(size * weight / total / length))
            for (piece, weight), length in zip(self.pieces, bytes_of, strict=True)
        )
        return "".join(parts)[:size]


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(
        errors="surrogatepass"
    )


def _of_topic(text: str) -> str:
    """Leave out what MQTT allows in no topic."""
    return text.replace("\0", "").encode(errors="ignore").decode()


def _chunks(text: str, length: int) -> list[str]:
    return [text[i : i + length] for i in range(0, len(text), length)]


def _object(make: Callable[[str, int], Any]) -> Callable[[str, int], tuple[str, bytes]]:
    """Make a form of what makes an object of a text."""
    return lambda text, number: ("tweets/a", _json(make(text, number)))


def _referring(ids: Sequence[object], number: int) -> dict[str, Any]:
    """Refer to tweets that are not included, and include many others."""
    half = len(ids) // 2
    return {
        "data": {
            "id": str(number),
            "text": "a",
            "referenced_tweets": [{"type": "retweeted", "id": id_} for id_ in ids[:half]],
        },
        "includes": {"tweets": [{"id": id_} for id_ in ids[half:]]},
    }


def _bluesky(text: str, number: int, facets: list[dict[str, Any]]) -> dict[str, Any]:
    record = {"$type": "app.bsky.feed.post", "text": text, "facets": facets}
    return {"uri": f"at://did:plc:a/app.bsky.feed.post/{number}", "record": record}


def _nested(text: str, number: int) -> bytes:
    """Put a message into the payload of another, over and over: each doubles the backslashes."""
    message: object = {"id": number, "text": "a"}
    while len(_json(message)) < len(text) // 3:
        message = {"payload": json.dumps(message)}
    return _json(message)


FORMS: Final[dict[str, Callable[[str, int], tuple[str, bytes]]]] = {
    "plain": lambda text, number: (
        "tweets/a",
        f"{number} {text}".encode(errors="surrogatepass"),
    ),
    "simple": _object(lambda text, number: {"id": number, "text": text}),
    "entities": _object(
        lambda text, number: {"id": number, "text": text, "entities": _chunks(text, 128)[:16]}
    ),
    "16 entities": _object(
        lambda text, number: {
            "id": number,
            "text": text[: len(text) // 2],
            "entities": [f"{i}{text[-120:]}" for i in range(16)],
        }
    ),
    "many entities": _object(
        lambda text, number: {"id": number, "text": "a", "entities": _chunks(text, 1)}
    ),
    "blank entities": _object(
        lambda text, number: {"id": number, "text": "a", "entities": [""] * (len(text) // 3)}
    ),
    "author": _object(lambda text, number: {"id": number, "text": text[:1536], "author": text}),
    "date": _object(
        lambda text, number: {"id": number, "text": "a", "created_at": text, "lang": text}
    ),
    "id": _object(lambda text, number: {"id": f"{number}{text}", "text": "a"}),
    "v1": _object(lambda text, number: {"id_str": str(number), "full_text": text, "user": {}}),
    "v1 retweet": _object(
        lambda text, number: {"id": number, "retweeted_status": {"text": text}, "text": text[:99]}
    ),
    "v2": _object(
        lambda text, number: {
            "data": {"id": str(number), "text": text, "author_id": text[:99]},
            "includes": {},
        }
    ),
    "Bluesky": _object(lambda text, number: _bluesky(text, number, [])),
    "facets": _object(
        lambda text, number: _bluesky(
            text[:300],
            number,
            [
                {
                    "index": {"byteStart": i % 9, "byteEnd": i % 9 + 3},
                    "features": [{"uri": "http://a"}],
                }
                for i in range(len(text) // 75)
            ],
        )
    ),
    "a long facet": _object(
        lambda text, number: _bluesky(
            text[: len(text) // 2],
            number,
            [{"index": {"byteStart": 0, "byteEnd": len(text)}, "features": [{"uri": text[:99]}]}],
        )
    ),
    "Mastodon": _object(
        lambda text, number: {
            "content": text,
            "account": {},
            "uri": f"https://a.example/{number}",
        }
    ),
    "Mastodon's address": _object(
        lambda text, number: {
            "content": f"a {number}",
            "account": {"acct": text[: len(text) // 2]},
            "uri": text[: len(text) // 2],
        }
    ),
    "a buffer": _object(
        lambda text, number: {
            "type": "Buffer",
            "data": [*f"{number} {text[: len(text) // 4]}".encode(errors="replace")],
        }
    ),
    "a string": _object(
        lambda text, number: json.dumps({"id": number, "text": text[: len(text) // 2]})
    ),
    "strings in strings": lambda text, number: ("tweets/a", _nested(text, number)),
    "references to integers": _object(
        lambda text, number: _referring(range(len(text) // 12), number)
    ),
    "references to strings": _object(
        lambda text, number: _referring([*map(str, range(len(text) // 13))], number)
    ),
    "references to anything": _object(lambda text, number: _referring(_chunks(text, 2), number)),
    "references of one hash": _object(
        lambda text, number: _referring(
            [i * (2**61 - 1) + 1 for i in range(10, 12 + len(text) // 40)], number
        )
    ),
    "many keys": _object(
        lambda text, number: (
            {"id": number, "text": "a"} | {f"{c}{i}": 0 for i, c in enumerate(_chunks(text, 3))}
        )
    ),
    "a list": _object(lambda text, number: {"id": number, "text": "a", "x": _chunks(text, 1)}),
    "an integer": lambda text, number: (
        "tweets/a",
        b'{"id":%d,"text":' % number + b"9" * len(text) + b"}",
    ),
    "integers": lambda text, number: (
        "tweets/a",
        b'{"id":%d,"text":"a","x":[' % number
        + b",".join([b"9" * 4300] * (1 + len(text) // 4400))
        + b"]}",
    ),
    "nested objects": lambda text, number: (
        "tweets/a",
        b'{"id":%d,"a":' % number * (len(text) // 12),
    ),
    "nested lists": lambda text, number: ("tweets/a", b"[" * len(text) + b"%d" % number),
    "not closed": lambda text, number: (
        "tweets/a",
        f'{{"id":{number},"text":"{text}'.encode(errors="replace"),
    ),
    "UTF-16": lambda text, number: (
        "tweets/a",
        f"{number}{text}".encode("utf-16", errors="surrogatepass"),
    ),
    "first level": lambda text, number: (f"{_of_topic(text)}/a", b"%d a" % number),
    "second level": lambda text, number: (f"tweets/{_of_topic(text)}", b"%d a" % number),
    "levels": lambda text, number: ("/" * len(text), b"%d a" % number),
    "result": lambda text, number: (RESULTS_TOPIC, _result(number, text=text)),
    "result's entity": lambda text, number: (RESULTS_TOPIC, _result(number, entity=text)),
    "result's rest": lambda text, number: (
        RESULTS_TOPIC,
        _result(number, created_at=text, author=text[:32]),
    ),
}
"""A name, and what makes topic and payload of a text and of the number of the message."""


def _result(number: int, **fields: str) -> bytes:
    return _json(RESULT | {"id": str(number)} | fields)


def changed(recipe: Recipe, other: Recipe, random: Random) -> Recipe:
    """Change a recipe a little, or cross it with another."""
    pieces = list(recipe.pieces)
    at = random.randrange(len(pieces))
    match random.randrange(9):
        case 0:
            return replace(recipe, form=random.choice([*FORMS]))
        case 1:
            return replace(recipe, round=not recipe.round)
        case 2:
            pieces[at] = (pieces[at][0] + _piece(random), pieces[at][1])
        case 3:
            pieces.insert(at, (_piece(random), 2.0 ** random.randrange(-3, 7)))
        case 4:
            pieces[at] = (_piece(random), pieces[at][1])
        case 5:
            pieces[at] = (pieces[at][0], pieces[at][1] * random.choice((0.1, 0.5, 2.0, 10.0)))
        case 6:
            del pieces[at]
        case 7:
            pieces = [*pieces[:at], *other.pieces[random.randrange(len(other.pieces)) :]]
        case _:
            random.shuffle(pieces)
    shortened = [(piece[-200:], max(0.01, min(weight, 1e4))) for piece, weight in pieces[:12]]
    return replace(recipe, pieces=tuple(shortened) or recipe.pieces)


def _piece(random: Random) -> str:
    if random.random() < 0.1:
        return chr(random.choice((random.randrange(0x3000), random.randrange(0x10FFFF))))
    return random.choice(_PIECES)


def fresh(random: Random) -> Recipe:
    """Think of a recipe."""
    pieces = tuple((_piece(random), 1.0) for _ in range(random.randrange(1, 4)))
    return Recipe(random.choice([*FORMS]), pieces, random.random() < 0.5)
