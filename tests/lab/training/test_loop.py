"""Descent that survives an interruption."""

import os
import signal
from contextlib import closing
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from monitor.lab.errors import Interrupted, TrainingError
from monitor.lab.training.loop import LOOKS, Copies, LoopSettings, Loss, copies_for, descend, rate

SETTINGS = LoopSettings(learning_rate=0.01)
BATCHES = [[i % 5, (i + 1) % 5, 7, 7] for i in range(30)]


def toy(dropout: float = 0.5) -> tuple[nn.Module, Loss]:
    """Return a network with dropout, so that the random state matters, and its loss."""
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(3, 8), nn.Dropout(dropout), nn.Linear(8, 1))

    def loss_of(learner: nn.Module, chosen: list[int]) -> Tensor:
        batch = torch.tensor(chosen, dtype=torch.float32).unsqueeze(1).repeat(1, 3)
        loss: Tensor = (learner(batch) - 1).square().mean()
        return loss

    return network, loss_of


def run(path: Path, interrupt_at: int | None = None, number: int = signal.SIGINT) -> nn.Module:
    """Descend on the toy, sending this process a signal in the given step."""
    network, loss_of = toy()
    calls = 0

    def loss(learner: nn.Module, chosen: list[int]) -> Tensor:
        nonlocal calls
        calls += 1
        if calls == interrupt_at:
            os.kill(os.getpid(), number)
        return loss_of(learner, chosen)

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

    def dies(learner: nn.Module, chosen: list[int]) -> Tensor:
        nonlocal calls
        calls += 1
        if calls == 20:
            raise MemoryError
        return loss_of(learner, chosen)

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


def test_halves_side_by_side_give_the_same_gradient() -> None:
    """Two copies on halves of a batch, even unequal ones, find what one finds on the whole."""
    network, loss_of = toy(dropout=0.0)
    with closing(Copies(network, 1, "fp32")) as alone:
        expected_loss = alone.learn(loss_of, [0, 1, 2, 3, 4])
    expected = [parameter.grad for parameter in network.parameters()]
    network.zero_grad()
    with closing(Copies(network, 2, "fp32")) as pair:
        found_loss = pair.learn(loss_of, [0, 1, 2, 3, 4])

    assert pytest.approx(expected_loss) == found_loss
    for parameter, gradient in zip(network.parameters(), expected, strict=True):
        assert gradient is not None
        assert parameter.grad is not None
        assert torch.allclose(gradient, parameter.grad)


def test_copies_share_their_weights() -> None:
    """What the optimizer does to the network, its copy sees: a batch of one example uses either."""
    network, loss_of = toy(dropout=0.0)
    with closing(Copies(network, 2, "fp32")) as pair:
        before = pair.learn(loss_of, [1, 1])
        with torch.no_grad():
            for parameter in network.parameters():
                parameter.zero_()
        after = pair.learn(loss_of, [1, 1])

    assert before != after
    assert pytest.approx(1.0) == after


def test_dropout_is_drawn_by_one_thread() -> None:
    """Two threads would draw random numbers in an order of chance."""
    with_dropout, _ = toy()

    assert 1 == copies_for(with_dropout)


def test_run_is_looked_at_ten_times(tmp_path: Path) -> None:
    """After each tenth of the steps, the last included."""
    network, loss_of = toy()
    seen: list[int] = []
    descend(network, BATCHES, loss_of, SETTINGS, tmp_path / "c.pt", {}, "toy", seen.append)

    assert [3, 6, 9, 12, 15, 18, 21, 24, 27, 30] == seen
    assert len(seen) == LOOKS
