"""Steps of gradient descent that survive an interruption."""

import copy
import os
import re
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn
from tqdm import tqdm

from monitor.atomic import replacing
from monitor.lab.errors import Interrupted, TrainingError

Loss: TypeAlias = Callable[[Any, list[int]], Tensor]
"""What a network loses, on average, on some examples (by their numbers)."""


@dataclass(frozen=True)
class LoopSettings:
    """How to descend.

    ``learning_rate`` rises linearly over the first ``warmup`` (share of all steps), then falls
    linearly to zero. ``checkpoint_seconds`` is how much work an abrupt end may cost.
    ``precision`` is "fp32" or "bf16" (autocast). Of two layers, the one nearer to the input has
    ``layer_decay`` of the other's rate, the embedding less than the first; the heads have
    ``head_rate`` times the rate.
    """

    learning_rate: float
    warmup: float = 0.06
    weight_decay: float = 0.01
    clip: float = 1.0
    precision: str = "fp32"
    checkpoint_seconds: float = 120.0
    layer_decay: float = 1.0
    head_rate: float = 1.0
    betas: tuple[float, float] = (0.9, 0.999)


def rate(step: int, steps: int, settings: LoopSettings) -> float:
    """Return the learning rate of ``step`` (from 0) of ``steps``."""
    rising = max(1, round(settings.warmup * steps))
    if step < rising:
        return settings.learning_rate * (step + 1) / rising
    return settings.learning_rate * (steps - step) / max(1, steps - rising)


LAYER = re.compile(r"\.layer\.(\d+)\.")
"""How transformers names the parameters of a layer."""


def shares(network: nn.Module, settings: LoopSettings) -> dict[str, float]:
    """Return by name which share of the learning rate each parameter of ``network`` has."""
    depths = {
        name: int(found[1]) + 1 if (found := LAYER.search(name)) else 0
        for name, _ in network.named_parameters()
    }
    top = max(depths.values(), default=0)
    return {
        name: settings.head_rate
        if name.startswith("heads.")
        else settings.layer_decay ** (top - depth)
        for name, depth in depths.items()
    }


def optimizer_of(network: nn.Module, settings: LoopSettings) -> torch.optim.AdamW:
    """Return AdamW that decays matrices only, not biases and norms.

    Each group's ``share`` is what it has of the learning rate.
    """
    share_of = shares(network, settings)
    groups: dict[tuple[float, bool], list[nn.Parameter]] = {}
    for is_matrix in (True, False):
        for name, parameter in network.named_parameters():
            if parameter.requires_grad and (parameter.ndim > 1) == is_matrix:
                groups.setdefault((share_of[name], is_matrix), []).append(parameter)
    return torch.optim.AdamW(
        [
            {
                "params": members,
                "weight_decay": settings.weight_decay if is_matrix else 0.0,
                "share": share,
            }
            for (share, is_matrix), members in groups.items()
        ],
        lr=settings.learning_rate,
        betas=settings.betas,
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


LOOKS = 10
"""How often a run is looked at."""


class Copies:
    """A network and copies of it that share its weights, each with gradients and a thread.

    On a processor, matrices this small keep one core busy but not two: halves of a batch side by
    side are 1.2 times (teacher) and 1.5 times (student) as fast as two threads in each operation.
    Gradients are added up in the order of the copies, so that a run can be repeated exactly.
    """

    def __init__(self, network: nn.Module, count: int, precision: str) -> None:
        """Make ``count - 1`` copies; ``precision`` as in `LoopSettings`."""
        self._networks = [network]
        self._kind = next(network.parameters()).device.type
        self._precision = precision
        for _ in range(count - 1):
            twin = copy.deepcopy(network)
            for ours, theirs in zip(network.parameters(), twin.parameters(), strict=True):
                theirs.data = ours.data
            self._networks.append(twin)
        threads = max(1, torch.get_num_threads() // count)
        self._pool = ThreadPoolExecutor(count, "copy", torch.set_num_threads, (threads,))

    def learn(self, loss_of: Loss, chosen: list[int]) -> float:
        """Put the gradient of the mean loss on ``chosen`` into the network; return that loss."""
        for network in self._networks:
            network.train()
            network.zero_grad()
        parts = [chosen[i :: len(self._networks)] for i in range(len(self._networks))]
        work = [
            self._pool.submit(self._part, network, loss_of, part, len(part) / len(chosen))
            for network, part in zip(self._networks, parts, strict=True)
            if part
        ]
        loss = sum(part.result() for part in work)
        with torch.no_grad():
            for same in zip(*(network.parameters() for network in self._networks), strict=True):
                for other in same[1:]:
                    if other.grad is not None:
                        same[0].grad = (
                            other.grad if same[0].grad is None else same[0].grad.add_(other.grad)
                        )
        return loss

    def _part(self, network: nn.Module, loss_of: Loss, part: list[int], share: float) -> float:
        # Autocast and the number of threads are a thread's own settings.
        with torch.autocast(self._kind, torch.bfloat16, enabled=self._precision == "bf16"):
            loss = share * loss_of(network, part)
        loss.backward()  # type: ignore[no-untyped-call]
        return loss.item()

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown(cancel_futures=True)


def copies_for(network: nn.Module) -> int:
    """Return how many copies of ``network`` are best on this machine.

    Two halves on a processor with two cores or more, unless ``OMP_NUM_THREADS`` is 1; but one
    network where it draws random numbers (dropout): two threads would draw them in an order of
    chance.
    """
    # Not PyTorch's own count of threads, which whoever trained before in this process has changed.
    threads = os.environ.get("OMP_NUM_THREADS", "")
    cores = int(threads) if threads.isdigit() else os.cpu_count() or 1
    on_processor = next(network.parameters()).device.type == "cpu"
    draws = any(isinstance(part, nn.Dropout) and part.p > 0 for part in network.modules())
    return 2 if on_processor and not draws and cores > 1 else 1


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write ``state`` to ``path`` so that an abrupt end leaves the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as draft:
        torch.save(state, draft)


def descend(
    network: nn.Module,
    batches: Sequence[list[int]],
    loss_of: Loss,
    settings: LoopSettings,
    checkpoint: Path,
    identity: dict[str, Any],
    title: str,
    look: Callable[[int], None] | None = None,
) -> None:
    """Take one step for each of ``batches`` (numbers of examples).

    Goes on from ``checkpoint`` where it exists.
    A resumed run ends with the same weights as an uninterrupted one: the batches are fixed
    beforehand, and the checkpoint holds optimizer and random state. ``identity`` says what run
    this is (settings, data sizes). ``look`` is called with the number of steps done, after each
    tenth of them.

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
        del state  # as large as the network and its optimizer together

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

    copies = Copies(network, copies_for(network), settings.precision)
    saved = time.monotonic()
    with (
        closing(copies),
        stop_requests() as stop_asked,
        tqdm(total=steps, initial=done, desc=title, unit="step", mininterval=1.0) as bar,
    ):
        for step in range(done, steps):
            if stop_asked():
                save(step)
                raise Interrupted(f"stopped after step {step} of {steps}; run again to go on")
            for group in optimizer.param_groups:
                group["lr"] = group.get("share", 1.0) * rate(step, steps, settings)
            loss = copies.learn(loss_of, batches[step])
            nn.utils.clip_grad_norm_(network.parameters(), settings.clip)
            optimizer.step()
            bar.update()
            if step % 20 == 0:
                bar.set_postfix(loss=f"{loss:.3f}", refresh=False)
            if look is not None and (step + 1) * LOOKS // steps > step * LOOKS // steps:
                look(step + 1)
            if time.monotonic() - saved > settings.checkpoint_seconds:
                save(step + 1)
                saved = time.monotonic()
    network.eval()
