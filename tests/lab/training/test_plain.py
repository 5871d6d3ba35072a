"""A pretrained BERT becomes a MobileBERT without bottlenecks."""

from pathlib import Path
from typing import Any, cast

import pytest
import torch
from torch import nn
from transformers import BertConfig, BertModel

from monitor.inference.marking import OTHER, TARGET
from monitor.lab.errors import TrainingError
from monitor.lab.training import network as networks
from monitor.lab.training import plain
from monitor.lab.training.tokenization import MARKS
from tests.lab.training.conftest import WORDS

TEXT = "the bank is bad"


@pytest.fixture
def exact(monkeypatch: pytest.MonkeyPatch) -> None:
    """BERT's own activation, so that nothing but the structure can differ."""
    monkeypatch.setattr(plain, "ACTIVATION", "gelu")


@pytest.mark.usefixtures("exact")
def test_computes_what_bert_does(tiny_bert: Path) -> None:
    """On what BERT can read, the hidden states of all layers are BERT's."""
    # With another epsilon the first norm differs: transformers gives a MobileBERT's this one.
    config = BertConfig.from_pretrained(tiny_bert, layer_norm_eps=1e-5)
    config.save_pretrained(tiny_bert)
    network, tokenizer = plain.begun_from(str(tiny_bert))
    bert = cast(Any, BertModel).from_pretrained(tiny_bert, add_pooling_layer=False).eval()
    encoding = tokenizer.encode(TEXT, "bank")
    theirs = torch.tensor([[WORDS.index(token) for token in encoding.tokens]])
    ours, kinds = torch.tensor([encoding.ids]), torch.tensor([encoding.type_ids])

    with torch.inference_mode():
        expected = bert(theirs, token_type_ids=kinds, output_hidden_states=True)
        _, states = network.eval()(ours, kinds)
    assert len(expected.hidden_states) == len(states)
    for theirs, own in zip(expected.hidden_states, states, strict=True):
        torch.testing.assert_close(own, theirs, atol=1e-5, rtol=1e-5)


def test_the_activation_is_near(tiny_bert: Path) -> None:
    """The one that old runtimes have differs from BERT's by little."""
    x = torch.linspace(-8, 8, 1001)
    network, _ = plain.begun_from(str(tiny_bert))
    ours = cast(Any, network.encoder).encoder.layer[0].intermediate.intermediate_act_fn

    assert 0.01 < (ours(x) - nn.functional.gelu(x)).abs().max() < 0.021


def test_marks_begin_as_words(tiny_bert: Path) -> None:
    """They are whole tokens, in the middle of what they mean."""
    network, tokenizer = plain.begun_from(str(tiny_bert))
    table = network.state_dict()["encoder.embeddings.word_embeddings.weight"]
    words = tokenizer.get_vocab()

    assert [TARGET, "the", OTHER] == tokenizer.encode(
        f"{TARGET} the {OTHER}", add_special_tokens=False
    ).tokens
    known = [words[word] for word in MARKS[TARGET] if word in words] or [words["[UNK]"]]
    torch.testing.assert_close(table[words[TARGET]], table[known].mean(0))


def test_is_kept(tiny_bert: Path, tmp_path: Path) -> None:
    """What is saved is loaded as it was, and tells what it is."""
    network, tokenizer = plain.begun_from(str(tiny_bert))
    networks.save(network, tokenizer, {}, tmp_path / "saved")
    again, _, _ = networks.load(tmp_path / "saved")
    ids = torch.tensor([tokenizer.encode(TEXT).ids])

    assert plain.is_plain(again)
    with torch.inference_mode():
        ours = network.eval()(ids, ids * 0)[0]["reputation"]
        torch.testing.assert_close(again(ids, ids * 0)[0]["reputation"], ours)


@pytest.mark.parametrize("checkpoint", ["tiny_mpnet", "tiny_mobilebert"])
def test_others_do_not_fit(checkpoint: str, request: pytest.FixtureRequest) -> None:
    """Only BERT's own structure does."""
    with pytest.raises(TrainingError, match="only BERT's own fits in"):
        plain.begun_from(str(request.getfixturevalue(checkpoint)))


def test_nothing_there(tmp_path: Path) -> None:
    """The message says what was looked for."""
    with pytest.raises(TrainingError, match="cannot start from"):
        plain.begun_from(str(tmp_path / "nowhere"))
