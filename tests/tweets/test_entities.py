"""``monitor.tweets.entities``: which entities a text is about."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from monitor.tweets import Entity, EntityMatcher
from monitor.tweets.entities import Searchable
from monitor.tweets.tweet import MAX_ENTITIES

ENTITIES = [
    Entity(
        "Apple", ("@AppleSupport", "#TeamApple"), exclude=("apple pie", "Big Apple", "@applebees")
    ),
    Entity("Land Rover", ("Landy",)),
    Entity("AT&T"),
    Entity("Yahoo!"),
    Entity("C++"),
    Entity("L'Oréal"),
    Entity("H&M", ("Hennes & Mauritz",)),
    Entity("Coca-Cola", ("Coke",)),
    Entity("Macy's"),
    Entity("Straße"),
]
MATCHER = EntityMatcher(ENTITIES)
NAMES = [entity.name for entity in ENTITIES]


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        # whole words, whatever the case
        ("Apple", "apple, APPLE and Apple!"),
        ("Apple", "my Apple's screen, l'apple, Apple™"),
        ("", "pineapple apples AppleEvent apple2"),
        # handles and hashtags
        ("Apple", "thanks .@apple"),
        ("Apple", "I \N{RED APPLE}#Apple\N{RED APPLE}"),
        ("Apple", "@AppleSupport help"),
        ("Apple", "go #teamapple"),
        ("", "#AppleEvent @apple_fan AppleSupport teamapple @TeamApple"),
        # several words
        ("Land Rover", "a land  rover, a Land\nRover"),
        ("Land Rover", "#LandRover"),
        ("Land Rover", "@landrover's"),
        ("Land Rover", "#Land_Rover, again"),
        ("Land Rover", "my Land_Rover"),
        ("Land Rover", "a Land\N{EN DASH}Rover"),
        ("Land Rover", "a Land&nbsp;Rover"),
        ("Land Rover", "Land-Rover"),
        ("", "LandRover, land of the rover, Land. Rover"),
        # punctuation
        ("AT&T", "at&t is down"),
        ("AT&T", "#ATT"),
        ("AT&T", "AT&amp;T"),
        ("AT&T", "at&amp;amp;t"),
        ("AT&T", "#AT_T and AT\uff06T"),
        ("", "at&lt;t"),
        ("", "at t, AT & me"),
        ("Yahoo!", "Yahoo! mail"),
        ("Yahoo!", "#Yahoo is down"),
        ("Yahoo!", "down again, @yahoo"),
        ("", "yahoo, what a day"),
        ("C++", "C++20? no, C++"),
        ("", "C, #C and @C"),
        ("L'Oréal", "l\N{RIGHT SINGLE QUOTATION MARK}ore\N{COMBINING ACUTE ACCENT}al"),
        ("L'Oréal", "#LOréal"),
        ("L'Oréal", "l'oreal, L\N{MODIFIER LETTER APOSTROPHE}OREAL, #LOreal"),
        ("L'Oréal", "L&#39;Or\u00e9al"),
        ("L'Oréal", "l`oreal"),
        ("H&M", "@hm"),
        ("H&M", "hennes & mauritz"),
        ("Coca-Cola", "coca cola #cocacola"),
        ("Macy's", "Macy\N{RIGHT SINGLE QUOTATION MARK}s sale"),
        ("Macy's", "Macy&#39;s sale, Macy&#039;s sale, Macy&rsquo;s sale"),
        ("Coca-Cola", "Coca\N{EM DASH}Cola"),
        ("Straße", "STRASSE"),
        # full-width forms
        ("Apple", "\uff21\uff50\uff50\uff4c\uff45"),
        # links and addresses
        ("", "https://apple.com/apple www.apple.com apple.com/x t.co/apple"),
        ("", "apple@example.org, me@apple.com"),
        ("Apple", "I love apple.It works"),
        # several entities, in the order of the configuration
        ("Apple|Land Rover|H&M", "#hm and a Landy, not an Apple, an apple"),
        # exclusions
        ("", "apple pie and Apple-Pie and #apple pie in the big apple"),
        ("", "@Applebees"),
        ("Apple", "apple pie on my Apple"),
        ("Apple", "apple. Pie"),
        # nothing
        ("", ""),
        ("", "@ # & ! \N{RED APPLE}"),
    ],
)
def test_match(expected: str, text: str) -> None:
    """Names are found where people would say that they stand."""
    assert expected == "|".join(MATCHER.match(text))


@pytest.mark.parametrize(
    ("name", "found", "not_found"),
    [
        ("Citroën", "Citroen|CITROËN|citroe\u0308n|#Citroen|@citroën", "Citron"),
        ("Citroen", "Citroën|CITROËN", "Citroenx"),
        ("İşbank", "isbank|İŞBANK|ISBANK|\u0131şbank|Işbank", "bank"),
        ("AKBANK", "akbank|Akbank", ""),
        ("Yap\u0131 Kredi", "YAPI KREDİ|yapi kredi|#Yap\u0131Kredi|#yapikredi|Yapi_Kredi", "yap"),
        ("Ørsted", "Orsted|ØRSTED", ""),
        ("Mærsk", "Maersk|MÆRSK", ""),
        ("Łódź", "Lodz|ŁÓDŹ", ""),
        ("Müller", "Muller|MÜLLER", "Mueller"),
        ("Ωmega", "ωmega", ""),
        ("Алёнка", "Аленка|АЛЁНКА", ""),
        ("Йота", "йота", "Иота"),
        ("ガスト", "ガスト", "カスト"),
        ("E!", "E! news|watch e! now|“E!”", "e|vitamin e|E, of all|#e|@e|e-mail|E?"),
        ("Guess?", "Guess? jeans|#guess|@Guess", "I guess so|guess|Guess!|guess who?"),
        ("Guess Who?", "Guess who?|#GuessWho", "guess who came"),
        ("Acme Inc.", "Acme Inc|Acme Inc.|#AcmeInc", "acme"),
        ('"Weird Al" Orla', "“Weird Al” Orla|„Weird Al“ Orla|«Weird Al» Orla", "Weird Al Orla"),
        (
            "Rock'n'Roll Bar",
            "rock\u2019n\u2019roll bar|ROCK\u00b4N\u00b4ROLL BAR|rock\u2018n\u2018roll\u2013bar",
            "rock roll bar",
        ),
        (
            "Land Rover",
            "Land—Rover|Land\u2011Rover|Land\u2212Rover|Land ― Rover",
            "Land. Rover|LandRover",
        ),
        ("H&M", "H&amp;M|h&amp;m's|#HM|#H_M", "H&lt;M|hm"),
        ("Citroën", "Citro&euml;n|CITRO&Euml;N|Citro&#235;n|Citro&amp;#xEB;n", "Citro&amp;n"),
        ("AT&T", "AT&#38;T|AT&#038;T|AT&#x26;T|AT&amp;#38;T", "AT&#55296;T|AT&#0;T"),
        ("McDonald's", "McDonald&#x2019;s|McDonald&#8217;s|McDonald&#039;s", "McDonald"),
        ("Acme", "Ac\u200dme|\u2066Acme\u2069|@\u200eacme|#\u2066Acme|A\u2060c\ufeffme", "ac me"),
    ],
)
def test_spellings(name: str, found: str, not_found: str) -> None:
    """Accents, Turkish i, quotes, dashes, and marks at the end of a name."""
    matcher = EntityMatcher([Entity(name)])
    for text in filter(None, found.split("|")):
        assert (name,) == matcher.match(f"so {text}, so"), text
        assert [name] == [mention.entity for mention in matcher.locate(Searchable(text))], text
    for text in filter(None, not_found.split("|")):
        assert () == matcher.match(f"so {text} and"), text
    assert name == matcher.canonical(name.upper())


def test_emoji_of_several_stay_whole() -> None:
    """What joins them is no invisible character inside a word."""
    family = "\N{MAN}\u200d\N{WOMAN}\u200d\N{GIRL}\ufe0f"

    assert f"Acme {family}" == Searchable(f"Ac\u200dme {family}").text


def test_where_a_mention_stands() -> None:
    """In the text as it is written, whatever its spelling."""
    matcher = EntityMatcher([Entity("AT&T"), Entity("Citroën"), Entity("Land Rover")])
    text = Searchable("so AT&amp;T, citroe\u0308n or Land\N{EM DASH}Rover&amp;")

    assert ["AT&amp;T", "citro\u00ebn", "Land\N{EM DASH}Rover"] == [
        text.text[mention.start : mention.end] for mention in matcher.locate(text)
    ]


def test_accents_do_not_tell_entities_apart() -> None:
    """Two of one spelling are refused, as two of one case are."""
    with pytest.raises(ValueError, match="both claim the name"):
        EntityMatcher([Entity("Rosé"), Entity("Rose")])


PIECES = st.sampled_from(
    [
        "Citroën",
        "citroe\u0308n",
        "AT&T",
        "AT&amp;T",
        "&amp;",
        "Yahoo!",
        "yahoo",
        "Land",
        "Rover",
        "_",
        "-",
        "\u2013",
        "“",
        "\u2019",
        "&#39;",
        "\u0301",
        "İ",
        "\u0131",
        "#",
        "@",
        " ",
        ".",
        "!",
        "l'oreal",
        "Macy\u2019s",
        "a",
        "\u034f",
    ]
)


@settings(max_examples=400)
@example("\N{COMBINING ACUTE ACCENT}#yahoo")
@example("Citroën@\N{EN DASH}.Citroën")
@given(st.lists(PIECES, max_size=12).map("".join) | st.text(max_size=40))
def test_what_is_found_is_located(text: str) -> None:
    """Asked which are named, and where, the answers agree."""
    matcher = EntityMatcher([*ENTITIES, Entity("Citroën"), Entity("İş")])

    assert {*matcher.match(text)} == {
        mention.entity for mention in matcher.locate(Searchable(text))
    }


def test_overlap() -> None:
    """A longer name does not hide a shorter one, unless that one excludes it."""
    music = Entity("Apple Music")
    both = EntityMatcher([Entity("Apple"), music])
    apart = EntityMatcher([Entity("Apple", exclude=("apple music",)), music])

    assert ("Apple", "Apple Music") == both.match("apple music")
    assert ("Apple Music",) == apart.match("apple music")


def test_exclusion_covers_its_entity_only() -> None:
    """What one entity excludes may still name another."""
    matcher = EntityMatcher(
        [Entity("Apple", exclude=("apple pie",)), Entity("Pie", ("apple pie",))]
    )

    assert ("Pie",) == matcher.match("apple pie")


def test_exclusion_must_cover() -> None:
    """A name that reaches out of an exclusion counts."""
    matcher = EntityMatcher([Entity("Land Rover", exclude=("rover scouts", "my land"))])

    assert ("Land Rover",) == matcher.match("my land rover scouts")


@pytest.mark.parametrize(
    ("expected", "name"),
    [
        ("Apple", " apple "),
        ("Apple", "@APPLE"),
        ("Apple", "applesupport"),
        ("Apple", "#AppleSupport"),
        ("Land Rover", "land_rover"),
        ("Land Rover", "land-rover"),
        ("Land Rover", "LANDROVER"),
        ("AT&T", "#att"),
        ("Yahoo!", "yahoo"),
        ("C++", "c++"),
        ("Unknown One", " Unknown One "),
        ("#unknown", "#unknown"),
        ("apple pie", "apple pie"),
        ("C", "C"),
        ("", "  "),
        ("+", "+"),
    ],
)
def test_canonical(expected: str, name: str) -> None:
    """Given names become the configured ones, and others stay."""
    assert expected == MATCHER.canonical(name)


def test_exact_spelling_goes_first() -> None:
    """A handle of one entity and the name of another are told apart."""
    matcher = EntityMatcher([Entity("Delta Air", ("@delta",)), Entity("Delta")])

    assert "Delta Air" == matcher.canonical("@Delta")
    assert "Delta" == matcher.canonical("delta")
    assert "Delta" == matcher.canonical("#delta")


@pytest.mark.parametrize(
    ("message", "entities"),
    [
        ("'Apple' and 'APPLE' both", [Entity("Apple"), Entity("APPLE")]),
        ("both claim the name '@x'", [Entity("Apple", ("@X",)), Entity("Pear", ("@x",))]),
        ("both claim the name 'land rover'", [Entity("Land-Rover"), Entity("B", ("land rover",))]),
        ("'Apple': '' has no word", [Entity("Apple", ("",))]),
        ("'!!!' has no word", [Entity("!!!")]),
        ("'Apple': '@' has no word", [Entity("Apple", exclude=("@",))]),
        ("'https://apple.com' has no word", [Entity("Apple", ("https://apple.com",))]),
        ("'@Apple Support' is more than", [Entity("Apple", ("@Apple Support",))]),
    ],
)
def test_bad_entities(message: str, entities: list[Entity]) -> None:
    """What cannot be told apart or never be found is refused."""
    with pytest.raises(ValueError, match=message):
        EntityMatcher(entities)


def test_own_name_twice() -> None:
    """An entity may repeat its own name as an alias."""
    assert ("Apple",) == EntityMatcher([Entity("Apple", ("apple", "APPLE"))]).match("apple")


def test_no_entities() -> None:
    """Without entities nothing is found."""
    assert () == EntityMatcher([]).match("apple")


# Words that cannot join a name into another phrase.
filler = st.text(st.characters(categories=("Lo", "So", "Po"), exclude_characters="/@"), max_size=20)
words = st.sampled_from(
    ["apple", "pie", "big", "#Apple", "@x", "land", "rover", "H&M", "!", "-", "é"]
)
sentences = st.lists(words, max_size=12).map(" ".join) | st.text()


@given(sentences)
def test_order_and_once(text: str) -> None:
    """Matches come in configuration order, each once."""
    positions = [NAMES.index(name) for name in MATCHER.match(text)]

    assert sorted(set(positions)) == positions


@given(sentences)
def test_deterministic(text: str) -> None:
    """Matching remembers nothing."""
    assert MATCHER.match(text) == MATCHER.match(text)


@given(st.lists(words, max_size=12).map(" ".join))
def test_case_does_not_matter(text: str) -> None:
    """Neither does the case of the text."""
    assert MATCHER.match(text.lower()) == MATCHER.match(text.upper())


@given(filler, st.sampled_from(NAMES), filler)
def test_surroundings_do_not_matter(before: str, name: str, after: str) -> None:
    """A name that stands apart is found, whatever stands around it."""
    assert name in MATCHER.match(f"{before} {name} {after}")


@given(sentences, sentences)
def test_joining_texts(one: str, two: str) -> None:
    """Two lines name what each of them names, where no phrase spans the break."""
    joined = f"{one} \N{FULL STOP}\n\N{FULL STOP} {two}"

    assert {*MATCHER.match(one), *MATCHER.match(two)} == set(MATCHER.match(joined))


@given(st.lists(st.sampled_from(["apple", "apple pie", "big apple"]), max_size=8))
def test_exclusion_law(parts: list[str]) -> None:
    """Apple is named exactly if some mention of it stands outside all exclusions."""
    expected = ("Apple",) if "apple" in parts else ()

    assert expected == MATCHER.match(" . ".join(parts))


@given(st.sampled_from(NAMES), st.sampled_from(["", "@", "#"]))
def test_canonical_is_stable(name: str, sigil: str) -> None:
    """A configured name stays itself, and so does what came out once."""
    assert name == MATCHER.canonical(sigil + name.upper())
    assert MATCHER.canonical("other " + name) == MATCHER.canonical(
        MATCHER.canonical("other " + name)
    )


@settings(max_examples=500)
@given(st.lists(st.text(max_size=12) | words, min_size=1, max_size=4, unique=True))
def test_any_names_are_found_or_refused(names: list[str]) -> None:
    """Whatever a configuration names is found where it stands alone, or refused beforehand."""
    try:
        matcher = EntityMatcher([Entity(name) for name in names])
    except ValueError:
        return
    for name in names:
        assert name.strip() in matcher.match(name)
        assert name.strip() == matcher.canonical(name)


def test_names_that_share_words_take_no_longer() -> None:
    """Hundreds that begin with the same word, and a text of that word alone."""
    matcher = EntityMatcher(
        [Entity(f"{'acme ' * (1 + i % 12)}x{i}", (f"acme y{i}",)) for i in range(200)]
    )
    start = time.process_time()

    assert () == matcher.match("acme " * 13_000)
    assert time.process_time() - start < 0.5  # tried one after the other they take seconds


def test_names_within_names() -> None:
    """Each that ends where another goes on is found, and so are those that begin inside."""
    matcher = EntityMatcher([Entity(name) for name in ("a b c d", "a", "b c", "a b", "c x")])

    assert ("a", "b c", "a b") == matcher.match("a b c")
    assert ("a b c d", "a", "b c", "a b") == matcher.match("a b c d")
    assert ("a", "b c", "a b", "c x") == matcher.match("a b c x")


def test_a_text_names_so_many_and_no_more() -> None:
    """Of all that a text lists those that it names first count."""
    names = [f"n{i}" for i in range(MAX_ENTITIES + 10)]
    matcher = EntityMatcher([Entity(name) for name in names])

    assert tuple(names[-MAX_ENTITIES:]) == matcher.match(" ".join(reversed(names)))


@pytest.mark.parametrize("text", ["apple pie ", "apple ", "@", "#a", "big apple pie ", "&", "é'"])
def test_linear_time(text: str) -> None:
    """64 KiB of anything hostile take no longer than so much text has to."""
    hostile = text * (65_536 // len(text))
    start = time.process_time()

    MATCHER.match(hostile)

    assert time.process_time() - start < 1


def test_mentions_are_located() -> None:
    """Where a text names entities, in the spelling that was searched; overlaps are all told."""
    matcher = EntityMatcher([Entity("Orla"), Entity("Orla Music"), Entity("V&T")])
    text = Searchable("see http://orla.example/x: \uff2frla Music's or @vt")

    assert [("Orla", "Orla"), ("Orla Music", "Orla Music"), ("V&T", "@vt")] == [
        (mention.entity, text.text[mention.start : mention.end]) for mention in matcher.locate(text)
    ]
    assert [] == EntityMatcher([]).locate(text)


def test_only_the_beginning_is_searched() -> None:
    """Of a text that normalization makes longer, too, no more than so many characters count."""
    matcher = EntityMatcher([Entity("Orla")])
    text = Searchable("\ufdfa Orla and Orla", 25)

    assert 25 == len(text.text)
    assert [19] == [mention.start for mention in matcher.locate(text)]
