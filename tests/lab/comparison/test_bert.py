"""The stock BERT against transformers'."""

import numpy as np
import pytest
import torch
from ai_edge_litert.interpreter import Interpreter
from transformers import BertConfig, BertForSequenceClassification

from monitor.lab.comparison import bert
from monitor.lab.training.variants import Variant
from monitor.verdict import POLARITIES

BATCH, LENGTH = 2, 11


def shaken() -> BertForSequenceClassification:
    """Return a small BERT with every weight random, norms too."""
    config = BertConfig(
        vocab_size=90,
        hidden_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=LENGTH + 2,
    )
    network = bert.untrained(config)
    torch.manual_seed(5)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return network


@pytest.mark.parametrize(
    ("variant", "tolerance"),
    [pytest.param("fp32", 1e-4, marks=pytest.mark.study), ("int8", 0.1)],
)
def test_same_answers(variant: Variant, tolerance: float) -> None:
    """Conversion changes nothing, padded or not."""
    network = shaken()
    random = np.random.default_rng(0)
    ids = random.integers(1, 90, (BATCH, LENGTH)).astype(np.int32)
    types = np.zeros_like(ids)
    types[:, 6:] = 1
    ids[1, 8:] = types[1, 8:] = 0
    model = bert.flatbuffer(network, variant, LENGTH, BATCH)
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


def test_default_is_bert_base() -> None:
    """12 layers of width 768, 110 million parameters (arXiv 1810.04805)."""
    config = BertConfig()

    assert (12, 768, 30_522) == (config.num_hidden_layers, config.hidden_size, config.vocab_size)
    with torch.device("meta"):
        network = BertForSequenceClassification(config)
    assert 109 == round(sum(p.numel() for p in network.parameters()) / 1e6)
