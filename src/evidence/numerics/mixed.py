"""A mixed model made ready to fit: scaled, a first fit removed, moderators decorrelated, an engine chosen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evidence.errors import ModelError
from evidence.numerics.blocks import Levels, Structure
from evidence.numerics.dense import dense_engine
from evidence.numerics.gram import Engine, Evaluation, evaluate
from evidence.numerics.nested import nested_engine
from evidence.numerics.wls import Vector

__all__ = ["Problem", "prepare"]


@dataclass(frozen=True)
class Problem:
    """A model in units in which the sampling variances are about 1, its fixed effects decorrelated.

    Attributes
    ----------
    structure : Structure
        Clusters, in the data's units.
    x, y : Vector
        Moderators and effects in the structure's order of rows, in the data's units.
    engine : Engine
        What computes the likelihood, in scaled units.
    unit : float
        Size of a standard error: a power of two, so that scaling rounds nothing.
    base : Vector, shape (p,)
        Fixed effects of the first fit, in units of `unit`; the engine sees its residuals.
    turn : Vector, shape (p, p)
        The engine's moderators are ``x @ turn``.
    restricted : bool
        REML instead of ML.
    log_xx : float
        ``log|X'X|`` of the engine's moderators.
    """

    structure: Structure
    x: Vector
    y: Vector
    engine: Engine
    unit: float
    base: Vector
    turn: Vector
    restricted: bool
    log_xx: float

    def at(self, theta: Vector, *, derivatives: bool = True) -> Evaluation:
        """Evaluate the likelihood at components in scaled units."""
        gram = self.engine.gram(theta, derivatives=derivatives)
        return evaluate(gram, self.engine.k, restricted=self.restricted, log_xx=self.log_xx)


def _decorrelated(x: Vector, weight: Vector) -> tuple[Vector, Vector]:
    """Return moderators of unit information and the matrix that makes them.

    Raises
    ------
    ModelError
        Where a moderator is a linear combination of those before it.
    """
    p = x.shape[1]
    if p == 1 and np.all(x == 1.0):
        return x, np.ones((1, 1))
    size = np.sqrt((x * x).max(axis=0))
    root: Vector = np.linalg.qr((x / np.where(size > 0.0, size, 1.0)) * np.sqrt(weight)[:, None])[1]
    lengths = np.sqrt((root * root).sum(axis=0))
    weak = np.flatnonzero(~(np.abs(np.diag(root)) > 1e-11 * lengths) | (size == 0.0))
    if weak.size:
        raise ModelError(
            f"moderator {int(weak[0]) + 1} (counted from 1) is a linear combination of those before it"
        )
    turn = np.linalg.solve(root, np.eye(p)) / size[:, None]
    return x @ turn, turn


def _first_fit(x: Vector, weight: Vector, y: Vector) -> tuple[Vector, Vector]:
    """Return a weighted fit and its residuals; the second round removes what the first rounded."""
    beta, residual = np.zeros(x.shape[1]), y
    weighted = x * weight[:, None]
    # einsum's own loops: products of long vectors would wake the threads of the linear algebra library.
    information = np.einsum("ni,nj->ij", weighted, x)
    for _ in range(2):
        step = np.linalg.solve(information, np.einsum("ni,n->i", weighted, residual))
        beta, residual = beta + step, residual - x @ step
    return beta, residual


def prepare(structure: Structure, x: Vector, y: Vector, *, restricted: bool) -> Problem:
    """Scale the data, remove a first fit and choose an engine.

    Parameters
    ----------
    structure : Structure
        Clusters with known covariance and patterns.
    x : Vector, shape (k, p)
        Moderators, in the order of the caller's rows.
    y : Vector, shape (k,)
        Effects, in the order of the caller's rows.
    restricted : bool
        REML instead of ML.

    Returns
    -------
    Problem

    Raises
    ------
    ModelError
        Where there are not more effects than coefficients, or moderators depend on each other.
    """
    if y.size <= x.shape[1]:
        raise ModelError(f"{x.shape[1]} coefficients need more effects than that; there are {y.size}")
    x, y = x[structure.order], y[structure.order]
    # A factor of two in the exponent of v is one in that of its root: the exponent is made even.
    exponent = int(np.frexp(np.median(structure.v))[1]) // 2
    unit, square = float(np.ldexp(1.0, exponent)), float(np.ldexp(1.0, 2 * exponent))
    scaled = Structure(
        structure.order,
        structure.starts,
        structure.v / square,
        structure.rho,
        None if structure.blocks is None else tuple(block / square for block in structure.blocks),
        structure.pattern,
    )
    z = y / unit
    white = scaled.v.min() / scaled.v
    turned, turn = _decorrelated(x, white)
    first, residual = _first_fit(turned, white, z)
    nested = isinstance(scaled.pattern, Levels) and (
        scaled.blocks is None or len(scaled.pattern.codes) == 1 or _rows_last(scaled.pattern, scaled.k)
    )
    engine: Engine = (nested_engine if nested else dense_engine)(scaled, turned, residual)
    sign, log_xx = np.linalg.slogdet(np.einsum("ni,nj->ij", turned, turned))
    assert sign > 0
    # The likelihood counts log|X'X| in the caller's moderators: turning cancels, only the part of M is in
    # scaled units.
    return Problem(structure, x, y, engine, unit, turn @ first, turn, restricted, float(log_xx))


def _rows_last(pattern: Levels, k: int) -> bool:
    return len(pattern.codes) == 2 and int(pattern.codes[-1].max()) + 1 == k
