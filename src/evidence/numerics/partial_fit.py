"""Maximum and profile of the partial-report likelihood: estimate, limits, or the reason there is none.

For a fixed tau² the log-likelihood is concave in mu (each study's is the logarithm of a log-concave function
convolved with a normal, Prekopa 1973), so that the search over mu is safe; over tau² it may have several
maxima and is searched on a grid first.

Where the likelihood stays positive far out. A study is *open upwards* if all its rows say only "above a
limit", *open downwards* if all say only "below". If every study is open, the likelihood does not vanish as mu
and tau go to infinity together at a fixed ratio: a study open upwards then has probability p, the other
kind 1 - p, and the supremum is that of a binomial likelihood. These limits are known in closed form, so an
estimate or an end of an interval at infinity is recognised by structure, never by a large number.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evidence.errors import ModelError
from evidence.numerics.interval_likelihood import (
    Derivatives,
    PartialData,
    evaluate,
    prepare,
    study_log_derivatives,
)
from evidence.numerics.intervals import chi2_quantile
from evidence.numerics.roots import crossing
from evidence.numerics.wls import Vector

__all__ = ["PartialFit", "contributions", "fit_partial"]

_TIE = 1e-9
"""Log-likelihoods closer than this are equal: then the smaller tau² is reported."""
_FAR = 1e8
"""In typical standard errors: a limit beyond is no limit to anybody."""
_TOP_THETA = 40.0
_STEPS = 100
_RUNAWAY = 9.0
"""theta = log(1 + t) beyond which a maximum of open studies is taken to lie at infinity: t above 8,000 typical
sampling variances."""


@dataclass(frozen=True)
class PartialFit:
    """Result of the partial-report model, in the units of the effects.

    Attributes
    ----------
    estimate, std_error, tau2, statistic : float or None
        Maximum-likelihood estimates, the standard error at that tau², and the signed root of the
        likelihood ratio against a mean of zero; None where the likelihood has no finite maximum.
    low, high : float
        Limits of the mean, infinite where the data set none.
    tau2_low, tau2_high : float or None
        Profile-likelihood limits of tau².
    loglik : float
        Supremum of the log-likelihood.
    bound : {None, "lower", "upper", "none"}
        Without a finite maximum: which limit there is.
    one_way : bool
        Whether every study is open to the same side.
    at_mu, at_tau2 : float or None
        Where contributions of rows are to be read: the estimate, else the limit.
    """

    estimate: float | None
    std_error: float | None
    tau2: float | None
    statistic: float | None
    low: float
    high: float
    tau2_low: float | None
    tau2_high: float | None
    loglik: float
    bound: str | None
    one_way: bool
    at_mu: float | None
    at_tau2: float | None


@dataclass(frozen=True)
class _Limits:
    """Suprema of the log-likelihood as mu goes to infinity either way, and as tau alone does."""

    up: float
    down: float
    free: float
    flat: float
    one_way: bool


@dataclass(frozen=True)
class _Problem:
    """The rows in units in which a typical standard error is 1, around an origin."""

    data: PartialData
    limits: _Limits
    grid: Vector
    start: float
    origin: float
    unit: float


def _xlogy(n: int, p: float) -> float:
    return n * math.log(p) if n else 0.0


def _limits(low: Vector, high: Vector, study: NDArray[np.intp]) -> _Limits:
    n = int(study.max()) + 1
    all_up = np.bincount(study, np.isinf(high) & np.isfinite(low), minlength=n) == np.bincount(study, minlength=n)
    all_down = np.bincount(study, np.isinf(low) & np.isfinite(high), minlength=n) == np.bincount(study, minlength=n)
    up, down = int(all_up.sum()), int(all_down.sum())
    if up + down < n:
        return _Limits(-math.inf, -math.inf, -math.inf, -math.inf, one_way=False)

    def binomial(p: float) -> float:
        return _xlogy(up, p) + _xlogy(down, 1.0 - p)

    share = up / n
    return _Limits(
        up=binomial(max(share, 0.5)),
        down=binomial(min(share, 0.5)),
        free=binomial(share),
        flat=binomial(0.5),
        one_way=up in (0, n),
    )


def _problem(low: Vector, high: Vector, s: Vector, study: NDArray[np.intp], rho: float) -> _Problem:
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
    return _Problem(
        prepare(a, b, se, study, rho, width=(high - low) / unit), _limits(low, high, study), grid, float(np.mean(inside)), origin, unit
    )


_Curve = Callable[[float], tuple[Derivatives, float, float]]
"""Maps a coordinate to the likelihood with all its derivatives, and slope and curvature along the coordinate."""


def _climb(
    curve: _Curve, x: float, *, lower: float = -math.inf, upper: float = math.inf, cap: float, gain: float = 1e-9
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
        value = now.value
        for _ in range(60):
            new = min(upper, max(lower, x + step))
            now, slope, curvature = curve(new)
            if now.value >= value - 1e-13 * abs(value):
                break
            step *= 0.5
        x = new
        if expected < gain:
            return x, now
    raise ModelError("the likelihood of the partial reports was not maximised in 100 steps")


def _in_mu(problem: _Problem, t: float) -> _Curve:
    def curve(mu: float) -> tuple[Derivatives, float, float]:
        now = evaluate(problem.data, mu, t)
        return now, now.mu, now.mu_mu

    return curve


def _theta_slopes(now: Derivatives, t: float) -> tuple[float, float]:
    """Return gradient and curvature in theta = log(1 + t), in which both small and large t are near linear."""
    width = 1.0 + t
    return width * now.t, width * width * now.t_t + width * now.t


def _in_theta(problem: _Problem, mu: float) -> _Curve:
    def curve(theta: float) -> tuple[Derivatives, float, float]:
        t = math.expm1(theta)
        now = evaluate(problem.data, mu, t)
        return (now, *_theta_slopes(now, t))

    return curve


def _polish(problem: _Problem, mu: float, t: float) -> tuple[float, float, float]:
    """Return the joint maximum near (mu, t) and its height: Newton in (mu, theta), t >= 0.

    Raises
    ------
    ModelError
        Where 100 steps do not suffice.
    """
    theta = math.log1p(t)
    now = evaluate(problem.data, mu, t)
    for _ in range(_STEPS):
        g_theta, h_theta = _theta_slopes(now, t)
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
        for _ in range(60):
            new_theta = min(max(0.0, theta + factor * step_theta), _TOP_THETA)
            new_mu, new_t = mu + factor * step_mu, math.expm1(new_theta)
            then = evaluate(problem.data, new_mu, new_t)
            if then.value >= now.value - 1e-13 * abs(now.value):
                break
            factor *= 0.5
        mu, theta, t, now = new_mu, new_theta, new_t, then
        if math.isfinite(problem.limits.free) and theta > _RUNAWAY:
            return mu, t, -math.inf  # on its way to the supremum at infinity, which is known
        if gain < 1e-14:
            break
    else:
        raise ModelError("the likelihood of the partial reports was not maximised in 100 steps")
    return mu, t, now.value


def _maximum(problem: _Problem) -> tuple[float, float, float]:
    """Return mu, t and height of the highest finite maximum; of equal ones that with the smallest t."""
    mu, heights, places = problem.start, [], []
    for t in problem.grid:
        # A gain below 0.01 is enough to see which values of tau² are worth polishing.
        rough = 1e-2 if t > 0.0 else 1e-9
        mu, now = _climb(_in_mu(problem, float(t)), mu, cap=4.0 * math.sqrt(1.0 + float(t)), gain=rough)
        places.append(mu)
        heights.append(now.value)
    padded = np.concatenate([[-np.inf], heights, [-np.inf]])
    peaks = np.flatnonzero((padded[1:-1] >= padded[:-2]) & (padded[1:-1] >= padded[2:]))
    best = sorted(peaks, key=lambda i: -heights[i])[:3]
    found = sorted((_polish(problem, places[i], float(problem.grid[i])) for i in best), key=lambda top: top[1])
    chosen = found[0]
    for other in found[1:]:
        if other[2] > chosen[2] + _TIE:
            chosen = other
    # A ridge (the data fix only a ratio of mu and tau) is as high at t = 0: then t = 0 is the answer.
    if chosen[1] > 0.0 and heights[0] >= chosen[2] - _TIE:
        chosen = _polish(problem, places[0], 0.0) if chosen[1] < 1e-12 else (places[0], 0.0, heights[0])
    return chosen


class _ProfileMu:
    """Deviance of mu with tau² maximised out: from fixed starts, and from where the last maximum was."""

    def __init__(self, problem: _Problem, top: float, starts: list[float]) -> None:
        """Keep the supremum and the values of theta to start from; the first one follows mu along."""
        self.problem, self.top = problem, top
        self.warm, self.starts = starts[0], starts[1:]
        self.t: float | None = None

    def __call__(self, mu: float) -> tuple[float, float]:
        """Return deviance and slope; the deviance of the best start counts."""
        best, slope, self.t = -math.inf, 0.0, None
        curve = _in_theta(self.problem, mu)
        open_ended = math.isfinite(self.problem.limits.free)
        top_theta = _RUNAWAY if open_ended else _TOP_THETA
        follow = self.warm
        for start in (self.warm, *self.starts):
            theta, now = _climb(curve, start, lower=0.0, upper=top_theta, cap=1.5)
            if now.value > best:
                best, slope, self.t, follow = now.value, -2.0 * now.mu, math.expm1(theta), theta
        if follow < top_theta:  # from far out, where all is flat, no start finds back
            self.warm = follow
        if self.problem.limits.flat >= best:  # tau without end: every open study by the toss of a coin
            best, slope, self.t = self.problem.limits.flat, 0.0, None
        return 2.0 * (self.top - best), slope

    def better_start(self, mu: float, deviance: float) -> float | None:
        """Return a theta from which mu would fit better than from any start so far, if there is one."""
        grid = self.problem.grid[::2]
        values = [evaluate(self.problem.data, mu, float(t)).value for t in grid]
        i = int(np.argmax(values))
        missed = 2.0 * (self.top - values[i]) < deviance - 1e-7
        return math.log1p(float(grid[i])) if missed else None


def _end(profile: _ProfileMu, inside: float, guess: float, critical: float) -> float:
    """Return where the profile deviance crosses its critical value, checked against a grid of tau²."""
    fast = _joint_end(profile.problem, profile.top, (inside, profile.warm), guess, critical, along="mu")
    if fast is not None and profile.better_start(fast[0], critical) is None:
        profile.warm = fast[1]
        return fast[0]
    for _ in range(4):
        end = crossing(profile, inside, guess, critical, reach=_FAR, tolerance=1e-13)
        if math.isinf(end):
            return end
        extra = profile.better_start(end, profile(end)[0])
        if extra is None:
            return end
        profile.starts.append(extra)
    return end


def _joint_end(
    problem: _Problem, top: float, peak: tuple[float, float], guess: float, critical: float, *, along: str
) -> tuple[float, float] | None:
    """Solve for an end of a profile interval and the other parameter at once; None where that fails.

    Newton on two equations (Venzon & Moolgavkar 1988, https://doi.org/10.2307/2347496): the root of the
    deviance has its critical value, and the likelihood is stationary in the other parameter (or falls
    from theta = 0). Four to six evaluations instead of some thirty; any doubt is left to the safe search.
    """
    mu, theta = (guess, peak[1]) if along == "mu" else (peak[0], guess)
    side = math.copysign(1.0, guess - peak[0 if along == "mu" else 1])
    root = math.sqrt(critical)
    for _ in range(12):
        t = math.expm1(theta)
        now = evaluate(problem.data, mu, t)
        g, h = _theta_slopes(now, t)
        cross = (1.0 + t) * now.mu_t
        height = 2.0 * (top - now.value)
        if height <= 0.0:
            return None
        gap, rate = math.sqrt(height) - root, -1.0 / math.sqrt(height)
        free = not (theta <= 0.0 and g <= 0.0)
        if along == "mu":
            rows = (rate * now.mu, rate * g, cross, h, g)
            concave = h < 0.0
            if not free:
                rows = (rate * now.mu, 0.0, 0.0, 1.0, 0.0)
                concave = True
        else:
            rows = (rate * now.mu, rate * g, now.mu_mu, cross, now.mu)
            concave = now.mu_mu < 0.0
        det = rows[0] * rows[3] - rows[1] * rows[2]
        if not concave or det == 0.0:
            return None
        step_mu = -(gap * rows[3] - rows[1] * rows[4]) / det
        step_theta = -(rows[0] * rows[4] - rows[2] * gap) / det
        if not (abs(step_theta) < 2.0 and abs(step_mu) < 4.0 * math.sqrt(1.0 + t)):
            return None
        mu, theta = mu + step_mu, max(0.0, theta + step_theta)
        if side * ((mu - peak[0]) if along == "mu" else (theta - peak[1])) <= 0.0:
            return None
        if abs(step_mu) < 1e-10 * math.sqrt(1.0 + t) and abs(step_theta) < 1e-10:
            return mu, theta
    return None


def _tau2_interval(problem: _Problem, top: tuple[float, float, float], critical: float) -> tuple[float, float]:
    best_mu, best_t, height = top
    state = [best_mu]

    def deviance(theta: float) -> tuple[float, float]:
        t = math.expm1(theta)
        state[0], now = _climb(_in_mu(problem, t), state[0], cap=4.0 * math.sqrt(1.0 + t))
        return 2.0 * (height - now.value), -2.0 * (1.0 + t) * now.t

    theta = math.log1p(best_t)
    low = 0.0
    if best_t > 0.0 and deviance(0.0)[0] > critical:
        fast = _joint_end(problem, height, (best_mu, theta), 0.5 * theta, critical, along="theta")
        low = (
            crossing(deviance, theta, 0.5 * theta, critical, limit=0.0, tolerance=1e-13)
            if fast is None
            else fast[1]
        )
    if 2.0 * (height - problem.limits.free) <= critical:
        return math.expm1(low), math.inf
    state[0] = best_mu
    fast = _joint_end(problem, height, (best_mu, theta), theta + 1.0, critical, along="theta")
    if fast is not None:
        return math.expm1(low), math.expm1(fast[1])
    high = crossing(deviance, theta, theta + 1.0, critical, reach=_TOP_THETA, tolerance=1e-13)
    return math.expm1(low), math.expm1(high) if math.isfinite(high) else math.inf


def fit_partial(
    low: Vector, high: Vector, s: Vector, study: NDArray[np.intp], rho: float, level: float
) -> PartialFit:
    """Fit the partial-report model by maximum likelihood with profile-likelihood intervals.

    Parameters
    ----------
    low, high : Vector, shape (rows,)
        Limits of the observed effect; equal for exact rows, possibly infinite otherwise.
    s : Vector, shape (rows,)
        Standard errors, positive.
    study : ndarray of int, shape (rows,)
        Study of each row, 0 ... J-1, J at least 2.
    rho : float
        Correlation of sampling errors within a study.
    level : float
        Level of the intervals.

    Returns
    -------
    PartialFit

    Notes
    -----
    Without a finite maximum the interval is one-sided: its critical value is that of a one-sided interval
    with two studies, of a two-sided one from three. With mu far below all limits k studies that are all open
    upwards have the likelihood 2^-k whatever mu is (as tau grows), a deviance of 2 k log 2: 2.77 with two
    studies, 4.16 with three, against critical values of 2.71 and 3.84.

    Raises
    ------
    ModelError
        Where an optimum is not reached.
    """
    problem = _problem(low, high, s, study, rho)
    limits, two_sided = problem.limits, chi2_quantile(level)
    beyond = max(limits.up, limits.down, limits.free)
    best = None if limits.one_way else _maximum(problem)
    if best is None or best[2] < beyond - _TIE:
        return _without_estimate(problem, beyond, level)
    mu, t, height = best
    now = evaluate(problem.data, mu, t)
    error = 1.0 / math.sqrt(-now.mu_mu)
    ends = []
    for side, limit in ((-1.0, limits.down), (1.0, limits.up)):
        if 2.0 * (height - limit) <= two_sided:
            ends.append(side * math.inf)
            continue
        profile = _ProfileMu(problem, height, [math.log1p(t)])
        ends.append(_end(profile, mu, mu + side * math.sqrt(two_sided) * error, two_sided))
    zero = _ProfileMu(problem, height, [math.log1p(t), 0.0])(-problem.origin / problem.unit)[0]
    estimate = problem.origin + problem.unit * mu
    square = problem.unit * problem.unit
    tau2_low, tau2_high = _tau2_interval(problem, best, two_sided)
    return PartialFit(
        estimate=estimate,
        std_error=problem.unit * error,
        tau2=square * t,
        statistic=math.copysign(math.sqrt(max(zero, 0.0)), estimate),
        low=problem.origin + problem.unit * ends[0],
        high=problem.origin + problem.unit * ends[1],
        tau2_low=square * tau2_low,
        tau2_high=square * tau2_high,
        loglik=height - _jacobian(low, high, problem.unit),
        bound=None,
        one_way=limits.one_way,
        at_mu=estimate,
        at_tau2=square * t,
    )


def _jacobian(low: Vector, high: Vector, unit: float) -> float:
    """Return what the change of units took from the log-densities of the exact rows."""
    return int((low == high).sum()) * math.log(unit)


def _without_estimate(problem: _Problem, top: float, level: float) -> PartialFit:
    """Return the one-sided limit, where there is one, of a likelihood without a finite maximum."""
    limits, n = problem.limits, problem.data.n_studies
    critical = chi2_quantile(2.0 * level - 1.0) if n == 2 else chi2_quantile(level)
    found = {}
    for name, side, limit in (("lower", -1.0, limits.down), ("upper", 1.0, limits.up)):
        if n < 2 or 2.0 * (top - limit) <= critical:
            continue
        profile = _ProfileMu(problem, top, [1.0, 0.0])
        inside, step = problem.start, 4.0
        while profile(inside)[0] >= 0.5 * critical and abs(inside) < _FAR:
            inside, step = inside - side * step, 2.0 * step
        end = _end(profile, inside, inside + 0.5 * side * step, critical)
        if math.isfinite(end):
            profile(end)
            found[name] = (problem.origin + problem.unit * end, profile.t)
    bound = next(iter(found)) if len(found) == 1 else "none"
    at, t = found.get(bound, (None, None))
    return PartialFit(
        estimate=None,
        std_error=None,
        tau2=None,
        statistic=None,
        low=-math.inf if bound != "lower" or at is None else at,
        high=math.inf if bound != "upper" or at is None else at,
        tau2_low=None,
        tau2_high=None,
        loglik=top,
        bound=bound,
        one_way=limits.one_way,
        at_mu=at,
        at_tau2=None if t is None else problem.unit**2 * t,
    )


def contributions(
    low: Vector, high: Vector, s: Vector, study: NDArray[np.intp], rho: float, mu: float, t: float
) -> Vector:
    """Return how much information about mu would be lost without each row, in percent of the total.

    Information is the observed one, minus the second derivative of the log-likelihood in mu at (mu, t). Rows of
    one study overlap in what they tell, so the shares need not add up to 100; a row that disagrees with its
    study can even lower the information, which is shown as 0.

    Parameters
    ----------
    low, high, s, study, rho
        As in `fit_partial`.
    mu, t : float
        Where the information is taken.

    Returns
    -------
    Vector, shape (rows,)
    """
    n_rows, n = s.size, int(study.max()) + 1
    full = -study_log_derivatives(prepare(low, high, s, study, rho), mu, t)[2]
    without = np.zeros(n_rows)
    size = np.bincount(study, minlength=n)
    shared = np.flatnonzero(size[study] > 1)
    if shared.size:
        # For each such row a copy of its study that lacks it: all of them in one evaluation.
        pairs = [(place, other) for place, row in enumerate(shared) for other in np.flatnonzero(study == study[row]) if other != row]
        copy, rows = (np.array(part, dtype=np.intp) for part in zip(*pairs, strict=True))
        left = prepare(low[rows], high[rows], s[rows], copy, rho)
        without[shared] = -study_log_derivatives(left, mu, t)[2]
    total = float(full.sum())
    if total <= 0.0:
        return np.full(n_rows, math.nan)
    return 100.0 * np.maximum(full[study] - without, 0.0) / total
