"""The array door: one random-effects fit from two arrays to a small record of numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from evidence._check import check_level, one_of
from evidence.errors import ModelError
from evidence.numerics.single import ArrayFit, fit_arrays
from evidence.numerics.tau2 import TAU2
from evidence.numerics.wls import Vector

__all__ = ["pool_arrays"]

_WALD = ("z", "t", "HKSJ", "mHKSJ")
_CODES = tuple(TAU2)


def pool_arrays(
    estimate: Sequence[float] | Vector,
    variance: Sequence[float] | Vector,
    *,
    tau2: str = "REML",
    inference: str = "HKSJ",
    level: float = 0.95,
) -> ArrayFit:
    """Fit a random-effects model to arrays, for loops and simulations where microseconds count.

    The numbers are those of `random_effects`; what that adds (rows, sentences, sources) is left out.

    Parameters
    ----------
    estimate, variance : array-like, shape (k,)
        Effects of independent studies, and their sampling variances.
    tau2 : {"DL", "HE", "HS", "HSk", "SJ", "PM", "ML", "REML", "EB"}, default "REML"
        Estimator of the between-study variance.
    inference : {"z", "t", "HKSJ", "mHKSJ"}, default "HKSJ"
        How the mean's interval is made, as in `random_effects`.
    level : float, default 0.95
        Level of the intervals.

    Returns
    -------
    ArrayFit
        A named tuple of floats; the fields on heterogeneity are None for a single effect.

    Raises
    ------
    ModelError
        Where lengths differ, an effect is not finite or a variance not positive and finite (by its
        place), or an argument is not known.

    Examples
    --------
    >>> import evidence as ev
    >>> fit = ev.pool_arrays([0.1, 0.5, 0.9], [0.02, 0.03, 0.04])
    >>> round(fit.estimate, 3), round(fit.tau2, 3), fit.df
    (0.483, 0.13, 2)
    """
    try:
        y, v = np.asarray(estimate, np.float64), np.asarray(variance, np.float64)
    except (TypeError, ValueError) as problem:
        raise ModelError(f"estimate and variance are lists of numbers; {problem}") from problem
    if y.ndim != 1 or y.shape != v.shape or not y.size:
        raise ModelError(
            f"estimate and variance are equally long lists of numbers; got {y.shape} and {v.shape}"
        )
    # One sum tells whether all is well; only where it is not is each number looked at.
    if not (v.min() > 0.0 and math.isfinite(float(y.sum()) + float(v.sum()))):
        _refuse(y, v)
    code = tau2 if tau2 in _CODES else one_of("tau2", tau2, TAU2)
    how = inference if inference in _WALD else one_of("inference", inference, _WALD)
    return fit_arrays(y, v, code, how, check_level(level))


def _refuse(y: Vector, v: Vector) -> None:
    """Name the first number that is wrong; sums of huge but sound numbers pass.

    Raises
    ------
    ModelError
        Where there is one.
    """
    for at, (effect, variance) in enumerate(zip(y.tolist(), v.tolist(), strict=True)):
        if not math.isfinite(effect):
            raise ModelError(f"estimate[{at}]: an effect is a finite number, got {effect:g}")
        if not (math.isfinite(variance) and variance > 0.0):
            raise ModelError(f"variance[{at}]: a variance is a positive finite number, got {variance:g}")
