"""Placeholders."""

import pytest

from monitor.lab.evaluation.behaviour.filling import Filling, pieces_of, unknown_placeholder

FILLING = Filling("Quillby & Sons", "St Aldwyn's", "Graz", "12")


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{name} or {other} in {place}, {number}", "Quillby & Sons or St Aldwyn's in Graz, 12"),
        ("{@name} {#name}", "@QuillbySons #QuillbySons"),
        ("{name's} {other's}", "Quillby & Sons' St Aldwyn's'"),
        ("{@other}! x{number}", "@StAldwyns! x12"),
    ],
)
def test_filled_in(template: str, text: str) -> None:
    """As a name, handle, hashtag and possessive."""
    assert text == FILLING.text(template)


def test_pieces() -> None:
    """Text and placeholders take turns, and make the template again."""
    pieces = pieces_of("{@name} is {name's} own")

    assert ["", "{@name}", " is ", "{name's}", " own"] == pieces


@pytest.mark.parametrize("wrong", ["{nam}", "{name", "}", "{name!}", "{@place}", "{}"])
def test_what_is_no_placeholder(wrong: str) -> None:
    """A misspelt one is not left standing in a text."""
    assert wrong == unknown_placeholder(f"so {{name}} and {wrong}")
    assert unknown_placeholder("so {name} and {#other}") is None
