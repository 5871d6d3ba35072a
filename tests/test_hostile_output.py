"""What strangers wrote, wherever it leaves: nothing of it steers a terminal or is calculated."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from monitor.alerts.message import message
from monitor.archive.formats import rejection
from monitor.archive.jsonlines import labelled
from monitor.archive.rows import asked
from monitor.cli import main
from monitor.console import escaped, harmless
from monitor.publishing import home_assistant, results, sensors
from monitor.store import open_log
from tests.factories import StubClassifier
from tests.logs import Said, write_log

STEERING = "\x1b]0;x\x07 \x9b31m \x7f\u202e\u2066\u2028\u200f\U000e0041"
NAME = f"=cmd|'/c calc'!A1 {STEERING} <b>*x*</b> | `y` é"


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log in which all that can be a stranger's is hostile."""
    path = tmp_path_factory.mktemp("log") / "monitor.db"
    said = [Said(NAME, "negative", 3, text=NAME), Said("Acme", "positive", 3)]
    write_log(path, said, now=time.time(), model=NAME)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "INSERT INTO alerts VALUES (7, ?, 1, '2025', '2025', NULL, NULL, 0.1, 0.3, 9, 3, 1,"
            " '', 1, '', NULL, NULL, 'both', '2025', '2025', 35.0, 140.0, NULL, 90, 40,"
            " ?, NULL)",
            (NAME, NAME),
        )
    return path


@pytest.mark.parametrize("locale", ["C.UTF-8", "C"])
@pytest.mark.parametrize(
    "arguments",
    [
        ["report"],
        ["report", "--by", "day"],
        ["report", "--format", "json"],
        ["report", "--format", "csv"],
        ["report", "--format", "markdown"],
        ["report", "--entity", "nobody"],
        ["watch", "--once"],
        ["topics"],
        ["topics", "--alert", "7"],
        ["topics", "--format", "json"],
    ],
    ids=" ".join,
)
def test_no_view_of_it_steers_a_terminal(log: Path, arguments: list[str], locale: str) -> None:
    """In any form, names of entities and models, texts and errors."""
    result = CliRunner(env={"LC_ALL": locale}).invoke(main, [*arguments, "--database", str(log)])
    said = result.stdout + result.stderr

    assert "calc" in said
    assert not {c for c in said if not c.isprintable()} - {"\n"}


def test_an_explanation_does_not() -> None:
    """As a table, and as JSON, which holds the text as it was."""
    text = f"Acme {STEERING} is bad"
    table = CliRunner().invoke(main, ["explain", text, "--entity", NAME])
    data = CliRunner().invoke(main, ["explain", text, "--entity", NAME, "--json"])

    for result in (table, data):
        assert 0 == result.exit_code, result.exception
        assert not {c for c in result.stdout if not c.isprintable()} - {"\n"}
    assert (text, NAME) == tuple(json.loads(data.stdout)[key] for key in ("text", "entity"))


def test_labelled_lines_do_not() -> None:
    """Nor do rejected ones; whoever parses them has all as it was."""
    (line,) = labelled([asked({"text": NAME, "x": "\ud83d"})], StubClassifier(), "reputation", None)
    refused = rejection("line", 1, NAME, NAME)

    for written in (line, refused):
        assert written.isprintable()
        assert "é" in written
    assert (NAME, "\ud83d") == tuple(json.loads(line)[key] for key in ("text", "x"))
    assert NAME == json.loads(refused)["content"]


def test_results_do_not(log: Path) -> None:
    """People listen to them with `mosquitto_sub`."""
    with closing(open_log(log)) as connection:
        (id_,) = connection.execute(
            "SELECT tweet_id FROM labels WHERE entity = ? LIMIT 1", (NAME,)
        ).fetchone()
        written = results.write(connection, id_, NAME, "attic")

    assert written.isprintable()
    assert (NAME, NAME) == tuple(json.loads(written)[key] for key in ("entity", "text"))


def test_a_report_is_not_calculated(log: Path) -> None:
    """The name begins with an apostrophe, numbers are numbers; JSON has it as it is."""
    written = CliRunner().invoke(main, ["report", "--database", str(log), "--format", "csv"])
    rows = list(csv.DictReader(io.StringIO(written.stdout)))
    data = CliRunner().invoke(main, ["report", "--database", str(log), "--format", "json"])
    names = {standing["entity"] for standing in json.loads(data.stdout)["standings"]}

    assert {"Acme", NAME} == names
    assert {"Acme", "'=cmd|'/c calc'!A1"} == {row["entity"][:18] for row in rows}
    assert {-1.0, 1.0} == {float(row["net"]) for row in rows}


@pytest.mark.parametrize(
    "text",
    [
        *("=1+1", "+cmd|x", "-2+3", "@SUM(A1)", "\t1", "\r1", "\n1", "+49 170 1", "-", "--1"),
        *("\uff1d1+1", "\uff0bx", "\uff0dx", "\uff20x", "=", "+1e", "-1\n"),
    ],
)
def test_formulas_are_text(text: str) -> None:
    """Those of OWASP's list, the full-width ones, and what only looks like a number."""
    assert f"'{text}" == harmless(text)


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        ("Acme;'=1+1", "Acme;=1+1"),
        ("a;'=1;'@b\t'+c;d", "a;=1;@b\t+c;d"),
        ("one\n'=cmd|x\r\n'-2", "one\n=cmd|x\r\n-2"),
        ("'\t'=1", "\t=1"),
        ("'\n\n'\uff1d1", "\n\n\uff1d1"),
        ("'-5;'-6", "-5;-6"),
    ],
)
def test_formulas_in_a_text_are_text(expected: str, text: str) -> None:
    """Where cells are divided at semicolons, a text may be several."""
    assert expected == harmless(text)


@pytest.mark.parametrize(
    "text",
    [
        "a\n\nb",
        "a; b",
        "one, =1",
        "",
        "Acme",
        "-5",
        "+5",
        "-0.25",
        "+1e-7",
        "5",
        "a=1",
        "'=1",
        " =1",
    ],
)
def test_other_cells_stay_as_they_are(text: str) -> None:
    """Numbers above all."""
    assert text == harmless(text)


def test_what_is_text_is_not_escaped() -> None:
    """Of any script; line breaks and spaces stay."""
    assert "é 漢字 \u3000 👍\n" == escaped("é 漢字 \u3000 👍\n")
    assert "\\ud83d \\udb40\\udc41" == escaped("\ud83d \U000e0041")


def test_what_is_published_steers_nothing(log: Path) -> None:
    """People listen with mosquitto_sub in a terminal; whoever parses it gets the name."""
    with closing(open_log(log)) as connection:
        told = [each.payload for each in sensors.messages(connection, "a", [NAME], time.time())]
    told.append(message(NAME, "alert", tweets=3))
    told.append(home_assistant.config("a", [NAME], alerts=True, availability=False))

    assert all(payload.isprintable() for payload in told)
    assert 3 == sum(json.dumps(NAME)[1:-1] in json.dumps(json.loads(payload)) for payload in told)
