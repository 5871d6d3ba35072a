"""Tables of Markdown."""

from collections.abc import Iterable, Sequence


def table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return a Markdown table, the first column to the left and the others to the right."""
    cells = [
        [" ".join(cell.split()).replace("|", "\\|") for cell in row] for row in (heading, *rows)
    ]
    lines = ["| " + " | ".join(row) + " |" for row in cells]
    return [lines[0], "|---|" + "---:|" * (len(heading) - 1), *lines[1:], ""]
