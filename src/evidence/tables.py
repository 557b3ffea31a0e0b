"""The table record: display strings with caption, notes and numbered references, in four formats."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from evidence._files import write_atomically
from evidence.charts.words import number
from evidence.errors import EvidenceError
from evidence.table_formats import Content, to_csv, to_html, to_html_page, to_markdown
from evidence.table_latex import to_latex
from evidence.table_words import as_printed

__all__ = ["FORMATS", "Table"]


@dataclass(frozen=True, eq=False)
class Table:
    """A table to print, cite or paste, with its caption, notes and references.

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

    Examples
    --------
    >>> import pandas as pd
    >>> table = Table(pd.DataFrame({"Domain": ["strength"], "g": [-0.31]}), caption="Results.")
    >>> print(table.markdown)
    **Results.**
    <BLANKLINE>
    | Domain | g |
    | --- | ---: |
    | strength | −0.31 |
    <BLANKLINE>
    """

    data: pd.DataFrame
    caption: str
    notes: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    id: str = ""
    reference_texts: tuple[str, ...] = ()
    numbers: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        """Turn every cell into text and complete what was left out.

        Raises
        ------
        EvidenceError
            Where there is no column, or the references do not fit together.
        """
        if not len(self.data.columns):
            raise EvidenceError("a table has at least one column; got a DataFrame without any")
        keys = tuple(self.references)
        texts = tuple(self.reference_texts) or keys
        numbers = tuple(self.numbers) or tuple(range(1, len(keys) + 1))
        if not len(keys) == len(texts) == len(numbers):
            raise EvidenceError(
                "a table has one text and one number for each reference; "
                f"got {len(keys)} keys, {len(texts)} texts, {len(numbers)} numbers"
            )
        text = pd.DataFrame(
            [[_display(cell) for cell in row] for row in self.data.itertuples(index=False, name=None)],
            columns=[str(column) for column in self.data.columns],
            dtype=object,
        )
        object.__setattr__(self, "data", text)
        object.__setattr__(self, "notes", tuple(self.notes))
        object.__setattr__(self, "references", keys)
        object.__setattr__(self, "reference_texts", texts)
        object.__setattr__(self, "numbers", numbers)

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
            Ends in ``.html`` (a whole page), ``.md``, ``.tex`` or ``.csv``. The file is replaced in
            one step: an interrupted write leaves the old one whole.

        Returns
        -------
        Path
            The path written.

        Raises
        ------
        EvidenceError
            For any other suffix, of which the message lists the four, and for what is no path.
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
        return write_atomically(target, render(self))

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.data)

    def _repr_html_(self) -> str:
        """Return the fragment that a notebook shows."""
        return self.html

    def _content(self) -> Content:
        return Content(
            columns=tuple(self.data.columns),
            rows=tuple(tuple(row) for row in self.data.itertuples(index=False, name=None)),
            caption=self.caption,
            notes=self.notes,
            references=tuple(zip(self.numbers, self.reference_texts, strict=True)),
            id=self.id,
        )


FORMATS: dict[str, Callable[[Table], str]] = {
    ".html": lambda table: to_html_page(table.html, table.caption or table.id or "Table"),
    ".md": lambda table: table.markdown,
    ".tex": lambda table: table.latex,
    ".csv": lambda table: table.csv,
}
"""How each suffix is written."""


def _display(cell: object) -> str:
    """Return a cell as text: missing is blank, numbers with a true minus, text as it is."""
    if isinstance(cell, str):
        return cell
    if cell is None or cell is pd.NA or cell is pd.NaT or cell != cell:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float) and math.isinf(cell):
        return number(cell)
    return as_printed(str(cell))
