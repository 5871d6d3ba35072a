"""Linear layers only, as a MobileBERT again."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.lab.structure import Structure
from monitor.lab.training.export import folded
from monitor.lab.training.student import fresh
from monitor.lab.training.unfold import structure_of, unfold
from monitor.verdict import TASKS
from tests.lab.training.test_fold import SHAPE, inputs, random_student


@settings(max_examples=10)
@given(seed=st.integers(0, 10**6))
def test_unfolded_answers_as_before(seed: int) -> None:
    """Probabilities are those of the network that was folded; folded again, it is the same."""
    network = random_student(seed)
    ids, types = map(torch.from_numpy, inputs())
    arrays = folded(network, SHAPE.positions)
    again = unfold(arrays).double()
    with torch.no_grad():
        expected, _ = network(ids, types)
        actual, _ = again(ids, types)

    for task in TASKS:
        # Its weights are float32.
        assert (expected[task].softmax(-1) - actual[task].softmax(-1)).abs().max() < 1e-4
    assert arrays.heads.bias == pytest.approx(folded(again, SHAPE.positions).heads.bias, rel=1e-6)


def test_it_can_be_trained_on() -> None:
    """Every norm is there, as the identity, and every weight has a gradient."""
    network = unfold(folded(random_student(), SHAPE.positions))
    ids, types = map(torch.from_numpy, inputs())
    logits, _ = network(ids, types)
    torch.autograd.backward([logits[task].sum() for task in TASKS])

    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        if "LayerNorm" in name:
            assert (parameter == float(name.endswith("weight"))).all(), name


@pytest.mark.parametrize(
    "structure",
    [
        SHAPE,
        replace(SHAPE, layers=1, stacks=1, heads=1),
        Structure(layers=2, hidden=8, bottleneck=8, heads=4, intermediate=8, stacks=2, embedding=8),
    ],
)
def test_structure_of(structure: Structure) -> None:
    """Read off the arrays' shapes."""
    assert structure == structure_of(folded(fresh(structure), structure.positions))
