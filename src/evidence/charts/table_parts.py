"""What a table with a picture in one column consists of, before and after it has a size."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from evidence.charts.style import Style
from evidence.charts.symbols import Symbol

__all__ = ["Align", "Column", "Content", "Plan", "pad_of"]

_NARROW = 0.25
"""Share of the width that the picture has where texts have to be shortened."""

_WIDE = 0.36
"""Share of the width that the picture has where texts can wrap."""

Align = Literal["left", "center", "right"]


@dataclass(frozen=True)
class Column:
    """One column of text.

    Attributes
    ----------
    header : str
        Its head.
    cells : tuple of str
        One text a row.
    align : str
        ``"left"`` for words, ``"right"`` for numbers.
    flex : bool
        Whether it may be made narrower: its texts then wrap, to two lines or, where need be, five, and only
        beyond end in an ellipsis.
    group : str
        Head over neighbouring columns.
    keep_end : bool
        Whether a shortened text keeps its last word: the year of a study.
    least : float
        Least width as a multiple of the text size: the room of symbols that the chart draws.
    """

    header: str
    cells: tuple[str, ...]
    align: Align = "left"
    flex: bool = False
    group: str = ""
    keep_end: bool = False
    least: float = 0.0


@dataclass(frozen=True)
class Content:
    """What a chart says, before it has a size.

    Attributes
    ----------
    left, right : tuple of Column
        Columns on either side of the picture.
    title : str
        One message, set above.
    favours : tuple of str
        What lies on the left and on the right of the line of no difference.
    axis_label : str
        Name of the effect.
    picture_group : str
        Head over the picture.
    bold : frozenset of int
        Rows in bold.
    rules : frozenset of int
        Rows that begin with a rule.
    lanes : tuple of float
        For each row, how many text heights its picture needs (1 for one mark).
    key : tuple of str or Symbol
        Marks to explain: names of `MARK_WORDS`, and symbols, which know their words.
    foot : tuple of str
        Notes below, each a paragraph.
    picture_share : float
        Share of the width below which texts are not shortened for the picture's sake.
    wide : float
        Share of the width of the picture for whose sake texts are broken into two lines.
    spans : tuple of str
        For each row, a text across all columns on the left of the picture (a heading, a test), or nothing.
    favours_above : bool
        Whether what either side favours stands above the picture, not below its axis.
    """

    left: tuple[Column, ...]
    right: tuple[Column, ...]
    title: str = ""
    favours: tuple[str, str] = ("", "")
    axis_label: str = ""
    picture_group: str = ""
    bold: frozenset[int] = frozenset()
    rules: frozenset[int] = frozenset()
    lanes: tuple[float, ...] = ()
    key: tuple[str | Symbol, ...] = ()
    foot: tuple[str, ...] = ()
    picture_share: float = _NARROW
    wide: float = _WIDE
    spans: tuple[str, ...] = ()
    favours_above: bool = False

    @property
    def rows(self) -> int:
        """Return the number of rows."""
        return len(self.lanes)

    def lines(self, part: range) -> Content:
        """Return the same chart with neighbouring rows only."""
        cut = slice(part.start, part.stop)
        return replace(
            self,
            left=tuple(replace(column, cells=column.cells[cut]) for column in self.left),
            right=tuple(replace(column, cells=column.cells[cut]) for column in self.right),
            bold=frozenset(i - part.start for i in self.bold if i in part),
            rules=frozenset(i - part.start for i in self.rules if i in part and i > part.start),
            lanes=self.lanes[cut],
            spans=self.spans[cut],
        )

    def span(self, row: int) -> str:
        """Return the text across the left columns of a row, empty where it has none."""
        return self.spans[row] if self.spans else ""


@dataclass(frozen=True)
class Plan:
    """Where everything stands, in points.

    Attributes
    ----------
    content : Content
        With texts wrapped to their columns.
    style : Style
        Sizes and colours.
    width, height : float
        Of the whole sheet.
    starts, widths : tuple of float
        Left edge and width of each text column, those on the left of the picture first.
    picture : tuple of float
        Left and right edge of the picture.
    row_heights : tuple of float
        Heights of the rows.
    heads : float
        Height of the column heads.
    key_lines : tuple of tuple
        Marks of the key, line by line.
    """

    content: Content
    style: Style
    width: float
    height: float
    starts: tuple[float, ...]
    widths: tuple[float, ...]
    picture: tuple[float, float]
    row_heights: tuple[float, ...]
    heads: float
    key_lines: tuple[tuple[str | Symbol, ...], ...] = field(default=())

    @property
    def columns(self) -> tuple[Column, ...]:
        """Return the text columns from left to right."""
        return (*self.content.left, *self.content.right)

    def stretched(self, height: float) -> Plan:
        """Return the plan with rows as much higher as a given height allows, at most by 70 %."""
        spare = height - self.height
        total = sum(self.row_heights)
        if spare <= 0 or total <= 0:
            return self
        factor = 1.0 + min(spare / total, 0.7)
        return replace(self, height=height, row_heights=tuple(h * factor for h in self.row_heights))


def pad_of(style: Style) -> float:
    """Return the margin of the sheet."""
    return style.text * 0.9
