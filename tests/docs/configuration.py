"""The reference of the configuration: a table a section, from the settings and the sample file.

Types, defaults and bounds are those of `monitor.settings`; what a key does is said by its comment
in config.toml, and of an entity's keys by `monitor.tweets.entities.Entity`.
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import json
import re
from typing import Any, Final, get_args, get_origin, get_type_hints

from monitor.settings import ENVIRONMENT_PREFIX, Settings
from monitor.tweets import entities
from tests.processes import REPOSITORY

_LINE: Final = re.compile(r"""^(?:(\w+) = (?:"[^"]*"|[^"#])*|\[(\w+)\] *|\s+)(?:# *(.*))?$""")
_TYPES: Final = {str: "string", int: "integer", float: "number", bool: "true or false"}


def reference() -> str:
    """Make the tables, as Markdown."""
    said = comments((REPOSITORY / "config.toml").read_text(encoding="utf-8"))
    parts = []
    for section in dataclasses.fields(Settings):
        if section.name == "entities":
            continue
        kind = get_type_hints(Settings)[section.name]
        hints = get_type_hints(kind)
        prefix = f"{ENVIRONMENT_PREFIX}{section.name}_".upper()
        about = _sentence((inspect.getdoc(kind) or "").partition(": ")[2])
        rows = [
            f"| `{key.name}` | {_type(hints[key.name])} | {_value(key.default)}"
            f" | {_bounds(key.metadata)} | {_cell(said.get((section.name, key.name), ''))} |"
            for key in dataclasses.fields(kind)
        ]
        parts += [
            f"### [{section.name}]\n\n{about} From the environment:"
            f" `{prefix}{dataclasses.fields(kind)[0].name.upper()}` and so on.\n\n"
            "| key | type | default | takes | what it does |\n|---|---|---|---|---|\n"
            + "\n".join(rows)
        ]
    return "\n\n".join([*parts, _entities()]) + "\n"


def comments(sample: str) -> dict[tuple[str, str], str]:
    """Read what the sample says of each key: (section, key) -> comment; key "" for the section."""
    found: dict[tuple[str, str], str] = {}
    section, key = "", ""
    for line in sample.splitlines():
        match = _LINE.match(line)
        if match is None or not line.strip():
            key = "-"  # a comment that stands alone is of no key
            continue
        if match[2]:
            section, key = match[2], ""
        elif match[1]:
            key = match[1]
        if match[3]:
            found[section, key] = f"{found.get((section, key), '')} {match[3]}".strip()
    return found


def _entities() -> str:
    """Describe an ``[[entities]]`` table from the strings below the class's fields."""
    (body,) = ast.parse(inspect.getsource(entities.Entity)).body
    assert isinstance(body, ast.ClassDef)
    rows = [
        f"| `{field.target.id}` | {_type(get_type_hints(entities.Entity)[field.target.id])}"
        f" | {'needed' if field.value is None else '`[]`'} | | {_cell(said.value.value)} |"
        for field, said in zip(body.body, body.body[1:], strict=False)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(said, ast.Expr)
        and isinstance(said.value, ast.Constant)
        and isinstance(said.value.value, str)
    ]
    return (
        "### [[entities]]\n\nWhose reputation is watched: a table for each. From the environment:"
        f" `{ENVIRONMENT_PREFIX}ENTITIES`, a list of such tables.\n\n"
        "| key | type | default | takes | what it does |\n|---|---|---|---|---|\n" + "\n".join(rows)
    )


def _type(hint: Any) -> str:  # noqa: ANN401  (an annotation)
    if get_origin(hint) is tuple:
        return f"list of {_TYPES[get_args(hint)[0]]}s"
    return _TYPES[hint]


def _value(value: object) -> str:
    """Write a value as TOML does."""
    return f"`{json.dumps(list(value) if isinstance(value, tuple) else value)}`"


def _bounds(metadata: Any) -> str:  # noqa: ANN401  (a mapping of whatever a field declares)
    if metadata["choices"]:
        return ", ".join(f"`{choice}`" for choice in metadata["choices"])
    if metadata["least"] is None:
        return ""
    least, most = (f"{metadata[end]:,}".removesuffix(".0") for end in ("least", "most"))
    return f"{least} to {most}"


def _cell(text: str) -> str:
    """Put a text into one cell of a table."""
    return " ".join(text.split()).replace("``", "`").replace("|", "\\|")


def _sentence(text: str) -> str:
    """Begin with a capital and end with a full stop."""
    text = _cell(text)
    return f"{text[:1].upper()}{text[1:].removesuffix('.')}."
