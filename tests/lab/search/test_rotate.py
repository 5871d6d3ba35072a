"""The order of features: the same function, with what matters most first."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from monitor.lab.search.rotate import NEURONS, energies, moments, rotate
from monitor.lab.search.supernet import Supernet
from monitor.lab.training.fold import Array, Folded, Layer, Linear, parts, side_by_side
from monitor.lab.training.unfold import structure_of
from tests.lab.search.conftest import TOY, questions, toy
from tests.lab.training.test_fold import forward

QUESTIONS = questions()


def answers(network: Folded) -> NDArray[np.float64]:
    """Return the probabilities [tasks, tweets, labels], in float64."""
    return np.concatenate([forward(network, i.numpy(), t.numpy()) for i, t in QUESTIONS], axis=1)


@settings(max_examples=10)
@given(seed=st.integers(0, 10**6))
def test_same_function(seed: int) -> None:
    """Nothing is lost by turning."""
    network = toy(seed)
    turned = rotate(network, QUESTIONS)

    assert np.abs(answers(network) - answers(turned)).max() < 1e-9
    assert structure_of(network) == structure_of(turned)


def test_in_order_of_energy() -> None:
    """Features of a turned stream are independent, and each has less energy than the one before."""
    turned = rotate(toy(), QUESTIONS)
    seen = moments(Supernet(turned).eval(), QUESTIONS)

    streams = ["wide", "words", *(f"{i}.{n}" for i in range(3) for n in ("narrow", "shared"))]
    for name in streams:
        moment = seen[name] / np.trace(seen[name])
        energy = np.diagonal(moment)
        assert np.abs(moment - np.diag(energy)).max() < 1e-5, name
        assert (np.diff(energy) < 1e-6).all(), name


def test_neurons_and_heads_in_order_of_energy() -> None:
    """What cannot be turned is sorted by the energy that it writes."""
    turned = rotate(toy(), QUESTIONS)
    seen = moments(Supernet(turned).eval(), QUESTIONS)

    for place, layer in enumerate(turned.layers):
        for number in range(TOY.stacks):
            assert (np.diff(energies(layer, seen, place, number)) < 1e-4).all()
        context, write = seen[f"{place}.context.0"], layer.context.weight
        first, second = (
            np.trace(write[own].T @ context[own, own] @ write[own])
            for own in (slice(0, 4), slice(4, 8))
        )
        assert first > second


def test_sleeping_neurons_are_left_out() -> None:
    """Those that no tweet wakes cost time and give nothing."""
    network = toy()
    asleep = 3 * NEURONS

    def padded(inner: Linear, outer: Linear) -> tuple[Linear, Linear]:
        random = np.random.default_rng(0)
        return (
            Linear(
                np.concatenate([random.normal(size=(8, asleep)), inner.weight], axis=1),
                np.concatenate([np.full(asleep, -1e4), inner.bias]),
            ),
            Linear(np.concatenate([random.normal(size=(asleep, 8)), outer.weight]), outer.bias),
        )

    sleepy = replace(
        network,
        layers=tuple(
            replace(layer, feed_forward=tuple(padded(*pair) for pair in layer.feed_forward))
            for layer in network.layers
        ),
    )
    turned = rotate(sleepy, QUESTIONS)

    assert NEURONS == structure_of(turned).intermediate
    assert np.abs(answers(network) - answers(turned)).max() < 1e-9


def within(layer: Linear, space: Array) -> Linear:
    """Return ``layer`` writing only what lies in the ``space`` [width, less] of a stream."""
    return Linear(layer.weight @ space @ space.T, layer.bias @ space @ space.T)


def space(width: int, less: int, seed: int) -> Array:
    """Return an orthonormal basis [width, less] at random."""
    basis, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(width, less)))
    return np.asarray(basis)


def frugal(network: Folded) -> Folded:
    """Return a network that uses 4 of 6 word features, 9 of 12 wide ones, 4 of 8 narrow, 1 head."""
    wide, words = space(12, 9, 1), space(6, 4, 2)
    layers = []
    for place, layer in enumerate(network.layers):
        narrow, around = space(8, 4, 10 + place), space(8, 4, 20 + place)
        shared, start, value = parts(layer.entry, 8, 8, 8)
        used = np.concatenate([np.zeros((4, 8)), layer.context.weight[4:]])
        layers.append(
            Layer(
                entry=side_by_side(within(shared, around), within(start, narrow), value),
                query_key=layer.query_key,
                context=within(Linear(used, layer.context.bias), narrow),
                feed_forward=tuple(
                    (inner, within(outer, narrow)) for inner, outer in layer.feed_forward
                ),
                exit=within(layer.exit, wide),
            )
        )
    return replace(
        network,
        words=network.words @ words @ words.T,
        positions=network.positions @ wide @ wide.T,
        types=network.types @ wide @ wide.T,
        projection=within(network.projection, wide),
        layers=tuple(layers),
    )


@pytest.mark.parametrize("seed", [0, 1])
def test_what_is_not_used_can_be_cut(seed: int) -> None:
    """The last features of a network that does not need them change nothing."""
    network = frugal(toy(seed))
    supernet = Supernet(rotate(network, QUESTIONS)).eval()
    cut = replace(TOY, hidden=9, embedding=4, bottleneck=4, heads=1)

    assert np.abs(answers(network) - answers(supernet.folded(cut))).max() < 1e-4
    less = replace(cut, hidden=6)
    assert np.abs(answers(network) - answers(supernet.folded(less))).max() > 1e-3


def test_padding_does_not_count() -> None:
    """What padding does is no reason to keep a feature."""
    ids, types = QUESTIONS[0]
    padded = [(torch.nn.functional.pad(ids, (0, 5)), torch.nn.functional.pad(types, (0, 5)))]
    network = Supernet(toy()).eval()
    # [PAD] is nothing in a trained network: it is the last token's right neighbour.
    network.words.data[0] = 0.0
    once, again = moments(network, [(ids, types)]), moments(network, padded)

    for name, moment in once.items():
        assert np.abs(moment - again[name]).max() < 1e-4 * np.abs(moment).max(), name
