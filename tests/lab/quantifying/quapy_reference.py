"""What QuaPy says to small tables of counts: writes quapy.json, which the tests compare with.

Run by hand where QuaPy is installed, which the tests do without:
``python tests/lab/quantifying/quapy_reference.py``.
"""

import json
from importlib.metadata import version
from pathlib import Path

import numpy as np
import quapy.functional  # type: ignore[import-not-found]
from quapy.error import rae  # type: ignore[import-not-found]
from quapy.method.aggregative import ACC, EMQ  # type: ignore[import-not-found]

CONFUSIONS = (
    ((309, 43, 65), (112, 344, 207), (52, 90, 848)),
    ((80, 15, 5), (10, 150, 40), (4, 30, 66)),
    ((9, 1, 0), (1, 8, 1), (0, 2, 8)),
)
"""Counts, a row a true class, a column a label."""

COUNTS = (
    (30, 40, 30),
    (10, 70, 120),
    (0, 0, 25),
    (180, 15, 5),
    (1, 0, 0),
    (3, 90, 7),
    (33, 100, 67),
)
"""Of labels; some are what no shares give under the matrix."""


def main() -> None:
    """Ask QuaPy."""
    rows = []
    for confusion in CONFUSIONS:
        seen = np.array(confusion) + 0.5
        rates = seen / seen.sum(axis=1, keepdims=True)
        start = np.full(3, 1 / 3)
        posteriors = rates * start[:, None] / (rates * start[:, None]).sum(axis=0)
        for counts in COUNTS:
            plain = np.array(counts) / sum(counts)
            solved = ACC.solve_adjustment(rates.T, plain, "inversion", "exact-raise")
            adjusted = quapy.functional.normalize_prevalence(solved, method="clip")
            of_each = np.repeat(posteriors.T, counts, axis=0)
            EMQ.MAX_ITER = 20_000
            em, _ = EMQ.EM(start, of_each, epsilon=1e-12)
            rows.append(
                {
                    "confusion": confusion,
                    "counts": counts,
                    "adjusted": adjusted.round(6).tolist(),
                    "em": em.round(6).tolist(),
                    "rae": round(float(rae(plain, em, eps=1 / (2 * sum(counts)))), 6),
                }
            )
    table = {"quapy": version("quapy"), "rows": rows}
    lines = json.dumps(table).replace('{"confusion"', '\n{"confusion"')
    Path(__file__).with_name("quapy.json").write_text(lines + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
