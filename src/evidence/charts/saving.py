"""Files of a figure: PNG, SVG and PDF, the same bytes whenever the same figure is saved on one machine."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evidence._check import one_of
from evidence.charts.figures import off_screen

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["FORMATS", "off_screen", "png_of", "save_figure"]

FORMATS = ("png", "svg", "pdf")
"""Formats that `save_figure` writes."""

_DPI = 200
_METADATA: dict[str, dict[str, str | None]] = {
    # No dates and no versions: what is drawn decides the bytes.
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "ModDate": None, "Creator": None, "Producer": None},
}
_SETTINGS: dict[Any, Any] = {
    "svg.hashsalt": "evidence",  # ids of the elements follow from their content
    # Letters as outlines: an SVG shows the measured layout on machines without the font.
    "svg.fonttype": "path",
    "pdf.fonttype": 42,  # TrueType, as journals ask; text stays text
    "pdf.compression": 6,
    "savefig.bbox": None,
    "savefig.transparent": False,
    "path.simplify": False,
}


def save_figure(
    figure: Axes | Figure, path_stem: str | PathLike[str], *, formats: Sequence[str] = FORMATS
) -> list[Path]:
    """Write a figure in several formats.

    Parameters
    ----------
    figure : Axes or Figure
        A chart, or the figure that holds it.
    path_stem : str or path
        Path without suffix: ``"figures/domains"`` gives ``figures/domains.png`` and so on. Missing folders
        are made.
    formats : sequence of str, default ("png", "svg", "pdf")
        PNG has 200 dots per inch. SVG has letters as outlines, PDF as embedded TrueType.

    Returns
    -------
    list of Path
        The written files, in the order of the formats.

    Raises
    ------
    ModelError
        Where a format is not known.

    Notes
    -----
    Settings hold for this call only. No date is written, so that saving the same figure twice on one
    machine gives the same bytes; another processor or version of matplotlib may move a last digit.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure as AnyFigure

    wanted = [one_of("formats", name, FORMATS) for name in formats]
    whole = figure if isinstance(figure, AnyFigure) else figure.get_figure(root=True)
    assert whole is not None  # an Axes that was removed from its figure cannot be drawn at all
    stem = Path(path_stem)
    stem.parent.mkdir(parents=True, exist_ok=True)
    paths = []
    with mpl.rc_context(_SETTINGS):
        for name in wanted:
            path = stem.with_name(f"{stem.name}.{name}")
            whole.savefig(
                path,
                format=name,
                dpi=_DPI,
                metadata=_METADATA[name],
                facecolor=whole.get_facecolor(),
                edgecolor="none",
            )
            paths.append(path)
    return paths


def png_of(figure: Axes | Figure, *, ratio: float | None = None) -> bytes:
    """Return a figure as a PNG picture.

    Parameters
    ----------
    figure : Axes or Figure
        A chart, or the figure that holds it.
    ratio : float, optional
        Width by height that the picture shall have: what is missing is added around it in the colour of the
        figure. Without it, that of the figure.

    Returns
    -------
    bytes
        200 dots per inch; the same figure gives the same bytes.
    """
    import io

    import matplotlib as mpl
    from matplotlib.figure import Figure as AnyFigure
    from matplotlib.transforms import Bbox

    whole = figure if isinstance(figure, AnyFigure) else figure.get_figure(root=True)
    assert whole is not None  # as in save_figure
    width, height = map(float, whole.get_size_inches())
    wide, high = width, height
    if ratio is not None:
        wide, high = max(width, height * ratio), max(height, width / ratio)
    # Half a dot is no margin: a figure that was drawn for its room is taken as it is.
    fits = abs(wide - width) * _DPI < 1.0 and abs(high - height) * _DPI < 1.0
    box = None if fits else Bbox.from_bounds((width - wide) / 2, (height - high) / 2, wide, high)
    stream = io.BytesIO()
    with mpl.rc_context(_SETTINGS):
        whole.savefig(
            stream,
            format="png",
            dpi=_DPI,
            metadata=_METADATA["png"],
            facecolor=whole.get_facecolor(),
            edgecolor="none",
            bbox_inches=box,
        )
    return stream.getvalue()
