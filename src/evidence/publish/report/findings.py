"""Claims with their verdicts, what the audit found, and how every question was read and pooled."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evidence.effects.record import correlation_words
from evidence.publish.report.grids import Grid, grid_of_lines
from evidence.publish.report.names import Ids
from evidence.publish.report.texts import Part, linked, plain
from evidence.publish.workshop import Workshop
from evidence.table_content.citing import typeset

if TYPE_CHECKING:
    from evidence.auditing.run import Audit
    from evidence.fit import MetaFit
    from evidence.publish.recipe import Question

__all__ = ["AuditPart", "ClaimPart", "audit_parts", "claim_parts", "methods", "questions_grid"]

_SIGNS = {
    "supported": "\N{CHECK MARK}",
    "contradicted": "\N{MULTIPLICATION X}",
    "mixed": "\N{ALMOST EQUAL TO}",
    "not tested": "\N{WHITE CIRCLE}",
}
"""A sign beside the word of a verdict, so that neither colour nor reading speed decides."""

_AUDIT = ("Row", "Check", "What was found", "Proposed repair, or what to do", "Pooled before", "Pooled after")
_TITLES = {
    "impossible": "Impossible: no true data look like this",
    "unlikely": "Unlikely: few true data look like this",
    "ask": "To be looked at by somebody",
}
_ROWS_NAMED = 6

_PARTS = re.compile(r"(?<=\.) (?=By domain|Compared was|Margin |A change within)")
"""Where a reason goes on to something else."""


@dataclass(frozen=True)
class ClaimPart:
    """One claim: its words, the verdict with its sign, the reasons, and the rows that bear on it."""

    id: str
    claim: str
    claimant: str
    verdict: str
    sign: str
    kind: str
    reasons: tuple[str, ...]
    rows: tuple[Part, ...]


@dataclass(frozen=True)
class AuditPart:
    """The findings in one file: a sentence, one table a severity, what was accepted, what did not run."""

    id: str
    source: str
    sentence: str
    grids: tuple[Grid, ...]
    accepted: tuple[str, ...]
    notes: tuple[str, ...]


def _sources(workshop: Workshop) -> tuple[str, ...]:
    return tuple(dict.fromkeys(question.studies for question in workshop.recipe.questions))


def claim_parts(workshop: Workshop, ids: Ids) -> Iterator[ClaimPart]:
    """Put the claims that lie beside the studies to them; nothing where there are none."""
    from evidence.effects.reading import DEFAULT_CORRELATION
    from evidence.synthesis.claims import claims

    for source in _sources(workshop):
        studies = workshop.studies(source)
        if studies.claims is None or not len(studies.claims):
            continue
        assumed = (q.correlation for q in workshop.recipe.questions if q.studies == source and q.measure)
        correlation = next((value for value in assumed if value is not None), DEFAULT_CORRELATION)
        claimants = dict(
            zip(studies.claims["claim_id"].astype(str), studies.claims["claimant"].astype(str), strict=True)
        )
        found = claims(studies, correlation=correlation)
        for line in found.table.to_dict("records"):
            names = [name for name in str(line["rows"]).split(", ") if name]
            yield ClaimPart(
                id=ids.of("claim", str(line["claim_id"]), source),
                claim=plain(line["claim"]),
                claimant=plain(claimants.get(str(line["claim_id"]), "")),
                verdict=plain(line["verdict"]),
                sign=_SIGNS.get(str(line["verdict"]), "\N{EM DASH}"),
                kind=plain(line["kind"]),
                reasons=tuple(_PARTS.split(plain(line["reason"]))),
                rows=tuple(_row(ids, source, name) for name in names),
            )


def _row(ids: Ids, source: str, name: str) -> Part:
    anchor = ids.known("row", name, source)
    return Part(plain(name), f"#{anchor}", "row") if anchor else Part(plain(name))


def audit_parts(workshop: Workshop, ids: Ids) -> Iterator[AuditPart]:
    """Audit every studies file of the recipe."""
    from evidence.auditing.record import SEVERITIES
    from evidence.auditing.registry import CHECKS
    from evidence.auditing.run import audit

    # Checks of pooled results need a choice of what is pooled; those of the rows and studies do not.
    names = [name for name, check in CHECKS.items() if check.family != "model" and not check.on_request]
    for source in _sources(workshop):
        found = audit(workshop.studies(source), checks=names)
        name = ids.of("audit", source)
        grids = (_findings(found, severity, source, f"{name}.{severity}", ids) for severity in SEVERITIES)
        yield AuditPart(
            id=name,
            source=plain(source),
            sentence=plain(found.sentence()),
            grids=tuple(grid for grid in grids if len(grid)),
            accepted=tuple(
                plain(f"{finding.row_id}: {finding.message}. Accepted: {reason}")
                for finding, reason in found.accepted
            ),
            notes=tuple(map(plain, found.notes)),
        )


def _findings(found: Audit, severity: str, source: str, id: str, ids: Ids) -> Grid:
    table = found.table[found.table["severity"].eq(severity)]
    concerned: list[list[str]] = []
    lines: list[Sequence[str]] = []
    for line in table.to_dict("records"):
        rows = str(line["rows"]).split() or [str(line["row_id"])]
        concerned.append([row for row in rows if row])
        repair = typeset(str(line["repair"]))
        lines.append(
            (
                ", ".join(concerned[-1]) or "the whole table",
                str(line["check"]).replace("_", " "),
                str(line["message"]),
                f"{repair}. {line['advice']}" if repair else str(line["advice"]),
                _pooled(line["pooled_before"]),
                _pooled(line["pooled_after"]),
            )
        )

    def parts(place: int, head: str, cell: str) -> tuple[Part, ...]:
        if head != "Row" or not concerned[place]:
            return (Part(plain(cell)),)
        return tuple(_several(ids, source, concerned[place]))

    return grid_of_lines(id, _TITLES[severity], _AUDIT, lines, parts)


def _several(ids: Ids, source: str, rows: Sequence[str]) -> Iterator[Part]:
    for place, row in enumerate(rows[:_ROWS_NAMED]):
        if place:
            yield Part(", ")
        yield _row(ids, source, row)
    if len(rows) > _ROWS_NAMED:
        yield Part(f" and {len(rows) - _ROWS_NAMED} more")


def _pooled(value: object) -> str:
    from evidence.charts.words import number

    return "" if not isinstance(value, float) or value != value else number(value)


_QUESTIONS = ("Question", "Measure", "Correlation assumed", "Level", "Estimator and interval", "Asked of")


def questions_grid(workshop: Workshop, fits: dict[str, MetaFit], ids: Ids) -> Grid:
    """Tell how each question was read and pooled, as a table.

    Parameters
    ----------
    workshop : Workshop
        Of the recipe.
    fits : dict of str to MetaFit
        The pooled results by question and group.
    ids : Ids
        Of the page.
    """
    lines, anchors = [], []
    for question in workshop.recipe.questions:
        own = [
            fit for name, fit in fits.items() if name == question.id or name.startswith(f"{question.id}: ")
        ]
        methods = ", ".join(dict.fromkeys(fit.method for fit in own if fit.n_studies > 1))
        anchors.append(ids.of("question", question.id))
        assumed = ""
        if question.measure:
            given = workshop.effects(question).correlation
            assumed = "" if given is None else correlation_words(given)
        lines.append(
            (
                question.title,
                question.measure or "",
                assumed,
                f"{100 * question.level:g} %" if question.measure else "",
                methods or "nothing is pooled",
                _filter(question.filter.items()),
            )
        )

    def parts(place: int, head: str, cell: str) -> tuple[Part, ...]:
        return (Part(plain(cell), f"#{anchors[place]}"),) if head == "Question" else (Part(plain(cell)),)

    return grid_of_lines(
        ids.of("table", "how each question was read"),
        "How each question was read and pooled",
        _QUESTIONS,
        lines,
        parts,
    )


def _filter(conditions: Iterable[tuple[str, Sequence[object]]]) -> str:
    said = (
        f"{column.replace('_', ' ')}: {' or '.join(str(value).replace('_', ' ') for value in values)}"
        for column, values in conditions
    )
    return "; ".join(said) or "all rows"


def methods(workshop: Workshop) -> tuple[tuple[Part, ...], ...]:
    """Return the paragraphs on methods: one for each way in which results were made, then the software."""
    from evidence.fit.paragraph import how_pooled, software

    ways: dict[tuple[str, str, float], list[tuple[str, MetaFit]]] = {}
    for question in workshop.recipe.questions:
        for fit in _fits_of(workshop, question):
            if fit.n_studies > 1:
                ways.setdefault((fit.measure, fit.method, fit.level), []).append((question.title, fit))
    said = [
        f"{'; '.join(dict.fromkeys(title for title, _ in found))}. {how_pooled([fit for _, fit in found])}"
        for found in ways.values()
    ]
    return tuple(linked(part) for part in (*said, software())) if said else ()


def _fits_of(workshop: Workshop, question: Question) -> list[MetaFit]:
    """Return the results that a question's outputs show."""
    if not question.measure:
        return []
    fits = [workshop.fit(question)] if "forest" in question.outputs else []
    if {"domains", "results"} & set(question.outputs):
        fits += workshop.comparison(question).fits.values()
    return fits
