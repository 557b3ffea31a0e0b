"""Markers in a presentation: where an output is to stand, in words that a speaker can type."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from evidence.publish.deck import measures
from evidence.publish.deck.measures import Box
from evidence.publish.deck.show import marker_name
from evidence.publish.recipe_errors import BuildError

__all__ = ["Place", "out_of_reach", "places_of", "slides_of"]

_MARKER = re.compile(r"\{\{\s*(?i:evidence)\s*:\s*([^{}\s]+)\s*\}\}")
_NAME = re.compile(re.escape(marker_name("")) + r"(\S+)\Z")


@dataclass(frozen=True)
class Place:
    """A marker and where it stands.

    Attributes
    ----------
    number : int
        Of the slide, from 1.
    slide : object
        The slide.
    shape : object or None
        The marked shape; None where only the notes name the output.
    marker : str
        Id of the output, with ``#2`` for its second part.
    box : Box
        Position and size, in points.
    """

    number: int
    slide: Any
    shape: Any
    marker: str
    box: Box

    @property
    def id(self) -> str:
        """Id of the output."""
        return self.marker.partition("#")[0]

    @property
    def part(self) -> int:
        """Which part of the output, from 1."""
        part = self.marker.partition("#")[2]
        return int(part) if part.isdigit() and int(part) else 1


def slides_of(deck: Any) -> Iterator[Any]:  # noqa: ANN401  (python-pptx has no annotations)
    """Go through the slides in their order; unlike ``deck.slides`` this renames no part of the file."""
    entries = deck.part._element.sldIdLst
    for entry in entries if entries is not None else ():
        yield deck.part.related_part(entry.rId).slide


def places_of(deck: Any) -> list[Place]:  # noqa: ANN401
    """Find every marker of a presentation.

    Parameters
    ----------
    deck : pptx.Presentation
        The presentation.

    Returns
    -------
    list of Place
        In the order of the slides. A shape is marked by ``{{evidence:ID}}`` as its only text or in its
        alternative text, or by the name that an earlier refresh gave it; a slide by the same in its notes.

    Raises
    ------
    BuildError
        Where a marker shares a text box with other words, which a picture would replace.
    """
    found = []
    for number, slide in enumerate(slides_of(deck), start=1):
        own = [
            Place(number, slide, shape, marker, _box(shape))
            for shape in slide.shapes
            if (marker := _marker(shape, number))
        ]
        known = {place.marker for place in own}
        room = _room(deck)
        noted = [name for name in _noted(slide) if name not in known]
        found += [*own, *(Place(number, slide, None, name, room) for name in dict.fromkeys(noted))]
    return found


def out_of_reach(deck: Any) -> list[str]:  # noqa: ANN401
    """Name the markers that stand where nothing can be put, so that no talk shows one by surprise.

    Parameters
    ----------
    deck : pptx.Presentation
        The presentation.

    Returns
    -------
    list of str
        One sentence for each marker in a group of shapes or in a cell of a table.
    """
    found = []
    for number, slide in enumerate(slides_of(deck), start=1):
        for shape in slide.shapes:
            if shape._element.tag.endswith("}grpSp"):
                where, way_out = "in a group of shapes", "take its text box out of the group"
            elif shape.has_table and not _marker(shape, number):
                where, way_out = "in a cell of a table", "put it in a text box of its own"
            else:
                continue
            for paragraph in shape._element.xpath(".//a:p"):
                text = "".join(piece.text or "" for piece in paragraph.xpath(".//a:t"))
                found += [
                    f"slide {number}: {marked[0]} stands {where}, where nothing can be put: {way_out}"
                    for marked in _MARKER.finditer(text)
                ]
    return found


def _marker(shape: Any, number: int) -> str:  # noqa: ANN401
    """Return the marker of a shape, or an empty string.

    Raises
    ------
    BuildError
        Where other words stand in the same text box.
    """
    named = _NAME.match(shape.name)
    if named:
        return named[1]
    described = _MARKER.search(_described(shape))
    if described:
        return described[1]
    text = shape.text_frame.text.strip() if shape.has_text_frame else ""
    marked = _MARKER.search(text)
    if marked is None:
        return ""
    if marked[0] != text:
        raise BuildError(
            f"slide {number}: the marker {marked[0]} shares its text box with other words, which a figure "
            "would replace: give the marker a text box of its own"
        )
    return marked[1]


def _described(shape: Any) -> str:  # noqa: ANN401
    properties = shape._element.xpath(".//p:cNvPr")
    return str(properties[0].get("descr", "")) if properties else ""


def _noted(slide: Any) -> list[str]:  # noqa: ANN401
    frame = slide.notes_slide.notes_text_frame if slide.has_notes_slide else None
    return _MARKER.findall(frame.text) if frame is not None else []


def _box(shape: Any) -> Box:  # noqa: ANN401
    sides = (shape.left, shape.top, shape.width, shape.height)
    return Box(*((float(side) if side is not None else 0.0) / measures.EMU for side in sides))


def _room(deck: Any) -> Box:  # noqa: ANN401
    """Return the room below the title of a slide of any size, for what only the notes name."""
    wide, high = float(deck.slide_width) / measures.EMU, float(deck.slide_height) / measures.EMU
    part, whole = measures.CONTENT, measures.SLIDE
    return Box(
        part.left / whole.width * wide,
        part.top / whole.height * high,
        part.width / whole.width * wide,
        part.height / whole.height * high,
    )
