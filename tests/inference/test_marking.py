"""A tweet as the model reads it."""

import time

import pytest

from monitor.inference.marking import Marker, Marks, question, spell_emoji
from monitor.tweets import Entity

MARKER = Marker(
    [
        Entity("Veloria"),
        Entity("Norwick Bank", aliases=("@norwickhelp",)),
        Entity("Orla", exclude=("Orla Lake",)),
        Entity("Orla Music"),
        Entity("V&T"),
    ]
)


@pytest.mark.parametrize(
    ("text", "target", "marked"),
    [
        ("Veloria closed the desk", "Veloria", "[TARGET] closed the desk"),
        ("VELORIA's desk, @veloria!", "Veloria", "[TARGET]'s desk, [TARGET]!"),
        ("Veloria beats Norwick Bank", "Veloria", "[TARGET] beats [OTHER]"),
        ("Veloria beats Norwick Bank", "Norwick Bank", "[OTHER] beats [TARGET]"),
        ("Veloria beats #NorwickBank", None, "[OTHER] beats [OTHER]"),
        ("hours with norwick-bank", "Norwick Bank", "hours with [TARGET]"),
        ("@NorwickHelp you there?", "Norwick Bank", "[TARGET] you there?"),
        ("down again @vt", "V&T", "down again [TARGET]"),
        ("\uff36eloria\u2122 rocks", "Veloria", "[TARGET] rocks"),
        ("swam in Orla Lake", "Orla", "swam in Orla Lake"),
        ("velorian food", "Veloria", "velorian food"),
    ],
)
def test_mentions_become_marks(text: str, target: str | None, marked: str) -> None:
    """Wherever the matcher finds a name, there the mark stands."""
    assert marked == MARKER.mark(text, target)


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("#NeverAgainVeloria", "Never Again [TARGET]"),
        ("#VeloriaIsBack!", "[TARGET] !"),
        ("@VeloriaHelp lost my bag", "[TARGET] lost my bag"),
        ("#boycottveloria", "#boycottveloria"),
        ("@MyVeloria and @bob_7", "[TARGET] and @user"),
    ],
)
def test_name_inside_a_tag(text: str, marked: str) -> None:
    """Of the one who is asked about, a part of a handle or hashtag is enough."""
    assert marked == MARKER.mark(text, "Veloria")


def test_part_of_a_tag_is_nobody_elses_mention() -> None:
    """Only what is asked about is looked for so closely."""
    assert "Never Again Veloria" == MARKER.mark("#NeverAgainVeloria", "Orla")
    assert "@user lost my bag" == MARKER.mark("@VeloriaHelp lost my bag", None)


def test_target_wins_where_mentions_overlap() -> None:
    """The longer name holds the shorter one; which is marked depends on who is asked about."""
    assert "[TARGET] Music is down" == MARKER.mark("Orla Music is down", "Orla")
    assert "[TARGET] is down" == MARKER.mark("Orla Music is down", "Orla Music")
    assert "[OTHER] is down" == MARKER.mark("Orla Music is down", "Veloria")


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("so #GoodMorning @bob http://t.co/x?y=1", "so Good Morning @user http"),
        ("#sxsw #iPhone #COVID19 #IPL2012", "#sxsw #iPhone COVID 19 IPL 2012"),
        ("write to bob@veloria.example", "write to"),
        ("an odd [TARGET] and [OTHER]", "an odd TARGET and OTHER"),
        ("", ""),
    ],
)
def test_text_without_entities(text: str, read: str) -> None:
    """Handles, links and hashtags are prepared for every text; marks cannot be written by hand."""
    assert read == Marker([]).mark(text, None)


def test_same_text_under_every_name() -> None:
    """No name decides, since the model does not see any."""
    texts = {
        Marker([Entity(name)]).mark(f"Three hours and then {name} closed. Thanks, {name}!", name)
        for name in ("Veloria", "Norwick Bank", "V&T", "Žofia Ó Brien", "7up", "C++")
    }

    assert {"Three hours and then [TARGET] closed. Thanks, [TARGET]!"} == texts


def test_other_spellings_instead_of_marks() -> None:
    """In training a mention may stay as it is, or get another name."""
    text = "Veloria beats Orla"

    assert text == MARKER.mark(text, "Veloria", Marks(None, None))
    assert "Zento beats [OTHER]" == MARKER.mark(text, "Veloria", Marks("Zento"))


def test_question() -> None:
    """The second half of the pair is the mark, with a word for the kind of entity or without."""
    assert question(None) is None
    assert "[TARGET]" == question("Veloria")
    assert "[TARGET] airline" == question("Veloria", "airline")


@pytest.mark.parametrize(
    ("text", "spelt"),
    [
        ("so funny 😂😂 😂", "so funny face with tears of joy"),
        ("👍🏽 it❤️", "thumbs up it heart"),
        ("won 🇩🇪🇩🇪!", "won flag !"),
        ("plain: café", "plain: café"),
        ("ascii only", "ascii only"),
    ],
)
def test_emoji_in_words(text: str, spelt: str) -> None:
    """A row of the same emoji is said once; skin tones and variants are not said."""
    assert spelt == spell_emoji(text)


def test_time_does_not_depend_on_the_text_being_nasty() -> None:
    """Long rows of marks, tags and capitals are prepared without going back and forth."""
    parts = ("#", "#Aa", "A", "@a", "😂", "[TARGET]", "Veloria ", "#V", "_", "AaBb")
    started = time.process_time()
    for part in parts:
        for whole in (part * 5_000, "#" + part * 5_000):
            assert isinstance(spell_emoji(MARKER.mark(whole, "Veloria")), str)
    assert time.process_time() - started < 10


@pytest.mark.parametrize(
    ("text", "target", "marked"),
    [
        ("Yolo! beats Citroën", "Yolo!", "[TARGET] beats [OTHER]"),
        ("yolo mail is down", "Yolo!", "[TARGET] mail is down"),
        ("yolo, said Yolo! again", "Yolo!", "yolo, said [TARGET] again"),
        ("yolo mail is down", "Citroën", "yolo mail is down"),
        (
            "citroen is “great” \u2013 so V&amp;T",
            "Citroën",
            "[TARGET] is “great” \u2013 so [OTHER]",
        ),
        (
            "#NeverAgainCitroen, fish &amp; chips",
            "Citroën",
            "Never Again [TARGET], fish &amp; chips",
        ),
        ("@CitroenUK and #V_T", "Citroën", "[TARGET] and [OTHER]"),
    ],
)
def test_other_spellings(text: str, target: str, marked: str) -> None:
    """Names are found in whatever spelling; what is no name is read as it is written."""
    marker = Marker([Entity("Yolo!"), Entity("Citroën"), Entity("V&T")])

    assert marked == marker.mark(text, target)
