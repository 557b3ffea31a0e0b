"""Tables of the report: the records of the recipe's tables, with links to rows and references."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evidence.publish.report.texts import Part, cited, linked, plain
from evidence.table_layout import Content

if TYPE_CHECKING:
    from evidence.tables import Table

__all__ = ["Body", "Grid", "Head", "grid_of", "grid_of_lines"]

_FOLDED = 16
"""Rows from which on a table is folded away until somebody wants it."""

_ONE_LINE, _SOME_LINES = 18, 60
"""Letters of a column's longest cell up to which it stays in one line, and up to which it is no prose."""

Row = tuple[tuple[Part, ...], ...]

Linker = Callable[[int, str, str], tuple[Part, ...] | None]
"""Takes the place of a row, the head of a column and a cell; returns its pieces, or None for plain text."""


@dataclass(frozen=True)
class Head:
    """The head of a column: its text, its footnotes' letters, and how the column is set.

    ``kind`` is ``"num"`` (numbers), ``"one"`` (stays in one line), ``"long"`` (prose), or empty.
    """

    text: str
    mark: str
    kind: str


@dataclass(frozen=True)
class Body:
    """Rows under one heading; the heading is empty where the table has no groups."""

    heading: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Grid:
    """A table as the page shows it.

    Attributes
    ----------
    id, caption, mark : str
        Anchor, caption, and the letters of its footnotes.
    heads : tuple of Head
        Heads of the columns.
    spans : tuple of (str, int)
        Headings over columns with how many they span; empty where there are none.
    bodies : tuple of Body
        The rows.
    footnotes : tuple of (str, str)
        Letters and texts.
    notes : tuple of tuple of Part
        Notes under it.
    """

    id: str
    caption: str
    mark: str
    heads: tuple[Head, ...]
    spans: tuple[tuple[str, int], ...]
    bodies: tuple[Body, ...]
    footnotes: tuple[tuple[str, str], ...]
    notes: tuple[tuple[Part, ...], ...]

    def __len__(self) -> int:
        """Return the number of rows."""
        return sum(len(body.rows) for body in self.bodies)

    @property
    def folded(self) -> bool:
        """Whether it is long enough to be folded away."""
        return len(self) >= _FOLDED


def grid_of(table: Table, id: str, references: Iterable[int], link: Linker | None = None) -> Grid:
    """Return a table of the package as the page shows it.

    Parameters
    ----------
    table : Table
        The table; its references are those of the page and are not repeated.
    id : str
        Its anchor.
    references : iterable of int
        Numbers of the references of the page.
    link : callable, optional
        Gives cells that lead somewhere.
    """
    known = set(references)

    def parts(place: int, head: str, cell: str) -> tuple[Part, ...]:
        found = link(place, head, cell) if link else None
        return cited(cell, known) if found is None else found

    return _grid(table._content(), id, parts)


def grid_of_lines(
    id: str,
    caption: str,
    columns: Sequence[str],
    lines: Iterable[Sequence[str]],
    parts: Callable[[int, str, str], tuple[Part, ...]],
) -> Grid:
    """Return a table from its cells.

    Parameters
    ----------
    id, caption : str
        Anchor and caption.
    columns : sequence of str
        Heads of the columns.
    lines : iterable of sequence of str
        The cells.
    parts : callable
        Takes the place of a row, the head of a column and the cell; returns its pieces.
    """
    rows = tuple(tuple(str(cell) for cell in line) for line in lines)
    return _grid(Content(tuple(columns), rows, caption, notes=(), references=()), id, parts)


def _grid(content: Content, id: str, parts: Callable[[int, str, str], tuple[Part, ...]]) -> Grid:
    return Grid(
        id=id,
        caption=plain(content.caption),
        mark=content.mark(None, None),
        heads=tuple(
            Head(plain(name), content.mark(None, place), _kind(content, place))
            for place, name in enumerate(content.columns)
        ),
        spans=tuple((plain(text), width) for text, width in content.spans()),
        bodies=tuple(_bodies(content, parts)),
        footnotes=tuple((letter, plain(text)) for letter, text in content.lettered),
        notes=tuple(linked(note) for note in content.notes if note),
    )


def _bodies(content: Content, parts: Callable[[int, str, str], tuple[Part, ...]]) -> Iterator[Body]:
    heading, rows = "", list[Row]()
    for text, place in content.lines():
        if place < 0:
            if rows:
                yield Body(heading, tuple(rows))
            heading, rows = plain(text), []
            continue
        cells = enumerate(zip(content.columns, content.rows[place], strict=True))
        rows.append(
            tuple((*parts(place, head, cell), *_mark(content.mark(place, at))) for at, (head, cell) in cells)
        )
    yield Body(heading, tuple(rows))


def _mark(letters: str) -> tuple[Part, ...]:
    return (Part(letters, role="mark"),) if letters else ()


def _kind(content: Content, column: int) -> str:
    """Tell how a column is set: numbers, in one line, prose, or as it comes."""
    if content.numeric[column]:
        return "num"
    longest = max((len(row[column]) for row in content.rows), default=0)
    if longest <= _ONE_LINE:
        return "one"
    return "long" if longest > _SOME_LINES else ""
