"""The student's shape and its start from the teacher."""

from pathlib import Path
from typing import Any, cast

import torch

from monitor.lab.structure import Structure
from monitor.lab.training import network as networks
from monitor.lab.training.student import fresh, start_from
from tests.lab.training.conftest import WORDS

TOY = Structure(
    layers=2,
    hidden=16,
    bottleneck=8,
    heads=2,
    intermediate=12,
    stacks=2,
    embedding=16,
    positions=64,
    vocabulary=len(WORDS),
)


def test_default_shape_is_a_mobilebert() -> None:
    """Bottlenecks, stacked feed-forward networks, NoNorm and trigram input are all there."""
    config: Any = fresh(TOY).encoder.config

    assert config.use_bottleneck
    assert config.key_query_shared_bottleneck
    assert config.trigram_input
    assert "no_norm" == config.normalization_type
    assert 2 == config.num_feedforward_networks
    assert Structure().hidden == 384


def test_embedding_starts_as_the_teachers(tiny_bert: Path) -> None:
    """With full rank, table times projection is the teacher's table, except for [PAD]."""
    teacher = networks.pretrained(str(tiny_bert))
    student = fresh(TOY)
    start_from(student, teacher)

    embeddings = cast(Any, student.encoder).embeddings
    table = embeddings.word_embeddings.weight
    rebuilt = table @ embeddings.embedding_transformation.weight[:, 16:32].T
    expected = cast(Any, teacher.encoder).embeddings.word_embeddings.weight
    assert torch.allclose(expected[1:], rebuilt[1:], atol=1e-5)
    assert torch.equal(torch.zeros(16), table[0])
    assert torch.equal(
        cast(Any, teacher.heads["sentiment"]).weight, cast(Any, student.heads["sentiment"]).weight
    )
