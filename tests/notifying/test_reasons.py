"""``monitor.notifying.reasons``: known causes by name, and never a word of what was said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.notifying.reasons import UNKNOWN, why


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("Failed to send JSON POST notification: error=401.", "answered 401 (Unauthorized)"),
        ("Failed: Server error, error=599.", "answered 599"),
        ("Socket Exception: (535, b'no')", "answered 535 (wrong user name or password)"),
        ("Socket Exception: {'a@b': (550, b'no')}", "answered 550 (no such mailbox"),
        ("SMTP recipient a@b was refused: 421 b'later'", "answered 421 (not now)"),
        ("Socket Exception: (499, b'?')", "answered 499"),
        ("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed", "its certificate is not accepted"),
        ("[SSL: WRONG_VERSION_NUMBER] wrong", "no TLS"),
        ("Socket Exception: timed out", "no answer in time"),
        ("HTTPConnectionPool: Read timed out. (read timeout=15.0)", "no answer in time"),
        ("[Errno 111] Connection refused", "nobody listens there"),
        ("[Errno -2] Name or service not known", "no such host"),
        ("[Errno -3] Temporary failure in name resolution", "no such host"),
        ("[Errno 101] Network is unreachable", "the network does not lead there"),
        ("('Connection aborted.', RemoteDisconnected('…'))", "it hung up without an answer"),
        ("Connection unexpectedly closed", "it hung up without an answer"),
        ("something else", UNKNOWN),
        ("", UNKNOWN),
    ],
)
def test_known_causes(said: str, expected: str) -> None:
    """By codes, and by how libraries and the system say it."""
    assert why(["Sending …", said]).startswith(expected)


secrets = st.text(st.sampled_from("abcXYZ0123!$%-_~"), min_size=8, max_size=20).map("Pw~{}".format)


@given(secret=secrets, before=st.text(max_size=30), after=st.text(max_size=30))
def test_nothing_that_was_said_is_passed_on(secret: str, before: str, after: str) -> None:
    """Whatever stands around it."""
    assert secret not in why([f"{before}{secret}{after}", f"error={secret}", f"({secret}, b'"])
