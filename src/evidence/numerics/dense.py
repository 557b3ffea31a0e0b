"""The Gram of any structure, by the small covariance matrices of the clusters themselves, stacked by size.

For random effects that are not nested intercepts (several outcomes), and for known blocks of V under three or
more levels. A cluster of n rows costs n³, so that the whole stays linear in the number of clusters.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evidence.errors import ModelError
from evidence.numerics.blocks import Structure
from evidence.numerics.gram import Gram
from evidence.numerics.jets import Jet, pairs
from evidence.numerics.wls import Vector

__all__ = ["Dense", "dense_engine"]


@dataclass(frozen=True)
class _Stack:
    """Clusters of one size: known covariance (B, n, n), patterns (q, B, n, n), columns (B, n, c)."""

    known: Vector
    patterns: Vector
    columns: Vector


@dataclass(frozen=True)
class Dense:
    """Clusters with their matrices."""

    stacks: tuple[_Stack, ...]
    k: int
    size: int

    def gram(self, theta: Vector, *, derivatives: bool = True) -> Gram:
        """Return the Gram at the components `theta`.

        Raises
        ------
        ModelError
            Where a cluster's covariance is singular.
        """
        parts = [_stack_gram(stack, theta, derivatives) for stack in self.stacks]
        cross, log_det = parts[0]
        for more, rest in parts[1:]:
            cross, log_det = cross + more, log_det + rest
        return Gram(cross, log_det)


def _stack_gram(stack: _Stack, theta: Vector, derivatives: bool) -> tuple[Jet, Jet]:
    covariance = stack.known + np.tensordot(theta, stack.patterns, axes=1)
    try:
        root = np.linalg.cholesky(covariance)
    except np.linalg.LinAlgError as problem:
        raise ModelError("the covariance of a cluster's effects is singular") from problem
    c, q = stack.columns.shape[-1], len(stack.patterns) if derivatives else 0
    inverse_root = np.linalg.inv(root)
    white = inverse_root @ stack.columns
    log_det = 2.0 * float(np.log(np.diagonal(root, axis1=1, axis2=2)).sum())
    value = np.tensordot(white, white, axes=([0, 1], [0, 1]))
    i, j = pairs(q)
    first, second = np.zeros((q, c, c)), np.zeros((i.size, c, c))
    slope, bend = np.zeros(q), np.zeros(i.size)
    if q:
        # Patterns in whitened coordinates: L^-1 K L^-T.
        patterns = inverse_root @ stack.patterns @ np.swapaxes(inverse_root, 1, 2)
        flat = patterns.reshape(q, -1)
        slope = np.einsum("qbii->q", patterns)
        bend = -(flat @ flat.T)[i, j]
        moved = patterns @ white
        rows = moved.reshape(q, -1, c)
        first = -np.einsum("kc,qkd->qcd", white.reshape(-1, c), rows, optimize=True)
        both = np.einsum("akc,bkd->abcd", rows, rows, optimize=True)
        second = both[i, j] + both[j, i]
    return Jet(value, first, second), Jet(np.array(log_det), slope, bend)


def dense_engine(structure: Structure, x: Vector, y: Vector) -> Dense:
    """Prepare the stacks.

    Parameters
    ----------
    structure : Structure
        Clusters, known covariance, patterns.
    x : Vector, shape (k, p)
        Moderators, in the structure's order of rows.
    y : Vector, shape (k,)
        Effects, or residuals of a first fit.

    Returns
    -------
    Dense
    """
    columns = np.column_stack([x, y])
    stacks = tuple(
        _Stack(structure.sampling(clusters, rows), structure.pattern.stack(rows), columns[rows])
        for clusters, rows in structure.stacks()
    )
    return Dense(stacks, structure.k, structure.pattern.size)
