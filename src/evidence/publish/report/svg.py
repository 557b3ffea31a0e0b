"""A chart as inline SVG: small, with letters as letters, and in colours that follow the page's theme.

The letters stay text, so that a reader can search and copy them and a screen magnifier keeps them sharp;
each is held to the width that was measured for it (``textLength``), because the reader's machine may lack
the font.
Style attributes become classes of one style sheet: a page that forbids inline styles can hold the drawing,
and figures share what they have in common.
"""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from evidence.publish.report.colours import on_dark

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Drawing", "Paints"]

_SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "evidence",
    "savefig.bbox": None,
    "path.simplify": False,
}
_NAMESPACE = re.compile(r"\{[^}]*\}")
_NUMBER = re.compile(r"-?\d*\.\d+(?:e-?\d+)?")
_REFERENCE = re.compile(r"url\(#([^)]+)\)")
_HEX = re.compile(r"#[0-9a-fA-F]{6}\b")
_SIZE = re.compile(r"([\d.]+)px")
_GEOMETRY = frozenset(
    ("d", "x", "y", "dx", "dy", "cx", "cy", "r", "rx", "ry", "width", "height", "points", "transform")
)
_UNSHARED = frozenset({"title", "metadata", "style"})


class Paints:
    """The classes and colours that the drawings of one page share."""

    def __init__(self) -> None:
        """Begin without any."""
        self._classes: dict[str, str] = {}
        self._colours: dict[str, str] = {}

    def name(self, declarations: str) -> str:
        """Return the class of some declarations, with its colours as variables."""

        def as_variable(match: re.Match[str]) -> str:
            colour = match[0].lower()
            self._colours.setdefault(colour, f"--f{colour[1:]}")
            return f"var({self._colours[colour]})"

        rule = _HEX.sub(as_variable, declarations)
        return self._classes.setdefault(rule, f"f{len(self._classes)}")

    @property
    def rules(self) -> str:
        """The classes as style sheet."""
        return "".join(f".{name}{{{rule}}}" for rule, name in self._classes.items())

    def colours(self, *, dark: bool) -> str:
        """Return the variables of the light or of the dark theme."""
        return "".join(
            f"{name}:{on_dark(colour) if dark else colour};" for colour, name in self._colours.items()
        )


class Drawing:
    """One figure as inline SVG.

    Parameters
    ----------
    axes : Axes
        A finished chart.
    prefix : str
        Begins every id inside, so that several drawings can stand on one page.
    paints : Paints
        Of the page.
    """

    def __init__(self, axes: Axes, prefix: str, paints: Paints) -> None:
        """Prepare; nothing is drawn yet."""
        self._axes = axes
        self._prefix = prefix
        self._paints = paints

    def text(self, alt: str) -> str:
        """Return the element.

        Parameters
        ----------
        alt : str
            Alternative text of the whole picture.
        """
        root = ElementTree.fromstring(_saved(self._axes))
        _plain_names(root)
        box = root.get("viewBox", "0 0 1 1")
        _drop(root, lambda element: element.tag in _UNSHARED)
        whole = _covers(root, box)
        for element in root.iter():
            self._dress(element, whole)
        self._rename(root)
        _drop(root, lambda element: element.tag in ("g", "defs") and not len(element) and not element.attrib)
        _unwrap(root)
        root.attrib.clear()
        root.attrib.update({"viewBox": box, "role": "img", "aria-label": alt, "class": "fig"})
        _one_line(root)
        return ElementTree.tostring(root, encoding="unicode", short_empty_elements=True)

    def _dress(self, element: ElementTree.Element, whole: frozenset[str]) -> None:
        """Turn the style of an element into a class, round its numbers, hold its letters to their width."""
        clip = _REFERENCE.search(element.get("clip-path", ""))
        if clip and clip[1] in whole:
            del element.attrib["clip-path"]
        transform = element.get("transform", "")
        if transform.startswith("rotate(-0 ") or transform.startswith("rotate(0 "):
            del element.attrib["transform"]
        if element.tag == "text":
            _hold(element)
        style = _declarations(element.attrib.pop("style", ""), is_text=element.tag == "text")
        if style:
            element.set("class", self._paints.name(style))
        for name in _GEOMETRY & set(element.attrib):
            element.set(name, _short(element.attrib[name], path=name == "d"))

    def _rename(self, root: ElementTree.Element) -> None:
        """Keep the ids that are referred to, in short and of this figure alone; what is there twice goes."""
        wanted: dict[str, str] = {}
        for element in root.iter():
            for name, value in element.attrib.items():
                found = value[1:] if name == "href" and value.startswith("#") else ""
                found = found or "".join(_REFERENCE.findall(value))
                if found:
                    wanted.setdefault(found, f"{self._prefix}.{len(wanted)}")
        seen: set[str] = set()
        for element in root.iter():
            own = element.attrib.pop("id", None)
            if own in wanted and own not in seen:
                seen.add(own)
                element.set("id", wanted[own])
            if element.get("href", "")[1:] in wanted:
                element.set("href", "#" + wanted[element.attrib["href"][1:]])
            if clip := _REFERENCE.search(element.get("clip-path", "")):
                element.set("clip-path", f"url(#{wanted[clip[1]]})")


def _saved(axes: Axes) -> bytes:
    import matplotlib as mpl

    figure = axes.get_figure(root=True)
    assert figure is not None  # an Axes that was removed from its figure cannot be drawn at all
    stream = io.BytesIO()
    with mpl.rc_context(_SETTINGS):
        figure.savefig(
            stream,
            format="svg",
            metadata={"Date": None, "Creator": None},
            facecolor=figure.get_facecolor(),
            edgecolor="none",
        )
    return stream.getvalue()


def _plain_names(root: ElementTree.Element) -> None:
    """Take the namespaces off: inside HTML the parser knows the elements by their bare names."""
    for element in root.iter():
        element.tag = _NAMESPACE.sub("", str(element.tag))
        for name in list(element.attrib):
            element.attrib[_NAMESPACE.sub("", name)] = element.attrib.pop(name)


def _pairs(root: ElementTree.Element) -> Iterator[tuple[ElementTree.Element, ElementTree.Element]]:
    for parent in root.iter():
        for child in list(parent):
            yield parent, child


def _drop(root: ElementTree.Element, unwanted: Any) -> None:  # noqa: ANN401
    again = True
    while again:  # an element can be empty only after its children went
        again = False
        for parent, child in list(_pairs(root)):
            if unwanted(child):
                parent.remove(child)
                again = True


def _covers(root: ElementTree.Element, box: str) -> frozenset[str]:
    """Return the clip paths that cut nothing off, being as large as the picture; they are removed."""
    width, height = (float(part) for part in box.split()[2:])
    found: set[str] = set()
    for parent, child in list(_pairs(root)):
        if child.tag != "clipPath" or len(child) != 1 or child[0].tag != "rect":
            continue
        x, y, w, h = (float(child[0].get(name, "0")) for name in ("x", "y", "width", "height"))
        if x <= 0.01 and y <= 0.01 and x + w >= width - 0.01 and y + h >= height - 0.01:
            found.add(child.get("id", ""))
            parent.remove(child)
    return frozenset(found)


def _unwrap(root: ElementTree.Element) -> None:
    """Replace every group that says nothing by its children."""
    for child in list(root):
        _unwrap(child)
        if child.tag == "g" and not child.attrib:
            place = list(root).index(child)
            root.remove(child)
            for offset, grandchild in enumerate(list(child)):
                root.insert(place + offset, grandchild)


def _one_line(root: ElementTree.Element) -> None:
    """Take out the white space between elements."""
    for element in root.iter():
        if element.tag not in ("text", "tspan"):
            element.text = None
        element.tail = None


def _declarations(style: str, *, is_text: bool) -> str:
    """Return a style without white space, in which only what a reader sees is left."""
    parts = []
    for part in style.split(";"):
        name, _, value = (piece.strip() for piece in part.partition(":"))
        if not value or name == "font-family":
            continue
        if name == "font":  # size and weight in one, as some versions of matplotlib write it
            parts += [f"font-size:{size}px" for size in _SIZE.findall(value)]
            parts += [f"font-weight:{weight}" for weight in re.findall(r"\b(?:bold|[6-9]00)\b", value)]
        else:
            parts.append(f"{name}:{_short(value)}")
    return ";".join(parts) if parts or not is_text else ""


def _hold(element: ElementTree.Element) -> None:
    """Hold a line of letters to the width that it was laid out with."""
    from evidence.charts.canvas import text_width

    style = element.get("style", "")
    size = _SIZE.search(style)
    text = element.text or ""
    if not size or len(element) or not text.strip() or not _as_measured(text):
        return
    bold = re.search(r"\b(?:bold|[6-9]00)\b", style) is not None
    element.set("textLength", f"{text_width(text, float(size[1]), bold):.2f}")
    element.set("lengthAdjust", "spacingAndGlyphs")


def _as_measured(text: str) -> bool:
    """Tell whether a reader's machine sets a text as it was measured: not where letters join or are wide."""
    return not any(
        unicodedata.bidirectional(letter) in ("R", "AL") or unicodedata.east_asian_width(letter) in "WF"
        for letter in text
    )


def _short(value: str, *, path: bool = False) -> str:
    """Return numbers with two decimals, a hundredth of a point, and no white space that is not needed."""
    text = _NUMBER.sub(_two_decimals, value)
    return re.sub(r"\s*([A-Za-z])\s*", r"\1", text).strip() if path else " ".join(text.split())


def _two_decimals(match: re.Match[str]) -> str:
    text = f"{float(match[0]):.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
