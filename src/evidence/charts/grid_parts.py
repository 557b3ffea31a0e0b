"""What a grid of cells consists of, before and after it has a size."""

from __future__ import annotations

from dataclasses import dataclass

from evidence.charts.style import Style

__all__ = ["Grid", "GridPlan"]


@dataclass(frozen=True)
class Grid:
    """What a grid says, before it has a size.

    Attributes
    ----------
    rows, columns : tuple of str
        Names at the left and above.
    title : str
        One message, set above.
    row_head : str
        Head of the names at the left.
    foot : tuple of str
        Notes below.
    key : tuple of str
        Words of the key; its symbols are the chart's.
    cell_height : float
        Height of a cell as a multiple of the text size.
    least_height : float
        Least height of a cell on a page that is full, likewise.
    least_cell : float
        Least width of a cell as a multiple of the text size.
    rules : frozenset of int
        Rows that begin with a rule.
    also : tuple of str
        Names on other pages: all pages leave the names at the left the same width.
    left_aligned : bool
        Whether cells and the names above begin at the left edge of their column.
    """

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    title: str = ""
    row_head: str = ""
    foot: tuple[str, ...] = ()
    key: tuple[str, ...] = ()
    cell_height: float = 1.7
    least_height: float = 1.45
    least_cell: float = 2.6
    rules: frozenset[int] = frozenset()
    left_aligned: bool = False
    also: tuple[str, ...] = ()


@dataclass(frozen=True)
class GridPlan:
    """Where everything stands, in points.

    Attributes
    ----------
    grid : Grid
        With texts wrapped.
    style : Style
        Sizes and colours.
    width, height : float
        Of the sheet.
    label_width, cell : float
        Widths of the names and of a cell.
    turned : bool
        Whether the names above are written upwards.
    heads : float
        Their height.
    row_heights : tuple of float
        Heights of the rows.
    key_lines : tuple of tuple of int
        Items of the key, line by line.
    """

    grid: Grid
    style: Style
    width: float
    height: float
    label_width: float
    cell: float
    turned: bool
    heads: float
    row_heights: tuple[float, ...]
    key_lines: tuple[tuple[int, ...], ...]

    @property
    def pad(self) -> float:
        """Return the margin."""
        return self.style.text * 0.9

    @property
    def left(self) -> float:
        """Return where the cells begin."""
        return self.pad + self.label_width + self.style.text

    @property
    def centres(self) -> list[float]:
        """Return the middles of the columns."""
        return [self.left + (i + 0.5) * self.cell for i in range(len(self.grid.columns))]
