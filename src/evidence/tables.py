"""The table record: display strings with groups, footnotes and numbered references, in six formats."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from numbers import Number
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from evidence._files import save_atomically
from evidence.charts.words import number
from evidence.errors import EvidenceError
from evidence.table_formats import to_csv, to_html, to_html_page, to_markdown
from evidence.table_grid import plain_grid
from evidence.table_latex import to_latex
from evidence.table_layout import Content
from evidence.table_words import as_printed

__all__ = ["FORMATS", "Place", "Table"]

Place = str | tuple[int | None, str | None]
"""Where a footnote hangs: a column's head by its name, a cell by (row, column), else the caption."""

Format = int | str | Callable[[Any], str]
"""How a column's numbers become text: decimals, a format as in ``".1%"``, or a function."""


@dataclass(frozen=True, eq=False, repr=False)
class Table:
    """A table to print, cite, paste or show, with its caption, notes and references.

    Attributes
    ----------
    data : DataFrame
        One row a line, one column a column, as text to be shown. Cells that are not text are
        turned into it: missing cells become blank, numbers get a true minus.
    caption : str
        What the table shows, in one sentence.
    notes : tuple of str
        What a reader must know to read it: assumptions, abbreviations, bounds.
    references : tuple of str
        Keys of the studies cited, in the order in which they are cited.
    id : str
        Name of the table: anchor, label and file name.
    reference_texts : tuple of str
        The references as printed in a bibliography, one for each key; the key itself where none
        is given.
    numbers : tuple of int
        Numbers of the references, so that they match the bibliography of a whole project;
        1, 2, 3 ... where none is given.
    formats : mapping of str to int, str or function
        How the numbers of a column become text: with so many decimals, by a format such as ``".1%"``, or by
        a function. Cells that are text already stay as they are; without a format all digits are shown.
    groups : str or sequence of str
        Headings of groups of rows: one for each row, or the name of the column that holds them (it is then no
        column any more). Rows of a group are given one after the other.
    spanners : mapping of str to sequence of str
        Headings over several neighbouring columns.
    footnotes : mapping of place to str or sequence of str
        Notes with a letter. The place is the name of a column (its head), ``(row, column)`` (a cell, rows
        counted from 0), or ``(None, None)`` (the caption). Equal texts share a letter.

    Raises
    ------
    EvidenceError
        Where there is no column, or groups, spanners, footnotes or references do not fit the table.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"Domain": ["strength", "power"], "g": [-0.314, 0.2]})
    >>> table = Table(frame, caption="Results.", formats={"g": 2}, footnotes={"g": "Hedges' g."})
    >>> print(table.markdown)
    **Results.**
    <BLANKLINE>
    | Domain | g<sup>a</sup> |
    | --- | ---: |
    | strength | −0.31 |
    | power | 0.20 |
    <BLANKLINE>
    <sup>a</sup> Hedges' g.
    <BLANKLINE>
    """

    data: pd.DataFrame
    caption: str
    notes: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    id: str = ""
    reference_texts: tuple[str, ...] = ()
    numbers: tuple[int, ...] = ()
    formats: Mapping[str, Format] = field(default_factory=dict)
    groups: str | Sequence[str] = ()
    spanners: Mapping[str, Sequence[str]] = field(default_factory=dict)
    footnotes: Mapping[Place, str | Sequence[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Turn every cell into text and complete what was left out.

        Raises
        ------
        EvidenceError
            Where the parts do not fit together.
        """
        if not isinstance(self.data, pd.DataFrame):
            raise EvidenceError(f"a table is made from a DataFrame; got {type(self.data).__name__}")
        groups, data = _grouped(self.groups, self.data)
        if not len(data.columns):
            raise EvidenceError("a table has at least one column; got a DataFrame without any")
        columns = [str(column) for column in data.columns]
        for name in [*self.formats, *(name for names in self.spanners.values() for name in names)]:
            _has_column(name, columns, "formats and spanners name columns of the table")
        keys = _several(self.references)
        texts = _several(self.reference_texts) or keys
        numbers = tuple(self.numbers) or tuple(range(1, len(keys) + 1))
        if not len(keys) == len(texts) == len(numbers):
            raise EvidenceError(
                "a table has one text and one number for each reference; "
                f"got {len(keys)} keys, {len(texts)} texts, {len(numbers)} numbers"
            )
        formats = [self.formats.get(column) for column in columns]
        text = pd.DataFrame(
            [
                [_display(cell, shown) for cell, shown in zip(row, formats, strict=True)]
                for row in data.itertuples(index=False, name=None)
            ],
            columns=columns,
            dtype=object,
        )
        object.__setattr__(self, "data", text)
        object.__setattr__(self, "caption", str(self.caption or ""))
        object.__setattr__(self, "notes", _several(self.notes))
        object.__setattr__(self, "references", keys)
        object.__setattr__(self, "reference_texts", texts)
        object.__setattr__(self, "numbers", numbers)
        object.__setattr__(self, "groups", groups)
        self._content()  # a footnote or a spanner that does not fit is refused here, not when it is shown

    @property
    def html(self) -> str:
        """A fragment of HTML: table with caption, notes, numbered references; all cells escaped."""
        return to_html(self._content())

    @property
    def markdown(self) -> str:
        """A pipe table, as GitHub and Jupyter show it."""
        return to_markdown(self._content())

    @property
    def latex(self) -> str:
        """A ``longtable`` for the packages booktabs, longtable and array."""
        return to_latex(self._content())

    @property
    def csv(self) -> str:
        """Comma-separated text; caption, notes and references follow in lines that begin with ``#``."""
        return to_csv(self._content())

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the table in the format that the suffix names.

        Parameters
        ----------
        path : path
            Ends in ``.html`` (a whole page), ``.md``, ``.tex``, ``.csv``, ``.docx`` (Word) or ``.pptx``
            (PowerPoint: as many slides as the table needs). The file is replaced in one step: an
            interrupted write leaves the old one whole.

        Returns
        -------
        Path
            The path written.

        Raises
        ------
        EvidenceError
            For any other suffix, of which the message lists the six, for what is no path, and where the file
            cannot be written.
        """
        if not isinstance(path, str | os.PathLike):
            raise EvidenceError(
                f'save() takes the path of a file, as table.save("results.html"); got {path!r}'
            )
        target = Path(path)
        render = FORMATS.get(target.suffix.lower())
        if render is None:
            raise EvidenceError(
                f"a table is saved as {', '.join(FORMATS)}: the suffix decides; got {target.name!r}"
            )
        return save_atomically(target, render(self))

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.data)

    def __repr__(self) -> str:
        """Return the caption and the first rows as plain text, and how much more there is."""
        return plain_grid(self._content())

    def _repr_html_(self) -> str:
        """Return the fragment that a notebook shows."""
        return self.html

    def _content(self) -> Content:
        columns = list(self.data.columns)
        return Content(
            columns=tuple(columns),
            rows=tuple(tuple(row) for row in self.data.itertuples(index=False, name=None)),
            caption=self.caption,
            notes=self.notes,
            references=tuple(zip(self.numbers, self.reference_texts, strict=True)),
            id=self.id,
            groups=tuple(self.groups),
            spanners=_spans(self.spanners, columns),
            footnotes=_placed(self.footnotes, columns, len(self.data)),
        )


def _docx(table: Table) -> bytes:
    from evidence.table_word import to_docx

    return to_docx(table)


def _pptx(table: Table) -> bytes:
    from evidence.table_slide import to_pptx

    return to_pptx(table)


FORMATS: dict[str, Callable[[Table], str | bytes]] = {
    ".html": lambda table: to_html_page(table.html, table.caption or table.id or "Table"),
    ".md": lambda table: table.markdown,
    ".tex": lambda table: table.latex,
    ".csv": lambda table: table.csv,
    ".docx": _docx,
    ".pptx": _pptx,
}
"""How each suffix is written."""


def _display(cell: object, shown: Format | None = None) -> str:
    """Return a cell as text: missing is blank, numbers with a true minus, text as it is."""
    if isinstance(cell, str):
        return cell
    if _is_missing(cell):
        return ""
    if isinstance(cell, bool | np.bool_):
        return "yes" if cell else "no"
    if callable(shown):
        return shown(cell)
    if isinstance(cell, float) and math.isinf(cell):
        return number(cell)
    if isinstance(shown, int):
        return number(float(cell), shown)  # type: ignore[arg-type]
    if shown is not None:
        return as_printed(format(cell, shown))
    # A zero with a sign would state a direction.
    return as_printed(str(abs(cell) if isinstance(cell, float) and cell == 0 else cell))


def _is_missing(cell: object) -> bool:
    # A list or an array in a cell is compared item by item: it is there, whatever its items are.
    return cell is None or cell is pd.NA or cell is pd.NaT or (isinstance(cell, Number) and cell != cell)


def _several(texts: str | Iterable[object]) -> tuple[str, ...]:
    """Return texts one by one; a single one is not taken for its letters."""
    return (texts,) if isinstance(texts, str) else tuple(map(str, texts))


def _grouped(groups: str | Sequence[str], data: pd.DataFrame) -> tuple[tuple[str, ...], pd.DataFrame]:
    """Return one heading a row, and the table without the column that held them.

    Raises
    ------
    EvidenceError
        Where there is no such column, or not one heading a row.
    """
    if isinstance(groups, str):
        _has_column(groups, list(data.columns), "groups name a column of the table")
        return tuple(_display(cell) for cell in data[groups]), data.drop(columns=groups)
    headings = tuple(_display(cell) for cell in groups)
    if headings and len(headings) != len(data):
        raise EvidenceError(f"groups give one heading for each row; got {len(headings)} for {len(data)} rows")
    return headings, data


def _has_column(name: object, columns: Sequence[object], rule: str) -> None:
    if name not in columns:
        raise EvidenceError(f"{rule}: {', '.join(map(str, columns))}; got {name!r}")


def _spans(spanners: Mapping[str, Sequence[str]], columns: list[str]) -> tuple[tuple[str, int, int], ...]:
    found = []
    for text, names in spanners.items():
        at = sorted(columns.index(name) for name in names)
        if not at or at != list(range(at[0], at[-1] + 1)):
            raise EvidenceError(
                f"a spanner stands over neighbouring columns; {text!r} has {', '.join(names)}"
            )
        found.append((text, at[0], at[-1]))
    found.sort(key=lambda span: span[1])
    for (first, _, end), (second, start, _) in pairwise(found):
        if start <= end:
            raise EvidenceError(f"a column has one spanner at most; {first!r} and {second!r} share one")
    return tuple(found)


def _placed(
    footnotes: Mapping[Place, str | Sequence[str]], columns: list[str], rows: int
) -> tuple[tuple[int | None, int | None, str], ...]:
    found: list[tuple[int | None, int | None, str]] = []
    for place, texts in footnotes.items():
        row, name = (None, place) if isinstance(place, str) else place
        if name is not None:
            _has_column(name, columns, "a footnote hangs on a column of the table")
        if row is not None and (name is None or not 0 <= row < rows):
            raise EvidenceError(f"a footnote hangs on a cell (row, column) of {rows} rows; got {place!r}")
        column = None if name is None else columns.index(name)
        found += [(row, column, text) for text in ([texts] if isinstance(texts, str) else texts)]
    return tuple(found)
