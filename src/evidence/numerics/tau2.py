"""Estimators of the between-study variance tau², each the exact optimum or root of its equation.

Intercept-only random-effects model: ``y_i ~ N(mu, v_i + tau²)``. The closed forms (DL, HE, HS, HSk, SJ) are
direct; PM and EB solve one monotone equation; ML and REML maximise a likelihood that may have several
local maxima, so their score is first signed on a grid that holds every maximum and each candidate is
polished inside its bracket. All steps are relative: multiply the effects by c and tau² comes out
multiplied by c².
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from evidence.errors import ModelError
from evidence.numerics.wls import Sample, Sums, Vector, sums

__all__ = ["TAU2", "Tau2", "generalised_q", "log_likelihood", "maximise", "solve_q"]

_EPS = float(np.finfo(np.float64).eps)
_MAX_STEPS = 200
"""Bisection alone ends a double's bracket in some 1,100 halvings at worst and in 60 as a rule; Newton
needs 3 to 8. Reaching the limit is reported as an error."""


@dataclass(frozen=True)
class Tau2:
    """An estimate of the between-study variance.

    Attributes
    ----------
    value : float
        The estimate, in squared units of the effects; exactly 0.0 at the boundary.
    steps : int
        Newton steps taken; 0 for closed forms.
    """

    value: float
    steps: int = 0


def log_likelihood(data: Sample, t: float, *, restricted: bool = False, mean: float | None = None) -> float:
    """Return the log-likelihood at tau² = t, maximised over the mean unless `mean` is given.

    The restricted form includes ``+ 0.5 log|X'X|`` (Harville 1974), as metafor does.

    References
    ----------
    Harville DA. Bayesian inference for variance components using only error contrasts. Biometrika
    1974;61(2):383-385. https://doi.org/10.1093/biomet/61.2.383
    """
    one = sums(data, np.array([t]), mean)
    total = data.v + t
    value = -0.5 * (float(np.log(total).sum()) + float(one.q1[0]))
    if restricted:
        log_information = float(np.log(one.s1[0]) - np.log(one.unit[0]))
        value += 0.5 * (math.log(data.k) - log_information)
        return value - 0.5 * (data.k - 1) * math.log(2.0 * math.pi)
    return value - 0.5 * data.k * math.log(2.0 * math.pi)


def generalised_q(data: Sample, t: float) -> float:
    """Return Q(t), the weighted sum of squared residuals with weights 1 / (v + t); it falls as t grows."""
    return float(sums(data, np.array([t])).q1[0])


def solve_q(data: Sample, target: float) -> Tau2:
    """Solve Q(t) = target for t >= 0; exactly 0 where Q(0) does not exceed the target.

    ``1 / Q`` is increasing and concave in t, so Newton's method on it from 0 approaches the root from below,
    never past it, and is exact in one step for equal variances.

    Raises
    ------
    ModelError
        Where 200 steps do not suffice.
    """
    t, steps = 0.0, 0
    while steps < _MAX_STEPS:
        now = sums(data, np.array([t]))
        q, q2, unit = float(now.q1[0]), float(now.q2[0]), float(now.unit[0])
        if q <= target:
            return Tau2(t, steps)
        step = unit * (q / target - 1.0) * (q / q2)
        steps += 1
        if step <= 2.0 * _EPS * t:
            return Tau2(t + step, steps)
        t += step
    raise ModelError(f"the equation Q(tau²) = {target:.6g} was not solved in {_MAX_STEPS} steps")


def _slopes(now: Sums, restricted: bool, known: bool) -> tuple[Vector, Vector, Vector, Vector]:
    """Return trace, its decrease, the quadratic form and its half decrease, for the likelihood in use."""
    trace = now.tr_p if restricted else now.s1
    fall = now.tr_pp if restricted else now.s2
    cubic = now.q3 if known else now.q3 - now.cross * now.cross / now.s1
    return trace, fall, now.q2, cubic


def _log_ratio(data: Sample, t: Vector, restricted: bool, mean: float | None) -> tuple[Vector, Vector]:
    """Return log(q2 / trace), which has the sign of the score, and its derivative in t."""
    blocks = [t] if data.k * t.size <= 200_000 else [t[i : i + 1] for i in range(t.size)]
    values, derivatives = [], []
    for block in blocks:
        now = sums(data, block, mean)
        trace, fall, quadratic, cubic = _slopes(now, restricted, mean is not None)
        with np.errstate(divide="ignore", invalid="ignore"):
            values.append(np.log(quadratic) - np.log(trace))
            derivatives.append((fall / trace - 2.0 * cubic / quadratic) / now.unit)
    return np.concatenate(values), np.concatenate(derivatives)


def _grid(data: Sample, reach: float) -> Vector:
    """Return values of tau² from 0 to `reach` on which no wiggle of the score can hide.

    Each effect enters the score through t / (v + t), which takes more than a decade of t to
    change: five points a decade (two where many effects smooth the curve) see every bump.
    """
    low = min(0.02 * data.v_min, 0.5 * reach)
    decades = float(np.log10(reach) - np.log10(low))
    count = int(np.clip((5 if data.k <= 64 else 2) * decades, 6, 400))
    return np.concatenate([[0.0], np.geomspace(low, reach, count)])


def _brackets(data: Sample, reach: float, restricted: bool, mean: float | None) -> list[tuple[float, float]]:
    """Return the intervals of tau² in which the score changes from rising to falling likelihood."""
    t = _grid(data, reach)
    ratio, slope = _log_ratio(data, t, restricted, mean)
    same = np.sign(ratio[:-1]) == np.sign(ratio[1:])
    # Both ends agree in sign, yet the curve turns towards zero between them: look closer, once.
    turns = np.where(ratio[:-1] > 0, (slope[:-1] < 0) & (slope[1:] > 0), (slope[:-1] > 0) & (slope[1:] < 0))
    suspects = np.flatnonzero(same & turns)
    if suspects.size:
        extra = np.concatenate([np.linspace(t[i], t[i + 1], 14)[1:-1] for i in suspects])
        order = np.argsort(np.concatenate([t, extra]))
        t = np.concatenate([t, extra])[order]
        ratio = np.concatenate([ratio, _log_ratio(data, extra, restricted, mean)[0]])[order]
    peaks = np.flatnonzero((ratio[:-1] > 0) & (ratio[1:] <= 0))
    found = [(float(t[i]), float(t[i + 1])) for i in peaks]
    return ([(0.0, 0.0)] if ratio[0] <= 0 else []) + found


def _polish(
    data: Sample, bracket: tuple[float, float], restricted: bool, mean: float | None
) -> tuple[float, int]:
    """Find the root of the score inside its bracket: Newton on trace / q2 - 1, halving where it leaves.

    Raises
    ------
    ModelError
        Where the bracket is not closed in 200 steps.
    """
    low, high = bracket
    if high == 0.0:
        return 0.0, 0
    t = 0.5 * (low + high)
    for steps in range(1, _MAX_STEPS + 1):
        now = sums(data, np.array([t]), mean)
        trace, fall, quadratic, cubic = (float(x[0]) for x in _slopes(now, restricted, mean is not None))
        a = trace / quadratic
        if a < 1.0:
            low = t
        else:
            high = t
        slope = fall / quadratic - 2.0 * a * cubic / quadratic
        step = float(now.unit[0]) * (a - 1.0) / slope if slope < 0.0 else np.nan
        new = t + step
        if abs(step) <= 2.0 * _EPS * t or high - low <= 2.0 * _EPS * high:
            return t, steps
        # Not strictly inside (or NaN): halve instead.
        t = new if low < new < high else 0.5 * (low + high)
    raise ModelError(f"the likelihood equation for tau² was not solved in {_MAX_STEPS} steps")


def maximise(data: Sample, *, restricted: bool = False, mean: float | None = None) -> Tau2:
    """Return the global maximum of the (restricted) likelihood over tau² >= 0.

    No maximum lies beyond the squared range of the effects: there ``w r² (1-h) < 1`` for each effect, so
    that every term of the score is negative.

    Parameters
    ----------
    data : Sample
        Effects and variances, k at least 2 (1 where `mean` is given).
    restricted : bool
        REML instead of ML.
    mean : float, optional
        A known mean: the profile likelihood at that mean (ML only).

    Returns
    -------
    Tau2

    Raises
    ------
    ModelError
        Where a bracket is not closed in 200 steps, or effects and variances are more than 300
        orders of magnitude apart.
    """
    far = data.spread if mean is None else float(np.abs(data.y - mean).max())
    reach = far * far
    if reach == 0.0:
        return Tau2(0.0)
    if not np.isfinite(reach) or not np.isfinite(reach / data.v_min):
        raise ModelError(
            "the effects differ by more than 150 orders of magnitude from their standard errors;"
            " check the units of both columns"
        )
    if mean is None and reach <= data.v_min:
        # Then w² r² < w (1 - h) for each effect at t = 0 and beyond: the likelihood only falls.
        return Tau2(0.0)
    brackets = _brackets(data, reach, restricted, mean)
    candidates = [_polish(data, bracket, restricted, mean) for bracket in brackets]
    if len(candidates) == 1:
        return Tau2(*candidates[0])
    heights = [log_likelihood(data, t, restricted=restricted, mean=mean) for t, _ in candidates]
    return Tau2(*candidates[int(np.argmax(heights))])


def _common(data: Sample) -> Sums:
    return sums(data, np.zeros(1))


def dersimonian_laird(data: Sample) -> Tau2:
    """Return the moment estimator of DerSimonian & Laird (1986).

    https://doi.org/10.1016/0197-2456(86)90046-2
    """
    now = _common(data)
    return Tau2(max(0.0, float(now.unit[0] * (now.q1[0] - (data.k - 1)) / now.tr_p[0])))


def hedges(data: Sample) -> Tau2:
    """Return Hedges' (1983) unweighted moment estimator, https://doi.org/10.1037/0033-2909.93.2.388."""
    return Tau2(max(0.0, float(np.var(data.z, ddof=1) - data.v.mean())))


def hunter_schmidt(data: Sample) -> Tau2:
    """Return the estimator of Hunter & Schmidt: ``(Q - k) / sum of weights``."""
    now = _common(data)
    return Tau2(max(0.0, float(now.unit[0] * (now.q1[0] - data.k) / now.s1[0])))


def hunter_schmidt_corrected(data: Sample) -> Tau2:
    """Return Hunter & Schmidt's estimator with Q scaled by ``k / (k - 1)``."""
    now = _common(data)
    return Tau2(max(0.0, float(now.unit[0] * (now.q1[0] * data.k / (data.k - 1) - data.k) / now.s1[0])))


def sidik_jonkman(data: Sample) -> Tau2:
    """Return Sidik & Jonkman's (2005) estimator, https://doi.org/10.1111/j.1467-9876.2005.00489.x."""
    start = float(np.var(data.z))
    if start == 0.0:
        return Tau2(0.0)
    now = sums(data, np.array([start]))
    return Tau2(start * float(now.q1[0]) / (data.k - 1))


def paule_mandel(data: Sample) -> Tau2:
    """Return the root of Q(t) = k - 1 (Paule & Mandel 1982), https://doi.org/10.6028/jres.087.022.

    The empirical Bayes estimator of Morris (1983), https://doi.org/10.1080/01621459.1983.10477920,
    solves the same equation.
    """
    return solve_q(data, float(data.k - 1))


def maximum_likelihood(data: Sample) -> Tau2:
    """Return the maximum of the likelihood (Hardy & Thompson 1996)."""
    return maximise(data)


def restricted_likelihood(data: Sample) -> Tau2:
    """Return the maximum of the restricted likelihood (Viechtbauer 2005).

    https://doi.org/10.3102/10769986030003261
    """
    return maximise(data, restricted=True)


TAU2: dict[str, Callable[[Sample], Tau2]] = {
    "DL": dersimonian_laird,
    "HE": hedges,
    "HS": hunter_schmidt,
    "HSk": hunter_schmidt_corrected,
    "SJ": sidik_jonkman,
    "PM": paule_mandel,
    "ML": maximum_likelihood,
    "REML": restricted_likelihood,
    "EB": paule_mandel,
}
"""Estimators by their code."""
