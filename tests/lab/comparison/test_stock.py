"""The stock MobileBERT against transformers'."""

import numpy as np
import pytest
import torch
from ai_edge_litert.interpreter import Interpreter
from transformers import MobileBertConfig, MobileBertForSequenceClassification

from monitor.lab.comparison import stock
from monitor.lab.training.variants import Variant
from monitor.verdict import POLARITIES

BATCH, LENGTH = 2, 11


def shaken(classifier_activation: bool) -> MobileBertForSequenceClassification:
    """Return a small MobileBERT with every weight random, norms too."""
    config = MobileBertConfig(
        vocab_size=90,
        hidden_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=40,
        embedding_size=16,
        intra_bottleneck_size=32,
        num_feedforward_networks=3,
        max_position_embeddings=LENGTH + 2,
        classifier_activation=classifier_activation,
    )
    network = stock.untrained(config)
    torch.manual_seed(5)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return network


@pytest.mark.parametrize("classifier_activation", [True, False])
@pytest.mark.parametrize(("variant", "tolerance"), [("fp32", 1e-4), ("int8", 0.1)])
def test_same_answers(variant: Variant, tolerance: float, classifier_activation: bool) -> None:
    """Conversion changes nothing: padded or not, with and without the pooler's tanh."""
    network = shaken(classifier_activation)
    random = np.random.default_rng(0)
    ids = random.integers(1, 90, (BATCH, LENGTH)).astype(np.int32)
    types = np.zeros_like(ids)
    types[:, 6:] = 1
    ids[1, 8:] = types[1, 8:] = 0
    model = stock.flatbuffer(network, variant, LENGTH, BATCH)
    found = Interpreter(model_content=model).get_signature_runner()(
        input_ids=ids, token_type_ids=types
    )["logits"]
    with torch.inference_mode():
        expected = network(
            input_ids=torch.from_numpy(ids).long(),
            token_type_ids=torch.from_numpy(types).long(),
            attention_mask=torch.from_numpy(ids != 0).long(),
        ).logits.numpy()

    assert (BATCH, len(POLARITIES)) == found.shape
    assert np.abs(expected - found).max() < tolerance * np.abs(expected).max()


def test_nothing_is_folded() -> None:
    """Every norm is still there: two a layer for each bottleneck, and one for every residual."""
    network = shaken(True)
    model = stock.flatbuffer(network, "fp32", LENGTH, BATCH)
    interpreter = Interpreter(model_content=model)
    interpreter.allocate_tensors()
    kinds = [op["op_name"] for op in interpreter._get_ops_details()]
    layers, stacks = 2, 3

    # After each bottleneck the converter itself folds the norm; after a residual it cannot.
    assert layers * (1 + stacks + 1) <= kinds.count("MUL")
    # Query, key and value, two bottlenecks, attention's output, the stacks and the way out.
    assert layers * (3 + 2 + 1 + 2 * stacks + 1) + 3 == kinds.count("FULLY_CONNECTED")


def test_weights_are_always_the_same() -> None:
    """Whatever was drawn before, and nothing is drawn from PyTorch's own generator."""
    config = MobileBertConfig(vocab_size=9, num_hidden_layers=1)
    torch.manual_seed(1)
    one = stock.untrained(config).state_dict()
    torch.manual_seed(2)
    before = torch.get_rng_state()
    two = stock.untrained(config).state_dict()

    assert all(bool((value == two[name]).all()) for name, value in one.items())
    assert bool((before == torch.get_rng_state()).all())


def test_default_is_google_mobilebert_uncased() -> None:
    """24 layers, 25 million parameters, as the paper's table 1 has them (arXiv 2004.02984)."""
    network = stock.untrained()

    assert 24 == network.config.num_hidden_layers
    assert 30_522 == network.config.vocab_size
    assert 25 == round(sum(p.numel() for p in network.parameters()) / 1e6)
