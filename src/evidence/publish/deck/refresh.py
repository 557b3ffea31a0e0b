"""Figures and tables put into a presentation that exists: a talk already given is brought up to date."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evidence._check import nearest
from evidence._files import save_atomically
from evidence.publish.deck.archive import kept
from evidence.publish.deck.marked import Place, out_of_reach, places_of
from evidence.publish.deck.put import put_picture, put_table, room_for_table
from evidence.publish.deck.show import Picture
from evidence.publish.deck.table_room import TABLE_ROOM
from evidence.publish.recipe_errors import BuildError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from evidence.publish.workshop import Workshop
    from evidence.tables import Table

    Item = Axes | Figure | Table

__all__ = ["Refreshed", "slides"]


@dataclass(frozen=True)
class Refreshed:
    """What was put where.

    Attributes
    ----------
    path : Path
        The presentation.
    places : tuple of (int, str)
        Number of the slide and marker, for each that was filled.
    changed : bool
        Whether the file changed; False where every slide was up to date.
    notes : tuple of str
        What a speaker must know: parts of a table that stand on no slide, letters that became small.
    """

    path: Path
    places: tuple[tuple[int, str], ...]
    changed: bool
    notes: tuple[str, ...]


def slides(
    deck: str | os.PathLike[str],
    items: Mapping[str, Item | Sequence[Item]] | None = None,
    *,
    recipe: str | os.PathLike[str] = "evidence.toml",
) -> Refreshed:
    """Put figures and tables into an existing presentation, where its slides are marked.

    Type ``{{evidence:ID}}`` into a text box (or the alternative text of a shape, or the notes of a slide):
    the shape is replaced by the figure or table of that name, with its position and size. It keeps the marker
    in its name, so that the next call refreshes it. ``{{evidence:ID#2}}`` is the second part of a long one.
    Other slides keep their content byte for byte, and no title or note is rewritten: read them again where a
    result has moved.

    Parameters
    ----------
    deck : path
        A .pptx file; it is replaced in one step.
    items : mapping of str to Axes, Figure or Table, optional
        What to put at each marker; a list gives the parts. Other markers stay as they are. Without it, every
        marker is an output of the recipe, made anew.
    recipe : path, default "evidence.toml"
        The recipe, read where `items` are not given.

    Returns
    -------
    Refreshed
        Which slides were filled, and what to look at.

    Raises
    ------
    BuildError
        Where the file is no presentation or has no marker, and where a marker or an item has no counterpart;
        the message gives the nearest names. The file is untouched then.

    Examples
    --------
    Mark a text box of a talk, then:

    >>> import evidence as ev
    >>> ev.slides("talk.pptx", {"pain": ev.forest(fit, medium="slide")})  # doctest: +SKIP
    >>> ev.slides("talk.pptx", recipe="evidence.toml")  # doctest: +SKIP
    """
    from pptx import Presentation

    if not isinstance(deck, str | os.PathLike):
        raise BuildError(
            f'slides() takes the path of a presentation, as ev.slides("talk.pptx"); got {deck!r}'
        )
    if items is not None and not isinstance(items, Mapping):
        raise BuildError(
            "items are figures and tables by marker, as {'pain': ev.forest(fit)}; "
            f"got {type(items).__name__}"
        )
    path = Path(deck)
    before = _bytes(path)
    try:
        presentation: Any = Presentation(io.BytesIO(before))
    except Exception as error:  # whatever a library meets in a file that is none
        raise BuildError(f"{path.name} is no presentation that can be opened (.pptx): {error}") from error
    places = places_of(presentation)
    notes = out_of_reach(presentation)
    if not places:
        raise BuildError(
            f"{path.name} has no marker: type {{{{evidence:ID}}}} into a text box where a figure or a table "
            "is to stand" + "".join(f"\n  {note}" for note in notes)
        )
    content = _from_recipe(places, recipe) if items is None else _given(places, items, path)
    filled = [place for place in places if _fill(place, content, presentation, notes)]
    stream = io.BytesIO()
    presentation.save(stream)
    after = kept(before, stream.getvalue())
    if after != before:
        save_atomically(path, after)
    shown = tuple((place.number, place.marker) for place in filled)
    return Refreshed(path, shown, after != before, (*notes, *_unshown(filled, content)))


Parts = Callable[[Place], "list[Picture | Table] | None"]


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BuildError(f"{path} cannot be read: {error.strerror or error}") from error


def _fill(place: Place, content: Parts, presentation: Any, notes: list[str]) -> bool:  # noqa: ANN401
    """Put an item at its place; return False where the marker is left as it is.

    Raises
    ------
    BuildError
        Where the marker asks for a part that the item does not have.
    """
    parts = content(place)
    if parts is None:
        return False
    if place.part > len(parts):
        amount = "1 part" if len(parts) == 1 else f"{len(parts)} parts"
        raise BuildError(
            f"slide {place.number}: {place.id} has {amount} now, so that {{{{evidence:{place.marker}}}}} has "
            "nothing to show: take the marker away"
        )
    body = parts[place.part - 1]
    if isinstance(body, Picture):
        put_picture(place, body)
    else:
        put_table(place, body, presentation, notes)
    return True


def _unshown(places: Sequence[Place], content: Parts) -> list[str]:
    """Say which parts of an item stand on no slide."""
    notes = []
    for name in dict.fromkeys(place.id for place in places):
        own = [place for place in places if place.id == name]
        parts = content(own[0]) or []
        missing = [str(n) for n in range(1, len(parts) + 1) if n not in {place.part for place in own}]
        if missing:
            markers = ", ".join(f"{{{{evidence:{name}#{n}}}}}" for n in missing)
            notes.append(f"{name} has {len(parts)} parts; no slide shows {markers}")
    return notes


def _given(places: Sequence[Place], items: Mapping[str, Item | Sequence[Item]], path: Path) -> Parts:
    """Return what a caller gives, by marker.

    Raises
    ------
    BuildError
        Where an item has no marker in the presentation.
    """
    marked = list(dict.fromkeys(place.id for place in places))
    for name in items:
        if name not in marked:
            raise BuildError(_unknown(name, marked, f"no marker of {path.name} names it", "Markers there"))

    def parts(place: Place) -> list[Picture | Table] | None:
        if place.id not in items:
            return None
        given = items[place.id]
        several = given if isinstance(given, list | tuple) else [given]
        return [_body(item, place) for item in several for item in _split(item, place)]

    return parts


def _split(item: Any, place: Place) -> list[Any]:  # noqa: ANN401
    """Return the parts of a table that fit its place; a figure is one."""
    from evidence.table_slide import split
    from evidence.tables import Table

    if not isinstance(item, Table):
        return [item]
    room = room_for_table(place)
    return list(split(item, width=room.emu[2], height=room.emu[3]))


def _body(item: Any, place: Place) -> Picture | Table:  # noqa: ANN401
    """Return an item as it is put on a slide.

    Raises
    ------
    BuildError
        Where it is neither figure nor table.
    """
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from evidence.charts.saving import png_of
    from evidence.tables import Table

    if isinstance(item, Table):
        return item
    if not isinstance(item, Axes | Figure):
        raise BuildError(
            f"slide {place.number}: {place.marker} is to be an Axes, a Figure or a Table; got "
            f"{type(item).__name__}: draw it first, as ev.forest(fit, medium='slide')"
        )
    ratio = place.box.width / place.box.height if place.box.width and place.box.height else None
    return Picture(png_of(item, ratio=ratio), place.box.width, place.box.height, _alt(item, place))


def _alt(item: Any, place: Place) -> str:  # noqa: ANN401
    """Return the words of a chart; a figure of one's own keeps those that the slide had."""
    from matplotlib.figure import Figure

    from evidence.charts.said import alt_text
    from evidence.errors import ModelError

    for axes in item.axes if isinstance(item, Figure) else [item]:
        try:
            return alt_text(axes)
        except ModelError:
            continue
    properties = place.shape._element.xpath(".//p:cNvPr") if place.shape is not None else []
    old = str(properties[0].get("descr", "")) if properties else ""
    return old if old and "{{" not in old else place.marker


def _from_recipe(places: Sequence[Place], recipe: str | os.PathLike[str]) -> Parts:
    """Return what the recipe makes, by marker.

    Raises
    ------
    BuildError
        Where a marker names no figure or table of the recipe.
    """
    from evidence.publish.kinds import TABLES
    from evidence.publish.plan import Output, planned
    from evidence.publish.recipe import read_recipe
    from evidence.publish.workshop import Workshop

    plan = read_recipe(recipe)
    outputs: dict[str, Output] = {
        output.id.removesuffix("-slide"): output
        for output in planned(plan, "slide")
        if output.is_figure or output.kind in TABLES
    }
    for place in places:
        if place.id not in outputs:
            why = f"slide {place.number} is marked with it, and the recipe has no such figure or table"
            raise BuildError(_unknown(place.id, list(outputs), why, "The recipe has"))
    workshop = Workshop(plan)
    made: dict[tuple[str, float, float], list[Picture | Table]] = {}

    def parts(place: Place) -> list[Picture | Table]:
        key = (place.id, place.box.width, place.box.height)
        if key not in made:
            made[key] = _made(outputs[place.id], workshop, place)
        return made[key]

    return parts


def _made(output: Any, workshop: Workshop, place: Place) -> list[Picture | Table]:  # noqa: ANN401
    """Return an output for one place: as the deck shows it, or as one picture of the size that is there."""
    from evidence.publish.deck.pictures import figure_pictures, one_picture
    from evidence.publish.deck.tables import figure_table, parts_of, short_table
    from evidence.publish.make import tabulated

    if not output.is_figure:
        shorter, _ = short_table(output, workshop)
        if shorter is not None and _as_in_the_deck(place):
            return list(parts_of(shorter))
        return _split(shorter or tabulated(output, workshop)[0], place)
    if place.shape is not None and place.shape.has_table:
        table = figure_table(output, workshop)
        if table is not None:
            return list(parts_of(table))
    pictures, _ = figure_pictures(output, workshop, place.box)
    return list(pictures) if pictures else [one_picture(output, workshop, place.box)]


def _as_in_the_deck(place: Place) -> bool:
    """Tell whether a place has the width of the tables of the deck that a build makes."""
    return abs(place.box.width - TABLE_ROOM.width) < 1.0


def _unknown(name: str, known: list[str], why: str, listing: str) -> str:
    close = nearest(name, known)
    hint = f" (did you mean {close}?)" if close else ""
    return f"{name!r} is not known{hint}: {why}.\n  {listing}: {', '.join(known)}"
