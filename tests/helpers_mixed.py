"""Reference cases for mixed models, and textbook formulas with whole matrices."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import mpmath
import numpy as np

REFERENCE: dict[str, Any] = json.loads(
    gzip.decompress((Path(__file__).parent / "reference" / "mv.json.gz").read_bytes())
)
"""metafor 5.1-12, clubSandwich 0.5.8, robumeta (R 4.2.2); the file names source and versions."""

CASES: dict[str, dict[str, Any]] = REFERENCE["cases"]
NESTED = [name for name, case in CASES.items() if "outcome" not in case]
OUTCOMES = [name for name, case in CASES.items() if "outcome" in case]


def arrays(case: dict[str, Any]) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[np.ndarray]]:
    """Return effects, variances, moderators and levels of a case."""
    y, v = np.array(case["y"], dtype=float), np.array(case["v"], dtype=float)
    x = np.array(case["x"], dtype=float) if "x" in case else np.ones((y.size, 1))
    return y, v, x, [np.array(level) for level in case["levels"]]


def whole_covariance(case: dict[str, Any]) -> np.ndarray:
    """Return the k x k sampling covariance of a case."""
    known = np.diag(np.array(case["v"], dtype=float))
    for i, j, value in zip(*case.get("covariance", ([], [], [])), strict=True):
        known[i - 1, j - 1] = known[j - 1, i - 1] = value
    return known


def blocks(case: dict[str, Any]) -> list[np.ndarray] | None:
    """Return the sampling covariance by cluster, None where it is diagonal."""
    if "covariance" not in case:
        return None
    known, cluster = whole_covariance(case), np.array(case["levels"][0])
    return [known[np.ix_(cluster == c, cluster == c)] for c in range(cluster.max() + 1)]


def error(found: object, expected: object, scale: object = 0.0) -> float:
    """Return the largest difference relative to max(|expected|, scale)."""
    a, b = np.asarray(found, dtype=float), np.asarray(expected, dtype=float)
    return float(np.max(np.abs(a - b) / np.maximum(np.abs(b), np.asarray(scale, dtype=float))))


def same_groups(codes: np.ndarray) -> np.ndarray:
    """Return the pattern of a random intercept: which rows share it."""
    return (codes[:, None] == codes[None, :]).astype(float)


def exact_optimum(
    y: np.ndarray,
    known: np.ndarray,
    x: np.ndarray,
    patterns: list[np.ndarray],
    start: np.ndarray,
    restricted: bool = True,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Solve the (restricted) likelihood equations to 50 digits by Newton's method, with k x k matrices.

    Returns the components, the coefficients and their standard errors.
    """
    with mpmath.workdps(50):
        m_y, m_x, m_v = mpmath.matrix(y.tolist()), mpmath.matrix(x.tolist()), mpmath.matrix(known.tolist())
        ks = [mpmath.matrix(pattern.tolist()) for pattern in patterns]
        theta = [mpmath.mpf(float(t)) for t in start]

        def trace(a: mpmath.matrix) -> mpmath.mpf:
            return mpmath.fsum(a[i, i] for i in range(a.rows))

        for _ in range(12):
            m = m_v.copy()
            for t, k in zip(theta, ks, strict=True):
                m += t * k
            w = m**-1
            bread = (m_x.T * w * m_x) ** -1
            beta = bread * (m_x.T * (w * m_y))
            p = w - w * m_x * bread * m_x.T * w
            py = p * m_y
            inner = p if restricted else w
            score = mpmath.matrix([((py.T * k * py)[0] - trace(inner * k)) / 2 for k in ks])
            hessian = mpmath.matrix(len(ks), len(ks))
            for i, a in enumerate(ks):
                for j, b in enumerate(ks):
                    hessian[i, j] = (py.T * a * p * b * py)[0] - trace(inner * a * inner * b) / 2
            step = mpmath.lu_solve(hessian, score)
            theta = [t + s for t, s in zip(theta, step, strict=True)]
            if all(abs(s) < mpmath.mpf(10) ** -40 for s in step):
                break
        else:
            raise AssertionError("the exact optimum was not reached: a bad start")
        se = [mpmath.sqrt(bread[i, i]) for i in range(bread.rows)]
        return (
            np.array([float(t) for t in theta]),
            np.array([float(b) for b in beta]),
            np.array([float(s) for s in se]),
        )
