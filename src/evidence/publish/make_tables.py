"""Tables of the recipe that rest on more than effects: summary of findings, claims, audit."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from evidence.publish.numbers import Made, of_fits, of_rows
from evidence.publish.plan import Output
from evidence.publish.recipe import Question
from evidence.publish.recipe_errors import BuildError
from evidence.publish.workshop import Workshop

if TYPE_CHECKING:
    from evidence.tables import Table

__all__ = [
    "certainty_file",
    "tabulate_audit",
    "tabulate_claims",
    "tabulate_summary_of_findings",
]


def certainty_file(workshop: Workshop, source: str) -> Path | None:
    """Return the author's ratings of certainty: ``certainty.csv`` beside a studies file, if it is there."""
    from evidence.table_content.certainty import CERTAINTY_FILE

    path = (workshop.recipe.root / source).with_name(CERTAINTY_FILE)
    return path if path.is_file() else None


def tabulate_summary_of_findings(
    workshop: Workshop, questions: Sequence[Question], output: Output
) -> tuple[Table, Made]:
    """Tabulate results by domain with the author's certainty and what the numbers suggest.

    Raises
    ------
    BuildError
        Where the questions have several measures.
    """
    from evidence.table_content import summary_of_findings_table

    comparisons = [(question.id, question.title, workshop.comparison(question)) for question in questions]
    measures = dict.fromkeys(comparison.measure for _, _, comparison in comparisons)
    if len(measures) > 1:
        raise BuildError(f"a summary of findings has one measure; {output.id!r} has {', '.join(measures)}")
    table = summary_of_findings_table(
        comparisons,
        workshop.union(questions),
        certainty=certainty_file(workshop, questions[0].studies),
        codes={question.id: tuple(map(str, question.filter.get("question", ()))) for question in questions},
        arms={
            question.id: (question.favours[0], question.favours[1])
            for question in questions
            if question.favours
        },
        listed=workshop.listed,
        caption=output.title,
        id=output.id,
    )
    fits = {
        (domain if len(questions) == 1 else f"{name}: {domain}"): fit
        for name, _, comparison in comparisons
        for domain, fit in comparison.fits.items()
    }
    return table, of_fits(fits)


def tabulate_claims(workshop: Workshop, questions: Sequence[Question], output: Output) -> tuple[Table, Made]:
    """Put the claims to the whole file: a claim's own question, domains and design choose its rows.

    Raises
    ------
    BuildError
        Where they rest on studies that the recipe's bibliography does not have.
    """
    from evidence.table_content import claims_table

    studies = workshop.studies(questions[0].studies)
    found = workshop.claims(questions[0])
    known = {entry.key for entry in workshop.listed.entries}
    if unlisted := sorted(set(found.rows["study"]) - known):
        raise BuildError(
            f"claims rest on studies that no question of the recipe shows: {', '.join(unlisted)}. "
            "Add a question that keeps their rows, so that the bibliography has them"
        )
    table = claims_table(found, studies, listed=workshop.listed, caption=output.title, id=output.id)
    columns = ("verdict", "estimate", "conf_low", "conf_high")
    numbers = {
        str(line["claim_id"]): {name: line[name] for name in columns}
        for line in found.table.to_dict("records")
    }
    rests_on = of_rows(found.rows.drop_duplicates("row_id"))
    return table, Made(rests_on.studies, rests_on.rows, numbers={"claims": numbers})


def tabulate_audit(workshop: Workshop, questions: Sequence[Question], output: Output) -> tuple[Table, Made]:
    """Audit the rows that the questions ask for."""
    from evidence.auditing.run import audit
    from evidence.table_content import audit_table

    studies = workshop.union(questions)
    found = audit(studies)
    table = audit_table(found, listed=workshop.listed, caption=output.title, id=output.id)
    rests_on = of_rows(studies.table)
    counts = {severity: found.count(severity) for severity in ("impossible", "unlikely", "ask")}
    return table, Made(rests_on.studies, rests_on.rows, numbers={"findings": counts})
