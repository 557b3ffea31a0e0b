"""Measure a drawn chart: its texts inside the canvas, clear of each other, and large enough."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from evidence.charts.style import style_for


def visible_texts(ax: Axes) -> list[tuple[str, Bbox]]:
    """Every drawn text of the figure with its box in pixels."""
    figure = ax.get_figure(root=True)
    assert figure is not None
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    renderer = canvas.get_renderer()
    found = []
    for text in figure.findobj(Text):
        assert isinstance(text, Text)
        if text.get_visible() and text.get_text().strip():
            found.append((text.get_text(), text.get_window_extent(renderer)))
    return found


def assert_clean(ax: Axes, least: float = 0.0) -> None:
    """No text outside the canvas, no two texts on each other, none below a size in points."""
    figure = ax.get_figure(root=True)
    assert figure is not None
    texts = visible_texts(ax)
    assert texts
    width, height = figure.bbox.width, figure.bbox.height
    for words, box in texts:
        inside = box.x0 >= -0.5 and box.y0 >= -0.5 and box.x1 <= width + 0.5 and box.y1 <= height + 0.5
        assert inside, f"{words!r} at {box} leaves the canvas {width} x {height}"
    boxes = np.array([box.extents for _, box in texts])
    across = np.minimum.outer(boxes[:, 2], boxes[:, 2]) - np.maximum.outer(boxes[:, 0], boxes[:, 0])
    down = np.minimum.outer(boxes[:, 3], boxes[:, 3]) - np.maximum.outer(boxes[:, 1], boxes[:, 1])
    for one, two in zip(*np.nonzero(np.triu((across > 0.5) & (down > 1.0), 1)), strict=True):
        size = f"{across[one, two]:.1f} x {down[one, two]:.1f} px"
        raise AssertionError(f"{texts[one][0]!r} and {texts[two][0]!r} overlap by {size}")
    if least:
        for text in figure.findobj(Text):
            assert isinstance(text, Text)
            if text.get_visible() and text.get_text().strip():
                assert text.get_fontsize() >= least - 1e-9, (
                    f"{text.get_text()!r} has {text.get_fontsize()} pt"
                )


def assert_fits(ax: Axes) -> None:
    """The chart is clean, at the sizes of the medium and the theme that hold."""
    style = style_for()
    assert_clean(ax, min(style.text, style.small))
    figure = ax.get_figure(root=True)
    assert figure is not None
    width, height = figure.get_size_inches()
    assert abs(width - style.width) < 0.01
    assert height >= style.least_height - 0.01
