"""The two verbs that make tables of what the package computed: of any record, and the summary of findings."""

from __future__ import annotations

import os
from collections.abc import Mapping

import pandas as pd

from evidence.auditing.run import Audit
from evidence.effects.record import Effects
from evidence.errors import ModelError
from evidence.fit import MetaFit
from evidence.studies.record import Studies
from evidence.synthesis.claims import Claims
from evidence.synthesis.compare import Comparison
from evidence.synthesis.sensitivity import Sensitivity
from evidence.table_content.audit import audit_table
from evidence.table_content.claims import claims_table
from evidence.table_content.effects import effects_table
from evidence.table_content.results import results_table
from evidence.table_content.sensitivity import sensitivity_table
from evidence.table_content.studies import characteristics_table
from evidence.table_content.summary import summary_of_findings_table
from evidence.tables import Table

__all__ = ["summary_of_findings", "to_table"]

Record = Studies | Effects | Comparison | Claims | Audit | Sensitivity


_WAY = '. Its .table is a DataFrame: ev.Table(result.table, caption="...") prints and saves it'


def to_table(record: Record, studies: Studies | None = None, *, caption: str = "", id: str = "") -> Table:
    """Make the table of a record: to read in a notebook, to save for a paper, Word or a slide.

    Parameters
    ----------
    record : Studies, Effects, Comparison, Claims, Audit or Sensitivity
        Studies give their characteristics, effects their derivations, a comparison its pooled results, claims
        their verdicts, an audit its findings, a sensitivity page its variations.
    studies : Studies, optional
        The rows that the record was made from, for the names of studies and their references. Needed for
        effects, comparisons and claims.
    caption, id : str, optional
        Caption and name; each kind of table has its own by default.

    Returns
    -------
    Table
        With ``.html``, ``.markdown``, ``.latex``, ``.csv`` and ``.save(path)``, which also writes Word and
        PowerPoint.

    Raises
    ------
    ModelError
        Where the record is of another kind, or `studies` is needed and missing.

    Examples
    --------
    >>> import evidence as ev
    >>> studies = ev.example_studies()
    >>> table = ev.to_table(ev.claims(studies), studies)
    >>> list(table.data.columns)
    ['Claim', 'Kind', 'Verdict', 'Why', 'Studies', 'Sources']
    """
    chosen = {name: text for name, text in (("caption", caption), ("id", id)) if text}
    if isinstance(record, Studies):
        return characteristics_table(record, **chosen)  # type: ignore[arg-type]
    if isinstance(record, Audit):
        return audit_table(record, **chosen)  # type: ignore[arg-type]
    if isinstance(record, Sensitivity):
        return sensitivity_table(record, **chosen)
    if isinstance(record, MetaFit):
        raise ModelError(
            "to_table() takes results by group, and a MetaFit is a single one: fit.tidy() has its "
            "coefficients and fit.glance() its heterogeneity as DataFrames, fit.sentence() says it in one "
            'line; for a table to print give ev.compare(effects, by="domain")'
        )
    if not isinstance(record, Effects | Comparison | Claims):
        raise ModelError(
            "to_table() takes Studies, Effects, a Comparison, Claims, an Audit or a Sensitivity; "
            f"got {type(record).__name__}{_WAY if hasattr(record, 'table') else ''}"
        )
    rows = _given(studies, "to_table")
    if isinstance(record, Effects):
        return effects_table(record, rows, **chosen)  # type: ignore[arg-type]
    if isinstance(record, Claims):
        return claims_table(record, rows, **chosen)  # type: ignore[arg-type]
    return results_table([("", record)], rows, **chosen)  # type: ignore[arg-type]


def summary_of_findings(
    comparisons: Comparison | Mapping[str, Comparison],
    studies: Studies,
    *,
    certainty: pd.DataFrame | str | os.PathLike[str] | None = None,
    units: Mapping[str, tuple[float, str, str]] | None = None,
    arms: tuple[str, str] | None = None,
    caption: str = "Summary of findings",
) -> Table:
    """Make a summary of findings in GRADE's layout.

    Parameters
    ----------
    comparisons : Comparison, or mapping of str to Comparison
        Results by domain, as `compare` gives them; of several questions by their names, which are headings.
    studies : Studies
        The rows that they were made from.
    certainty : DataFrame or path, optional
        The author's ratings: columns question (the names above; for a single comparison blank),
        domain, certainty (high, moderate, low, very low, or blank) and reasons. Nothing is rated for the
        author: what is blank or missing says "not rated".
    units : mapping of domain to (sd, unit, source), optional
        Standardised effects of these domains are also told in the units of an instrument.
    arms : (str, str), optional
        Names of the second and of the first arm, for the words.
    caption : str
        Caption of the table.

    Returns
    -------
    Table
        One line an outcome: people and studies, effect with interval, in words, certainty with the author's
        reasons, and what the numbers suggest to rate down for (imprecision, inconsistency, reporting), each
        by a rule that the footnotes give with its source.

    Raises
    ------
    ModelError
        Where there is nothing to summarise, or `studies` are no studies.
    StudyDataError
        Where the ratings break their rules.

    References
    ----------
    Guyatt G, et al. GRADE guidelines 1. J Clin Epidemiol 2011;64:383-394.
    https://doi.org/10.1016/j.jclinepi.2010.04.026

    Examples
    --------
    >>> import evidence as ev
    >>> rows = ev.example_studies().where(question="prevention", level="study")
    >>> found = ev.compare(ev.effect_sizes(rows, measure="RR"), by="domain")
    >>> table = ev.summary_of_findings(found, rows)
    >>> table.data["Certainty"].unique().tolist()
    ['not rated']
    """
    given = {"": comparisons} if isinstance(comparisons, Comparison) else dict(comparisons)
    if not given or not all(isinstance(each, Comparison) for each in given.values()):
        raise ModelError(
            "summary_of_findings() takes a Comparison, as compare() returns it, or several by name; "
            f"got {comparisons!r:.80}"
        )
    return summary_of_findings_table(
        [(name, name, each) for name, each in given.items()],
        _given(studies, "summary_of_findings"),
        certainty=certainty,
        units=units,
        arms=None if arms is None else dict.fromkeys(given, arms),
        caption=caption,
    )


def _given(studies: object, verb: str) -> Studies:
    if not isinstance(studies, Studies):
        raise ModelError(
            f"{verb}() needs the Studies that the record was made from, for names and references; "
            f"got {type(studies).__name__}"
        )
    return studies
