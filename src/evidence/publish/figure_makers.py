"""How each kind of figure is drawn from a question, and what it rests on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from evidence.publish.numbers import Made, of_effects, of_fits, of_rows
from evidence.publish.plan import Output
from evidence.publish.recipe import Question
from evidence.publish.recipe_errors import BuildError
from evidence.publish.workshop import Workshop

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = [
    "RISK_OF_BIAS_FILE",
    "draw_albatross",
    "draw_bubble",
    "draw_claim",
    "draw_domains",
    "draw_effect_direction",
    "draw_evidence_map",
    "draw_forest",
    "draw_funnel",
    "draw_harvest",
    "draw_orchard",
    "draw_prisma",
    "draw_risk_of_bias",
    "draw_tornado",
    "draw_trap",
    "draw_trial",
    "judgements",
]


RISK_OF_BIAS_FILE = "risk_of_bias.csv"
"""Name of the file beside the studies that holds what somebody judged."""


def _favours(question: Question) -> tuple[str, str]:
    return (question.favours[0], question.favours[1]) if question.favours else ("second arm", "first arm")


def draw_forest(workshop: Workshop, question: Question, output: Output) -> tuple[Axes, Made]:
    """Draw every row and the pooled result, in subgroups where the recipe says by what."""
    from evidence.charts.forest import forest
    from evidence.charts.forest_layout import ForestLayout

    fit = workshop.fit(question)
    favours, preset = _favours(question), question.preset
    if question.subgroup is None:
        axes = forest(fit, medium=output.medium, title=question.title, favours=favours, preset=preset)
        return axes, of_fits({"pooled": fit})
    groups = workshop.comparison(question, question.subgroup)
    layout = ForestLayout(overall=fit)
    axes = forest(
        groups, medium=output.medium, title=question.title, favours=favours, preset=preset, layout=layout
    )
    return axes, of_fits({"pooled": fit, **groups.fits})


def draw_bubble(workshop: Workshop, question: Question, output: Output) -> tuple[Axes, Made]:
    """Draw effects against a moderator, with the line that the model fits."""
    from evidence.charts.bubble import bubble

    fit = workshop.regression(question)
    name = str(question.moderator).replace("_", " ")
    axes = bubble(fit, medium=output.medium, name=name, title=question.title)
    lines = fit.tidy().to_dict("records")
    made = of_fits({"pooled": fit})
    terms = {f"term {line['term']}": _numbers_of(line) for line in lines}
    return axes, replace(made, numbers={**made.numbers, **terms})


def draw_risk_of_bias(workshop: Workshop, question: Question, output: Output) -> tuple[Axes, Made]:
    """Draw the judgements of the question's studies: ``risk_of_bias.csv`` beside them."""
    from evidence.charts.risk_of_bias import risk_of_bias_table

    judged, labels = judgements(workshop, question)
    # The message says where the weakness is; slides name the question on their own.
    axes = risk_of_bias_table(judged, medium=output.medium, labels=labels)
    numbers = judged["confirmed"].value_counts().to_dict() if "confirmed" in judged else {}
    return axes, replace(of_rows(workshop.selected(question).table), numbers={"confirmed": numbers})


def judgements(workshop: Workshop, question: Question) -> tuple[pd.DataFrame, Mapping[str, str]]:
    """Return the judgements of a question's studies, and the names of these.

    Raises
    ------
    BuildError
        Where the file is not there, or judges none of the studies.
    """
    import pandas as pd

    from evidence.effects.labels import study_labels

    path = (workshop.recipe.root / question.studies).with_name(RISK_OF_BIAS_FILE)
    if not path.is_file():
        raise BuildError(
            f"the output risk_of_bias needs {RISK_OF_BIAS_FILE} beside {question.studies}: columns study, "
            "item, words (what the item asks) and confirmed (low, some concerns, high ...), as "
            "ev.appraisal() lays them out"
        )
    rows = workshop.selected(question)
    judged = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    shown = set(rows.table["study"])
    if "study" in judged:
        judged = judged[judged["study"].isin(shown)]
        if judged.empty:
            raise BuildError(f"{RISK_OF_BIAS_FILE} judges no study of question {question.id!r}")
    return judged, study_labels(rows.info)


def draw_prisma(workshop: Workshop, question: Question, output: Output) -> tuple[Axes, Made]:
    """Draw the flow of records through the review, from the counts of the recipe."""
    from evidence.charts.prisma import prisma

    counts = question.prisma or {}
    axes = prisma(counts, medium=output.medium)
    return axes, replace(of_rows(workshop.selected(question).table), numbers={"counts": dict(counts)})


def draw_domains(workshop: Workshop, question: Question, output: Output) -> tuple[Axes, Made]:
    """Draw one pooled result a value of the column that separates the comparisons."""
    from evidence.charts.domains import domains, domains_title

    comparison = workshop.comparison(question)
    favours = _favours(question)
    # The message alone does not say what was compared, and several of these figures stand side by side. A
    # slide holds two lines of it, and names both arms below the axis.
    message = domains_title(comparison, favours)
    title = message if output.medium == "slide" else f"{question.title}: {message[:1].lower()}{message[1:]}"
    axes = domains(comparison, medium=output.medium, favours=favours, title=title)
    return axes, of_fits(comparison.fits)


def draw_orchard(workshop: Workshop, question: Question, output: Output) -> tuple[Axes, Made]:
    """Draw every effect above the mean of its group, one group a value of the column that separates."""
    from evidence.charts.orchard import orchard

    comparison = workshop.comparison(question)
    axes = orchard(comparison, medium=output.medium, title=question.title, favours=_favours(question))
    return axes, of_fits(comparison.fits)


def draw_funnel(workshop: Workshop, question: Question, output: Output) -> tuple[Axes, Made]:
    """Draw effects against their standard errors."""
    from evidence.charts.funnel import funnel

    fit = workshop.fit(question)
    axes = funnel(fit, medium=output.medium, title=question.title, favours=_favours(question))
    return axes, of_fits({"pooled": fit})


def draw_effect_direction(workshop: Workshop, question: Question, output: Output) -> tuple[Axes, Made]:
    """Draw studies by domains, with an arrow for the direction of each."""
    from evidence.charts.effect_direction import effect_direction

    effects = workshop.ordered(question)
    # Without names the chart chooses them: risk-factor rows speak of a factor, not of arms.
    favours = _favours(question) if question.favours else None
    axes = effect_direction(effects, medium=output.medium, title=question.title, favours=favours)
    return axes, of_rows(effects.table)


def draw_evidence_map(workshop: Workshop, question: Question, output: Output) -> tuple[Axes, Made]:
    """Draw how much there is, by domain and comparator."""
    from evidence.charts.evidence_map import evidence_map

    studies = workshop.selected(question)
    axes = evidence_map(studies, medium=output.medium, title=question.title)
    return axes, of_rows(studies.table)


def draw_trial(workshop: Workshop, question: Question, output: Output) -> tuple[Axes, Made]:
    """Draw one trial: claimed, printed, and between its arms.

    Raises
    ------
    BuildError
        Where the question keeps more than one study.
    """
    from evidence.charts.trial import trial

    effects = workshop.effects(question)
    studies = list(dict.fromkeys(effects.table["study"]))
    if len(studies) != 1:
        raise BuildError(
            f"a trial is one study; the filter of {question.id!r} keeps {len(studies)}: add study"
        )
    axes = trial(effects, workshop.selected(question), study=studies[0], medium=output.medium)
    return axes, of_effects([effects])


def draw_albatross(workshop: Workshop, question: Question, output: Output) -> tuple[Axes, Made]:
    """Draw every row at its p value and its number of people."""
    from evidence.charts.albatross import albatross

    effects = workshop.effects(question)
    axes = albatross(effects, medium=output.medium, title=question.title, favours=_favours(question))
    return axes, of_effects([effects])


def draw_tornado(workshop: Workshop, question: Question, output: Output) -> tuple[Axes, Made]:
    """Draw how far each variation moves the pooled result of a question."""
    from evidence.charts.tornado import tornado
    from evidence.synthesis.sensitivity import sensitivity

    page = sensitivity(workshop.fit(question), progress=False)
    # The message says in how many variations the result holds; slides name the question on their own.
    axes = tornado(page, medium=output.medium, favours=_favours(question))
    return axes, of_fits({"pooled": page.fit, **page.fits})


def draw_harvest(workshop: Workshop, question: Question, output: Output) -> tuple[Axes, Made]:
    """Draw each study under the answer that it gives."""
    from evidence.charts.harvest import harvest

    effects = workshop.ordered(question)
    favours = _favours(question) if question.favours else None
    axes = harvest(effects, medium=output.medium, title=question.title, favours=favours)
    return axes, of_rows(effects.table)


def draw_trap(workshop: Workshop, question: Question, output: Output) -> tuple[Axes, Made]:
    """Draw the changes within two arms beside the difference that is compatible with both.

    Raises
    ------
    BuildError
        Where the question keeps more than one row.
    """
    from evidence.charts.trap import trap_chart
    from evidence.effects.reading import DEFAULT_CORRELATION
    from evidence.synthesis.trap import within_group_trap

    row = workshop.selected(question)
    if len(row) != 1:
        raise BuildError(
            f"a trap is shown of one row; the filter of {question.id!r} keeps {len(row)}: add row_id"
        )
    correlation = DEFAULT_CORRELATION if question.correlation is None else question.correlation
    found = within_group_trap(row, correlation=correlation, level=question.level)
    made = of_rows(row.table)
    numbers = {str(line["role"]): _numbers_of(line) for line in found.table.to_dict("records")}
    return trap_chart(found, medium=output.medium), replace(made, numbers=numbers)


def draw_claim(workshop: Workshop, question: Question, output: Output) -> tuple[Axes, Made]:
    """Draw one claim of the claims beside the studies: its verdict, its margins, its results."""
    from evidence.charts.claim import claim_chart

    found = workshop.claims(question)
    claim = str(question.claim)
    axes = claim_chart(found, claim, medium=output.medium)
    rows = found.rows[found.rows["claim_id"].eq(claim)]
    findings = found.findings[found.findings["claim_id"].eq(claim)].to_dict("records")
    numbers = {str(line["domain"]): _numbers_of(line) for line in findings}
    return axes, replace(of_rows(rows), numbers=numbers)


_SHOWN = ("estimate", "low", "high", "conf_low", "conf_high", "p_low", "p_high")


def _numbers_of(line: Mapping[Any, Any]) -> dict[str, Any]:
    return {name: line[name] for name in _SHOWN if name in line}
