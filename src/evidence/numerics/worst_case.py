"""The mean if affirmative results are published so many times as often, and how often it takes (S-value).

Each nonaffirmative effect stands for as many as were lost: its weight is multiplied by the ratio of the
chances of publication. The limit of that is the mean of the nonaffirmative effects alone.

References
----------
Mathur MB, VanderWeele TJ. J R Stat Soc C 2020;69:1091-1119. https://doi.org/10.1111/rssc.12440
Hedges LV, Tipton E, Johnson MC. Res Synth Methods 2010;1:39-65. https://doi.org/10.1002/jrsm.5
Tipton E. Psychol Methods 2015;20:375-393. https://doi.org/10.1037/met0000011
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from evidence.errors import ModelError
from evidence.numerics.intervals import quantile
from evidence.numerics.wls import Vector

__all__ = ["Corrected", "Publication", "corrected", "s_value"]

_MOST = 1e9
"""Ratio beyond which no crossing is looked for: the worst case to nine digits."""


@dataclass(frozen=True)
class Publication:
    """Effects in the favoured direction, and which of them are affirmative.

    Attributes
    ----------
    y, v : Vector, shape (k,)
        Effects (positive is favoured) and sampling variances.
    affirmative : ndarray of bool, shape (k,)
        Significant and positive.
    cluster : ndarray of int, shape (k,)
        Number of the study, from 0.
    tau2 : float
        Spread in the weights ``1 / (v + tau2)``, from a fit that knows no selection.
    robust : bool
        Cluster-robust standard errors with Satterthwaite's t, or those of a common effect with t of k - 1 df.
    """

    y: Vector
    v: Vector
    affirmative: NDArray[np.bool_]
    cluster: NDArray[np.intp]
    tau2: float
    robust: bool


@dataclass(frozen=True)
class Corrected:
    """A corrected mean.

    Attributes
    ----------
    ratio : float
        How many times as often affirmative results are published; infinite is the worst case.
    estimate, std_error, conf_low, conf_high, p_value : float
        Of the mean.
    df : float or None
        Degrees of freedom; None for the normal (a single effect).
    """

    ratio: float
    estimate: float
    std_error: float
    df: float | None
    p_value: float
    conf_low: float
    conf_high: float


def corrected(data: Publication, ratio: float, level: float = 0.95) -> Corrected:
    """Return the mean for a ratio of the chances of publication.

    Parameters
    ----------
    data : Publication
        The effects.
    ratio : float
        At least 1; infinite for the nonaffirmative effects alone.
    level : float
        Of the interval.

    Raises
    ------
    ModelError
        Where no effect has weight, or (robust) all weight is in one study.
    """
    if math.isinf(ratio):
        # The limit of the weights' shares.
        factor = np.where(data.affirmative, 0.0, 1.0)
    else:
        factor = np.where(data.affirmative, 1.0 / ratio, 1.0)
    use = factor > 0.0
    if not use.any():
        raise ModelError("every effect is affirmative: the worst case has no effect left to rest on")
    unit = math.sqrt(float(data.v[use].min()))  # of any scale: squares neither overflow nor vanish
    y, v, cluster = data.y[use] / unit, data.v[use] / unit / unit, data.cluster[use]
    w = factor[use] / (v + data.tau2 / unit / unit)
    bread = 1.0 / float(w.sum())
    mean = bread * float((w * y).sum())
    df: float | None
    if data.robust:
        error, df = _robust(y - mean, v, w, cluster)
    else:
        # As the authors: t with k - 1 degrees of freedom, k counting the affirmative effects too.
        error = math.sqrt(float((w * w * v).sum())) * bread
        df = float(data.y.size - 1) if data.y.size > 1 else None
    critical = quantile(level, df)
    size = -abs(mean) / error if error > 0.0 else -math.inf if mean else 0.0
    p = 2.0 * float(special.ndtr(size) if df is None else special.stdtr(df, size))
    mean, error = unit * mean, unit * error
    return Corrected(ratio, mean, error, df, p, mean - critical * error, mean + critical * error)


def _robust(residual: Vector, v: Vector, w: Vector, cluster: NDArray[np.intp]) -> tuple[float, float]:
    """Return the bias-reduced cluster-robust standard error (CR2) and Satterthwaite degrees of freedom.

    The working model is that of robumeta with a user's weights, which the authors' results rest on: for the
    adjustment independent errors with the mean variance of a study, for the degrees of freedom errors of
    equal variance.

    Raises
    ------
    ModelError
        Where there is one study only.
    """
    names, place = np.unique(cluster, return_inverse=True)
    if names.size < 2:
        raise ModelError(
            "one study alone has no spread between studies for a robust standard error; use model='fixed'"
        )
    phi = np.bincount(place, v) / np.bincount(place)
    bread = 1.0 / float(w.sum())
    middle = bread * bread * float((phi[place] * w * w).sum())
    variance, size, reach, total = 0.0, [], [], []
    for j in range(names.size):
        mine = np.flatnonzero(place == j)
        own, f = w[mine], float(phi[j])
        block = f * np.eye(mine.size) - bread * f * (own[:, None] + own[None, :]) + middle
        values, vectors = np.linalg.eigh(f * block)
        kept = values > 1e-11 * max(float(values[-1]), f * f)
        root = np.where(kept, 1.0 / np.sqrt(np.where(kept, values, 1.0)), 0.0)
        a = bread * f * (vectors @ (root * (vectors.T @ own)))
        variance += float(a @ residual[mine]) ** 2
        size.append(float(a @ a))
        reach.append(float(a @ own))
        total.append(float(a.sum()))
    s, r = bread * np.array(total), np.array(reach)
    p = np.diag(size) - np.outer(s, r) - np.outer(r, s) + float(w @ w) * np.outer(s, s)
    return math.sqrt(variance), float(np.trace(p) ** 2 / (p * p).sum())


def s_value(data: Publication, target: float, level: float | None = None) -> float | None:
    """Return the smallest ratio at which the mean, or the lower end of its interval, is at a target or below.

    Parameters
    ----------
    data : Publication
        The effects.
    target : float
        In the favoured direction.
    level : float, optional
        Of the interval; without it the mean is asked.

    Returns
    -------
    float or None
        1 where it is there already; None where no ratio takes it there.
    """

    def above(log_ratio: float) -> float:
        found = corrected(data, math.exp(log_ratio), 0.95 if level is None else level)
        return (found.estimate if level is None else found.conf_low) - target

    if above(0.0) <= 0.0:
        return 1.0
    if data.affirmative.all() or not data.affirmative.any():
        return None
    if level is None:
        w = 1.0 / (data.v + data.tau2)
        lost = w * (data.y - target)
        ratio = -float(lost[data.affirmative].sum()) / float(lost[~data.affirmative].sum())
        return ratio if ratio > 0.0 else None
    # The lower end need not fall all the way: the first crossing counts.
    grid = np.linspace(0.0, math.log(_MOST), 400)
    heights = [above(float(one)) for one in grid]
    first = next((i for i, height in enumerate(heights) if height <= 0.0), None)
    if first is None:
        return None
    root = optimize.brentq(above, float(grid[first - 1]), float(grid[first]), xtol=1e-15, rtol=1e-14)
    return math.exp(float(root))
