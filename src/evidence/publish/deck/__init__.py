"""Slides of a recipe: title, questions, one message a slide with its picture or table, references."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evidence._files import write_atomically
from evidence.charts.canvas import wrap
from evidence.charts.words import count, listed, plural
from evidence.publish.deck import measures
from evidence.publish.deck.pictures import figure_pictures
from evidence.publish.deck.show import Picture, Show, cut
from evidence.publish.deck.sources import footer, notes_of
from evidence.publish.deck.tables import figure_table, parts_of, short_table
from evidence.publish.headline import Headline, question_headline
from evidence.publish.headline_words import named_arms
from evidence.publish.kinds import TABLES
from evidence.publish.numbers import Made
from evidence.publish.plan import Output, planned
from evidence.publish.recipe import Question, TablePlan
from evidence.publish.workshop import Workshop

if TYPE_CHECKING:
    from evidence.tables import Table

__all__ = ["write_deck"]

_LINES = 8
"""Questions on one slide."""

_SAYING = frozenset({"results", "summary_of_findings"})
"""Tables over several questions that show results, and so have a message."""


def write_deck(workshop: Workshop, path: Path) -> Made:
    """Write the slides of a recipe.

    Parameters
    ----------
    workshop : Workshop
        Computes what they show.
    path : Path
        The presentation; it is replaced in one step. The same results give the same bytes.

    Returns
    -------
    Made
        What the slides rest on; each pooled number stands under the output that shows it.
    """
    recipe = workshop.recipe
    show = Show(recipe.project.title)
    chosen = [output for output in planned(recipe, "slide") if output.is_figure or output.kind in TABLES]
    parts = [(output, _parts(output, workshop)) for output in chosen]
    _cover(show, workshop, [output.title for output, (bodies, _, _) in parts if not bodies])
    _questions(show, workshop)
    blocks: list[Question | TablePlan] = [*recipe.questions, *recipe.tables]
    for block in blocks:
        own = [(output, part) for output, part in parts if output.asked_by == block.id and part[0]]
        for output, (bodies, rests, shown) in own:
            _slides(show, workshop, output, bodies, rests, shown)
        if not own and isinstance(block, Question):
            _words(show, workshop, block)
    _references(show, workshop)
    write_atomically(path, show.save())
    return _together(workshop, [(output, made) for output, (bodies, made, _) in parts if bodies])


Bodies = list["Picture | Table"]


def _parts(output: Output, workshop: Workshop) -> tuple[Bodies, Made, list[str]]:
    """Return the pictures or tables that show an output, one a slide, and what they rest on."""
    if output.is_figure:
        pictures, made = figure_pictures(output, workshop)
        if pictures:
            return list(pictures), made, [pictures[0].alt]
        table = figure_table(output, workshop)
    else:
        table, made = short_table(output, workshop)
    if table is None:
        return [], made, []
    return list(parts_of(table)), made, [table.caption, *table.notes]


def _slides(
    show: Show, workshop: Workshop, output: Output, bodies: Bodies, made: Made, shown: list[str]
) -> None:
    """Add the slides of one output."""
    questions = [workshop.recipe.question(name) for name in output.questions]
    headline = _headline(workshop, output, questions)
    sources = footer(workshop, made.studies)
    for index, body in enumerate(bodies, start=1):
        marker = output.id.removesuffix("-slide") + (f"#{index}" if index > 1 else "")
        notes = notes_of(workshop, headline, made, shown=shown, questions=questions, marker=marker)
        topic = output.title + (f" ({index} of {len(bodies)})" if len(bodies) > 1 else "")
        titles = _titles(workshop, output, questions, body) or (headline.sentence, *headline.shorter)
        if isinstance(body, Picture):
            show.picture(topic, titles, body, notes, sources=sources, marker=marker)
        else:
            under = named_arms(body.notes[0], _sides(questions)) if body.notes else ""
            tables = [part for part in bodies if not isinstance(part, Picture)]
            show.table(topic, titles, body, notes, sources=sources, marker=marker, under=under, parts=tables)


def _titles(
    workshop: Workshop, output: Output, questions: list[Question], body: Picture | Table
) -> tuple[str, ...]:
    """Return what a part of a table over several questions says, where it shows one of them alone."""
    shown = set() if isinstance(body, Picture) else {str(group) for group in body.groups}
    asked = [question for question in questions if shown == {question.title}]
    if len(questions) == 1 or len(asked) != 1 or output.kind not in _SAYING:
        return ()
    said = question_headline(workshop, asked[0], output.kind)
    return (f"{asked[0].title}: {_lower(said.sentence)}", said.sentence, *said.shorter)


def _sides(questions: list[Question]) -> tuple[str, str]:
    """Return the names of the second and of the first arm; of each where all questions have the same."""
    pairs = [question.favours or _ARMS for question in questions]
    names = [{pair[side] for pair in pairs} for side in (0, 1)]
    second, first = (name.pop() if len(name) == 1 else _ARMS[side] for side, name in enumerate(names))
    return second, first


_ARMS = ("the second arm", "the first arm")


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _headline(workshop: Workshop, output: Output, questions: list[Question]) -> Headline:
    """Return what the slides of an output say: the result of its question, or the caption over several."""
    if output.kind == "claims":
        return _verdicts(workshop, output, questions)
    if len(questions) == 1:
        return question_headline(workshop, questions[0], output.kind)
    said = {question.title: question_headline(workshop, question, output.kind) for question in questions}
    details = tuple(f"{title}: {one.sentence}." for title, one in said.items())
    if output.kind not in _SAYING:
        return Headline(output.title, (), "", details)
    # Of several comparisons the one with most rows speaks for the table; the notes hold all.
    widest = max(questions, key=lambda question: len(workshop.selected(question)))
    first = said[widest.title].sentence
    return Headline(f"{widest.title}: {_lower(first)}", (first, output.title), "", details)


def _verdicts(workshop: Workshop, output: Output, questions: list[Question]) -> Headline:
    """Return how many claims got each verdict, as the table lists them."""
    counts = workshop.claims(questions[0]).table["verdict"].value_counts()
    amounts = listed([f"{number} {verdict}" for verdict, number in counts.items()])
    sentence = f"Of {plural(int(counts.sum()), 'claim')}: {amounts}"
    return Headline(sentence, (output.title,), "", (f"{output.title}.",))


def _cover(show: Show, workshop: Workshop, left: list[str]) -> None:
    recipe = workshop.recipe
    sources = list(dict.fromkeys(question.studies for question in recipe.questions))
    tables = [workshop.union(_of(recipe.questions, source)).table for source in sources]
    rows, studies = sum(map(len, tables)), sum(table["study"].nunique() for table in tables)
    subtitle = [
        f"{plural(rows, 'row')} from {plural(studies, 'study', 'studies')}, "
        f"{plural(len(recipe.questions), 'question')}",
        "Every number can be traced to the row and the page that it was read from",
    ]
    notes = [
        f"{recipe.project.title}.",
        "Made by evidence build from the recipe; the notes of each slide hold its numbers, derivations and "
        "sources.",
    ]
    if left:
        notes += ["", "Not on slides, as too long to be read there (see the report):", *left]
    show.cover(recipe.project.title, subtitle, notes)


def _of(questions: Iterable[Question], source: str) -> list[Question]:
    return [question for question in questions if question.studies == source]


def _questions(show: Show, workshop: Workshop) -> None:
    """Add what is asked, with how much there is to answer it."""
    lines, keys = [], []
    for question in workshop.recipe.questions:
        table = workshop.selected(question).table
        studies = list(dict.fromkeys(map(str, table["study"])))
        keys.append(studies)
        amount = f"{plural(len(studies), 'study', 'studies')}, {plural(len(table), 'row')}"
        lines.append(f"{cut(question.title, 888, measures.BODY, 1)}: {amount}")
    pages = math.ceil(len(lines) / _LINES)
    chunks = [range(len(lines) * at // pages, len(lines) * (at + 1) // pages) for at in range(pages)]
    for index, chunk in enumerate(chunks, start=1):
        topic = "Questions" + (f" ({index} of {len(chunks)})" if len(chunks) > 1 else "")
        cited = list(dict.fromkeys(study for at in chunk for study in keys[at]))
        notes = ["What is asked, and how much there is to answer it.", "", *(lines[at] for at in chunk)]
        show.text(
            topic,
            ["What is asked"],
            [lines[at] for at in chunk],
            notes,
            sources=footer(workshop, cited),
            space=0.8,
        )


def _words(show: Show, workshop: Workshop, question: Question) -> None:
    """Add the slide of a question that no figure or short table shows."""
    headline = question_headline(workshop, question)
    studies = tuple(dict.fromkeys(map(str, workshop.selected(question).table["study"])))
    notes = notes_of(workshop, headline, Made(studies), shown=[], questions=[question], marker=question.id)
    show.text(
        question.title,
        (headline.sentence, *headline.shorter),
        list(_fitting(headline.details)),
        notes,
        sources=footer(workshop, studies),
    )


def _fitting(lines: Iterable[str]) -> Iterator[str]:
    """Yield the first lines that have room on a slide; the notes hold all."""
    used = 0.0
    for line in lines:
        broken = wrap(line, 888 * 0.97, measures.BODY).count("\n") + 1
        used += broken * measures.BODY * 1.2 + measures.BODY * 0.35
        if used > measures.CONTENT.height - 8:
            return
        yield line


def _references(show: Show, workshop: Workshop) -> None:
    """Add the bibliography, by its numbers, as many slides as it needs."""
    size = measures.REFERENCE
    pages: list[list[str]] = [[]]
    used, room = 0.0, measures.CONTENT.height - 8
    for entry in workshop.listed.entries:
        text = cut(f"[{entry.number}] {entry.text}", 888, size, 6)
        # The slides' font is a tenth narrower than the one that measures, in ordinary letters.
        high = (wrap(text, 888 * 1.05, size).count("\n") + 1) * size * 1.2 + size * 0.35
        if pages[-1] and used + high > room:
            pages.append([])
            used = 0.0
        pages[-1].append(text)
        used += high
    for index, page in enumerate(pages, start=1):
        topic = "Sources" + (f" ({index} of {len(pages)})" if len(pages) > 1 else "")
        sources = f"{count(len(workshop.listed))} references, numbered as on every slide"
        show.text(topic, ["References"], page, ["References.", "", *page], sources=sources, size=size)


def _together(workshop: Workshop, made: list[tuple[Output, Made]]) -> Made:
    """Return what all slides rest on."""
    studies: dict[str, None] = {}
    rows: dict[str, None] = {}
    left: dict[str, None] = {}
    pooled: dict[str, Any] = {}
    for output, rests in made:
        studies |= dict.fromkeys(rests.studies)
        rows |= dict.fromkeys(rests.rows)
        left |= dict.fromkeys(rests.left_out)
        for name, numbers in rests.numbers.get("pooled", {}).items():
            kept = {part: value for part, value in numbers.items() if part != "rows"}
            pooled[f"{output.id.removesuffix('-slide')}: {name}"] = kept
    used = {row for _, rests in made for row in rests.rows if row not in rests.left_out}
    cited = dict.fromkeys([*studies, *(entry.key for entry in workshop.listed.entries)])
    return Made(tuple(cited), tuple(rows), tuple(row for row in left if row not in used), {"pooled": pooled})
