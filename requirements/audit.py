"""Ask PyPI whether what is locked has known vulnerabilities: ``make audit``.

Exit code 1 if it has, else 0: also where PyPI does not answer, as behind an index that has packages
and nothing else. That is said, for then nobody knows; pip-audit alone would say that no
vulnerability is known.
"""

from __future__ import annotations

import json
import subprocess
import sys

_PIP_AUDIT = (
    *(sys.executable, "-m", "pip_audit", "--format=json", "--disable-pip", "--no-deps"),
    *("--progress-spinner=off", "--timeout=10", "--requirement"),
)


def audit(lock: str) -> bool:
    """Ask about one lock file, say what came out, and return whether a vulnerability is known."""

    def say(what: str) -> None:
        sys.stdout.write(f"{lock}: {what}\n")

    result = subprocess.run([*_PIP_AUDIT, lock], capture_output=True, text=True)  # noqa: S603
    try:
        packages = json.loads(result.stdout)["dependencies"]
    except ValueError:
        last_words = (result.stderr.strip() or "pip-audit is silent").splitlines()[-1][:200]
        say(f"COULD NOT ASK PyPI: {last_words}")
        return False
    asked = [package for package in packages if "vulns" in package]
    vulnerable = [package for package in asked if package["vulns"]]
    for package in vulnerable:
        for found in package["vulns"]:
            names = ", ".join([found["id"], *found["aliases"]])
            fixed = ", ".join(found["fix_versions"]) or "no version yet"
            say(f"{package['name']} {package['version']}: {names}, fixed in {fixed}")
    if unknown := len(packages) - len(asked):
        say(f"COULD NOT ASK PyPI about {unknown} of {len(packages)} packages")
    if asked:
        say(f"{len(vulnerable)} of {len(asked)} packages are known to be vulnerable")
    return bool(vulnerable)


if __name__ == "__main__":
    sys.exit(max(map(audit, sys.argv[1:])))
