"""Names and what else is filled in."""

from collections import Counter
from pathlib import Path

import pytest

from monitor.lab.errors import TrainingError
from monitor.lab.evaluation.behaviour.words import read_words

TABLE = """
places = ["Graz"]
numbers = ["1"]
complaints = ["{name} is bad"]
praises = ["{name} is good"]
names = [{ name = "A", kind = "x", real = false }, { name = "B", kind = "x", real = false }]
"""


def test_enough_names_of_several_kinds() -> None:
    """At least 40, most of them invented, each with somebody of its kind to be compared with."""
    names = read_words().names
    kinds = Counter(name.kind for name in names)

    assert 40 <= len(names) == len({name.name for name in names})
    assert 10 <= len(kinds)
    assert 2 <= min(kinds.values())
    assert len(read_words().invented()) > len(names) / 2


def test_everybody_is_a_rival_once() -> None:
    """So that texts of two entities are asked about every name equally often."""
    words = read_words()
    rivals = [words.rival(name) for name in words.names]

    assert set(words.names) == set(rivals)
    assert all(one.kind == other.kind for one, other in zip(words.names, rivals, strict=True))
    assert not any(one == other for one, other in zip(words.names, rivals, strict=True))


def test_samples_come_to_everybody() -> None:
    """Each case has different names, as many as asked for, and all come up."""
    words = read_words()
    samples = [list(words.sample(index, 4)) for index in range(len(words.names))]

    assert {4} == {len(set(sample)) for sample in samples}
    assert {4} == set(Counter(name for sample in samples for name in sample).values())
    assert set(words.names) == set(words.sample(3, 1000))


def test_places_and_numbers_change_from_case_to_case() -> None:
    """Two cases in a row differ in both."""
    words = read_words()
    one, next_one = (words.filling(words.names[0], index) for index in (0, 1))

    assert one.place != next_one.place
    assert one.number != next_one.number
    assert not {name.name for name in words.names} & set(words.places)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("places", "place", "needs names .*, places, numbers"),
        ("real", "reel", "needs names"),
        ('kind = "x", real = false }]', 'kind = "y", real = false }]', "x needs a second name"),
        ("{name} is bad", "{nmae} is bad", r"\{nmae\} is no placeholder"),
    ],
)
def test_broken_file(tmp_path: Path, old: str, new: str, message: str) -> None:
    """One line says what is missing."""
    assert old in TABLE
    (tmp_path / "names.toml").write_text(TABLE.replace(old, new))
    with pytest.raises(TrainingError, match=message):
        read_words(tmp_path)
