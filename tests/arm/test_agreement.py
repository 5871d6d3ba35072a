"""What counts as the same answer."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from tests.arm.agreement import TOLERANCE, Agreement, main


def row(negative: float, neutral: float, *, text: str = "ok", other: float = 0.3) -> dict[str, Any]:
    """Make a line of ``monitor classify``."""

    def answer(negative: float, neutral: float) -> dict[str, Any]:
        shares = {
            "negative": negative,
            "neutral": neutral,
            "positive": round(1 - negative - neutral, 4),
        }
        return {"label": max(shares, key=lambda label: shares[label]), "probabilities": shares}

    return {
        "text": text,
        "entity": None,
        **answer(negative, neutral),
        "sentiment": answer(other, 0.4),
    }


def test_of_both_tasks() -> None:
    """Each tweet has two answers, and the larger difference is told."""
    agreement = Agreement.of([row(0.5, 0.25)], [row(0.504, 0.25, other=0.302)])

    assert 2 == agreement.answers
    assert math.isclose(0.004, agreement.largest)
    assert math.isclose(0.003, agreement.mean)
    assert () == agreement.flips
    assert agreement.holds


def test_flip_near_a_tie_is_counted() -> None:
    """A label may differ where both were as likely; it is said how nearly."""
    agreement = Agreement.of([row(0.402, 0.398)], [row(0.398, 0.402)])

    assert agreement.holds
    assert [0.004] == [round(margin, 6) for margin in agreement.flips]
    assert "other labels: 1 (margin 0.0040)" in str(agreement)


@pytest.mark.parametrize(
    "found", [row(0.5 - TOLERANCE - 0.001, 0.25), row(0.5, 0.25, other=math.nan)]
)
def test_too_far_apart(found: dict[str, Any]) -> None:
    """Beyond the tolerance two machines do not agree, nor if one has no number to say."""
    assert not Agreement.of([row(0.5, 0.25)], [found]).holds


@pytest.mark.parametrize("found", [[], [row(0.5, 0.25, text="no")]])
def test_of_other_tweets(found: list[dict[str, Any]]) -> None:
    """Answers to other questions are not compared."""
    with pytest.raises(ValueError, match=r"different tweets|shorter"):
        Agreement.of([row(0.5, 0.25)], found)


@pytest.mark.parametrize(("found", "code"), [(0.5, 0), (0.6, 1)])
def test_two_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], found: float, code: int
) -> None:
    """The command compares what two machines wrote, and its exit code says it."""
    for name, negative in (("pc", 0.5), ("board", found)):
        (tmp_path / name).write_text(json.dumps(row(negative, 0.25)) + "\n")

    with pytest.raises(SystemExit) as ended:
        main([str(tmp_path / "pc"), str(tmp_path / "board")])

    assert bool(code) == bool(ended.value.code)
    assert "2 answers" in capsys.readouterr().out
