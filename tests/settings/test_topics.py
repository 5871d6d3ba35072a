"""Entities as levels of topics."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.client import topic_matches_sub

from monitor.settings.topics import covers_own, is_own, level, problem

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


@pytest.mark.parametrize(
    ("topic", "own"),
    [
        ("tweets/availability", True),
        ("tweets/results", True),
        ("tweets/alerts/acme", True),
        ("tweets/sensors/board", True),
        ("tweets/sensors/entities/acme", True),
        ("tweets", False),
        ("tweets/en", False),
        ("tweets/en/results", False),
        ("tweets/alerts", False),
        ("tweets/alerts/acme/en", False),
        ("tweetsresults", False),
        ("other/results", False),
    ],
)
def test_our_own_topics(topic: str, own: bool) -> None:
    """Those that we publish on, and nothing else that begins like them."""
    assert own == is_own("tweets", topic)


@pytest.mark.parametrize(
    ("filter_", "covers"),
    [
        ("tweets/#", True),
        ("$share/g/tweets/#", True),
        ("tweets/+", True),
        ("tweets/results", True),
        ("tweets/+/acme", True),
        ("tweets/sensors/+/acme", True),
        ("tweets", False),
        ("tweets/en/#", False),
        ("tweets/+/en/x", False),
        ("#", False),
        ("+/#", False),
        ("tweet/#", False),
    ],
)
def test_filters_that_ask_for_our_own(filter_: str, covers: bool) -> None:
    """Those below our topic that some of ours matches; not those that ask for everybody's."""
    assert covers == covers_own("tweets", filter_)


@given(
    st.lists(st.sampled_from(["availability", "alerts", "sensors", "entities", "+", "#", "x"])),
    st.sampled_from(["availability", "results", "alerts/x", "sensors/board", "sensors/entities/x"]),
)
def test_a_filter_that_brings_our_own_covers_them(levels: list[str], own: str) -> None:
    """Whatever paho matches to one of our topics, below ours, is found to ask for it."""
    filter_ = "/".join(["a", "b", *levels])
    if "#" not in levels[:-1] and topic_matches_sub(filter_, f"a/b/{own}"):
        assert covers_own("a/b", filter_)
        assert is_own("a/b", f"a/b/{own}")
