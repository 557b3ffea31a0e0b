"""What the report tells of each question: verdict, figures, tables, and what its numbers rest on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evidence.charts.words import domain_name, plural
from evidence.publish.headline import question_headline
from evidence.publish.headline_words import named_arms
from evidence.publish.kinds import TABLES
from evidence.publish.make import drawn, tabulated
from evidence.publish.plan import Output, planned
from evidence.publish.report.grids import Grid, Linker, grid_of, grid_of_lines
from evidence.publish.report.names import Ids
from evidence.publish.report.svg import Drawing, Paints
from evidence.publish.report.texts import Part, linked, plain
from evidence.publish.workshop import Workshop

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from evidence.charts.said import Said
    from evidence.fit import MetaFit
    from evidence.publish.recipe import Question

__all__ = ["Figure", "Rest", "Section", "Sections"]

_BY_GROUP = frozenset({"domains", "results"})
_POOLED_HEADS = ("Row", "Study", "Outcome", "What the row says", "Share of the information, %")


@dataclass(frozen=True)
class Figure:
    """A drawn output: its anchor, the picture, and its caption."""

    id: str
    svg: str
    caption: tuple[Part, ...]


@dataclass(frozen=True)
class Rest:
    """What a pooled number rests on.

    Attributes
    ----------
    id : str
        Anchor.
    name : str
        Of the group; empty where the question has one result.
    sentence : str
        The result.
    explanation : tuple of str
        Model, rows, what was left out, what is assumed.
    grid : Grid
        The rows in use, with their share.
    """

    id: str
    name: str
    sentence: str
    explanation: tuple[str, ...]
    grid: Grid


@dataclass(frozen=True)
class Section:
    """One question, or one table over several.

    Attributes
    ----------
    id, title : str
        Anchor and headline.
    verdict : str
        One sentence; empty for tables over several questions.
    beside : str
        What else the question's headline tells; mostly empty.
    amount : str
        Rows and studies, in words.
    figures : tuple of Figure
        Its figures.
    rests : tuple of Rest
        Its pooled results with what they rest on.
    grids : tuple of Grid
        Its tables.
    """

    id: str
    title: str
    verdict: str
    beside: str
    amount: str
    figures: tuple[Figure, ...]
    rests: tuple[Rest, ...]
    grids: tuple[Grid, ...]


class Sections:
    """Makes the sections of a page.

    Parameters
    ----------
    workshop : Workshop
        Computes what they show, once a build.
    ids : Ids
        Of the page, with those of all rows.
    paints : Paints
        Of the page.
    """

    def __init__(self, workshop: Workshop, ids: Ids, paints: Paints) -> None:
        """Prepare; nothing is made yet."""
        self._workshop, self._ids, self._paints = workshop, ids, paints
        self._references = [entry.number for entry in workshop.listed.entries]
        self._outputs = [
            output
            for output in planned(workshop.recipe, "notebook")
            if output.is_figure or output.kind in TABLES
        ]

    def questions(self) -> Iterator[Section]:
        """Make the section of each question."""
        for question in self._workshop.recipe.questions:
            own = [output for output in self._outputs if output.asked_by == question.id]
            table = self._workshop.selected(question).table
            studies = plural(table["study"].nunique(), "study", "studies")
            headline = question_headline(self._workshop, question)
            yield Section(
                id=self._ids.of("question", question.id),
                title=plain(question.title),
                verdict=plain(headline.sentence),
                beside=plain(headline.beside),
                amount=f"{plural(len(table), 'row')} from {studies}",
                figures=tuple(self._figure(output) for output in own if output.is_figure),
                rests=tuple(self._rests(question)),
                grids=tuple(self._grid(output) for output in own if not output.is_figure),
            )

    def tables(self) -> Iterator[Grid]:
        """Make the tables over several questions."""
        asked = {plan.id for plan in self._workshop.recipe.tables}
        for output in self._outputs:
            if output.asked_by in asked and not output.is_figure:
                yield self._grid(output)

    def pooled(self) -> dict[str, MetaFit]:
        """Return every pooled result that the page tells, by question and group."""
        return {
            (f"{question.id}: {group}" if group else question.id): fit
            for question in self._workshop.recipe.questions
            for group, fit in self._fits(question).items()
        }

    def _figure(self, output: Output) -> Figure:
        axes, _ = drawn(output, self._workshop)
        said = self._words(axes, output)
        name = self._ids.of("figure", output.id)
        drawing = Drawing(axes, name, self._paints).text(plain(said.alt))
        return Figure(name, drawing, linked(said.caption))

    def _words(self, axes: Axes, output: Output) -> Said:
        """Return a chart's caption and alternative text; the question's headline where it has none."""
        from evidence.charts.said import Said, said_of
        from evidence.errors import ModelError

        try:
            return said_of(axes)
        except ModelError:
            question = self._workshop.recipe.question(output.questions[0])
            headline = question_headline(self._workshop, question, output.kind)
            return Said(f"{output.title}.", f"{output.title}: {headline.sentence}.")

    def _grid(self, output: Output) -> Grid:
        table, _ = tabulated(output, self._workshop)
        name = self._ids.of("table", output.id)
        return grid_of(table, name, self._references, self._linker(output))

    def _linker(self, output: Output) -> Linker:
        """Return how the cells of a table lead to rows: by name, and from each number to its account."""
        source = self._workshop.recipe.question(output.questions[0]).studies
        rests = self._rests_of_lines(output) if output.kind == "results" else []
        rows: dict[int, str] = {}

        def link(place: int, head: str, cell: str) -> tuple[Part, ...] | None:
            if head == "Row":
                rows[place] = self._ids.known("row", cell, source)
                return (Part(plain(cell), f"#{rows[place]}", "row"),) if rows[place] else None
            if head == "Effect" and cell and rows.get(place):
                return (Part(plain(cell), f"#{rows[place]}", "from"),)
            if place < len(rests) and rests[place] and "interval)" in head:
                return (Part(plain(cell), f"#{rests[place]}", "from"),)
            return None

        return link

    def _rests_of_lines(self, output: Output) -> list[str]:
        """Return for each line of a table of results the anchor of what it rests on."""
        questions = [self._workshop.recipe.question(name) for name in output.questions]
        comparisons = [self._workshop.comparison(question) for question in questions]
        groups = dict.fromkeys(
            str(group) for comparison in comparisons for group in comparison.table[comparison.by]
        )
        return [self._ids.known("rest", group, question.id) for group in groups for question in questions]

    def _fits(self, question: Question) -> Mapping[str, MetaFit]:
        if question.measure is None:
            return {}
        if _BY_GROUP & set(question.outputs):
            return {str(group): fit for group, fit in self._workshop.comparison(question).fits.items()}
        return {"": self._workshop.fit(question)} if "forest" in question.outputs else {}

    def _rests(self, question: Question) -> Iterator[Rest]:
        for group, fit in self._fits(question).items():
            name = self._ids.of("rest", group, question.id)
            yield Rest(
                id=name,
                name=plain(domain_name(group)) if group else "",
                sentence=plain(_named(fit.sentence(), question)),
                explanation=tuple(map(plain, _explained(_named(fit.explain(), question)))),
                grid=self._rows_in_use(question, fit, name, group),
            )

    def _rows_in_use(self, question: Question, fit: MetaFit, name: str, group: str) -> Grid:
        from evidence.table_content.citing import Citing, records
        from evidence.table_content.effects import printed_effect

        citing = Citing(self._workshop.selected(question), self._workshop.listed)
        share = "contribution" if fit.rows["contribution"].notna().any() else "weight"
        anchors, lines = [], []
        for row in records(fit.rows):
            if not row["used"]:
                continue
            anchors.append(self._ids.known("row", str(row["row_id"]), question.studies))
            part = row[share]
            lines.append(
                (
                    str(row["row_id"]),
                    citing.plain(str(row["study"])),
                    str(row["outcome"]),
                    printed_effect(fit, row),
                    "" if part is None or part != part else f"{part:.1f}",
                )
            )

        def parts(place: int, head: str, cell: str) -> tuple[Part, ...]:
            if head == "Row" and anchors[place]:
                return (Part(plain(cell), f"#{anchors[place]}", "row"),)
            if head == _POOLED_HEADS[3] and cell and anchors[place]:
                return (Part(plain(cell), f"#{anchors[place]}", "from"),)
            return (Part(plain(cell)),)

        of = f", {domain_name(group)}" if group else ""
        caption = f"Rows behind the result: {question.title}{of}"
        return grid_of_lines(f"{name}.rows", caption, _POOLED_HEADS, lines, parts)


def _named(text: str, question: Question) -> str:
    """Return a sentence about "the first arm" with the arms by name, where the recipe names them."""
    return named_arms(text, (question.favours[0], question.favours[1])) if question.favours else text


def _explained(text: str) -> list[str]:
    """Return the lines of an explanation for a reader of the page: what is set in follows on its heading."""
    told: list[str] = []
    for line in text.splitlines()[1:]:
        if line.startswith(" ") and told:
            told[-1] += f"{' ' if told[-1].endswith(':') else '; '}{line.strip()}"
        elif line.strip() and ".rows" not in line:  # that reasons stand in fit.rows helps only who codes
            told.append(line.strip())
    return told
