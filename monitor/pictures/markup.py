"""HTML and SVG elements; whatever is put into them is escaped."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final, TypeAlias


class Markup(str):
    """Text that is markup already."""

    __slots__ = ()

    def __html__(self) -> str:
        """Tell template engines so."""
        return self


Content: TypeAlias = "str | float | Sequence[Content] | None"

_VOID: Final = frozenset({"br", "input", "link", "meta", "col"})


def tag(name: str, /, *content: Content, **attributes: str | float | bool | None) -> Markup:
    """Return an element.

    Args:
        name: of the element, ours.
        content: text is escaped, markup is taken as it is, None left out, lists are joined.
        attributes: of these False and None are left out, True stands without a value. ``class_``
            is ``class``, and ``aria_label`` is ``aria-label``.
    """
    written = "".join(_attribute(key, value) for key, value in attributes.items())
    if name in _VOID:
        return Markup(f"<{name}{written}>")
    return Markup(f"<{name}{written}>{join(*content)}</{name}>")


def join(*content: Content) -> Markup:
    """Return pieces one after the other, each as in `tag`."""
    return Markup("".join(_written(piece) for piece in content))


def _written(piece: Content) -> str:
    if piece is None:
        return ""
    if isinstance(piece, Markup):
        return piece
    if isinstance(piece, str):
        return escape(piece)
    return escape(_number(piece)) if isinstance(piece, int | float) else join(*piece)


def _attribute(key: str, value: str | float | bool | None) -> str:
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    if value is True:
        return f" {name}"
    return f' {name}="{escape(value if isinstance(value, str) else _number(value))}"'


def _number(value: float) -> str:
    """Write a length: a tenth of a pixel is as fine as a picture gets."""
    return f"{value:.1f}".removesuffix(".0")
