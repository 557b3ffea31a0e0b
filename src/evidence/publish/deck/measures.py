"""Where things stand on a slide and how large its letters are, in points; the template follows these."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "BODY",
    "CONTENT",
    "COVER",
    "EMU",
    "FIRST_LINES",
    "FONT",
    "FOOTER",
    "NUMBER",
    "REFERENCE",
    "SLIDE",
    "SMALL",
    "TABLE",
    "TITLE",
    "TITLE_SIZES",
    "TOPIC",
    "TOPIC_SIZE",
    "Box",
]

EMU = 12_700
"""English metric units per point, in which PowerPoint measures."""


@dataclass(frozen=True)
class Box:
    """A rectangle on a slide, in points from the top left."""

    left: float
    top: float
    width: float
    height: float

    @property
    def emu(self) -> tuple[int, int, int, int]:
        """Left, top, width and height in English metric units."""
        left, top, width, height = (
            round(part * EMU) for part in (self.left, self.top, self.width, self.height)
        )
        return left, top, width, height


SLIDE = Box(0, 0, 960, 540)
"""13.33 x 7.5 inches: 16:9."""

TOPIC = Box(36, 12, 888, 22)
TITLE = Box(36, 34, 888, 63)
CONTENT = Box(20, 100, 920, 388)
FOOTER = Box(36, 498, 816, 32)
NUMBER = Box(864, 498, 60, 32)
COVER = (Box(60, 130, 840, 150), Box(60, 300, 840, 110))
"""Title and subtitle of the first slide."""

FONT = "Arial"
"""On every machine under this name or with these widths (Liberation Sans); narrower than what titles are
measured with, so that what fits here fits there."""

TITLE_SIZES = (26.0, 25.0, 24.0)
TOPIC_SIZE = 16.0
BODY = 18.0
TABLE = 16.0
REFERENCE = 14.0
SMALL = 12.0
"""Sizes: titles, the line above them, body text, tables, references, and the footer with its numbers."""

FIRST_LINES = 2
"""Lines of a title."""
