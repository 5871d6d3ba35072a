"""Entities as levels of topics."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.topics import below, level, problem

_NAMES = st.text(min_size=1, max_size=80) | st.text("aB -_&é", min_size=1, max_size=8)


@given(_NAMES)
def test_a_level_is_safe(name: str) -> None:
    """It fits one level of any broker and any tool, whatever the name."""
    assert re.fullmatch(r"[a-z0-9_-]{1,80}", level(name))


@given(_NAMES, _NAMES)
def test_a_level_belongs_to_one_name(one: str, other: str) -> None:
    """Two names share a level only if the matcher takes them for one, too."""
    if level(one) == level(other):
        assert one.casefold().replace(" ", "-") == other.casefold().replace(" ", "-")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Acme", "acme"),
        ("Veldane Motors", "veldane-motors"),
        ("reputation-monitor", "reputation-monitor"),
        ("Mokka & Moss", "mokka-moss_aaaee882"),
        ("Müller", "muller_2dbd2180"),
        ("C++", "c_cedb1bac"),
        ("", "_e3b0c442"),
    ],
)
def test_a_level_is_readable(name: str, expected: str) -> None:
    """The hash comes only where the name is not to be read off the level."""
    assert expected == level(name)


@pytest.mark.parametrize("topic", ["a+b", "#", "a\0", "$SYS/x", "/a", "a/", "a//b", "x" * 70_000])
def test_what_is_no_topic(topic: str) -> None:
    """Nothing can be published there: it is said why."""
    assert problem(topic)
    assert problem("home/reputation") is None


def test_below() -> None:
    """A topic lies below another by whole levels."""
    assert below("a/b", "a/b/c")
    assert not below("a/b", "a/bc")
    assert not below("a/b", "a/b")
