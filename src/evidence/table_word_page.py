"""The pages of a Word document: styles, margins, page numbers, pages on their side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from evidence.table_slide_layout import EMU
from evidence.table_words import clean

if TYPE_CHECKING:
    from docx.document import Document

__all__ = ["add_field", "new_document", "numbered", "page_width", "turn_page"]

_FONT = "Arial"
"""On every desk, and with a metric twin where it is not: pages break alike."""

_SHORT, _LONG, _MARGIN, _NARROW = 21.0, 29.7, 2.2, 1.5
"""Sides of A4; margins of an upright page and of a page on its side, cm."""

_STYLES = {
    # name: size, bold, space before and after in points
    "Normal": (9.5, False, 0, 4),
    "Title": (20.0, True, 0, 10),
    "Heading 1": (15.0, True, 14, 6),
    "Heading 2": (12.0, True, 12, 4),
    "Caption": (9.5, True, 10, 4),
    "Table note": (8.0, False, 2, 0),
    "Reference": (8.5, False, 0, 3),
    "Header": (8.0, False, 0, 0),
    "Footer": (8.0, False, 0, 0),
}


def new_document(title: str) -> Document:
    """Return an empty A4 document with the styles of a paper, its title above and page numbers below.

    Parameters
    ----------
    title : str
        Title of the document: in its properties and at the head of every page.

    Examples
    --------
    >>> new_document("Results").core_properties.title
    'Results'
    """
    import docx

    document = docx.Document()
    shown = " ".join(clean(title).split("\n"))
    properties = document.core_properties
    properties.title, properties.author, properties.comments = shown[:250], "", ""
    properties.language = "en-GB"
    for name in _STYLES:
        _style(document, name)
    turn_page(document, landscape=False, first=True)
    section = document.sections[0]
    section.header.paragraphs[0].text = shown if len(shown) <= 120 else f"{shown[:119]}\u2026"
    foot: Any = section.footer.paragraphs[0]
    foot.alignment = 1
    foot.add_run("Page ")
    add_field(foot, "PAGE", "1")
    foot.add_run(" of ")
    add_field(foot, "NUMPAGES", "1")
    return document


def turn_page(document: Document, *, landscape: bool, first: bool = False) -> None:
    """Begin a section of upright pages or pages on their side; `first` turns the last section instead."""
    from docx.enum.section import WD_ORIENTATION, WD_SECTION
    from docx.shared import Cm

    section = document.sections[-1] if first else document.add_section(WD_SECTION.NEW_PAGE)
    section.orientation = WD_ORIENTATION.LANDSCAPE if landscape else WD_ORIENTATION.PORTRAIT
    section.page_width, section.page_height = (
        (Cm(_LONG), Cm(_SHORT)) if landscape else (Cm(_SHORT), Cm(_LONG))
    )
    section.left_margin = section.right_margin = Cm(_NARROW if landscape else _MARGIN)
    section.top_margin = section.bottom_margin = Cm(2.0)
    section.header_distance = section.footer_distance = Cm(1.0)


def page_width(document: Document) -> float:
    """Return the width between the margins of the last section, in points."""
    section: Any = document.sections[-1]
    return float(section.page_width - section.left_margin - section.right_margin) / EMU


def numbered(document: Document, number: int, text: str) -> None:
    """Add a reference with its number hanging in the margin; no list of Word's, which would count anew."""
    document.add_paragraph(f"{number}.\t{clean(text)}", style="Reference")


def add_field(paragraph: Any, code: str, shown: str) -> None:  # noqa: ANN401
    """Add a field that Word computes (the number of a page or a table), with what it shows until then."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), f" {code} ")
    run = paragraph.add_run(shown)
    paragraph._p.append(field)
    field.append(run._r)


def _style(document: Document, name: str) -> None:
    """Give a style our font and sizes; make it where the template has none."""
    from docx.enum.style import WD_STYLE_TYPE
    from docx.oxml.ns import qn
    from docx.shared import Cm, Pt, RGBColor

    size, bold, before, after = _STYLES[name]
    if name not in [style.name for style in document.styles]:
        document.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH).base_style = document.styles["Normal"]
    style: Any = document.styles[name]
    style.font.name, style.font.size, style.font.bold = _FONT, Pt(size), bold
    style.font.italic = False
    style.font.color.rgb = RGBColor(0, 0, 0)
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    # A theme's font named beside it would win over the name.
    for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        fonts.attrib.pop(qn(f"w:{theme}"), None)
    for script in ("ascii", "hAnsi", "cs", "eastAsia"):
        fonts.set(qn(f"w:{script}"), _FONT)
    borders = style.element.get_or_add_pPr().find(qn("w:pBdr"))
    if borders is not None:
        style.element.pPr.remove(borders)
    shape = style.paragraph_format
    shape.space_before, shape.space_after = Pt(before), Pt(after)
    shape.line_spacing = 1.08 if name == "Normal" else 1.0
    shape.keep_with_next = True if name in ("Caption", "Heading 1", "Heading 2", "Title") else None
    if name == "Reference":
        shape.left_indent, shape.first_line_indent = Cm(0.8), Cm(-0.8)
        shape.tab_stops.add_tab_stop(Cm(0.8))
