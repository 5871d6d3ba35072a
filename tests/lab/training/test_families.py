"""MPNet and RoBERTa beside BERT."""

from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer
from transformers import AutoModel

from monitor.lab.data import Example
from monitor.lab.errors import TrainingError
from monitor.lab.training import network as networks
from monitor.lab.training.batches import collate
from monitor.lab.training.families import FAMILIES, by_our_names, family
from monitor.lab.training.network import Network
from monitor.lab.training.tokenization import prepare, vocabulary_of


def started(folder: Path, kind: str) -> tuple[Network, Tokenizer, list[tuple[int, ...]]]:
    """Return the network that starts from ``folder``, its tokenizer, and where its words were."""
    tokenizer, words = prepare(str(folder), FAMILIES[kind], marked=True)
    assert words is not None
    return networks.pretrained(str(folder), words).eval(), tokenizer, words


@pytest.mark.parametrize("kind", ["mpnet", "roberta"])
def test_same_states_as_the_encoder_itself(kind: str, request: pytest.FixtureRequest) -> None:
    """With our ids, our pairs and our padding the encoder computes what it always did."""
    folder: Path = request.getfixturevalue(f"tiny_{kind}")
    network, tokenizer, words = started(folder, kind)
    original = AutoModel.from_pretrained(folder, add_pooling_layer=False).eval()
    old = by_our_names(vocabulary_of(str(folder)), FAMILIES[kind])
    encoding = tokenizer.encode("love my new car today", "car")
    (beginning, end) = (old["[CLS]"], old["[SEP]"])
    theirs = [words[index][0] for index in encoding.ids]
    with torch.no_grad():
        expected = original(input_ids=torch.tensor([theirs])).last_hidden_state
        padded = torch.tensor([[*encoding.ids, 0, 0]])
        _, states = network(padded, torch.zeros_like(padded))

    assert beginning == theirs[0]
    assert 3 == theirs.count(end)  # <s> a </s></s> b </s>
    assert "[SEP][SEP]" in "".join(encoding.tokens)
    assert (0, 1) == (encoding.type_ids[0], encoding.type_ids[-1])
    assert torch.allclose(expected, states[-1][:, :-2], atol=1e-5)


@pytest.mark.parametrize("kind", ["bert", "mpnet", "roberta"])
def test_marks_are_tokens(kind: str, request: pytest.FixtureRequest) -> None:
    """A mark is one token whatever touches it, and [PAD] is 0 in every family."""
    _, tokenizer, _ = started(request.getfixturevalue(f"tiny_{kind}"), kind)
    tokens = tokenizer.encode("[TARGET]'s bank and ([OTHER]", "[TARGET]").tokens

    assert 2 == tokens.count("[TARGET]")
    assert 1 == tokens.count("[OTHER]")
    assert 0 == tokenizer.token_to_id("[PAD]")


def test_words_can_be_cut_in_any_wordpiece_vocabulary(tiny_mpnet: Path) -> None:
    """MPNet's words are BERT's: of them, too, only those that tweets use can be kept."""
    tokenizer, words = prepare(str(tiny_mpnet), FAMILIES["mpnet"], ["love the bank"] * 9, 20)
    old = vocabulary_of(str(tiny_mpnet))

    assert words is not None
    assert len(words) < len(old)
    for ours, theirs in (("[PAD]", "<pad>"), ("[SEP]", "</s>"), ("bank", "bank")):
        assert (old[theirs],) == words[tokenizer.get_vocab()[ours]]


def test_padding_changes_nothing(tiny_mpnet: Path) -> None:
    """A tweet gets the same logits alone and padded in a batch."""
    network, _, _ = started(tiny_mpnet, "mpnet")
    long, short = ([2, 10, 11, 12, 13, 3], 6), ([2, 9, 3], 3)
    both = collate([Example("a"), Example("b")], [long, short])
    alone = collate([Example("b")], [short])
    with torch.no_grad():
        padded, _ = network(both.input_ids, both.token_type_ids)
        single, _ = network(alone.input_ids, alone.token_type_ids)

    assert torch.allclose(single["sentiment"][0], padded["sentiment"][1], atol=1e-5)


def test_strange_kinds_are_refused() -> None:
    """What is no such encoder, or has no such vocabulary, is told in one line."""
    with pytest.raises(TrainingError, match="'x' is of the family 't5'; supported are bert"):
        family("t5", "x")
    with pytest.raises(TrainingError, match="the vocabulary lacks <pad>, <s>"):
        by_our_names({"</s>": 0, "<mask>": 1}, FAMILIES["mpnet"])
