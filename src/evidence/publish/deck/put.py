"""A picture or a table in the place of a marked shape."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from evidence.publish.deck import measures
from evidence.publish.deck.marked import Place
from evidence.publish.deck.measures import Box
from evidence.publish.deck.show import Picture, marker_name, within
from evidence.publish.deck.table_room import exactly_wide
from evidence.table_slide import add_table
from evidence.table_words import clean

if TYPE_CHECKING:
    from evidence.tables import Table

__all__ = ["put_picture", "put_table", "room_for_table"]

_GAP = 8.0
"""Points between a table and what stands below it."""

_FOOT = 0.93
"""Share of a slide's height above which a table stays where nothing stands below it."""


def put_picture(place: Place, picture: Picture) -> None:
    """Put a picture at a place: same position and size, marker in its name, words in its description."""
    box = within(place.box, picture.width, picture.height)
    shape = place.slide.shapes.add_picture(io.BytesIO(picture.png), *box.emu)
    shape._element.nvPicPr.cNvPr.set("descr", clean(picture.alt))
    _take_the_place(place, shape)


def put_table(place: Place, table: Table, presentation: Any, notes: list[str]) -> None:  # noqa: ANN401
    """Put a native table at a place: same position and width, as high as its rows need."""
    room = room_for_table(place, float(presentation.slide_height) / measures.EMU)
    left, top, width, height = room.emu
    shape = add_table(place.slide, table, left=left, top=top, width=width, height=height, size=_size(place))
    exactly_wide(shape, width)
    if float(shape.height) > 1.01 * place.box.height * measures.EMU:
        notes.append(f"slide {place.number}: {place.marker} is higher than the shape that it replaces")
    _take_the_place(place, shape)


def room_for_table(place: Place, slide_height: float | None = None) -> Box:
    """Return where a table may stand: down to the next shape below, or to the foot of the slide."""
    if slide_height is None:
        slide_height = (
            float(place.slide.part.package.presentation_part.presentation.slide_height) / measures.EMU
        )
    box = place.box
    own = None if place.shape is None else place.shape._element
    below = [
        float(shape.top) / measures.EMU
        for shape in place.slide.shapes
        if shape._element is not own
        and shape.top is not None
        and float(shape.top) / measures.EMU >= box.top + 20
    ]
    floor = min([*(top - _GAP for top in below), slide_height * _FOOT])
    return Box(box.left, box.top, box.width, max(box.height, floor - box.top))


def _size(place: Place) -> float:
    """Return the size of the letters of the table that stands there; else the least."""
    if place.shape is None or not place.shape.has_table:
        return measures.TABLE
    sizes = place.shape._element.xpath(".//a:rPr/@sz")
    return max(measures.TABLE, int(sizes[0]) / 100) if sizes else measures.TABLE


def _take_the_place(place: Place, shape: Any) -> None:  # noqa: ANN401
    """Name the new shape and let it stand where the old one stood, also before and behind others."""
    shape.name = marker_name(place.marker)
    old = place.shape
    if old is None:
        return
    old_properties, new_properties = (each._element.xpath(".//p:cNvPr")[0] for each in (old, shape))
    new_properties.set("id", old_properties.get("id"))
    pictures = old._element.xpath(".//a:blip/@r:embed")
    old._element.addprevious(shape._element)
    old._element.getparent().remove(old._element)
    for key in dict.fromkeys(pictures):
        if not place.slide._element.xpath(f".//*[@r:embed='{key}']"):
            place.slide.part.drop_rel(key)
