"""Moment estimates of nested variance components: where the search for the maximum of a likelihood begins.

Items with variances c and an effect of variance theta of their own stand in groups that share what lies
above. With weights ``w = 1 / (c + t)`` for a rough t, W their sum in a group and Q that of their squares, the
weighted sum of squares within groups has the expectation::

    sum over items of w (c + theta)  -  sum over groups of sum w² (c + theta) / W

which gives theta; the weighted means go on as items of variance ``(W + (theta - t) Q) / W²``. A correlation
rho of a cluster's sampling errors adds, within it, rho times the same sum of squares of the standard errors,
and to its mean's variance rho times the square of their mean.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from evidence.numerics.blocks import Codes, Levels, begins
from evidence.numerics.mixed import Problem
from evidence.numerics.wls import Vector

__all__ = ["moment_start"]


@dataclass(frozen=True)
class _Items:
    """Independent items: variances; values in rows, of which the second are the standard errors' shares."""

    c: Vector
    values: Vector

    def grouped(self, starts: Codes, rough: float) -> tuple[_Items, float]:
        """Return the groups' means as items, and the variance of the items' own effects."""
        w = 1.0 / (self.c + rough)
        whole, squares = np.add.reduceat(np.stack([w, w * w]), starts, axis=-1)
        weighted = w * self.values
        means = np.add.reduceat(weighted, starts, axis=-1) / whole
        spread = (weighted * self.values).sum(axis=-1) - (whole * means * means).sum(axis=-1)
        total, lost = float(whole.sum()), float((squares / whole).sum())
        expected = w.size - starts.size - rough * (total - lost)
        free = total - lost
        theta = max(float(spread[0] - spread[1:].sum() - expected) / free, 0.0) if free > 0.0 else math.nan
        return _Items((whole + (theta - rough) * squares) / (whole * whole), means), theta

    def independent(self) -> _Items:
        """Return clusters: what their rows' errors have in common is part of their means' variance."""
        return _Items(self.c + (self.values[1:] ** 2).sum(axis=0), self.values[:1])

    def pooled(self, starts: Codes) -> _Items:
        """Return the means of groups of items without effects of their own."""
        w = 1.0 / self.c
        whole = np.add.reduceat(w, starts)
        return _Items(1.0 / whole, np.add.reduceat(w * self.values, starts, axis=-1) / whole)


def moment_start(problem: Problem, size: float) -> Vector | None:
    """Return the components, the outermost first, in scaled units; None where moments do not tell them.

    Parameters
    ----------
    problem : Problem
        The model.
    size : float
        Rough size of the heterogeneity, in scaled units; the weights rest on it.
    """
    structure = problem.structure
    if not isinstance(structure.pattern, Levels) or structure.blocks is not None:
        return None
    v, rho = structure.v / problem.unit**2, structure.rho
    values = (problem.y - problem.x @ (problem.base * problem.unit))[None] / problem.unit
    if rho:
        values = np.concatenate([values, np.sqrt(rho * v)[None]])
    items = _Items(v * (1.0 - rho), values)
    levels = [begins(codes) for codes in structure.pattern.codes[::-1]]
    if levels[0].size < structure.k:
        items = items.pooled(levels[0])
    found = []
    for level, above in zip(levels, [*levels[1:], np.zeros(1, dtype=np.intp)], strict=True):
        if level is levels[-1]:
            items = items.independent()
        items, theta = items.grouped(np.searchsorted(level, above).astype(np.intp), size / len(levels))
        found.append(theta)
    start = np.array(found[::-1])
    return start if np.isfinite(start).all() else None
