"""Columns that ``studies.csv`` may have and most files lack: what papers print instead of means and SDs.

They stand in `Studies.table` only where the file (or its mapping) has them, so that a small file stays
small; `OPTIONAL_COLUMNS` has their records, which validator and codebook read like the others.
"""

from __future__ import annotations

from collections.abc import Iterator

from evidence.studies.column import Column, count, number, text

__all__ = ["OPTIONAL_COLUMNS", "STAGES"]

STAGES = ("pre", "post", "change")
"""When an arm's numbers were taken: before training, after it, or of the change between the two."""

_UNIT = "the row's unit"
_ARM = {"e": "first arm (e)", "c": "second arm (c)"}
_WHEN = {"pre": "before training", "post": "after training", "change": "of the change"}
_ARMS, _BETWEEN = "optional numbers of an arm", "optional results between the arms"
_SCALE = "optional facts of the outcome"


def _arm_numbers(stage: str, arm: str) -> Iterator[Column]:
    where = f"{_WHEN[stage]}, {_ARM[arm]}."
    yield number(
        *(_ARMS, f"{stage}_se_{arm}", "a standard error is positive"),
        f"Standard error of the mean {where}",
        unit=_UNIT,
        low=0.0,
        open_ends=True,
    )
    finite = "a limit of a mean is a finite number, the lower one below the upper one"
    yield number(
        _ARMS, f"{stage}_ci_low_{arm}", finite, f"Lower limit of the mean's interval {where}", unit=_UNIT
    )
    yield number(
        _ARMS, f"{stage}_ci_high_{arm}", finite, f"Upper limit of the mean's interval {where}", unit=_UNIT
    )
    ordered = "minimum, lower quartile, median, upper quartile and maximum do not fall"
    for name, what in (
        ("median", "Median"),
        ("q1", "Lower quartile"),
        ("q3", "Upper quartile"),
        ("min", "Smallest value"),
        ("max", "Largest value"),
    ):
        yield number(_ARMS, f"{stage}_{name}_{arm}", ordered, f"{what} {where}", unit=_UNIT)


def _size(stage: str, arm: str) -> Column:
    help = f"People measured {_WHEN[stage]}, {_ARM[arm]}, where they are not `n_{arm}`."
    return count(
        _ARMS, f"{stage}_n_{arm}", "the size of an arm is a whole number", help, unit="people", low=1
    )


def _change_numbers(arm: str) -> Iterator[Column]:
    yield number(
        *(_ARMS, f"r_{arm}", "a correlation lies between -1 and 1"),
        f"Correlation of the scores before and after, as printed, {_ARM[arm]}.",
        unit="correlation",
        low=-1.0,
        high=1.0,
        open_ends=True,
    )
    yield number(
        *(_ARMS, f"t_within_{arm}", "a t is a finite number"),
        f"t of the change within the arm (paired t), {_ARM[arm]}: with the mean change it gives its SD.",
        unit="t",
    )
    yield number(
        *(_ARMS, f"change_percent_{arm}", "a percent change is a finite number"),
        f"Mean change in percent of the mean before training, {_ARM[arm]}. Without an SD it is no effect.",
        unit="%",
    )


def _statistic(
    name: str, rule: str, help: str, *, unit: str, low: float = float("-inf"), open_ends: bool = False
) -> Column:
    return number(_BETWEEN, name, rule, help, unit=unit, low=low, open_ends=open_ends)


OPTIONAL_COLUMNS: tuple[Column, ...] = (
    *(column for stage in STAGES for arm in "ec" for column in _arm_numbers(stage, arm)),
    *(_size(stage, arm) for stage in ("pre", "post") for arm in "ec"),
    number(
        *(_ARMS, "arm_ci_level", "a confidence level lies between 0 and 1"),
        "Level of the intervals of the arms' means; blank is read as 0.95, and named.",
        unit="probability",
        low=0.0,
        high=1.0,
        open_ends=True,
    ),
    *(column for arm in "ec" for column in _change_numbers(arm)),
    _statistic(
        "t_between",
        "a t is a finite number",
        "t of the comparison of the arms. Its sign is read as first minus second arm, unless `effect_sign` "
        "or `direction` says otherwise.",
        unit="t",
    ),
    _statistic("f_between", "an F is 0 or more", "F of the comparison of the arms.", unit="F", low=0.0),
    _statistic(
        "f_df1",
        "degrees of freedom are 1 or more",
        "Numerator degrees of freedom of the F; blank is read as 1, and named. Only 1 compares two arms.",
        unit="degrees of freedom",
        low=1.0,
    ),
    _statistic(
        "df_between",
        "degrees of freedom are positive",
        "(Denominator) degrees of freedom of the t or F: they tell the people in all where `n_e` and `n_c` "
        "do not.",
        unit="degrees of freedom",
        low=0.0,
        open_ends=True,
    ),
    _statistic(
        "chi2_between",
        "a chi-squared is 0 or more",
        "Chi-squared of the comparison of the arms, 1 degree of freedom.",
        unit="chi-squared",
        low=0.0,
    ),
    number(
        *(_BETWEEN, "r_between", "a correlation lies between -1 and 1"),
        "Correlation of belonging to the first arm (1, else 0) with the outcome: a point-biserial r.",
        unit="correlation",
        low=-1.0,
        high=1.0,
        open_ends=True,
    ),
    _statistic(
        "adjusted_difference",
        "a difference is a finite number",
        "Difference of the arms adjusted for the baseline (ANCOVA), first minus second arm unless "
        "`effect_sign` says otherwise; `test_between` = `ancova` is implied.",
        unit=_UNIT,
    ),
    _statistic(
        "adjusted_se",
        "a standard error is positive",
        "Standard error of the adjusted difference.",
        unit=_UNIT,
        low=0.0,
        open_ends=True,
    ),
    _statistic(
        "adjusted_ci_low",
        "a limit of a difference is a finite number, the lower one below the upper one",
        "Lower limit of the adjusted difference, at `ci_level`.",
        unit=_UNIT,
    ),
    _statistic(
        "adjusted_ci_high",
        "a limit of a difference is a finite number, the lower one below the upper one",
        "Upper limit of the adjusted difference, at `ci_level`.",
        unit=_UNIT,
    ),
    count(
        *(_SCALE, "scale_items", "a number of items is a whole number"),
        "Items that each score is the mean of, where scores are whole numbers or means of such; 1 for counts "
        "and sum scores. The audit then knows which means are possible.",
        unit="items",
        low=1,
    ),
    number(
        *(_SCALE, "scale_min", "an end of a scale is a finite number"),
        "Lowest possible score, where the scale has one.",
        unit=_UNIT,
    ),
    number(
        *(_SCALE, "scale_max", "an end of a scale is a finite number"),
        "Highest possible score, where the scale has one.",
        unit=_UNIT,
    ),
    text(
        _SCALE,
        "subgroup",
        "Part of the study's people that the row is about (girls, seniors); blank for all.",
    ),
)
"""The records, in the order in which their columns follow `evidence.studies.columns.COLUMNS`."""
