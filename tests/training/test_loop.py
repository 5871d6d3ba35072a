"""Descent that survives an interruption."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from monitor.training.errors import Interrupted, TrainingError
from monitor.training.loop import LoopSettings, descend, rate

SETTINGS = LoopSettings(learning_rate=0.01)
BATCHES = [torch.full((4, 3), float(i % 5)) for i in range(30)]


def toy() -> tuple[nn.Module, Callable[[Tensor], Tensor]]:
    """Return a network with dropout, so that the random state matters, and its loss."""
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(3, 8), nn.Dropout(0.5), nn.Linear(8, 1))
    return network, lambda batch: (network(batch) - 1).square().mean()


def run(path: Path, interrupt_at: int | None = None, number: int = signal.SIGINT) -> nn.Module:
    """Descend on the toy, sending this process a signal in the given step."""
    network, loss_of = toy()
    calls = 0

    def loss(batch: Tensor) -> Tensor:
        nonlocal calls
        calls += 1
        if calls == interrupt_at:
            os.kill(os.getpid(), number)
        return loss_of(batch)

    descend(network, BATCHES, loss, SETTINGS, path, {"run": 1}, "toy")
    return network


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_run_ends_with_the_same_weights(tmp_path: Path, number: int) -> None:
    """Stopped in the middle and run again, descent ends where it would have ended."""
    straight = run(tmp_path / "straight.pt")
    with pytest.raises(Interrupted, match="after step 11 of 30"):
        run(tmp_path / "resumed.pt", interrupt_at=11, number=number)
    resumed = run(tmp_path / "resumed.pt")

    for expected, actual in zip(straight.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(expected, actual)


def test_signal_handlers_are_put_back(tmp_path: Path) -> None:
    """After descent Ctrl-C is again what it was."""
    before = signal.getsignal(signal.SIGINT)
    run(tmp_path / "c.pt")

    assert before == signal.getsignal(signal.SIGINT)


def test_killed_run_goes_on_from_the_last_checkpoint(tmp_path: Path) -> None:
    """An abrupt end costs only what came after the last checkpoint; weights come out the same."""
    network, loss_of = toy()
    settings = LoopSettings(learning_rate=0.01, checkpoint_seconds=0.0)
    calls = 0

    def dies(batch: Tensor) -> Tensor:
        nonlocal calls
        calls += 1
        if calls == 20:
            raise MemoryError
        return loss_of(batch)

    path = tmp_path / "c.pt"
    with pytest.raises(MemoryError):
        descend(network, BATCHES, dies, settings, path, {"run": 1}, "toy")
    resumed = run(path)

    for expected, actual in zip(
        run(tmp_path / "x.pt").parameters(), resumed.parameters(), strict=True
    ):
        assert torch.equal(expected, actual)


def test_checkpoint_of_another_run_is_refused(tmp_path: Path) -> None:
    """Weights of one run do not silently become the start of another."""
    with pytest.raises(Interrupted):
        run(tmp_path / "c.pt", interrupt_at=2)
    network, loss_of = toy()

    with pytest.raises(TrainingError, match="other settings"):
        descend(network, BATCHES, loss_of, SETTINGS, tmp_path / "c.pt", {"run": 2}, "toy")


def test_rate_rises_then_falls() -> None:
    """Linear warm-up to the highest rate, then linearly to (nearly) nothing."""
    settings = LoopSettings(learning_rate=1.0, warmup=0.1)
    rates = [rate(step, 100, settings) for step in range(100)]

    assert pytest.approx(0.1) == rates[0]
    assert pytest.approx(1.0) == max(rates)
    assert 9 == rates.index(max(rates))
    assert pytest.approx(1 / 90) == rates[-1]
