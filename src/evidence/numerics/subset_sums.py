"""Heterogeneity of subsets of studies: Cochran's Q and I² from sums over each subset."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evidence.numerics.wls import Vector

__all__ = ["SubsetSums", "heterogeneity", "scaled_effects", "sums_by_number", "sums_of"]


@dataclass(frozen=True)
class SubsetSums:
    """Sums over the studies of each subset, in units of the smallest variance.

    Attributes
    ----------
    weight, moment, square : Vector, shape (subsets,)
        Of w, w z and w z², the effects z around the mean of all.
    pairs : Vector
        Of w times w over the pairs of studies: half of ``(sum w)² - sum w²``, added pair by pair, so that
        nothing cancels where one weight outweighs the others.
    k : Vector
        Studies.
    """

    weight: Vector
    moment: Vector
    square: Vector
    pairs: Vector
    k: Vector

    def keep(self, numbers: NDArray[np.intp]) -> SubsetSums:
        """Return the sums of some of the subsets."""
        parts = (self.weight, self.moment, self.square, self.pairs, self.k)
        return SubsetSums(*(part[numbers] for part in parts))


def scaled_effects(y: Vector, v: Vector) -> tuple[Vector, Vector]:
    """Return weights and effects: squares neither overflow nor lose digits."""
    w = v.min() / v
    z = (y - y[np.argmin(v)]) / math.sqrt(v.min())
    return w, z - (w @ z) / w.sum()


def sums_by_number(w: Vector, z: Vector) -> SubsetSums:
    """Return the sums of all subsets, by their number: each study doubles the table."""
    weight = moment = square = pairs = k = np.zeros(1)
    for one, at in zip(w.tolist(), z.tolist(), strict=True):
        pairs = np.concatenate([pairs, pairs + one * weight])
        weight = np.concatenate([weight, weight + one])
        moment = np.concatenate([moment, moment + one * at])
        square = np.concatenate([square, square + one * at * at])
        k = np.concatenate([k, k + 1.0])
    return SubsetSums(weight, moment, square, pairs, k)


def sums_of(w: Vector, z: Vector, chosen: NDArray[np.bool_]) -> SubsetSums:
    """Return the sums of some subsets."""
    sums = SubsetSums(*(np.zeros(len(chosen)) for _ in range(5)))
    for i, (one, at) in enumerate(zip(w.tolist(), z.tolist(), strict=True)):
        mine = chosen[:, i].astype(np.float64)
        sums.k[:] += mine
        mine *= one
        sums.pairs[:] += mine * sums.weight
        sums.weight[:] += mine
        mine *= at
        sums.moment[:] += mine
        mine *= at
        sums.square[:] += mine
    return sums


def heterogeneity(sums: SubsetSums, tau2: Vector, estimator: str) -> tuple[Vector, Vector]:
    """Return Cochran's Q and I² in percent of each subset; tau² in units of the smallest variance.

    I² is tau² over its sum with the typical sampling variance of the subset's studies; under a common effect
    the share of Q beyond its degrees of freedom (Higgins & Thompson 2002).
    """
    more = sums.k - 1.0
    q = np.maximum(sums.square - sums.moment * sums.moment / sums.weight, 0.0)
    if estimator == "EE":
        return q, 100.0 * np.maximum(q - more, 0.0) / np.maximum(q, more)
    typical = more * sums.weight / np.maximum(2.0 * sums.pairs, np.finfo(np.float64).tiny)
    return q, 100.0 * tau2 / (tau2 + typical)
