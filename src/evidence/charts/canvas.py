"""Where a chart is drawn: a sheet whose unit is the point.

A chart here is a table with a picture in one of its columns. Both live in one `Axes`, so that
"`ax` in, the same `Axes` out" holds and a chart can be a panel of a larger figure. Downwards the sheet is
measured in points from the top (``ylim`` runs from the height to 0); sideways, texts stand at a
fraction of the width, and the data axis of the picture keeps its own scale.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from evidence.charts.figures import LEAST_IN_ROOM, off_screen, room
from evidence.charts.fonts import families_for, lost_letters, shown
from evidence.charts.said import note_lost
from evidence.charts.style import Style
from evidence.charts.texts import line_height, text_width, wrap
from evidence.charts.words import clean

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["LEAST_IN_ROOM", "Sheet", "off_screen", "open_sheet", "room", "text_width", "wrap"]
"""With the names of `figures` and `texts` that slides, tables and the report take."""


_ASCENT, _CAPITAL, _DESCENT = 0.93, 0.73, 0.24
"""Of the font, as shares of its size: top of accents, height of capitals, depth of descenders."""


@dataclass(frozen=True)
class Sheet:
    """An `Axes` prepared for a layout in points.

    Attributes
    ----------
    ax : Axes
        Where everything is drawn.
    style : Style
        Sizes and colours.
    width, height : float
        Size in points.
    """

    ax: Axes
    style: Style
    width: float
    height: float

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: float | None = None,
        colour: str | None = None,
        align: Literal["left", "center", "right"] = "left",
        valign: Literal["top", "center", "bottom"] = "center",
        bold: bool = False,
        rotation: float = 0.0,
    ) -> None:
        """Write a text at a point, both in points from the top left; dollar signs stay dollar signs.

        Each line is an artist of its own, set on its base line: the distance of lines is then ours on
        every version of matplotlib, and neighbouring texts stand level whatever letters they hold.
        """
        size = size or self.style.text
        lines = text.split("\n")
        first = {
            "top": y + size * _ASCENT,
            "center": y + size * _CAPITAL / 2 - line_height(size, len(lines) - 1) / 2,
            "bottom": y - size * _DESCENT - line_height(size, len(lines) - 1),
        }[valign]
        for i, line in enumerate(lines):
            if line:
                self._line(
                    x,
                    y if rotation else first + line_height(size, i),
                    line,
                    size,
                    colour or self.style.colours.ink,
                    align,
                    bold,
                    rotation,
                )

    def _line(
        self, x: float, y: float, text: str, size: float, colour: str, align: str, bold: bool, rotation: float
    ) -> None:
        """Write one line of text on its base line; a turned one upwards from its lower end."""
        if lost := lost_letters(text):
            note_lost(self.ax, lost)
        self.ax.text(
            x / self.width,
            y,
            shown(clean(text).replace("\t", " ")),  # what has no shape in print cannot be drawn
            transform=self.ax.get_yaxis_transform(which="grid"),
            fontfamily=families_for(text),
            fontsize=size,
            fontweight="bold" if bold else "normal",
            fontstyle="normal",
            color=colour,
            ha="center" if rotation else align,
            va="bottom" if rotation else "baseline",
            rotation=rotation,
            parse_math=False,
        )

    def rule(self, y: float, *, left: float = 0.0, right: float | None = None, strong: bool = False) -> None:
        """Draw a horizontal rule between two points of the width."""
        self.ax.plot(
            [left / self.width, (self.width if right is None else right) / self.width],
            [y, y],
            transform=self.ax.get_yaxis_transform(which="grid"),
            color=self.style.colours.ink if strong else self.style.colours.rule,
            linewidth=self.style.line * (0.8 if strong else 0.5),
            linestyle="-",
            marker="",
            solid_capstyle="butt",
            zorder=1.5,
        )


def open_sheet(ax: Axes, style: Style, width: float, height: float) -> Sheet:
    """Clear the scales of an `Axes` and measure it in points downwards."""
    ax.set_facecolor(style.colours.paper)
    ax.set_autoscale_on(False)
    ax.set_ylim(height, 0.0)
    ax.grid(visible=False)
    for side in ("left", "right", "top", "bottom"):
        ax.spines[side].set_visible(False)
    ax.tick_params(
        axis="both",
        which="both",
        left=False,
        right=False,
        top=False,
        bottom=False,
        labelleft=False,
        labelright=False,
        labeltop=False,
        labelbottom=False,
    )
    return Sheet(ax, style, width, height)
