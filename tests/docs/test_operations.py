"""docs/operations.md has every warning that the daemon can write into its journal."""

from __future__ import annotations

import ast
import re
from typing import Final

from tests.docs.pages import page
from tests.processes import REPOSITORY

_LEVELS: Final = frozenset({"warning", "error", "critical", "exception"})


def _events() -> set[str]:
    """Names of events that the package logs at these levels."""
    return {
        call.args[0].value
        for file in REPOSITORY.glob("monitor/**/*.py")
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr in _LEVELS
        and call.args
        and isinstance(call.args[0], ast.Constant)
        and isinstance(call.args[0].value, str)
    }


def test_warnings_are_all_explained() -> None:
    """Each has its row, and no row is of one that is gone."""
    rows = re.findall(
        r"^\| (`[a-z-]+`(?:, `[a-z-]+`)*) \|",
        page("docs/operations.md").section("What it says, and what to do"),
        re.MULTILINE,
    )
    explained = {name for row in rows for name in re.findall(r"[a-z-]+", row)}

    assert len(explained) > 10
    assert _events() == explained
