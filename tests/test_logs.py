"""Logs: lines of JSON, and what systemd's journal makes of them."""

import json
import os
import subprocess
import sys

import pytest

LOG = """
import sys
import structlog
from monitor.logs import configure
from monitor.settings import Log

configure(Log(level="debug", format=sys.argv[1]))
log = structlog.get_logger()
log.debug("a")
log.info("b")
log.warning("c", to="café")
log.error("d")
"""


def logged(form: str, *, journal: bool) -> list[str]:
    """Log a line of each level, into a pipe that is the journal's or is not."""
    read, write = os.pipe()
    pipe = os.fstat(write)
    told = {"JOURNAL_STREAM": f"{pipe.st_dev}:{pipe.st_ino if journal else pipe.st_ino + 1}"}
    with os.fdopen(read, encoding="utf-8") as lines, os.fdopen(write, "w") as pipe_in:
        subprocess.run(
            [sys.executable, "-c", LOG, form], stderr=pipe_in, env=os.environ | told, check=True
        )
        pipe_in.close()
        return lines.read().splitlines()


def test_lines_of_json() -> None:
    """Each line is an object, with text as it is."""
    lines = [json.loads(line) for line in logged("json", journal=False)]

    assert ["debug", "info", "warning", "error"] == [line["level"] for line in lines]
    assert "café" == lines[2]["to"]


@pytest.mark.parametrize("form", ["json", "auto"])
def test_the_journal_is_told_the_level(form: str) -> None:
    """As sd-daemon(3) has it; the journal takes it off again."""
    lines = logged(form, journal=True)

    assert ["<7>", "<6>", "<4>", "<3>"] == [line[:3] for line in lines]
    assert ["a", "b", "c", "d"] == [json.loads(line[3:])["event"] for line in lines]


def test_for_people_there_is_no_number() -> None:
    """Also where the journal shows it."""
    assert not any(line.startswith("<") for line in logged("console", journal=True))
