"""Everything that a fit reports, from the equations with 50 digits (`exact_reference`)."""

from __future__ import annotations

from typing import Any

import mpmath as mp
import numpy as np
from exact_reference import Exact

__all__ = ["exact_fit", "exact_limits"]

Real = Any  # an mpmath number; mpmath ships no types


def _tail(statistic: Real, df: int | None) -> Real:
    """Return the two-sided p value of the normal or t distribution."""
    size = abs(statistic)
    if df is None:
        return mp.erfc(size / mp.sqrt(2))
    return mp.betainc(mp.mpf(df) / 2, mp.mpf(1) / 2, 0, df / (df + size**2), regularized=True)


def _critical(level: float, df: int | None) -> Real:
    """Return the two-sided critical value."""
    from scipy import special

    tail = (1 - mp.mpf(level)) / 2
    start = float(-special.ndtri(float(tail)) if df is None else -special.stdtrit(df, float(tail)))
    return mp.findroot(lambda x: _tail(x, df) - 2 * tail, mp.mpf(start))


def _chi2_tail(value: Real, df: int) -> Real:
    return mp.gammainc(mp.mpf(df) / 2, value / 2, mp.inf, regularized=True)


def _f_tail(value: Real, df: int, df2: int) -> Real:
    return mp.betainc(mp.mpf(df2) / 2, mp.mpf(df) / 2, 0, df2 / (df2 + df * value), regularized=True)


def exact_fit(
    ex: Exact,
    estimator: str,
    inference: str,
    near: float,
    *,
    level: float = 0.95,
    new: np.ndarray | None = None,
    pred_df: int | None = -1,
) -> dict[str, list[Real]]:
    """Return the quantities of one fit.

    Parameters
    ----------
    ex : Exact
        The data; a first column of ones is the intercept.
    estimator, inference : str
        As for `meta_regression`.
    near : float
        The tau² that is checked: iterative estimators look for their root next to it.
    level : float
        Level of the intervals.
    new : ndarray, optional
        Rows of moderators to predict at.
    pred_df : int or None
        Degrees of freedom of prediction intervals; -1 for the distribution of the coefficients' intervals.
    """
    k, p = ex.k, ex.p
    t = mp.mpf(0) if estimator == "EE" else ex.tau2(estimator, near)
    b, inverse = ex.beta(t)
    df = None if inference == "z" else k - p
    factor = mp.mpf(1)
    if inference in ("HKSJ", "mHKSJ"):
        factor = ex.q(t) / (k - p)
        factor = max(factor, mp.mpf(1)) if inference == "mHKSJ" else factor
    v = inverse * factor
    error = [mp.sqrt(v[i, i]) for i in range(p)]
    crit = _critical(level, df)
    tested = list(range(1, p)) if p > 1 else [0]
    part = mp.matrix([b[i] for i in tested])
    cov = mp.matrix([[v[i, j] for j in tested] for i in tested])
    qm = (part.T * mp.inverse(cov) * part)[0]
    m = len(tested)
    qe = ex.q(0)
    typical = (k - p) / ex.trace(0)
    h2 = qe / (k - p) if estimator == "EE" else t / typical + 1
    i2 = 100 * max(mp.mpf(0), 1 - 1 / h2) if estimator == "EE" else 100 * t / (t + typical)
    out: dict[str, list[Real]] = {
        "tau²": [t],
        "estimate": [b[i] for i in range(p)],
        "standard error": error,
        "statistic": [b[i] / error[i] for i in range(p)],
        "p value": [_tail(b[i] / error[i], df) for i in range(p)],
        "interval, low": [b[i] - crit * error[i] for i in range(p)],
        "interval, high": [b[i] + crit * error[i] for i in range(p)],
        "QM": [qm if df is None else qm / m],
        "p of QM": [_chi2_tail(qm, m) if df is None else _f_tail(qm / m, m, k - p)],
        "QE": [qe],
        "p of QE": [_chi2_tail(qe, k - p)],
        "I²": [i2],
        "H²": [h2],
        "log-likelihood": [ex.log_likelihood(t, estimator == "REML")],
        "leverage": ex.leverages(t),
        "fitted": [y - r for y, r in zip(ex.y, ex.residuals(t), strict=True)],
    }
    if p > 1 and estimator != "EE":
        mean = Exact([0.0] * k, [1.0] * k, np.ones((k, 1)))
        mean.y, mean.v = ex.y, ex.v
        whole = _mean_only(mean, estimator)
        out["R²"] = [100 * max(mp.mpf(0), 1 - t / whole)] if whole > 0 else []
    rows = np.ones((1, 1)) if new is None and p == 1 else new
    if rows is not None:
        found = [
            _prediction(row, b, v, t, _critical(level, df if pred_df == -1 else pred_df)) for row in rows
        ]
        for place, name in enumerate(("mean", "mean, standard error", "prediction, low", "prediction, high")):
            out[name] = [one[place] for one in found]
    return out


def _mean_only(mean: Exact, estimator: str) -> Real:
    """Return the estimate without moderators, whose neighbourhood our own estimate gives."""
    from evidence.numerics.tau2 import TAU2
    from evidence.numerics.wls import sample

    y = np.array([float(one) for one in mean.y])
    v = np.array([float(one) for one in mean.v])
    return mean.tau2(estimator, TAU2[estimator](sample(y, v)).value)


def _prediction(row: np.ndarray, b: Any, v: Any, t: Real, crit: Real) -> tuple[Real, ...]:  # noqa: ANN401
    x = mp.matrix([mp.mpf(float(cell)) for cell in row])
    mean, variance = (x.T * b)[0], (x.T * v * x)[0]
    half = crit * mp.sqrt(t + variance)
    return mean, mp.sqrt(variance), mean - half, mean + half


def exact_limits(ex: Exact, kind: str, level: float, restricted: bool, tau2: float, near: float) -> Real:
    """Return an end of the interval of tau² next to the given one.

    Parameters
    ----------
    ex : Exact
        The data.
    kind : {"QP", "PL"}
        Q-profile or profile likelihood.
    level : float
        Level of the interval.
    restricted : bool
        Whether the likelihood is the restricted one.
    tau2, near : float
        The estimate; the end that is checked.
    """
    tail = (1 - mp.mpf(level)) / 2
    if kind == "QP":
        df = ex.k - ex.p
        ends = [ex.chi2_quantile(one, df) for one in (tail, 1 - tail)]
        if near == 0.0:
            return mp.mpf(0)
        target = min(ends, key=lambda c: abs(ex.q(mp.mpf(near)) - c))
        return ex.root(lambda t: ex.q(t) - target, near)
    top = ex.log_likelihood(ex.tau2("REML" if restricted else "ML", tau2), restricted)
    half = ex.chi2_quantile(mp.mpf(level), 1) / 2
    if near == 0.0:
        return mp.mpf(0)
    side = 1 if near > tau2 else -1
    return ex.root(lambda t: side * (ex.log_likelihood(t, restricted) - top + half), near)
