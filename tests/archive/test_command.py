"""``monitor classify --output``: as typed."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from monitor.archive.manifest import Manifest
from monitor.cli import main
from tests.archive.files import lines, rows, source
from tests.processes import wait_until


def _classify(*arguments: str | Path, stdin: bytes = b"") -> Result:
    return CliRunner().invoke(main, ["classify", *map(str, arguments)], input=stdin)


@pytest.mark.parametrize("workers", [1, 2])
def test_files_become_what_standard_input_becomes(
    tmp_path: Path, model_path: str, workers: int
) -> None:
    """The same bytes; a table has the same labels; a second run has nothing to do."""
    content = lines(300) + b"\n"
    source(tmp_path / "in" / "a.jsonl", content)
    pq.write_table(pa.Table.from_pylist(rows(300)), tmp_path / "in" / "b.parquet")
    out = tmp_path / "out"
    command = (tmp_path / "in", "--output", out, "--model", model_path, "--workers", str(workers))
    result = _classify(*command)
    printed = _classify("--model", model_path, stdin=content)

    assert (0, "") == (result.exit_code, result.stdout)
    assert "labelled 600 tweets of 2 files" in result.stderr
    assert printed.stdout_bytes == (out / "a.jsonl").read_bytes()
    assert [json.loads(line)["label"] for line in printed.stdout.splitlines()] == pq.read_table(
        out / "b.parquet"
    )["label"].to_pylist()
    assert "all 2 files are complete already\n" == _classify(*command).stderr


def test_rejected_rows_are_no_error(tmp_path: Path, model_path: str) -> None:
    """They are counted, and it is said where they are."""
    source(tmp_path / "a.jsonl", lines(2) + b"oops\n")
    out = tmp_path / "out"
    result = _classify(tmp_path / "a.jsonl", "--output", out, "--model", model_path)

    assert 0 == result.exit_code
    assert f"1 row is rejected: {out}/*.rejected.jsonl" in result.stderr
    assert 3 == json.loads((out / "a.jsonl.rejected.jsonl").read_text())["line"]


def test_a_file_that_cannot_be_labelled_is_one(tmp_path: Path, model_path: str) -> None:
    """The others are labelled, and the exit code is 1."""
    source(tmp_path / "in" / "a.csv", b"body\na\n")
    source(tmp_path / "in" / "b.jsonl", lines(2))
    result = _classify(tmp_path / "in", "--output", tmp_path / "out", "--model", model_path)

    assert 1 == result.exit_code
    assert [
        f"monitor: {tmp_path}/in/a.csv: no column 'text' (--text-column) among 'body'",
        "monitor: 1 of 2 files could not be labelled",
    ] == [line for line in result.stderr.splitlines() if line.startswith("monitor:")]
    assert (tmp_path / "out" / "b.jsonl").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        (["--output", "out"], 2, "--output wants files"),
        (["nowhere.jsonl", "--output", "out"], 2, "nowhere.jsonl: no such file"),
        (["a.jsonl", "--output", "."], 2, "a.jsonl: is an input"),
        (["a.jsonl", "--output", "a.jsonl"], 2, "is a file"),
        (["a.jsonl", "--output", "a.jsonl/out"], 1, "a.jsonl/out: Not a directory"),
        (["a.jsonl", "--output", "out", "--model", "none"], 1, "none: no model there"),
        (["a.jsonl", "--output", "o", "--engine", "ray", "--ray-address", "ray://x"], 2, "client"),
        (["a.jsonl", "--engine", "ray"], 2, "--engine goes with --output"),
        (["--force"], 2, "--force goes with --output"),
        (["--text-column", "body"], 2, "--text-column goes with --output"),
    ],
)
def test_wrong_usage_is_said_in_a_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    code: int,
    reason: str,
) -> None:
    """Before anything begins."""
    source(tmp_path / "a.jsonl", lines(2))
    monkeypatch.chdir(tmp_path)
    result = _classify(*arguments)

    assert code == result.exit_code
    assert reason in result.stderr.splitlines()[-1]


def test_ray_without_its_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra is named."""
    source(tmp_path / "a.jsonl", lines(2))
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    result = _classify(tmp_path / "a.jsonl", "--output", tmp_path / "out", "--engine", "ray")

    assert 1 == result.exit_code
    assert "pip install 'tweet-reputation-monitor[ray]'" in result.stderr


def test_a_second_run_into_the_same_folder(tmp_path: Path, model_path: str) -> None:
    """It is refused while the first lasts."""
    source(tmp_path / "a.jsonl", lines(2))
    with Manifest(tmp_path / "out"):
        result = _classify(
            tmp_path / "a.jsonl", "--output", tmp_path / "out", "--model", model_path
        )

    assert 1 == result.exit_code
    assert f"monitor: {tmp_path}/out: another run is labelling into it\n" == result.stderr


@pytest.mark.study
def test_ended_by_whatever_it_goes_on(tmp_path: Path, model_path: str) -> None:
    """Ctrl-C says what is complete; `kill -9` leaves nothing half; the end is as ever."""
    source(tmp_path / "in" / "a.jsonl", lines(100))
    content = source(tmp_path / "in" / "b.jsonl", lines(4000)).path.read_bytes()
    out = tmp_path / "out"
    part = out / ".b.jsonl.monitor-part"
    command = [
        *(sys.executable, "-m", "monitor", "classify", str(tmp_path / "in")),
        *("--output", str(out), "--model", model_path, "--workers", "1"),
    ]

    def ended_by(number: int) -> tuple[int, str]:
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
            wait_until(
                lambda: process.poll() is not None or (part.exists() and part.stat().st_size),
                "half a file",
            )
            process.send_signal(number)
            _, said = process.communicate(timeout=60)
            return process.returncode, said

    code, said = ended_by(signal.SIGINT)
    assert 130 == code
    assert "monitor: 1 of 2 files are complete; the same command goes on from there" in said
    assert "Traceback" not in said
    assert ["MANIFEST", "a.jsonl"] == _names(out)

    code, said = ended_by(signal.SIGKILL)
    assert -signal.SIGKILL == code
    assert "1 of 2 files are complete already" in said
    assert [part.name, "MANIFEST", "a.jsonl"] == _names(out)

    assert 0 == subprocess.run(command, stderr=subprocess.PIPE).returncode
    assert ["MANIFEST", "a.jsonl", "b.jsonl"] == _names(out)
    printed = _classify("--model", model_path, stdin=content)
    assert printed.stdout_bytes == (out / "b.jsonl").read_bytes()


def _names(folder: Path) -> Sequence[str]:
    with closing(os.scandir(folder)) as entries:
        return sorted(entry.name for entry in entries)


def test_texts_alone_import_nothing_more(model_path: str) -> None:
    """Whoever labels a line does not wait for what reads archives."""
    script = (
        "import sys\n"
        "from click.testing import CliRunner\n"
        "from monitor.cli import main\n"
        f"result = CliRunner().invoke(main, ['classify', '--model', {model_path!r}, 'a'])\n"
        "assert not result.exit_code\n"
        "heavy = {'ray', 'pyarrow', 'pandas', 'csv', 'monitor.archive.run'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)

    assert "[]" == result.stdout.strip(), result.stderr


def test_blank_texts_are_refused(model_path: str) -> None:
    """No label for nothing, wherever the text comes from."""
    told = CliRunner().invoke(main, ["classify", "--model", model_path, "fine", " "])
    piped = CliRunner().invoke(main, ["classify", "--model", model_path], input='{"text": ""}\n')
    explained = CliRunner().invoke(main, ["explain", "--model", model_path, ""])

    assert (1, 1) == (told.exit_code, piped.exit_code)
    assert 1 == told.output.count('"fine"')
    assert "argument 2: The text is empty." in told.output
    assert "standard input, line 1: The text is empty." in piped.output
    assert "TEXT is empty" in explained.output


@pytest.mark.parametrize("options", [(), ("--every-language",)], ids=["apart", "labelled"])
@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.parquet"])
def test_other_languages(
    tmp_path: Path, model_path: str, name: str, options: tuple[str, ...]
) -> None:
    """They are told in each format, and have no probabilities; the rest is as ever."""
    texts = ["Acme is great", "Acme es la peor empresa del mundo", "Thank you, Acme"]
    table = pa.Table.from_pylist([{"text": text} for text in texts])
    path, out = tmp_path / name, tmp_path / "out"
    if name.endswith("parquet"):
        pq.write_table(table, path)
    elif name.endswith("csv"):
        path.write_text("\n".join(["text", *(f'"{text}"' for text in texts)]))
    else:
        path.write_text("\n".join(json.dumps(row) for row in table.to_pylist()))
    result = _classify(path, "--output", out, "--model", model_path, *options)
    assert 0 == result.exit_code, result.output

    if name.endswith("parquet"):
        found = pq.read_table(out / name).to_pylist()
    elif name.endswith("csv"):
        found = list(csv.DictReader((out / name).read_text().splitlines()))
    else:
        found = [json.loads(line) for line in (out / name).read_text().splitlines()]
    labels = [row["label"] for row in found]
    assert ["positive", "positive"] == [labels[0], labels[2]]
    assert (labels[1] == "other-language") == (not options)
    if not options:
        assert not found[1].get("reputation_negative")
        assert not found[1].get("probabilities")
        assert found[0].get("reputation_negative") or found[0]["probabilities"]
