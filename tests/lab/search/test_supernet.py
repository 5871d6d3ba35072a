"""One set of weights, of which every structure uses a part."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import cast

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.lab.errors import TrainingError
from monitor.lab.search.supernet import Dense, SuperLayer, Supernet, kept_layers
from monitor.lab.structure import Structure
from monitor.lab.training.unfold import unfold
from monitor.verdict import TASKS
from tests.lab.search.conftest import SPACE, TOY, questions, toy
from tests.lab.training.test_fold import random_student

((IDS, TYPES),) = questions(1)


def test_the_largest_is_the_network_it_was_made_from() -> None:
    """Logits and the wide stream before and after all layers."""
    network = random_student().float()
    supernet = Supernet(toy()).eval()
    with torch.no_grad():
        network.get_parameter("encoder.embeddings.word_embeddings.weight")[0] = 0.0
        expected, _ = network(IDS, TYPES)
        actual, states = supernet(supernet.largest, IDS, TYPES)

    assert TOY == supernet.largest
    assert all(torch.allclose(expected[task], actual[task], rtol=1e-4) for task in TASKS)
    assert {0, 1, 2, 3} == set(states)
    assert {(4, 9, 12)} == {tuple(state.shape) for state in states.values()}


@settings(max_examples=15)
@given(seed=st.integers(0, 10**6))
def test_a_structure_cut_out_answers_as_within_the_supernet(seed: int) -> None:
    """What is exported in the end is what was tried."""
    chance = random.Random(seed)
    structure = SPACE.draw(TOY, chance)
    rows = [0, *sorted(chance.sample(range(1, TOY.vocabulary), structure.vocabulary - 1))]
    supernet = Supernet(toy()).eval()
    ids = torch.where(IDS == 0, 0, 1 + IDS % (structure.vocabulary - 1))
    network = unfold(supernet.folded(structure, rows)).double()
    supernet.double()
    with torch.no_grad():
        expected, _ = supernet(structure, torch.tensor(rows)[ids], TYPES)
        actual, _ = network(ids, TYPES)

    assert all(torch.allclose(expected[task], actual[task], rtol=1e-6) for task in TASKS)
    assert (
        structure.vocabulary
        == network.get_parameter("encoder.embeddings.word_embeddings.weight").shape[0]
    )


def test_gradients_reach_only_what_is_used() -> None:
    """A small structure leaves the rest of the weights as they are."""
    supernet = Supernet(toy())
    small = replace(
        TOY, layers=2, hidden=9, bottleneck=4, heads=1, intermediate=5, stacks=2, embedding=3
    )
    logits, _ = supernet(small, IDS, TYPES)
    torch.autograd.backward([logits[task].square().sum() for task in TASKS])

    def used(parameter: torch.nn.Parameter) -> tuple[int, ...]:
        """Return the least box, from the first feature on, that holds all of the gradient."""
        assert parameter.grad is not None
        return tuple(int(axis.max()) + 1 for axis in np.nonzero(parameter.grad.numpy()))

    def of(dense: object) -> tuple[int, ...]:
        return used(cast(Dense, dense).weight)

    dropped, first, last = (cast(SuperLayer, block) for block in supernet.blocks)
    assert {None} == {parameter.grad for parameter in dropped.parameters()}
    for block in (first, last):
        assert (1, 9, 4) == of(block.shared) == of(block.start) == of(block.value)
        assert (1, 4, 4) == of(block.query) == of(block.key) == of(block.context)
        # Neurons that no token wakes have none.
        assert all(of(inner)[:2] == (1, 4) and of(inner)[2] <= 5 for inner in block.inner[:2])
        assert all(of(outer)[1] <= 5 and of(outer)[2] == 4 for outer in block.outer[:2])
        assert cast(Dense, block.inner[2]).weight.grad is None
        assert (1, 4, 9) == of(block.exit)
    assert (3, 3, 9) == of(supernet.projection)
    assert (1, 9, 6) == of(supernet.heads)
    assert 3 == used(supernet.words)[1]
    assert 9 == used(supernet.types)[1]


@given(st.data())
def test_kept_layers(data: st.DataObject) -> None:
    """As many as asked, in order, evenly spread, and the last one always."""
    of = data.draw(st.integers(1, 48))
    layers = data.draw(st.integers(1, of))
    kept = kept_layers(layers, of)

    assert layers == len(kept)
    assert sorted(set(kept)) == kept
    assert 0 <= kept[0] <= kept[-1] == of - 1
    steps = np.diff([-1, *kept])
    assert steps.max() - steps.min() <= 1


@pytest.mark.parametrize(
    ("structure", "message"),
    [
        (replace(TOY, layers=4), "has layers 3, not 4"),
        (replace(TOY, hidden=13), "has hidden 12, not 13"),
        (replace(TOY, bottleneck=16, heads=4), "has bottleneck 8, not 16"),
        (replace(TOY, intermediate=11), "has intermediate 10, not 11"),
        (replace(TOY, stacks=4), "has stacks 3, not 4"),
        (replace(TOY, embedding=7), "has embedding 6, not 7"),
        (replace(TOY, bottleneck=8, heads=4), "has heads 4 wide"),
    ],
)
def test_what_is_no_part_is_refused(structure: Structure, message: str) -> None:
    """In one line."""
    with pytest.raises(TrainingError, match=message):
        Supernet(toy()).folded(structure)


def test_states_are_those_of_the_layers_that_are_there() -> None:
    """So that a shallow structure can be held to the teacher's states at the same place."""
    _, states = Supernet(toy())(replace(TOY, layers=2, hidden=6), IDS, TYPES)

    assert [0, 2, 3] == [0, *(place + 1 for place in kept_layers(2, 3))] == list(states)
    assert {6} == {state.shape[-1] for state in states.values()}


def test_padding_is_nothing() -> None:
    """A tweet answers the same beside a longer one, also once [PAD] has weights of its own."""
    supernet = Supernet(toy()).eval()
    with torch.no_grad():
        supernet.words[0] = 1.0
    alone = torch.tensor([[5, 6, 7]])
    padded = torch.tensor([[5, 6, 7, 0, 0]])
    structure = supernet.largest
    network = unfold(supernet.folded(structure))
    with torch.inference_mode():
        one, _ = supernet(structure, alone, torch.zeros_like(alone))
        for ids in (alone, padded):
            within, _ = supernet(structure, ids, torch.zeros_like(ids))
            cut, _ = network(ids, torch.zeros_like(ids))
            for task in TASKS:
                torch.testing.assert_close(one[task], within[task], atol=1e-5, rtol=1e-4)
                torch.testing.assert_close(one[task], cut[task], atol=1e-5, rtol=1e-4)
