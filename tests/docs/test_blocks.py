"""Blocks in a language hold what is valid in it: settings load, data parses."""

from __future__ import annotations

import configparser
import json
import tomllib
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]

from monitor.lab.data import TweetSplit, read_own
from monitor.settings import load
from tests.docs.pages import PAGES, Block

CHECKED = ("sh", "bash", "sql", "toml", "json", "yaml", "ini", "csv")
"""Here, in test_commands and in test_schema."""
OUTPUT = ("", "text")


def _blocks(language: str) -> list[Block]:
    return [block for page in PAGES for block in page.blocks_of(language)]


def test_languages_are_known() -> None:
    """Each block is in a language that is checked, or is output."""
    blocks = [block for page in PAGES for block in page.blocks]

    assert [] == [str(b) for b in blocks if b.language not in (*CHECKED, *OUTPUT)]
    assert all(any(b.language == language for b in blocks) for language in CHECKED[2:])


@pytest.mark.parametrize("block", _blocks("toml"), ids=str)
def test_settings_load(block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each configuration shown is one, with the defaults for what it leaves out."""
    monkeypatch.chdir(tmp_path)
    path = Path("shown.toml")
    path.write_text(block.text, encoding="utf-8")

    assert tomllib.loads(block.text)
    load(path)


@pytest.mark.parametrize("block", _blocks("json"), ids=str)
def test_json_is_valid(block: Block) -> None:
    """What is shown as JSON is an object."""
    assert isinstance(json.loads(block.text), dict)


@pytest.mark.parametrize("block", _blocks("yaml"), ids=str)
def test_yaml_is_valid(block: Block) -> None:
    """What Prometheus is to be told is YAML; tests/metrics looks into it."""
    assert isinstance(yaml.safe_load(block.text), dict)


@pytest.mark.parametrize("block", _blocks("ini"), ids=str)
def test_units_are_valid(block: Block) -> None:
    """What is put into a unit has sections and keys."""
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.read_string(block.text)

    assert all(dict(parser[section]) for section in parser.sections())
    assert parser.sections()


@pytest.mark.parametrize("block", _blocks("csv"), ids=str)
def test_labelled_tweets_are_read(block: Block, tmp_path: Path) -> None:
    """A file of labelled tweets is one that `monitor train` takes."""
    path = tmp_path / "mine.csv"
    path.write_text(block.text, encoding="utf-8")
    tweets = TweetSplit()
    read_own(path, tweets)

    assert tweets != TweetSplit()
