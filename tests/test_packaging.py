"""What pyproject.toml says of the package is true."""

from __future__ import annotations

import ast
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from trove_classifiers import classifiers

from tests.processes import REPOSITORY

CONFIGURATION = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = CONFIGURATION["project"]
EXTRAS = PROJECT["optional-dependencies"]
NOT_INSTALLED = {"atheris", "quapy"}
"""Of an extra whose wheels are for one processor; and what a file of reference was made with."""


def _imported(folder: str) -> Iterator[str]:
    """Top packages that the modules of a folder import and that are neither Python's nor ours."""
    for file in (REPOSITORY / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names = [name.name for name in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names = [node.module]
            else:
                continue
            tops = {name.partition(".")[0] for name in names}
            yield from tops - sys.stdlib_module_names - {"monitor", "tests"}


def _declared(*requirements: str) -> set[str]:
    return {canonicalize_name(Requirement(requirement).name) for requirement in requirements}


@pytest.mark.parametrize("folder", ["monitor", "tests"])
def test_imports_are_declared(folder: str) -> None:
    """No import depends on what another package happens to bring along."""
    extras = [name for name in EXTRAS if folder == "tests" or name not in {"test", "lint"}]
    declared = _declared(
        *PROJECT["dependencies"], *(wanted for name in extras for wanted in EXTRAS[name])
    )
    provided = packages_distributions()
    missing = {
        name
        for name in set(_imported(folder)) - NOT_INSTALLED
        if declared.isdisjoint(map(canonicalize_name, provided.get(name, [name])))
    }

    assert set() == missing


def test_classifiers_are_known() -> None:
    """PyPI would refuse others."""
    assert [] == [name for name in PROJECT["classifiers"] if name not in classifiers]


def test_it_claims_no_types_for_others() -> None:
    """There is no interface in Python: docs/decisions/0029-no-python-interface.md."""
    assert "Typing :: Typed" not in PROJECT["classifiers"]
    assert not (REPOSITORY / "monitor" / "py.typed").exists()


def test_files_it_names_are_there() -> None:
    """What goes into the source distribution and the wheel."""
    build = CONFIGURATION["tool"]["hatch"]["build"]["targets"]
    named = [
        *(name.removeprefix("/") for name in build["sdist"]["include"]),
        *build["wheel"]["force-include"],
        PROJECT["readme"],
        *PROJECT["license-files"],
    ]

    assert [] == [name for name in named if not Path(REPOSITORY, name).exists()]
