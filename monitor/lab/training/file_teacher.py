"""The teacher that a student asks as it learns: a network, or a model's file, which is faster."""

import threading
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor

from monitor.inference import Interpreter, Model


class Teacher(Protocol):
    """Gives logits [batch, 3] per task, and hidden states [batch, length, width] if it has them."""

    def __call__(
        self, input_ids: Tensor, token_type_ids: Tensor
    ) -> tuple[dict[str, Tensor], tuple[Tensor, ...]]:
        """Answer for ids [batch, length], padded with 0."""
        ...


class FileTeacher:
    """A model folder's FlatBuffer in the daemon's interpreter, one a thread.

    Its logits are the logarithms of its probabilities, of which softmax makes the same again.
    """

    def __init__(self, folder: Path) -> None:
        """Take the model in ``folder``.

        Raises:
            ModelError: it is none.
        """
        self._model = Model.load(folder)
        self._local = threading.local()

    def __call__(
        self, input_ids: Tensor, token_type_ids: Tensor
    ) -> tuple[dict[str, Tensor], tuple[Tensor, ...]]:
        """Answer; there are no hidden states."""
        if not hasattr(self._local, "run"):
            self._local.run = Interpreter(
                self._model.flatbuffer, largest=(64, self._model.max_length)
            )
        answers = self._local.run(input_ids.int().numpy(), token_type_ids.int().numpy())
        logits = {task: torch.from_numpy(p).clamp_min(1e-9).log() for task, p in answers.items()}
        return logits, ()
