"""What the estimators of tau² ask of a model with one variance component, whatever its mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["Problem", "Sums", "Vector"]

Vector = NDArray[np.float64]


class Problem(Protocol):
    """What the estimators of tau² ask of a model with one variance component.

    `Sample` is the intercept-only model, `evidence.numerics.design.Design` the one with moderators.
    """

    @property
    def k(self) -> int:
        """Number of effects."""

    @property
    def p(self) -> int:
        """Number of coefficients that are estimated from them."""

    @property
    def y(self) -> Vector:
        """Effects as given."""

    @property
    def v(self) -> Vector:
        """Variances as given."""

    @property
    def v_min(self) -> float:
        """The smallest variance."""

    @property
    def reach(self) -> float:
        """A value of tau² at and beyond which the likelihood only falls; 0 where it falls from the start."""

    def sums(self, t: Vector) -> Sums:
        """Return the sums at each value of tau²."""

    def unweighted(self) -> tuple[float, float]:
        """Return the residual sum of squares of ordinary least squares and ``sum of v (1 - leverage)``."""


@dataclass(frozen=True)
class Sums:
    """The sums at one or several values of tau²; all are free of units.

    P is the residual-forming matrix of the model, ``P = W - W X (X'WX)^-1 X'W``; with nothing to estimate,
    ``P = W``.

    Attributes
    ----------
    unit : Vector
        ``v_min + t``: what turns the sums back into the data's units.
    s1, s2 : Vector
        Sums of the weights and of their squares.
    q1, q2, q3 : Vector
        The forms y'Py, y'PPy and y'PPPy, with y in units of ``sqrt(unit)``.
    tr_p, tr_pp : Vector
        Traces of P and PP.
    log_det : Vector
        ``log |X'WX| - log |X'X|``.
    """

    unit: Vector
    s1: Vector
    s2: Vector
    q1: Vector
    q2: Vector
    q3: Vector
    tr_p: Vector
    tr_pp: Vector
    log_det: Vector
