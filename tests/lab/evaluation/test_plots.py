"""Pictures: there, readable as pictures, and of what they should show."""

import dataclasses
from pathlib import Path
from xml.etree import ElementTree as ET

import matplotlib.image
import pytest

from monitor.lab.evaluation.folder import write
from monitor.lab.evaluation.judge import judge
from monitor.lab.evaluation.plots import (
    MOST_ENTITIES,
    abstention,
    confusion,
    entities,
    owner_labels,
    reliability,
)
from tests.lab.evaluation.evaluations import invented, results


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Everything that --output writes."""
    place = tmp_path_factory.mktemp("results") / "new" / "folder"
    write(results(), place)
    return place


def test_every_picture_twice(folder: Path) -> None:
    """As PNG and SVG; entities only where there are some."""
    expected = {
        *(f"replab2013_test-{k}" for k in ("confusion", "reliability", "abstention", "entities")),
        "replab2013_test-owner-labels",
        *(f"sts_gold-{k}" for k in ("confusion", "reliability", "abstention")),
    }

    assert expected == {path.stem for path in folder.glob("*.png")}
    assert expected == {path.stem for path in folder.glob("*.svg")}


def test_pngs_show_something(folder: Path) -> None:
    """They are of a readable size and not of one colour."""
    for path in folder.glob("*.png"):
        pixels = matplotlib.image.imread(path)
        height, width, _ = pixels.shape
        assert height > 400, path
        assert width > 800, path
        assert pixels.std() > 0.05, path


def test_svgs_have_their_words(folder: Path) -> None:
    """Text stays text, and a $ in a name stays a dollar."""
    for path in folder.glob("*.svg"):
        ET.parse(path)
    svg = (folder / "replab2013_test-entities.svg").read_text(encoding="utf-8")

    assert "brand | $0$ (60)" in svg
    assert "all tweets: " in svg


def test_axes_are_labelled() -> None:
    """Each panel has a title and names for both axes."""
    result = results().files[0]
    for picture in (confusion, reliability, abstention, entities, owner_labels):
        for axes in picture(result).axes:
            assert axes.get_title(), picture
            assert axes.get_xlabel(), picture
            assert axes.get_ylabel(), picture


def test_only_the_largest_entities_are_drawn() -> None:
    """A picture of hundreds would show nothing; it says so."""
    many = judge(invented(300, entities=MOST_ENTITIES + 3), count=2)
    result = dataclasses.replace(results().files[1], heads={"sentiment": many})
    (axes,) = entities(result).axes

    assert MOST_ENTITIES == len(axes.get_yticks())
    assert "(the 60 with the most tweets)" in axes.get_title()
