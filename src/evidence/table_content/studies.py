"""Tables of what there is, before anything is pooled: characteristics of studies, overview of rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from evidence.charts.words import domain_name
from evidence.citations import Bibliography
from evidence.effects.record import KINDS, Effects
from evidence.studies.record import Studies
from evidence.table_content.citing import Citing, filled, records
from evidence.tables import Table

__all__ = ["characteristics_table", "overview_table"]

_CHARACTERISTICS = ("Study", "Design", "People", "n", "Programme", "Compared", "PEDro", "Rows")


def characteristics_table(
    studies: Studies,
    *,
    listed: Bibliography | None = None,
    caption: str = "Characteristics of the studies",
    id: str = "characteristics",
) -> Table:
    """Return one line a study: design, people, dose, what was compared.

    Parameters
    ----------
    studies : Studies
        The selected rows; their studies are listed in the order of the rows.
    listed : Bibliography, optional
        Bibliography whose numbers are cited; by default one of these studies.
    caption, id : str
        Caption and name of the table.

    Returns
    -------
    Table
        Blank cells are what the extraction does not hold.
    """
    citing = Citing(studies, listed)
    facts: dict[str, dict[str, Any]] = {}
    if studies.info is not None:
        facts = {str(record["study"]): record for record in records(studies.info)}
    lines = []
    for study, rows in studies.table.groupby("study", sort=False):
        fact = facts.get(str(study), {})
        lines.append(
            {
                "Study": citing.label(str(study)),
                "Design": _said(fact, "design"),
                "People": filled([_said(fact, "population"), _said(fact, "sex"), _aged(_said(fact, "age"))]),
                "n": _whole(fact.get("n_total")),
                "Programme": _dose(fact),
                "Compared": _compared(rows),
                "PEDro": _whole(fact.get("pedro")),
                "Rows": str(len(rows)),
            }
        )
    notes = ["Blank cells: not seen in what was read. PEDro: score of 10, where one was seen."]
    if studies.info is None:
        notes = ["There is no study_info.csv beside the studies: design, people and programme are not known."]
    notes += _same_people(citing, facts, set(studies.table["study"]))
    return citing.table(lines, _CHARACTERISTICS, caption=caption, notes=notes, id=id)


def _said(fact: dict[str, Any], name: str) -> str:
    value = fact.get(name, "")
    return "" if value is None or value != value else str(value)


def _aged(age: str) -> str:
    return f"age {age}" if age else ""


def _whole(value: object) -> str:
    if value is None or value != value or value == "":
        return ""
    return f"{float(value):g}"  # type: ignore[arg-type]


def _dose(fact: dict[str, Any]) -> str:
    weeks, often = _whole(fact.get("weeks")), _whole(fact.get("sessions_per_week"))
    return filled([f"{weeks} weeks" if weeks else "", f"{often} a week" if often else ""])


def _compared(rows: pd.DataFrame) -> str:
    pairs = dict.fromkeys(zip(rows["arm_e"], rows["arm_c"], strict=True))
    return filled([filled([first, second], " v ") for first, second in pairs], "; ")


def _same_people(citing: Citing, facts: dict[str, dict[str, Any]], shown: set[str]) -> list[str]:
    """Say which of the studies report on the same people."""
    pairs = []
    for study, fact in facts.items():
        others = [key.strip() for key in _said(fact, "overlaps").split(";") if key.strip()]
        pairs += [tuple(sorted((study, other))) for other in others if {study, other} <= shown]
    named = [f"{citing.plain(first)} and {citing.plain(second)}" for first, second in dict.fromkeys(pairs)]
    return [f"Reports on (in part) the same people: {'; '.join(named)}."] if named else []


def overview_table(
    studies: Studies,
    *,
    effects: Sequence[Effects] = (),
    listed: Bibliography | None = None,
    caption: str = "What there is, by domain, comparator and kind of report",
    id: str = "overview",
) -> Table:
    """Return one line a domain and comparator: studies, and rows by kind of report and by kind of effect.

    Parameters
    ----------
    studies : Studies
        The selected rows.
    effects : sequence of Effects
        Their effects, where there are any; adds how many rows give a value, bounds, a side, or
        nothing between the arms.
    listed : Bibliography, optional
        Bibliography whose numbers are cited; by default one of these studies.
    caption, id : str
        Caption and name of the table.

    Returns
    -------
    Table
        In the order of domains and comparators that the codebook has.
    """
    citing = Citing(studies, listed)
    several = len(set(studies.table["question"])) > 1
    cells = ["question"] * several + ["domain", "comparator_class", "level"]
    counts = studies.overview(by=cells)
    members = studies.table.groupby(cells, sort=False)
    kinds = _kinds(effects, cells)
    lines = []
    for record in records(counts):
        cell = tuple(record[name] for name in cells)
        of_cell = members.get_group(cell)
        line = {"Question": domain_name(str(record["question"]))} if several else {}
        line |= {
            "Domain": domain_name(str(record["domain"])) or "not stated",
            "Comparator": str(record["comparator_class"]).replace("_", " ") or "not stated",
            "Level": "reviews" if record["level"] == "pooled" else "studies",
            "Studies": str(record["studies"]),
            "Rows": str(record["rows"]),
            "In full": str(record.get("reported_full", 0)),
            "In part": str(record.get("reported_partial", 0)),
            "Direction only": str(record.get("reported_direction", 0)),
        }
        if kinds is not None:
            line |= {_KIND_HEADS[kind]: str(int(kinds.get((*cell, kind), 0))) for kind in KINDS}
        line["Sources"] = filled([citing.label(study) for study in dict.fromkeys(of_cell["study"])], "; ")
        lines.append(line)
    heads = list(lines[0]) if lines else ["Domain"]
    notes = ["In full, in part, direction only: how completely the source reports the comparison."]
    if kinds is not None:
        notes.append(
            "Value, bounds, side, none: what the print determines of the effect between the arms "
            "(a value; limits of it; which side of no difference; nothing)."
        )
    if any(line["Level"] == "reviews" for line in lines):
        notes.append("Rows of reviews are context: they are never pooled again.")
    return citing.table(lines, heads, caption=caption, notes=notes, id=id)


def _kinds(effects: Sequence[Effects], cells: list[str]) -> pd.Series[int] | None:
    """Count the kinds of effects by cell; a row that several questions ask for counts once."""
    if not effects:
        return None
    rows = pd.concat([each.table for each in effects]).drop_duplicates("row_id")
    return rows.groupby(cells, sort=False)["kind"].value_counts()


_KIND_HEADS = {"exact": "Value", "interval": "Bounds", "sign": "Side", "unusable": "None"}
