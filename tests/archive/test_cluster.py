"""``monitor.archive.cluster``: on a real Ray, the bytes of the local run."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.archive.files import lines, source
from tests.processes import free_port, wait_until

PATIENCE_S = 240.0
"""Ray starts half a dozen processes."""
FOLDER = re.compile(r"/tmp/monitor-ray-\w+")

pytestmark = pytest.mark.timeout(600)


class Run:
    """``monitor classify --engine ray`` as a process, in a session and a home of its own."""

    def __init__(self, folder: Path, *options: str, model: str, **environment: str) -> None:
        self.out = folder / "out"
        self.home = folder / "home"
        self.home.mkdir(exist_ok=True)
        self.part = self.out / ".a.jsonl.monitor-part"
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "monitor", "classify", str(folder / "in")),
                *("--output", str(self.out), "--model", model, "--engine", "ray", *options),
            ],
            env={**os.environ, "HOME": str(self.home), **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def wait_half(self) -> None:
        """Wait until something has been labelled, but not all."""
        wait_until(
            lambda: self.process.poll() is not None or (self.part.exists() and self._written()),
            "half a file",
            PATIENCE_S,
        )
        assert self.process.poll() is None, self.process.communicate()

    def _written(self) -> int:
        with suppress(OSError):
            return self.part.stat().st_size
        return 0

    def processes(self, name: str) -> dict[int, str]:
        """Find processes of this run whose command line has this in it."""
        parents = {}
        lines_ = {}
        for path in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                fields = (path / "stat").read_text().rpartition(")")[2].split()
                if fields[0] != "Z":
                    parents[int(path.name)] = int(fields[1])
                    lines_[int(path.name)] = (path / "cmdline").read_text().replace("\0", " ")
        ours = {self.process.pid}
        while more := {pid for pid, parent in parents.items() if parent in ours} - ours:
            ours |= more
        return {pid: lines_[pid] for pid in ours if name in lines_[pid]}

    def folder(self) -> Path:
        """Find where Ray keeps what it needs."""
        (line, *_) = self.processes("raylet").values()
        match = FOLDER.search(line)
        assert match
        return Path(match[0])

    def end(self) -> tuple[int, str, str]:
        """Wait for it: exit code, standard output, standard error."""
        out, err = self.process.communicate(timeout=PATIENCE_S)
        return self.process.returncode, out, err

    def kill(self) -> None:
        """End all of it."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """A folder with a folder of files: several chunks, odd sizes, blank and bad lines."""
    content = lines(4500).splitlines(keepends=True)
    content[70] = b"oops\n"
    content[2000] = b"\n"
    source(tmp_path / "in" / "a.jsonl", b"".join(content))
    source(tmp_path / "in" / "b.csv.gz", b"text\ngood\nbad\n")
    (tmp_path / "in" / "c.csv").write_bytes(b"body\n")
    return tmp_path


def _locally(folder: Path, model: str) -> dict[str, bytes]:
    out = folder / "locally"
    subprocess.run(
        [
            *(sys.executable, "-m", "monitor", "classify", str(folder / "in")),
            *("--output", str(out), "--model", model, "--workers", "1"),
        ],
        stderr=subprocess.PIPE,
    )
    return _contents(out)


def _contents(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in out.iterdir() if path.name != "MANIFEST"}


@pytest.mark.study
def test_two_workers_of_which_one_is_killed(archive: Path, model_path: str) -> None:
    """The bytes of the local run with one; nothing said but by us, nothing left, nobody told."""
    run = Run(archive, "--workers", "2", model=model_path)
    try:
        run.wait_half()
        folder = run.folder()
        os.kill(min(run.processes("ray::MapWorker")), signal.SIGKILL)
        code, out, err = run.end()
    finally:
        run.kill()

    assert (1, "") == (code, out)
    assert [
        "monitor: ray: a worker died; another takes its place",
        f"monitor: {archive}/in/c.csv: no column 'text' (--text-column) among 'body'",
        "labelled 4,500 tweets of 2 files",
        "monitor: 1 of 3 files could not be labelled",
    ] == [re.sub(r" in [0-9.]+ s;.*", "", line) for line in _said(err)]
    assert _locally(archive, model_path) == _contents(run.out)
    assert not folder.exists()
    assert [] == list(run.home.iterdir())


def _said(err: str) -> list[str]:
    """What was said, but for how far it is, once a minute."""
    return [line for line in err.splitlines() if not line.endswith("min left")]


@pytest.mark.study
def test_ctrl_c_and_kill(archive: Path, model_path: str) -> None:
    """To the whole group, as a terminal does; then `kill -9`; then it goes on, with one worker."""
    (archive / "in" / "c.csv").unlink()
    run = Run(archive, "--workers", "1", model=model_path)
    try:
        run.wait_half()
        folder = run.folder()
        os.killpg(run.process.pid, signal.SIGINT)
        code, out, err = run.end()
        assert (130, "") == (code, out)
        assert [
            "monitor: 0 of 2 files are complete; the same command goes on from there",
            "monitor: stopped",
        ] == _said(err)
        assert {} == _contents(run.out)
        assert not folder.exists()

        run = Run(archive, "--workers", "1", model=model_path)
        run.wait_half()
        folder = run.folder()
        others = {pid for name in ("raylet", "gcs_server", "ray::") for pid in run.processes(name)}
        run.process.kill()
        run.process.communicate(timeout=PATIENCE_S)
        assert [".a.jsonl.monitor-part"] == [
            name for name in _contents(run.out) if "rejected" not in name
        ]
        wait_until(lambda: not any(map(_alive, others)), "Ray ended", PATIENCE_S)
        shutil.rmtree(folder)  # all that a kill leaves

        run = Run(archive, "--workers", "1", model=model_path)
        assert 0 == run.end()[0]
        assert _locally(archive, model_path) == _contents(run.out)
    finally:
        run.kill()


def _alive(pid: int) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[dict[str, str]]:
    """A cluster of its own with two CPUs, as `ray start` makes one: its environment."""
    home = tmp_path / "home"
    home.mkdir()
    address = f"127.0.0.1:{free_port()}"
    environment = {"HOME": str(home), "RAY_AUTH_TOKEN": "x" * 64, "RAY_AUTH_MODE": "token"}
    ray = Path(sys.executable).with_name("ray")
    folder = f"/tmp/monitor-test-{os.getpid()}"
    started = subprocess.Popen(
        [
            *(ray, "start", "--head", "--port", address.rpartition(":")[2], "--num-cpus", "2"),
            *("--include-dashboard", "false", "--disable-usage-stats", "--temp-dir", folder),
            "--block",
        ],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert started.stdout
    try:
        for line in started.stdout:
            if "Ray runtime started" in line:
                break
        time.sleep(2)
        yield {**environment, "RAY_ADDRESS": address}
    finally:
        started.terminate()
        started.communicate(timeout=PATIENCE_S)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.study
def test_an_existing_cluster(archive: Path, model_path: str, cluster: dict[str, str]) -> None:
    """It is found by RAY_ADDRESS, all its CPUs work, and it outlives the run."""
    for _ in range(2):
        run = Run(archive, model=model_path, **cluster)
        try:
            run.wait_half()
            assert {} == run.processes("raylet")
            assert 1 == run.end()[0]
        finally:
            run.kill()
        assert _locally(archive, model_path) == _contents(run.out)
        (run.out / "a.jsonl").unlink()


def test_no_cluster_there(archive: Path, model_path: str) -> None:
    """One line with the address, what is wrong, and how far it was."""
    address = f"127.0.0.1:{free_port()}"
    run = Run(archive, "--ray-address", address, model=model_path)
    try:
        code, out, err = run.end()
    finally:
        run.kill()

    assert (1, "") == (code, out)
    (line,) = _said(err)
    assert line.startswith(f"monitor: ray: {address}: Connection refused; 0 of 3 files are")


@pytest.mark.study
def test_machines_with_another_version(
    archive: Path, model_path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that has another version of the monitor ends the run, in one line."""
    from monitor.archive import cluster
    from monitor.archive.inputs import find
    from monitor.archive.stream import EngineError
    from monitor.inference import Model
    from tests.archive.files import QUESTION

    home = archive / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setattr(cluster, "__version__", "0.0")
    model = Model.load(model_path)
    with (
        cluster.Cluster(model, 1, "auto", QUESTION, None) as engine,
        pytest.raises(EngineError, match=r"^ray: .*of the monitor, the command 0\.0$"),
    ):
        list(engine.label(find([str(archive / "in")])))
