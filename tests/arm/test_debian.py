"""A root is made of Debian's packages, which are unpacked and not installed."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.arm import debian

pytestmark = pytest.mark.skipif(shutil.which("apt-get") is None, reason="there is no apt here")

ENTRY = """\
Package: {name}
Version: 1
Architecture: arm64
Maintainer: Nobody <nobody@example.org>
Depends: {depends}
Description: a package of one file
"""


class Repository:
    """Packages for real apt, which has no other source than this."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._sources = folder / "sources.list"
        self._sources.write_text(f"deb [trusted=yes] copy:{folder} ./\n")
        self.configuration = folder / "apt.conf"
        (folder / "apt.conf.d").mkdir()  # nothing of this machine's
        self.configuration.write_text(
            f'Dir::Etc::sourcelist "{self._sources}";\nDir::Etc::sourceparts "-";\n'
            f'Dir::Etc::parts "{folder}/apt.conf.d";\n'
        )

    def add(self, name: str, path: str, depends: str = "") -> None:
        """Make a package of one file, and of a script that must not run."""
        tree = self.folder / name
        (tree / path).parent.mkdir(parents=True)
        (tree / path).write_text(name)
        entry = ENTRY.format(name=name, depends=depends).replace("Depends: \n", "")
        (tree / "DEBIAN").mkdir()
        (tree / "DEBIAN" / "control").write_text(entry)
        script = tree / "DEBIAN" / "postinst"
        script.write_text(f"#!/bin/sh\ntouch {self.folder}/ran\n")
        script.chmod(0o755)
        package = self.folder / f"{name}.deb"
        subprocess.run(["dpkg-deb", "--build", tree, package], check=True, capture_output=True)
        content = package.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        with (self.folder / "Packages").open("a") as index:
            index.write(f"{entry}Filename: ./{package.name}\nSize: {len(content)}\n")
            index.write(f"SHA256: {digest}\n\n")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """Have apt know this one alone."""
    folder = tmp_path / "repository"
    folder.mkdir()
    made = Repository(folder)
    monkeypatch.setenv("APT_CONFIG", str(made.configuration))
    return made


def test_with_what_they_depend_on(repository: Repository, tmp_path: Path) -> None:
    """What is asked for comes with its dependencies; no script runs, and no download stays."""
    repository.add("tool", "usr/bin/tool", depends="library")
    repository.add("library", "usr/lib/aarch64-linux-gnu/libtool.so.1")
    repository.add("other", "usr/bin/other")
    root = tmp_path / "arm64" / "root"

    debian.build(root, "arm64", ["tool"])

    files = {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}
    assert {"usr/bin/tool", "usr/lib/aarch64-linux-gnu/libtool.so.1", ".packages"} == files
    assert not (repository.folder / "ran").exists()
    assert ["root"] == [path.name for path in root.parent.iterdir()]


def test_libraries_of_which_there_are_several(repository: Repository, tmp_path: Path) -> None:
    """A library that a script would have linked is found where the linker looks."""
    repository.add("libblas3", "usr/lib/aarch64-linux-gnu/blas/libblas.so.3")
    root = tmp_path / "root"

    debian.build(root, "arm64", ["libblas3"])

    assert "libblas3" == (root / "usr/lib/aarch64-linux-gnu/libblas.so.3").read_text()


def test_is_built_again_for_other_packages_alone(repository: Repository, tmp_path: Path) -> None:
    """The same packages are there already; others replace them."""
    repository.add("one", "usr/bin/one")
    repository.add("two", "usr/bin/two")
    root = tmp_path / "root"
    debian.build(root, "arm64", ["one"])
    (root / "mine").touch()

    debian.build(root, "arm64", ["one"])
    assert (root / "mine").exists()

    debian.build(root, "arm64", ["two"])
    assert {".packages", "usr"} == {path.name for path in root.iterdir()}
    assert not (root / "usr/bin/one").exists()


@pytest.mark.usefixtures("repository")
def test_of_what_is_not_there(tmp_path: Path) -> None:
    """A package that nobody has fails, and leaves nothing that looks like a root."""
    with pytest.raises(subprocess.CalledProcessError):
        debian.build(tmp_path / "root", "arm64", ["nonesuch"])

    assert not (tmp_path / "root").exists()
