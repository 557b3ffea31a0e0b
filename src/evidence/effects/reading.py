"""The verb that turns printed rows into effects, every row accounted for."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from evidence._check import one_of
from evidence.effects.labels import study_labels
from evidence.effects.main_time import main_rows
from evidence.effects.measures import MEASURES
from evidence.effects.ratio_rules import read_ratio
from evidence.effects.record import CONTRACT_COLUMNS, Effects
from evidence.effects.row import Row
from evidence.effects.smd_rules import read_smd
from evidence.effects.verdict import Verdict
from evidence.errors import ModelError

if TYPE_CHECKING:
    from evidence.studies.record import Studies

__all__ = ["DEFAULT_CORRELATION", "effect_sizes", "printed_rows"]

DEFAULT_CORRELATION = 0.7
"""Pre-post correlation assumed where none is given; named in every row that rests on it."""

Facts = dict[str, dict[str, Any]]
"""What the study table says of each study, by key."""

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
    studies: Studies, *, measure: str, correlation: float | None = None, continuity: float = 0.5
) -> Effects:
    """Turn every selected row into an effect, with its derivation, or say why it is none.

    Parameters
    ----------
    studies : Studies
        The selected rows. Each comes back exactly once, in its order.
    measure : str
        ``"SMD"`` (Hedges' g), or a ratio on the log scale: ``"RR"``, ``"IRR"``, ``"HR"`` (one
        family), ``"OR"``.
    correlation : float, optional
        Correlation of pre and post scores, in (-1, 1), for results that speak of changes. Papers
        rarely print it; 0.7 is assumed by default and named in each row that uses it.
    continuity : float
        Added to the four cells of a row of counts in which one is zero, and to no other row.

    Returns
    -------
    Effects
        ``kind`` is ``exact`` (a value), ``interval`` (bounds, from a p-band, "significant" or "no
        difference"), ``sign`` (a direction alone) or ``unusable`` (no comparison of the arms);
        ``derived_from``, ``formula`` and ``assumptions`` say how, ``reason`` why not more, and
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
    chosen = MEASURES[one_of("measure", measure, MEASURES)]
    r = _checked_correlation(correlation)
    added = _number(continuity)
    if not (math.isfinite(added) and added > 0):
        raise ModelError(f"continuity must be a positive number (usually 0.5); got {continuity!r}")
    if len(studies.table) == 0:
        raise ModelError("no row is selected: look at studies.overview() and widen the filter")
    read: Callable[[Row], Verdict]
    if chosen.code == "SMD":
        read = partial(read_smd, correlation=r)
    else:
        read = partial(read_ratio, measure=chosen, continuity=added)
    facts = _facts(studies)
    rows = _rows_of(studies, facts)
    verdicts = [read(row) for row in rows]
    table = _table(studies, facts, rows, verdicts)
    overlaps = _overlaps(facts, set(table["study"]))
    return Effects(
        table,
        chosen.code,
        r if chosen.code == "SMD" else None,
        chosen.scale,
        _display_sign(table, chosen.scale),
        _notes(table, overlaps),
        overlaps,
    )


def _checked_correlation(correlation: float | None) -> float:
    if correlation is None:
        return DEFAULT_CORRELATION
    try:
        r = float(correlation)
    except (TypeError, ValueError):
        r = math.nan
    if not -1 < r < 1:
        raise ModelError(f"correlation must be a number between -1 and 1, both excluded; got {correlation!r}")
    return r


def _facts(studies: Studies) -> Facts:
    """Return the study table by study key."""
    if studies.info is None:
        return {}
    return {str(record["study"]): _as_text_keys(record) for record in studies.info.to_dict("records")}


def _as_text_keys(record: Mapping[Hashable, Any]) -> dict[str, Any]:
    """Return a record of a table under its column names as text."""
    return {str(column): value for column, value in record.items()}


def _number(value: object) -> float:
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return math.nan


def _rows_of(studies: Studies, facts: Facts) -> list[Row]:
    printed = studies.text.to_dict("records")
    return [
        Row(
            _as_text_keys(cells),
            _as_text_keys(printed[position]),
            _number(facts.get(str(cells["study"]), {}).get("n_total")),
            _number(facts.get(str(cells["study"]), {}).get("arms")),
        )
        for position, cells in enumerate(studies.table.to_dict("records"))
    ]


def printed_rows(studies: Studies) -> list[Row]:
    """Return each row of the studies as the rules of reading see it, with the facts of its study."""
    return _rows_of(studies, _facts(studies))


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
    weeks = pd.Series([_number(facts.get(study, {}).get("weeks")) for study in table["study"]])
    table["main"] = main_rows(table, weeks)
    table["display_sign"] = [verdict.display_sign for verdict in verdicts]
    table["sign"] = [verdict.sign for verdict in verdicts]
    table["rule"] = [
        " ".join(sorted(verdict.rules | (frozenset() if main else frozenset("i"))))
        for verdict, main in zip(verdicts, table["main"], strict=True)
    ]
    return table


def _display_sign(table: pd.DataFrame, scale: str) -> int:
    """Return how a pooled ratio is printed: the way round that most of its rows were printed."""
    if scale == "identity":
        return 1
    printed = table.loc[table["kind"] == "exact", "display_sign"]
    return 1 if len(printed) and float(printed.mean()) > 0 else -1


def _notes(table: pd.DataFrame, overlaps: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    """Say what a reader of the whole set should know."""
    notes = [f"{first} and {second} report (in part) the same people" for first, second in overlaps]
    if len(set(table.loc[table["kind"] == "exact", "display_sign"])) > 1:
        notes.append(
            "ratios were printed both ways round (above and below 1 in favour of the first arm): a pooled "
            "ratio is shown the way round of most of them"
        )
    return tuple(notes)


def _overlaps(facts: Facts, present: set[str]) -> tuple[tuple[str, str], ...]:
    """Return which of the selected studies report the same people under two keys."""
    pairs: set[tuple[str, str]] = set()
    for study in present:
        others = str(facts.get(study, {}).get("overlaps") or "").split(";")
        for other in (text.strip() for text in others):
            if other in present:
                pairs.add((min(study, other), max(study, other)))
    return tuple(sorted(pairs))
