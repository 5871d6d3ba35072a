"""The Markdown document."""

import re

from monitor.lab.evaluation.document import as_markdown
from monitor.lab.evaluation.markdown import table
from tests.lab.evaluation.evaluations import results


def test_tables_are_tables() -> None:
    """All rows of a table have as many cells as its heading, whatever an entity is called."""
    document = as_markdown(results())
    for block in re.findall(r"(?:^\|.*\n)+", document, flags=re.MULTILINE):
        cells = {len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}
        assert 1 == len(cells), block
    assert r"| brand \| $0$ | 60 |" in document


def test_long_tables_are_folded() -> None:
    """Entities, bins and the other head open on demand; what is opened is closed."""
    document = as_markdown(results())

    assert document.count("<details>") == document.count("</details>") == 14
    assert "<summary>The head for reputation after per-entity calibration</summary>" in document
    assert "<summary>Entities (5)</summary>" in document
    assert "<summary>The head sentiment, asked the same</summary>" in document
    assert document.count("\n## ") == 3


def test_calibrated_and_labelled() -> None:
    """The summary has per-entity calibration beside the model as it is, and what it is from."""
    document = as_markdown(results())
    summary = document.split("\n## ")[1]

    row = r"^\| replab2013_test \| 300 \| calibrated \| 0\.\d{3} \("
    assert re.search(row, summary, re.MULTILINE)
    assert "a fit for 4 of 5 entities, from 1,234 tweets of replab2013_train." in summary
    assert 1 == document.count(
        "| 25 | 5 | 175 | 0.500 | 0.625 | -0.010 | 0.400 | 0.525 | ±0.100 | 95 % |"
    )


def test_pictures_are_shown_with_their_file() -> None:
    """Each chapter has its own."""
    names = ["replab2013_test-confusion.png", "sts_gold-confusion.png"]
    _, _, replab, sts = as_markdown(results(), names).split("\n## ")

    assert "![replab2013_test-confusion.png](replab2013_test-confusion.png)" in replab
    assert "sts_gold-confusion.png" in sts
    assert "sts_gold-confusion.png" not in replab


def test_cells_are_single_lines() -> None:
    """A name from a file cannot break the table."""
    assert ["| a | b |", "|---|---:|", r"| x y\|z | 1 |", ""] == table(
        ["a", "b"], [["x\ny|z", "1"]]
    )
