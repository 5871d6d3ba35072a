"""A toy world: invented tweets, a tiny vocabulary, tiny pretrained encoders."""

import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    BertConfig,
    BertModel,
    MobileBertConfig,
    MobileBertModel,
    MPNetConfig,
    MPNetModel,
    RobertaConfig,
    RobertaModel,
)

from monitor.lab.structure import Structure
from monitor.lab.training import network as networks
from monitor.lab.training.student import fresh
from monitor.lab.training.tokenization import build

TOKENS = (
    "[PAD] [UNK] [CLS] [SEP] [MASK] great good love awful bad hate today the car bank is my new "
    "http & < > @ # ! . , opens a veloria north phone ##s ##ed it and no"
)


WORDS = TOKENS.split()

TWEETS = {
    "positive": ["love my new car", "the bank is great!", "good phone today", "I love it"],
    "neutral": ["the bank opens today", "a new phone", "the car is a car", "my bank and my car"],
    "negative": ["hate the bank", "awful car today!", "my phone is bad", "no good, bad bank"],
}


def write_rows(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    """Write a data file."""
    with gzip.open(path, "wt", encoding="utf-8") as lines:
        lines.writelines(json.dumps(row) + "\n" for row in rows)


@pytest.fixture(autouse=True)
def few_threads() -> Iterator[None]:
    """Toy tensors gain nothing from threads, and tests run beside each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder with every file that training and evaluation read, all invented."""
    folder = tmp_path / "data"
    folder.mkdir()
    rows = [
        {"id": f"{label}{i}", "text": text, "label": label, "split": "train"}
        for label, texts in TWEETS.items()
        for i, text in enumerate(texts)
    ]
    about = [row | {"entity": "Veloria"} for row in rows]
    bare = [{"id": row["id"], "text": row["text"]} for row in rows]
    for name in ("semeval_A_train", "replab2013_train"):
        write_rows(folder / f"{name}.jsonl.gz", about * 3)
    for name in ("dong2014_target", "twitter_entity_train", "cf_brands", "cf_selfdriving"):
        write_rows(folder / f"{name}.jsonl.gz", about[:2])
    for name in ("unlabelled", "replab2013_unrelated"):
        write_rows(folder / f"{name}.jsonl.gz", bare)
    for name in (
        "tweeteval_sentiment_val",
        "tweeteval_sentiment_test",
        "s140_manual_test",
        "sts_gold",
    ):
        write_rows(folder / f"{name}.jsonl.gz", rows)
    for name in ("replab2013_test", "twitter_entity_val"):
        write_rows(folder / f"{name}.jsonl.gz", about)
    return folder


@pytest.fixture
def tiny_bert(tmp_path: Path) -> Path:
    """A randomly initialised BERT in a folder, as transformers saves one, with its vocabulary."""
    folder = tmp_path / "tiny-bert"
    torch.manual_seed(1)
    config = BertConfig(
        vocab_size=len(WORDS),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=128,
    )
    BertModel(config).save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(WORDS) + "\n", encoding="utf-8")
    return folder


@pytest.fixture
def tiny_mobilebert(tmp_path: Path) -> Path:
    """A randomly initialised MobileBERT: the stand-in for google/mobilebert-uncased."""
    folder = tmp_path / "tiny-mobilebert"
    torch.manual_seed(2)
    config = MobileBertConfig(
        vocab_size=len(WORDS),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=24,
        embedding_size=16,
        intra_bottleneck_size=16,
        num_feedforward_networks=3,
        max_position_embeddings=128,
    )
    MobileBertModel(config).save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(WORDS) + "\n", encoding="utf-8")
    return folder


@pytest.fixture
def tiny_mpnet(tmp_path: Path) -> Path:
    """A randomly initialised MPNet, whose vocabulary is BERT's with RoBERTa's special tokens."""
    folder = tmp_path / "tiny-mpnet"
    torch.manual_seed(1)
    words = ["<s>", "<pad>", "</s>", "<unk>", *WORDS, "<mask>"]
    config = MPNetConfig(
        vocab_size=len(words),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=70,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
    MPNetModel(config, add_pooling_layer=False).save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
    return folder


@pytest.fixture
def tiny_student(tmp_path: Path) -> Path:
    """A randomly initialised MobileBERT that knows no marks, as monitor distil writes one."""
    torch.manual_seed(1)
    structure = Structure(
        layers=2,
        hidden=16,
        bottleneck=8,
        heads=2,
        intermediate=12,
        stacks=1,
        embedding=8,
        vocabulary=len(WORDS),
    )
    words = build({word: index for index, word in enumerate(WORDS)})
    record = {"command": "monitor search", "settings": {}}
    networks.save(fresh(structure), words, record, tmp_path / "tiny-student")
    return tmp_path / "tiny-student"


@pytest.fixture
def tiny_roberta(tmp_path: Path) -> Path:
    """A randomly initialised RoBERTa with a byte-level vocabulary learnt from `TWEETS`."""
    folder = tmp_path / "tiny-roberta"
    torch.manual_seed(1)
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=320,
        special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([text for texts in TWEETS.values() for text in texts], trainer)
    config = RobertaConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=70,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
    RobertaModel(config, add_pooling_layer=False).save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


def row(number: int, text: str, entity: str | None, **more: object) -> dict[str, object]:
    """Return a row as the files have it."""
    label = list(TWEETS)[number % 3]
    return {"id": f"x{number}", "text": text, "label": label, "entity": entity, **more}


def words(number: int) -> str:
    """Return words that no other number gives."""
    return f"day {number} tells {number * 7919} things"


@pytest.fixture
def collections(tmp_path: Path) -> Path:
    """A folder with a RepLab of two domains, a set with many entities and general tweets."""
    folder = tmp_path / "collections"
    folder.mkdir()
    replab = [
        row(i, f"{words(i)} Brand{i % 6}", f"Brand{i % 6}", domain="cars" if i % 2 else "banks")
        for i in range(300)
    ]
    write_rows(folder / "replab2013_train.jsonl.gz", replab)
    compared = [
        row(j, f"{words(i + 400)}: A{i % 50}a beats B{i % 50}b", f"{'AB'[j]}{i % 50}{'ab'[j]}")
        for i in range(200)
        for j in (0, 1)
    ]
    write_rows(folder / "compsent19.jsonl.gz", compared)
    general = [row(i, words(i + 900), None) for i in range(60)]
    general.append(row(1, words(950), None, split="2014test"))
    write_rows(folder / "kaggle_tse.jsonl.gz", general)
    write_rows(folder / "tweeteval_sentiment_val.jsonl.gz", general[:3])
    write_rows(folder / "twitter_entity_val.jsonl.gz", [row(i, words(i), "Zen") for i in range(9)])
    unlabelled = [{"id": "u", "text": "today I like Orla Music and @zento"}]
    write_rows(folder / "unlabelled.jsonl.gz", unlabelled)
    return folder
