"""The list of all modules, each with the first sentence of its docstring."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.processes import REPOSITORY


def listing() -> str:
    """Make the list, as Markdown: a table for the package and for each one in it."""
    return "\n".join(_tables(REPOSITORY / "monitor"))


def modules(package: Path) -> list[Path]:
    """The modules of a package, without what lies in packages within it."""
    return sorted(package.glob("*.py"))


def packages(package: Path) -> list[Path]:
    """A package and those within it."""
    return sorted(path.parent for path in package.rglob("__init__.py"))


def _tables(root: Path) -> Iterator[str]:
    for package in packages(root):
        name = package.relative_to(REPOSITORY)
        yield f"**{name}/** {_first(package / '__init__.py')}\n"
        yield "| file | holds |\n|---|---|"
        for module in modules(package):
            if module.name != "__init__.py":
                yield f"| [{module.name}](../{name}/{module.name}) | {_first(module)} |"
        yield ""


def _first(module: Path) -> str:
    """Take the first paragraph of a docstring."""
    text = ast.get_docstring(ast.parse(module.read_text(encoding="utf-8"))) or ""
    return " ".join(text.partition("\n\n")[0].split()).replace("``", "`").replace("|", "\\|")
