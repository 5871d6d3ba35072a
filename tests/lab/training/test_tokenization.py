"""The tokenizer that goes with a model."""

from pathlib import Path

import pytest
from tokenizers import Tokenizer

from monitor.lab.data import Example
from monitor.lab.errors import TrainingError
from monitor.lab.training.tokenization import (
    SPECIAL,
    build,
    encode,
    fit_vocabulary,
    trimmed,
    vocabulary_of,
)
from tests.lab.training.conftest import WORDS


@pytest.fixture
def tokenizer() -> Tokenizer:
    """A tokenizer over the toy vocabulary."""
    return build({word: i for i, word in enumerate(WORDS)})


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("LOVE my Car", ["love", "my", "car"]),
        ("new https://t.co/Ab1?x=2 car", ["new", "http", "car"]),
        ("pic.twitter.com/abc www.veloria.com", ["http", "http"]),
        ("car &amp; phone &lt; bank &gt;", ["car", "&", "phone", "<", "bank", ">"]),
        ("&amp;lt;", ["&", "[UNK]", "[UNK]"]),
        ("#cars @veloria!", ["#", "car", "##s", "@", "veloria", "!"]),
        ("love😂😂 it❤️", ["love", "[UNK]", "[UNK]", "it", "[UNK]"]),
        ("good👍🏽car", ["good", "[UNK]", "car"]),
        (r"car\u002c bank", ["car", ",", "bank"]),
    ],
)
def test_text_is_prepared(tokenizer: Tokenizer, text: str, tokens: list[str]) -> None:
    """Links, escapes and case are the tokenizer's business, so that no one else need know."""
    assert ["[CLS]", *tokens, "[SEP]"] == tokenizer.encode(text).tokens


def test_pair(tokenizer: Tokenizer) -> None:
    """The entity is the second sequence, with type id 1."""
    encoding = tokenizer.encode("love it", "Veloria")

    assert ["[CLS]", "love", "it", "[SEP]", "veloria", "[SEP]"] == encoding.tokens
    assert [0, 0, 0, 0, 1, 1] == encoding.type_ids


def test_neither_padding_nor_truncation_is_saved(tokenizer: Tokenizer) -> None:
    """Those are the daemon's to set, also after training has truncated."""
    ((ids, first),) = encode(tokenizer, [Example("car " * 20, "veloria")], max_length=8)

    assert (8, 6) == (len(ids), first)
    assert tokenizer.truncation is None
    assert tokenizer.padding is None


def test_vocabulary_of_either_file(tmp_path: Path, tokenizer: Tokenizer) -> None:
    """A folder's tokenizer.json or vocab.txt will do."""
    vocabulary = {word: i for i, word in enumerate(WORDS)}
    (tmp_path / "vocab.txt").write_text("\n".join(WORDS))
    assert vocabulary == vocabulary_of(str(tmp_path))

    tokenizer.save(str(tmp_path / "tokenizer.json"))
    (tmp_path / "vocab.txt").unlink()
    assert vocabulary == vocabulary_of(str(tmp_path))


def test_other_vocabularies_are_refused() -> None:
    """The exported graph takes id 0 for padding, and BERT's special tokens are needed."""
    with pytest.raises(TrainingError, match="lacks"):
        build({"<s>": 0, "</s>": 1})
    with pytest.raises(TrainingError, match=r"\[PAD\] has id 1"):
        build({"[UNK]": 0, "[PAD]": 1, "[CLS]": 2, "[SEP]": 3, "[MASK]": 4})


def test_vocabulary_is_fitted_to_the_tweets() -> None:
    """Special tokens and signs stay, then what is used most; old ids say where each comes from."""
    old = {word: i for i, word in enumerate(WORDS)}
    fitted = fit_vocabulary(old, ["car car bank", "car phone!", "bank"], size=17)

    assert list(SPECIAL) == list(fitted)[:5]
    assert (old["car"],) == fitted["car"]
    assert {"car", "bank", "a", "!", "<"} <= set(fitted)
    assert "phone" not in fitted
    assert "awful" not in fitted


def test_emoji_join_the_vocabulary() -> None:
    """One that is used often starts as what its name says; a rare one stays unknown."""
    old = {word: i for i, word in enumerate([*WORDS, "face"])}
    fitted = fit_vocabulary(old, ["love 😍 car 🚗🚗🚗🚗🚗", "😍😍😍😍", "🏦"], size=40)

    assert fitted["🚗"] == tuple(build(old).encode("automobile", add_special_tokens=False).ids)
    assert "😍" in fitted
    assert "🏦" not in fitted
    tokens = build({token: i for i, token in enumerate(fitted)}).encode("car🚗!").tokens
    assert ["[CLS]", "car", "🚗", "!", "[SEP]"] == tokens


@pytest.mark.parametrize(("size", "kept"), [(20, 20), (3, 15), (10_000, len(WORDS))])
def test_trimmed(tokenizer: Tokenizer, size: int, kept: int) -> None:
    """The words used most, by their rows in the whole table; never fewer than always stay."""
    texts = ["my car is good today", "my bank", "my car"]
    smaller = trimmed(tokenizer, size, texts)
    vocabulary, whole = smaller.tokenizer.get_vocab(), tokenizer.get_vocab()

    assert kept == len(vocabulary) == len(smaller.rows)
    assert {token: smaller.rows[index] for token, index in vocabulary.items()}.items() <= (
        whole.items()
    )
    assert 0 == smaller.rows[0] == vocabulary["[PAD]"]


def test_trimmed_adds_nothing(tokenizer: Tokenizer) -> None:
    """A sign without a row in the table stays unknown, however often it is used."""
    smaller = trimmed(tokenizer, 16, ["love 🚗🚗🚗🚗🚗🚗 car today, my phone"])

    assert set(smaller.tokenizer.get_vocab()) < set(tokenizer.get_vocab())


def test_pieces_of_a_smaller_vocabulary_have_the_ids_of_the_whole(tokenizer: Tokenizer) -> None:
    """So that both can be asked of one word table."""
    smaller = trimmed(tokenizer, 21, ["my car is good today", "my bank", "my car"])
    examples = [Example("my car!", "bank"), Example("awful car")]
    unknown = tokenizer.token_to_id("[UNK]")
    car, sep = tokenizer.token_to_id("car"), tokenizer.token_to_id("[SEP]")
    first, second = smaller.encode(examples, 16)

    assert encode(tokenizer, examples, 16)[0] == first
    assert ([tokenizer.token_to_id("[CLS]"), unknown, car, sep], 4) == second
