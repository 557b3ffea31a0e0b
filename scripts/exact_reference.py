"""The same equations with 50 digits: what the models are checked against where other software is not exact.

Nothing here is clever: dense matrices of mpmath numbers, sums over all effects, roots by secant and bisection
around the answer that is checked, after a sign change has shown that there is a root.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import mpmath as mp
import numpy as np

__all__ = ["Exact"]

mp.mp.dps = 50
Real = Any  # an mpmath number; mpmath ships no types


class Exact:
    """A meta-regression in exact arithmetic on the very doubles it is given.

    Parameters
    ----------
    y, v : sequence of float
        Effects and variances.
    x : ndarray, shape (k, p)
        Moderators.
    """

    def __init__(self, y: Sequence[float], v: Sequence[float], x: np.ndarray) -> None:
        """Turn the doubles into exact numbers."""
        self.y = [mp.mpf(float(one)) for one in y]
        self.v = [mp.mpf(float(one)) for one in v]
        self.x = mp.matrix([[mp.mpf(float(cell)) for cell in row] for row in np.asarray(x, dtype=float)])
        self.k, self.p = self.x.rows, self.x.cols

    def beta(self, t: Real) -> tuple[Any, Any]:
        """Return coefficients and ``(X'WX)^-1`` at tau² = t."""
        gram, right = mp.matrix(self.p, self.p), mp.matrix(self.p, 1)
        for i in range(self.k):
            w = 1 / (self.v[i] + t)
            for a in range(self.p):
                right[a] += w * self.x[i, a] * self.y[i]
                for b in range(self.p):
                    gram[a, b] += w * self.x[i, a] * self.x[i, b]
        inverse = mp.inverse(gram)
        return inverse * right, inverse

    def residuals(self, t: Real) -> list[Real]:
        """Return effects minus fitted values."""
        found, _ = self.beta(t)
        return [self.y[i] - mp.fsum(self.x[i, a] * found[a] for a in range(self.p)) for i in range(self.k)]

    def leverages(self, t: Real) -> list[Real]:
        """Return the diagonal of the hat matrix."""
        _, inverse = self.beta(t)
        out = []
        for i in range(self.k):
            row = self.x[i, :]
            out.append((row * inverse * row.T)[0] / (self.v[i] + t))
        return out

    def q(self, t: Real) -> Real:
        """Return Q(t)."""
        return mp.fsum(r * r / (v + t) for r, v in zip(self.residuals(t), self.v, strict=True))

    def q2(self, t: Real) -> Real:
        """Return y'PPy."""
        return mp.fsum(r * r / (v + t) ** 2 for r, v in zip(self.residuals(t), self.v, strict=True))

    def trace(self, t: Real) -> Real:
        """Return tr P."""
        return mp.fsum((1 - h) / (v + t) for h, v in zip(self.leverages(t), self.v, strict=True))

    def log_likelihood(self, t: Real, restricted: bool = False) -> Real:
        """Return the (restricted) log-likelihood."""
        value = -(mp.fsum(mp.log(v + t) for v in self.v) + self.q(t)) / 2
        if restricted:
            _, inverse = self.beta(t)
            value += (mp.log(mp.det(self.x.T * self.x)) + mp.log(mp.det(inverse))) / 2
        return value - (self.k - (self.p if restricted else 0)) * mp.log(2 * mp.pi) / 2

    def score(self, t: Real, restricted: bool) -> Real:
        """Return twice the derivative of the (restricted) log-likelihood in tau²."""
        trace = self.trace(t) if restricted else mp.fsum(1 / (v + t) for v in self.v)
        return self.q2(t) - trace

    def tau2(self, estimator: str, near: float) -> Real:
        """Return the estimate; for iterative ones the root next to `near`, 0 where there is none above."""
        k, p = self.k, self.p
        zero = mp.mpf(0)
        if estimator == "DL":
            return max(zero, (self.q(0) - (k - p)) / self.trace(0))
        if estimator in ("HS", "HSk"):
            factor = mp.mpf(k) / (k - p) if estimator == "HSk" else 1
            return max(zero, (factor * self.q(0) - k) / mp.fsum(1 / v for v in self.v))
        if estimator == "HE":
            flat = Exact([0.0] * k, [1.0] * k, np.ones((k, p)))
            flat.y, flat.x = self.y, self.x
            squares = mp.fsum(r * r for r in flat.residuals(0))
            spare = mp.fsum(v * (1 - h) for v, h in zip(self.v, flat.leverages(0), strict=True))
            return max(zero, (squares - spare) / (k - p))
        if estimator == "SJ":
            mean = mp.fsum(self.y) / k
            start = mp.fsum((y - mean) ** 2 for y in self.y) / k
            return start * self.q(start) / (k - p) if start else zero
        if estimator in ("PM", "EB"):
            return self.root(lambda t: self.q(t) - (k - p), near)
        return self.root(lambda t: self.score(t, estimator == "REML"), near)

    def root(self, falling: Any, near: float) -> Real:  # noqa: ANN401  (a function of mpmath numbers)
        """Return the root of a falling function next to `near`, 0 where it is negative at 0."""
        if near == 0.0:
            return mp.mpf(0) if falling(mp.mpf(0)) <= 0 else mp.nan
        centre = mp.mpf(near)
        for width in (mp.mpf(10) ** -e for e in (14, 12, 10, 8, 6, 4, 2)):
            low, high = centre * (1 - width), centre * (1 + width)
            if falling(low) >= 0 >= falling(high):
                return mp.findroot(
                    falling, (low, high), solver="anderson", tol=mp.mpf(10) ** -80, verify=False
                )
        return mp.nan

    def q_profile(self, level: float, near: tuple[float, float]) -> tuple[Real, Real]:
        """Return the ends of the Q-profile interval next to the given ones."""
        tail = (1 - mp.mpf(level)) / 2
        df = self.k - self.p
        ends = []
        for value, close in ((1 - tail, near[0]), (tail, near[1])):
            target = self.chi2_quantile(value, df)
            ends.append(self.root(lambda t, c=target: self.q(t) - c, close))
        return ends[0], ends[1]

    @staticmethod
    def chi2_quantile(probability: Real, df: int) -> Real:
        """Return a quantile of the chi-squared distribution."""
        from scipy import special

        start = mp.mpf(float(special.chdtri(df, float(1 - probability))))
        return mp.findroot(
            lambda x: mp.gammainc(mp.mpf(df) / 2, 0, x / 2, regularized=True) - probability, start
        )
