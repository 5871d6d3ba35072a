"""A model folder: ``model.toml`` and the files it pins by SHA-256."""

from __future__ import annotations

import hashlib
import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias, cast, get_args

from monitor import DEFAULT_MODEL
from monitor.tweets.encodings import text_of
from monitor.verdict import POLARITIES, TASKS

Reads: TypeAlias = Literal["names", "marks"]
"""How a model is told who is asked about: by name, or by marks in the text (`inference.asking`)."""

RETIRED: Final = {"mobilebert-3x192": DEFAULT_MODEL}
"""Models that came along once, which configurations still name, and which takes their place."""

_CODE: Final = re.compile(r"[a-z]{2}")
_WAY_OUT: Final = "restore it, or export the model again"


class ModelError(Exception):
    """The model cannot be used; the message says which check failed."""


@dataclass(frozen=True, slots=True)
class KnownTweet:
    """A tweet whose answer is known, for checking a model on the board it runs on."""

    text: str
    entity: str | None
    labels: dict[str, str]
    """Task to label."""


@dataclass(frozen=True, slots=True)
class Model:
    """A verified model, read whole into memory.

    The bytes that were hashed are the bytes that will run: the interpreter never maps the file, so
    replacing it under a running daemon cannot change an answer or raise SIGBUS.
    """

    name: str
    version: str
    folder: Path
    max_length: int
    """Tokens of text and entity together, special ones included."""
    tasks: dict[str, tuple[str, ...]]
    """Task to its labels, in the order of the output tensor of that name."""
    flatbuffer: bytes
    tokenizer: str
    """The ``tokenizers`` JSON, which holds all preparation of the text."""
    sha256: str
    """Of the FlatBuffer: the model's identity in the log."""
    known: KnownTweet
    calibration: dict[str, Any] = field(default_factory=dict)
    """Task to what held-out tweets say of its answers (`quantification`); may be empty."""
    reads: Reads = "names"
    """What stands for entities in what it is asked."""
    languages: tuple[str, ...] = ()
    """ISO 639-1 codes of those that it reads; none if its folder does not say."""

    @classmethod
    def load(cls, path: Path | str) -> Model:
        """Read a model folder and verify it.

        Args:
            path: the folder, or the name of a model that came with the program.

        Raises:
            ModelError: if the folder, a file or a key is missing, a hash differs, or a task or
                label is not one that the store knows.
        """
        folder = _find(path)
        try:
            card = tomllib.loads(_text(folder / "model.toml", _read(folder / "model.toml")))
            hashes: dict[str, str] = card["files"]
            files = {name: _verified(folder / name, sha256) for name, sha256 in hashes.items()}
            tasks = {task: tuple(table["labels"]) for task, table in card["tasks"].items()}
            known = card["known"]
            _check_tasks(folder, tasks)
            return cls(
                name=card["name"],
                version=str(card["version"]),
                folder=folder,
                max_length=_max_length(card["max_length"]),
                tasks=tasks,
                flatbuffer=files["model.tflite"],
                tokenizer=_text(folder / "tokenizer.json", files["tokenizer.json"]),
                sha256=hashes["model.tflite"],
                known=KnownTweet(
                    _string("text", known["text"]),
                    known.get("entity"),
                    {task: known[task] for task in tasks},
                ),
                calibration=card.get("calibration", {}),
                reads=_reads(card.get("reads", "names")),
                languages=_languages(card.get("languages", [])),
            )
        except tomllib.TOMLDecodeError as error:
            raise ModelError(
                f"{folder / 'model.toml'}: not valid TOML: {error}; {_WAY_OUT}"
            ) from error
        except KeyError as error:
            raise ModelError(
                f"{folder / 'model.toml'}: the key {error} is missing; {_WAY_OUT}"
            ) from error
        except (AttributeError, TypeError, ValueError) as error:
            raise ModelError(f"{folder / 'model.toml'}: {error}") from error


def _find(path: Path | str) -> Path:
    """Locate a model: a folder as given, or by name beside the program."""
    given = Path(path)
    package = Path(__file__).parents[1]
    places = [given]
    if given.name == str(given):  # a bare name: in the wheel, or in the checkout
        came_along = RETIRED.get(given.name, given.name)
        places += [package / "models" / came_along, package.parent / "models" / came_along]
    for place in places:
        if (place / "model.toml").is_file():
            return place
    raise ModelError(
        f"{path}: no model there (looked for model.toml in {_listed(places)}); set [model] path to"
        " a folder made by `monitor export`, or to the name of a model that came along"
    )


def _listed(places: list[Path]) -> str:
    return ", ".join(str(place.absolute()) for place in places)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:  # not by its filename: an error in reading has none
        raise ModelError(f"{path}: {error.strerror}; {_WAY_OUT}") from error


def _verified(path: Path, sha256: str) -> bytes:
    content = _read(path)
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise ModelError(
            f"{path}: SHA-256 is {found}, model.toml says {sha256}: the file is damaged or not the"
            f" one that was measured; {_WAY_OUT}"
        )
    return content


def _text(path: Path, content: bytes) -> str:
    try:
        return text_of(content)
    except UnicodeDecodeError as error:
        raise ModelError(f"{path}: {error}; {_WAY_OUT}") from error


def _max_length(value: object) -> int:
    if type(value) is not int or not 8 <= value <= 512:
        raise ValueError(f"max_length = {value!r}: must be a whole number between 8 and 512")
    return value


def _reads(value: object) -> Reads:
    if value not in get_args(Reads):
        raise ValueError(
            f'reads = {value!r}: must be "names" (as if it were not there) or "marks"; a model that'
            " reads anything else needs a newer version of this program"
        )
    return cast(Reads, value)


def _languages(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(
        isinstance(code, str) and _CODE.fullmatch(code) for code in value
    ):
        raise ValueError(f'languages = {value!r}: must be a list of ISO 639-1 codes such as "en"')
    return tuple(value)


def _string(key: str, value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{key} = {value!r}: must be a string")
    return value


def _check_tasks(folder: Path, tasks: dict[str, Any]) -> None:
    if set(tasks) != set(TASKS):
        raise ModelError(f"{folder / 'model.toml'}: tasks must be {TASKS}, not {tuple(tasks)}")
    for task, labels in tasks.items():
        if not labels or not set(labels) <= set(POLARITIES) or len(set(labels)) != len(labels):
            raise ModelError(f"{folder / 'model.toml'}: {task}: labels must be among {POLARITIES}")
