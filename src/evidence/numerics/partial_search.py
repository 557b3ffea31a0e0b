"""The search for the maximum of the partial-report likelihood, and its limits far out.

For a fixed tau² the log-likelihood is concave in mu (each study's is the logarithm of a log-concave
function convolved with a normal, Prekopa 1973), so that the search over mu is safe; over tau² it may
have several maxima and is searched on a grid first.

Where the likelihood stays positive far out. A study is *open upwards* if all its rows say only "above a
limit", *open downwards* if all say only "below". If every study is open, the likelihood does not vanish
as mu and tau go to infinity together at a fixed ratio: a study open upwards then has probability p, the
other kind 1 - p, and the supremum is that of a binomial likelihood. These limits are known in closed
form, so an estimate or an end of an interval at infinity is recognised by structure, never by a large
number.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evidence.errors import ModelError
from evidence.numerics.interval_likelihood import Derivatives, PartialData, evaluate, prepare
from evidence.numerics.latent_quadrature import FINE, ROUGH, Quality
from evidence.numerics.roots import cubic_tops
from evidence.numerics.wls import Vector

__all__ = ["Limits", "Problem", "climb", "in_mu", "in_theta", "make_problem", "maximum", "theta_slopes"]

TIE = 1e-9
"""Log-likelihoods closer than this are equal: then the smaller tau² is reported."""
FAR = 1e8
"""In typical standard errors: a limit beyond is no limit to anybody."""
TOP_THETA = 40.0
_STEPS = 100
_HALVINGS, _FEW_HALVINGS = 60, 6
"""Of a step that does not rise: a roughly integrated likelihood may not rise by any."""
_ROUGH_TIE = 0.05
"""Roughly integrated log-likelihoods closer than this are compared again with full accuracy."""
RUNAWAY = 9.0
"""theta = log(1 + t) beyond which a maximum of open studies is taken to lie at infinity: t above 8,000
typical sampling variances."""


@dataclass(frozen=True)
class Limits:
    """Suprema of the log-likelihood as mu goes to infinity either way, and as tau alone does."""

    up: float
    down: float
    free: float
    flat: float
    one_way: bool


@dataclass(frozen=True)
class Problem:
    """The rows in units in which a typical standard error is 1, around an origin."""

    data: PartialData
    limits: Limits
    grid: Vector
    start: float
    origin: float
    unit: float


def _xlogy(n: int, p: float) -> float:
    return n * math.log(p) if n else 0.0


def _limits(low: Vector, high: Vector, study: NDArray[np.intp]) -> Limits:
    n = int(study.max()) + 1
    all_up = np.bincount(study, np.isinf(high) & np.isfinite(low), minlength=n) == np.bincount(
        study, minlength=n
    )
    all_down = np.bincount(study, np.isinf(low) & np.isfinite(high), minlength=n) == np.bincount(
        study, minlength=n
    )
    up, down = int(all_up.sum()), int(all_down.sum())
    if up + down < n:
        return Limits(-math.inf, -math.inf, -math.inf, -math.inf, one_way=False)

    def binomial(p: float) -> float:
        return _xlogy(up, p) + _xlogy(down, 1.0 - p)

    share = up / n
    return Limits(
        up=binomial(max(share, 0.5)),
        down=binomial(min(share, 0.5)),
        free=binomial(share),
        flat=binomial(0.5),
        one_way=up in (0, n),
    )


def make_problem(low: Vector, high: Vector, s: Vector, study: NDArray[np.intp], rho: float) -> Problem:
    """Bring the rows to unit scale and choose the values of tau² from which to search."""
    unit = float(np.median(s))
    both = np.isfinite(low) & np.isfinite(high)
    finite = np.where(np.isfinite(low), low, high)
    middle = np.where(both, 0.5 * np.where(both, low, 0.0) + 0.5 * np.where(both, high, 0.0), finite)
    origin = float(np.median(middle))
    a, b, se = (low - origin) / unit, (high - origin) / unit, s / unit
    # A start inside what the rows say: half a standard error past a limit that is open beyond.
    inside = (middle - origin) / unit + 0.5 * se * (np.isinf(b).astype(float) - np.isinf(a))
    ends = np.concatenate([a[np.isfinite(a)], b[np.isfinite(b)]])
    reach = max(float(np.ptp(ends)) ** 2, 25.0 * float(se.max()) ** 2)
    least = 0.05 * float(se.min()) ** 2
    count = 2 + math.ceil(math.log(reach / least) / math.log(4.0))
    grid = np.concatenate([[0.0], np.geomspace(least, reach, count)])
    return Problem(
        prepare(a, b, se, study, rho, width=(high - low) / unit),
        _limits(low, high, study),
        grid,
        float(np.mean(inside)),
        origin,
        unit,
    )


Curve = Callable[[float], tuple[Derivatives, float, float]]
"""Maps a coordinate to the likelihood with all its derivatives, and slope and curvature along it."""


def climb(
    curve: Curve,
    x: float,
    *,
    lower: float = -math.inf,
    upper: float = math.inf,
    cap: float,
    gain: float = 1e-9,
) -> tuple[float, Derivatives]:
    """Maximise a smooth function of one variable from x by damped Newton steps of at most `cap`.

    Newton's error is squared by each step: the search ends after a step that gained less than `gain`
    (1e-9 leaves 1e-18), or before one that could gain nothing.

    Raises
    ------
    ModelError
        Where 100 steps do not suffice.
    """
    now, slope, curvature = curve(x)
    for _ in range(_STEPS):
        if (x <= lower and slope <= 0.0) or (x >= upper and slope >= 0.0):
            return x, now
        step = -slope / curvature if curvature < 0.0 else math.copysign(cap, slope)
        step = max(-cap, min(cap, step))
        expected = slope * step
        if expected < 1e-17:
            return x, now
        before = now
        for _ in range(_HALVINGS if gain < 1e-8 else _FEW_HALVINGS):
            new = min(upper, max(lower, x + step))
            now, slope, curvature = curve(new)
            if now.value >= before.value - 1e-13 * abs(before.value):
                break
            step *= 0.5
        else:
            return x, before  # as far as the accuracy of the integration allows
        x = new
        if expected < gain:
            return x, now
    raise ModelError("the likelihood of the partial reports was not maximised in 100 steps")


def in_mu(problem: Problem, t: float, quality: Quality = FINE) -> Curve:
    """Return the likelihood along mu, tau² = t fixed."""

    def curve(mu: float) -> tuple[Derivatives, float, float]:
        now = evaluate(problem.data, mu, t, quality)
        return now, now.mu, now.mu_mu

    return curve


def theta_slopes(now: Derivatives, t: float) -> tuple[float, float]:
    """Return gradient and curvature in theta = log(1 + t), near linear for small and for large t."""
    width = 1.0 + t
    return width * now.t, width * width * now.t_t + width * now.t


def in_theta(problem: Problem, mu: float, quality: Quality = FINE) -> Curve:
    """Return the likelihood along theta = log(1 + tau²), mu fixed."""

    def curve(theta: float) -> tuple[Derivatives, float, float]:
        t = math.expm1(theta)
        now = evaluate(problem.data, mu, t, quality)
        return (now, *theta_slopes(now, t))

    return curve


def _polish(
    problem: Problem, mu: float, t: float, quality: Quality = FINE, enough: float = 1e-14
) -> tuple[float, float, float]:
    """Return the joint maximum near (mu, t) and its height: Newton in (mu, theta), t >= 0.

    The search ends after a step that gained less than `enough`.

    Raises
    ------
    ModelError
        Where 100 steps do not suffice.
    """
    theta = math.log1p(t)
    now = evaluate(problem.data, mu, t, quality)
    for _ in range(_STEPS):
        g_theta, h_theta = theta_slopes(now, t)
        cross = (1.0 + t) * now.mu_t
        # mu follows theta at its best: eliminated, it leaves slope and curvature of a profile in theta.
        g, h = g_theta - cross * now.mu / now.mu_mu, h_theta - cross * cross / now.mu_mu
        step_theta = 0.0
        if not (theta <= 0.0 and g_theta <= 0.0) and abs(g) > 1e-12:
            step_theta = -g / h if h < 0.0 else math.copysign(1.0, g)
        step_mu = -(now.mu + cross * step_theta) / now.mu_mu
        factor = min(1.0, 1.5 / max(abs(step_theta), 1e-300))
        gain = now.mu * step_mu + g_theta * step_theta
        if gain < 1e-21:
            break
        for _ in range(_HALVINGS if quality is FINE else _FEW_HALVINGS):
            new_theta = min(max(0.0, theta + factor * step_theta), TOP_THETA)
            new_mu, new_t = mu + factor * step_mu, math.expm1(new_theta)
            then = evaluate(problem.data, new_mu, new_t, quality)
            if then.value >= now.value - 1e-13 * abs(now.value):
                break
            factor *= 0.5
        else:
            break
        mu, theta, t, now = new_mu, new_theta, new_t, then
        if math.isfinite(problem.limits.free) and theta > RUNAWAY:
            return mu, t, -math.inf  # on its way to the supremum at infinity, which is known
        if gain < enough:
            break
    else:
        # Along a ridge without end (reports of a side alone) each step gains a little less than the last.
        if math.isfinite(problem.limits.free) and now.value > problem.limits.free - 1e-5:
            return mu, t, -math.inf if now.value < problem.limits.free else now.value
        if gain > TIE:
            raise ModelError("the likelihood of the partial reports was not maximised in 100 steps")
    return mu, t, now.value


def maximum(problem: Problem) -> tuple[float, float, float]:
    """Return mu, t and height of the highest finite maximum; of equal ones that with the smallest t.

    The search integrates roughly; only maxima that may be the highest are climbed with full accuracy.
    """
    theta = np.log1p(problem.grid)
    mu, heights, slopes, places = problem.start, [], [], []
    for t in problem.grid:
        # A gain below 0.01 is enough to see which values of tau² are worth polishing.
        cap = 4.0 * math.sqrt(1.0 + float(t))
        mu, now = climb(in_mu(problem, float(t), ROUGH), mu, cap=cap, gain=1e-2)
        places.append(mu)
        heights.append(now.value)
        # Along the ridge: mu follows, to first order in what the rough climb left.
        slopes.append(theta_slopes(now, float(t))[0] - (1.0 + float(t)) * now.mu_t * now.mu / now.mu_mu)
    seen = cubic_tops(theta, np.array(heights), np.array(slopes))
    peaks = sorted(seen, key=lambda top: -top[1])[:4] or [(float(theta[np.argmax(heights)]), max(heights))]
    tops = [
        _polish(problem, float(np.interp(x, theta, places)), math.expm1(x), ROUGH, 1e-5) for x, _ in peaks
    ]
    highest = max(top[2] for top in tops)
    near = [top for top in tops if top[2] >= highest - _ROUGH_TIE]
    found = sorted((_polish(problem, *top[:2]) for top in near if top[2] > -math.inf), key=lambda top: top[1])
    if not found:
        return tops[0]
    chosen = found[0]
    for other in found[1:]:
        if other[2] > chosen[2] + TIE:
            chosen = other
    # A ridge (the data fix only a ratio of mu and tau) is as high at t = 0: then t = 0 is the answer.
    if chosen[1] > 0.0 and heights[0] >= chosen[2] - _ROUGH_TIE:
        flat, now = climb(in_mu(problem, 0.0), places[0], cap=4.0)
        if now.value >= chosen[2] - TIE:
            chosen = _polish(problem, flat, 0.0) if chosen[1] < 1e-12 else (flat, 0.0, now.value)
    return chosen
