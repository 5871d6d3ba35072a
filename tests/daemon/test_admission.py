"""Which names have a place in the log, whatever messages name."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from monitor.daemon.admission import Admission
from monitor.daemon.pipeline import Pipeline
from monitor.settings import MqttSettings, Settings
from monitor.store import Store, StoreError
from monitor.tweets import MAX_NAME_CHARS, NO_ENTITY, OTHERS, Entity
from tests.factories import PSEUDONYMS, Inlet, StubClassifier, query

CONFIGURED = ("Acme", "Bank Ostra")


def test_the_first_to_come_have_a_place() -> None:
    """Configured names always have one, so many others have one, and the rest shares one."""
    admission = Admission(CONFIGURED, 2)
    stored = [admission.stored(n) for n in ("one", "two", "three", "one", "Acme", "four", "")]

    assert ["one", "two", OTHERS, "one", "Acme", OTHERS, ""] == stored
    assert {*CONFIGURED, "one", "two"} == admission.names


def test_a_spelling_takes_no_place() -> None:
    """The one that came first stays, and the configuration's goes before all."""
    admission = Admission(CONFIGURED, 1)
    stored = [admission.stored(n) for n in ("Lumen Cars", "LUMEN-cars", "ACME", "bank_ostra")]

    assert ["Lumen Cars", "Lumen Cars", "Acme", "Bank Ostra"] == stored


@pytest.mark.parametrize(
    "name", [OTHERS, NO_ENTITY, "(Others)", "\uff08others\uff09", "n" * (MAX_NAME_CHARS + 1)]
)
def test_what_stands_for_none_is_no_name(name: str) -> None:
    """Who calls an entity as the log calls none has it counted among the others."""
    admission = Admission((), 5)

    assert OTHERS == admission.stored(name)
    assert not admission.names


def test_what_is_not_heeded() -> None:
    """With a limit of 0 a message names those that are configured, or none."""
    admission = Admission(CONFIGURED, 0)

    assert [True, False] == [admission.heeds(name) for name in ("Acme", "Lumen")]
    assert OTHERS == admission.stored("Lumen")


class _Log:
    """What the log counts labels under, as it changes, and how often it was asked."""

    def __init__(self, *names: str) -> None:
        self.names: Sequence[str] = names
        self.asked = 0
        self.readable = True

    def look(self, besides: Collection[str], most: int) -> Sequence[str]:
        """Answer, or fail."""
        self.asked += 1
        if not self.readable:
            raise StoreError("not now")
        return [name for name in self.names if name not in besides][:most]


def test_places_become_free_again() -> None:
    """When the log has forgotten a name, another gets its place; it is asked once a day."""
    now, log = [0.0], _Log("old", "older")
    admission = Admission((), 2, log.look, lambda: now[0])
    assert OTHERS == admission.stored("new")
    log.names = ("old",)
    assert OTHERS == admission.stored("new")
    now[0] += 86_400
    log.readable = False
    assert OTHERS == admission.stored("new")
    assert {"old", "older"} == admission.names
    now[0] += 86_400
    log.readable = True

    assert ["new", "old", OTHERS] == [admission.stored(n) for n in ("new", "old", "older")]
    assert 3 == log.asked


def test_what_was_just_given_a_place_keeps_it() -> None:
    """Also if the log has no label of it yet, while another spelling stands there."""
    now, log = [0.0], _Log("old")
    admission = Admission((), 2, log.look, lambda: now[0])
    assert "fresh" == admission.stored("fresh")
    now[0] += 86_400
    log.names = ("FRESH", "old", "x")

    assert OTHERS == admission.stored("y")
    assert {"fresh", "old"} == admission.names


NAMES = st.one_of(
    st.sampled_from(
        ["Acme", "acme", "@Acme", OTHERS, NO_ENTITY, "(OTHERS)", "Bank-Ostra", "-", "@"]
    ),
    st.text(st.sampled_from("aAbB1 -_@#\u200b\u00e9\uff21"), min_size=1, max_size=4),
    st.integers(0, 60).map("name {}".format),
)
MESSAGES = st.lists(
    st.tuples(st.lists(NAMES, max_size=4), st.sampled_from(["a", "b", "tweets/lumen", "tweets/é"])),
    max_size=40,
)


@hypothesis_settings(max_examples=25)
@given(lives=st.lists(MESSAGES, min_size=1, max_size=3), limit=st.integers(0, 5))
def test_names_are_bounded(
    tmp_path_factory: pytest.TempPathFactory, lives: list[list[tuple[list[str], str]]], limit: int
) -> None:
    """However messages and topics name entities, over restarts: so many, the others, and none."""
    path = tmp_path_factory.mktemp("names") / "monitor.db"
    for life, messages in enumerate(lives):
        _live(path, limit, life, messages)
    ((labels,),) = query(path, "SELECT count(DISTINCT entity) FROM labels")
    counted = [name for (name,) in query(path, "SELECT DISTINCT entity FROM rollups")]

    assert labels == len(counted) <= len(CONFIGURED) + limit + 2
    assert len({name.casefold() for name in counted}) == len(counted)


def _live(path: Path, limit: int, life: int, messages: Sequence[tuple[Sequence[str], str]]) -> None:
    """Have a pipeline label messages, from its start to its end."""
    settings = Settings(
        mqtt=MqttSettings(entity_level=2, max_named_entities=limit),
        entities=tuple(Entity(name) for name in CONFIGURED),
    )
    inlet = Inlet()
    deliveries = [
        inlet.delivery(json.dumps({"id": f"{life} {n}", "text": "a", "entities": names}), topic)
        for n, (names, topic) in enumerate(messages)
    ]
    with closing(Store(path)) as store:
        pipeline = Pipeline(settings, StubClassifier(), store, PSEUDONYMS)
        for delivery in deliveries:  # without its threads
            pipeline._writer.finish(pipeline._collector.collect([delivery], 0))
    assert [*range(len(deliveries))] == inlet.acknowledged


def test_places_are_kept_over_a_restart(tmp_path: Path) -> None:
    """The log itself says who had one."""
    path = tmp_path / "monitor.db"
    several = ["two", "Acme"]
    _live(path, 3, 1, [(["one"], "t"), (several, "t"), ([], "tweets/three"), (["four"], "t")])
    _live(path, 3, 2, [([name], "t") for name in ("four", "three", "Three", "five", "one")])

    assert [("(others)", 3), ("Acme", 1), ("one", 2), ("three", 3), ("two", 1)] == query(
        path, "SELECT entity, count(*) FROM labels GROUP BY 1"
    )


def test_of_too_many_those_with_most_tweets_have_a_place(tmp_path: Path) -> None:
    """As in a log from before there was a limit, or with a higher one."""
    path = tmp_path / "monitor.db"
    names = [[f"name {n}"] for n in range(8)]
    _live(path, 100, 1, [(some, "t") for some in (*names, names[5], names[7])])
    _live(path, 2, 2, [(some, "t") for some in names])

    assert [("(others)", 6), ("name 5", 3), ("name 7", 3)] == query(
        path,
        "SELECT entity, count(*) FROM labels GROUP BY 1 HAVING count(*) > 1 ORDER BY 1",
    )
