"""One random-effects fit from arrays, with as few array operations as the equations allow.

The equations and proofs are those of `numerics.score_facts`, for a single data set and in plain floats: with
ten effects an array operation costs what a hundred additions cost, so that their number is what counts.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy import special

from evidence.errors import ModelError
from evidence.numerics.intervals import quantile
from evidence.numerics.tau2 import TAU2
from evidence.numerics.wls import Vector, sample

__all__ = ["ArrayFit", "fit_arrays"]

_TURNS = 60
_CLOSE = 3e-8
_INF = math.inf


class ArrayFit(NamedTuple):
    """A random-effects meta-analysis in numbers.

    Attributes
    ----------
    k : int
        Number of effects.
    estimate, std_error, statistic, p_value, conf_low, conf_high : float
        Mean, its standard error, test of zero and interval.
    df : int or None
        Degrees of freedom of the t distribution, None for the normal.
    tau2, tau2_low, tau2_high : float or None
        Between-study variance and its Q-profile interval.
    i2, h2, q, q_p_value : float or None
        Heterogeneity: I² in percent, H², Cochran's Q and its p value.
    pred_low, pred_high : float or None
        Prediction interval.
    identical : bool
        Whether HKSJ met identical effects and used the factor 1.
    """

    k: int
    estimate: float
    std_error: float
    statistic: float
    p_value: float
    conf_low: float
    conf_high: float
    df: int | None
    tau2: float | None
    tau2_low: float | None
    tau2_high: float | None
    i2: float | None
    h2: float | None
    q: float | None
    q_p_value: float | None
    pred_low: float | None
    pred_high: float | None
    identical: bool


class _Point(NamedTuple):
    """The moments at one tau² (`score_facts.Moments`) as floats."""

    s1: float
    shift: float
    trace: float
    fall: float
    q1: float
    q2: float
    q3: float


class _Scaled:
    """Effects beside the most precise one, in its standard error's units."""

    def __init__(self, y: Vector, v: Vector) -> None:
        pivot = int(v.argmin())
        self.origin, self.unit = float(y[pivot]), float(v[pivot])
        self.root = math.sqrt(self.unit)
        z, u = (y - self.origin) / self.root, v / self.unit
        z[pivot], u[pivot] = z[0], u[0]
        self.z, self.u = z[1:], u[1:]
        self.ones = np.ones(self.z.size)

    def point(self, t: float, *, restricted: bool = True) -> _Point:
        """Return the moments at t."""
        w = (1.0 + t) / (self.u + t)
        w2 = w * w
        p1, p2, p3 = float(w @ self.ones), float(w @ w), float(w2 @ w)
        s1, unit = 1.0 + p1, 1.0 + t
        shift = float(w @ self.z) / s1
        r = self.z - shift
        cross = float(w2 @ r) - shift
        wr = w * r
        own, squares = shift * shift, wr * wr
        q1 = (float(wr @ r) + own) / unit
        q2 = (float(squares @ self.ones) + own) / unit
        q3 = (float(squares @ w) + own - cross * cross / s1) / unit
        if not restricted:
            return _Point(s1, shift, s1, 1.0 + p2, q1, q2, q3)
        square = p1 * p1
        trace = (2.0 * p1 + square - p2) / s1
        fall = (square + p2 * p2 + square * p2 + (3.0 * p2 - 2.0 * p3) + 2.0 * p1 * (p2 - p3)) / (s1 * s1)
        return _Point(s1, shift, trace, fall, q1, q2, q3)

    def q(self, t: float) -> tuple[float, float, float, float]:
        """Return the sum of weights, the mean's shift, Q, and its quadratic form with squared weights."""
        w = (1.0 + t) / (self.u + t)
        s1, unit = 1.0 + float(w @ self.ones), 1.0 + t
        shift = float(w @ self.z) / s1
        r = self.z - shift
        wr = w * r
        own = shift * shift
        return s1, shift, (float(wr @ r) + own) / unit, (float(wr @ wr) + own) / unit


def _one_zero_beyond(p: _Point) -> bool:
    return p.q1 * p.fall < 2.0 * p.trace * p.trace


def _none_before(first: _Point, p: _Point, t: float) -> bool:
    """Tell whether fact D holds between 0 and t (see `score_facts.none_before`)."""
    unit = 1.0 + t
    s_0, s_t = math.sqrt(1.0 / first.q2), math.sqrt(unit / p.q2)
    slope_0, slope_t = s_0 * first.q3 / first.q2, s_t * p.q3 / (p.q2 * unit)
    if slope_0 - slope_t <= 1e-12 * slope_0:
        return True
    meet = (s_t - slope_t * t - s_0) / (slope_0 - slope_t)
    height = s_0 + slope_0 * meet
    return height * height < (1.0 + (unit * first.trace / p.trace - 1.0) * (meet / t)) / first.trace


def _maximum(data: _Scaled, first: _Point, guess: float, *, restricted: bool) -> float | None:
    """Return the global maximum over t, or None where facts A and D do not prove it."""
    if not first.q2 > first.trace:
        return 0.0 if _one_zero_beyond(first) else None
    t = guess if guess > 0.0 else 1.0
    low, high = 0.0, _INF
    for _ in range(_TURNS):
        p = data.point(t, restricted=restricted)
        ratio = p.trace / p.q2
        rise = (2.0 * ratio * p.q3 - p.fall) / p.q2
        f = ratio - 1.0
        if f < 0.0:
            low = t
        else:
            high = t
        step = -f * (1.0 + t) / rise if rise > 0.0 else math.nan
        if abs(step) <= _CLOSE * (1.0 + t):
            return t + step if _one_zero_beyond(p) and _none_before(first, p, t) else None
        new = t + step
        # Not strictly inside (or NaN): halve, or double while there is no upper end.
        t = new if low < new < high else (0.5 * (low + high) if high < _INF else 2.0 * t + 1.0)
    return None


def _solve_q(data: _Scaled, target: float, start: tuple[float, float, float], q_0: float) -> float:
    """Solve Q(t) = target from the values of t, Q and its quadratic form at some start.

    ``1 / Q`` is concave: wherever it starts, Newton's method lands at or below the root, and then climbs.

    Raises
    ------
    ModelError
        Where that takes more than 60 steps.
    """
    if q_0 <= target:
        return 0.0
    t, q1, q2 = start
    for _ in range(_TURNS):
        step = (1.0 + t) * (q1 / target - 1.0) * (q1 / q2)
        if abs(step) <= _CLOSE * (1.0 + t):
            return t + step
        t = max(0.0, t + step)
        _, _, q1, q2 = data.q(t)
    raise ModelError(f"the equation Q(tau²) = {target:.6g} was not solved in {_TURNS} steps")


@lru_cache(maxsize=4096)
def _critical(level: float, df: int | None) -> float:
    return quantile(level, df)


@lru_cache(maxsize=4096)
def _chi2_ends(level: float, df: int) -> tuple[float, float]:
    tail = 0.5 * (1.0 - level)
    return float(special.chdtri(df, tail)), float(special.chdtri(df, 1.0 - tail))


def _tau2(code: str, y: Vector, v: Vector, data: _Scaled, first: _Point) -> float:
    """Return tau² in the units of the most precise effect."""
    df = y.size - 1
    if code == "DL":
        return max(0.0, (first.q1 - df) / first.trace)
    if code in ("PM", "EB"):
        return _solve_q(data, float(df), (0.0, first.q1, first.q2), first.q1)
    if code in ("REML", "ML"):
        restricted = code == "REML"
        start = first if restricted else data.point(0.0, restricted=False)
        t = _maximum(data, start, (first.q1 - df) / first.trace, restricted=restricted)
        if t is not None:
            return t
    return TAU2[code](sample(y, v)).value / data.unit


def fit_arrays(y: Vector, v: Vector, tau2: str, inference: str, level: float) -> ArrayFit:
    """Fit one data set.

    Parameters
    ----------
    y, v : Vector, shape (k,)
        Effects and variances: finite, variances positive.
    tau2 : str
        A code of `numerics.tau2.TAU2`.
    inference : {"z", "t", "HKSJ", "mHKSJ"}
        See `numerics.intervals.mean_inference`.
    level : float
        Level of the intervals.

    Returns
    -------
    ArrayFit

    Raises
    ------
    ModelError
        Where effects and standard errors are too many orders of magnitude apart.
    """
    k = y.size
    if k == 1:
        return _single(float(y[0]), math.sqrt(v[0]), level)
    with np.errstate(over="ignore", invalid="ignore"):
        data = _Scaled(y, v)
        first = data.point(0.0)
    if not math.isfinite(first.q1):
        raise ModelError(
            "effects and standard errors are too many orders of magnitude apart; check their units"
        )
    t = _tau2(tau2, y, v, data, first)
    s1, shift, q, squares = data.q(t) if t > 0.0 else (first.s1, first.shift, first.q1, first.q2)
    dof, root = k - 1, data.root
    df = None if inference == "z" else dof
    factor = q / dof if inference in ("HKSJ", "mHKSJ") else 1.0
    identical = inference == "HKSJ" and factor < 1e-20
    if identical or (inference == "mHKSJ" and factor < 1.0):
        factor = 1.0
    estimate = data.origin + shift * root
    error = root * math.sqrt((1.0 + t) / s1 * factor)
    statistic, critical = estimate / error, _critical(level, df)
    half, reach = critical * error, critical * math.hypot(root * math.sqrt(t), error)
    size = -abs(statistic)
    typical, (upper, lower) = dof / first.trace, _chi2_ends(level, dof)
    start = (t, q, squares)
    high = _solve_q(data, lower, start, first.q1)
    return ArrayFit(
        k,
        estimate,
        error,
        statistic,
        2.0 * float(special.ndtr(size) if df is None else special.stdtr(df, size)),
        estimate - half,
        estimate + half,
        df,
        t * data.unit,
        _solve_q(data, upper, start, first.q1) * data.unit,
        high * data.unit,
        100.0 * t / (t + typical),
        t / typical + 1.0,
        first.q1,
        float(special.chdtrc(dof, first.q1)),
        estimate - reach,
        estimate + reach,
        identical,
    )


def _single(y: float, error: float, level: float) -> ArrayFit:
    half = _critical(level, None) * error
    p = 2.0 * float(special.ndtr(-abs(y / error)))
    nothing = (None,) * 9
    return ArrayFit(1, y, error, y / error, p, y - half, y + half, None, *nothing, identical=False)
