"""Rules that join cells of one row, or rows of one study; all run on whole columns."""

from __future__ import annotations

import numpy as np
import pandas as pd

from evidence._check import nearest
from evidence.errors import Problem
from evidence.studies.cells import Checked, Rows
from evidence.studies.columns import RATIO_METRICS
from evidence.studies.optional_rules import optional_problems, optional_results

__all__ = ["row_problems", "row_warnings", "study_problems"]


def _at(mask: np.ndarray | pd.Series) -> list[int]:
    return [int(place) for place in np.flatnonzero(np.asarray(mask))]


def row_problems(checked: Checked) -> list[Problem]:
    """Return the problems that show only when cells of a row are held together."""
    return [
        *_events(checked),
        *_ratios(checked),
        *_intervals(checked),
        *_arm_sizes(checked),
        *optional_problems(checked),
    ]


def _events(checked: Checked) -> list[Problem]:
    table, text, rows = checked.table, checked.text, checked.rows
    return [
        rows.problem(
            *(at, "events are not more than the people that they are counted in"),
            *(f"events_{arm}", text[f"events_{arm}"].iloc[at]),
            f"total_{arm} is {text[f'total_{arm}'].iloc[at]}: leave it blank where events are not people",
        )
        for arm in "ec"
        for at in _at(table[f"events_{arm}"] > table[f"total_{arm}"])
    ]


def _ratios(checked: Checked) -> list[Problem]:
    table, text, rows = checked.table, checked.text, checked.rows
    ratio = table["effect_metric"].isin(RATIO_METRICS)
    return [
        rows.problem(
            *(at, "a ratio and its limits are positive", name, text[name].iloc[at]),
            f"effect_metric is {table['effect_metric'].iloc[at]}: is this its logarithm?",
        )
        for name in ("effect", "ci_low", "ci_high")
        for at in _at(ratio & (table[name] <= 0.0))
    ]


def _intervals(checked: Checked) -> list[Problem]:
    table, text, rows = checked.table, checked.text, checked.rows
    return [
        rows.problem(
            *(at, "the lower limit is not above the upper one", "ci_low", text["ci_low"].iloc[at]),
            f"ci_high is {text['ci_high'].iloc[at]}: exchange them?",
        )
        for at in _at(table["ci_low"] > table["ci_high"])
    ]


def _arm_sizes(checked: Checked) -> list[Problem]:
    """Compare the n of one arm label of one study, whichever side the arm stands on.

    Pooled rows are left out: each pools its own set of trials.
    """
    table = checked.table
    sides = [
        pd.DataFrame(
            {
                "study": table["study"],
                "arm": table[f"arm_{arm}"],
                "n": table[f"n_{arm}"],
                "at": np.arange(len(table)),
                "column": f"n_{arm}",
            }
        )[((table["level"] != "pooled") & table[f"n_{arm}"].notna() & (table[f"arm_{arm}"] != "")).to_numpy()]
        for arm in "ec"
    ]
    both = pd.concat(sides).sort_values("at", kind="stable")
    groups = both.groupby(["study", "arm"], sort=False)
    clashing = both[(groups["n"].transform("min") != groups["n"].transform("max")).to_numpy()]
    return [
        problem
        for _, arm in clashing.groupby(["study", "arm"], sort=False)
        for problem in _odd_sizes(arm, checked)
    ]


def _odd_sizes(arm: pd.DataFrame, checked: Checked) -> list[Problem]:
    """Name the rows of one arm whose n is not its usual one: the most frequent, of several the first."""
    usual = arm["n"].value_counts(sort=False).idxmax()
    known = arm[arm["n"] == usual].iloc[0]
    fix = (
        f"{known['arm']!r} of {known['study']} has {usual:g} on line {checked.rows.lines[known['at']]}; "
        "where fewer people were analysed, say so in the label of the arm"
    )
    return [
        checked.rows.problem(
            *(at, "an arm of a study has one size", name, str(checked.text[name].iloc[at]), fix)
        )
        for at, name in arm.loc[arm["n"] != usual, ["at", "column"]].itertuples(index=False)
    ]


def study_problems(rows: Rows, studies: pd.Series, known: set[str], where: str) -> list[Problem]:
    """Return the rows whose study a sidecar does not know."""
    missing = [str(study) for study in studies.unique() if study and study not in known]
    if not missing:
        return []
    close = {study: nearest(study, known) for study in missing}
    return [
        rows.problem(
            *(at, f"each study stands in {where}", "study", str(studies.iloc[at])),
            f"did you mean {name}?" if (name := close[str(studies.iloc[at])]) else f"add it to {where}",
        )
        for at in _at(studies.isin(missing))
    ]


def row_warnings(checked: Checked, info: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return what is odd and yet possible: printed so, or of no use, or lacking what pooling needs.

    Parameters
    ----------
    checked : Checked
        The checked table.
    info : DataFrame, optional
        The studies, for the people of the whole study (``n_total``).

    Returns
    -------
    DataFrame
        Columns ``line, row_id, column, rule, value``, in the order of the file.
    """
    table, text, rows = checked.table, checked.text, checked.rows
    low, high, effect = table["ci_low"], table["ci_high"], table["effect"]
    outside = (effect < low) | (effect > high)
    no_metric = effect.notna() & (table["effect_metric"] == "")
    found = [
        *((at, "effect", "an interval lies around its effect") for at in _at(outside)),
        *((at, "effect_metric", "an effect says what it is") for at in _at(no_metric)),
        *((at, "ci_low", "an interval has a width") for at in _at(low == high)),
        *((at, "row_id", "a row has a result that compares its arms") for at in _at(~_usable(table))),
        *((at, "better", NEEDS_BETTER) for at in _at(_without_better(table))),
        *((at, "effect_sign", NEEDS_SIGN) for at in _at(_without_sign(table))),
        *((at, "n_e", NEEDS_PEOPLE) for at in _at(_without_people(table, info))),
    ]
    found.sort(key=lambda item: item[0])
    return pd.DataFrame(
        {
            "line": pd.Series([int(rows.lines[at]) for at, _, _ in found], dtype="int64"),
            "row_id": pd.Series([rows.ids[at] for at, _, _ in found], dtype="str"),
            "column": pd.Series([column for _, column, _ in found], dtype="str"),
            "rule": pd.Series([rule for _, _, rule in found], dtype="str"),
            "value": pd.Series([_shown(text, at, column) for at, column, _ in found], dtype="str"),
        }
    )


def _shown(text: pd.DataFrame, at: int, column: str) -> str:
    if column == "effect":
        return f"{text['effect'].iloc[at]} [{text['ci_low'].iloc[at]}, {text['ci_high'].iloc[at]}]"
    return str(text[column].iloc[at])


NEEDS_BETTER = "arm means need better: which end of the outcome is good"
NEEDS_SIGN = "a printed effect needs effect_sign (or direction): whom it favours"
NEEDS_PEOPLE = "a test or means need n_e and n_c (or n_total in study_info.csv)"

_DIFFERENCES = ("t", "MD", "SMD")


def _association(table: pd.DataFrame) -> pd.Series:
    """Mark the rows on a risk factor: they speak of a factor, so that no arm is favoured."""
    return table["question"].eq("risk_factor") | table["basis"].eq("association")


def _means(table: pd.DataFrame) -> pd.Series:
    """Mark the rows with a mean of both arms, after training or of the change."""
    post, change = (
        table[f"{stage}_mean_e"].notna() & table[f"{stage}_mean_c"].notna() for stage in ("post", "change")
    )
    return post | change


def _without_better(table: pd.DataFrame) -> pd.Series:
    return _means(table) & table["better"].eq("") & ~_association(table) & table["level"].ne("pooled")


def _without_sign(table: pd.DataFrame) -> pd.Series:
    """Mark the printed effects of which nothing says whom they favour; one that says "unclear" has spoken."""
    oriented = table["effect_metric"].isin([*_DIFFERENCES, *RATIO_METRICS])
    silent = table["effect_sign"].eq("") & table["direction"].isin(["", "unclear"])
    return table["effect"].notna() & oriented & silent & ~_association(table)


def _without_people(table: pd.DataFrame, info: pd.DataFrame | None) -> pd.Series:
    """Mark the rows whose standard error rests on people that no file tells.

    A printed SMD or ratio with its interval, and counts with their totals, bring theirs along; pooled rows
    are context.
    """
    total = pd.Series(np.nan, index=table.index)
    if info is not None:
        total = (
            table["study"].map(info.drop_duplicates("study").set_index("study")["n_total"]).astype("float64")
        )
    silent = (table["n_e"].isna() | table["n_c"].isna()) & total.isna()
    test = (
        table["p_between"].ne("")
        | table["signif_between"].isin(["yes", "no"])
        | (table["effect_metric"].eq("t") & table["effect"].notna())
    )
    printed = table["effect_metric"].isin(["SMD", *RATIO_METRICS]) & table[
        ["effect", "ci_low", "ci_high"]
    ].notna().all(axis=1)
    counted = table[["events_e", "total_e", "events_c", "total_c"]].notna().all(axis=1)
    return silent & (test | _means(table)) & ~printed & ~counted & table["level"].ne("pooled")


def _usable(table: pd.DataFrame) -> pd.Series:
    """Mark the rows that say anything about one arm against the other."""
    words = ~table["direction"].isin(["", "unclear"]) | ~table["signif_between"].isin(["", "unclear"])
    return (
        _means(table)
        | (table["events_e"].notna() & table["events_c"].notna())
        | table["effect"].notna()
        | table["ci_low"].notna()
        | table["ci_high"].notna()
        | (table["p_between"] != "")
        | words
        | optional_results(table)
    )
