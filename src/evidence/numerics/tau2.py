"""Estimators of the between-study variance tau², each the exact optimum or root of its equation.

Models with one variance component: ``y_i ~ N(x_i'b, v_i + tau²)``, with a mean only or with moderators.
The closed forms (DL, HE, HS, HSk, SJ) are direct; PM and EB solve one monotone equation; ML and REML
maximise a likelihood that may have several local maxima, so their score is first signed on a grid that
holds every maximum and each candidate is polished inside its bracket. All steps are relative: multiply
the effects by c and tau² comes out multiplied by c².
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from evidence.errors import ModelError
from evidence.numerics.wls import Problem, Sums, Vector

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


def log_likelihood(data: Problem, t: float, *, restricted: bool = False) -> float:
    """Return the log-likelihood at tau² = t, maximised over the coefficients.

    The restricted form includes ``+ 0.5 log|X'X|`` (Harville 1974), as metafor does.

    References
    ----------
    Harville DA. Bayesian inference for variance components using only error contrasts. Biometrika
    1974;61(2):383-385. https://doi.org/10.1093/biomet/61.2.383
    """
    one = data.sums(np.array([t]))
    value = -0.5 * (float(np.log(data.v + t).sum()) + float(one.q1[0]))
    if restricted:
        # log |X'X| - log |X'(V + t)^-1 X|
        value += 0.5 * (data.p * math.log(one.unit[0]) - float(one.log_det[0]))
        return value - 0.5 * (data.k - data.p) * math.log(2.0 * math.pi)
    return value - 0.5 * data.k * math.log(2.0 * math.pi)


def generalised_q(data: Problem, t: float) -> float:
    """Return Q(t), the weighted sum of squared residuals with weights 1 / (v + t); it falls as t grows."""
    return float(data.sums(np.array([t])).q1[0])


def solve_q(data: Problem, target: float) -> Tau2:
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
        now = data.sums(np.array([t]))
        q, q2, unit = float(now.q1[0]), float(now.q2[0]), float(now.unit[0])
        if q <= target:
            return Tau2(t, steps)
        step = unit * (q / target - 1.0) * (q / q2)
        steps += 1
        if step <= 2.0 * _EPS * t:
            return Tau2(t + step, steps)
        t += step
    raise ModelError(f"the equation Q(tau²) = {target:.6g} was not solved in {_MAX_STEPS} steps")


def _slopes(now: Sums, restricted: bool) -> tuple[Vector, Vector]:
    """Return the trace that balances y'PPy in the likelihood in use, and how fast it falls."""
    return (now.tr_p, now.tr_pp) if restricted else (now.s1, now.s2)


def _log_ratio(data: Problem, t: Vector, restricted: bool) -> tuple[Vector, Vector]:
    """Return log(q2 / trace), which has the sign of the score, and its derivative in t."""
    blocks = [t] if data.k * t.size <= 200_000 else [t[i : i + 1] for i in range(t.size)]
    values, derivatives = [], []
    for block in blocks:
        now = data.sums(block)
        trace, fall = _slopes(now, restricted)
        with np.errstate(divide="ignore", invalid="ignore"):
            values.append(np.log(now.q2) - np.log(trace))
            derivatives.append((fall / trace - 2.0 * now.q3 / now.q2) / now.unit)
    return np.concatenate(values), np.concatenate(derivatives)


def _grid(data: Problem, reach: float) -> Vector:
    """Return values of tau² from 0 to `reach` on which no wiggle of the score can hide.

    Each effect enters the score through t / (v + t), which takes more than a decade of t to
    change: five points a decade (two where many effects smooth the curve) see every bump.
    """
    low = min(0.02 * data.v_min, 0.5 * reach)
    decades = float(np.log10(reach) - np.log10(low))
    count = int(np.clip((5 if data.k <= 64 else 2) * decades, 6, 400))
    return np.concatenate([[0.0], np.geomspace(low, reach, count)])


def _brackets(data: Problem, reach: float, restricted: bool) -> list[tuple[float, float]]:
    """Return the intervals of tau² in which the score changes from rising to falling likelihood."""
    t = _grid(data, reach)
    ratio, slope = _log_ratio(data, t, restricted)
    same = np.sign(ratio[:-1]) == np.sign(ratio[1:])
    # Both ends agree in sign, yet the curve turns towards zero between them: look closer, once.
    turns = np.where(ratio[:-1] > 0, (slope[:-1] < 0) & (slope[1:] > 0), (slope[:-1] > 0) & (slope[1:] < 0))
    suspects = np.flatnonzero(same & turns)
    if suspects.size:
        extra = np.concatenate([np.linspace(t[i], t[i + 1], 14)[1:-1] for i in suspects])
        order = np.argsort(np.concatenate([t, extra]))
        t = np.concatenate([t, extra])[order]
        ratio = np.concatenate([ratio, _log_ratio(data, extra, restricted)[0]])[order]
    peaks = np.flatnonzero((ratio[:-1] > 0) & (ratio[1:] <= 0))
    found = [(float(t[i]), float(t[i + 1])) for i in peaks]
    return ([(0.0, 0.0)] if ratio[0] <= 0 else []) + found


def _polish(data: Problem, bracket: tuple[float, float], restricted: bool) -> tuple[float, int]:
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
        now = data.sums(np.array([t]))
        trace, fall = (float(x[0]) for x in _slopes(now, restricted))
        quadratic, cubic = float(now.q2[0]), float(now.q3[0])
        a = trace / quadratic if quadratic > 0.0 else np.inf
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


def maximise(data: Problem, *, restricted: bool = False) -> Tau2:
    """Return the global maximum of the (restricted) likelihood over tau² >= 0.

    No maximum lies beyond the model's `reach`.

    Parameters
    ----------
    data : Problem
        Effects, variances and the model of their means, with more effects than coefficients.
    restricted : bool
        REML instead of ML.

    Returns
    -------
    Tau2

    Raises
    ------
    ModelError
        Where a bracket is not closed in 200 steps, or effects and variances are more than 300
        orders of magnitude apart.
    """
    reach = data.reach
    if reach == 0.0:
        return Tau2(0.0)
    if not np.isfinite(reach) or not np.isfinite(reach / data.v_min):
        raise ModelError(
            "the effects differ by more than 150 orders of magnitude from their standard errors;"
            " check the units of both columns"
        )
    brackets = _brackets(data, reach, restricted)
    candidates = [_polish(data, bracket, restricted) for bracket in brackets]
    if len(candidates) == 1:
        return Tau2(*candidates[0])
    heights = [log_likelihood(data, t, restricted=restricted) for t, _ in candidates]
    return Tau2(*candidates[int(np.argmax(heights))])


def _common(data: Problem) -> Sums:
    return data.sums(np.zeros(1))


def dersimonian_laird(data: Problem) -> Tau2:
    """Return the moment estimator of DerSimonian & Laird (1986).

    https://doi.org/10.1016/0197-2456(86)90046-2
    """
    now = _common(data)
    return Tau2(max(0.0, float(now.unit[0] * (now.q1[0] - (data.k - data.p)) / now.tr_p[0])))


def hedges(data: Problem) -> Tau2:
    """Return Hedges' (1983) unweighted moment estimator, https://doi.org/10.1037/0033-2909.93.2.388."""
    squares, trace = data.unweighted()
    return Tau2(max(0.0, (squares - trace) / (data.k - data.p)))


def hunter_schmidt(data: Problem) -> Tau2:
    """Return the estimator of Hunter & Schmidt: ``(Q - k) / sum of weights``."""
    now = _common(data)
    return Tau2(max(0.0, float(now.unit[0] * (now.q1[0] - data.k) / now.s1[0])))


def hunter_schmidt_corrected(data: Problem) -> Tau2:
    """Return Hunter & Schmidt's estimator with Q scaled by ``k / (k - p)``."""
    now = _common(data)
    scaled = now.q1[0] * data.k / (data.k - data.p)
    return Tau2(max(0.0, float(now.unit[0] * (scaled - data.k) / now.s1[0])))


def sidik_jonkman(data: Problem) -> Tau2:
    """Return Sidik & Jonkman's (2005) estimator, https://doi.org/10.1111/j.1467-9876.2005.00489.x.

    Its start value is the variance of the effects around their mean, moderators or not.
    """
    start = float(np.var(data.y - data.y[0]))
    if start == 0.0:
        return Tau2(0.0)
    now = data.sums(np.array([start]))
    return Tau2(start * float(now.q1[0]) / (data.k - data.p))


def paule_mandel(data: Problem) -> Tau2:
    """Return the root of Q(t) = k - p (Paule & Mandel 1982), https://doi.org/10.6028/jres.087.022.

    The empirical Bayes estimator of Morris (1983), https://doi.org/10.1080/01621459.1983.10477920,
    solves the same equation.
    """
    return solve_q(data, float(data.k - data.p))


def maximum_likelihood(data: Problem) -> Tau2:
    """Return the maximum of the likelihood (Hardy & Thompson 1996)."""
    return maximise(data)


def restricted_likelihood(data: Problem) -> Tau2:
    """Return the maximum of the restricted likelihood (Viechtbauer 2005).

    https://doi.org/10.3102/10769986030003261
    """
    return maximise(data, restricted=True)


TAU2: dict[str, Callable[[Problem], Tau2]] = {
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
