"""Which means and standard deviations whole numbers can have: GRIM, GRIMMER, DEBIT, limits of a scale.

Arrays in, arrays of truth values out: True where the printed numbers are possible. NaN anywhere gives True:
what is not printed cannot be impossible.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["debit", "grim", "grim_applies", "grimmer", "largest_sd", "smallest_sd"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_SLACK = 1e-9
"""Relative slack for the binary form of decimal numbers: 0.15 is stored a little below itself."""


def _floats(*values: ArrayLike) -> tuple[Floats, ...]:
    return tuple(np.asarray(value, dtype=np.float64) for value in np.broadcast_arrays(*values))


def grim_applies(n: ArrayLike, items: ArrayLike, decimals: ArrayLike) -> Bools:
    """Say where GRIM can find anything: fewer possible means than printed digits tell apart.

    Parameters
    ----------
    n : array-like
        People.
    items : array-like
        Whole-number items that each score is the mean of; 1 for a count or a sum score.
    decimals : array-like
        Printed decimals of the mean.

    Examples
    --------
    >>> bool(grim_applies(28, 1, 2)), bool(grim_applies(120, 1, 2))
    (True, False)
    """
    people, parts, digits = _floats(n, items, decimals)
    with np.errstate(invalid="ignore"):
        return np.asarray(people * parts < 10.0**digits)


def grim(mean: ArrayLike, half: ArrayLike, n: ArrayLike, items: ArrayLike = 1) -> Bools:
    """Say which means of whole numbers are possible (granularity-related inconsistency of means).

    Parameters
    ----------
    mean, half : array-like
        The printed mean and half a unit of its last digit. Both ways of rounding a tie are allowed.
    n : array-like
        People.
    items : array-like
        Items per person, as in `grim_applies`.

    References
    ----------
    Brown NJL, Heathers JAJ. Soc Psychol Personal Sci 2017;8(4):363-369. https://doi.org/10.1177/1948550616673876

    Examples
    --------
    A mean of 5.19 cannot come from 28 whole numbers (145/28 = 5.18, 146/28 = 5.21):

    >>> bool(grim(5.19, 0.005, 28)), bool(grim(5.18, 0.005, 28))
    (False, True)
    """
    centre, unit, people, parts = _floats(mean, half, n, items)
    low, high = _totals(centre, unit, people * parts)
    with np.errstate(invalid="ignore"):
        return np.asarray(~(low > high))


def _totals(mean: Floats, half: Floats, units: Floats) -> tuple[Floats, Floats]:
    """Return the smallest and the largest whole total that is printed as this mean."""
    slack = _SLACK * np.maximum(np.abs(mean) + half, half) * units
    return np.ceil((mean - half) * units - slack), np.floor((mean + half) * units + slack)


def smallest_sd(mean: ArrayLike, n: ArrayLike) -> Floats:
    """Return the smallest standard deviation of n whole numbers with this mean (the flattest split)."""
    centre, people = _floats(mean, n)
    with np.errstate(invalid="ignore", divide="ignore"):
        over = centre - np.floor(centre)
        return np.asarray(np.sqrt(people / (people - 1.0) * over * (1.0 - over)))


def largest_sd(mean: ArrayLike, n: ArrayLike, low: ArrayLike, high: ArrayLike) -> Floats:
    """Return the largest standard deviation of n scores within limits: all of them at the two ends.

    Parameters
    ----------
    mean, n : array-like
        Mean and people.
    low, high : array-like
        Ends of the scale.

    Returns
    -------
    ndarray
        sqrt((mean - low)(high - mean) n/(n-1)); NaN where the mean is outside the scale.

    References
    ----------
    Bhatia R, Davis C. Am Math Mon 2000;107(4):353-357. https://doi.org/10.1080/00029890.2000.12005203
    """
    centre, people, bottom, top = _floats(mean, n, low, high)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.sqrt((centre - bottom) * (top - centre) * people / (people - 1.0)))


def grimmer(
    mean: ArrayLike,
    mean_half: ArrayLike,
    sd: ArrayLike,
    sd_half: ArrayLike,
    n: ArrayLike,
    items: ArrayLike = 1,
) -> Bools:
    """Say which pairs of mean and standard deviation whole numbers can have.

    The sum of squares of whole numbers is whole, odd or even with their sum, and at least that of the
    flattest split. Each total that the mean allows is tried.

    Parameters
    ----------
    mean, mean_half, sd, sd_half : array-like
        The printed numbers and half a unit of their last digits; `sd` has n - 1 in its denominator.
    n, items : array-like
        As in `grim`. For several items the scores are multiples of 1/items.

    References
    ----------
    Anaya J. PeerJ Preprints 2016;4:e2400v1. https://doi.org/10.7287/peerj.preprints.2400v1

    Examples
    --------
    >>> bool(grimmer(7.3, 0.05, 2.51, 0.005, 12)), bool(grimmer(7.3, 0.05, 2.53, 0.005, 12))
    (False, True)
    """
    given = _floats(mean, mean_half, sd, sd_half, n, items)
    flat = [np.atleast_1d(value).ravel() for value in given]
    whole = np.all([np.isfinite(value) for value in flat], axis=0) & (flat[4] > 1)
    out = np.ones(flat[0].size, dtype=bool)
    for at in np.flatnonzero(whole):
        out[at] = _grimmer(*(float(value[at]) for value in flat))
    return np.asarray(out.reshape(given[0].shape))


def _grimmer(mean: float, mean_half: float, sd: float, sd_half: float, n: float, items: float) -> bool:
    """Try every total that the mean allows; scores are scaled to whole numbers first."""
    low, high = _totals(np.asarray(mean), np.asarray(mean_half), np.asarray(n * items))
    bottom, top = max(sd - sd_half, 0.0) * items, (sd + sd_half) * items
    for total in np.arange(float(low), float(high) + 1.0):
        base = total * total / n
        slack = _SLACK * (base + (n - 1.0) * top * top + 1.0)
        least = np.ceil((n - 1.0) * bottom * bottom + base - slack)
        most = np.floor((n - 1.0) * top * top + base + slack)
        share, rest = divmod(total, n)
        flattest = n * share * share + rest * (2.0 * share + 1.0)
        least = max(least, flattest)
        if (least - total) % 2:  # the squares are odd as often as the numbers
            least += 1.0
        if least <= most:
            return True
    return False


def debit(mean: ArrayLike, mean_half: ArrayLike, sd: ArrayLike, sd_half: ArrayLike, n: ArrayLike) -> Bools:
    """Say which pairs of mean and standard deviation answers of yes (1) and no (0) can have.

    Parameters
    ----------
    mean, mean_half, sd, sd_half : array-like
        Share and standard deviation as printed, with half a unit of their last digits.
    n : array-like
        People.

    References
    ----------
    Heathers JAJ, Brown NJL (2019). DEBIT: a simple consistency test for binary data. https://osf.io/5vb3u

    Examples
    --------
    >>> bool(debit(0.35, 0.005, 0.18, 0.005, 100)), bool(debit(0.35, 0.005, 0.48, 0.005, 100))
    (False, True)
    """
    share, unit, spread, spread_unit, people = _floats(mean, mean_half, sd, sd_half, n)
    low, high = np.clip(share - unit, 0.0, 1.0), np.clip(share + unit, 0.0, 1.0)
    # p(1-p) rises up to one half and falls after it: its ends over [low, high].
    middle = np.clip(0.5, low, high)
    largest = largest_sd(middle, people, 0.0, 1.0)
    smallest = np.minimum(largest_sd(low, people, 0.0, 1.0), largest_sd(high, people, 0.0, 1.0))
    slack = _SLACK * (1.0 + np.abs(spread))
    with np.errstate(invalid="ignore"):
        wrong = (spread - spread_unit > largest + slack) | (spread + spread_unit < smallest - slack)
        outside = (share - unit > 1.0 + slack) | (share + unit < -slack)
        return np.asarray(~(wrong | outside))
