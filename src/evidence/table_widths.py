"""How wide the columns of a printed table are: words stay whole, and the table becomes short."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

import numpy as np

from evidence.table_layout import FIGURE_SPACE, Content, spaced

__all__ = ["column_widths"]


_STEPS, _POWER = 60, 6

_SEEN = 400
"""Letters that are measured of a cell; a longer one is taken to go on in the same way."""

_ROWS = 60
"""Rows that are measured of a table: evenly spread ones of a longer one."""


def column_widths(content: Content, total: float, measure: Callable[[str], float]) -> list[float]:
    """Share a width among the columns so that words stay whole and the table becomes short.

    Parameters
    ----------
    content : Content
        The table.
    total : float
        The width, in the unit of `measure`; infinite to learn what each column would take.
    measure : function
        Width of a text in one line, margins of a cell included.

    Returns
    -------
    list of float
        Widths that sum to `total` (if it is finite). Where all cells have room in one line, the columns share
        what is over; otherwise each has room for its longest word, and what is left goes, step by step, to
        the column whose widening saves the most lines.
    """
    margin = measure("")
    lines = np.array([_measured(content, row, measure) for row in (None, *_looked_at(len(content.rows)))])
    natural = lines.max(axis=0)
    if math.isinf(total):
        return [float(width) for width in natural]
    if natural.sum() <= total:
        return [float(width) for width in natural * (total / natural.sum())]
    least = np.minimum([_longest_word(content, at, measure) for at in range(len(natural))], 0.45 * total)
    widths = least * min(1.0, total / least.sum())
    step = max(0.0, total - widths.sum()) / _STEPS
    for _ in range(_STEPS):
        # A high power stands for the tallest cell of each row, and still sees the second tallest.
        tall = lines / np.maximum(widths - margin, 1e-9)
        wider = lines / np.maximum(widths + step - margin, 1e-9)
        saved = tall**_POWER - wider**_POWER
        worth = (saved * (tall**_POWER).sum(axis=1, keepdims=True) ** (1.0 / _POWER - 1.0)).sum(axis=0)
        widths[np.argmax(np.where(widths < natural, worth, -1.0))] += step
    return [float(width) for width in widths * (total / widths.sum())]


def _looked_at(rows: int) -> list[int]:
    return sorted({at * rows // min(rows, _ROWS) for at in range(min(rows, _ROWS))})


def _measured(content: Content, row: int | None, measure: Callable[[str], float]) -> list[float]:
    """Return the widths of a row's cells (None: the heads) in one line each."""
    if row is None:
        texts = [head + content.mark(None, at) for at, head in enumerate(content.columns)]
    else:
        texts = [cell + content.hung(row, at) for at, cell in enumerate(spaced(content, row))]
    return [measure(text[:_SEEN]) * max(1.0, len(text) / _SEEN) for text in texts]


def _longest_word(content: Content, column: int, measure: Callable[[str], float]) -> float:
    texts = [content.columns[column] + content.mark(None, column)]
    for at, row in enumerate(content.rows):
        before, after = content.padding[at][column]
        texts.append(
            FIGURE_SPACE * len(before) + row[column] + FIGURE_SPACE * len(after) + content.hung(at, column)
        )
    words = {word for text in texts for word in re.split(r"[ \n\t]+", text[:_SEEN])}
    # Of the many words of prose only the longest can be the widest.
    return max(measure(word) for word in sorted(words, key=len)[-12:])
