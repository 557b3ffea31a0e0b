"""Effects in independent clusters: sorted rows, known sampling covariance, patterns of the random effects.

The marginal covariance of a cluster is ``V + sum_j theta_j K_j``: V is known (diagonal, of one correlation
rho, or given as blocks), each K_j is a known pattern (rows of one group of a level; a basis matrix of
outcomes). Nothing here is larger than one cluster: clusters of equal size are handled as one stack.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evidence.errors import ModelError
from evidence.numerics.wls import Vector

__all__ = ["Codes", "Levels", "Outcomes", "Structure", "arrange", "begins", "nested_codes"]

Codes = NDArray[np.intp]

_STACK = 4_000_000
"""Numbers in one stack of covariance matrices (32 MB); larger stacks are cut."""


@dataclass(frozen=True)
class Levels:
    """Nested random intercepts: two rows share the effect of a level where their codes agree.

    Attributes
    ----------
    codes : tuple of Codes, each of shape (k,)
        Groups of each level, the outermost first, in the order of the structure's rows.
    """

    codes: tuple[Codes, ...]

    @property
    def size(self) -> int:
        """Number of components."""
        return len(self.codes)

    def stack(self, rows: Codes) -> Vector:
        """Return the patterns of clusters given by row numbers (B, n), as (components, B, n, n)."""
        parts = [codes[rows] for codes in self.codes]
        return np.stack([(c[:, :, None] == c[:, None, :]).astype(np.float64) for c in parts])

    def reordered(self, rows: Codes) -> Levels:
        """Return the pattern with its rows in another order."""
        return Levels(tuple(codes[rows] for codes in self.codes))


@dataclass(frozen=True)
class Outcomes:
    """Correlated random effects of several outcomes in each cluster.

    Attributes
    ----------
    outcome : Codes, shape (k,)
        Outcome of each row, 0, 1, ...
    basis : Vector, shape (components, outcomes, outcomes)
        Symmetric matrices whose weighted sum is the covariance of a cluster's random effects.
    """

    outcome: Codes
    basis: Vector

    @property
    def size(self) -> int:
        """Number of components."""
        return int(self.basis.shape[0])

    def stack(self, rows: Codes) -> Vector:
        """Return the patterns of clusters given by row numbers (B, n), as (components, B, n, n)."""
        o = self.outcome[rows]
        return np.ascontiguousarray(self.basis[:, o[:, :, None], o[:, None, :]])

    def reordered(self, rows: Codes) -> Outcomes:
        """Return the pattern with its rows in another order."""
        return Outcomes(self.outcome[rows], self.basis)


@dataclass(frozen=True)
class Structure:
    """Clusters with their known covariance and their patterns; rows are sorted by cluster.

    Attributes
    ----------
    order : Codes, shape (k,)
        Where each sorted row stood.
    starts : Codes, shape (clusters,)
        First sorted row of each cluster.
    v : Vector, shape (k,)
        Sampling variances.
    rho : float
        Correlation of sampling errors within a cluster; 0 where `blocks` is given.
    blocks : tuple of Vector or None
        Known sampling covariance of each cluster.
    pattern : Levels or Outcomes
        What the variance components multiply.
    """

    order: Codes
    starts: Codes
    v: Vector
    rho: float
    blocks: tuple[Vector, ...] | None
    pattern: Levels | Outcomes

    @property
    def k(self) -> int:
        """Number of rows."""
        return int(self.v.size)

    @property
    def sizes(self) -> Codes:
        """Rows of each cluster."""
        return np.diff(np.append(self.starts, self.k))

    def stacks(self) -> Iterator[tuple[Codes, Codes]]:
        """Yield clusters of equal size: their numbers (B,) and their row numbers (B, n)."""
        sizes = self.sizes
        for n in np.unique(sizes):
            these = np.flatnonzero(sizes == n)
            per = max(1, _STACK // int(n * n))
            for begin in range(0, these.size, per):
                part = these[begin : begin + per]
                yield part, self.starts[part][:, None] + np.arange(n)

    def sampling(self, clusters: Codes, rows: Codes) -> Vector:
        """Return the known covariance of a stack, (B, n, n)."""
        if self.blocks is not None:
            return np.stack([self.blocks[c] for c in clusters])
        s = np.sqrt(self.v[rows])
        out = self.rho * s[:, :, None] * s[:, None, :]
        n = rows.shape[1]
        out[:, np.arange(n), np.arange(n)] = self.v[rows]
        return out

    def marginal(self, clusters: Codes, rows: Codes, theta: Vector) -> Vector:
        """Return the marginal covariance of a stack at the components `theta`, (B, n, n)."""
        return self.sampling(clusters, rows) + np.tensordot(theta, self.pattern.stack(rows), axes=1)


def begins(codes: Codes) -> Codes:
    """Return where runs of equal codes begin."""
    new = np.ones(codes.size, dtype=bool)
    np.not_equal(codes[1:], codes[:-1], out=new[1:])
    return np.flatnonzero(new).astype(np.intp, copy=False)


def nested_codes(levels: Sequence[Codes]) -> tuple[Codes, ...]:
    """Return levels as groups within groups: equal names in different outer groups become different groups.

    Groups are numbered in sorted order, so that an inner level's numbers sort the outer levels too.
    """
    order = np.lexsort(list(reversed(levels)))
    sorted_already = bool((order[1:] > order[:-1]).all())
    new = np.zeros(order.size, dtype=bool)
    out: list[Codes] = []
    for level in levels:
        values = level if sorted_already else level[order]
        new[1:] |= values[1:] != values[:-1]
        codes = np.cumsum(new, dtype=np.intp)
        if not sorted_already:
            codes[order] = codes.copy()
        out.append(codes)
    return tuple(out)


def _checked_blocks(blocks: Sequence[Vector], cluster: Codes, v: Vector) -> None:
    counts = np.bincount(cluster)
    if len(blocks) != counts.size:
        raise ModelError(f"a block of V is needed for each cluster, {counts.size} in all; got {len(blocks)}")
    for c, block in enumerate(blocks):
        n = int(counts[c])
        if block.shape != (n, n):
            raise ModelError(f"block {c + 1} of V belongs to {n} rows; its shape is {block.shape}")
        if not np.allclose(block, block.T, rtol=1e-10, atol=0.0):
            raise ModelError(f"block {c + 1} of V is not symmetric")
        if not np.allclose(np.diag(block), v[cluster == c], rtol=1e-10, atol=0.0):
            raise ModelError(f"the diagonal of block {c + 1} of V differs from the variances of its rows")
        size = np.sqrt(np.diag(block))
        if np.linalg.eigvalsh(block / size[:, None] / size)[0] < 1e-12:
            raise ModelError(
                f"block {c + 1} of V is not positive definite: its rows repeat or contradict each other"
            )


def arrange(
    v: Vector,
    cluster: Codes,
    pattern: Levels | Outcomes,
    *,
    rho: float = 0.0,
    blocks: Sequence[Vector] | None = None,
) -> Structure:
    """Sort rows by cluster (nested levels, numbered as by `nested_codes`: by every level).

    Parameters
    ----------
    v : Vector, shape (k,)
        Sampling variances, positive and finite.
    cluster : Codes, shape (k,)
        Cluster of each row, 0 ... J-1; for nested levels the groups of the outermost one.
    pattern : Levels or Outcomes
        Patterns of the random effects.
    rho : float, default 0
        Correlation of the sampling errors of one cluster's rows, 0 <= rho < 1.
    blocks : sequence of Vector, optional
        Known sampling covariance of each cluster, by cluster number, its rows in the order given.

    Returns
    -------
    Structure

    Raises
    ------
    ModelError
        Where rho is not in range, or a block does not fit its rows.
    """
    if not 0.0 <= rho < 1.0:
        raise ModelError(
            f"rho, the correlation of one study's sampling errors, is at least 0 and below 1; got {rho!r}"
        )
    if blocks is not None:
        if rho != 0.0:
            raise ModelError("give the sampling covariance as rho or as blocks, not both")
        _checked_blocks(blocks, cluster, v)
    key = pattern.codes[-1] if isinstance(pattern, Levels) and blocks is None else cluster
    order = np.argsort(key, kind="stable").astype(np.intp)
    starts = begins(cluster[order])
    given = None if blocks is None else tuple(np.asarray(block, dtype=np.float64) for block in blocks)
    return Structure(order, starts, v[order], rho, given, pattern.reordered(order))
