"""A table in PowerPoint: a native table of at most 8 rows and 5 columns, in letters that a room can read."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from evidence._zip import reproducible
from evidence.errors import EvidenceError
from evidence.table_layout import Content
from evidence.table_slide_layout import (
    ABOVE,
    COLUMNS,
    EMU,
    ROWS,
    SIDE,
    SIZE,
    Line,
    cells_of,
    footnotes_of,
    height_of,
    keep,
    lines_of,
    most_lines,
    split,
    under_height,
    widths_of,
    wrapped,
)
from evidence.table_words import clean

if TYPE_CHECKING:
    from pptx.shapes.graphfrm import GraphicFrame
    from pptx.slide import Slide

    from evidence.tables import Table

__all__ = ["add_table", "keep", "split", "to_pptx"]

_PLAIN = "{2D5ABB26-0587-4C30-8999-92F81FD0307C}"
"""PowerPoint's table style without fill and rules: letters take the colour of the slide's theme."""

_RULE = (
    '<a:{side} xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" w="{width}" cap="flat" '
    'cmpd="sng" algn="ctr"><a:solidFill><a:schemeClr val="tx1"/></a:solidFill>'
    '<a:prstDash val="solid"/></a:{side}>'
)
"""A rule in the colour of the theme's text."""


def add_table(
    slide: Slide,
    table: Table,
    *,
    left: int,
    top: int,
    width: int,
    height: int,
    size: float = SIZE,
    whole: Table | None = None,
) -> GraphicFrame:
    """Put a table on a slide as a native table, its footnotes in a text box below it.

    Parameters
    ----------
    slide : pptx.slide.Slide
        The slide. Font and colours are those of its theme, so that the table suits a dark one too.
    table : Table
        At most 8 rows (heads and headings of groups included) and 5 columns: `split` makes such parts.
    left, top, width, height : int
        The room for table and footnotes in English metric units, as ``pptx.util.Inches(1)`` gives them.
    size : float, default 16
        Points of all letters; not less than 16.
    whole : Table, optional
        The table that this is a part of: the parts of one table have their columns at the same places.

    Returns
    -------
    pptx.shapes.graphfrm.GraphicFrame
        The shape; ``.table`` is the table. Its alternative text is the caption. Caption, notes and references
        are left to the slide. Where the room does not suffice, the longest cells end in an ellipsis, as do
        footnotes of more than two lines.

    Raises
    ------
    EvidenceError
        Where the table has too many rows or columns, or not even one line a row has room.

    Examples
    --------
    >>> import pandas as pd
    >>> from pptx import Presentation
    >>> from pptx.util import Inches
    >>> from evidence.tables import Table
    >>> deck = Presentation()
    >>> slide = deck.slides.add_slide(deck.slide_layouts[6])
    >>> table = Table(pd.DataFrame({"Domain": ["strength"], "g": ["0.20"]}), caption="Results.")
    >>> shape = add_table(
    ...     slide, table, left=Inches(1), top=Inches(1), width=Inches(8), height=Inches(4)
    ... )
    >>> shape.table.cell(1, 1).text
    '0.20'
    """
    from pptx.util import Emu

    content = table._content()
    lines = list(lines_of(content))
    if len(lines) > ROWS or len(content.columns) > COLUMNS or size < SIZE:
        raise EvidenceError(
            f"a table on a slide has at most {ROWS} rows with its heads, {COLUMNS} columns and letters of at "
            f"least {SIZE:g} pt; got {len(lines)} rows, {len(content.columns)} columns, {size:g} pt: "
            "split(table) makes parts that fit"
        )
    same = whole is not None and len(whole.data.columns) == len(content.columns)
    widths = widths_of(whole._content() if whole is not None and same else content, width / EMU, size)
    room = height / EMU - under_height(content, width / EMU, size)
    most = most_lines(content, lines, widths, size, room)
    heights = [height_of(content, line, widths, size, most) for line in lines]
    shape = slide.shapes.add_table(
        len(lines), len(widths), Emu(left), Emu(top), Emu(width), Emu(round(sum(heights) * EMU))
    )
    _name(shape, content)
    for column, points in enumerate(widths):
        shape.table.columns[column].width = Emu(round(points * EMU))
    for at, (line, points) in enumerate(zip(lines, heights, strict=True)):
        shape.table.rows[at].height = Emu(round(points * EMU))
        _fill(shape.table, at, content, line, widths, size, most)
    _rules(shape.table, content, lines)
    if content.lettered:
        _below(slide, content, left, top + round(sum(heights) * EMU), width, size)
    return shape


def _fill(
    native: Any,  # noqa: ANN401  (python-pptx has no annotations)
    at: int,
    content: Content,
    line: Line,
    widths: list[float],
    size: float,
    most: int,
) -> None:
    """Write one line of the native table."""
    from pptx.enum.text import PP_ALIGN

    for first, count, text, mark in cells_of(content, line):
        cell = native.cell(at, first)
        if count > 1:
            cell.merge(native.cell(at, first + count - 1))
        width = sum(widths[first : first + count])
        shown = wrapped(text, width, size, line[0], most)
        # PowerPoint breaks lines itself; only what had to be cut is taken from the measured text.
        cut = shown.split() != clean(text).split()
        whole = shown.replace("\n", " ") if cut else clean(text)
        right = line[0] in ("row", "head") and content.numeric[first]
        align = (
            PP_ALIGN.RIGHT if right else PP_ALIGN.CENTER if count > 1 and line[0] == "span" else PP_ALIGN.LEFT
        )
        _write(cell, whole, mark, size, bold=line[0] != "row", align=align)


def _write(cell: Any, text: str, mark: str, size: float, *, bold: bool, align: Any) -> None:  # noqa: ANN401
    from pptx.enum.text import MSO_ANCHOR
    from pptx.util import Pt

    cell.margin_left = cell.margin_right = Pt(SIDE)
    cell.margin_top = cell.margin_bottom = Pt(ABOVE)
    cell.vertical_anchor = MSO_ANCHOR.BOTTOM if bold else MSO_ANCHOR.TOP
    for number, line in enumerate(text.split("\n")):
        frame = cell.text_frame
        paragraph = frame.paragraphs[0] if number == 0 else frame.add_paragraph()
        paragraph.alignment = align
        # A cell without a run takes its height from here.
        paragraph.font.size = Pt(size)
        _run(paragraph, line, size, bold=bold)
    if mark:
        _run(paragraph, mark, size, bold=bold, raised=True)


def _run(paragraph: Any, text: str, size: float, *, bold: bool = False, raised: bool = False) -> None:  # noqa: ANN401
    from pptx.util import Pt

    run = paragraph.add_run()
    run.text = text
    run.font.size = Pt(size)
    run.font.bold = bold
    if raised:
        run._r.get_or_add_rPr().set("baseline", "30000")


def _name(shape: Any, content: Content) -> None:  # noqa: ANN401
    """Name the shape, give it its alternative text and the plain style, mark its first row as heads."""
    properties = shape._element.nvGraphicFramePr.cNvPr
    properties.set("name", clean(content.id) or "Table")
    properties.set("descr", clean(content.caption).replace("\n", " "))
    shape.table.horz_banding = False
    shape.table.first_row = True
    space = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
    shape.table._tbl.tblPr.find(f"{space}tableStyleId").text = _PLAIN


def _rules(native: Any, content: Content, lines: list[Line]) -> None:  # noqa: ANN401
    """Draw rules above and below the heads and below the table, and none between rows."""
    heads = sum(kind in ("span", "head") for kind, _ in lines)
    for column in range(len(content.columns)):
        _rule(native.cell(0, column), "lnT", 1.5)
        _rule(native.cell(heads - 1, column), "lnB", 1.0)
        _rule(native.cell(len(lines) - 1, column), "lnB", 1.5)
    for first, count, text, _ in cells_of(content, lines[0]) if heads == 2 else []:
        if text:
            _rule(native.cell(0, first), "lnB", 0.75)
            for column in range(first, first + count):
                _rule(native.cell(1, column), "lnT", 0.75)


def _rule(cell: Any, side: str, points: float) -> None:  # noqa: ANN401
    from pptx.oxml import parse_xml

    if cell.is_spanned:  # the cell that the merged ones begin with draws their rules
        return
    line = parse_xml(_RULE.format(side=side, width=round(points * EMU)))
    properties = cell._tc.get_or_add_tcPr()
    for old in properties.findall(line.tag):
        properties.remove(old)
    # The schema wants lnL, lnR, lnT, lnB in this order, before any fill.
    above = properties.findall(line.tag.replace("lnB", "lnT"))
    properties.insert(len(above), line)


def _below(slide: Slide, content: Content, left: int, top: int, width: int, size: float) -> None:
    """Write the footnotes of a table below it."""
    from pptx.util import Emu, Pt

    height = under_height(content, width / EMU, size) - ABOVE
    box = slide.shapes.add_textbox(
        Emu(left), Emu(top + round(ABOVE * EMU)), Emu(width), Emu(round(height * EMU))
    )
    frame: Any = box.text_frame
    frame.word_wrap = True
    frame.margin_left = frame.margin_right = Pt(SIDE)
    frame.margin_top = frame.margin_bottom = 0
    for number, (letter, text) in enumerate(footnotes_of(content, width / EMU, size)):
        paragraph = frame.paragraphs[0] if number == 0 else frame.add_paragraph()
        _run(paragraph, letter, size, raised=True)
        _run(paragraph, f" {text}".replace("\n", " "), size)


def to_pptx(table: Table) -> bytes:
    """Return a deck (16:9) of as many slides as the table needs; notes and references are in the notes."""
    from pptx import Presentation
    from pptx.util import Inches, Pt

    deck = Presentation()
    deck.slide_width, deck.slide_height = Inches(13.333), Inches(7.5)
    deck.core_properties.title, deck.core_properties.author = clean(table.caption)[:250], ""
    room: dict[str, Any] = {
        "left": Inches(0.7),
        "top": Inches(1.6),
        "width": Inches(11.93),
        "height": Inches(5.4),
    }
    for part in split(table, width=room["width"], height=room["height"]):
        slide = deck.slides.add_slide(deck.slide_layouts[5])
        title = slide.shapes.title
        title.left, title.top, title.width, title.height = (
            room["left"],
            Inches(0.4),
            room["width"],
            Inches(1.1),
        )
        title.text_frame.text = wrapped(part.caption, 800.0, 28.0, "head", 2).replace("\n", " ")
        title.text_frame.paragraphs[0].font.size = Pt(28)
        add_table(slide, part, **room)
        slide.notes_slide.notes_text_frame.text = clean("\n".join(part._content().under()))
    stream = io.BytesIO()
    deck.save(stream)
    return reproducible(stream.getvalue())
