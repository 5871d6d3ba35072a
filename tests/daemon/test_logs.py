"""Logs: lines of JSON, and what systemd's journal makes of them."""

import json
import os
import subprocess
import sys

import pytest

LOG = """
import sys
import structlog
from monitor.daemon.logs import configure
from monitor.settings import LogSettings

configure(LogSettings(level="debug", format=sys.argv[1]))
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


HOSTILE = "a\x1b]0;x\x07 \x9b31m \x7f \u202e \u2066 \u200b \ud800 \U000e0041 é 漢字"
"""What would steer a terminal, turn what follows or hide; and what is text."""


@pytest.mark.parametrize("form", ["json", "console"])
def test_nothing_steers_the_terminal_that_it_is_read_in(form: str) -> None:
    """Escaped, so that it can be seen; whoever parses JSON has it as it was."""
    program = LOG.replace("log.error", f"log.error({HOSTILE!r}, at={HOSTILE!r}); log.error")
    result = subprocess.run(
        [sys.executable, "-c", program, form], capture_output=True, encoding="utf-8", check=True
    )
    line = next(line for line in result.stderr.splitlines() if "漢字" in line)

    assert not any(c in line for c in HOSTILE if not c.isprintable())
    assert "\\u001b]0;x\\u0007 \\u009b31m \\u007f \\u202e" in line
    assert "é 漢字" in line
    if form == "json":
        assert (HOSTILE, HOSTILE) == (json.loads(line)["event"], json.loads(line)["at"])


@pytest.mark.parametrize("form", ["json", "console"])
def test_an_exception_steers_nothing_either(form: str) -> None:
    """Its message names files, and what a broker said."""
    program = LOG + "try: open('/\\x9b31m')\nexcept OSError: log.exception('failed')\n"
    result = subprocess.run(
        [sys.executable, "-c", program, form], capture_output=True, encoding="utf-8", check=True
    )

    assert "No such file" in result.stderr
    assert "\x9b" not in result.stderr
