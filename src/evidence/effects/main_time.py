"""Rule i: of several time points of one outcome, the one nearest the end of treatment is the main one."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

__all__ = ["main_rows", "outcome_stem"]

_TIME = re.compile(
    r"""\s*[,(]?\s*
    (?: \b(?:at|after)\s+ (?:the\s+)?
        (?:end\s+of\s+\w+|\d+[\s-]*(?:weeks?|months?|years?)(?:[\s-]*follow[\s-]?up)?)
      | \bpost[\s-]?(?:intervention|treatment|test) \b
      | \b\d+[\s-]*(?:weeks?|months?|years?)[\s-]*follow[\s-]?up \b
      | \bat\s+follow[\s-]?up \b
    )\s*\)?""",
    re.IGNORECASE | re.VERBOSE,
)


def outcome_stem(outcome: str) -> str:
    """Return an outcome without its words about time: "pain at 6-month follow-up" is "pain".

    Examples
    --------
    >>> outcome_stem("AKPS at 12 months: hip v knee")
    'akps: hip v knee'
    >>> outcome_stem("health status post-intervention")
    'health status'
    """
    return " ".join(_TIME.sub(" ", outcome).split()).replace(" :", ":").casefold()


def main_rows(table: pd.DataFrame, weeks: pd.Series) -> np.ndarray:
    """Return which rows stand for their outcome's main time point.

    Parameters
    ----------
    table : DataFrame
        Rows with ``study``, ``question``, ``domain``, ``outcome``, ``arm_e``, ``arm_c`` and
        ``timepoint_weeks``.
    weeks : Series
        Length of each row's treatment in weeks, NaN where unknown (then the earliest time point is
        the main one: it is the nearest to the end of any treatment that had ended by then).

    Returns
    -------
    ndarray of bool
        True for the main row of each outcome, and for rows whose time point is not printed.
    """
    keys = table[["study", "question", "domain", "arm_e", "arm_c", "instrument"]].assign(
        stem=table["outcome"].map(outcome_stem)
    )
    time = table["timepoint_weeks"].to_numpy(dtype=np.float64)
    end = weeks.to_numpy(dtype=np.float64)
    distance = np.where(np.isfinite(end), np.abs(time - end), time)
    # Two time points at the same distance: the later one, after treatment, is the end result.
    rank = pd.DataFrame({"distance": distance, "later": -time}, index=table.index)
    best = pd.Series(True, index=table.index)
    for _, members in table.groupby([keys[column] for column in keys], sort=False).groups.items():
        times = table.loc[members, "timepoint_weeks"].dropna()
        if times.nunique() < 2:
            continue
        ordered = rank.loc[times.index].sort_values(["distance", "later"])
        chosen = table.loc[ordered.index[0], "timepoint_weeks"]
        best.loc[times.index] = (times == chosen).to_numpy()
    return best.to_numpy(dtype=bool)
