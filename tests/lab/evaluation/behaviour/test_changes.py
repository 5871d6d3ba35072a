"""Changes that must not matter."""

import pytest

from monitor.lab.evaluation.behaviour.changes import TEXT_CHANGES, punctuation, typo
from tests.lab.evaluation.behaviour.answers import all_cases


def test_typo_exchanges_two_letters() -> None:
    """Of a long word, inside it; the same ones every time."""
    changed = typo("{name} was terrible, {@name}!")

    assert changed == typo("{name} was terrible, {@name}!")
    assert "{name} was terrible, {@name}!" != changed
    assert changed.startswith("{name} was t")
    assert changed.endswith("e, {@name}!")
    assert sorted("terrible") == sorted(changed.split()[2].rstrip(","))


@pytest.mark.parametrize(
    "template",
    ["{name} is ok", "{other's} #brilliant @somebody bit.ly/abcdef www.example.com", "{@name}", ""],
)
def test_typo_leaves_alone(template: str) -> None:
    """Short words, placeholders, hashtags, handles and links."""
    assert template == typo(template)


def test_typos_leave_placeholders_whole() -> None:
    """In every case there is, and most cases get one."""
    changed = [case for case in all_cases() if typo(case.text) != case.text]

    assert len(changed) > 0.8 * len(all_cases())
    for case in changed:
        assert len(case.text) == len(typo(case.text))
        assert case.text.count("{") == typo(case.text).count("{")


@pytest.mark.parametrize(
    ("text", "changed"),
    [("ok", "ok."), ("ok.", "ok"), ("ok...", "ok"), ("ok!", "ok!!"), ("ok?", "ok??")],
)
def test_punctuation(text: str, changed: str) -> None:
    """At the end alone."""
    assert changed == punctuation(text)


def test_what_is_added_keeps_the_text() -> None:
    """A link, a mention, a hashtag stand beside it."""
    for test in ("link", "mention", "hashtag"):
        changed = TEXT_CHANGES[test]("So it is")
        assert "So it is" in changed
        assert len(changed) > len("So it is")
