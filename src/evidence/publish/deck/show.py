"""Slides written one after the other: title that fits, picture or native table, sources, notes."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from evidence._zip import reproducible
from evidence.charts.canvas import wrap
from evidence.publish.deck import measures
from evidence.publish.deck.measures import Box
from evidence.publish.deck.table_room import TABLE_ROOM, UNDER_ROOM, exactly_wide, joined, table_size
from evidence.table_slide import add_table
from evidence.table_words import clean

if TYPE_CHECKING:
    from evidence.tables import Table

__all__ = [
    "Picture",
    "Show",
    "fitted_title",
    "marker_name",
    "within",
]

_COVER, _TEXT, _FIGURE = range(3)
_TOPIC, _BODY = 13, 1
_MOST_LETTERS = 1000
"""Letters of a text that are measured: no line of a slide holds as many."""

_MOST_NOTES = 30_000
"""Letters of the notes of one slide: beyond that a program may refuse them."""


@dataclass(frozen=True)
class Picture:
    """A picture for a slide.

    Attributes
    ----------
    png : bytes
        The picture.
    width, height : float
        Its size in points; it is fitted into the room that there is.
    alt : str
        What it shows, in words, for people who do not see it.
    """

    png: bytes
    width: float
    height: float
    alt: str


class Show:
    """A presentation that grows slide by slide.

    Parameters
    ----------
    title : str
        Title of the whole, for the properties of the file.
    """

    def __init__(self, title: str) -> None:
        """Open the template."""
        from pptx import Presentation

        template = files("evidence.publish.deck").joinpath("template.pptx").read_bytes()
        self._deck: Any = Presentation(io.BytesIO(template))
        self._deck.core_properties.title = clean(title)[:250]  # the format allows 255

    def __len__(self) -> int:
        """Return the number of slides."""
        return len(self._deck.slides)

    def cover(self, title: str, subtitle: Sequence[str], notes: Iterable[str]) -> None:
        """Add the first slide."""
        slide = self._deck.slides.add_slide(self._deck.slide_layouts[_COVER])
        size, lines = 40.0, 3
        while size > 28.0 and not _fits(clean(title), measures.COVER[0].width, size, lines):
            size -= 2.0
        _write(slide.shapes.title, [cut(title, measures.COVER[0].width, size, lines)], size, bold=True)
        _write(slide.placeholders[_BODY], [clean(line) for line in subtitle], 20.0)
        _notes(slide, notes)

    def text(
        self,
        topic: str,
        titles: Sequence[str],
        lines: Sequence[str],
        notes: Iterable[str],
        *,
        sources: str = "",
        size: float = measures.BODY,
        space: float = 0.35,
    ) -> None:
        """Add a slide with lines of text, `space` of their size apart."""
        slide = self._content(_TEXT, topic, titles, sources, notes)
        _write(slide.placeholders[_BODY], [clean(line) for line in lines], size, space=size * space)

    def picture(
        self,
        topic: str,
        titles: Sequence[str],
        picture: Picture,
        notes: Iterable[str],
        *,
        sources: str,
        marker: str,
    ) -> None:
        """Add a slide with a picture, as large as the room allows."""
        slide = self._content(_FIGURE, topic, titles, sources, notes)
        box = within(measures.CONTENT, picture.width, picture.height)
        shape = slide.shapes.add_picture(io.BytesIO(picture.png), *box.emu)
        shape.name = marker_name(marker)
        shape._element.nvPicPr.cNvPr.set("descr", clean(picture.alt))

    def table(
        self,
        topic: str,
        titles: Sequence[str],
        table: Table,
        notes: Iterable[str],
        *,
        sources: str,
        marker: str,
        under: str = "",
        parts: Sequence[Table] = (),
    ) -> None:
        """Add a slide with a native table that has at most 8 rows and 5 columns, and a line below it.

        Of a table that goes over several slides, `parts` are all of them: letters and columns do not jump.
        """
        slide = self._content(_FIGURE, topic, titles, sources, notes)
        left, top, width, height = TABLE_ROOM.emu
        size = table_size(parts or [table])
        shape = add_table(
            slide,
            table,
            left=left,
            top=top,
            width=width,
            height=height,
            size=size,
            whole=joined(parts or [table]),
        )
        exactly_wide(shape, width)
        shape.name = marker_name(marker)
        if under:
            box = slide.shapes.add_textbox(*UNDER_ROOM.emu)
            box.name = "How to read the table"
            box.text_frame.word_wrap = True
            for side in ("margin_left", "margin_right", "margin_top", "margin_bottom"):
                setattr(box.text_frame, side, 0)
            _write(box, [_whole_sentences(under)], measures.TABLE)

    def save(self) -> bytes:
        """Return the file; the same slides give the same bytes."""
        stream = io.BytesIO()
        self._deck.save(stream)
        return reproducible(stream.getvalue())

    def _content(
        self, layout: int, topic: str, titles: Sequence[str], sources: str, notes: Iterable[str]
    ) -> Any:  # noqa: ANN401  (python-pptx has no annotations)
        slide = self._deck.slides.add_slide(self._deck.slide_layouts[layout])
        title, size = fitted_title(titles)
        _write(slide.shapes.title, [title], size, bold=True)
        _write(
            slide.placeholders[_TOPIC],
            [cut(topic, measures.TOPIC.width, measures.TOPIC_SIZE, 1)],
            measures.TOPIC_SIZE,
        )
        _feet(slide, sources)
        _notes(slide, notes)
        return slide


def _whole_sentences(text: str) -> str:
    """Return as many sentences as have room in the two lines below a table."""
    kept = ""
    for sentence in re.split(r"(?<=[.]) ", clean(text)):
        longer = f"{kept} {sentence}".strip()
        if not _fits(longer, UNDER_ROOM.width, measures.TABLE, 2):
            break
        kept = longer
    return kept or cut(text, UNDER_ROOM.width, measures.TABLE, 2)


def marker_name(marker: str) -> str:
    """Return the name of the shape that shows an output: by it the slide is found again."""
    return f"evidence:{marker}"


def within(room: Box, width: float, height: float) -> Box:
    """Return the largest box of a shape in a room, in its middle."""
    factor = min(room.width / width, room.height / height)
    wide, high = width * factor, height * factor
    return Box(room.left + (room.width - wide) / 2, room.top + (room.height - high) / 2, wide, high)


def fitted_title(titles: Sequence[str]) -> tuple[str, float]:
    """Return the longest title that has room in two lines, and its size; never below 24 points.

    Parameters
    ----------
    titles : sequence of str
        The same in ever fewer words.

    Returns
    -------
    tuple of str and float
        Where not even the shortest has room, it ends in an ellipsis; the notes hold the whole.
    """
    for title in titles:
        for size in measures.TITLE_SIZES:
            if _fits(clean(title), measures.TITLE.width, size, 2):
                return clean(title), size
    size = measures.TITLE_SIZES[-1]
    return cut(titles[-1], measures.TITLE.width, size, 2), size


def _lines(text: str, width: float, size: float) -> list[str]:
    # The charts' font is wider than the slides' own in bold, letter by letter but for a few capitals.
    return wrap(text, width * 0.97, size).split("\n")


def _fits(text: str, width: float, size: float, most: int) -> bool:
    """Tell whether a text has room in so many lines, with no word that is wider than a line."""
    lines = _lines(text[:_MOST_LETTERS], width, size)
    whole = sum(line.count("\u2026") for line in lines) == text.count("\u2026")
    return len(text) <= _MOST_LETTERS and len(lines) <= most and whole


def cut(text: str, width: float, size: float, most: int) -> str:
    """Return a text in one paragraph, ended by an ellipsis where it has no room in so many lines."""
    plain = clean(text)
    if _fits(plain, width, size, most):
        return plain
    return wrap(plain[:_MOST_LETTERS], width * 0.97, size, most=most).replace("\n", " ")


def _write(
    shape: Any,  # noqa: ANN401
    lines: Sequence[str],
    size: float,
    *,
    bold: bool | None = None,
    space: float | None = None,
) -> None:
    """Write paragraphs of one size into a shape."""
    from pptx.util import Pt

    frame = shape.text_frame
    for index, line in enumerate(lines):
        paragraph = frame.paragraphs[0] if index == 0 else frame.add_paragraph()
        if space is not None and index:
            paragraph.space_before = Pt(space)
        run = paragraph.add_run()
        run.text = line.replace("\n", " ")
        run.font.size = Pt(size)
        if bold is not None:
            run.font.bold = bold


def _feet(slide: Any, sources: str) -> None:  # noqa: ANN401
    """Copy the footer and the number from the layout: a new slide does not have them by itself."""
    from copy import deepcopy

    from pptx.oxml.ns import qn
    from pptx.util import Pt

    for shape in slide.slide_layout.placeholders:
        kind = shape._element.find(".//" + qn("p:ph")).get("type")
        if kind not in ("ftr", "sldNum"):
            continue
        element = deepcopy(shape._element)
        properties = element.find(".//" + qn("p:spPr"))
        for child in list(properties):
            properties.remove(child)
        styles = element.find(".//" + qn("a:lstStyle"))
        for child in list(styles if styles is not None else ()):
            styles.remove(child)
        slide.shapes._spTree.append(element)
        own = slide.shapes[-1]
        own._element.nvSpPr.cNvPr.set("id", str(slide.shapes._next_shape_id))
        if kind == "ftr":
            own.text_frame.clear()
            _write(own, [clean(sources)], measures.SMALL)
        else:
            for letters in element.iter(qn("a:rPr")):
                letters.set("sz", str(int(Pt(measures.SMALL).pt * 100)))


def _notes(slide: Any, notes: Iterable[str]) -> None:  # noqa: ANN401
    text = "\n".join(clean(line) for line in notes)
    slide.notes_slide.notes_text_frame.text = text[:_MOST_NOTES]
