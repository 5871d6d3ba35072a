"""``monitor.tweets.redaction``: what is masked, what stays, and what must hold of any text."""

from __future__ import annotations

import re
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.tweets.redaction import numbers, redact
from monitor.tweets.redaction.draft import CROWDED, LONGEST

MARKS = re.compile("@user|<(?:link|email|phone|iban|card|number)>")


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        ("@user thanks, .@user and @user's #tag", "@bob thanks, .@ann_1 and @eve's #tag"),
        ("@user @<email>", "\N{FULLWIDTH COMMERCIAL AT}bob @bob@example.social"),
        ("@user on this server", "@bob@localhost on this server"),
        (
            "see <link>, (<link>) <link>",
            "see https://example.org/@bob?x=1, (www.example.org) t.co/x",
        ),
        ("<link> <link> <link>", "hTTp://example.org HTtps://x.org/a wWw.example.org"),
        ("write <email>!", "write bob.smith@example.co.uk!"),
        ("mailto:<email>", "mailto:bob@example.org"),
    ],
)
def test_mentions_links_addresses(expected: str, text: str) -> None:
    """Mentions, links and addresses are masked; hashtags and punctuation stay."""
    assert expected == redact(text)


@pytest.mark.parametrize(
    "handle",
    [
        "@\u200bbob",  # zero-width space
        "@\u200dbob",  # zero-width joiner
        "@\u2060bob",  # word joiner
        "@\ufeffbob",
        "@bo\u00adb",  # soft hyphen
        "@b\ufe0fob",  # variation selector
        "@\u2069bob",
        "@b\u034fob",  # combining grapheme joiner
        "@\u3164bob",  # a letter that cannot be seen
        "@bo\u0301b\u0301",
        "@\u0928\u092e\u0938\u094d\u0924\u0947",  # vowel signs are part of the word
        "\N{SMALL COMMERCIAL AT}bob",
        "\N{FULLWIDTH COMMERCIAL AT}\uff42\uff4f\uff42",
        "@\U0001d41b\U0001d428\U0001d41b",  # bold
        "@bob.bsky.social",
        "@Bob.Example.COM",
        "@bob-smith.example.org",
        "@bob.smith",
        "@bob-smith",
        "@bob@localhost",
    ],
)
def test_handles_however_they_are_written(handle: str) -> None:
    """Signs that cannot be seen hide no handle, and nothing of a long one is left."""
    assert "ask @user, or (@user)!" == redact(f"ask {handle}, or ({handle})!")


def test_a_sentence_is_no_part_of_a_handle() -> None:
    """A blank that was forgotten, or a price."""
    assert "thanks @user.Great job" == redact("thanks @bob.Great job")
    assert "two for @user.50" == redact("two for @5.50")


@pytest.mark.parametrize(
    "address",
    [
        "bob at example dot com",
        "Bob.Smith AT Example DOT Com",
        "bob dot smith at example dot co dot uk",
        "bob (at) example (dot) com",
        "bob(at)example.com",
        "bob [at] example [dot] com",
        "bob{at}example{dot}com",
        "bob <at> example.com",
        "bob [@] example.com",
        "bob@example dot com",
        "bob @ example dot com",
        "bob @ example . com",
        "bob@example . com",
        "bob at gmail.com",
        "bob at gmail . com",
        "bob @yahoo.com",
        "bob\u200b at\u00a0example\u2003dot com",
        "bob\N{SMALL COMMERCIAL AT}example\N{IDEOGRAPHIC FULL STOP}com",
        "\uff42\uff4f\uff42\uff20example\uff0ecom",
    ],
)
def test_addresses_that_are_spelled_out(address: str) -> None:
    """Against robots, by habit, or by a keyboard of East Asia."""
    assert "write to <email>, please" == redact(f"write to {address}, please")


@pytest.mark.parametrize(
    "text",
    [
        "look at cnn.com and at example.org",
        "they look at me . it was late . no",
        "I am at the dot of the i",
        "find us at example dot com",
        "at dot com times",
    ],
)
def test_other_sentences_with_at_and_dot_stay(text: str) -> None:
    """Places on the web, and words."""
    assert text == redact(text)


@pytest.mark.parametrize(
    "number",
    [
        "+49 170 1234567",
        "+49 (0) 170 1234567",
        "+491701234567",
        "+1 (555) 123-4567",
        "+1.555.123.4567",
        "(555) 123-4567",
        "(555)123-4567",
        "555-123-4567",
        "555.123.4567",
        "555 123 4567",
        "1-800-555-0199",
        "0170 1234567",
        "0170/1234567",
        "020 7946 0958",
        "07911 123456",
        "06 12 34 56 78",
        "07911123456",
        "00491701234567",
        # half of it was masked
        "0049 170 1234567",
        "0044 7700 900123",
        "00 44 7700 900123",
        "011 44 20 7946 0958",
        # none of it
        "0049 30 901820",
        "0170 12 34 56 7",
        "0170 - 123 45 67",
        "(0170) 1234567",
        "(+49) 170 1234567",
        "+49 (170) 1234567",
        "+44(0)20 7946 0958",
        "0170\u00a01234567",
        "0170\u202f123\u202f4567",
        "0170\u20111234567",
        "0170\u20131234567",
        "0170\u22121234567",
        "0170\u00b71234567",
        "0170\u200b1234567",
        "01\u00ad70 12\u200d34\u206056\ufe0f7",
        "+49\u202d 170 \u202c1234567",
        "\uff0b\uff14\uff19\u3000\uff11\uff17\uff10\u3000\uff11\uff12\uff13\uff14\uff15\uff16\uff17",
        "\u0660\u0661\u0667\u0660 \u0661\u0662\u0663\u0664\u0665\u0666\u0667",
        "\u06f0\u06f9\u06f1\u06f2 \u06f3\u06f4\u06f5 \u06f6\u06f7\u06f8\u06f9",
        "+\u096f\u0967 \u096f\u096e\u096d\u096c\u096b \u096a\u0969\u0968\u0967\u0966",
        "".join(chr(0x1D7CE + int(digit)) for digit in "01701234567"),  # bold
        "0170\u2460\u2461\u2462\u2463\u2464\u2465\u2466",  # in circles
        "0170 1\u03012\u03013\u03014567",
        "".join(f"{digit}\ufe0f\u20e3" for digit in "01701234567"),  # keycaps
        "555-123-4567 x123",
        "555-123-4567x123",
        "(555) 123-4567 ext. 12",
        "+49 170 1234567 ext 5",
        "98765 43210",
        "9876543210",
        "138 0013 8000",
        "8 (912) 345-67-89",
        "(11) 91234-5678",
        "55 1234 5678",
        "612 34 56 78",
        "512 345 678",
        "0532 123 45 67",
    ],
)
def test_phone_numbers(number: str) -> None:
    """The usual ways to write a telephone number are known, also in a sentence."""
    assert "call <phone>, or 2 <phone>." == redact(f"call {number}, or 2 {number}.")


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        ("tel:<phone>", "tel:+49-170-1234567"),
        ("<a href=tel:<phone>>", "<a href=tel:01701234567>"),
        ("sms:<phone>?body=hi", "sms:+491701234567?body=hi"),
        ("<link>", "wa.me/491701234567"),
        ("<link>", "https://wa.me/491701234567?text=hi"),
        ("call <phone>, or 5551234", "call 555-1234, or 5551234"),
        ("text me: <phone>", "text me: 5551234567"),
        ("WhatsApp <phone>", "WhatsApp 4917012345"),
        ("\u260e <phone>", "\u260e 5551234"),
        ("<phone> 24/7", "+49 170 1234567 24/7"),
        ("<phone> <phone>", "0170 1234567 0170 7654321"),
        ("<phone> / <phone>", "01204 520520 / 01204 520521"),
        ("\u96fb\u8a71<phone>\u307e\u3067", "\u96fb\u8a7103-1234-5678\u307e\u3067"),
        ("<phone> $12", "(555) 123-4567 $12"),
        ("call <phone> <card>", "call 2125550187 4111 1111 1111 1111"),
        ("call me at <phone>, <card>, thx", "call me at 5551234, 4111-1111-1111-1111, thx"),
        ("tel 4111 1111 1111 1112 <phone>", "tel 4111 1111 1111 1112 0170 1234567"),
        ("<email><card>", "bob at gmail dot com378282246310005"),
        ("<email><link> !", "bob at example dot orghttps://t.co/x !"),
        ("<email><link>", "bob at web.dewww.example.org"),
        ("<iban><iban>", "IT60 X054 2811 1010 0000 0123 456NL91ABNA0417164300"),
    ],
)
def test_numbers_and_what_stands_beside_them(expected: str, text: str) -> None:
    """Schemes, words that announce a number, and neighbours that are none of it."""
    assert expected == redact(text)


@pytest.mark.parametrize(
    "iban",
    [
        "DE89 3704 0044 0532 0130 00",
        "DE89370400440532013000",
        "de89 3704 0044 0532 0130 00",
        "DE89-3704-0044-0532-0130-00",
        "DE 89 3704 0044 0532 0130 00",
        "DE89\u00a03704\u00a00044\u00a00532\u00a00130\u00a000",
        "\uff24\uff25\uff18\uff19 3704 0044 0532 0130 00",
        "GB82 WEST 1234 5698 7654 32",
        "FR14 2004 1010 0505 0001 3M02 606",
        "NO93 8601 1117 947",
        "MT84MALT011000012345MTLCAST001S",
    ],
)
def test_bank_accounts(iban: str) -> None:
    """An IBAN goes as a whole, however it is written; the examples are the registry's."""
    assert "pay to <iban>, now" == redact(f"pay to {iban}, now")
    assert "IBAN:<iban>" == redact(f"IBAN:{iban}")
    assert "IBAN<iban>" == redact(f"IBAN{iban}")


@pytest.mark.parametrize(
    "card",
    [
        "4111 1111 1111 1111",
        "4111-1111-1111-1111",
        "4111.1111.1111.1111",
        "4111111111111111",
        "4111\u20131111\u20131111\u20131111",
        "5500 0000 0000 0004",
        "2223 0000 4841 0010",
        "3782 822463 10005",
        "378282246310005",
        "3056 930902 5904",
        "6011 0009 9013 9424",
        "4222222222222",
    ],
)
def test_payment_cards(card: str) -> None:
    """A card's number goes as a whole; these are those that issuers publish for tests."""
    assert "my card <card> was charged" == redact(f"my card {card} was charged")


@pytest.mark.parametrize(
    "text",
    [
        "DE89 3704 0044 0532 0130 01",
        "DE89370400440532013001",
        "4111 1111 1111 1112",
        "9111 1111 1111 1111",
    ],
)
def test_a_wrong_checksum_stays_whole(text: str) -> None:
    """What only looks like an account or a card is not masked, and least of all half."""
    assert text == redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "$1,234,567.89 or 1 000 000 €",
        "1 000 000 000 people, 25 000 000 000 in all",
        "2010-2014, 2024-01-02, 01/02/2024, 31.12.2024 23:59",
        "3-2, 21-19 21-17, 10.5 %",
        "tweet 1234567890123456789 and 5551234567",
        "192.168.100.200 and 10.0.0.1:8080",
        "$555-123-4567",
        "550e8400-e29b-41d4-a716-446655440000",
        "open 0900-1730",
        "+100,000 followers, +12%",
        "part 2024-555-123-4567-89",
        "Mon Mar 02 07:01:04 +0000 2026",
        "0900-1730 1000-1600",
        "52.520008, 13.404954 and 0.123456789",
        "ISBN 0-306-40615-2, 978-3-16-148410-0",
        "order 9876543210, PNR was 6602592898, #9876543210",
        "from 01.02.2014 to 03.04.2015, 05/06/2014 10:30",
        "call 2019-2020 a success",
    ],
)
def test_other_numbers_stay(text: str) -> None:
    """Prices, years, scores, dates, addresses of machines and ids are not masked."""
    assert text == redact(text)


def test_what_stays_is_byte_for_byte_the_same() -> None:
    """Folding is for looking only: ligatures, full-width letters and accents are left alone."""
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
    rest = f"\ufb01ne \uff41\uff42\uff43 cafe\u0301 \u2066\u200f{family}\u00ad \U0001d400"

    assert f"{rest} @user {rest} <phone> {rest}" == redact(
        f"{rest} @\u200bbob {rest} 0170\u00a01234567 {rest}"
    )


def test_no_accent_is_left_behind() -> None:
    """What belongs to the last masked character goes with it; what cannot be seen stays."""
    assert "@user! <phone>\u2069." == redact("@bob\u0301\u0302! 0170 1234567\ufe0f\u20e3\u2069.")


pieces = st.sampled_from(
    [
        *"a1é.-/+@<>()_' ,:#\uff20\ufe6b",
        *("http://", "www.", "t.co/", "@bob", "a@b.cc", "<link>", "<phone>"),
        *("0170 1234567", "555-123-4567", "+49 170 1234567", "(555) ", "4567", "0049 "),
        *(" at ", " dot ", "(at)", "[dot]", "gmail.com", " . ", ".com", "call ", "order #", "x1"),
        *("DE89 3704 0044 0532 0130 00", "DE89", "GB82 WEST", "4111 1111 1111 1111", "1111"),
        *("\u200b", "\u0301", "\u00a0", "\uff11", "\u0661", "\ufe0f", "2019", "01.02.2003"),
    ]
)
texts = st.lists(pieces, max_size=16).map("".join) | st.text()


@given(texts)
def test_idempotent(text: str) -> None:
    """Redacting twice changes nothing more."""
    once = redact(text)

    assert once == redact(once)


@given(texts)
def test_nothing_left(text: str) -> None:
    """No mention, address or link is left, however they are glued together."""
    actual = redact(text)

    assert [] == re.findall(r"[@\uff20\ufe6b](?!user(?!\w))\w", actual)
    assert [] == re.findall(r"https?://[\w/]", actual)
    assert [] == re.findall(r"\w@\w+\.\w", actual.replace("@user", ""))


@given(texts)
def test_the_rest_is_in_order_and_whole(text: str) -> None:
    """What is between marks stands so in the text, too, and in the same order."""
    at = 0
    for part in MARKS.split(redact(text)):
        found = text.find(part, at)
        assert found >= at
        at = found + len(part)


@given(texts)
def test_no_mark_begins_inside_a_character(text: str) -> None:
    """Behind what is masked there stands no accent that belonged to it."""
    for mark in MARKS.finditer(redact(text)):
        after = redact(text)[mark.end() : mark.end() + 1]
        assert not after or unicodedata.category(after)[0] != "M" or mark[0] in text


@given(st.text(st.characters(exclude_characters="@\uff20\ufe6b/.+", exclude_categories=["N"])))
def test_innocent_text_stays(text: str) -> None:
    """Text without a mark of what is masked is left alone."""
    assert text == redact(text) or "dot" in text.lower() or "at" in text.lower()


HOSTILE = (
    *(
        "@",
        "@a",
        "a@b.",
        "+1 ",
        "+1",
        "0",
        "0 ",
        "555-",
        "(555) ",
        "1-(",
        "http://",
        "a.co/",
        "1.-",
    ),
    *(
        "1",
        "1 ",
        "1 - ",
        "((1",
        "+(",
        "-",
        ".",
        " ",
        "x",
        "a ",
        "<",
        "dot ",
        "a dot ",
        "a at b dot ",
    ),
    *(
        "@ b . ",
        "a@b dot ",
        "a(at)b.c",
        "x @gmail.",
        "at gmail ",
        f"{'a' * 64}@",
        "@a.b",
        "@a-",
        "@ ",
    ),
    *("be12 ", "DE89 3704 0044 0532 0130 00 ", "DE89 3704 0044 0532 0130 01 ", "iban"),
    *("4111 1111 1111 1111 ", "4111 1111 1111 1112 ", "call 1234567 ", "order 9876543210 "),
    *("0170 1234567 ", "+49 170 1234567 ", "1234567x", "123456 7x", "01.02.2003 ", "2019-2020 "),
    *("\u0301", "a\u0301", "a\u0315\u0301", "@\u0301", "1\u200b", "\uff11", "\u0661 ", "@\u200ba "),
    *(
        "\u4e2d",
        "\U0001f600",
        "\ufe0f",
        "\U0001d41a",
        "be12dot1234578te\u0301\u0301/l:@m-@gmail . com<",
    ),
)


@pytest.mark.parametrize("text", HOSTILE)
def test_linear_time(text: str) -> None:
    """64 kB of anything hostile take some milliseconds (the bound is for busy machines)."""
    hostile = text * (65_536 // len(text.encode()))
    took = []
    for _ in range(3):
        start = time.process_time()
        redact(hostile)
        took.append(time.process_time() - start)

    assert min(took) < 0.1


@pytest.mark.parametrize("text", HOSTILE)
def test_idempotent_at_any_length(text: str) -> None:
    """Where there is too much to look at closely, redacting twice changes nothing more, too."""
    once = redact(text * (20_000 // len(text)))

    assert once == redact(once)


@pytest.mark.parametrize(
    "after", ["9" * 300, "0170 1234567", "4111 1111 1111 1111", "DE89 3704 0044 0532 0130 00"]
)
def test_idempotent_where_a_number_goes_on(after: str) -> None:
    """What was no telephone number because another number follows is none when that is masked."""
    for sign in ":.-":
        for text in (f"call 99999999999{sign}{after}", f"{after}{sign}99999999999 is it"):
            once = redact(text)
            assert once == redact(once)


def test_a_text_of_numbers_is_not_looked_at_closely() -> None:
    """A long list of numbers is masked to its end, whatever they are."""
    numbers_of_people = ", ".join(f"0170 12345{number:02}" for number in range(100)) + ", "
    actual = redact(numbers_of_people * 15)

    assert not re.search(r"\d", actual)
    assert numbers.CLOSELY // 12 == actual.count("<phone>")
    assert actual.endswith(", <number>")
    assert 1 == actual.count("<number>")
    assert actual == redact(actual)


@pytest.mark.parametrize("seen", ["a", "e\u0301"])
def test_of_a_long_text_the_beginning_is_kept(seen: str) -> None:
    """As many characters as the longest posts have, to the end of a word; nothing half masked."""
    redacted = redact(f"{seen} as @ann says in a few more words, " * 2000)

    assert LONGEST * 0.9 < len(redacted) <= LONGEST
    assert "ann" not in redacted
    assert redacted == redact(redacted)


@pytest.mark.parametrize("crowd", ["@ann ", "\uff20ann \u26f8", "bob.smith@mail.com, ", "t.co/ab "])
def test_of_a_text_that_is_made_of_addresses_the_beginning_is_kept(crowd: str) -> None:
    """So that masking them takes no longer; nothing is half masked, and nothing left over."""
    redacted = redact(crowd * 4000)

    assert CROWDED / 3 - 1 <= redacted.count("<") + redacted.count("@user") <= CROWDED
    assert not re.search("ann|bob|smith|mail.com|t.co|ab", redacted)
    assert redacted == redact(redacted)


def test_a_long_text_of_sentences_is_no_crowd() -> None:
    """Twice as many signs as people write in so many words."""
    text = "Five words are one sentence. " * 600 + "See http://t.co/ab for more."

    assert "See <link> for more." == redact(text)[-20:]


def test_a_number_where_a_long_text_is_cut() -> None:
    """It is masked as a whole, or left out, wherever the cut is."""
    for before in range(LONGEST - 20, LONGEST + 2):
        assert not re.search(r"\d", redact("a" * (before - 1) + " 0170 1234567 and so on" * 20))


def test_a_text_of_the_longest_length_is_kept_whole() -> None:
    """What fits is not cut, unless the marks make it longer."""
    text = "word " * (LONGEST // 5)

    assert text == redact(text)
    assert f"{text[:-1]}s" == redact(f"{text[:-1]}s more")
