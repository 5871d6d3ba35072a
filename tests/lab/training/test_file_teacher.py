"""A model's file as a teacher."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import torch

from monitor.inference import Classifier, Model
from monitor.lab.training.file_teacher import FileTeacher


def test_it_answers_as_the_daemon_does(model: Model) -> None:
    """Softmax of its logits are the file's probabilities, from any thread."""
    teacher = FileTeacher(model.folder)
    pair = (model.known.text, model.known.entity)
    with Classifier(model, workers=1) as classifier:
        (encoding,) = classifier.tokenize([pair])
        (verdict,) = classifier.classify([pair])
    ids, types = torch.tensor([encoding.ids]), torch.tensor([encoding.type_ids])
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda _: teacher(ids, types), range(4)))

    for logits, states in answers:
        assert () == states
        for task, answer in verdict.items():
            expected = torch.tensor(list(answer.probabilities.values()))
            assert torch.allclose(expected, logits[task].softmax(-1)[0], atol=1e-5)
