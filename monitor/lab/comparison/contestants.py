"""What is compared: each network in each form and on each runtime, as a file with its question.

In the order of the table: the teacher, the set-up of arXiv 2310.03971 (MobileBERT with 24 layers on
tflite-runtime, a tweet at a time, padded to 128 tokens), the same network on later runtimes, our
student, and the file that is shipped.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias, cast

from tokenizers import Tokenizer
from transformers.utils import logging

from monitor.inference import Model
from monitor.inference.classifier import CHARACTERS_PER_TOKEN
from monitor.inference.marking import TARGET, spell_emoji
from monitor.lab.comparison import onnx
from monitor.lab.comparison.tokens import Tokens, tokens_of
from monitor.lab.data import Example
from monitor.lab.evaluation.marked import marked
from monitor.lab.training import network as networks
from monitor.lab.training.export import ExportSettings, folded
from monitor.lab.training.mixture import REPLAB
from monitor.lab.training.variants import VARIANTS

PAPERS_LENGTH: Final = 128
"""Tokens that the paper pads every tweet to."""
BATCHES: Final = (1, 8, 32, 64)
"""Batch sizes of which the best counts."""
CALIBRATED_ON: Final = 128
"""Tweets on which full int8 finds its scales."""


@dataclass(frozen=True)
class Contestant:
    """A row of the table to be.

    ``engine`` is a key of `worker.ENGINES`, ``weights`` how they are kept. ``speed`` is the .npz of
    what it is asked while the clock runs; ``scored`` those of test sets by name, and none if its
    weights are untrained. ``paper``: it is the set-up that all others are compared with.
    """

    name: str
    engine: str
    weights: str
    model: Path
    size: int
    tokens: int
    speed: Path
    batches: Sequence[int]
    scored: dict[str, Path]
    paper: bool = False


@dataclass(frozen=True)
class TestTweets:
    """The test tweets as one tokenizer has them: files by test set, and those of median length."""

    scored: dict[str, Path]
    typical: Tokens
    speed: Path


def ask(
    tokenizer: Tokenizer,
    tests: dict[str, Sequence[Example]],
    max_length: int,
    folder: Path,
    name: str,
) -> TestTweets:
    """Write what a network with ``tokenizer`` is asked into ``folder``."""
    tokens = {
        test: tokens_of(tokenizer, as_read(tokenizer, test, tweets, max_length), max_length)
        for test, tweets in tests.items()
    }
    # How long a tweet is, is that of the set the paper measured on.
    typical = next(iter(tokens.values())).typical()
    return TestTweets(
        {test: own.save(folder / f"{name}-{test}.npz") for test, own in tokens.items()},
        typical,
        typical.save(folder / f"{name}-typical.npz"),
    )


def as_read(
    tokenizer: Tokenizer, name: str, tweets: Sequence[Example], max_length: int
) -> Sequence[Example]:
    """Return the ``tweets`` of the file ``name``, marked if ``tokenizer`` has marks."""
    if tokenizer.token_to_id(TARGET) is None:
        return tweets
    most = max_length * CHARACTERS_PER_TOKEN
    read = marked(name, [(one.text, one.entity) for one in tweets], most)
    return [Example(spell_emoji(text), question) for text, question in read]


def weigh(model: Path) -> int:
    """Return the bytes of a model file, or of the weights in PyTorch's folder."""
    return (model / "model.safetensors" if model.is_dir() else model).stat().st_size


Say: TypeAlias = Callable[[str], None]
"""Is told what is being made."""


def teachers(
    teacher: Path, tests: dict[str, Sequence[Example]], max_length: int, folder: Path
) -> list[Contestant]:
    """Return the teacher, in PyTorch.

    Raises:
        TrainingError: there is no finished network in ``teacher``.
    """
    _, tokenizer, _ = networks.load(teacher)
    asked = ask(tokenizer, tests, max_length, folder, "teacher")
    return [
        Contestant(
            name="teacher",
            engine="torch",
            weights="fp32",
            model=teacher,
            size=weigh(teacher),
            tokens=asked.typical.length,
            speed=asked.speed,
            batches=BATCHES,
            scored=asked.scored,
        )
    ]


def stocks(typical: Tokens, folder: Path, say: Say) -> list[Contestant]:
    """Return MobileBERT-24, untrained, in the paper's set-up and in others."""
    from monitor.lab.comparison import stock

    network = stock.untrained()
    own = typical.within(network.config.vocab_size)
    padded = own.padded(PAPERS_LENGTH)
    speeds = {
        tokens.length: tokens.save(folder / f"stock-{tokens.length}.npz")
        for tokens in (padded, own)
    }
    found: list[Contestant] = []

    def add(engine: str, weights: str, model: Path, tokens: int, batches: Sequence[int]) -> None:
        found.append(
            Contestant(
                name=f"MobileBERT-{network.config.num_hidden_layers}",
                engine=engine,
                weights=weights,
                model=model,
                size=weigh(model),
                tokens=tokens,
                speed=speeds[tokens],
                batches=batches,
                scored={},
                paper=(engine, weights) == ("tflite-runtime", "int8"),
            )
        )

    files = {}
    for tokens in speeds:
        for variant in ("fp32", "int8"):
            say(f"MobileBERT-24, {variant}, {tokens} tokens")
            files[variant, tokens] = folder / f"stock-{variant}-{tokens}.tflite"
            files[variant, tokens].write_bytes(stock.flatbuffer(network, variant, tokens))
    for variant in ("fp32", "int8"):
        add("tflite-runtime", variant, files[variant, PAPERS_LENGTH], PAPERS_LENGTH, (1,))
    for (variant, tokens), file in files.items():
        add("litert", variant, file, tokens, (1,))
    for weights in ("fp32", "int8"):
        say(f"MobileBERT-24, {weights}, ONNX")
        path = folder / f"stock-{weights}.onnx"
        onnx.write(network, path, quantized=weights == "int8")
        add("onnx", weights, path, own.length, BATCHES)
    cast(Any, logging).disable_progress_bar()  # it would break into ours
    network.save_pretrained(folder / "stock")
    add("torch", "fp32", folder / "stock", own.length, BATCHES)
    return found


def shipped(model: Model, tests: dict[str, Sequence[Example]], folder: Path) -> list[Contestant]:
    """Return the file in ``model``'s folder on both runtimes."""
    asked = ask(Tokenizer.from_str(model.tokenizer), tests, model.max_length, folder, "shipped")
    file = model.folder / "model.tflite"
    return [
        Contestant(
            name="student",
            engine=engine,
            weights="int8, shipped",
            model=file,
            size=weigh(file),
            tokens=asked.typical.length,
            speed=asked.speed,
            batches=BATCHES,
            scored=asked.scored,
        )
        for engine in ("litert", "tflite-runtime")
    ]


def students(
    student: Path,
    max_length: int,
    tests: dict[str, Sequence[Example]],
    calibration: Sequence[Example],
    folder: Path,
    say: Say,
) -> list[Contestant]:
    """Return the student in every form but the shipped one.

    Raises:
        TrainingError: there is no finished student, or it cannot be exported.
    """
    network, tokenizer, _ = networks.load(student)
    asked = ask(tokenizer, tests, max_length, folder, "student")
    found: list[Contestant] = []

    def add(engine: str, weights: str, model: Path) -> None:
        found.append(
            Contestant(
                name="student",
                engine=engine,
                weights=weights,
                model=model,
                size=weigh(model),
                tokens=asked.typical.length,
                speed=asked.speed,
                batches=BATCHES,
                scored=asked.scored,
            )
        )

    arrays = folded(network, ExportSettings().positions)
    from monitor.lab.training.graph import flatbuffer

    seen = as_read(tokenizer, REPLAB, calibration, max_length)
    samples = tokens_of(tokenizer, seen, max_length)
    for variant in reversed(VARIANTS):
        if variant != "int8":
            say(f"student, {variant}")
            path = folder / f"student-{variant}.tflite"
            path.write_bytes(flatbuffer(arrays, variant, [(samples.ids, samples.types)]))
            add("litert", variant, path)
    say("student, int8, ONNX")
    onnx.write(network, folder / "student.onnx", quantized=True)
    add("onnx", "int8", folder / "student.onnx")
    add("torch", "fp32", student)
    return found
