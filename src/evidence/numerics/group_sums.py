"""Sums over groups of rows, laid out so that whole arrays are added."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from evidence.numerics.blocks import Codes
from evidence.numerics.wls import Vector

__all__ = ["GroupSums", "group_sums"]

_LAYER = 32
"""Rows in a layer, on average, from which adding layers is faster than adding up group by group."""


@dataclass(frozen=True)
class GroupSums:
    """Sums over groups of rows.

    Where groups are many and small, their rows are laid out in layers: the first row of every group, the
    second of every group that has one, and so on, larger groups first. Adding whole layers is several times
    as fast as adding up group by group.

    Attributes
    ----------
    order : Codes, shape (n,)
        Where each row of the layout stood.
    layers : tuple of int
        Where layers begin, and the end; empty where rows stay group by group.
    starts : Codes
        First row of each group where they stay.
    sizes : Codes
        Rows of each group.
    by_size : Codes
        The layout's groups by their own numbers; empty where its order has become the groups' own.
    back : Codes
        Where each group stands among the layout's; empty likewise.
    """

    order: Codes
    layers: tuple[int, ...]
    starts: Codes
    sizes: Codes
    by_size: Codes
    back: Codes

    def __call__(self, rows: Vector) -> Vector:
        """Sum the last axis, rows in the order of the layout, by group."""
        if not self.layers:
            return rows if self.starts.size == rows.shape[-1] else np.add.reduceat(rows, self.starts, axis=-1)
        out = rows[..., : self.layers[1]].copy()
        for low, high in itertools.pairwise(self.layers[1:]):
            out[..., : high - low] += rows[..., low:high]
        return out[..., self.back] if self.back.size else out

    def spread(self, groups: Vector) -> Vector:
        """Give each row of the layout its group's number, along the last axis."""
        if not self.layers:
            return groups if self.starts.size == self.order.size else np.repeat(groups, self.sizes, axis=-1)
        sorted_groups = groups[..., self.by_size] if self.by_size.size else groups
        parts = [sorted_groups[..., : high - low] for low, high in itertools.pairwise(self.layers)]
        return np.concatenate(parts, axis=-1)


def group_sums(starts: Codes, k: int, *, ordered: bool) -> GroupSums:
    """Choose a layout for groups of consecutive rows.

    Parameters
    ----------
    starts : Codes
        First row of each group.
    k : int
        Number of rows.
    ordered : bool
        Whether the order of the groups has to be kept.
    """
    sizes = np.diff(np.append(starts, k))
    most = int(sizes.max())
    none = np.zeros(0, dtype=np.intp)
    if most == 1 or k < _LAYER * most:
        return GroupSums(np.arange(k), (), starts, sizes, none, none)
    by_size = np.argsort(-sizes, kind="stable")
    # In layer j stand the groups of more than j rows.
    counts = (sizes.size - np.cumsum(np.bincount(sizes, minlength=most + 1))[:most]).tolist()
    begins = starts[by_size]
    order = np.concatenate([begins[:count] + layer for layer, count in enumerate(counts)])
    layers = (0, *itertools.accumulate(counts))
    if not ordered:
        return GroupSums(order, layers, begins, sizes[by_size], none, none)
    back = np.empty_like(by_size)
    back[by_size] = np.arange(by_size.size)
    return GroupSums(order, layers, starts, sizes, by_size, back)
