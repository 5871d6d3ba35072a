"""Encoders that packages carry."""

import hashlib
import io
import sys
import zipfile
from pathlib import Path

import pytest

from monitor.lab.errors import TrainingError
from monitor.lab.training import pretrained
from monitor.lab.training.pretrained import Pieces, checkpoint_of

WEIGHTS = b"weights " * 100


def package(site: Path, name: str, piece: bytes | None, number: int) -> None:
    """Install a stand-in: a distribution that carries a piece, as the real ones lay it out."""
    info = site / f"{name.replace('-', '_')}-0.0.1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.0.1\n")
    carried = f"{name}/input/toy-encoder.zip.{number:03}"
    if piece is not None:
        (site / carried).parent.mkdir(parents=True)
        (site / carried).write_bytes(piece)
    (info / "RECORD").write_text(f"{carried if piece is not None else 'x'},,\n")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for packages, and a known encoder that two of them carry."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.setattr(sys, "path", [str(folder), *sys.path])
    digest = hashlib.sha256(WEIGHTS).hexdigest()
    pieces = {"toy-encoder": Pieces(("toy-part-1", "toy-part-2"), digest)}
    monkeypatch.setattr(pretrained, "IN_PIECES", pieces)
    return folder


def zipped(weights: bytes) -> tuple[bytes, bytes]:
    """Return a zip file with the encoder's folder, cut in two."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        archive.writestr("toy-encoder/config.json", "{}")
        archive.writestr("toy-encoder/model.safetensors", weights)
    content = whole.getvalue()
    return content[:100], content[100:]


def test_put_together_once(site: Path, tmp_path: Path) -> None:
    """The pieces become a folder in the cache; the second time it is there already."""
    for number, piece in enumerate(zipped(WEIGHTS), 1):
        package(site, f"toy-part-{number}", piece, number)
    folder = Path(checkpoint_of("toy-encoder", tmp_path / "cache"))

    assert tmp_path / "cache" / "toy-encoder" == folder
    assert WEIGHTS == (folder / "model.safetensors").read_bytes()
    assert [folder] == list((tmp_path / "cache").iterdir())  # nothing else is left behind
    made = (folder / "model.safetensors").stat().st_mtime_ns
    assert str(folder) == checkpoint_of("toy-encoder", tmp_path / "cache")
    assert made == (folder / "model.safetensors").stat().st_mtime_ns


def test_other_weights_are_refused(site: Path, tmp_path: Path) -> None:
    """Packages that hold something else leave nothing in the cache."""
    for number, piece in enumerate(zipped(b"other"), 1):
        package(site, f"toy-part-{number}", piece, number)

    with pytest.raises(TrainingError, match="other weights than toy-encoder"):
        checkpoint_of("toy-encoder", tmp_path / "cache")
    assert [] == list((tmp_path / "cache").iterdir())


@pytest.mark.parametrize(
    ("pieces", "message"),
    [
        ([], r"toy-part-1 is not installed.*\[teacher\]"),
        ([b"x"], r"toy-part-2 is not installed"),
        ([b"x", None], "toy-part-2 holds no piece"),
        ([b"no", b"zip"], "cannot put toy-encoder together"),
    ],
)
def test_what_is_missing_is_told(
    site: Path, tmp_path: Path, pieces: list[bytes | None], message: str
) -> None:
    """One line says which package is not there or broken, and what to install."""
    for number, piece in enumerate(pieces, 1):
        package(site, f"toy-part-{number}", piece, number)

    with pytest.raises(TrainingError, match=message):
        checkpoint_of("toy-encoder", tmp_path / "cache")


def test_anything_else_stays_as_it_is(tmp_path: Path) -> None:
    """A folder, a name on the hub; and nothing is the small encoder of a package."""
    assert str(tmp_path) == checkpoint_of(str(tmp_path))
    assert "google/mobilebert-uncased" == checkpoint_of("google/mobilebert-uncased")
    assert (Path(checkpoint_of(None)) / "config.json").is_file()


def test_cache_follows_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """XDG_CACHE_HOME moves it; without, it is in the home folder."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert tmp_path / "tweet-reputation-monitor" == pretrained.user_cache()

    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert tmp_path / "home/.cache/tweet-reputation-monitor" == pretrained.user_cache()
