"""Steps of gradient descent that survive an interruption."""

import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import torch
from torch import Tensor, nn
from tqdm import tqdm

from monitor.training.errors import Interrupted, TrainingError


@dataclass(frozen=True)
class LoopSettings:
    """How to descend.

    ``learning_rate`` rises linearly over the first ``warmup`` (share of all steps), then falls
    linearly to zero. ``checkpoint_seconds`` is how much work an abrupt end may cost.
    ``precision`` is "fp32" or "bf16" (autocast).
    """

    learning_rate: float
    warmup: float = 0.06
    weight_decay: float = 0.01
    clip: float = 1.0
    precision: str = "fp32"
    checkpoint_seconds: float = 120.0


def rate(step: int, steps: int, settings: LoopSettings) -> float:
    """Return the learning rate of ``step`` (from 0) of ``steps``."""
    rising = max(1, round(settings.warmup * steps))
    if step < rising:
        return settings.learning_rate * (step + 1) / rising
    return settings.learning_rate * (steps - step) / max(1, steps - rising)


def optimizer_of(network: nn.Module, settings: LoopSettings) -> torch.optim.AdamW:
    """Return AdamW that decays matrices only, not biases and norms."""
    trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
    return torch.optim.AdamW(
        [
            {"params": [p for p in trained if p.ndim > 1], "weight_decay": settings.weight_decay},
            {"params": [p for p in trained if p.ndim <= 1], "weight_decay": 0.0},
        ],
        lr=settings.learning_rate,
        fused=True,
    )


@contextmanager
def stop_requests() -> Iterator[Callable[[], bool]]:
    """Turn SIGINT and SIGTERM into a flag, so that no step is torn apart; yield its reader."""
    asked = False

    def note(_signum: int, _frame: FrameType | None) -> None:
        nonlocal asked
        asked = True

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write ``state`` to ``path`` so that an abrupt end leaves the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    torch.save(state, new)
    new.replace(path)


def descend(
    network: nn.Module,
    batches: Sequence[Any],
    loss_of: Callable[[Any], Tensor],
    settings: LoopSettings,
    checkpoint: Path,
    identity: dict[str, Any],
    title: str,
) -> None:
    """Take one step for each of ``batches``, going on from ``checkpoint`` where it exists.

    A resumed run ends with the same weights as an uninterrupted one: the batches are fixed
    beforehand, and the checkpoint holds optimizer and random state. ``identity`` says what run
    this is (settings, data sizes).

    Raises:
        Interrupted: SIGINT or SIGTERM came; the checkpoint is written.
        TrainingError: the checkpoint belongs to another run.
    """
    optimizer = optimizer_of(network, settings)
    steps, done = len(batches), 0
    if checkpoint.exists():
        state = torch.load(checkpoint, map_location="cpu", weights_only=True)
        if state["identity"] != identity:
            raise TrainingError(
                f"{checkpoint} is of a run with other settings or data; "
                "remove it to start afresh, or choose another --output"
            )
        network.load_state_dict(state["network"])
        optimizer.load_state_dict(state["optimizer"])
        torch.set_rng_state(state["random"])
        if torch.cuda.is_available() and state["random_gpu"] is not None:
            torch.cuda.set_rng_state(state["random_gpu"])
        done = state["step"]

    def save(step: int) -> None:
        save_checkpoint(
            checkpoint,
            {
                "identity": identity,
                "step": step,
                "network": network.state_dict(),
                "optimizer": optimizer.state_dict(),
                "random": torch.get_rng_state(),
                "random_gpu": torch.cuda.get_rng_state() if torch.cuda.is_available() else None,
            },
        )

    kind = next(network.parameters()).device.type
    network.train()
    saved = time.monotonic()
    with (
        stop_requests() as stop_asked,
        tqdm(total=steps, initial=done, desc=title, unit="step", mininterval=1.0) as bar,
    ):
        for step in range(done, steps):
            if stop_asked():
                save(step)
                raise Interrupted(f"stopped after step {step} of {steps}; run again to go on")
            for group in optimizer.param_groups:
                group["lr"] = rate(step, steps, settings)
            with torch.autocast(kind, torch.bfloat16, enabled=settings.precision == "bf16"):
                loss = loss_of(batches[step])
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(network.parameters(), settings.clip)
            optimizer.step()
            bar.update()
            if step % 20 == 0:
                bar.set_postfix(loss=f"{loss.item():.3f}", refresh=False)
            if time.monotonic() - saved > settings.checkpoint_seconds:
                save(step + 1)
                saved = time.monotonic()
    network.eval()
