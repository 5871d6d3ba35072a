"""Nonnegative least squares; SciPy has it, but boards do not have SciPy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def nonnegative(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the x >= 0 with the least |a @ x - b|; a [rows, columns], b [rows].

    Lawson and Hanson's active set (Solving Least Squares Problems, 1974, chapter 23).
    """
    columns = a.shape[1]
    x = np.zeros(columns)
    free = np.zeros(columns, dtype=bool)
    enough = 1e-10 * np.abs(a.T @ b).max()
    for _ in range(10 * columns):  # ends sooner; rounding could make it turn in circles
        gain = a.T @ (b - a @ x)
        gain[free] = 0
        if gain.max() <= enough:
            break
        free[gain.argmax()] = True
        while True:
            best = np.zeros(columns)
            best[free] = np.linalg.lstsq(a[:, free], b, rcond=None)[0]
            below = free & (best <= 0)
            if not below.any():
                break
            # Only as far as the first that would become negative, which stays 0 from then on.
            step = (x[below] / (x[below] - best[below])).min()
            x += step * (best - x)
            free &= x > 1e-12 * x.max()
            x[~free] = 0
        x = best
    return x
