"""How each kind of output is made: drawn or written into the stage, with what it rests on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from evidence.publish.numbers import Made, of_effects, of_fits, of_rows
from evidence.publish.plan import BIBLIOGRAPHY, Output
from evidence.publish.recipe import Question
from evidence.publish.recipe_errors import BuildError
from evidence.publish.workshop import Workshop

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from evidence.tables import Table

__all__ = ["drawn", "make", "tabulated"]


def make(output: Output, workshop: Workshop, stage: Path) -> Made:
    """Make one output in the stage.

    Parameters
    ----------
    output : Output
        What is asked for.
    workshop : Workshop
        Computes what it shows.
    stage : Path
        Folder that takes the place of the recipe's.

    Returns
    -------
    Made
        What it rests on.
    """
    paths = [stage / name for name in output.files]
    if output.kind == BIBLIOGRAPHY:
        for path in paths:
            workshop.listed.save(path)
        return Made(tuple(entry.key for entry in workshop.listed.entries))
    if output.is_figure:
        from evidence.charts.saving import save_figure

        axes, made = drawn(output, workshop)
        save_figure(axes, paths[0].with_suffix(""), formats=[path.suffix[1:] for path in paths])
        return made
    table, made = tabulated(output, workshop)
    for path in paths:
        table.save(path)
    return made


def drawn(output: Output, workshop: Workshop) -> tuple[Axes, Made]:
    """Draw a figure of the recipe without saving it, and tell what it rests on."""
    from evidence.charts.saving import off_screen

    # A build started from a notebook must not leave its figures in the notebook.
    with off_screen():
        return _FIGURES[output.kind](workshop, workshop.recipe.question(output.questions[0]), output)


def tabulated(output: Output, workshop: Workshop) -> tuple[Table, Made]:
    """Make a table of the recipe without saving it, and tell what it rests on."""
    questions = [workshop.recipe.question(name) for name in output.questions]
    return _TABLES[output.kind](workshop, questions, output)


def _favours(question: Question) -> tuple[str, str]:
    return (question.favours[0], question.favours[1]) if question.favours else ("second arm", "first arm")


def _forest(workshop: Workshop, question: Question, output: Output) -> tuple[Axes, Made]:
    from evidence.charts.forest import forest

    fit = workshop.fit(question)
    axes = forest(fit, medium=output.medium, title=question.title, favours=_favours(question))
    return axes, of_fits({"pooled": fit})


def _domains(workshop: Workshop, question: Question, output: Output) -> tuple[Axes, Made]:
    from evidence.charts.domains import domains, domains_title

    comparison = workshop.comparison(question)
    favours = _favours(question)
    # The message alone does not say what was compared, and several of these figures stand side by side. A
    # slide holds two lines of it, and names both arms below the axis.
    message = domains_title(comparison, favours)
    title = message if output.medium == "slide" else f"{question.title}: {message[:1].lower()}{message[1:]}"
    axes = domains(comparison, medium=output.medium, favours=favours, title=title)
    return axes, of_fits(comparison.fits)


def _effect_direction(workshop: Workshop, question: Question, output: Output) -> tuple[Axes, Made]:
    from evidence.charts.effect_direction import effect_direction

    effects = workshop.ordered(question)
    # Without names the chart chooses them: risk-factor rows speak of a factor, not of arms.
    favours = _favours(question) if question.favours else None
    axes = effect_direction(effects, medium=output.medium, title=question.title, favours=favours)
    return axes, of_rows(effects.table)


def _evidence_map(workshop: Workshop, question: Question, output: Output) -> tuple[Axes, Made]:
    from evidence.charts.evidence_map import evidence_map

    studies = workshop.selected(question)
    axes = evidence_map(studies, medium=output.medium, title=question.title)
    return axes, of_rows(studies.table)


def _trial(workshop: Workshop, question: Question, output: Output) -> tuple[Axes, Made]:
    from evidence.charts.trial import trial

    effects = workshop.effects(question)
    studies = list(dict.fromkeys(effects.table["study"]))
    if len(studies) != 1:
        raise BuildError(
            f"a trial is one study; the filter of {question.id!r} keeps {len(studies)}: add study"
        )
    axes = trial(effects, workshop.selected(question), study=studies[0], medium=output.medium)
    return axes, of_effects([effects])


def _characteristics(workshop: Workshop, questions: Sequence[Question], output: Output) -> tuple[Table, Made]:
    from evidence.table_content import characteristics_table

    studies = workshop.union(questions)
    table = characteristics_table(studies, listed=workshop.listed, caption=output.title, id=output.id)
    return table, of_rows(studies.table)


def _overview(workshop: Workshop, questions: Sequence[Question], output: Output) -> tuple[Table, Made]:
    from evidence.table_content import overview_table

    studies = workshop.union(questions)
    measured = all(question.measure for question in questions)
    effects = [workshop.effects(question) for question in questions] if measured else []
    table = overview_table(
        studies, effects=effects, listed=workshop.listed, caption=output.title, id=output.id
    )
    return table, of_rows(studies.table)


def _effects(workshop: Workshop, questions: Sequence[Question], output: Output) -> tuple[Table, Made]:
    from evidence.table_content import effects_table

    effects, studies = workshop.effects(questions[0]), workshop.selected(questions[0])
    caption = f"{output.title}: effects with their derivations"
    return effects_table(effects, studies, listed=workshop.listed, caption=caption, id=output.id), of_effects(
        [effects]
    )


def _results(workshop: Workshop, questions: Sequence[Question], output: Output) -> tuple[Table, Made]:
    from evidence.table_content import results_table

    comparisons = [(question.title, workshop.comparison(question)) for question in questions]
    table = results_table(
        comparisons,
        workshop.union(questions),
        listed=workshop.listed,
        caption=output.title,
        id=output.id,
    )
    return table, of_fits(
        {
            (value if len(questions) == 1 else f"{question.id}: {value}"): fit
            for question, (_, comparison) in zip(questions, comparisons, strict=True)
            for value, fit in comparison.fits.items()
        }
    )


def _left_out(workshop: Workshop, questions: Sequence[Question], output: Output) -> tuple[Table, Made]:
    from pandas import concat

    from evidence.table_content import left_out_table
    from evidence.table_content.effects import left_out

    chosen = [
        (question.title, workshop.effects(question), workshop.selected(question)) for question in questions
    ]
    table = left_out_table(chosen, listed=workshop.listed, caption=output.title, id=output.id)
    rows = [effects.table[effects.table["row_id"].isin(list(left_out(effects)))] for _, effects, _ in chosen]
    return table, of_rows(concat(rows))


def _rules(workshop: Workshop, questions: Sequence[Question], output: Output) -> tuple[Table, Made]:
    from evidence.table_content import rules_table

    chosen = [(question.title, workshop.effects(question)) for question in questions]
    table = rules_table(
        chosen, workshop.union(questions), listed=workshop.listed, caption=output.title, id=output.id
    )
    return table, of_effects([effects for _, effects in chosen])


def _trial_table(workshop: Workshop, questions: Sequence[Question], output: Output) -> tuple[Table, Made]:
    from evidence.table_content import trial_table

    effects, studies = workshop.effects(questions[0]), workshop.selected(questions[0])
    table = trial_table(effects, studies, listed=workshop.listed, caption=output.title, id=output.id)
    return table, of_effects([effects])


_FIGURES: Mapping[str, Callable[[Workshop, Question, Output], tuple[Axes, Made]]] = {
    "forest": _forest,
    "domains": _domains,
    "effect_direction": _effect_direction,
    "evidence_map": _evidence_map,
    "trial": _trial,
}

_TABLES: Mapping[str, Callable[[Workshop, Sequence[Question], Output], tuple[Table, Made]]] = {
    "characteristics": _characteristics,
    "overview": _overview,
    "effects": _effects,
    "results": _results,
    "left_out": _left_out,
    "rules": _rules,
    "trial_table": _trial_table,
}
