"""The likelihood of a linear mixed model from one small matrix and its derivatives.

With M the marginal covariance and C = [X, y], everything that a (restricted) likelihood needs is in
``G = C' M^-1 C``, ``log|M|`` and their first two derivatives in the variance components. The fixed effects
are profiled out::

    A = G_XX,  beta = A^-1 G_Xy,  rss = b' G b  with  b = (-beta, 1)
    -2 l = log|M| + rss + k log 2 pi                       (ML)
    -2 l = log|M| + log|A| - log|X'X| + rss + (k - p) log 2 pi   (REML)

rss' = b' G_j b (the envelope theorem), rss'' = b' G_ij b - 2 (G_i b)_X' A^-1 (G_j b)_X; the trace terms alone
give the expected information.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from evidence.errors import ModelError
from evidence.numerics.jets import Jet, pairs
from evidence.numerics.wls import Vector

__all__ = ["Engine", "Evaluation", "Gram", "evaluate"]


@dataclass(frozen=True)
class Gram:
    """``C' M^-1 C`` (c, c) and ``log|M|`` with derivatives in the components."""

    cross: Jet
    log_det: Jet


class Engine(Protocol):
    """What computes a Gram at given variance components."""

    @property
    def size(self) -> int:
        """Number of variance components."""
        ...

    @property
    def k(self) -> int:
        """Number of rows."""
        ...

    def gram(self, theta: Vector, *, derivatives: bool = True) -> Gram:
        """Return the Gram at the components `theta`, in the caller's order of components."""
        ...


@dataclass(frozen=True)
class Evaluation:
    """A log-likelihood with its derivatives in the variance components.

    Attributes
    ----------
    value : float
        Log-likelihood.
    gradient : Vector, shape (q,)
        Score.
    observed, expected : Vector, shape (q, q)
        Negative Hessian; its expectation.
    beta : Vector, shape (p,)
        Profiled fixed effects.
    covariance : Vector, shape (p, p)
        Their covariance, A^-1.
    rss : float
        Generalised residual sum of squares.
    """

    value: float
    gradient: Vector
    observed: Vector
    expected: Vector
    beta: Vector
    covariance: Vector
    rss: float


def _full(lower: Vector, q: int) -> Vector:
    out = np.zeros((q, q))
    i, j = pairs(q)
    out[i, j] = out[j, i] = lower
    return out


def _inverse(a: Vector) -> tuple[Vector, float]:
    """Return the inverse of the information about the fixed effects, and the logarithm of its determinant.

    Raises
    ------
    ModelError
        Where it is singular or not finite.
    """
    if a.shape == (1, 1) and 0.0 < a[0, 0] < math.inf:
        return 1.0 / a, math.log(a[0, 0])
    unit = 1.0 / np.sqrt(np.diag(a))
    try:
        root = np.linalg.cholesky(a * unit[:, None] * unit)
    except np.linalg.LinAlgError as problem:
        raise ModelError(
            "the moderators are linearly dependent, or effects and variances are in other units"
        ) from problem
    half = np.linalg.solve(root, np.diag(unit))
    return half.T @ half, 2.0 * float(np.log(np.diag(root) / unit).sum())


def evaluate(gram: Gram, k: int, *, restricted: bool, log_xx: float = 0.0) -> Evaluation:
    """Turn a Gram into a log-likelihood.

    Parameters
    ----------
    gram : Gram
        Of C = [X, y].
    k : int
        Number of rows.
    restricted : bool
        REML instead of ML.
    log_xx : float
        ``log|X'X|``, which the restricted likelihood carries as a constant (Harville 1974).

    Returns
    -------
    Evaluation

    Raises
    ------
    ModelError
        Where the information about the fixed effects is singular or not finite.
    """
    g, p = gram.cross.value, gram.cross.value.shape[-1] - 1
    inverse, log_a = _inverse(g[:p, :p])
    beta = inverse @ g[:p, p]
    b = np.append(-beta, 1.0)
    # Not b'Gb, whose terms may cancel: y has been replaced by its residuals, so that this is a small
    # correction.
    rss = float(g[p, p] - g[:p, p] @ beta)
    total = float(gram.log_det.value) + rss + (k - p if restricted else k) * math.log(2.0 * math.pi)
    value = -0.5 * (total + (log_a - log_xx if restricted else 0.0))
    if not math.isfinite(value):
        raise ModelError(
            "the likelihood is not finite: effects and standard errors are too many orders of magnitude"
            " apart;"
            " check the units of both columns"
        )
    q = gram.cross.parameters
    if not q:
        none = np.zeros((0, 0))
        return Evaluation(value, np.zeros(0), none, none, beta, inverse, rss)
    first, second = gram.cross.first, gram.cross.second
    i, j = pairs(q)
    trace, bend = gram.log_det.first, gram.log_det.second
    if restricted:
        moved = inverse @ first[:, :p, :p]
        trace = trace + np.trace(moved, axis1=1, axis2=2)
        bend = (
            bend
            + np.einsum("ij,tji->t", inverse, second[:, :p, :p])
            - np.einsum("tij,tji->t", moved[i], moved[j])
        )
    slope = first @ b
    curve = second @ b @ b - 2.0 * np.einsum("ti,ij,tj->t", slope[i, :p], inverse, slope[j, :p])
    return Evaluation(
        value=value,
        gradient=-0.5 * (trace + slope @ b),
        observed=_full(0.5 * (bend + curve), q),
        expected=_full(-0.5 * bend, q),
        beta=beta,
        covariance=inverse,
        rss=rss,
    )
