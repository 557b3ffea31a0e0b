"""Profile-likelihood intervals of standard deviations and a correlation (see `scaled`)."""

from __future__ import annotations

import math

import numpy as np

from evidence.numerics.intervals import Interval, chi2_quantile
from evidence.numerics.multivariate import MultivariateFit, outcome_sizes
from evidence.numerics.profile import TOLERANCE, both_ends
from evidence.numerics.roots import crossing
from evidence.numerics.scaled import Curve, ScaledTop, ascend_scaled
from evidence.numerics.wls import Vector

__all__ = ["profile_scaled"]


def profile_scaled(fit: MultivariateFit, parameter: int, level: float) -> Interval:
    """Return the profile-likelihood interval of a variance or of the correlation.

    Parameters
    ----------
    fit : MultivariateFit
        With structure HCS, AR or HAR, or UN of two outcomes (which is HCS).
    parameter : int
        Which outcome's variance (0 for the only one of AR); -1 for the correlation.
    level : float
        Confidence level.

    Returns
    -------
    Interval
        In the data's units; ends of a correlation may be its bounds.
    """
    problem, o = fit.mixed.problem, fit.tau2.size
    square = problem.unit**2
    curve = Curve("HCS" if fit.structure == "UN" else fit.structure, o)
    size = outcome_sizes(problem)
    sd = np.sqrt(fit.tau2 / square)
    if curve.deviations == 1:
        size, sd = size[:1], sd[:1]
    rho = 0.0 if fit.rho is None else fit.rho
    at: Vector = np.append(sd, rho)
    held = np.zeros(at.size, dtype=bool)
    held[parameter] = True
    top = problem.at(curve.elements(at), derivatives=False).value
    start = at.copy()
    critical = chi2_quantile(level)

    def best(value: float) -> ScaledTop:
        # Each value starts where its neighbour's optimum was. A deviation of 0 there may be a
        # saddle, at which the correlation says nothing: then from the middle too, on both sides of none.
        starts = [start.copy()]
        if (start[:-1] == 0.0).any():
            starts += [np.append(np.maximum(start[:-1], size), r) for r in (0.5, -0.5 / (o - 1))]
        for one in starts:
            one[parameter] = value
        tops = [ascend_scaled(problem.at, curve, one, size, held) for one in starts]
        found = max(tops, key=lambda top: top.evaluation.value)
        start[:] = found.at
        return found

    def variance(t: float) -> tuple[float, float]:
        s = math.sqrt(t)
        found = best(s)
        slope = float(found.slope[parameter]) / (2.0 * s) if s > 0.0 else math.inf
        return 2.0 * (top - found.evaluation.value), -2.0 * slope

    def correlation(r: float) -> tuple[float, float]:
        found = best(r)
        return 2.0 * (top - found.evaluation.value), -2.0 * float(found.slope[-1])

    if parameter != -1:
        s = float(at[parameter])
        bend = best(s).observed[parameter, parameter] / (4.0 * s * s) if s > 0.0 else 0.0
        return both_ends(variance, s * s, float(bend), square, level)
    ends = []
    for bound in (float(curve.bounds[0][-1]), 1.0):
        start[:] = at
        beyond = rho != bound and correlation(bound)[0] > critical
        start[:] = at
        middle = 0.5 * (rho + bound)
        ends.append(
            crossing(correlation, rho, middle, critical, limit=bound, tolerance=TOLERANCE)
            if beyond
            else bound
        )
    return Interval(ends[0], ends[1])
