"""`monitor plan`."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from monitor.planning.amounts import shown
from monitor.planning.command import plan


def run(*arguments: str) -> Result:
    """Call the command."""
    return CliRunner().invoke(plan, arguments)


def test_fits_80_columns() -> None:
    """From a trickle to the whole public stream."""
    for amount in ("1", "20k", "2M", "50M", "500M", "9G"):
        result = run(amount)
        widths = list(map(len, result.stdout.splitlines()))

        assert 0 == result.exit_code
        assert 80 >= max(widths), amount


def test_json_tells_what_the_table_does() -> None:
    """For programs; what never ends is null."""
    tight = ("8640000", "--peak=1", "--board-rate=100", "--utilisation=1", "--spare=0", "--json")
    fields = json.loads(run(*tight).stdout)

    assert 1 == fields["boards"]
    assert None is fields["catch_up_minutes"]
    assert {"name", "needed", "available", "unit", "holds_until"} == set(fields["limits"][0])


@pytest.mark.parametrize("amount", ["x", "0", "-3", "nan", "inf", "", "3T", "k"])
def test_amounts_that_are_none(amount: str) -> None:
    """Wrong usage, with an example of a right one."""
    result = run("--", amount)

    assert 2 == result.exit_code
    assert "500M" in result.stderr


_NUMBERS = ("--peak", "--keep-days", "--outage", "--utilisation", "--board-price", "--board-watts")


@pytest.mark.parametrize("number", ["nan", "inf", "1e400", "1e308", "1e-400"])
@pytest.mark.parametrize("option", _NUMBERS)
def test_numbers_that_are_none(option: str, number: str) -> None:
    """A plan, or wrong usage: whatever is typed, and JSON is JSON."""
    result = run("2M", option, number, "--json")

    assert isinstance(result.exception, SystemExit | None)
    assert result.exit_code in (0, 2)
    if number in ("nan", "inf", "1e400"):
        assert (2, "") == (result.exit_code, result.stdout)
    elif not result.exit_code:
        assert not {"NaN", "Infinity"} & set(re.findall("[A-Za-z]+", result.stdout))


def test_by_a_board_s_own_measurement(tmp_path: Path) -> None:
    """`monitor bench --json` says what the classifier does; half is left to the daemon."""
    rows: list[dict[str, Any]] = [
        {"workers": 1, "batch": 64, "tokens": 25, "tweets_per_s": 300.0},
        {"workers": 4, "batch": 64, "tokens": 25, "tweets_per_s": 800.0},
        {"workers": 4, "batch": 64, "tokens": 12, "tweets_per_s": 1500.0},
    ]
    (tmp_path / "pi.json").write_text(json.dumps({"measurements": rows}))

    assert "at 400 tweets/s each" in run("2M", "--bench", str(tmp_path / "pi.json")).stdout


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"measurements": []}', "\0", "[" * 100_000])
def test_a_measurement_that_is_none(tmp_path: Path, content: str) -> None:
    """One line that says what the file should be."""
    path = tmp_path / "pi.json"
    path.write_text(content)
    result = run("2M", "--bench", str(path))

    assert 1 == result.exit_code
    assert [f"monitor: {path}: not what `monitor bench --json` writes"] == [
        line[: line.index(" writes") + 7] for line in result.stderr.splitlines()
    ]


def test_one_of_two() -> None:
    """A rate is given once."""
    assert 2 == run("2M", "--bench", __file__, "--board-rate", "5").exit_code


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.0123456, "0.0123"),
        (99.96, "100"),
        (1234.5, "1,234"),
        (999_499, "999,499"),
        (2e6, "2M"),
        (1.5e9, "1.5G"),
    ],
)
def test_three_digits_are_enough(number: float, text: str) -> None:
    """As people write them."""
    assert text == shown(number)


def test_the_small_model_saves_boards() -> None:
    """It is said where it does, and not where the rate is the board's own."""
    assert "With [model] path = 'small'" in run("500M").stdout
    assert "path = 'small'" not in run("2M").stdout
    assert "path = 'small'" not in run("500M", "--board-rate", "760").stdout
