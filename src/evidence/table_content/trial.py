"""One trial: what is claimed of it, what it printed, and what follows between the arms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from evidence.charts.words import domain_name
from evidence.citations import Bibliography
from evidence.effects.measures import MEASURES
from evidence.effects.record import Effects
from evidence.studies.record import Studies
from evidence.table_content.citing import Citing, filled, records, typeset
from evidence.table_content.effects import printed_effect
from evidence.table_words import NO_BREAK, as_printed
from evidence.tables import Table

__all__ = ["trial_table"]

_COLUMNS = (
    "Domain",
    "Outcome",
    "Claims that name the domain",
    "First arm, before and after",
    "Second arm, before and after",
    "Between the arms, as printed",
    "Between the arms, what follows",
)
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def trial_table(
    effects: Effects,
    studies: Studies,
    *,
    listed: Bibliography | None = None,
    caption: str = "What is claimed, what the trial printed, what follows between the arms",
    id: str = "trial",
) -> Table:
    """Return one line an outcome of a trial: claims, printed results, the difference of the arms.

    A change that is significant in one arm and not in the other is no difference between the arms
    (Bland & Altman 2011, doi:10.1186/1745-6215-12-264): the last column rests on the between-arm result
    alone.

    Parameters
    ----------
    effects : Effects
        Effects of the trial's rows.
    studies : Studies
        The trial's rows; their ``claims`` say what is claimed.
    listed : Bibliography, optional
        Bibliography whose numbers are cited; by default one of these studies.
    caption, id : str
        Caption and name of the table.

    Returns
    -------
    Table
        Rows in the order of the file. Claims are cited by letter and given in full in the notes.
    """
    citing = Citing(studies, listed)
    printed = {row["row_id"]: row for row in records(studies.text)}
    claims = _claims(studies)
    lines = []
    used: dict[str, None] = {}
    for row in records(effects.table):
        cells = printed[row["row_id"]]
        letters = [letter for letter, claim in claims.items() if _speaks_of(claim, row)]
        used |= dict.fromkeys(letters)
        lines.append(
            {
                "Domain": domain_name(str(row["domain"])),
                "Outcome": str(row["outcome"]),
                "Claims that name the domain": filled(f"({letter})" for letter in letters),
                "First arm, before and after": _within(cells, "e"),
                "Second arm, before and after": _within(cells, "c"),
                "Between the arms, as printed": _between(cells),
                "Between the arms, what follows": _follows(effects, row),
            }
        )
    notes = [f"({letter}) {claims[letter]['claimant']}: {claims[letter]['claim']}." for letter in used]
    notes += [_arms(studies, citing), _reading(effects)]
    return citing.table(lines, _COLUMNS, caption=caption, notes=notes, id=id)


def _claims(studies: Studies) -> dict[str, dict[str, Any]]:
    if studies.claims is None:
        return {}
    return dict(zip(_LETTERS, records(studies.claims), strict=False))


def _speaks_of(claim: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    """Tell whether a claim is about this question, domain and comparator."""
    domains = [domain.strip() for domain in str(claim["domains"]).split(";")]
    comparator = str(claim["comparator_class"])
    return (
        claim["question"] == row["question"]
        and row["domain"] in domains
        and comparator in ("", row["comparator_class"])
    )


def _within(cells: Mapping[str, str], arm: str) -> str:
    means = filled([_mean(cells, "pre", arm), _mean(cells, "post", arm)], " \N{RIGHTWARDS ARROW} ")
    verdict = {"yes": "changed", "no": "no change shown"}.get(cells[f"signif_{arm}"], "")
    p = _p(cells[f"p_within_{arm}"])
    return filled([means, filled([verdict, f"({p})" if p and verdict else p], " ")], "; ") or "not stated"


def _mean(cells: Mapping[str, str], stage: str, arm: str) -> str:
    mean, sd = as_printed(cells[f"{stage}_mean_{arm}"]), as_printed(cells[f"{stage}_sd_{arm}"])
    return f"{mean}{NO_BREAK}({sd})" if mean and sd else mean


def _p(printed: str) -> str:
    if not printed:
        return ""
    printed = typeset(printed)
    return f"p{NO_BREAK}{printed}" if not printed[0].isdigit() else f"p{NO_BREAK}={NO_BREAK}{printed}"


_DIRECTIONS = {
    "favours_e": "favours the first arm",
    "favours_c": "favours the second arm",
    "no_difference": "no difference",
    "unclear": "unclear",
}


def _between(cells: Mapping[str, str]) -> str:
    verdict = {"yes": "significant", "no": "not significant"}.get(cells["signif_between"], "")
    said = filled([_DIRECTIONS.get(cells["direction"], cells["direction"]), verdict, _p(cells["p_between"])])
    if cells["basis"] == "inferred_from_omission":
        return f"{said} (not printed: inferred from what the source omits)"
    return said or "not stated"


def _follows(effects: Effects, row: Mapping[str, Any]) -> str:
    """Say what the row tells of the difference between the arms, never more than its bounds allow."""
    shown = printed_effect(effects, row)
    if row["kind"] == "unusable":
        return "nothing between the arms"
    low, high = float(row["low"]), float(row["high"])
    if row["kind"] == "exact":
        half = 1.959963984540054 * float(row["std_error"])
        low, high = low - half, high + half
    if row["kind"] == "sign":
        return shown
    if low > 0:
        return f"{shown}: favours the first arm"
    if high < 0:
        return f"{shown}: favours the second arm"
    return f"{shown}: undecided"


def _arms(studies: Studies, citing: Citing) -> str:
    """Name the trials and their arms."""
    named = []
    for study, rows in studies.table.groupby("study", sort=False):
        arms: pd.Series[Any] = rows.iloc[0]
        sizes = filled(f"{arms[name]:g}" for name in ("n_e", "n_c") if arms[name] == arms[name])
        people = f" ({sizes} people)" if sizes else ""
        named.append(
            f"{citing.label(str(study))}: first arm {arms['arm_e']}, second arm {arms['arm_c']}{people}"
        )
    return f"{filled(named, '; ')}."


def _reading(effects: Effects) -> str:
    measure = MEASURES[effects.measure].name
    assumed = (
        "" if effects.correlation is None else f", with an assumed correlation of {effects.correlation:g}"
    )
    return (
        f"What follows: {measure}{assumed}; a value with its 95 % interval, or the bounds within which the "
        "print places the difference. A change in one arm and none in the other is no difference between "
        "them."
    )
