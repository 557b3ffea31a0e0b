"""A table in Word: a real one, with heads that repeat, its caption, footnotes, notes and references."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from evidence._zip import reproducible
from evidence.charts.canvas import text_width, wrap
from evidence.table_layout import Content
from evidence.table_slide_layout import Line, cells_of, lines_of
from evidence.table_widths import column_widths
from evidence.table_word_page import add_field, new_document, numbered, page_width, turn_page
from evidence.table_words import clean

if TYPE_CHECKING:
    from docx.document import Document
    from docx.table import Table as WordTable

    from evidence.tables import Table

__all__ = ["add_references", "add_table", "is_wide", "to_docx"]

_SIZES = (8.0, 7.0)
"""Points of the letters in a table: the second where the first leaves no room for whole words; journals print
no less."""

_ARIAL = 0.9
"""Arial is narrower than the font that is measured, by about a tenth."""

_PROSE = 14.0
"""Width of a column of prose, in sizes of its letters, below which smaller letters are taken."""

_SIDE = 4.0
"""Margins of a cell left and right, points."""

_UPRIGHT = 470.0
"""Room for a table on an upright A4 page, points: between margins of 2.2 cm."""


_HALF_PAGE = 240.0
"""Points of height up to which a table stays on one page, with its caption and its notes."""

_LAST = 2
"""Rows at the end of a longer table that stay on the page of its notes."""

_TALL = 1_500
"""Letters of a cell from which on a row may break: it could be taller than a page."""


def add_table(document: Document, table: Table, *, references: bool = True) -> WordTable:
    """Add a table at the end of a Word document: caption above, footnotes, notes and references below.

    Parameters
    ----------
    document : docx.document.Document
        The document; its styles Caption and Normal are used.
    table : Table
        Any table. It gets the width between the margins of the last section.
    references : bool, default True
        Whether the table's references follow it; False where the document has a list of its own.

    Returns
    -------
    docx.table.Table
        The table. Its heads repeat on every page, rows do not break over pages, numbers align at their points
        by decimal tab stops, and its description is the caption.

    Examples
    --------
    >>> import pandas as pd
    >>> from evidence.table_word_page import new_document
    >>> from evidence.tables import Table
    >>> document = new_document("Results")
    >>> shown = Table(pd.DataFrame({"Domain": ["strength"], "g": ["0.20"]}), caption="Results.")
    >>> add_table(document, shown).rows[1].cells[1].text
    '0.20'
    """
    content = table._content()
    lines = list(lines_of(content))
    _caption(document, content)
    size, widths = _sized(content, page_width(document))
    native: WordTable = document.add_table(len(lines), len(widths))
    _prepare(native, content, widths)
    heads = sum(kind in ("span", "head") for kind, _ in lines)
    whole = sum(_high(content, line, widths, size) for line in lines) <= _HALF_PAGE
    for at, (line, row) in enumerate(zip(lines, native.rows, strict=True)):
        _fill(row, content, line, widths, size)
        _row_rules(row, first=at == 0, under_heads=at == heads - 1, last=at == len(lines) - 1)
        _row_marks(row, is_head=at < heads, is_short=_letters(content, line) < _TALL)
        if whole or at <= heads or at >= len(lines) - _LAST:
            _keep_with_next(row)
    _below(document, content, references=references)
    return native


def is_wide(table: Table) -> bool:
    """Tell whether a table wants a page on its side: its words and numbers crowd an upright one."""
    content = table._content()
    natural = column_widths(content, float("inf"), _measure)
    return sum(min(width, 150.0) for width in natural) > _UPRIGHT


def add_references(document: Document, references: Iterable[tuple[int, str]]) -> None:
    """Add references, each with its number, in the order given."""
    for number, text in references:
        numbered(document, number, clean(text))


def to_docx(table: Table) -> bytes:
    """Return a Word document of one table; the same table gives the same bytes."""
    document = new_document(table.caption or table.id or "Table")
    if is_wide(table):
        turn_page(document, landscape=True, first=True)
    add_table(document, table)
    stream = io.BytesIO()
    document.save(stream)
    return reproducible(stream.getvalue())


def _width(text: str, size: float, bold: bool = True) -> float:
    return text_width(text, size, bold) * _ARIAL


def _sized(content: Content, total: float) -> tuple[float, list[float]]:
    """Return the size of the letters and the widths of the columns."""
    for size in _SIZES:
        widths = column_widths(content, total, partial(_measure, size=size))
        prose = [width for width, long in zip(widths, content.prose, strict=True) if long]
        if not prose or min(prose) >= _PROSE * size:
            break
    return size, widths


def _measure(text: str, size: float = _SIZES[0]) -> float:
    return _width(text, size) + 2 * _SIDE


def _caption(document: Document, content: Content) -> None:
    """Write the caption with a number that Word counts, so that it can list and cross-refer the tables."""
    if not content.caption:
        return
    paragraph: Any = document.add_paragraph(style="Caption")
    captions = document.element.body.xpath('./w:p[w:pPr/w:pStyle/@w:val="Caption"]')
    paragraph.add_run("Table ")
    add_field(paragraph, r"SEQ Table \* ARABIC", str(len(captions)))
    paragraph.add_run(f". {_one_line(content.caption)}")
    _raise(paragraph, content.mark(None, None))


def _prepare(native: Any, content: Content, widths: list[float]) -> None:  # noqa: ANN401
    """Set widths, margins and description of a new table."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn
    from docx.shared import Pt

    native.autofit = False
    for column, width in zip(native.columns, widths, strict=True):
        column.width = Pt(width)
    properties = native._tbl.tblPr
    margins = OxmlElement("w:tblCellMar")
    for side in ("left", "right"):
        margin = OxmlElement(f"w:{side}")
        margin.set(qn("w:w"), str(round(_SIDE * 20)))
        margin.set(qn("w:type"), "dxa")
        margins.append(margin)
    properties.find(qn("w:tblLook")).addprevious(margins)
    for tag, text in (("w:tblCaption", content.id or "table"), ("w:tblDescription", content.caption)):
        element = OxmlElement(tag)
        element.set(qn("w:val"), _one_line(text))
        properties.append(element)


def _fill(row: Any, content: Content, line: Line, widths: list[float], size: float) -> None:  # noqa: ANN401
    """Write one line of the table."""
    from docx.enum.table import WD_CELL_VERTICAL_ALIGNMENT as VERTICAL
    from docx.enum.text import WD_ALIGN_PARAGRAPH as ALIGN
    from docx.shared import Pt

    kind, which = line
    cells = list(row.cells)
    for at, cell in enumerate(cells):
        cell.width = Pt(widths[at])
    for first, count, text, mark in cells_of(content, line, pads=False):
        cell = cells[first] if count == 1 else cells[first].merge(cells[first + count - 1])
        paragraph = cell.paragraphs[0]
        shape = paragraph.paragraph_format
        shape.space_before = Pt(5 if kind == "group" else 1.5)
        shape.space_after = Pt(1.5)
        shape.keep_with_next = True if kind != "row" else None
        run = paragraph.add_run(clean(text).replace("\t", " "))
        run.font.size = Pt(size)
        run.font.bold = True if kind != "row" else None
        _raise(paragraph, mark, size)
        if kind == "row":
            _align(paragraph, content, int(which), first, (widths[first], size))
            continue
        cell.vertical_alignment = VERTICAL.BOTTOM
        if kind == "span" and text:
            paragraph.alignment = ALIGN.CENTER
            _rules(cell._tc, {"bottom": 4})
        elif kind == "head" and content.numeric[first]:
            paragraph.alignment = ALIGN.RIGHT


def _align(
    paragraph: Any,  # noqa: ANN401
    content: Content,
    row: int,
    column: int,
    room: tuple[float, float],
) -> None:
    """Set the tab stop at which Word aligns the points of a column; a cell needs no tab character for it."""
    from docx.enum.text import WD_TAB_ALIGNMENT
    from docx.shared import Pt

    if not content.led[row][column]:
        return
    width, size = room
    before, after = _stop(content, column, size)
    at = width - 2 * _SIDE - after if content.numeric[column] else before
    paragraph.paragraph_format.tab_stops.add_tab_stop(Pt(round(at, 1)), WD_TAB_ALIGNMENT.DECIMAL)


@lru_cache(maxsize=64)
def _stop(content: Content, column: int, size: float) -> tuple[float, float]:
    """Return the most room that a column's numbers need before their points, and from the points on."""
    cells = [row[column] for row, led in zip(content.rows, content.led, strict=True) if led[column]]
    whole = [re.split(r"[.\s%]", cell, maxsplit=1)[0] for cell in cells]
    ends = [cell[len(start) :] for cell, start in zip(cells, whole, strict=True)]
    marks = max(len(content.hung(at, column)) for at in range(len(content.rows)))
    after = max(_width(end, size, False) for end in ends) + marks * size * 0.4
    return max(_width(start, size, False) for start in whole), after


def _row_rules(row: Any, *, first: bool, under_heads: bool, last: bool) -> None:  # noqa: ANN401
    """Draw the rules of a row: above and below the heads, below the last row."""
    wanted = {"top": 12} if first else {}
    if last or under_heads:
        wanted["bottom"] = 12 if last else 6
    for tc in row._tr.tc_lst if wanted else ():
        _rules(tc, wanted)


def _rules(tc: Any, wanted: dict[str, int]) -> None:  # noqa: ANN401
    """Draw rules at sides of a cell, in eighths of a point, beside those that it has."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    properties = tc.get_or_add_tcPr()
    borders = properties.find(qn("w:tcBorders"))
    if borders is None:
        borders = OxmlElement("w:tcBorders")
        after = properties.find(qn("w:vAlign"))  # the schema wants the borders before it
        if after is None:
            properties.append(borders)
        else:
            after.addprevious(borders)
    for side in sorted(wanted, reverse=True):  # top before bottom, as the schema has it
        rule = OxmlElement(f"w:{side}")
        for name, value in (("val", "single"), ("sz", str(wanted[side])), ("space", "0"), ("color", "auto")):
            rule.set(qn(f"w:{name}"), value)
        borders.insert(0, rule) if side == "top" else borders.append(rule)


def _keep_with_next(row: Any) -> None:  # noqa: ANN401
    """Keep a row on the page of what follows: of the next row, and the last one of the notes."""
    for cell in row.cells:
        for paragraph in cell.paragraphs:
            paragraph.paragraph_format.keep_with_next = True


def _high(content: Content, line: Line, widths: list[float], size: float) -> float:
    """Return about how high a line of the table is, in points."""
    broken = max(
        len(
            wrap(
                text, (sum(widths[at : at + count]) - 2 * _SIDE) / _ARIAL, size, bold=line[0] != "row"
            ).split("\n")
        )
        for at, count, text, _ in cells_of(content, line, pads=False)
    )
    return broken * size * 1.2 + 4


def _letters(content: Content, line: Line) -> int:
    return max(len(text) for _, _, text, _ in cells_of(content, line, pads=False))


def _row_marks(row: Any, *, is_head: bool, is_short: bool) -> None:  # noqa: ANN401
    """Keep a row on one page where it has room there; repeat heads on every page."""
    from docx.oxml import OxmlElement

    properties = row._tr.get_or_add_trPr()
    if is_short:
        properties.append(OxmlElement("w:cantSplit"))
    if is_head:
        properties.append(OxmlElement("w:tblHeader"))


def _below(document: Document, content: Content, *, references: bool) -> None:
    """Write footnotes, notes and references."""
    texts = [(letter, text) for letter, text in content.lettered] + [
        ("", f"Note. {n}") for n in content.notes
    ]
    for at, (letter, text) in enumerate(texts):
        paragraph = document.add_paragraph(style="Table note")
        paragraph.paragraph_format.keep_together = True
        paragraph.paragraph_format.keep_with_next = at < len(texts) - 1 or None
        _raise(paragraph, letter)
        paragraph.add_run(f"{' ' if letter else ''}{_one_line(text)}")
    if references:
        add_references(document, content.references)
    document.add_paragraph(style="Table note")


def _raise(paragraph: Any, mark: str, size: float | None = None) -> None:  # noqa: ANN401
    from docx.shared import Pt

    if mark.strip():
        run = paragraph.add_run(mark.strip())
        run.font.superscript = True
        run.font.size = None if size is None else Pt(size)


def _one_line(text: str) -> str:
    return " ".join(clean(text).split("\n")).replace("\t", " ")
