"""Ends of profile-likelihood intervals of the partial-report model, for the mean and for tau²."""

from __future__ import annotations

import math

import numpy as np

from evidence.numerics.interval_likelihood import evaluate
from evidence.numerics.latent_quadrature import FINE, ROUGH
from evidence.numerics.partial_search import (
    FAR,
    RUNAWAY,
    TOP_THETA,
    Problem,
    climb,
    in_mu,
    in_theta,
    theta_slopes,
)
from evidence.numerics.roots import crossing, cubic_tops

__all__ = ["ProfileMu", "mean_end", "tau2_interval"]


class ProfileMu:
    """Deviance of mu with tau² maximised out: from fixed starts, and from where the last maximum was."""

    def __init__(self, problem: Problem, top: float, starts: list[float], *, rough: bool = False) -> None:
        """Keep the supremum and the values of theta to start from; the first one follows mu along."""
        self.problem, self.top, self.rough = problem, top, rough
        self.warm, self.starts = starts[0], starts[1:]
        self.t: float | None = None

    def __call__(self, mu: float) -> tuple[float, float]:
        """Return deviance and slope; the deviance of the best start counts."""
        best, slope, self.t = -math.inf, 0.0, None
        open_ended = math.isfinite(self.problem.limits.free)
        top_theta = RUNAWAY if open_ended else TOP_THETA
        follow = self.warm
        for start in self._promising(mu, top_theta):
            if self.rough:
                theta, now = start, evaluate(self.problem.data, mu, math.expm1(start), ROUGH)
            else:
                theta, now = climb(in_theta(self.problem, mu), start, lower=0.0, upper=top_theta, cap=1.5)
            if now.value > best:
                best, slope, self.t, follow = now.value, -2.0 * now.mu, math.expm1(theta), theta
        if follow < top_theta:  # from far out, where all is flat, no start finds back
            self.warm = follow
        if self.problem.limits.flat >= best:  # tau without end: every open study by the toss of a coin
            best, slope, self.t = self.problem.limits.flat, 0.0, None
        return 2.0 * (self.top - best), slope

    def _promising(self, mu: float, top_theta: float) -> list[float]:
        """Return where rough climbs from all starts end, those left out that are lower than the best."""
        curve = in_theta(self.problem, mu, ROUGH)
        found: list[tuple[float, float]] = []
        for start in (self.warm, *self.starts):
            theta, now = climb(curve, start, lower=0.0, upper=top_theta, cap=1.5, gain=1e-5)
            if all(abs(theta - other) > 1e-3 for _, other in found):
                found.append((now.value, theta))
        highest = max(value for value, _ in found)
        return [theta for value, theta in found if value >= highest - 0.05]

    def better_start(self, mu: float, deviance: float) -> float | None:
        """Return a theta from which mu would fit better than from any start so far, if there is one."""
        curve = in_theta(self.problem, mu, ROUGH)
        theta = np.log1p(self.problem.grid)
        seen = [curve(float(x)) for x in theta]
        tops = cubic_tops(
            theta, np.array([now.value for now, _, _ in seen]), np.array([g for _, g, _ in seen])
        )
        for place, height in tops:
            if 2.0 * (self.top - height) > deviance + 0.1:
                continue
            x, _ = climb(curve, place, lower=0.0, upper=TOP_THETA, cap=1.5, gain=1e-5)
            if 2.0 * (self.top - evaluate(self.problem.data, mu, math.expm1(x)).value) < deviance - 1e-7:
                return x
        return None


def mean_end(profile: ProfileMu, inside: float, guess: float, critical: float) -> float:
    """Return where the profile deviance crosses its critical value, checked against a grid of tau²."""
    fast = _joint_end(profile.problem, profile.top, (inside, profile.warm), guess, critical, along="mu")
    if fast is not None and profile.better_start(fast[0], critical) is None:
        profile.warm = fast[1]
        return fast[0]
    rough = ProfileMu(profile.problem, profile.top, [profile.warm, *profile.starts], rough=True)
    near = crossing(rough, inside, guess, critical, reach=FAR, tolerance=1e-3)
    if math.isfinite(near):
        peak = (inside, rough.warm)
        fast = _joint_end(profile.problem, profile.top, peak, near, critical, along="mu")
        if fast is not None and profile.better_start(fast[0], critical) is None:
            profile.warm = fast[1]
            return fast[0]
    for _ in range(4):
        end = crossing(profile, inside, guess, critical, reach=FAR, tolerance=1e-10)
        if math.isinf(end):
            return end
        extra = profile.better_start(end, profile(end)[0])
        if extra is None:
            return end
        profile.starts.append(extra)
    return end


def _joint_end(
    problem: Problem, top: float, peak: tuple[float, float], guess: float, critical: float, *, along: str
) -> tuple[float, float] | None:
    """Solve for an end of a profile interval and the other parameter at once; None where that fails.

    Newton on two equations (Venzon & Moolgavkar 1988, https://doi.org/10.2307/2347496): the root of the
    deviance has its critical value, and the likelihood is stationary in the other parameter (or falls
    from theta = 0). Four to six evaluations instead of some thirty; any doubt is left to the safe search.
    """
    mu, theta = (guess, peak[1]) if along == "mu" else (peak[0], guess)
    side = math.copysign(1.0, guess - peak[0 if along == "mu" else 1])
    root, quality = math.sqrt(critical), ROUGH
    for _ in range(14):
        t = math.expm1(theta)
        now = evaluate(problem.data, mu, t, quality)
        g, h = theta_slopes(now, t)
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
        size = max(abs(step_mu) / math.sqrt(1.0 + t), abs(step_theta))
        if quality is ROUGH and size < 1e-2:
            quality = FINE
        elif quality is FINE and size < 1e-6:  # Newton's error is squared: 1e-12 is left
            return mu, theta
    return None


def tau2_interval(problem: Problem, top: tuple[float, float, float], critical: float) -> tuple[float, float]:
    """Return the profile-likelihood interval of tau² around the maximum (mu, t, height)."""
    best_mu, best_t, height = top
    state = [best_mu]

    def deviance(theta: float) -> tuple[float, float]:
        t = math.expm1(theta)
        state[0], now = climb(in_mu(problem, t), state[0], cap=4.0 * math.sqrt(1.0 + t))
        return 2.0 * (height - now.value), -2.0 * (1.0 + t) * now.t

    theta = math.log1p(best_t)
    low = 0.0
    if best_t > 0.0 and deviance(0.0)[0] > critical:
        fast = _joint_end(problem, height, (best_mu, theta), 0.5 * theta, critical, along="theta")
        low = (
            crossing(deviance, theta, 0.5 * theta, critical, limit=0.0, tolerance=1e-10)
            if fast is None
            else fast[1]
        )
    if 2.0 * (height - problem.limits.free) <= critical:
        return math.expm1(low), math.inf
    state[0] = best_mu
    fast = _joint_end(problem, height, (best_mu, theta), theta + 1.0, critical, along="theta")
    if fast is not None:
        return math.expm1(low), math.expm1(fast[1])
    high = crossing(deviance, theta, theta + 1.0, critical, reach=TOP_THETA, tolerance=1e-10)
    return math.expm1(low), math.expm1(high) if math.isfinite(high) else math.inf
