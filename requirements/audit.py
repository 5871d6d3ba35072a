"""Ask PyPI whether what is locked has known vulnerabilities: ``make audit``.

Exit code 1 if it has, else 0: also where PyPI does not answer, as behind an index that knows
packages and nothing else. That is said, for then nobody knows. pip-audit itself would say that no
vulnerability is known.
"""

from __future__ import annotations

import json
import subprocess
import sys

_PIP_AUDIT = (
    *(sys.executable, "-m", "pip_audit", "--format=json", "--disable-pip", "--no-deps"),
    *("--progress-spinner=off", "--timeout=10"),
)


def audit(lock: str) -> bool:
    """Look at one lock file, say what came out, and return whether a vulnerability is known."""
    result = subprocess.run([*_PIP_AUDIT, "--requirement", lock], capture_output=True, text=True)
    try:
        packages = json.loads(result.stdout)["dependencies"]
    except ValueError:
        why = result.stderr.strip().splitlines() or ["pip-audit said nothing"]
        sys.stdout.write(f"{lock}: COULD NOT ASK PyPI: {why[-1]}\n")
        return False
    asked = [package for package in packages if "skip_reason" not in package]
    vulnerable = [package for package in asked if package["vulns"]]
    for package in vulnerable:
        for found in package["vulns"]:
            fixed = ", ".join(found["fix_versions"]) or "no version yet"
            names = ", ".join([found["id"], *found["aliases"]])
            sys.stdout.write(f"{package['name']} {package['version']}: {names}; fixed in {fixed}\n")
    sys.stdout.write(
        f"{lock}: {len(vulnerable)} of {len(asked)} packages are known to be vulnerable"
    )
    if unknown := len(packages) - len(asked):
        sys.stdout.write(f"; COULD NOT ASK PyPI about {unknown}")
    sys.stdout.write("\n")
    return bool(vulnerable)


if __name__ == "__main__":
    sys.exit(any([audit(lock) for lock in sys.argv[1:]]))
