"""The maximum of the (restricted) likelihood over tau², and how to prove that it is the global one.

Write ``P`` for the residual-forming matrix at tau² = t. The score has the sign of ``q2 - trace`` with
``q2 = y'PPy`` and ``trace = tr P`` (the sum of weights under ML). With ``q1 = y'Py``, ``q3 = y'PPPy`` and
``fall = tr PP``, the following holds for every data set (each a case of the Cauchy-Schwarz inequality) and
replaces the search on a grid:

A. A zero of the score with ``q1 fall < 2 trace²`` is a maximum, and once this inequality holds at one t it
   holds at every larger one, since q1 falls and ``trace² / fall`` rises: beyond, there is at most one zero.
B. ``q3 / q2`` and ``fall / trace`` fall as t grows; a zero with ``2 q3 / q2 > fall / trace`` is a maximum. So
   between a and b every zero is a maximum where ``2 q3 / q2`` at b exceeds ``fall / trace`` at a.
C. ``u = 1 / trace`` and ``s = 1 / sqrt(q2)`` are concave in t; the score is positive where s² < u. Each lies
   below its tangents and above the line with its slope at infinity (one over the degrees of freedom, one
   over the root of the sum of squares), which bounds from one point how far the next zero is at least.
D. Between 0 and a zero b there is no other where s² < u holds for the tangents of s at both ends and the
   chord of u. As the square of a line less a line is convex, it is enough to look where tangents meet.

First, Newton's method on ``trace / q2`` (linear in t for equal variances) starts at the moment estimate.
Where A holds at 0, as it does for little heterogeneity, there is nothing to prove; A and D, read off the last
point, prove nearly every other answer. For the rest, a walk starts at 0, each step covered by B or C, until A
holds: then all zeros are maxima, and as two maxima have a minimum between them there is at most one. What the
walk does not settle is handed back to the caller, who searches a grid.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from evidence.numerics.wls import Vector

__all__ = [
    "Edge",
    "Limits",
    "MomentSource",
    "Moments",
    "first_zero",
    "no_zero_before",
    "none_before",
    "one_zero_beyond",
]


class Moments(NamedTuple):
    """What the equations need at one tau² per column; free of units (see `numerics.wls.Sums`)."""

    s1: Vector
    s2: Vector
    shift: Vector
    cross: Vector
    trace: Vector
    fall: Vector
    q1: Vector
    q2: Vector
    q3: Vector

    def take(self, columns: NDArray[np.intp]) -> Moments:
        """Return some columns."""
        if columns.size == self.q1.size:
            return self
        return Moments(*(part.take(columns, mode="clip") for part in self))


class Edge(NamedTuple):
    """The moments of all columns at 0, and where they already satisfy A."""

    moments: Moments
    one: NDArray[np.bool_]


@dataclass(frozen=True)
class Limits:
    """What bounds the search, by column.

    Attributes
    ----------
    dof : Vector
        ``k - 1`` for REML, ``k`` for ML.
    sum_squares : Vector
        Sum of squared deviations of the effects from their plain mean.
    """

    dof: Vector
    sum_squares: Vector


class MomentSource(Protocol):
    """Columns of data sets, each with smallest variance 1, that can be evaluated and thinned out."""

    def moments(self, t: Vector) -> Moments:
        """Return the sums at one tau² a column."""
        ...

    def q_moments(self, t: Vector) -> tuple[Vector, Vector]:
        """Return q1 and q2 alone."""
        ...

    def keep(self, columns: NDArray[np.intp]) -> Self:
        """Return the same source with these columns only, in increasing order."""
        ...


def one_zero_beyond(m: Moments) -> NDArray[np.bool_]:
    """Tell where A holds."""
    return np.asarray(m.q1 * m.fall < 2.0 * m.trace * m.trace)


def first_zero(m: Moments, unit: Vector, dof: Vector) -> Vector:
    """Return a distance within which a positive score stays positive; exact for equal variances."""
    root, reciprocal = np.sqrt(unit / m.q2), unit / m.trace
    slope = m.q3 / m.q2 * np.sqrt(1.0 / (m.q2 * unit))
    gap = reciprocal - root * root
    half = root * slope - 0.5 / dof
    return np.asarray(gap / (half + np.sqrt(half * half + slope * slope * gap)))


def no_zero_before(m: Moments, unit: Vector, sum_squares: Vector) -> Vector:
    """Return a distance within which a negative score stays negative; infinite where it never rises again."""
    root, reciprocal = np.sqrt(unit / m.q2), unit / m.trace
    slope = 1.0 / np.sqrt(sum_squares)
    gap = root * root - reciprocal
    half = root * slope - 0.5 * m.fall / (m.trace * m.trace)
    inside = half * half - slope * slope * gap
    return np.where((half >= 0.0) | (inside < 0.0), np.inf, gap / (np.sqrt(np.maximum(inside, 0.0)) - half))


def none_before(first: Moments, m: Moments, t: Vector) -> NDArray[np.bool_]:
    """Tell where D holds between 0 and t."""
    unit = 1.0 + t
    s_0, s_t = np.sqrt(1.0 / first.q2), np.sqrt(unit / m.q2)
    slope_0, slope_t = s_0 * first.q3 / first.q2, s_t * m.q3 / (m.q2 * unit)
    meet = (s_t - slope_t * t - s_0) / (slope_0 - slope_t)
    height = s_0 + slope_0 * meet
    u_0 = 1.0 / first.trace
    chord = u_0 + (unit / m.trace - u_0) * (meet / t)
    # Equal variances make s a line: its tangents coincide up to rounding, and D holds by the chord of s.
    line = slope_0 - slope_t <= 1e-12 * slope_0
    return np.asarray(line | (height * height < chord))
