"""Tables of effects: every row with its derivation, the rows left out, the rules that decided."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from evidence.charts.words import domain_name, listed, plural
from evidence.citations import Bibliography
from evidence.effects.codes import measure_name
from evidence.effects.record import Effects, correlation_words
from evidence.effects.rules import RULES
from evidence.errors import ModelError
from evidence.studies.record import Studies
from evidence.table_content.citing import Citing, filled, records, typeset
from evidence.table_words import NO_BREAK, estimate_interval
from evidence.tables import Table

if TYPE_CHECKING:
    from evidence.fit import MetaFit

__all__ = ["effects_table", "favoured_side", "left_out", "left_out_table", "printed_effect", "rules_table"]

_EFFECTS = (
    "Study",
    "Row",
    "Domain",
    "Outcome",
    "n",
    "Effect",
    "Rests on",
    "Derivation",
    "Assumptions",
    "Rules",
)

_NORMAL_95 = 1.959963984540054
"""Two-sided 5 % point of the normal distribution."""

_KINDS = {
    "exact": "a value",
    "interval": "bounds",
    "sign": "a side only",
    "unusable": "nothing between the arms",
}


def effects_table(
    effects: Effects,
    studies: Studies,
    *,
    listed: Bibliography | None = None,
    caption: str = "Effects with their derivations",
    id: str = "effects",
) -> Table:
    """Return one line a row: the effect on the printed scale, and how it was derived.

    Parameters
    ----------
    effects : Effects
        The effects.
    studies : Studies
        The rows that they come from, for labels and references.
    listed : Bibliography, optional
        Bibliography whose numbers are cited; by default one of these studies.
    caption, id : str
        Caption and name of the table.

    Returns
    -------
    Table
        In the order of the effects; no row is left out.

    Raises
    ------
    ModelError
        Where the effects were not read from printed rows.
    """
    if "n_e" not in effects.table:
        raise ModelError(
            "a table of effects tells how each row of studies was read, and needs effects made by "
            "effect_sizes(); of effects_from() show effects.table itself"
        )
    citing = Citing(studies, listed)
    lines = [
        {
            "Study": citing.label(str(row["study"])),
            "Row": str(row["row_id"]),
            "Domain": domain_name(str(row["domain"])),
            "Outcome": f"{row['outcome']}{_time(row)}",
            "n": _people(row),
            "Effect": printed_effect(effects, row),
            "Rests on": _KINDS[str(row["kind"])],
            "Derivation": typeset(filled([str(row["derived_from"]), str(row["formula"])], ": ")),
            "Assumptions": typeset(filled([str(row["assumptions"]), str(row["reason"])], "; ")),
            "Rules": str(row["rule"]),
        }
        for row in records(effects.table)
    ]
    return citing.table(lines, _EFFECTS, caption=caption, notes=_effect_notes(effects), id=id)


def _effect_notes(effects: Effects) -> list[str]:
    first = (
        f"Effect: {measure_name(effects.measure)}, with its 95 % interval where the row gives a value, else "
        f"the bounds within which the print places it; {favoured_side(effects)}."
    )
    if effects.correlation is not None:
        first += f" Assumed correlation of pre and post scores: {correlation_words(effects.correlation)}."
    first += (
        " Intervals are recomputed from the estimate and its standard error and can differ from printed ones."
    )
    rules = "Rules: letters of the rules of reading that were applied to the row (see the table of rules)."
    return [first, rules, *(f"{note[:1].upper()}{note[1:]}." for note in effects.notes)]


_NAMED = 4
"""Rows of the other orientation that a note names; more are counted."""


def favoured_side(effects: Effects | MetaFit) -> str:
    """Say which side of no difference favours the first arm, on the printed scale.

    Parameters
    ----------
    effects : Effects or MetaFit
        Gives the scale; ratios keep the orientation of their print, row by row where rows say theirs.

    Returns
    -------
    str
        ``"above 0 favours the first arm"``, ``"below 1 ..."`` or ``"above 1 ..."``; where the rows differ,
        which ones stand the other way.
    """
    if effects.scale != "log":
        return "above 0 favours the first arm"
    usual, other = ("above 1", "below 1") if effects.display_sign > 0 else ("below 1", "above 1")
    rows = getattr(effects, "table", None)
    if rows is None or "display_sign" not in rows:
        return f"{usual} favours the first arm"
    shown = rows["kind"].isin(["exact", "interval"])
    turned = list(rows.loc[shown & rows["display_sign"].ne(effects.display_sign), "row_id"].astype(str))
    if not turned:
        return f"{usual} favours the first arm"
    which = listed(turned) if len(turned) <= _NAMED else plural(len(turned), "row")
    return f"each ratio is in its printed orientation: {usual} favours the first arm, {other} in {which}"


def _time(row: Mapping[str, Any]) -> str:
    """Mark a time point that is not the main one: it is shown, and not pooled with the main one."""
    if row.get("main", True):
        return ""
    weeks = row["timepoint_weeks"]
    return " (another time point)" if math.isnan(weeks) else f" (at {weeks:g} weeks: another time point)"


def _people(row: Mapping[str, Any]) -> str:
    first, second = row["n_e"], row["n_c"]
    return "" if math.isnan(first) or math.isnan(second) else f"{first:g}{NO_BREAK}+{NO_BREAK}{second:g}"


def printed_effect(effects: Effects | MetaFit, row: Mapping[str, Any]) -> str:
    """Return the effect of one row as printed: value and interval, bounds, or a side.

    Parameters
    ----------
    effects : Effects or MetaFit
        Gives the scale, and the orientation of ratios where the row does not say its own.
    row : mapping
        One row of ``effects.table`` or ``fit.rows``. ``display_sign`` is the orientation in which its ratio
        is printed.

    Returns
    -------
    str
        Blank where the row says nothing about the difference of the arms.
    """
    kind = str(row["kind"])
    if kind == "unusable":
        return ""
    estimate, low, high = float(row["estimate"]), float(row["low"]), float(row["high"])
    if kind == "exact":
        half = _NORMAL_95 * float(row["std_error"])
        low, high = estimate - half, estimate + half
    if kind == "sign":
        if math.isfinite(low) == math.isfinite(high):
            return "side unclear"
        return "favours the first arm" if high == math.inf else "favours the second arm"
    if effects.scale == "log":
        sign = row.get("display_sign")
        sign = effects.display_sign if sign is None or sign != sign else int(sign)
        ends = sorted(_exp(sign * end) for end in (low, high))
        low, high = ends[0] or -math.inf, ends[1]
        estimate = _exp(sign * estimate)
    return estimate_interval(estimate, low, high)


def _exp(value: float) -> float:
    return math.inf if value > 709 else float(np.exp(value))


_LEFT_OUT = ("Study", "Row", "Domain", "Outcome", "Comparator", "What is left", "Reason", "Rules")


def left_out(effects: Effects) -> dict[str, str]:
    """Return the rows that no model can pool, with the reason.

    Parameters
    ----------
    effects : Effects
        The effects of a question.

    Returns
    -------
    dict of str to str
        Reason by ``row_id``: rows that say nothing between the arms, time points other than the main one,
        and rows without a standard error.
    """
    why: dict[str, str] = {}
    for row in records(effects.table):
        if row["kind"] == "unusable":
            why[row["row_id"]] = str(row["reason"]) or "it compares nothing between the arms"
        elif not row.get("main", True):
            why[row["row_id"]] = "another time point of this outcome is the main one"
        elif math.isnan(row["variance"]):
            why[row["row_id"]] = "no standard error can be had: the numbers of people are not known"
    return why


def left_out_table(
    selections: Sequence[tuple[str, Effects, Studies]],
    *,
    listed: Bibliography | None = None,
    caption: str = "Rows that cannot be pooled, and why",
    id: str = "left-out",
) -> Table:
    """Return one line a row that no model can pool, with the reason.

    Parameters
    ----------
    selections : sequence of (title, Effects, Studies)
        Each question's title, effects and rows.
    listed : Bibliography, optional
        Bibliography whose numbers are cited; by default one of the first question's studies.
    caption, id : str
        Caption and name of the table.

    Returns
    -------
    Table
        Questions in the given order; each row once for a question.
    """
    citing = Citing(selections[0][2], listed)
    several = len(selections) > 1
    lines = []
    for title, effects, _ in selections:
        why = left_out(effects)
        for row in records(effects.table):
            if row["row_id"] not in why:
                continue
            line = {"Question": title} if several else {}
            line |= {
                "Study": citing.label(str(row["study"])),
                "Row": str(row["row_id"]),
                "Domain": domain_name(str(row["domain"])),
                "Outcome": str(row["outcome"]),
                "Comparator": str(row["comparator_class"]).replace("_", " "),
                "What is left": _KINDS[str(row["kind"])],
                "Reason": typeset(why[row["row_id"]]),
                "Rules": str(row["rule"]),
            }
            lines.append(line)
    heads = (("Question",) if several else ()) + _LEFT_OUT
    total = sum(len(effects) for _, effects, _ in selections)
    notes = [
        f"{plural(len(lines), 'row')} of {total}. Every other row gives a value, bounds or a side of "
        "the effect: see the tables of effects."
    ]
    return citing.table(lines, heads, caption=caption, notes=notes, id=id)


def rules_table(
    selections: Iterable[tuple[str, Effects]],
    studies: Studies,
    *,
    listed: Bibliography | None = None,
    caption: str = "How many rows each rule of reading was applied to",
    id: str = "rules",
) -> Table:
    """Return one line a rule of reading, with the number of rows it was applied to, by question.

    Parameters
    ----------
    selections : iterable of (title, Effects)
        Questions and their effects.
    studies : Studies
        Any selection of the same file; nothing of it is cited.
    listed : Bibliography, optional
        Not cited from; taken so that all tables are made alike.
    caption, id : str
        Caption and name of the table.

    Returns
    -------
    Table
        Rules a to k; a row can be counted under several.
    """
    citing = Citing(studies, listed)
    chosen = list(selections)
    applied = {title: effects.table["rule"].str.split().explode().value_counts() for title, effects in chosen}
    lines = []
    for letter, words in RULES.items():
        line = {"Rule": letter, "What it says": words}
        for title, counts in applied.items():
            line[title] = str(int(counts.get(letter, 0)))
        if letter == "k":
            line |= {title: plural(_single(effects.table), "domain") for title, effects in chosen}
        lines.append(line)
    lines.append({"Rule": "", "What it says": "Rows in all", **{title: str(len(e)) for title, e in chosen}})
    notes = ["Several rules can act on one row. Rule k acts on domains in which one study alone can be read."]
    return citing.table(lines, list(lines[0]), caption=caption, notes=notes, id=id)


def _single(table: pd.DataFrame) -> int:
    """Count the domains in which one study alone says something between the arms."""
    usable = table[table["kind"].ne("unusable") & table["main"].astype(bool)]
    return int(usable.groupby("domain")["study"].nunique().eq(1).sum())
