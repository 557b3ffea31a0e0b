"""How each kind of table is made from some questions, and what it rests on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from evidence.publish.numbers import Made, of_effects, of_fits, of_rows
from evidence.publish.plan import Output
from evidence.publish.recipe import Question
from evidence.publish.workshop import Workshop

if TYPE_CHECKING:
    from evidence.tables import Table

__all__ = [
    "tabulate_characteristics",
    "tabulate_effects",
    "tabulate_left_out",
    "tabulate_overview",
    "tabulate_results",
    "tabulate_rules",
    "tabulate_sensitivity",
    "tabulate_trial",
]


def tabulate_characteristics(
    workshop: Workshop, questions: Sequence[Question], output: Output
) -> tuple[Table, Made]:
    """Tabulate the studies: people, design, dose."""
    from evidence.table_content import characteristics_table

    studies = workshop.union(questions)
    table = characteristics_table(studies, listed=workshop.listed, caption=output.title, id=output.id)
    return table, of_rows(studies.table)


def tabulate_overview(
    workshop: Workshop, questions: Sequence[Question], output: Output
) -> tuple[Table, Made]:
    """Count rows by domain, comparator and kind of report."""
    from evidence.table_content import overview_table

    studies = workshop.union(questions)
    measured = all(question.measure for question in questions)
    effects = [workshop.effects(question) for question in questions] if measured else []
    table = overview_table(
        studies, effects=effects, listed=workshop.listed, caption=output.title, id=output.id
    )
    return table, of_rows(studies.table)


def tabulate_effects(workshop: Workshop, questions: Sequence[Question], output: Output) -> tuple[Table, Made]:
    """Tabulate every row with its derivation."""
    from evidence.table_content import effects_table

    effects, studies = workshop.effects(questions[0]), workshop.selected(questions[0])
    table = effects_table(effects, studies, listed=workshop.listed, caption=output.title, id=output.id)
    return table, of_effects([effects])


def tabulate_results(workshop: Workshop, questions: Sequence[Question], output: Output) -> tuple[Table, Made]:
    """Tabulate pooled results, one line a value of the separating column."""
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


def tabulate_left_out(
    workshop: Workshop, questions: Sequence[Question], output: Output
) -> tuple[Table, Made]:
    """Tabulate the rows that say nothing that can be pooled, with the reason."""
    from pandas import concat

    from evidence.table_content import left_out_table
    from evidence.table_content.effects import left_out

    chosen = [
        (question.title, workshop.effects(question), workshop.selected(question)) for question in questions
    ]
    table = left_out_table(chosen, listed=workshop.listed, caption=output.title, id=output.id)
    rows = [effects.table[effects.table["row_id"].isin(list(left_out(effects)))] for _, effects, _ in chosen]
    return table, of_rows(concat(rows))


def tabulate_rules(workshop: Workshop, questions: Sequence[Question], output: Output) -> tuple[Table, Made]:
    """Count the rows that each rule of reading was applied to."""
    from evidence.table_content import rules_table

    chosen = [(question.title, workshop.effects(question)) for question in questions]
    table = rules_table(
        chosen, workshop.union(questions), listed=workshop.listed, caption=output.title, id=output.id
    )
    return table, of_effects([effects for _, effects in chosen])


def tabulate_trial(workshop: Workshop, questions: Sequence[Question], output: Output) -> tuple[Table, Made]:
    """Tabulate one trial: claimed, printed, and between its arms."""
    from evidence.table_content import trial_table

    effects, studies = workshop.effects(questions[0]), workshop.selected(questions[0])
    table = trial_table(effects, studies, listed=workshop.listed, caption=output.title, id=output.id)
    return table, of_effects([effects])


def tabulate_sensitivity(
    workshop: Workshop, questions: Sequence[Question], output: Output
) -> tuple[Table, Made]:
    """Tabulate a pooled result beside its variations."""
    from evidence.synthesis.sensitivity import sensitivity
    from evidence.table_content.sensitivity import sensitivity_table

    page = sensitivity(workshop.fit(questions[0]), progress=False)
    table = sensitivity_table(page, caption=output.title, id=output.id)
    return table, of_fits({"pooled": page.fit, **page.fits})
