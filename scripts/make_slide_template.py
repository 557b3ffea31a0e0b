"""Build the template of the slides: 16:9, three layouts, fonts, sizes and colours of the charts.

Run it after a change of `evidence.publish.deck.measures`; it writes the template.pptx beside that module,
which the package carries. The same versions give the same bytes.
"""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

from pptx import Presentation
from pptx.opc.constants import RELATIONSHIP_TYPE as RT
from pptx.opc.oxml import serialize_part_xml
from pptx.oxml import parse_xml
from pptx.oxml.ns import nsdecls, qn

from evidence._zip import reproducible
from evidence.charts.style import style_for
from evidence.publish.deck import measures
from evidence.publish.deck.measures import Box

TARGET = Path(__file__).parent.parent / "src/evidence/publish/deck/template.pptx"

_KEPT = {0: "Cover", 1: "Text", 5: "Figure or table"}
"""Layouts of python-pptx's own template that are kept, and their names here."""


def main() -> None:
    """Write the template."""
    deck: Any = Presentation()
    deck.slide_width, deck.slide_height = measures.SLIDE.emu[2:]
    kept = [deck.slide_layouts[index] for index in _KEPT]
    for layout in list(deck.slide_layouts):
        if layout not in kept:
            deck.slide_layouts.remove(layout)
    for layout, name in zip(kept, _KEPT.values(), strict=True):
        layout.name = name
    _theme(deck.slide_master)
    _master(deck.slide_master)
    cover, text, figure = kept
    _cover(cover)
    for layout in (text, figure):
        _content(layout, body=layout is text)
    _no_thumbnail(deck)
    deck.core_properties.title = "Template of the slides"
    deck.core_properties.author = ""
    stream = io.BytesIO()
    deck.save(stream)
    TARGET.write_bytes(reproducible(stream.getvalue()))


def _theme(master: Any) -> None:  # noqa: ANN401  (python-pptx has no annotations)
    """Set fonts and colours: text and lines of the charts, and their colours as accents."""
    colours = style_for("slide").colours
    scheme = {
        "dk1": colours.ink,
        "lt1": colours.paper,
        "dk2": colours.exact,
        "lt2": colours.faint,
        "accent1": colours.exact,
        "accent2": colours.second,
        "accent3": colours.interval,
        "accent4": colours.quiet,
        "accent5": colours.rule,
        "accent6": colours.pooled,
        "hlink": colours.exact,
        "folHlink": colours.quiet,
    }
    part = master.part.part_related_by(RT.THEME)
    root = parse_xml(part.blob)
    for name, colour in scheme.items():
        (element,) = root.iter(qn(f"a:{name}"))
        for child in list(element):
            element.remove(child)
        element.append(parse_xml(f'<a:srgbClr {nsdecls("a")} val="{colour.lstrip("#")}"/>'))
    for group in ("a:majorFont", "a:minorFont"):
        for fonts in root.iter(qn(group)):
            fonts.find(qn("a:latin")).set("typeface", measures.FONT)
    part._blob = serialize_part_xml(root)


def _master(master: Any) -> None:  # noqa: ANN401
    boxes = {
        "title": measures.TITLE,
        "body": measures.CONTENT,
        "ftr": measures.FOOTER,
        "sldNum": measures.NUMBER,
    }
    for shape in list(master.placeholders):
        kind = shape._element.find(".//" + qn("p:ph")).get("type")
        if kind == "dt":
            shape._element.getparent().remove(shape._element)
        else:
            _put(shape, boxes[kind])
            _no_insets(shape, "t")
            if kind in ("ftr", "sldNum"):
                _list_style(shape, measures.SMALL, "accent4", align="l" if kind == "ftr" else "r")
    styles = master._element.find(qn("p:txStyles"))
    title = styles.find(qn("p:titleStyle")).find(qn("a:lvl1pPr"))
    title.set("algn", "l")
    _size(title, measures.TITLE_SIZES[0], bold=True)
    body = styles.find(qn("p:bodyStyle"))
    for level in body:
        _size(level, measures.BODY)
    first = body.find(qn("a:lvl1pPr"))
    first.set("marL", "0")
    first.set("indent", "0")
    for bullet in first.findall(qn("a:buChar")):
        first.replace(bullet, parse_xml(f"<a:buNone {nsdecls('a')}/>"))


def _cover(layout: Any) -> None:  # noqa: ANN401
    """Lay out the first slide: white on the colour of the exact rows."""
    layout._element.cSld.insert(
        0,
        parse_xml(
            f'<p:bg {nsdecls("p", "a")}><p:bgPr><a:solidFill><a:schemeClr val="dk2"/></a:solidFill>'
            "<a:effectLst/></p:bgPr></p:bg>"
        ),
    )
    for shape in list(layout.placeholders):
        index = shape.placeholder_format.idx
        if index > 1:
            shape._element.getparent().remove(shape._element)
            continue
        _put(shape, measures.COVER[index])
        _no_insets(shape, "b" if index == 0 else "t")
        _list_style(shape, 40.0 if index == 0 else 20.0, "lt1", bold=index == 0)


def _content(layout: Any, *, body: bool) -> None:  # noqa: ANN401
    """Lay out a content slide: topic, title, room, footer with the sources, number."""
    for shape in list(layout.placeholders):
        kind = shape._element.find(".//" + qn("p:ph")).get("type")
        if kind == "dt":
            shape._element.getparent().remove(shape._element)
        elif kind == "ftr":
            _put(shape, measures.FOOTER)
            shape.name = "Sources"
            _no_insets(shape, "t")
            _list_style(shape, measures.SMALL, "accent4", align="l")
        elif kind == "sldNum":
            _put(shape, measures.NUMBER)
            _no_insets(shape, "t")
            _list_style(shape, measures.SMALL, "accent4", align="r")
        elif kind == "title":
            _put(shape, measures.TITLE)
            _no_insets(shape, "t")
        elif body:
            room = measures.CONTENT
            _put(shape, Box(36, room.top + 8, 888, room.height - 8))
            _no_insets(shape, "t")
    tree = layout.shapes._spTree
    tree.append(_topic())
    tree.append(_bar())
    tree.append(_rule())


def _topic() -> Any:  # noqa: ANN401
    left, top, width, height = measures.TOPIC.emu
    return parse_xml(
        f'<p:sp {nsdecls("p", "a")}><p:nvSpPr><p:cNvPr id="20" name="Topic"/>'
        '<p:cNvSpPr><a:spLocks noGrp="1"/></p:cNvSpPr>'
        '<p:nvPr><p:ph type="body" sz="quarter" idx="13"/></p:nvPr></p:nvSpPr><p:spPr><a:xfrm>'
        f'<a:off x="{left}" y="{top}"/><a:ext cx="{width}" cy="{height}"/></a:xfrm></p:spPr>'
        '<p:txBody><a:bodyPr lIns="0" tIns="0" rIns="0" bIns="0" anchor="ctr"><a:noAutofit/></a:bodyPr>'
        "<a:lstStyle>"
        '<a:lvl1pPr marL="0" indent="0"><a:spcBef><a:spcPts val="0"/></a:spcBef><a:buNone/>'
        f'<a:defRPr sz="{measures.TOPIC_SIZE * 100:.0f}" b="0">'
        '<a:solidFill><a:schemeClr val="accent1"/></a:solidFill></a:defRPr></a:lvl1pPr></a:lstStyle>'
        "<a:p><a:r><a:rPr/><a:t>Topic</a:t></a:r></a:p></p:txBody></p:sp>"
    )


def _shape(number: int, name: str, box: Box, colour: str) -> Any:  # noqa: ANN401
    left, top, width, height = box.emu
    return parse_xml(
        f'<p:sp {nsdecls("p", "a")}><p:nvSpPr><p:cNvPr id="{number}" name="{name}"/><p:cNvSpPr/>'
        f'<p:nvPr userDrawn="1"/></p:nvSpPr><p:spPr><a:xfrm><a:off x="{left}" y="{top}"/>'
        f'<a:ext cx="{width}" cy="{height}"/></a:xfrm><a:prstGeom prst="rect"><a:avLst/></a:prstGeom>'
        f'<a:solidFill><a:schemeClr val="{colour}"/></a:solidFill>'
        "<a:ln><a:noFill/></a:ln></p:spPr></p:sp>"
    )


def _bar() -> Any:  # noqa: ANN401
    title = measures.TITLE
    return _shape(
        21, "Bar", Box(0, measures.TOPIC.top, 10, title.top + title.height - measures.TOPIC.top), "accent1"
    )


def _rule() -> Any:  # noqa: ANN401
    return _shape(22, "Rule", Box(36, measures.FOOTER.top - 5, 888, 0.75), "accent5")


def _put(shape: Any, box: Box) -> None:  # noqa: ANN401
    shape.left, shape.top, shape.width, shape.height = box.emu


def _no_insets(shape: Any, anchor: str) -> None:  # noqa: ANN401
    """Let the text begin at the edges of its box, and keep its size."""
    body = shape._element.txBody.find(qn("a:bodyPr"))
    for side in ("lIns", "tIns", "rIns", "bIns"):
        body.set(side, "0")
    body.set("anchor", anchor)
    for child in list(body):
        body.remove(child)
    body.append(parse_xml(f"<a:noAutofit {nsdecls('a')}/>"))


def _list_style(
    shape: Any,  # noqa: ANN401
    size: float,
    colour: str,
    *,
    bold: bool = False,
    align: str = "l",
) -> None:
    old = shape._element.txBody.find(qn("a:lstStyle"))
    new = parse_xml(
        f'<a:lstStyle {nsdecls("a")}><a:lvl1pPr marL="0" indent="0" algn="{align}">'
        '<a:spcBef><a:spcPts val="0"/></a:spcBef><a:buNone/>'
        f'<a:defRPr sz="{size * 100:.0f}" b="{int(bold)}"><a:solidFill><a:schemeClr val="{colour}"/>'
        "</a:solidFill></a:defRPr></a:lvl1pPr></a:lstStyle>"
    )
    if old is None:
        shape._element.txBody.insert(1, new)
    else:
        shape._element.txBody.replace(old, new)


def _size(level: Any, size: float, *, bold: bool = False) -> None:  # noqa: ANN401
    letters = level.find(qn("a:defRPr"))
    letters.set("sz", f"{size * 100:.0f}")
    letters.set("b", str(int(bold)))


def _no_thumbnail(deck: Any) -> None:  # noqa: ANN401
    """Drop the picture of another presentation, and the settings of a printer."""
    package = deck.part.package
    for relations in (package._rels, deck.part.rels):
        for key, relation in list(relations.items()):
            if re.search(r"thumbnail|printerSettings", relation.reltype):
                relations.pop(key)


if __name__ == "__main__":
    main()
