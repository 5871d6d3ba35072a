"""``monitor.tweets.language.languages``: refused is what is clearly in another language."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.tweets import Entity
from monitor.tweets.language import languages
from monitor.tweets.language.languages import Languages

ENGLISH = Languages(["en"], [Entity("Acme"), Entity("Deutsche Bank"), Entity("La Poste")])

OTHERS = {
    "es": ["Acme es la peor empresa del mundo", "tres horas esperando y nadie contesta"],
    "de": ["Acme ist die schlechteste Firma der Welt", "der Zug ist schon wieder zu spät"],
    "fr": ["Acme est la pire entreprise du monde", "j'adore mon nouveau téléphone"],
    "it": ["mai più da Acme, che schifo di servizio", "il treno è di nuovo in ritardo"],
    "pt": ["obrigado Acme pela ajuda de hoje", "não compro mais nada nessa loja"],
    "nl": ["drie uur gewacht en niemand neemt op", "Acme is het slechtste bedrijf"],
    "tr": ["Acme dünyanın en kötü şirketi", "tren yine geç kaldı"],  # noqa: RUF001  (Turkish)
    "ja": ["三時間待っても誰も出ない", "もう二度と買わない"],
    "ru": ["три часа жду и никто не отвечает", "обожаю свой новый телефон"],
    "ar": ["انتظرت ثلاث ساعات ولم يرد أحد"],
}


@pytest.mark.parametrize(
    ("code", "text"), [(code, text) for code, texts in OTHERS.items() for text in texts]
)
def test_other_languages(code: str, text: str) -> None:
    """They are told, and which."""
    assert code == ENGLISH.other(text)
    assert ENGLISH.other(text, "und") == code
    assert Languages(["en", code]).other(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "Acme is the worst company ever",
        "Deutsche Bank down 5 % today",
        "Waiting at La Poste since nine, again",
        "lol so good",
        "OMG Acme!!!",
        "#AcmeFail",
        "never again @acme http://t.co/x",
        "Acme",
        "😍😍😍",
        "12345 :-)",
        "...",
        "https://example.com/es/el-mundo",
        "danke",
        "jajaja",
    ],
)
def test_labelled(text: str) -> None:
    """English, and whatever has too few words to tell."""
    assert ENGLISH.other(text) is None
    assert ENGLISH.other(text, "en") is None


@pytest.mark.parametrize(
    ("lang", "refused"),
    [
        ("es", True),
        ("es-MX", True),
        ("ES_419", True),
        ("spa", True),
        ("en", False),
        ("en-GB", False),
        ("eng", False),
        ("und", False),
        ("qme", False),
        ("zxx", False),
        ("art", False),
        ("in", True),
        ("iw", True),
        ("fil", True),
        ("us", False),
        ("gb", False),
        ("xx", False),
        ("unk", False),
        ("US", False),
        ("x-klingon", False),
        ("Spanish (Mexico)", False),
        ("", False),
        (None, False),
    ],
)
def test_what_a_message_says(lang: str | None, *, refused: bool) -> None:
    """It decides where the text alone does not tell."""
    assert refused == (ENGLISH.other("jajaja", lang) is not None)


def test_what_a_message_says_is_not_always_believed() -> None:
    """Collectors guess, too: a text that is plainly English, or plainly not, goes before."""
    assert ENGLISH.other("this is the best phone that I have ever had", "tl") is None
    assert ENGLISH.other("no compren nunca nada en esta tienda tan horrible", "en") == "es"


@pytest.mark.parametrize("name", ["Acme", "Deutsche Bank", "La Poste"])
@pytest.mark.parametrize("text", ["{} closed the desk after three hours", "{} es lo peor de todo"])
def test_no_name_decides(name: str, text: str) -> None:
    """Neither that of an entity nor that of one which only the message names."""
    expected = Languages(["en"], [Entity("Zq")]).other(text.format("Zq"))
    assert expected == ENGLISH.other(text.format(name))
    assert expected == Languages(["en"]).other(text.format(name), names=["", name])


@pytest.mark.parametrize("name", ["Acme", "Marks and Spencer", "Best Buy", "The New York Times"])
@pytest.mark.parametrize("configured", [True, False])
def test_an_english_name_makes_no_tweet_english(name: str, *, configured: bool) -> None:
    """Where the message says its language, and the text is short."""
    reading = Languages(["en"], [Entity(name)] if configured else [])
    assert reading.other(f"{name} jajaja", "es", () if configured else [name]) == "es"


@given(st.text(max_size=300), st.none() | st.text(max_size=12))
def test_any_text(text: str, lang: str | None) -> None:
    """It answers a code or nothing."""
    found = ENGLISH.other(text, lang, [text[:5]])
    assert found is None or found.isascii()


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then the message alone tells."""
    languages.detector.cache_clear()
    monkeypatch.setitem(sys.modules, "fasttext", None)
    try:
        assert ENGLISH.other("Acme es la peor empresa del mundo") is None
        assert ENGLISH.other("Acme es la peor empresa del mundo", "es") == "es"
    finally:
        languages.detector.cache_clear()
