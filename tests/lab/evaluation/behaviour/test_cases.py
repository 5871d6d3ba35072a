"""What the shipped cases hold, and files that cannot be read."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.lab.errors import TrainingError
from monitor.lab.evaluation.behaviour.cases import Case, fingerprint, read_cases
from monitor.lab.evaluation.behaviour.filling import Filling
from monitor.lab.evaluation.behaviour.questions import checks, questions
from monitor.lab.evaluation.behaviour.words import read_words
from monitor.tweets import Entity, EntityMatcher
from tests.lab.evaluation.behaviour.answers import all_cases

KINDS = {
    "complaint", "praise", "neutral news", "crisis news", "good news", "negation", "comparison",
    "emoji", "question", "advert", "spam", "stock", "sarcasm", "several",
}  # fmt: skip

GOOD = 'id = "a", kind = "praise", label = "positive", text = "{name}!"'


def words_of(text: str) -> set[str]:
    """Return the words of a text, without placeholders."""
    return set(re.findall(r"[a-z']+", re.sub(r"\{[^}]*\}", "", text).lower()))


def texts(case: Case) -> Iterator[str]:
    """Yield what stands in the file."""
    yield case.text
    if case.plain is not None:
        yield case.plain


def test_enough_of_every_kind() -> None:
    """Over 400 cases, the halves as large as each other in every kind."""
    halves = [Counter(case.kind for case in read_cases(half)) for half in ("open", "held_back")]

    assert 400 <= len(all_cases())
    assert halves[0] == halves[1]
    assert set(halves[0]) == KINDS
    assert 10 <= min(halves[0].values())


def test_every_case_is_one() -> None:
    """Ids and texts are there once, and no label is right most of the time."""
    cases = all_cases()
    labels = Counter(label for case in cases for label in case.labels().values())

    assert len(cases) == len({case.id for case in cases})
    assert len(cases) == len({case.text.casefold() for case in cases})
    assert 0.5 > max(labels.values()) / labels.total()
    assert 0.2 < min(labels.values()) / labels.total()


def test_two_entities_where_there_are_two() -> None:
    """{other} is asked about where the kind is of two, and comparisons have two labels."""
    for case in all_cases():
        both = case.kind in ("comparison", "several")
        assert both == (case.other is not None), case.id
        assert re.search(r"\{[@#]?name('s)?\}", case.text), case.id
        assert not both or re.search(r"\{[@#]?other('s)?\}", case.text), case.id
        assert case.kind != "comparison" or {case.label, case.other} == {"negative", "positive"}
        assert (case.kind == "negation") == (case.plain is not None), case.id


def test_halves_are_no_paraphrases() -> None:
    """No text of a half has most of its words in a text of the other (half: too short to say)."""
    first, second = ([*read_cases(half)] for half in ("open", "held_back"))
    alike = [
        (one.id, other.id)
        for one in first
        for other in second
        if len(a := words_of(one.text)) > 3 and len(b := words_of(other.text)) > 3
        if len(a & b) > 0.6 * len(a | b)
    ]

    assert [] == alike


def test_no_name_stands_in_a_file() -> None:
    """Names come in when a model is asked: no file says anything of anybody real."""
    names = [name.name.casefold() for name in read_words().names]
    for case in all_cases():
        for text in texts(case):
            found = [
                name for name in names if re.search(rf"\b{re.escape(name)}\b", text.casefold())
            ]
            assert [] == found, case.id


def test_the_daemon_finds_whoever_is_asked_about() -> None:
    """In every text under every name, changed or not, as a name, handle, hashtag or possessive."""
    words = read_words()
    matcher = EntityMatcher([Entity(name.name) for name in words.names])
    pairs = [question.pair for question in questions(all_cases(), words, all_names=True)]
    for check in checks(all_cases(), words):
        pairs += [check.before, check.after]
    found = {text: matcher.match(text) for text, _ in pairs}

    assert 40_000 < len(found)
    assert [] == [(text, entity) for text, entity in pairs if entity not in found[text]]
    assert 280 >= max(map(len, found))


def test_placeholders_are_filled_in() -> None:
    """Nothing in braces is left."""
    filling = Filling("Veloria", "Lumen", "Leeds", "7")
    left = [case.id for case in all_cases() for text in texts(case) if "{" in filling.text(text)]

    assert [] == left


def test_fingerprint_is_of_cases_and_names(tmp_path: Path) -> None:
    """Both halves have their own, and any change of what is asked makes another."""
    for name in ("open", "held_back", "names"):
        (tmp_path / f"{name}.toml").write_text("cases = []\n")
    before = fingerprint("open", tmp_path)
    (tmp_path / "names.toml").write_text("names = []\n")

    assert before != fingerprint("open", tmp_path)
    assert fingerprint("open") != fingerprint("held_back")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("cases = [", "not valid TOML"),
        ("cases = []", "needs a list `cases`"),
        ("cases = [1]", "case 1: must be a table of strings"),
        ('cases = [{ id = "a" }]', "case 1: needs id, kind, text and label"),
        (f'cases = [{{ {GOOD}, lable = "x" }}]', "case 1: needs id, kind, text and label"),
        (f"cases = [{{ {GOOD.replace('positive', 'good')} }}]", r"\(a\): 'good' must be one of"),
        (f"cases = [{{ {GOOD.replace('name', 'nmae')} }}]", r"\{nmae\} is no placeholder"),
        (f'cases = [{{ {GOOD}, plain = "no {{name" }}]', r"\{name is no placeholder"),
        (
            f"cases = [{{ {GOOD.replace('positive', 'neutral')}, plain = '' }}]",
            "neutral has no opposite",
        ),
        (f"cases = [{{ {GOOD} }}, {{ {GOOD} }}]", "two cases have the id a"),
    ],
)
def test_broken_files(tmp_path: Path, content: str, message: str) -> None:
    """Each is told with its place, in one line."""
    (tmp_path / "open.toml").write_text(content)
    with pytest.raises(TrainingError, match=message) as told:
        read_cases("open", tmp_path)
    assert str(tmp_path / "open.toml") in str(told.value)
    assert "\n" not in str(told.value)


def test_missing_and_unreadable_files(tmp_path: Path) -> None:
    """No folder, and bytes that are no text."""
    with pytest.raises(TrainingError, match=r"cannot read .*open\.toml: No such file"):
        read_cases("open", tmp_path)
    with pytest.raises(TrainingError, match="No such file"):
        fingerprint("open", tmp_path)
    (tmp_path / "open.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(TrainingError, match="not valid TOML"):
        read_cases("open", tmp_path)
