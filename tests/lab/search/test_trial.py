"""Which trials are worth having."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from monitor.lab.profiling.check import Budget
from monitor.lab.search.trial import Trial, front
from monitor.lab.structure import Structure

TRIALS = st.lists(
    st.builds(
        Trial,
        st.builds(Structure, layers=st.integers(1, 99)),
        accuracy=st.integers(0, 4).map(float),
        latency=st.integers(1, 4).map(float),
        size=st.integers(1, 4),
    ),
    unique_by=lambda trial: trial.structure,
)
"""Few values, so that many are equal."""


def as_good(a: Trial, b: Trial) -> bool:
    """Say whether ``a`` is nowhere worse than ``b``."""
    return a.accuracy >= b.accuracy and a.latency <= b.latency and a.size <= b.size


@given(TRIALS)
def test_front(trials: list[Trial]) -> None:
    """Whatever is not on it is worse than something on it; what is on it is worse than nothing."""
    best = front(trials)

    assert sorted(best, key=lambda trial: trial.latency) == best
    for trial in trials:
        better = [each for each in trials if as_good(each, trial) and not as_good(trial, each)]
        assert (trial in best) == (not better)
        assert any(as_good(each, trial) for each in best)


@given(TRIALS)
def test_front_has_each_structure_once(trials: list[Trial]) -> None:
    """A search may propose one again."""
    assert front(trials) == front([*trials, *trials])


@given(TRIALS, TRIALS)
def test_beating_has_no_circles(some: list[Trial], others: list[Trial]) -> None:
    """Never both ways, never itself."""
    for a in some:
        assert not a.beats(a)
        for b in others:
            assert not (a.beats(b) and b.beats(a))


def test_within_the_budget() -> None:
    """The limit itself is within; a margin widens both limits; what is not limited is."""
    trial = Trial(Structure(), 0.5, latency=0.010, size=1000)

    assert trial.within(Budget())
    assert trial.within(Budget(latency=0.010, size=1000))
    assert not trial.within(Budget(latency=0.0099))
    assert not trial.within(Budget(size=999))
    assert trial.within(Budget(latency=0.0088, size=880), margin=0.15)
    assert not trial.within(Budget(latency=0.0086), margin=0.15)
    assert not trial.within(Budget(size=860), margin=0.15)
