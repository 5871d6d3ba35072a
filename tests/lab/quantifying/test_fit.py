"""The regression of true shares on shares of labels."""

import numpy as np
import pytest

from monitor.lab.data import Example
from monitor.lab.quantifying.fit import (
    CLASSES,
    ENTITY,
    LEAST_ENTITIES,
    LEAST_TWEETS,
    EntityTweets,
    beyond_chance,
    entities_of,
    entity_names,
    fit_shares,
    mapping_of,
    several,
    without_each,
)
from monitor.standings.quantification import Floats

TRUE = np.array([[0.8, 0.15, 0.05], [0.1, 0.8, 0.1], [0.05, 0.2, 0.75]])
"""Shares of true classes (columns) behind each label (row) of an invented classifier."""


def world(count: int, tweets: int, way: float = 0.0, seed: int = 0) -> dict[str, EntityTweets]:
    """Draw entities whose classifier errs as `TRUE`, and by ``way`` in a manner of its own."""
    chance = np.random.default_rng(seed)
    found = {}
    for number in range(count):
        labels = chance.choice(3, tweets, p=chance.dirichlet(np.ones(3)))
        own = way * chance.normal()
        rates = np.clip(TRUE + own * np.array([-1.0, 1.0, 0.0]), 0, None)
        rates /= rates.sum(axis=1, keepdims=True)
        truth = (chance.random((tweets, 1)) > rates[labels].cumsum(axis=1)).sum(axis=1)
        found[f"brand {number}"] = EntityTweets(CLASSES[labels], CLASSES[truth])
    return found


def test_line_is_found() -> None:
    """Many tweets of many entities tell what stands behind a label."""
    found = mapping_of([*world(300, 400).values()])

    assert pytest.approx(TRUE, abs=0.04) == found
    assert pytest.approx(np.ones(3)) == found.sum(axis=1)


def test_without_evidence_labels_are_right() -> None:
    """A single entity of a few tweets hardly moves the belief; rows stay shares."""
    wrong = EntityTweets(CLASSES[[0] * 3], CLASSES[[2] * 3])
    found = mapping_of([wrong])

    assert found[0, 2] == pytest.approx(3 / (1 + 3 / ENTITY) / (ENTITY + 3 / (1 + 3 / ENTITY)))
    assert found[1:].tolist() == CLASSES[1:].tolist()


def test_chance_is_taken_off() -> None:
    """Entities without a way of their own differ by nothing, however few their tweets."""
    alike, apart = ([*world(400, tweets, way).values()] for tweets, way in ((12, 0.0), (12, 0.15)))

    def spread(entities: list[EntityTweets]) -> Floats:
        return np.diagonal(beyond_chance(entities, np.array([TRUE] * len(entities))))

    assert pytest.approx(np.zeros(3), abs=0.003) == spread(alike)
    assert 0.01 < spread(apart)[0] < 0.0225


def test_entity_is_left_out() -> None:
    """The line it is judged by does not know it; others' lines do."""
    entities = world(3, 50)
    names = list(entities)

    found = without_each(names, entities)
    assert pytest.approx(found[1]) == mapping_of([entities[names[0]], entities[names[2]]])


def test_table_of_the_model_card() -> None:
    """It has what the correction reads, and tells how many entities stand behind it."""
    held_out, learnt = world(LEAST_ENTITIES, 40, 0.2), world(60, 300, seed=1)
    alone, with_learnt = fit_shares(held_out), fit_shares(held_out, learnt)

    assert alone is not None
    assert with_learnt is not None
    assert (LEAST_ENTITIES, 40 * LEAST_ENTITIES) == (alone["entities"], alone["tweets"])
    assert mapping_of([*held_out.values()]).round(5).tolist() == alone["mapping"]
    assert mapping_of([*learnt.values()]).round(5).tolist() == with_learnt["mapping"]
    assert (np.linalg.eigvalsh(np.array(alone["between"])) >= -1e-4).all()
    assert np.trace(alone["drift"]) < np.trace(alone["between"])


def test_too_few_entities_give_no_line() -> None:
    """Nor do many of too few tweets."""
    assert fit_shares(world(LEAST_ENTITIES - 1, 100)) is None
    assert fit_shares(world(50, LEAST_TWEETS - 1)) is None
    assert len(several(world(3, LEAST_TWEETS))) == 3


def test_grouping() -> None:
    """By name; what is about nobody, or labelled for something else, is left out."""
    dev = {
        "replab": [Example("a", "Acme", 0), Example("b", None, 1), Example("c", "Acme", 2)],
        "targeted": [Example("d", "Acme", 0)],
    }
    names = entity_names(dev)
    found = entities_of(names, np.array([0, 1, 2, 0]), CLASSES[[0, 1, 1, 1]])

    assert ["Acme", None, "Acme", None] == names
    assert ["Acme"] == list(found)
    assert [[1, 0, 0], [0, 1, 0]] == found["Acme"].given.tolist()
    assert [[1, 0, 0], [0, 0, 1]] == found["Acme"].true.tolist()


@pytest.mark.parametrize(("given", "taken"), [(0.3, 0.3), (0.02, 0.1), (-0.1, 0.1), (1.4, 1.0)])
def test_what_does_not_last(given: float, taken: float) -> None:
    """Changes are held to be as sure as an entity's error lasts, but never quite sure."""
    table = fit_shares(world(20, 40), fleeting=given)

    assert table is not None
    assert np.array(table["drift"]) == pytest.approx(taken * np.array(table["between"]), abs=2e-5)
