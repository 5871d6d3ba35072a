"""The commands as typed: output, errors and exit codes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.processes import Daemon, Mosquitto, free_port


def _monitor(*arguments: str, stdin: str = "", **environment: str) -> tuple[int, str, str]:
    result = subprocess.run(
        [sys.executable, "-m", "monitor", *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **environment},
    )
    return result.returncode, result.stdout, result.stderr


def test_help_names_every_command() -> None:
    """Help lists the commands and what exit codes mean."""
    code, out, _ = _monitor("--help")

    assert 0 == code
    for command in ("run", "check", "classify", "publish", "bench", "demo", "train", "evaluate"):
        assert f"  {command} " in out
    assert "Exit codes" in out


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
        "import sys, monitor.cli, monitor.service, monitor.checks, monitor.publisher\n"
        "heavy = {'torch', 'tensorflow', 'transformers', 'huggingface_hub', 'amqtt'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)

    assert "[]" == result.stdout.strip()
