"""The verb that turns printed rows into effects, every row accounted for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from evidence._check import as_number
from evidence.effects.labels import study_labels
from evidence.effects.main_time import main_rows
from evidence.effects.notes import WITHOUT_R, notes_of
from evidence.effects.readers import measure_of, read_all
from evidence.effects.record import CONTRACT_COLUMNS, Effects, Origin
from evidence.effects.rederive import rounding_of
from evidence.effects.row import Row
from evidence.effects.solver.correlation import DEFAULT_CORRELATION, resolve
from evidence.effects.study_rows import Facts, as_real, facts_of, overlaps_of, rows_of
from evidence.effects.verdict import Verdict
from evidence.errors import ModelError

if TYPE_CHECKING:
    from evidence.studies.record import Studies

__all__ = ["DEFAULT_CORRELATION", "effect_sizes"]

CARRIED = (
    "question",
    "domain",
    "outcome",
    "instrument",
    "unit",
    "better",
    "timepoint_weeks",
    "arm_e",
    "arm_c",
    "comparator_class",
    "arm_design",
    "level",
    "basis",
    "inferred",
    "direction",
    "reported",
    "signif_between",
    "effect_metric",
)
"""Columns of the studies that every Effects table keeps, for grouping, charts and tables."""


def effect_sizes(
    studies: Studies,
    *,
    measure: str,
    correlation: float | Mapping[str, float] | str | None = None,
    continuity: float = 0.5,
) -> Effects:
    """Turn every selected row into an effect, with its derivation, or say why it is none.

    Parameters
    ----------
    studies : Studies
        The selected rows. Each comes back exactly once, in its order.
    measure : str
        Standardised mean differences: ``"SMD"`` (Hedges' g), ``"SMDH"`` (unequal variances), ``"SMD1"``
        (by the second arm's SD), ``"DPPC1"``, ``"DPPC2"`` (changes by baseline SDs; also written
        ``"d_ppc1"``, ``"d_ppc2"``). In the outcome's unit: ``"MD"``. On the log scale: ``"ROM"`` (ratio of
        means), ``"RR"``, ``"IRR"``, ``"HR"`` (one family), ``"OR"``. ``"RD"``: risk difference.
    correlation : float, mapping or "pooled", optional
        Correlation of pre and post scores, in (-1, 1), for rows that need one and whose arms neither print
        it (``r_e``, ``r_c``) nor imply it by their three SDs. Papers rarely print it; 0.7 is assumed by
        default and named in each row that uses it. A mapping gives one by ``outcome``, with the key
        ``"default"`` for the others; ``"pooled"`` takes the random-effects mean of Fisher's z over the arms
        of these studies that tell theirs.
    continuity : float
        Added to the four cells of a row of counts in which one is zero, and to no other row.

    Returns
    -------
    Effects
        ``kind`` is ``exact`` (a value), ``interval`` (bounds, from a p-band, "significant" or "no
        difference"), ``sign`` (a direction alone) or ``unusable`` (no comparison of the arms);
        ``derived_from``, ``formula`` and ``assumptions`` say how, ``alternatives`` what else the row's
        numbers would have given (`Effects.derivations` has it in numbers), ``reason`` why not more, and
        ``rule`` which of the documented rules of reading were applied.

    Raises
    ------
    ModelError
        If the measure is unknown, the correlation or the continuity correction is outside its
        range, or no row is selected.

    References
    ----------
    Hedges LV (1981), doi:10.3102/10769986006002107; Morris SB (2008),
    doi:10.1177/1094428106291059; Cochrane Handbook, version 6.4, chapters 6 and 10,
    doi:10.1002/9781119536604

    Examples
    --------
    >>> import evidence as ev
    >>> trials = ev.example_studies().where(study="resendeneto2019")
    >>> effects = ev.effect_sizes(trials, measure="SMD", correlation=0.7)
    >>> effects.table["kind"].tolist()
    ['exact', 'exact', 'exact', 'exact']
    """
    if not hasattr(studies, "text"):
        raise ModelError(
            f"effect_sizes() takes Studies, as read_studies() returns them; got {type(studies).__name__}"
        )
    chosen = measure_of(measure)
    added = as_number(continuity)
    if not (math.isfinite(added) and added > 0):
        raise ModelError(f"continuity must be a positive number (usually 0.5); got {continuity!r}")
    if len(studies.table) == 0:
        raise ModelError("no row is selected: look at studies.overview() and widen the filter")
    facts = facts_of(studies)
    rows = rows_of(studies, facts)
    r = resolve(correlation, rows)
    verdicts = [read_all(row, chosen, r.of(row), added)[0] for row in rows]
    table = _table(studies, facts, rows, verdicts)
    overlaps = overlaps_of(facts, set(table["study"]))
    return Effects(
        table,
        chosen.code,
        None if chosen.code in WITHOUT_R else r.used,
        chosen.scale,
        _display_sign(table, chosen.scale),
        notes_of(table, overlaps, chosen, r),
        overlaps,
        Origin(studies, correlation, added),
    )


def _table(studies: Studies, facts: Facts, rows: list[Row], verdicts: list[Verdict]) -> pd.DataFrame:
    source = studies.table
    labels = study_labels(studies.info)
    variance = np.array([verdict.variance for verdict in verdicts])
    people = [row.people for row in rows]
    columns: dict[str, Any] = {
        "row_id": source["row_id"].tolist(),
        "study": source["study"].tolist(),
        "label": [labels.get(study, study) for study in source["study"]],
        "estimate": [verdict.estimate for verdict in verdicts],
        "variance": variance,
        "std_error": np.sqrt(variance),
        "low": [verdict.low for verdict in verdicts],
        "high": [verdict.high for verdict in verdicts],
        "kind": [verdict.kind for verdict in verdicts],
        "derived_from": [verdict.derived_from for verdict in verdicts],
        "formula": [verdict.formula for verdict in verdicts],
        "assumptions": ["; ".join(verdict.assumptions) for verdict in verdicts],
        "alternatives": ["; ".join(verdict.alternatives) for verdict in verdicts],
        "reason": [verdict.reason for verdict in verdicts],
    }
    table = pd.DataFrame(columns, columns=list(CONTRACT_COLUMNS))
    for column in CARRIED:
        table[column] = source[column].to_numpy()
    # A verdict that was inferred plays no part where the numbers themselves are printed.
    rests = [row.is_inferred and verdict.kind != "exact" for row, verdict in zip(rows, verdicts, strict=True)]
    table["inferred"] = np.where(rests, "yes", "no")
    table["n_e"] = [known.first if known else math.nan for known in people]
    table["n_c"] = [known.second if known else math.nan for known in people]
    table["people"] = [row.people_in_all for row in rows]
    weeks = pd.Series([as_real(facts.get(study, {}).get("weeks")) for study in table["study"]])
    table["main"] = main_rows(table, weeks)
    table["display_sign"] = [verdict.display_sign for verdict in verdicts]
    table["sign"] = [verdict.sign for verdict in verdicts]
    table["metric_scale"] = [verdict.metric_scale for verdict in verdicts]
    ranges = [rounding_of(row, verdict) for row, verdict in zip(rows, verdicts, strict=True)]
    table["rounding_low"] = [low for low, _ in ranges]
    table["rounding_high"] = [high for _, high in ranges]
    table["rule"] = [
        " ".join(sorted(verdict.rules | (frozenset() if main else frozenset("i"))))
        for verdict, main in zip(verdicts, table["main"], strict=True)
    ]
    return _with_moderators(table, studies.extra)


def _with_moderators(table: pd.DataFrame, extra: pd.DataFrame) -> pd.DataFrame:
    """Append the columns that a mapped file has beside ours; a name that is taken gets one of its own."""
    names = {name: f"sheet_{name}" if name in table else name for name in extra}
    return pd.concat([table, extra.rename(columns=names).set_axis(table.index)], axis=1) if names else table


def _display_sign(table: pd.DataFrame, scale: str) -> int:
    """Return how a pooled ratio is printed: the way round that most of its rows were printed."""
    if scale == "identity":
        return 1
    printed = table.loc[table["kind"] == "exact", "display_sign"]
    return 1 if len(printed) and float(printed.mean()) > 0 else -1
