"""All distinct orders of a set of things some of which are alike, in blocks, and random ones."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

__all__ = ["arrangements", "count_arrangements", "sign_patterns"]

_BLOCK = 4096
"""Most orders in one block: small enough for a processor's cache with some tens of effects."""

Orders = NDArray[np.int16]


def count_arrangements(counts: tuple[int, ...]) -> int:
    """Return how many distinct orders there are of things of several kinds, `counts` of each."""
    return math.factorial(sum(counts)) // math.prod(math.factorial(n) for n in counts)


def arrangements(counts: tuple[int, ...]) -> Iterator[Orders]:
    """Yield every distinct order once, in blocks.

    Parameters
    ----------
    counts : tuple of int
        How many there are of each kind.

    Yields
    ------
    NDArray of int16, shape (n, sum of counts)
        Kinds by place; one order a row.
    """
    yield from _blocks(counts, {})


def _blocks(counts: tuple[int, ...], known: dict[tuple[int, ...], Orders]) -> Iterator[Orders]:
    if count_arrangements(counts) <= _BLOCK:
        yield _table(counts, known)
        return
    for kind, n in enumerate(counts):
        if n:
            for rest in _blocks(_less(counts, kind), known):
                yield _before(kind, rest)


def _table(counts: tuple[int, ...], known: dict[tuple[int, ...], Orders]) -> Orders:
    """Return all orders of few things; made once for each composition."""
    if counts not in known:
        if not any(counts):
            known[counts] = np.zeros((1, 0), dtype=np.int16)
        else:
            parts = [_before(kind, _table(_less(counts, kind), known)) for kind, n in enumerate(counts) if n]
            known[counts] = np.concatenate(parts)
    return known[counts]


def _less(counts: tuple[int, ...], kind: int) -> tuple[int, ...]:
    return (*counts[:kind], counts[kind] - 1, *counts[kind + 1 :])


def _before(kind: int, rest: Orders) -> Orders:
    first = np.full((len(rest), 1), kind, dtype=np.int16)
    return np.concatenate([first, rest], axis=1)


def sign_patterns(k: int) -> Iterator[NDArray[np.float64]]:
    """Yield every pattern of k signs once, in blocks of shape (n, k) with entries -1 and 1."""
    powers = np.arange(k)
    for start in range(0, 1 << k, _BLOCK):
        codes = np.arange(start, min(start + _BLOCK, 1 << k))
        yield np.asarray(1.0 - 2.0 * ((codes[:, None] >> powers) & 1), dtype=np.float64)
