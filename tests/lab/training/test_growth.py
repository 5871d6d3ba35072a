"""Larger networks that compute what a smaller one does."""

import pytest
import torch

from monitor.lab.errors import TrainingError
from monitor.lab.structure import Structure
from monitor.lab.training.growth import deeper, with_marks
from monitor.lab.training.network import Network
from monitor.lab.training.student import fresh, structure_of
from monitor.lab.training.tokenization import build
from tests.lab.training.conftest import WORDS

TINY = Structure(
    layers=2,
    hidden=16,
    bottleneck=8,
    heads=2,
    intermediate=12,
    stacks=2,
    embedding=8,
    vocabulary=len(WORDS),
    positions=16,
)


@pytest.fixture
def student() -> Network:
    """A MobileBERT whose norms do something."""
    torch.manual_seed(3)
    network = fresh(TINY).eval()
    with torch.no_grad():
        for name, value in network.named_parameters():
            if "LayerNorm" in name:
                value.add_(torch.randn_like(value) / 4)
    return network


def _answers(network: Network) -> torch.Tensor:
    ids = torch.tensor([[2, 5, 6, 7, 3], [2, 8, 9, 3, 0]])
    with torch.inference_mode():
        logits, _ = network.eval()(ids, torch.zeros_like(ids))
    return torch.cat([*logits.values()])


@pytest.mark.parametrize("layers", [2, 3, 4, 6])
def test_deeper_computes_the_same(student: Network, layers: int) -> None:
    """However many layers are put in."""
    grown = deeper(student, layers)

    assert layers == structure_of(grown).layers
    torch.testing.assert_close(_answers(grown), _answers(student))


def test_new_layers_learn(student: Network) -> None:
    """Their way out is zero, but not what leads there: a step changes them."""
    grown = deeper(student, 4).train()
    ids = torch.tensor([[2, 5, 6, 7, 3]])
    grown(ids, torch.zeros_like(ids))[0]["reputation"][0, 0].backward()

    gradient = grown.get_parameter("encoder.encoder.layer.1.output.bottleneck.dense.weight").grad
    assert gradient is not None
    assert gradient.abs().max() > 0


def test_not_shallower(student: Network) -> None:
    """Nobody can take away layers."""
    with pytest.raises(TrainingError, match="has 2 layers"):
        deeper(student, 1)


def test_marks_are_words(student: Network) -> None:
    """Two words more; whatever was asked before is answered as before."""
    tokenizer = build({word: index for index, word in enumerate(WORDS)})
    grown, with_them = with_marks(student, tokenizer)

    assert ["[TARGET]", "is", "bad"] == with_them.encode(
        "[TARGET] is bad", add_special_tokens=False
    ).tokens
    torch.testing.assert_close(_answers(grown), _answers(student))
    same = with_marks(grown, with_them)
    assert (grown, with_them) == same
