"""Tables of TOML to values of the types that a dataclass declares, and what is wrong with them."""

from __future__ import annotations

import dataclasses
import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import field
from typing import Any, Final, TypeVar, get_args, get_origin, get_type_hints

NOT_TOML: Final = (ValueError, RecursionError)
"""What the parser raises; digits and nesting beyond measure included."""

_NAMES: Final = {
    str: "string",
    int: "whole number",
    float: "number",
    bool: "boolean (true or false)",
}

_SECRETS: Final = ("password", "url")
"""Words in the names of keys whose values are not shown."""

_T = TypeVar("_T")


class ConfigurationError(Exception):
    """The configuration cannot be used; the message names file, key, value and the way out."""


def declared(
    default: Any,  # noqa: ANN401  (the field's annotation says which type)
    *,
    least: float | None = None,
    most: float | None = None,
    choices: tuple[str, ...] | None = None,
    secret: bool = False,
) -> Any:  # noqa: ANN401  (as dataclasses.field)
    """Declare a key: its default, the values it takes, and whether it must not be shown."""
    metadata = {"least": least, "most": most, "choices": choices}
    return field(default=default, repr=not secret, metadata=metadata)


def nearest(name: str, known: list[str]) -> str:
    """Return which known name somebody may have meant."""
    return max(known, key=lambda k: difflib.SequenceMatcher(None, name.lower(), k.lower()).ratio())


def shown(name: str, value: object) -> str:
    """Write a value for an error message, unless it may be a secret, or hold one.

    Args:
        name: of the key, or of the variable, that it was given to; a misspelt one, too.
        value: a URL, which may have a password or a token in it, is not shown wherever it stands.
    """
    written = repr(value)
    hidden = any(word in name.lower() for word in _SECRETS) or "://" in written
    return "'…'" if hidden else written


def parse(variable: str, raw: str) -> Any:  # noqa: ANN401  (any TOML value)
    """Read what an environment variable holds.

    Raises:
        ConfigurationError: if it is not TOML.
    """
    try:
        return tomllib.loads(f"value = {raw}")["value"]
    except NOT_TOML as error:
        raise ConfigurationError(
            f"environment: {variable}: {shown(variable, raw)}: {error}"
        ) from error


class Tables:
    """Reads tables, and names where they are from in what it says."""

    def __init__(self, origin: str) -> None:
        self._origin = origin

    def section(
        self, kind: type[_T], name: str, table: object, overrides: Mapping[str, tuple[str, str]]
    ) -> _T:
        """Make a section's dataclass.

        Args:
            kind: the dataclass.
            name: of the section.
            table: what the document has there.
            overrides: key to environment variable and its raw value.

        Raises:
            ConfigurationError: if a key or value is not as it should be.
        """
        if not isinstance(table, dict):
            what = type(table).__name__ if isinstance(table, list) else shown(name, table)
            raise ConfigurationError(f"{self._origin}: [{name}] = {what}: must be a table")
        hints = get_type_hints(kind)
        values = self._values(kind, f"[{name}]", table)
        for key, (variable, raw) in overrides.items():
            value = raw if hints[key] is str else parse(variable, raw)
            environment = Tables(f"environment: {variable}")
            values |= environment._values(kind, f"[{name}]", {key: value})
        return kind(**values)

    def rows(self, kind: type[_T], where: str, tables: object) -> tuple[_T, ...]:
        """Make a dataclass of each table in an array.

        Raises:
            ConfigurationError: if a key or value is not as it should be.
        """
        if not isinstance(tables, list):
            raise self._wrong(where, tables, "an array of tables")
        return tuple(kind(**self._values(kind, where, table)) for table in tables)

    def unknown(self, where: str, meant: str) -> ConfigurationError:
        """Say that there is no such key."""
        return ConfigurationError(f"{self._origin}: {where}: no such key; the nearest is {meant!r}")

    def _values(self, kind: type, where: str, table: object) -> dict[str, Any]:
        if not isinstance(table, dict):
            raise self._wrong(where, table, "a table")
        fields = {f.name: f for f in dataclasses.fields(kind)}
        hints = get_type_hints(kind)
        values: dict[str, Any] = {}
        for name, value in table.items():
            if name not in fields:
                meant = nearest(name, list(fields))
                what = shown(f"{meant} {name}", value)
                raise self.unknown(f"{where} {name} = {what}", meant)
            values[name] = self._value(f"{where} {name}", value, hints[name], fields[name].metadata)
        for name, f in fields.items():
            if name not in values and f.default is f.default_factory is dataclasses.MISSING:
                raise ConfigurationError(f"{self._origin}: {where}: the key {name!r} is missing")
        return values

    def _value(self, where: str, value: object, hint: object, bounds: Mapping[str, Any]) -> object:
        for text in value if isinstance(value, list) else (value,):
            if isinstance(text, str) and "\0" in text:  # the system's names and texts end there
                raise self._wrong(where, value, "text without a NUL (\\u0000)")
        if get_origin(hint) is tuple:
            (item, _) = get_args(hint)
            if not isinstance(value, list) or not all(type(v) is item for v in value):
                raise self._wrong(where, value, f"a list of {_NAMES[item]}s")
            return tuple(value)
        assert isinstance(hint, type)
        # Exactly: a bool is no int here. But 1 is a number as much as 1.0 is.
        if type(value) is not hint and not (hint is float and type(value) is int):
            raise self._wrong(where, value, f"a {_NAMES[hint]}")
        if isinstance(value, int | float):
            least, most = bounds.get("least"), bounds.get("most")
            # Asked this way round because TOML's nan is neither less nor more.
            if not ((least is None or least <= value) and (most is None or value <= most)):
                raise self._wrong(where, value, f"between {least} and {most}")
        choices = bounds.get("choices")
        if choices and value not in choices:
            close = difflib.get_close_matches(str(value), choices, n=1, cutoff=0.5)
            hint_text = f"; did you mean {close[0]!r}?" if close else ""
            raise self._wrong(where, value, "one of " + ", ".join(map(repr, choices)), hint_text)
        return float(value) if hint is float and isinstance(value, int) else value

    def _wrong(self, where: str, value: object, wanted: str, more: str = "") -> ConfigurationError:
        return ConfigurationError(
            f"{self._origin}: {where} = {shown(where, value)}: must be {wanted}{more}"
        )
