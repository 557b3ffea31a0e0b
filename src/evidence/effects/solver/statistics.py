"""The t of a comparison of two arms from the other statistics of one: arrays in, arrays out."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from evidence.effects.formulas import Floats, as_floats

__all__ = ["t_from_chi2", "t_from_f", "t_from_r"]


def t_from_f(f: ArrayLike) -> Floats:
    """Return the size of t from an F with one numerator degree of freedom.

    Examples
    --------
    >>> float(t_from_f(6.25))
    2.5
    """
    return np.sqrt(as_floats(f))


def t_from_r(r: ArrayLike, df: ArrayLike) -> Floats:
    """Return the t of a point-biserial correlation of belonging to an arm with the outcome.

    Parameters
    ----------
    r : array-like
        The correlation, in (-1, 1).
    df : array-like
        People in both arms minus 2.

    References
    ----------
    Borenstein M, Hedges LV, Higgins JPT, Rothstein HR (2009). Introduction to Meta-Analysis. Wiley, chapter
    7. doi:10.1002/9780470743386

    Examples
    --------
    >>> round(float(t_from_r(0.5, 48)), 4)
    4.0
    """
    correlation = as_floats(r)
    return correlation * np.sqrt(as_floats(df) / (1 - correlation**2))


def t_from_chi2(chi2: ArrayLike, people: ArrayLike) -> Floats:
    """Return the size of t whose share of explained variance is that of a chi-squared of 1 df.

    Parameters
    ----------
    chi2 : array-like
        The statistic, below `people`.
    people : array-like
        People in both arms. The squared correlation is taken as chi2 / people.

    References
    ----------
    Lipsey MW, Wilson DB (2001). Practical Meta-Analysis. Sage, appendix B.

    Examples
    --------
    For arms of one size d = t·sqrt(4/N) is the book's 2·sqrt(chi2/(N - chi2)), with N - 2 in place of one N:

    >>> round(float(t_from_chi2(4.0, 100)), 4)
    2.0207
    """
    return t_from_r(np.sqrt(as_floats(chi2) / as_floats(people)), as_floats(people) - 2)
