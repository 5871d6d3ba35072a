"""``monitor.notifying.outage``: once a cause, and once when it is over."""

from __future__ import annotations

from monitor.notifying.outage import Outage


def test_each_cause_is_news_once_an_outage() -> None:
    """However often it fails, and in whatever order."""
    outage = Outage()
    assert outage.over() is None
    assert [True, False, True, False, False] == [
        outage.is_news(why) for why in ("refused", "refused", "silent", "refused", "silent")
    ]
    after_s = outage.over()
    assert after_s is not None
    assert after_s >= 0
    assert outage.over() is None
    assert outage.is_news("refused")
