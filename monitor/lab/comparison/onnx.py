"""A network in PyTorch as an ONNX file, for ONNX Runtime: to compare with, not to ship."""

import contextlib
import io
import logging
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from monitor.lab.errors import TrainingError
from monitor.lab.training.network import Network

OPSET = 17


def require(packages: Sequence[str] = ("onnx", "onnxruntime.quantization")) -> None:
    """Import ``packages`` of the extra [compare]; PyTorch needs onnx to write such a file.

    Raises:
        TrainingError: one is not installed.
    """
    for name in packages:
        try:
            import_module(name)
        except ModuleNotFoundError as error:
            raise TrainingError(
                f"{error.name} is not installed; this needs the extra [compare]: "
                "pip install 'tweet-reputation-monitor[compare]'"
            ) from error


class Traced(nn.Module):
    """A network without the branch on its input that `Network` has: tracing would keep one side.

    Gives what the TensorFlow Lite files give, side by side: a tensor of probabilities
    [batch, labels] for each task, in the order of ``names``.
    """

    def __init__(self, network: nn.Module) -> None:
        """Wrap a `Network`, or a sequence classifier as transformers has them."""
        super().__init__()
        self.network = network
        self.names = tuple(network.heads) if isinstance(network, Network) else ("probabilities",)

    def forward(self, input_ids: Tensor, token_type_ids: Tensor) -> tuple[Tensor, ...]:
        """Return the probabilities for ids [batch, length], padded with 0."""
        mask = input_ids != 0
        kinds: Any = {"token_type_ids": token_type_ids, "attention_mask": mask.long()}
        if not isinstance(self.network, Network):
            logits = self.network(input_ids=input_ids, **kinds).logits
            return (logits.softmax(-1),)
        states = self.network.encoder(input_ids=input_ids, **kinds).last_hidden_state
        weights = mask.unsqueeze(-1).to(states.dtype)
        pooled = (states * weights).sum(1) / weights.sum(1)
        return tuple(head(pooled).softmax(-1) for head in self.network.heads.values())


def write(network: nn.Module, path: Path, *, quantized: bool) -> None:
    """Write ``network`` to ``path``, with dynamic batch and length; ``quantized``: dynamic int8.

    Raises:
        TrainingError: ONNX Runtime or the package onnx is not installed.
    """
    require()
    from onnxruntime.quantization import QuantType, quantize_dynamic

    traced = Traced(network).eval()
    # Of transformers' ways to write attention down only the plain one can be traced.
    encoder: Any = network.encoder if isinstance(network, Network) else network
    before = encoder.config._attn_implementation  # noqa: SLF001
    encoder.set_attn_implementation("eager")
    ids = torch.ones((2, 5), dtype=torch.long)
    ids[1, 3:] = 0
    axes = {0: "batch", 1: "length"}
    with tempfile.TemporaryDirectory() as folder, quiet():
        plain = Path(folder) / "plain.onnx" if quantized else path
        try:
            torch.onnx.export(
                traced,
                (ids, torch.zeros_like(ids)),
                str(plain),
                dynamo=False,
                opset_version=OPSET,
                input_names=["input_ids", "token_type_ids"],
                output_names=list(traced.names),
                dynamic_axes={
                    "input_ids": axes,
                    "token_type_ids": axes,
                    **{name: {0: "batch"} for name in traced.names},
                },
            )
        finally:
            encoder.set_attn_implementation(before)
        if quantized:
            quantize: Callable[..., None] = quantize_dynamic
            quantize(plain, path, weight_type=QuantType.QInt8)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Drop what both libraries say about being deprecated and about what could be done before."""
    level = logging.root.level
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        logging.root.setLevel(logging.ERROR)
        try:
            yield
        finally:
            logging.root.setLevel(level)
