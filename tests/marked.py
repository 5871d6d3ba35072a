"""A model that reads marks, made of one that reads names, and the other way round."""

from __future__ import annotations

import hashlib
import json
import shutil
import tomllib
from pathlib import Path
from typing import Any, Final

import tomli_w
from tokenizers import Tokenizer

from monitor.inference import Classifier, Model
from monitor.inference.asking import Asking
from monitor.inference.marking import OTHER, TARGET
from monitor.verdict import Pair

MARKS: Final = (TARGET, OTHER)


def with_marks(tokenizer: str) -> str:
    """Give the marks the places of the last two words: the network has no rows for more."""
    spec: dict[str, Any] = json.loads(tokenizer)
    words: dict[str, int] = spec["model"]["vocab"]
    last = sorted(words, key=lambda word: words[word])[-len(MARKS) :]
    for word, mark in zip(last, MARKS, strict=True):
        words[mark] = words.pop(word)
    made = Tokenizer.from_str(json.dumps(spec))
    made.add_special_tokens([*MARKS])
    return str(made.to_str())


def reading_marks(model: Model, folder: Path) -> Model:
    """Copy a model into a folder and let it read marks, if it does not.

    A network that has not learnt them means nothing by its labels; that of the known tweet is what
    it says.
    """
    shutil.copytree(model.folder, folder)
    if model.reads == "marks":
        return Model.load(folder)
    prepared = with_marks(model.tokenizer).encode()
    (folder / "tokenizer.json").write_bytes(prepared)
    path = folder / "model.toml"
    card = {"reads": "marks", **tomllib.loads(path.read_text(encoding="utf-8"))}
    card["files"]["tokenizer.json"] = hashlib.sha256(prepared).hexdigest()
    return _knowing_its_tweet(folder, card)


def reading_names(model: Model, folder: Path) -> Model:
    """Copy a model into a folder and let it read names, if it does not: text and name as they are.

    What it says of them means nothing, likewise.
    """
    shutil.copytree(model.folder, folder)
    card = tomllib.loads((folder / "model.toml").read_text(encoding="utf-8"))
    card.pop("reads", None)
    return _knowing_its_tweet(folder, card)


def _knowing_its_tweet(folder: Path, card: dict[str, Any]) -> Model:
    """Write a model's card, in which the labels of the known tweet are what the network says."""
    path = folder / "model.toml"
    path.write_text(tomli_w.dumps(card), encoding="utf-8")
    made = Model.load(folder)
    with Classifier(made, workers=1) as classifier:
        known: Pair = (made.known.text, made.known.entity)
        if made.reads == "marks":
            (known,) = Asking((), classifier.readable).read([known])
        (verdict,) = classifier.classify([known])
    card["known"] |= {task: answer.label for task, answer in verdict.items()}
    path.write_text(tomli_w.dumps(card), encoding="utf-8")
    return Model.load(folder)
