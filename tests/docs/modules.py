"""The list of all packages, each with the first sentence of its docstring, and its modules."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.processes import REPOSITORY


def listing() -> str:
    """Make the list, as Markdown: a row for the package and for each one in it."""
    return "\n".join(["| folder | what it is for | files |", "|---|---|---|", *_rows()])


def modules(package: Path) -> list[Path]:
    """The modules of a package, without what lies in packages within it."""
    return sorted(package.glob("*.py"))


def packages(package: Path) -> list[Path]:
    """A package and those within it."""
    return sorted(path.parent for path in package.rglob("__init__.py"))


def _rows() -> Iterator[str]:
    for package in packages(REPOSITORY / "monitor"):
        name = package.relative_to(REPOSITORY)
        files = ", ".join(one.stem for one in modules(package) if one.name != "__init__.py")
        yield f"| [{name}](../{name}/__init__.py) | {_first(package / '__init__.py')} | {files} |"


def _first(module: Path) -> str:
    """Take the first paragraph of a docstring."""
    text = ast.get_docstring(ast.parse(module.read_text(encoding="utf-8"))) or ""
    return " ".join(text.partition("\n\n")[0].split()).replace("``", "`").replace("|", "\\|")
