"""A number that was solved for: how it is computed from printed cells, how it is shown, what it assumes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from evidence.effects.formulas import Floats, as_floats

__all__ = ["Cells", "Quantity", "cells_of", "hows", "merged", "printed"]

Cells = Mapping[str, Floats]
"""Numbers of a row by column: scalars, or arrays of what the printed digits allow."""


@dataclass(frozen=True)
class Quantity:
    """One number of an arm (or of the row), as far as the print determines it.

    Attributes
    ----------
    compute : callable
        Takes the row's cells, returns the number; broadcasts over cells that are arrays.
    cells : tuple of str
        The printed columns that `compute` reads.
    shown : str
        The number as a reader follows it: ``"6.29"``, or ``"1.2·√15 = 4.648"``.
    how : str
        In a few words where it is not printed itself: ``"SD from SE"``.
    assumptions : tuple of str
        What had to be assumed.
    """

    compute: Callable[[Cells], Floats]
    cells: tuple[str, ...]
    shown: str
    how: str = ""
    assumptions: tuple[str, ...] = ()

    def value(self, cells: Cells) -> float:
        """Return the number itself."""
        with np.errstate(all="ignore"):
            return float(self.compute(cells))


def printed(column: str, shown: str) -> Quantity:
    """Return a number that is printed itself."""
    return Quantity(lambda cells: as_floats(cells[column]), (column,), shown)


def cells_of(*parts: Quantity) -> tuple[str, ...]:
    """Return the printed columns of several numbers, each once."""
    return tuple(dict.fromkeys(column for part in parts for column in part.cells))


def merged(*parts: Quantity) -> tuple[str, ...]:
    """Return the assumptions of several numbers, each once."""
    return tuple(dict.fromkeys(text for part in parts for text in part.assumptions))


def hows(*parts: Quantity) -> str:
    """Return how several numbers were found, each way once; empty where all are printed."""
    return "; ".join(dict.fromkeys(part.how for part in parts if part.how))
