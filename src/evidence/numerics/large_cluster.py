"""A cluster of many rows without its matrix: nested intercepts cost a few sums, not n³.

``Phi = D + sum_l theta_l Z_l Z_l' + rho s s'`` with D diagonal and Z_l the groups of level l, each within one
of the next. Its inverse follows level by level, inside out, from the inverse M of what has been added so far:
with o = M 1 and a group's sum S = 1'o, adding ``theta 1 1'`` turns M x into ``M x - o theta (1'M x) / (1 +
theta S)`` and o into ``o / (1 + theta S)``; s enters last. A shift ``Phi + i t`` only makes D complex.

CR2's adjusted moderators are ``E = (Phi B)^(-1/2) X`` with ``B = Phi - X Q X'``, because A = C (C'B C)^(-1/2)
C' gives A Phi^-1 = C (C'B C)^(-1/2) C^-1. Unless D is a multiple of the identity this root is not the
identity plus a matrix of low rank: no small eigenproblem gives it. But it is an integral over shifted
inverses::

    (Phi B)^(-1/2) X = 2/pi integral_0^inf (t² + Phi² - Phi X Q X')^-1 X dt

and both ``(t² + Phi²)^-1 X`` and ``Phi (t² + Phi²)^-1 X`` are parts of one solution, ``(Phi + i t)^-1 X``.
After t = sqrt(m) sc(u | 1 - m / M), the spectrum lying in [m, M], the midpoint rule converges geometrically
(Hale, Higham & Trefethen 2008): some 40 solutions give 13 digits.

References
----------
Hale N, Higham NJ, Trefethen LN. Computing A^alpha, log(A), and related matrix functions by contour integrals.
SIAM J Numer Anal 2008;46(5):2505-2523. https://doi.org/10.1137/070700607
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from evidence.numerics.blocks import Codes, Levels, Structure, begins
from evidence.numerics.wls import Vector

__all__ = ["LARGE", "LargeCluster", "covariance_stacks", "large_cluster"]

LARGE = 300
"""Rows of a cluster from which on this is faster than its matrices."""

_ERROR = 1e-15
"""Error aimed at in the integral, relative to the result."""
_SINGULAR = 1e-9
"""Share of its information that a cluster leaves to the others in some direction, below which it counts as
none."""

Numbers = NDArray[Any]  # real or complex


@dataclass(frozen=True)
class _Layer:
    """Groups of a level within the cluster: their component, where they begin, their sizes."""

    component: float
    starts: Codes
    sizes: Codes

    def sums(self, rows: Numbers) -> Numbers:
        """Sum rows (..., n, m) by group."""
        return np.asarray(np.add.reduceat(rows, self.starts, axis=-2))

    def spread(self, groups: Numbers) -> Numbers:
        """Repeat groups' numbers for their rows."""
        return np.repeat(groups, self.sizes, axis=-2)


@dataclass(frozen=True)
class LargeCluster:
    """The marginal covariance Phi of one cluster.

    Attributes
    ----------
    d : Vector, shape (n,)
        Diagonal part: independent sampling error and the rows' own effects.
    layers : tuple
        Levels with several rows in a group, the innermost first.
    rho : float
        Correlation of sampling errors.
    s : Vector, shape (n,)
        Standard errors.
    """

    d: Vector
    layers: tuple[_Layer, ...]
    rho: float
    s: Vector

    def times(self, columns: Vector) -> Vector:
        """Return ``Phi @ columns``, (..., n, m)."""
        out = self.d[:, None] * columns
        for layer in self.layers:
            out += layer.component * layer.spread(layer.sums(columns))
        if self.rho:
            out += (self.rho * self.s[:, None]) * (self.s @ columns)[..., None, :]
        return np.asarray(out)

    def solve(self, columns: Vector) -> Vector:
        """Return ``Phi^-1 @ columns``, (..., n, m)."""
        return np.asarray(self._solve(columns, self.d))

    def shifted(self, columns: Vector, shift: float) -> tuple[Vector, Vector]:
        """Return ``(shift² + Phi²)^-1 @ columns`` and Phi times that, (..., n, m)."""
        both = self._solve(columns, self.d + 1j * shift)
        return both.imag / -shift, both.real

    def _solve(self, columns: Vector, d: Numbers) -> Numbers:
        a = (1.0 / d)[:, None]
        ones, out = a, a * columns
        solved = a * self.s[:, None]
        for layer in self.layers:
            factor = 1.0 / (1.0 + layer.component * layer.sums(ones))
            pull = ones * layer.spread(layer.component * factor)
            out = out - pull * layer.spread(layer.sums(out))
            solved = solved - pull * layer.spread(layer.sums(solved))
            ones = ones * layer.spread(factor)
        if self.rho:
            size = self.rho / (1.0 + self.rho * (self.s @ solved))
            out = out - solved * (size * (self.s @ out))[..., None, :]
        return out

    def inverse_diagonal(self) -> Vector:
        """Return the diagonal of ``Phi^-1``, (n,)."""
        ones = (1.0 / self.d)[:, None]
        out = ones[:, 0]
        for layer in self.layers:
            factor = layer.spread(1.0 / (1.0 + layer.component * layer.sums(ones)))
            out = out - (layer.component * factor * ones * ones)[:, 0]
            ones = ones * factor
        if self.rho:
            solved = replace(self, rho=0.0).solve(self.s[:, None])[:, 0]
            out = out - solved * solved * (self.rho / (1.0 + self.rho * float(self.s @ solved)))
        return out

    def diagonal(self) -> Vector:
        """Return the diagonal of Phi, (n,)."""
        total = sum(layer.component for layer in self.layers)
        return np.asarray(self.d + total + self.rho * self.s * self.s)

    def bias_reduced(self, x: Vector, bread: Vector) -> Vector | None:
        """Return CR2's adjusted moderators ``E = A Phi^-1 X``.

        Parameters
        ----------
        x : Vector, shape (1, n, p)
            Moderators.
        bread : Vector, shape (p, p)
            Q, the model-based covariance of the coefficients.

        Returns
        -------
        Vector of shape (1, n, p), or None
            None where only this cluster informs some combination of coefficients: B is then singular.
        """
        half = x @ np.linalg.cholesky(bread)
        turned, p = np.swapaxes(half, 1, 2), x.shape[-1]
        left = 1.0 - float(np.linalg.eigvalsh(turned @ self.solve(half))[0, -1])
        if left <= _SINGULAR:
            return None
        # B is at least `left` times Phi; Phi's eigenvalues lie between its least d and its largest row sum.
        low = left * float(self.d.min()) ** 2
        high = float(self.times(np.ones((self.d.size, 1))).max()) ** 2
        total = np.zeros_like(x)
        for shift, weight in zip(*_nodes(low, high), strict=True):
            plain, times_phi = self.shifted(np.concatenate([x, half], axis=-1), shift)
            plain, times_phi = plain[..., :p], times_phi[..., p:]
            total += weight * (
                plain + times_phi @ np.linalg.solve(np.eye(p) - turned @ times_phi, turned @ plain)
            )
        return total


def _nodes(low: float, high: float) -> tuple[list[float], list[float]]:
    """Return shifts t and weights: ``sum weight (t² + G)^-1`` is G^(-1/2), G's spectrum in [low, high]."""
    steps = math.ceil(-math.log(_ERROR) * (math.log(high / low) + 3.0) / (2.0 * math.pi**2)) + 2
    whole = float(special.ellipkm1(low / high))
    sn, cn, dn, _ = special.ellipj((np.arange(steps) + 0.5) * (whole / steps), 1.0 - low / high)
    scale = math.sqrt(low)
    weights = (2.0 * scale * whole / (math.pi * steps)) * dn / (cn * cn)
    return (scale * sn / cn).tolist(), weights.tolist()


def covariance_stacks(
    structure: Structure, theta: Vector, square: float = 1.0
) -> Iterator[tuple[Codes, Codes, LargeCluster | None]]:
    """Yield clusters as `Structure.stacks` does, those without need of a matrix one by one.

    Parameters
    ----------
    structure : Structure
        Clusters, known covariance, patterns.
    theta : Vector, shape (q,)
        Variance components, in the units of the structure's variances.
    square : float, default 1
        What the large clusters' variances are divided by.

    Yields
    ------
    clusters, rows, large
        Numbers (B,), row numbers (B, n), and the covariance of a cluster of at least `LARGE` rows (then B is
        1); None where matrices are to be used: fewer rows, given blocks, several outcomes.
    """
    possible = structure.blocks is None and isinstance(structure.pattern, Levels)
    for clusters, rows in structure.stacks():
        if not possible or rows.shape[1] < LARGE:
            yield clusters, rows, None
        else:
            for cluster, row in zip(clusters, rows, strict=True):
                yield np.array([cluster]), row[None], large_cluster(structure, row, theta, square)


def large_cluster(structure: Structure, rows: Codes, theta: Vector, square: float = 1.0) -> LargeCluster:
    """Return the covariance of one cluster of nested intercepts, given by its rows, over `square`."""
    assert isinstance(structure.pattern, Levels)
    n, v = rows.size, structure.v[rows] / square
    d, layers = v * (1.0 - structure.rho), []
    for codes, component in zip(structure.pattern.codes[::-1], (theta[::-1] / square).tolist(), strict=True):
        starts = begins(codes[rows])
        if starts.size == n:
            d = d + component
        elif component > 0.0:
            layers.append(_Layer(component, starts, np.diff(np.append(starts, n))))
    return LargeCluster(d, tuple(layers), structure.rho, np.sqrt(v))
