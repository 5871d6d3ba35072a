"""Commands of the documentation that the tests do not run, each with its reason.

`monitor` commands among them are still parsed, and targets of make looked up. What is neither
excused here nor run fails the test.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

_SYSTEM: Final = "changes the machine; tests of its own try it in a folder or a container"
_NETWORK: Final = "needs a network"
_ENDLESS: Final = "goes on until it is stopped"
_HOURS: Final = "minutes to hours; tests of its own run it on toys"

EXCUSES: Final = {
    ("apt",): _SYSTEM,
    ("systemctl",): _SYSTEM,
    ("install",): _SYSTEM,
    ("useradd",): _SYSTEM,
    ("duckdb",): "is no program of Debian's, and fetches its extension",
    ("nano",): "is a person's",
    ("mosquitto_passwd",): "asks for a password",
    ("cd",): "the tests have one folder for each page",
    ("journalctl",): "needs a systemd that runs",
    ("umask",): "waits for somebody to type a password",
    ("pip",): _NETWORK,
    ("pipx",): _NETWORK,
    ("uv",): _NETWORK,
    ("git",): _NETWORK,
    ("curl",): _NETWORK,
    ("kcat",): _NETWORK,
    ("ssh",): _NETWORK,
    ("twarc2",): _NETWORK,
    ("websocat",): _NETWORK,
    ("scp",): _NETWORK,
    ("python3", "-m", "venv"): "makes an environment, which the tests run in already",
    ("python3", "-m", "pip"): _NETWORK,
    ("python", "-m"): "minutes; tests of its own run it on toys",
    (".ci/run",): "is what runs the tests",
    ("pre-commit",): "changes the checkout's git hooks",
    ("make",): "the target is looked up in the Makefile",
    ("mosquitto_sub",): _ENDLESS,
    ("monitor", "dashboard"): _ENDLESS,
    ("monitor", "label", "--entity"): "asks key by key; tests/labelling/test_command.py types",
    ("monitor", "notify"): "sends; tests/notifying/test_command.py runs it",
    ("monitor", "report", "--database", "crisis.db"): "reads what the command before it makes",
    ("monitor", "run", "--leave"): "tests/faults/test_group.py runs it",
    ("monitor", "install-service"): _SYSTEM,
    ("monitor", "uninstall-service"): _SYSTEM,
    ("monitor", "bench"): "a minute; tests/planning/test_benchmark.py runs it",
    ("monitor", "classify", "--engine", "ray"): "tests/archive/test_cluster.py runs it",
    ("ray",): _SYSTEM,
    ("monitor", "profile"): _HOURS,
    ("monitor", "search"): _HOURS,
    ("monitor", "train"): _HOURS,
    ("monitor", "answers"): _HOURS,
    ("monitor", "distil"): _HOURS,
    ("monitor", "export"): _HOURS,
    ("monitor", "evaluate"): _HOURS,
    ("monitor", "quantify"): _HOURS,
    ("monitor", "fusions"): _HOURS,
    ("monitor", "speed"): _HOURS,
}
"""By how a command begins."""

HARMLESS: Final = frozenset(
    {
        "cat",
        "cp",
        "echo",
        "grep",
        "jq",
        "ls",
        "mkdir",
        "mosquitto_pub",
        "sed",
        "sh",
        "sqlite3",
        "zcat",
    }
)
"""Programs that are run as they are shown."""


def excuse(stage: Sequence[str]) -> tuple[str, ...] | None:
    """Find what excuses a simple command, None if nothing does."""
    return next((words for words in EXCUSES if tuple(stage[: len(words)]) == words), None)
