"""The p-curve: the distribution of significant p values, against that of no effect and that of low power."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from evidence.errors import ModelError
from evidence.numerics.fail_safe import at_least
from evidence.numerics.wls import Vector

__all__ = ["PCurveResult", "Statistics", "p_curve", "p_of"]

ALPHA = 0.05
_HALF = 0.025
_POWERS = (0.05, 0.99)
"""Range of the power that is estimated: at .05 nothing is there, beyond .99 curves cannot be told apart."""


@dataclass(frozen=True)
class Statistics:
    """Tests of a hypothesis, two-sided where they have a sign.

    Attributes
    ----------
    value : Vector, shape (k,)
        Size of z or t, or F or chi-squared.
    df1, df2 : Vector, shape (k,)
        Degrees of freedom: z has df1 = 1 and df2 infinite and is a size, t has df1 = 1 and is a size too
        (``root`` true), F has both, chi-squared df1 only (df2 infinite).
    root : ndarray of bool, shape (k,)
        Whether the value is the root of an F or chi-squared with df1 = 1.
    """

    value: Vector
    df1: Vector
    df2: Vector
    root: NDArray[np.bool_]


def _log_above(x: float, df1: float, df2: float, root: bool, ncp: float) -> float:
    """Return the logarithm of the chance of a value above x; ncp is that of F and chi-squared."""
    if root and math.isinf(df2):
        shift = math.sqrt(ncp)
        return float(np.logaddexp(special.log_ndtr(shift - x), special.log_ndtr(-shift - x)))
    from scipy import stats  # slow to import

    square = x * x if root else x
    if math.isinf(df2):
        return float(stats.ncx2.logsf(square, df1, ncp) if ncp > 0.0 else stats.chi2.logsf(square, df1))
    return float(stats.ncf.logsf(square, df1, df2, ncp) if ncp > 0.0 else stats.f.logsf(square, df1, df2))


def _critical(alpha: float, df1: float, df2: float, root: bool) -> float:
    """Return the value whose p value is alpha."""
    if math.isinf(df2):
        square = float(special.chdtri(df1, alpha))
    else:
        square = float(special.fdtri(df1, df2, 1.0 - alpha))
    return math.sqrt(square) if root else square


def p_of(tests: Statistics) -> Vector:
    """Return two-sided p values."""
    return np.array(
        [
            math.exp(_log_above(x, df1, df2, bool(root), 0.0))
            for x, df1, df2, root in zip(tests.value, tests.df1, tests.df2, tests.root, strict=True)
        ]
    )


@dataclass(frozen=True)
class PCurveResult:
    """Tests of a p-curve; z values are those of Stouffer's method, negative ones for smaller pp values.

    Attributes
    ----------
    p : Vector, shape (k,)
        All p values.
    significant : ndarray of bool, shape (k,)
        Below .05.
    pp_null, pp_33 : Vector, shape (significant,)
        Chance of so small a p if there is nothing; of so large a p if power is 33 %; both among significant.
    z_full, p_full, z_half, p_half : float
        Right skew: against no effect, by all significant p and by those below .025 (NaN without).
    z_full_33, p_full_33, z_half_33, p_half_33 : float
        Flatness: against 33 % power.
    binomial, binomial_33 : float
        P of so many p below .025 (or more) without effect; of so few (or fewer) at 33 % power.
    power, power_low, power_high : float
        Average power by Stouffer's method, with the 90 % interval, within .05 and .99.
    """

    p: Vector
    significant: NDArray[np.bool_]
    pp_null: Vector
    pp_33: Vector
    z_full: float
    p_full: float
    z_half: float
    p_half: float
    z_full_33: float
    p_full_33: float
    z_half_33: float
    p_half_33: float
    binomial: float
    binomial_33: float
    power: float
    power_low: float
    power_high: float

    @property
    def evidential(self) -> bool:
        """Whether the rule of 2015 sees evidential value."""
        return self.p_half < 0.05 or (self.p_half < 0.1 and self.p_full < 0.1)

    @property
    def inadequate(self) -> bool:
        """Whether that rule sees evidential value absent or inadequate (less than 33 % power would give)."""
        return self.p_full_33 < 0.05 or (self.p_half_33 < 0.1 and self.binomial_33 < 0.1)


def _stouffer(scores: Vector) -> tuple[float, float]:
    if not scores.size:
        return math.nan, math.nan
    z = float(scores.sum()) / math.sqrt(scores.size)
    return z, float(special.ndtr(z))


class _Curve:
    """The significant tests, with what does not depend on the power."""

    def __init__(self, tests: Statistics, chosen: NDArray[np.intp]) -> None:
        self.rows: list[tuple[float, float, float, bool]] = [
            (float(tests.value[i]), float(tests.df1[i]), float(tests.df2[i]), bool(tests.root[i]))
            for i in chosen
        ]
        self.critical = [_critical(ALPHA, df1, df2, root) for _, df1, df2, root in self.rows]
        self.half = [_critical(_HALF, df1, df2, root) for _, df1, df2, root in self.rows]

    def ncps(self, power: float) -> list[float]:
        """Return the noncentrality that gives each test this power; equal tests are solved once."""
        known: dict[tuple[float, float, bool], float] = {}
        for (_, df1, df2, root), limit in zip(self.rows, self.critical, strict=True):
            if (df1, df2, root) not in known:
                known[df1, df2, root] = _ncp(power, limit, df1, df2, root)
        return [known[df1, df2, root] for _, df1, df2, root in self.rows]

    def scores(self, power: float, ncps: list[float] | None = None) -> Vector:
        """Return the normal scores of the chance of a p so large or larger, among significant ones."""
        ncps = self.ncps(power) if ncps is None else ncps
        above = [_log_above(*row, ncp) for row, ncp in zip(self.rows, ncps, strict=True)]
        return -_score(np.array(above) - math.log(power))


def _score(log_p: Vector) -> Vector:
    """Return the normal quantile of a probability by its logarithm; rounding must not take it above 1."""
    return np.asarray(special.ndtri_exp(np.minimum(log_p, -1e-16)))


def _ncp(power: float, limit: float, df1: float, df2: float, root: bool) -> float:
    """Return the noncentrality with this power."""
    if power <= ALPHA:
        return 0.0

    def short(shift: float) -> float:
        # In the root of the noncentrality, in which power is nearly linear.
        return math.exp(_log_above(limit, df1, df2, root, shift * shift)) - power

    top = 4.0
    while short(top) < 0.0:
        top *= 2.0
    return float(optimize.brentq(short, 0.0, top, xtol=1e-14, rtol=1e-14)) ** 2


def p_curve(tests: Statistics) -> PCurveResult:
    """Test the shape of the curve of significant p values, and estimate the average power behind it.

    Raises
    ------
    ModelError
        Where no p value is below .05.

    References
    ----------
    Simonsohn U, Nelson LD, Simmons JP. J Exp Psychol Gen 2014;143:534-547. https://doi.org/10.1037/a0033242
    Simonsohn U, Simmons JP, Nelson LD. J Exp Psychol Gen 2015;144:1146-1152.
    https://doi.org/10.1037/xge0000104
    """
    p = p_of(tests)
    significant = p < ALPHA
    chosen = np.flatnonzero(significant)
    if not chosen.size:
        raise ModelError(
            f"none of {p.size} p values is below .05: a p-curve is made of significant ones alone"
        )
    curve = _Curve(tests, chosen)
    small = p[chosen] < _HALF
    log_p = np.array([_log_above(*row, 0.0) for row in curve.rows])
    ncps = curve.ncps(1.0 / 3.0)
    score_33 = curve.scores(1.0 / 3.0, ncps)
    log_half = np.array(
        [
            _log_above(limit, df1, df2, root, ncp)
            for (_, df1, df2, root), limit, ncp in zip(curve.rows, curve.half, ncps, strict=True)
        ]
    )
    above = np.array([_log_above(*row, ncp) for row, ncp in zip(curve.rows, ncps, strict=True)])
    z_full, p_full = _stouffer(_score(log_p - math.log(ALPHA)))
    z_half, p_half = _stouffer(_score(log_p[small] - math.log(_HALF)))
    z_full_33, p_full_33 = _stouffer(score_33)
    z_half_33, p_half_33 = _stouffer(-_score(above[small] - log_half[small]))
    k, low = chosen.size, int(small.sum())
    share = 3.0 * np.exp(log_half)
    return PCurveResult(
        p=p,
        significant=significant,
        pp_null=np.exp(log_p) / ALPHA,
        pp_33=special.ndtr(score_33),
        z_full=z_full,
        p_full=p_full,
        z_half=z_half,
        p_half=p_half,
        z_full_33=z_full_33,
        p_full_33=p_full_33,
        z_half_33=z_half_33,
        p_half_33=p_half_33,
        binomial=float(special.bdtrc(low - 1, k, 0.5)) if low else 1.0,
        # So few or fewer below .025 is so many or more above it.
        binomial_33=at_least(1.0 - share, k - low),
        power=_power(curve, 0.0),
        power_low=_power(curve, float(special.ndtri(0.95))),
        power_high=_power(curve, float(special.ndtri(0.05))),
    )


def _power(curve: _Curve, target: float) -> float:
    """Return the power at which Stouffer's z of "no larger p" is a value: it rises as power falls."""
    low, high = _POWERS

    def gap(power: float) -> float:
        return -_stouffer(curve.scores(power))[0] + target

    if gap(low) >= 0.0:
        return low
    if gap(high) <= 0.0:
        return high
    return float(optimize.brentq(gap, low, high, xtol=1e-13, rtol=1e-13))
