"""Figures for charts: a new one, the room in one that is given, and how large it has to be."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from evidence.charts.style import POINTS, Style
from evidence.errors import ModelError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "LEAST_IN_ROOM",
    "available",
    "enlarged",
    "new_axes",
    "off_screen",
    "room",
    "room_for",
    "room_style",
]


def _check_axes(ax: object) -> None:
    """Refuse what is no `Axes`: the whole array of subplots, or a figure.

    Raises
    ------
    ModelError
        With the way out.
    """
    if not (hasattr(ax, "get_window_extent") and hasattr(ax, "plot")):
        raise ModelError(
            f"ax= takes one matplotlib Axes, such as axes[0] of an array of subplots; got {type(ax).__name__}"
        )


def available(ax: Axes) -> tuple[float, float]:
    """Return width and height of an existing `Axes` in points; refuse what is none."""
    _check_axes(ax)
    box = ax.get_window_extent()
    dpi = ax.get_figure(root=True).dpi if ax.get_figure(root=True) is not None else 100.0  # type: ignore[union-attr]
    return float(box.width) * POINTS / dpi, float(box.height) * POINTS / dpi


def enlarged(ax: Axes, width: float, height: float) -> tuple[float, float]:
    """Return the size of an existing `Axes`, after its figure grew until the `Axes` has at least this size.

    Words that nobody can read, or that lie on each other, are worse than a figure that is larger than was
    asked for. A figure that is large enough stays as it is.

    Parameters
    ----------
    ax : Axes
        Where a chart will be drawn.
    width, height : float
        What it needs, points.

    Raises
    ------
    ModelError
        Where the `Axes` does not grow with its figure, or the figure would become larger than 100 in.
    """
    _check_axes(ax)
    figure = ax.get_figure(root=True)
    assert figure is not None
    for _ in range(8):  # a layout engine, or a colour bar beside it, takes its part anew each time
        now = available(ax)
        if now[0] >= width * 0.999 and now[1] >= height * 0.999:
            return now
        old = figure.get_size_inches()
        size = old[0] * max(1.0, width / now[0]), old[1] * max(1.0, height / now[1])
        if max(size) > _LARGEST:
            break
        figure.set_size_inches(*size)
        if (engine := figure.get_layout_engine()) is not None:
            engine.execute(figure)
    needed, has = (f"{w / POINTS:.1f} x {h / POINTS:.1f} in" for w, h in ((width, height), now))
    raise ModelError(
        f"this chart needs an Axes of at least {needed} for its letters to be read, and has {has}; give a "
        "larger one, or none (ax=None)"
    )


_LARGEST = 100.0
"""Longest side of a figure that grows, inches."""


_OFF_SCREEN: ContextVar[bool] = ContextVar("evidence_charts_off_screen", default=False)


@contextmanager
def off_screen() -> Iterator[None]:
    """Make figures that are only saved: pyplot does not learn of them, a notebook does not show them."""
    token = _OFF_SCREEN.set(True)
    try:
        yield
    finally:
        _OFF_SCREEN.reset(token)


_ROOM: ContextVar[tuple[float, float] | None] = ContextVar("evidence_charts_room", default=None)


@contextmanager
def room(width: float, height: float) -> Iterator[None]:
    """Draw new charts into a size in points and without their title: a slide that holds them has its own."""
    token = _ROOM.set((width, height))
    try:
        yield
    finally:
        _ROOM.reset(token)


LEAST_IN_ROOM = 14.0
"""Least size of any text within `room`, points: a slide has its title apart, and the picture is one part."""


def room_style(style: Style) -> tuple[Style, tuple[float, float] | None]:
    """Return the style within `room`, whose letters may be smaller, and its size; None outside of it."""
    size = _ROOM.get()
    return (style, None) if size is None else (replace(style, least=min(style.least, LEAST_IN_ROOM)), size)


def room_for(size: tuple[float, float], width: float, height: float) -> tuple[float, float]:
    """Return a size of the proportions of a room in which a chart of another size fits: the room, if it may.

    A chart that needs more than the room is drawn larger and not on itself. Its letters are then too small
    once it stands in the room, which whoever opened the room can measure.
    """
    factor = max(1.0, width / size[0], height / size[1])
    return size[0] * factor, size[1] * factor


def _pyplot_shows_figures() -> bool:
    """Tell whether a figure has to be known to pyplot to be seen: in IPython, or where pyplot is in use."""
    if _OFF_SCREEN.get():
        return False
    if "matplotlib.pyplot" in sys.modules:
        return True
    ipython: Any = sys.modules.get("IPython")
    return ipython is not None and ipython.get_ipython() is not None


def new_axes(width: float, height: float, style: Style) -> Axes:
    """Return the only `Axes` of a new figure, filling it.

    Parameters
    ----------
    width, height : float
        Size in points.
    style : Style
        For the background.

    Returns
    -------
    Axes
        In a figure of pyplot where pyplot is in use or IPython runs (else a notebook could not
        display it), in a bare `Figure` with an Agg canvas otherwise: a build leaves no state
        behind. The backend is whatever the user has chosen.
    """
    size = (width / POINTS, height / POINTS)
    figure: Figure
    if _pyplot_shows_figures():
        import matplotlib.pyplot as plt

        figure = plt.figure(figsize=size, dpi=100.0, facecolor=style.colours.paper, layout="none")
    else:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure as BareFigure

        figure = BareFigure(figsize=size, dpi=100.0, facecolor=style.colours.paper)
        figure.set_layout_engine("none")
        FigureCanvasAgg(figure)
    return figure.add_axes((0.0, 0.0, 1.0, 1.0))
