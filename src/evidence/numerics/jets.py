"""Second-order jets: a value with its gradient and Hessian, carried through products and reciprocals."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from evidence.numerics.wls import Vector

__all__ = ["Jet", "constant", "extend", "log_total", "multiply", "pairs", "reciprocal", "weighted_gram"]


@dataclass(frozen=True)
class Jet:
    """An array with its derivatives in m parameters.

    Attributes
    ----------
    value : Vector, shape (...)
        The array.
    first : Vector, shape (m, ...)
        Its first derivatives.
    second : Vector, shape (m (m + 1) / 2, ...)
        Its second derivatives in the order of `pairs`: a further parameter appends to them.
    """

    value: Vector
    first: Vector
    second: Vector

    @property
    def parameters(self) -> int:
        """Number of parameters m."""
        return int(self.first.shape[0])

    def segments(self, starts: NDArray[np.intp]) -> Jet:
        """Sum runs of the last axis that begin at `starts`."""
        if starts.size == self.value.shape[-1]:
            return self
        return Jet(
            *(np.add.reduceat(part, starts, axis=-1) for part in (self.value, self.first, self.second))
        )

    def rows(self, index: int | slice | NDArray[np.intp]) -> Jet:
        """Return one row (or some) of the second last axis."""
        return Jet(self.value[..., index, :], self.first[..., index, :], self.second[..., index, :])

    def __add__(self, other: Jet) -> Jet:
        """Add two jets of the same parameters."""
        return Jet(self.value + other.value, self.first + other.first, self.second + other.second)

    def __sub__(self, other: Jet) -> Jet:
        """Subtract a jet of the same parameters."""
        return Jet(self.value - other.value, self.first - other.first, self.second - other.second)

    def shifted(self, amount: Vector | float) -> Jet:
        """Add a constant array or number."""
        return Jet(self.value + amount, self.first, self.second)

    def scaled(self, factor: float) -> Jet:
        """Multiply by a number."""
        return Jet(self.value * factor, self.first * factor, self.second * factor)


@cache
def pairs(m: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the two parameters of each second derivative: (0,0), (0,1), (1,1), (0,2) ..."""
    low = np.array([i for j in range(m) for i in range(j + 1)], dtype=np.intp)
    high = np.array([j for j in range(m) for _ in range(j + 1)], dtype=np.intp)
    return low, high


def constant(value: Vector, m: int = 0) -> Jet:
    """Return an array that does not depend on the m parameters."""
    return Jet(value, np.zeros((m, *value.shape)), np.zeros((m * (m + 1) // 2, *value.shape)))


def extend(jet: Jet, slope: float = 0.0) -> Jet:
    """Return the jet with one more parameter, in which it is linear."""
    m, shape = jet.parameters, jet.value.shape
    return Jet(
        jet.value,
        np.concatenate([jet.first, np.full((1, *shape), slope)]),
        np.concatenate([jet.second, np.zeros((m + 1, *shape))]),
    )


def multiply(a: Jet, b: Jet) -> Jet:
    """Return the product of two jets of the same parameters; values of shape (n,) and (n,) or (c, n)."""
    value = a.value * b.value
    m = a.parameters
    if not m:
        return constant(value)
    wide = b.value.ndim > a.value.ndim
    a1, a2 = (a.first[:, None], a.second[:, None]) if wide else (a.first, a.second)
    second = a2 * b.value + a.value * b.second
    for t, (i, j) in enumerate(zip(*pairs(m), strict=True)):
        second[t] += a1[i] * b.first[j] + a1[j] * b.first[i]
    return Jet(value, a1 * b.value + a.value * b.first, second)


def reciprocal(a: Jet) -> Jet:
    """Return one over a jet."""
    h = 1.0 / a.value
    m = a.parameters
    if not m:
        return constant(h)
    relative = a.first * h
    second = a.second * h
    for t, (i, j) in enumerate(zip(*pairs(m), strict=True)):
        second[t] -= 2.0 * relative[i] * relative[j]
    return Jet(h, relative * -h, second * -h)


def log_total(a: Jet) -> Jet:
    """Return the sum of the logarithms of a jet's entries."""
    value = np.array(np.log(a.value).sum())
    if not a.parameters:
        return constant(value)
    i, j = pairs(a.parameters)
    h = 1.0 / a.value
    relative = a.first * h
    return Jet(value, relative.sum(-1), a.second @ h - (relative @ relative.T)[i, j])


def weighted_gram(w: Jet, m: Jet) -> Jet:
    """Return ``sum_n w_n m_n m_n'`` for weights (n,) and columns (c, n), by matrix products."""
    weighted = m.value * w.value
    value = weighted @ m.value.T
    q, c = w.parameters, m.value.shape[0]
    if not q:
        return constant(value)
    first, second = np.empty((q, c, c)), np.empty((q * (q + 1) // 2, c, c))
    for i in range(q):
        half = m.first[i] @ weighted.T
        first[i] = (m.value * w.first[i]) @ m.value.T + half + half.T
    for t, (i, j) in enumerate(zip(*pairs(q), strict=True)):
        half = m.second[t] @ weighted.T + (m.first[i] * w.first[j] + m.first[j] * w.first[i]) @ m.value.T
        half += (m.first[i] * w.value) @ m.first[j].T
        second[t] = (m.value * w.second[t]) @ m.value.T + half + half.T
    return Jet(value, first, second)
