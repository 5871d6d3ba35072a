"""Whatever is put into an element is text, unless it is markup."""

from __future__ import annotations

from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from monitor.pictures.markup import Markup, join, tag

_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\0"))


class _Reader(HTMLParser):
    """Notes what a browser would see."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(document)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


@given(text=_TEXT, value=_TEXT)
def test_any_text_comes_back(text: str, value: str) -> None:
    """A browser reads what was put in, as text and as attribute, and no element beside it."""
    read = _Reader(tag("p", text, title=value))

    assert [("p", {"title": value})] == read.tags
    assert text == read.text


def test_markup_is_taken_as_it_is() -> None:
    """An element within another, lists and None among them."""
    assert "<p><b>a</b>&lt;b&gt;12</p>" == tag("p", tag("b", "a"), "<b>", None, [1, (2,)])


def test_attributes() -> None:
    """Python's spelling becomes HTML's; False and None are left out, True stands alone."""
    assert '<a class="x" aria-label="y" hidden></a>' == tag(
        "a", class_="x", aria_label="y", hidden=True, href=None, open=False
    )


def test_void_elements_have_no_end() -> None:
    """An input is not closed."""
    assert '<input type="text">' == tag("input", type="text")


def test_lengths_are_short() -> None:
    """A tenth of a pixel is enough."""
    assert '<i x="1.3" y="2">0.5</i>' == tag("i", 0.5, x=1.26, y=2.0)


def test_markup_tells_template_engines() -> None:
    """Jinja asks for `__html__`."""
    assert "<b>" == Markup("<b>").__html__()
    assert isinstance(join("a"), Markup)
