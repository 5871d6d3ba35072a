"""``monitor.settings.hours``, and the keys of ``[notify]`` that it reads."""

from __future__ import annotations

from datetime import time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from monitor import zones
from monitor.settings import ConfigurationError, hours, load


def test_times_and_zones() -> None:
    """As they are written; nothing is the board's zone, or no quiet hours."""
    assert time(8, 5) == hours.time_of_day(" 08:05 ")
    assert (time(22), time(7)) == hours.quiet("22:00-07:00")
    assert (time(22), time(7)) == hours.quiet("22:00 - 07:00")
    assert hours.quiet("") is None
    assert zones.named("") is None
    assert ZoneInfo("Europe/Berlin") == zones.named("Europe/Berlin")


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        ("quiet", "22-7", "must be two times of day"),
        ("quiet", "22:00", "must be two times of day"),
        ("quiet", "22:00-24:00", "must be two times of day"),
        ("quiet", "07:00-07:00", "nothing would ever be sent"),
        ("summary_at", "8", "must be a time of day"),
        ("summary_at", "25:00", "must be a time of day"),
        ("summary_at", "\u0660\u0668:\u0660\u0660", "must be a time of day"),
        ("summary", "hourly", "must be one of"),
        ("timezone", "Europe/Nowhere", "no time zone"),
        ("timezone", "../../etc/passwd", "no time zone"),
        ("timezone", "Europe", "no time zone"),
        ("dashboard", "board:8001", "must be the address of a dashboard"),
        ("dashboard", "http://board/ <b>", "must be the address of a dashboard"),
        ("state_file", "monitor.db", "is the log itself"),
        ("state_file", "monitor.db.key", "is the key of pseudonyms"),
        ("state_file", " ", "must not be empty"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, key: str, value: str, why: str) -> None:
    """By the daemon, too, though it heeds none of it."""
    path = tmp_path / "my.toml"
    path.write_text(f"[notify]\n{key} = '{value}'\n", "utf-8")
    with pytest.raises(ConfigurationError, match=f"notify. {key}.*{why}"):
        load(path)
