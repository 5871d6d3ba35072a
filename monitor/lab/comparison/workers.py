"""Processes that measure: started, given jobs, read, ended."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from monitor.console import strict_json

ONE_THREAD: Final = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    # Loading prints progress bars and advice, and looks for newer files on the network.
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_VERBOSITY": "error",
}
"""Environment of every process, beside what each engine is told."""


class CannotMeasureError(Exception):
    """One measurement cannot be made here; the message says why. Others may."""


class Workers:
    """Starts a process for each job; leaving the context ends those that still run."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[str]] = set()
        self._closed = False

    def ask(self, job: Mapping[str, Any], python: Path | None = None) -> dict[str, Any]:
        """Return the result of ``job`` (see `worker.work`), done by ``python`` or this one.

        Raises:
            CannotMeasureError: that Python, its libraries or the model do not work.
        """
        try:
            process = self._start(python or Path(sys.executable))
        except OSError as error:
            raise CannotMeasureError(f"{python}: {error.strerror}") from error
        try:
            said, complaints = process.communicate(strict_json(job))
        except BaseException:
            process.kill()
            raise
        finally:
            with self._lock:
                self._running.discard(process)
        if process.returncode:
            last = (complaints.strip().splitlines() or [f"exit code {process.returncode}"])[-1]
            raise CannotMeasureError(last)
        result: dict[str, Any] = json.loads(said)
        if "error" in result:
            raise CannotMeasureError(result["error"])
        return result

    def _start(self, python: Path) -> subprocess.Popen[str]:
        with self._lock:
            if self._closed:
                raise CannotMeasureError("stopped")
            process = subprocess.Popen(  # noqa: S603  (this program, in a Python the user names)
                # -P: not what lies in the current folder, but the package that is installed there.
                [python, "-P", "-m", "monitor.lab.comparison.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env=os.environ | ONE_THREAD,
                start_new_session=True,  # Ctrl-C is for the one who asks
            )
            self._running.add(process)
            return process

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with self._lock:
            self._closed = True
            for process in self._running:
                process.kill()
