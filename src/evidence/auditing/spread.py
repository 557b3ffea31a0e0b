"""Standard errors taken for standard deviations, and the effects that give them away."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from evidence.auditing.data import AuditData, Floats
from evidence.auditing.flags import ARMS, flag, sd_of_error, shown
from evidence.auditing.record import Check, Finding, Repair
from evidence.auditing.usual import (
    THRESHOLD,
    RowSpread,
    averaged,
    like_standard_errors,
    log_ratio,
    usual_elsewhere,
)
from evidence.effects.formulas import g_from_means

__all__ = ["SPREAD"]

LARGE_G = 3.0
"""Kadlec 2023: 60 % of the effects beyond it were such mix-ups."""
BETWEEN = 0.3
"""Usual standard deviation of ln SD between studies of one outcome."""
WITHIN = 0.2
"""The same between the arms, or between the times, of one study."""


def _cells(stages: Sequence[str]) -> list[tuple[str, str]]:
    return [(f"{stage}_sd_{arm}", f"n_{arm}") for stage in stages for arm in ARMS]


def _row_spread(data: AuditData, stages: Sequence[str]) -> RowSpread:
    """Return ln SD of each row, over its filled cells."""
    logs, sizes, variances = [], [], []
    for column, size in _cells(stages):
        with np.errstate(invalid="ignore", divide="ignore"):
            n = data.number(size)
            logs.append(np.where(n > 1, np.log(data.number(column)), np.nan))
            sizes.append(n)
            variances.append(1.0 / (2.0 * (n - 1.0)))
    return averaged(logs, sizes, variances)


def _as_sd(data: AuditData, at: int, stages: Sequence[str], why: str) -> Repair | None:
    cells = []
    for column, size in _cells(stages):
        sd, n = float(data.number(column)[at]), float(data.number(size)[at])
        if np.isfinite(sd) and n > 1:
            cells.append((column, sd_of_error(sd, n)))
    return Repair(str(data.row_ids[at]), tuple(cells), why) if cells else None


def _first_filled(data: AuditData, at: int, stages: Sequence[str]) -> str:
    return next((c for c, _ in _cells(stages) if np.isfinite(data.number(c)[at])), "")


_SE = "standard_error_as_sd"


def _standard_errors(data: AuditData) -> Sequence[Finding]:
    out: list[Finding] = []
    for stages, words in (
        (("post", "pre"), "standard deviations"),
        (("change",), "standard deviations of change"),
    ):
        spread = _row_spread(data, stages)
        usual, others = usual_elsewhere(data, spread, ["outcome", "unit"])
        mask = like_standard_errors(spread, usual, others, BETWEEN)

        def message(at: int, spread: RowSpread = spread, usual: Floats = usual, words: str = words) -> str:
            return (
                f"the {words} are {shown(float(np.exp(spread.value[at])))} where other studies of this "
                "outcome have "
                f"{shown(float(np.exp(usual[at])))}: like standard errors "
                f"(times the square root of n: {shown(float(np.exp(spread.value[at] + spread.root[at])))})"
            )

        def repair(at: int, stages: Sequence[str] = stages) -> Repair | None:
            return _as_sd(data, at, stages, "read as standard errors: multiplied by the square root of n")

        def column(at: int, stages: Sequence[str] = stages) -> str:
            return _first_filled(data, at, stages)

        def expected(at: int, usual: Floats = usual) -> str:
            return f"about {shown(float(np.exp(usual[at])))}"

        out += flag(data, mask, _SE, "unlikely", message, column=column, expected=expected, repair=repair)
    return out


_ROW = "spread_within_row"


def _within_rows(data: AuditData) -> Sequence[Finding]:
    """Compare the standard deviations of a row with each other: arms at one time, times within an arm."""
    pairs = [(f"{s}_sd_e", "n_e", f"{s}_sd_c", "n_c") for s in ("pre", "post", "change")]
    pairs += [(f"pre_sd_{a}", f"n_{a}", f"post_sd_{a}", f"n_{a}") for a in ARMS]
    out: list[Finding] = []
    told = np.zeros(len(data), dtype=bool)
    for first, n_first, second, n_second in pairs:
        a, b = data.number(first), data.number(second)
        n_a, n_b = data.number(n_first), data.number(n_second)
        with np.errstate(invalid="ignore", divide="ignore"):
            lower = np.where(a < b, n_a, n_b)
            variance = 2 * WITHIN**2 + 1.0 / (2.0 * (n_a - 1.0)) + 1.0 / (2.0 * (n_b - 1.0))
            below = np.abs(np.log(a / b))
            ratio = log_ratio(below, np.log(lower) / 2.0, variance)
            mask = ~told & (lower > 1) & (ratio > THRESHOLD + 1.0)
        told |= mask

        def message(at: int, first: str = first, second: str = second) -> str:
            pair = f"{first} {data.as_printed(first)[at]} and {second} {data.as_printed(second)[at]}"
            return f"{pair} differ as a standard error and a standard deviation do"

        def smaller(at: int, first: str = first, second: str = second) -> str:
            return first if data.number(first)[at] < data.number(second)[at] else second

        def repair(at: int, first: str = first, second: str = second) -> Repair | None:
            column = first if data.number(first)[at] < data.number(second)[at] else second
            n = float(data.number(f"n_{column[-1]}")[at])
            value = sd_of_error(float(data.number(column)[at]), n)
            why = "read as a standard error: multiplied by the square root of n"
            return Repair(str(data.row_ids[at]), ((column, value),), why)

        out += flag(data, mask, _ROW, "unlikely", message, column=smaller, repair=repair)
    return out


_G = "large_effect"


def _large(data: AuditData) -> Sequence[Finding]:
    """Flag standardised differences beyond `LARGE_G`, from means or as printed."""
    found = np.full(len(data), np.nan)
    with np.errstate(all="ignore"):
        for stage in ("change", "post"):
            columns = [f"{stage}_mean_e", f"{stage}_sd_e", "n_e", f"{stage}_mean_c", f"{stage}_sd_c", "n_c"]
            values = [data.number(name) for name in columns]
            usable = np.isfinite(values).all(axis=0) & (values[2] > 1) & (values[5] > 1)
            g = g_from_means(*(np.where(usable, value, 2.0) for value in values)).estimate
            found = np.where(usable & np.isfinite(g), g, found)
    printed = (data.word("effect_metric") == "SMD") & np.isfinite(data.number("effect"))
    found = np.where(np.isfinite(found), found, np.where(printed, data.number("effect"), np.nan))
    with np.errstate(invalid="ignore"):
        mask = (np.abs(found) > LARGE_G) & data.study_rows
    return flag(
        *(data, mask, _G, "unlikely"),
        lambda at: (
            f"a standardised difference of {shown(float(found[at]))}: six in ten of such effects were "
            "standard "
            "errors taken for standard deviations"
        ),
        column=lambda at: _first_filled(data, at, ("post", "change")) or "effect",
        expected=lambda at: f"between \N{MINUS SIGN}{LARGE_G:g} and {LARGE_G:g}",
    )


_KADLEC = "Kadlec, Sainani & Nimphius 2023, https://doi.org/10.1007/s40279-022-01766-0"
_NUMBERS = "numbers against numbers"

SPREAD: tuple[Check, ...] = (
    Check(
        name=_G,
        family=_NUMBERS,
        title="standardised differences too large to be true",
        rule="|g| > 3 from means and standard deviations, or as printed",
        severities=("unlikely",),
        needs=("post_mean_e", "post_sd_e", "n_e"),
        example="45.0 (1.2) against 40.0 (1.1) with 16 an arm gives g = 4.2; with SDs of 4.8 and 4.4 it is "
        "1.1.",
        advice="Look whether the paper's spread is a standard error, and whether n is right.",
        source=_KADLEC,
        find=_large,
    ),
    Check(
        name=_SE,
        family=_NUMBERS,
        title="standard errors taken for standard deviations",
        rule="ln SD against the median of the other studies of the outcome and unit, m; variance 0.3² + "
        "1/(2(n-1)) + 1.57 0.3²/(k-1); flagged where the likelihood of ln SD + ½ ln n is more than e² times "
        "that "
        "of ln SD; from three other studies on",
        severities=("unlikely",),
        needs=("post_sd_e", "n_e", "outcome"),
        example="A sprint SD of 0.04 s with n = 16 where other studies have 0.15 s: 0.04 times 4 is 0.16.",
        advice="Look up in the paper which of the two it prints; the repair multiplies by the square root "
        "of n.",
        source=_KADLEC,
        find=_standard_errors,
    ),
    Check(
        name=_ROW,
        family=_NUMBERS,
        title="standard deviations of one row that differ by the square root of n",
        rule="two arms at one time, or one arm at two times: log likelihood ratio above 3 with variance "
        "2 0.2² + 1/(2(n1-1)) + 1/(2(n2-1))",
        severities=("unlikely",),
        needs=("post_sd_e", "post_sd_c", "n_e", "n_c"),
        example="Before 6.1, after 1.5 with n = 16: the second looks like a standard error.",
        advice="Look up the smaller of the two in the paper.",
        source=_KADLEC,
        find=_within_rows,
    ),
)
