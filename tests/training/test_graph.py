"""The FlatBuffer against the network it was made from."""

import numpy as np
import pytest
import torch
from ai_edge_litert.interpreter import Interpreter

from monitor.model import TASKS
from monitor.training.export import folded
from monitor.training.graph import flatbuffer
from tests.training.test_fold import inputs, random_student


@pytest.mark.parametrize(("quantized", "tolerance"), [(False, 1e-5), (True, 0.05)])
def test_same_answers_at_any_batch_and_length(quantized: bool, tolerance: float) -> None:
    """One file takes every shape and answers as PyTorch does."""
    network = random_student()
    model = flatbuffer(folded(network, 16), quantized=quantized)
    run = Interpreter(model_content=model).get_signature_runner("serving_default")

    assert {"input_ids", "token_type_ids"} == set(run.get_input_details())
    for batch, length in ((4, 9), (1, 3), (7, 16)):
        ids, types = inputs(batch, length)
        answers = run(input_ids=ids.astype(np.int32), token_type_ids=types.astype(np.int32))
        with torch.no_grad():
            logits, _ = network(torch.from_numpy(ids), torch.from_numpy(types))
        assert set(TASKS) == set(answers)
        for task in TASKS:
            expected = logits[task].softmax(-1).numpy()
            assert np.abs(expected - answers[task]).max() < tolerance
