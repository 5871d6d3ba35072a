"""``monitor.inference.model``: what a model folder must hold, and which check failed."""

from __future__ import annotations

import hashlib
import re
import shutil
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from monitor import DEFAULT_MODEL
from monitor.inference import Model, ModelError
from monitor.inference.model import RETIRED
from monitor.verdict import POLARITIES, TASKS


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model folder with everything but a model worth running."""
    files = {"model.tflite": b"not run here" * 100, "tokenizer.json": '{"é": 1}'.encode()}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    hashes = "".join(
        f'"{name}" = "{hashlib.sha256(content).hexdigest()}"\n' for name, content in files.items()
    )
    (tmp_path / "model.toml").write_text(
        'name = "toy"\nversion = "1.2"\nmax_length = 64\n'
        f"[files]\n{hashes}"
        '[tasks.reputation]\nlabels = ["negative", "neutral", "positive"]\n'
        '[tasks.sentiment]\nlabels = ["negative", "neutral", "positive"]\n'
        '[known]\ntext = "Acme!"\nentity = "Acme"\nreputation = "neutral"\nsentiment = "positive"\n'
    )
    return tmp_path


@pytest.fixture
def edit(folder: Path) -> Callable[[str, str], None]:
    """Replace what a pattern matches in model.toml."""

    def edit(pattern: str, by: str) -> None:
        card = folder / "model.toml"
        text, count = re.subn(pattern, by, card.read_text(), flags=re.MULTILINE)
        assert count
        card.write_text(text)

    return edit


def _refusal(path: Path | str) -> str:
    with pytest.raises(ModelError) as caught:
        Model.load(path)
    return str(caught.value)


def test_folder_is_read_whole(folder: Path) -> None:
    """Everything comes from the folder."""
    model = Model.load(folder)

    assert ("toy", "1.2", folder, 64) == (
        model.name,
        model.version,
        model.folder,
        model.max_length,
    )
    assert dict.fromkeys(TASKS, POLARITIES) == model.tasks
    assert (folder / "model.tflite").read_bytes() == model.flatbuffer
    assert '{"é": 1}' == model.tokenizer
    assert hashlib.sha256(model.flatbuffer).hexdigest() == model.sha256
    assert ("Acme!", "Acme") == (model.known.text, model.known.entity)
    assert {"reputation": "neutral", "sentiment": "positive"} == model.known.labels


def test_replacing_the_file_changes_nothing(folder: Path) -> None:
    """What was hashed is what runs, whatever happens to the file afterwards."""
    model = Model.load(folder)
    (folder / "model.tflite").write_bytes(b"")

    assert model.sha256 == hashlib.sha256(model.flatbuffer).hexdigest()


def test_labels_may_be_fewer_and_in_any_order(
    folder: Path, edit: Callable[[str, str], None]
) -> None:
    """The order of labels is the model's own; it need not know all three."""
    edit(r"(?<=tasks.sentiment]\n)labels = .*$", 'labels = ["positive", "negative"]')

    assert ("positive", "negative") == Model.load(folder).tasks["sentiment"]


@pytest.mark.parametrize(
    ("line", "languages"), [("", ()), ('languages = ["en", "de"]', ("en", "de"))]
)
def test_which_languages_it_reads(
    folder: Path, edit: Callable[[str, str], None], line: str, languages: tuple[str, ...]
) -> None:
    """Those that it names; a folder from before names none, and all is labelled."""
    edit(r"\A", f"{line}\n")
    assert languages == Model.load(folder).languages


@pytest.mark.parametrize(
    ("line", "reads"), [("", "names"), ('reads = "names"', "names"), ('reads = "marks"', "marks")]
)
def test_what_it_reads(
    folder: Path, edit: Callable[[str, str], None], line: str, reads: str
) -> None:
    """Names as they are, unless it says that it reads marks."""
    edit(r"\A", f"{line}\n")

    assert reads == Model.load(folder).reads


@pytest.mark.parametrize("name", ["model.tflite", "tokenizer.json"])
@pytest.mark.parametrize("position", [0, 3, -1])
def test_a_flipped_bit_is_found(folder: Path, name: str, position: int) -> None:
    """One bit that differs anywhere is found, and the file with both hashes named."""
    path = folder / name
    content = bytearray(path.read_bytes())
    content[position] ^= 1
    path.write_bytes(content)
    message = _refusal(folder)

    assert message.startswith(f"{path}: SHA-256 is {hashlib.sha256(content).hexdigest()}")
    assert tomllib.loads((folder / "model.toml").read_text())["files"][name] in message


@pytest.mark.parametrize("name", ["model.tflite", "tokenizer.json"])
def test_a_truncated_file_is_found(folder: Path, name: str) -> None:
    """A file that ends early is found and named."""
    path = folder / name
    path.write_bytes(path.read_bytes()[:-1])

    assert _refusal(folder).startswith(f"{path}: SHA-256")


@pytest.mark.parametrize("name", ["model.tflite", "tokenizer.json", "model.toml"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    """A file that is not there is named."""
    (folder / name).unlink()
    message = _refusal(folder)

    assert str(folder) in message
    assert name in message


@pytest.mark.parametrize(
    ("pattern", "by", "part"),
    [
        # a missing key
        (r"^name = .*\n", "", "'name'"),
        (r"^version = .*\n", "", "'version'"),
        (r"^max_length = .*\n", "", "'max_length'"),
        (r'^"model.tflite" = .*\n', "", "'model.tflite'"),
        (r'^"tokenizer.json" = .*\n', "", "'tokenizer.json'"),
        (r"^labels = .*\n", "", "'labels'"),
        (r"^\[known\]\n", "[unknown]\n", "'known'"),
        (r"^text = .*\n", "", "'text'"),
        (r"^reputation = .*\n", "", "'reputation'"),
        # tasks and labels that the log has no columns for
        (r"^\[tasks.sentiment\]\n.*\n", "", "('reputation', 'sentiment')"),
        (r"^\[tasks.sentiment\]\n", "[tasks.irony]\n", "('reputation', 'sentiment')"),
        (r"^\[known\]\n", '[tasks.irony]\nlabels = ["positive"]\n[known]\n', "'irony'"),
        (r'"neutral", ', '"mixed", ', "labels must be among"),
        (r'"neutral", ', '"negative", ', "labels must be among"),
        (r"^labels = .*$", 'labels = "neutral"', "labels must be among"),
        (r"^labels = .*$", "labels = []", "labels"),
        (r"^labels = .*$", "labels = 3", ""),
        # wrong types and values
        (r"^max_length = .*$", 'max_length = "long"', "max_length"),
        (r"^max_length = .*$", "max_length = 0", "max_length"),
        (r"^max_length = .*$", "max_length = -1", "max_length"),
        (r"^text = .*$", "text = 3", "text"),
        (r"\A", 'reads = "runes"\n', "reads = 'runes': must be \"names\""),
        (r"\A", 'reads = ["marks"]\n', "reads = ['marks']: must be \"names\""),
        (r"\A", "reads = 1\n", "needs a newer version of this program"),
        (r"\A", 'languages = "en"\n', 'must be a list of ISO 639-1 codes such as "en"'),
        (r"\A", 'languages = ["english"]\n', "must be a list of ISO 639-1 codes"),
        (r"^\[files\]\n.*\n.*\n", "files = []\n", ""),
        # no TOML at all
        (r"^\[files\]", "[files", "not valid TOML"),
    ],
)
def test_a_wrong_card_is_refused(
    folder: Path, edit: Callable[[str, str], None], pattern: str, by: str, part: str
) -> None:
    """What is missing from model.toml or wrong in it is said, and the file named."""
    if by == "files = []\n":  # a key of the top level stands before the tables
        edit(pattern, "")
        edit(r"\A", by)
    else:
        edit(pattern, by)
    message = _refusal(folder)

    assert message.startswith(f"{folder / 'model.toml'}: ")
    assert part in message


def test_text_that_is_not_utf8_is_named(folder: Path, edit: Callable[[str, str], None]) -> None:
    """A tokenizer that is no text is named itself, not the card that pins it."""
    path = folder / "tokenizer.json"
    old = hashlib.sha256(path.read_bytes()).hexdigest()
    path.write_bytes(b"\xff")
    edit(old, hashlib.sha256(b"\xff").hexdigest())

    assert _refusal(folder).startswith(f"{path}: ")


@pytest.mark.parametrize("name", ["", "absent", "absent/deeper"])
def test_a_folder_without_a_model_is_named(tmp_path: Path, name: str) -> None:
    """A folder is looked for where it is said to be, and nowhere else."""
    path = tmp_path / name

    message = _refusal(path)
    assert message.startswith(f"{path}: no model there (looked for model.toml in {path});")
    assert "[model] path" in message


def test_a_name_is_looked_up_beside_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The shipped model is found by its name from any working directory."""
    monkeypatch.chdir(tmp_path)
    model = Model.load(DEFAULT_MODEL)

    assert DEFAULT_MODEL == model.name
    assert DEFAULT_MODEL == model.folder.name
    assert model.folder.is_absolute()


@pytest.mark.parametrize("name", RETIRED)
def test_a_name_of_before(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who upgrades goes on with what took its place, but with a folder of that name if there is."""
    assert RETIRED[name] == Model.load(name).name

    folder.rename(folder.parent / name)
    monkeypatch.chdir(folder.parent)
    assert "toy" == Model.load(name).name


def test_a_folder_of_that_name_here_goes_first(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has a folder of the name in the working directory means that one."""
    here = tmp_path / "here"
    shutil.copytree(folder, here / DEFAULT_MODEL)
    monkeypatch.chdir(here)

    assert "toy" == Model.load(DEFAULT_MODEL).name


def test_an_unknown_name_tells_where_it_was_looked_for() -> None:
    """A name that is not known is told with every place that was looked at."""
    message = _refusal("mobilebert-7x999")

    assert message.startswith("mobilebert-7x999: no model there")
    assert str(Path("mobilebert-7x999").absolute()) in message
    assert 3 == message.count("/mobilebert-7x999")


def test_the_shipped_model_is_small(model: Model) -> None:
    """160 times smaller than BERT-large's 1.34 GB, with everything it needs."""
    assert 8_400_000 >= len(model.flatbuffer) + len(model.tokenizer.encode())


def test_the_shipped_model_is_calibrated(model: Model) -> None:
    """Its card has a temperature and a confusion matrix on validation data for each task."""
    card = tomllib.loads((model.folder / "model.toml").read_text(encoding="utf-8"))

    for task in model.tasks:
        found = card["calibration"][task]
        assert 0.25 < found["temperature"] < 4
        assert found["tweets"] == sum(map(sum, found["confusion"])) >= 1000
