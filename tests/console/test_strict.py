"""JSON that any program can read."""

from __future__ import annotations

import json
from typing import NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.console import as_json, strict_json

_DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def _refuse(name: str) -> NoReturn:
    raise AssertionError(f"{name} is not JSON")


@given(_DOCUMENTS)
def test_it_is_json_whatever_the_numbers(document: object) -> None:
    """A strict reader takes it, and finds null for what is no finite number and all else."""
    expected = json.loads(json.dumps(document), parse_constant=lambda _name: None)

    assert expected == json.loads(strict_json(document), parse_constant=_refuse)


def test_it_keeps_the_options() -> None:
    """Layout and the way in which other objects are written are the caller's, also then."""
    assert '{\n "a": null,\n "b": "1j"\n}' == strict_json(
        {"a": float("nan"), "b": 1j}, indent=1, default=lambda number: str(number)
    )


def test_deep_documents_are_no_matter() -> None:
    """As deep as Python reads them."""
    depth = 800
    document = json.loads("[" * depth + "1e400" + "]" * depth)

    assert "[" * depth + "null" + "]" * depth == as_json(document)


def test_what_json_cannot_hold_is_refused() -> None:
    """As without it."""
    with pytest.raises(TypeError):
        strict_json({"a": object()})
