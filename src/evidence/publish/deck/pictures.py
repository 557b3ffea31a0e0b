"""Figures of the recipe as pictures for a slide, with their words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from evidence.charts.canvas import LEAST_IN_ROOM, off_screen, room
from evidence.charts.style import POINTS
from evidence.errors import ModelError
from evidence.publish.deck import measures
from evidence.publish.deck.measures import Box
from evidence.publish.deck.show import Picture
from evidence.publish.make import drawn
from evidence.publish.numbers import Made
from evidence.publish.plan import Output
from evidence.publish.workshop import Workshop

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from evidence.charts.forest_layout import ForestLayout
    from evidence.fit import MetaFit
    from evidence.publish.recipe import Question
    from evidence.synthesis.compare import Comparison

__all__ = ["MOST_PAGES", "READABLE", "figure_pictures", "letters", "one_picture", "picture_of", "size_of"]

READABLE = LEAST_IN_ROOM
"""Least size of a picture's letters, in points of a slide of 13.33 inches; below, it is none for a talk."""

MOST_PAGES = 6
"""Slides that one forest plot may take; a longer one is for the report."""


def figure_pictures(
    output: Output, workshop: Workshop, box: Box = measures.CONTENT
) -> tuple[list[Picture], Made]:
    """Draw a figure of the recipe for slides: one picture, or several where it is long.

    Parameters
    ----------
    output : Output
        A figure of the plan.
    workshop : Workshop
        Computes what it shows.
    box : Box
        The room on the slide.

    Returns
    -------
    tuple of list and Made
        Pictures whose letters can be read; none where no number of slides makes the figure readable.
    """
    slide = replace(output, medium="slide")
    question = workshop.recipe.question(output.questions[0])
    with room(box.width, box.height):
        axes, made = drawn(slide, workshop)
    if letters(axes, box) >= READABLE:
        return [picture_of(axes, words(output.kind, workshop, question, axes))], made
    pages = _LONG[output.kind](workshop, question, box) if output.kind in _LONG else []
    return [picture_of(page, words(output.kind, workshop, question, page)) for page in pages], made


def one_picture(output: Output, workshop: Workshop, box: Box) -> Picture:
    """Draw a figure of the recipe as one picture of a given size, however small its letters become."""
    with room(box.width, box.height):
        axes, _ = drawn(replace(output, medium="slide"), workshop)
    question = workshop.recipe.question(output.questions[0])
    return picture_of(axes, words(output.kind, workshop, question, axes))


def _forests(workshop: Workshop, question: Question, box: Box) -> list[Axes]:
    """Return a long forest plot for slides: without the results alongside, which the notes tell, or in parts.

    None where even a page of its own has no room for a row.
    """
    from evidence.charts import forest

    fit = replace(workshop.fit(question), alongside=())
    shown, layout = (fit, None) if question.subgroup is None else _grouped(workshop, question, fit)
    sides = (question.favours[0], question.favours[1]) if question.favours else ("second arm", "first arm")
    with off_screen(), room(box.width, box.height):
        for preset in dict.fromkeys((question.preset, "evidence")):  # that of a journal may be too wide
            look: dict[str, Any] = {"medium": "slide", "title": "", "favours": sides}
            look |= {"preset": preset, "layout": layout}
            alone = forest.forest(shown, **look)
            if letters(alone, box) >= READABLE:
                return [alone]
            if pages := _pages(shown if layout else workshop.fit(question), look, box):
                return pages
    return []


def _judgements(workshop: Workshop, question: Question, box: Box) -> list[Axes]:
    """Return the judgements of many studies in parts that fill the room of a slide."""
    from evidence.charts.risk_of_bias import risk_of_bias_pages
    from evidence.publish.figure_makers import judgements

    judged, labels = judgements(workshop, question)
    with off_screen(), room(box.width, box.height):
        try:
            pages = risk_of_bias_pages(judged, medium="slide", title="", labels=labels)
        except ModelError:  # a room too low for any row
            return []
    return pages if len(pages) <= MOST_PAGES and all(letters(page, box) >= READABLE for page in pages) else []


def _grouped(workshop: Workshop, question: Question, overall: MetaFit) -> tuple[Comparison, ForestLayout]:
    """Return the subgroups of a forest plot, and the layout that shows the result of all rows below them."""
    from evidence.charts.forest_layout import ForestLayout

    return workshop.comparison(question, question.subgroup), ForestLayout(overall=overall)


def _pages(result: MetaFit | Comparison, look: Mapping[str, Any], box: Box) -> list[Axes]:
    """Return the parts of a forest plot that fill the room of a slide; none where they are too many."""
    from evidence.charts.forest_pages import forest_pages

    try:
        pages = forest_pages(result, **look)
    except ModelError:  # a room too low for any row
        return []
    readable = all(letters(page, box) >= READABLE for page in pages)
    return pages if readable and len(pages) <= MOST_PAGES else []


def letters(axes: Axes, box: Box = measures.CONTENT) -> float:
    """Return the size of the smallest letters of a chart, as they will stand on a slide."""
    width, height = size_of(axes)
    factor = min(box.width / width, box.height / height, 1.0)
    smallest = min((float(text.get_fontsize()) for text in axes.texts), default=READABLE)
    return round(smallest * factor, 6)


def size_of(axes: Axes) -> tuple[float, float]:
    """Return width and height of a chart's figure in points."""
    figure: Any = axes.get_figure(root=True)
    width, height = figure.get_size_inches()
    return float(width) * POINTS, float(height) * POINTS


def picture_of(axes: Axes, alt: str) -> Picture:
    """Return a chart as a picture; the same chart gives the same bytes."""
    from evidence.charts.saving import png_of

    return Picture(png_of(axes), *size_of(axes), alt)


def words(kind: str, workshop: Workshop, question: Question, axes: Axes) -> str:
    """Return the alternative text of a figure: what its chart says of itself, or what its kind would."""
    from evidence.charts.said import alt_text

    try:
        return alt_text(axes)
    except ModelError:
        return _WORDS[kind](workshop, question) if kind in _WORDS else question.title


def _forest(workshop: Workshop, question: Question) -> str:
    from evidence.charts.forest import forest_alt

    return forest_alt(workshop.fit(question))


def _domains(workshop: Workshop, question: Question) -> str:
    from evidence.charts.domains import domains_alt

    return domains_alt(workshop.comparison(question))


def _trial(workshop: Workshop, question: Question) -> str:
    from evidence.charts.trial import trial_alt

    effects = workshop.effects(question)
    study = str(effects.table["study"].iloc[0])
    return trial_alt(effects, workshop.selected(question), study=study)


def _direction(workshop: Workshop, question: Question) -> str:
    from evidence.charts.effect_direction import effect_direction_alt

    return effect_direction_alt(workshop.effects(question))


def _map(workshop: Workshop, question: Question) -> str:
    from evidence.charts.evidence_map import evidence_map_alt

    return evidence_map_alt(workshop.selected(question))


_LONG = {"forest": _forests, "risk_of_bias": _judgements}
"""How figures that are too long for one slide are drawn on several, by kind."""

_WORDS = {
    "forest": _forest,
    "domains": _domains,
    "trial": _trial,
    "effect_direction": _direction,
    "evidence_map": _map,
}
