"""What every renderer of a table needs: plain text, with groups, letters of footnotes and aligned points."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

from evidence.charts.words import MINUS
from evidence.table_words import is_number

__all__ = ["FIGURE_SPACE", "POINT_SPACE", "Content", "Padding", "column_widths", "spaced"]

FIGURE_SPACE, POINT_SPACE = "\u2007", "\u2008"
"""Spaces as wide as a digit and as a point."""

Padding = tuple[str, str]
"""Invisible signs before and after a cell, as the signs whose room they take: digits, a point, a minus."""

_LONG = 60
"""Letters from which on a column holds prose, and is given a readable width."""

# A number alone, or with its interval in brackets behind it: what stands in columns whose points align.
_LED_BY_NUMBER = re.compile(r"([-+\u2212]?)(\d+)((?:[.]\d+)?)(?:%?|[ \u00a0][(].*)\Z", re.ASCII | re.DOTALL)


@dataclass(frozen=True)
class Content:
    """A table as plain text.

    Attributes
    ----------
    columns : tuple of str
        Heads of the columns.
    rows : tuple of tuple of str
        The cells.
    caption : str
        Title of the table.
    notes : tuple of str
        Notes under it.
    references : tuple of (int, str)
        Numbers and texts of the references.
    id : str
        Name of the table, for an anchor or a label; may be empty.
    groups : tuple of str
        For each row the heading of its group; empty where there are no groups.
    spanners : tuple of (str, int, int)
        Headings over several columns, with the first and the last of them.
    footnotes : tuple of (row, column, text)
        Footnotes with their place: a head where the row is None, the caption where both are.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str
    notes: tuple[str, ...]
    references: tuple[tuple[int, str], ...]
    id: str = ""
    groups: tuple[str, ...] = ()
    spanners: tuple[tuple[str, int, int], ...] = ()
    footnotes: tuple[tuple[int | None, int | None, str], ...] = ()

    @cached_property
    def numeric(self) -> tuple[bool, ...]:
        """For each column, whether all its filled cells are numbers."""
        result = []
        for index in range(len(self.columns)):
            filled = [row[index] for row in self.rows if row[index]]
            result.append(bool(filled) and all(is_number(cell) for cell in filled))
        return tuple(result)

    @cached_property
    def prose(self) -> tuple[bool, ...]:
        """For each column, whether it holds sentences rather than words."""
        return tuple(
            max((len(row[index]) for row in self.rows), default=0) > _LONG
            for index in range(len(self.columns))
        )

    @cached_property
    def padding(self) -> tuple[tuple[Padding, ...], ...]:
        """For each cell, the signs whose room it leaves free so that the column's points align."""
        columns = [
            _padded([row[index] for row in self.rows], alone)
            for index, alone in enumerate(self.numeric)
        ]  # fmt: skip
        return tuple(zip(*columns, strict=True))

    @cached_property
    def lettered(self) -> tuple[tuple[str, str], ...]:
        """Letters and texts of the footnotes, each text once, in the order in which a reader meets them."""
        texts = dict.fromkeys(text for _, _, text in sorted(self.footnotes, key=_reading_order))
        return tuple((_letter(index), text) for index, text in enumerate(texts))

    @cached_property
    def _marks(self) -> dict[tuple[int | None, int | None], str]:
        letters = {text: letter for letter, text in self.lettered}
        marks: dict[tuple[int | None, int | None], list[str]] = {}
        for row, column, text in self.footnotes:
            marks.setdefault((row, column), []).append(letters[text])
        return {place: ",".join(sorted(found)) for place, found in marks.items()}

    def mark(self, row: int | None, column: int | None) -> str:
        """Return the letters of the footnotes of a place, or nothing."""
        return self._marks.get((row, column), "")

    def hung(self, row: int, column: int) -> str:
        """Return the letters of a cell, with room where another number of the column has some.

        Numbers stand at the right edge: a letter behind one of them would push its point out of line.
        """
        mark = self.mark(row, column)
        if not self.numeric[column]:
            return mark
        most = max((len(found) for (at, of), found in self._marks.items() if at is not None and of == column),
                   default=0)  # fmt: skip
        return mark + FIGURE_SPACE * (most - len(mark))

    def lines(self) -> Iterator[tuple[str, int]]:
        """Go through the table: the heading of each new group with -1, each row's number with ``""``.

        Rows of a group stand together as given; a heading comes again where its rows do.
        """
        for index in range(len(self.rows)):
            if self.groups and (index == 0 or self.groups[index] != self.groups[index - 1]):
                yield self.groups[index], -1
            yield "", index

    def spans(self) -> list[tuple[str, int]]:
        """Return the headings over the columns with how many they span, gaps as empty ones."""
        found, at = [], 0
        for text, first, last in sorted(self.spanners, key=lambda span: span[1]):
            found += [("", 1)] * (first - at)
            found.append((text, last - first + 1))
            at = last + 1
        return found + [("", 1)] * (len(self.columns) - at) if found else []

    def placed(self, footnote: tuple[int | None, int | None, str]) -> str:
        """Return a footnote with its place in words, for formats in which no letter can hang on a cell."""
        row, column, text = footnote
        head = "" if column is None else self.columns[column]
        place = head if row is None else f"{head}, row {row + 1}"
        return f"{place}: {text}" if place else text

    def under(self) -> list[str]:
        """Return what stands below the table, line by line, as plain text."""
        return [
            *(f"{letter} {text}" for letter, text in self.lettered),
            *(f"Note. {note}" for note in self.notes),
            *(f"[{number}] {text}" for number, text in self.references),
        ]


def _reading_order(footnote: tuple[int | None, int | None, str]) -> tuple[int, int]:
    row, column, _ = footnote
    return (-1 if row is None else row, -1 if column is None else column)


def _letter(index: int) -> str:
    """Return a, b ... z, aa, ab ..."""
    rest, place = divmod(index, 26)
    return (_letter(rest - 1) if rest else "") + chr(ord("a") + place)


def _padded(cells: list[str], alone: bool) -> list[Padding]:
    """Return for the cells of one column what aligns their points; cells that begin otherwise stay.

    Numbers alone stand at the right edge, so that only what follows the point differs; numbers with something
    behind them stand at the left edge, so that what precedes it does.
    """
    found = [_LED_BY_NUMBER.match(cell) for cell in cells]
    led = [match.groups() for match in found if match]
    if not led or (not alone and len(led) == 1):
        return [("", "")] * len(cells)
    if alone:
        most = max(len(decimals) for _, _, decimals in led)
        return [("", _room(match[3], most) if match else "") for match in found]
    digits = max(len(whole) for _, whole, _ in led)
    signed = any(sign for sign, _, _ in led)
    return [
        ("0" * (digits - len(match[2])) + (MINUS if signed and not match[1] else ""), "")
        if match
        else ("", "")
        for match in found
    ]


def _room(decimals: str, most: int) -> str:
    missing = most - len(decimals)
    return "" if missing <= 0 else "0" * missing if decimals else "." + "0" * (missing - 1)


def spaced(content: Content, row: int, digit: str = FIGURE_SPACE, point: str = POINT_SPACE) -> list[str]:
    """Return the cells of a row with invisible signs that align the points of each column.

    Parameters
    ----------
    content : Content
        The table.
    row : int
        Number of the row.
    digit, point : str
        What takes the room of a digit (and of a minus, which is as wide where digits are), and of a point:
        by default the figure space and the punctuation space.
    """

    def room(signs: str) -> str:
        return "".join(point if sign == "." else digit for sign in signs)

    pads = content.padding[row] if content.padding else ()
    return [
        room(before) + cell + room(after)
        for cell, (before, after) in zip(content.rows[row], pads, strict=True)
    ]


def column_widths(content: Content, total: float, measure: Callable[[str], float]) -> list[float]:
    """Share a width among the columns: words stay whole, and prose does not take all.

    Parameters
    ----------
    content : Content
        The table.
    total : float
        The width, in the unit of `measure`.
    measure : function
        Width of a text in one line, margins of a cell included.

    Returns
    -------
    list of float
        Widths that sum to `total`. Where all cells have room in one line, each gets the same more; otherwise
        each column has room for its longest word, and what is left goes by the root of what is missing.
    """
    natural, least = [], []
    rows = [spaced(content, at) for at in range(len(content.rows))]
    for index, head in enumerate(content.columns):
        texts = [head + content.mark(None, index)]
        texts += [row[index] + content.hung(at, index) for at, row in enumerate(rows)]
        natural.append(max(measure(text[:_SEEN]) for text in texts))
        words = {word for text in texts for word in re.split(r"[ \n\t]+", text[:_SEEN])}
        least.append(min(max(map(measure, words)), 0.45 * total))
    if sum(natural) <= total:
        return [width * total / sum(natural) for width in natural]
    free = total - sum(least)
    if free <= 0:
        return [width * total / sum(least) for width in least]
    missing = [max(0.0, wide - narrow) ** 0.5 for wide, narrow in zip(natural, least, strict=True)]
    return [
        narrow + free * share / (sum(missing) or 1.0) for narrow, share in zip(least, missing, strict=True)
    ]  # fmt: skip


_SEEN = 400
"""Letters of a cell that are looked at for its column's width: beyond that it is prose anyhow."""
