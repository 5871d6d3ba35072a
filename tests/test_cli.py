"""The commands as typed: output, errors and exit codes."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import click
import pytest
from click.testing import CliRunner

from monitor.cli import main
from monitor.installing.step import Step
from tests.logs import Said, write_log
from tests.processes import Daemon, Mosquitto, free_port
from tests.warm import IMPORTED_FIRST, run


def _monitor(*arguments: str, stdin: str = "", **environment: str) -> tuple[int, str, str]:
    result = run(
        *arguments,
        stdin=stdin.encode(),
        env={**os.environ, "PYTHONPATH": IMPORTED_FIRST, **environment},
    )
    return result.returncode, result.stdout.decode(), result.stderr.decode()


def test_help_names_every_command() -> None:
    """Help lists the commands and what exit codes mean."""
    code, out, _ = _monitor("--help")

    assert 0 == code
    for command in ("run", "check", "classify", "publish", "bench", "demo", "train", "evaluate"):
        assert f"  {command} " in out
    assert "Exit codes" in out


def test_no_help_shows_marks_of_its_source() -> None:
    r"""A backslash or the character that `\b` stands for is for click, and not for people."""
    context = click.Context(main)
    helps = [main.get_help(context)]
    for name in main.list_commands(context):
        command = main.get_command(context, name)
        assert command is not None
        helps.append(command.get_help(click.Context(command, info_name=name)))

    assert 20 < len(helps)
    assert [] == [shown for shown in helps if "\\b" in shown or "\b" in shown]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--nope"],
        ["nope"],
        ["report", "--nope"],
        ["report", "--since", "soon"],
        ["report", "--database", "nowhere.db"],
        ["plan", "many"],
        ["train", "nowhere", "--nope"],
        ["merge"],
    ],
    ids=" ".join,
)
def test_errors_have_one_prefix(arguments: list[str]) -> None:
    """Whoever finds them, click or we: the last line is the error, and begins with the program."""
    result = CliRunner().invoke(main, arguments)

    assert 0 != result.exit_code
    assert result.stderr.splitlines()[-1].startswith("monitor: ")
    assert "Error" not in result.stderr


def test_a_question_that_is_answered_with_no() -> None:
    """Nothing is done, and that is said; as if the terminal had been closed."""
    steps = [Step("remove", "everything", lambda: pytest.fail("done"))]
    with (
        mock.patch("monitor.installing.command._see_rights"),
        mock.patch("monitor.installing.install.removal", return_value=steps),
    ):
        for answer in ("n\n", ""):
            result = CliRunner().invoke(main, ["uninstall-service", "--purge"], input=answer)

            assert 1 == result.exit_code
            assert "monitor: nothing has been done" == result.stderr.splitlines()[-1]


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
@pytest.mark.parametrize(
    ("arguments", "is_data"),
    [
        (["config"], True),
        (["classify", "caf\u00e9 \U0001f621 \u2026"], True),
        (["explain", "caf\u00e9 \U0001f621 \u2026", "--entity", "Acm\u00e9"], False),
        (["report", "--since", "\u2026", "--entity", "\U0001f621"], False),
    ],
    ids=["config", "classify", "explain", "report"],
)
def test_no_encoding_ends_a_command(encoding: str, arguments: list[str], is_data: bool) -> None:
    """A character that it lacks is written as an escape; what other programs read is UTF-8."""
    result = subprocess.run(
        [sys.executable, "-m", "monitor", *arguments],
        capture_output=True,
        timeout=60,
        env={**os.environ, "PYTHONIOENCODING": encoding},
    )

    assert b"Traceback" not in result.stderr
    assert result.returncode == (2 if arguments[0] == "report" else 0), result.stderr
    if is_data:
        assert "\u2026" in result.stdout.decode("utf-8")


@pytest.mark.parametrize(
    ("topic", "why"),
    [
        ("a/#", "stand in filters only"),
        ("a/+/b", "stand in filters only"),
        ("", "empty"),
        ("a" * 65_536, "longer than"),
        ("a\udcff", "not UTF-8"),
    ],
)
def test_publish_names_a_topic_that_is_none(topic: str, why: str) -> None:
    """Wrong usage, before anything is connected or read."""
    result = CliRunner().invoke(main, ["publish", "nowhere", "--topic", topic])

    assert 2 == result.exit_code
    assert why in result.stderr.splitlines()[-1]
    assert "is no topic" in result.stderr


_TOO_LONG = "a" * 5000


@pytest.mark.parametrize(
    "arguments",
    [
        ["report", "--database", _TOO_LONG],
        ["watch", "--once", "--database", _TOO_LONG],
        ["backup", _TOO_LONG],
        ["merge", "all.db", _TOO_LONG],
        ["merge", _TOO_LONG, "one.db"],
        ["dashboard", "--database", _TOO_LONG],
        ["dashboard", "--database", "{log}", "--host", "\udcff"],
        ["classify", "text", "--model", _TOO_LONG],
        ["classify", "one.jsonl", "--output", _TOO_LONG],
        ["explain", "text", "--model", _TOO_LONG],
        ["bench", "--model", _TOO_LONG],
        ["report", "--database", "\udcff"],
        ["merge", "\udcff", "\udcfe"],
        ["report", "--database", "{log}", "--html", "/dev/null"],
    ],
    ids=lambda arguments: " ".join(arguments).encode(errors="replace").decode()[:40],
)
def test_no_name_ends_a_command_in_a_traceback(tmp_path: Path, arguments: list[str]) -> None:
    """Whatever the system says of it: one line, and exit code 1 or 2."""
    log = write_log(tmp_path / "monitor.db")
    with contextlib.chdir(tmp_path):
        result = CliRunner().invoke(main, [part.format(log=log) for part in arguments])

    assert isinstance(result.exception, SystemExit)
    assert result.exit_code in (1, 2)
    assert result.stderr.splitlines()[-1].startswith("monitor: ")


def test_names_need_not_be_utf_8(tmp_path: Path) -> None:
    """A log's file may have any name that the system takes."""
    log = write_log(tmp_path / "b\udcff.db", [Said(), Said("Norwick")])
    copy = tmp_path / "c\udcfe.db"
    for arguments in (
        ["report", "--database", str(log)],
        ["watch", "--once", "--database", str(log)],
        ["merge", str(copy), str(log)],
        ["report", "--database", str(copy)],
    ):
        code, _, err = _monitor(*arguments, PYTHONIOENCODING="utf-8")

        assert 0 == code, err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["classify"], b"monitor: waits for JSON lines"),
        (["publish", "-", "--topic", "tweets/en"], b"monitor: waits for lines to publish"),
    ],
    ids=["classify", "publish"],
)
def test_what_reads_from_a_terminal_says_so(arguments: list[str], said: bytes) -> None:
    """Nothing to see looks like a hang; in a pipe nothing is said."""
    ours, its = pty.openpty()
    command = [sys.executable, "-m", "monitor", *arguments]
    environment = {**os.environ, "MONITOR_MQTT_PORT": str(free_port())}
    with subprocess.Popen(
        command, stdin=its, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment
    ) as process:
        assert process.stderr is not None
        assert process.stderr.readline().startswith(said)
        process.kill()
    for end in (ours, its):
        os.close(end)
    piped = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, env=environment, timeout=60
    )

    assert b"waits" not in piped.stderr


def test_classify_arguments(model_path: str) -> None:
    """Arguments become JSON lines with both tasks' answers."""
    code, out, _ = _monitor(
        "classify",
        "--model",
        model_path,
        "--entity",
        "Acme",
        "Acme is the best",
        "Acme, never again",
    )

    rows = [json.loads(line) for line in out.splitlines()]
    assert 0 == code
    assert ["Acme is the best", "Acme, never again"] == [row["text"] for row in rows]
    for row in rows:
        assert row["label"] in row["probabilities"]
        assert {"label", "probabilities"} == row["sentiment"].keys()


def test_classify_lines_keeps_fields_and_order(model_path: str) -> None:
    """Lines keep their fields and order; --task chooses which answer is the label."""
    lines = [{"n": i, "text": "word " * (i % 30 + 1), "entity": None} for i in range(300)]
    code, out, _ = _monitor(
        "classify",
        *("--model", model_path, "--task", "sentiment"),
        stdin="\n".join(json.dumps(line) for line in lines),
    )

    rows = [json.loads(line) for line in out.splitlines()]
    assert 0 == code
    assert list(range(300)) == [row["n"] for row in rows]
    assert all("reputation" in row and "sentiment" not in row for row in rows)


def test_classify_names_a_bad_line(model_path: str) -> None:
    """A line that is no object with a text ends the run and is named; what came before is out."""
    code, out, err = _monitor("classify", "--model", model_path, stdin='{"text": "a"}\n[1]\n')

    assert 1 == code
    assert 1 == len(out.splitlines())
    assert "standard input, line 2" in err


def test_classify_ends_quietly_when_its_reader_does(model_path: str) -> None:
    """`monitor classify | head -1` is no error of ours."""
    line = '{"text": "a"}'
    command = f"yes '{line}' | {sys.executable} -m monitor classify --model {model_path} | head -1"
    result = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=60)

    assert 1 == len(result.stdout.splitlines())
    assert "Traceback" not in result.stderr


def test_ctrl_c_ends_quietly(model_path: str) -> None:
    """Ctrl-C in the middle: exit 130, and no traceback."""
    with subprocess.Popen(
        [sys.executable, "-m", "monitor", "classify", "--model", model_path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(b'{"text": "a"}\n' * 1000)
        process.stdin.flush()
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        # Both pipes are read: nobody ends while what he has written is not taken.
        _, said = process.communicate(timeout=60)

    assert 130 == process.returncode
    assert b"Traceback" not in said


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("[mqtt]\nhots = 'x'\n", ["[mqtt] hots", "'host'"]),
        ("[batch]\nmax_tweets = 'many'\n", ["[batch] max_tweets", "'many'", "whole number"]),
        ("[batch\n", ["not valid TOML"]),
    ],
)
def test_wrong_configuration_exits_2(tmp_path: Path, content: str, expected: list[str]) -> None:
    """Wrong configuration: exit 2, with file, key, value and the nearest key."""
    path = tmp_path / "config.toml"
    path.write_text(content)
    code, _, err = _monitor("run", "--config", str(path))

    assert 2 == code
    for part in [str(path), *expected]:
        assert part in err
    assert "Traceback" not in err


def test_missing_model_exits_1(tmp_path: Path) -> None:
    """A model that is not there: exit 1, one line that says where it was looked for."""
    code, _, err = _monitor(
        "run",
        MONITOR_MODEL_PATH=str(tmp_path / "nowhere"),
        MONITOR_STORE_PATH=str(tmp_path / "monitor.db"),
    )

    assert 1 == code
    assert str(tmp_path / "nowhere") in err
    assert "Traceback" not in err


def test_check_says_ok_line_by_line(
    mosquitto: Mosquitto, make_daemon: Callable[..., Daemon]
) -> None:
    """With everything in place: five lines, exit 0."""
    result = make_daemon(mosquitto.port).command("check")

    lines = result.stdout.decode().splitlines()
    assert 0 == result.returncode
    parts = ["configuration", "model", "database", "disk", "broker"]
    assert parts == [line.split()[0] for line in lines]
    assert ["ok"] * 5 == [line.split()[1] for line in lines]


def test_check_goes_on_after_a_failure(make_daemon: Callable[..., Daemon], tmp_path: Path) -> None:
    """Model and broker missing: both are said, exit 1."""
    daemon = make_daemon(free_port(), MONITOR_MODEL_PATH=str(tmp_path / "nowhere"))
    result = daemon.command("check")

    assert 1 == result.returncode
    assert ["ok", "FAILED", "ok", "ok", "FAILED"] == [
        line.split()[1] for line in result.stdout.decode().splitlines()
    ]


def test_publish_without_a_broker_says_so(make_daemon: Callable[..., Daemon]) -> None:
    """Nobody listens: exit 1, one line with host and port."""
    port = free_port()
    result = make_daemon(port).command("publish", "-", "--topic", "t", stdin=b"x\n")

    assert 1 == result.returncode
    assert f"127.0.0.1:{port}".encode() in result.stderr
    assert b"Traceback" not in result.stderr


def test_publish_keeps_the_rate(mosquitto: Mosquitto, make_daemon: Callable[..., Daemon]) -> None:
    """Forty messages at 40 a second take about a second."""
    result = make_daemon(mosquitto.port).command(
        "publish", "-", "--topic", "t", "--rate", "40", stdin=b"x\n" * 40
    )

    assert 0 == result.returncode
    words = result.stderr.split()
    assert b"40" == words[1]
    assert float(words[-2]) >= 0.9


def test_imports_nothing_heavy() -> None:
    """The daemon's modules pull in neither torch nor TensorFlow nor anything of an extra."""
    script = (
        "import sys, monitor.cli, monitor.daemon.service, monitor.daemon.checks\n"
        "import monitor.mqtt.publisher\n"
        "heavy = {'torch', 'tensorflow', 'transformers', 'huggingface_hub', 'amqtt'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)

    assert "[]" == result.stdout.strip()
