"""The lines of a `Trap`: two arms, their difference, its pattern, and whether the printed test fits."""

from __future__ import annotations

import math

import pandas as pd

from evidence._check import as_number
from evidence.effects.row import Row
from evidence.errors import ModelError
from evidence.numerics.trap import Chance, Difference, critical_t, one_arm_only, two_sided_p
from evidence.synthesis.trap_reports import ArmReport

__all__ = ["TRAP_COLUMNS", "chance_here", "misfit", "pattern_of", "spread_ratio", "trap_table"]

TRAP_COLUMNS = ("role", "name", "n", "said", "low", "high", "conf_low", "conf_high", "p_low", "p_high")
"""Columns of `Trap.table`, in this order."""


def spread_ratio(first: ArmReport, second: ArmReport, given: float | None) -> tuple[float, str]:
    """Return the ratio of the SDs of change, and how it is known.

    Raises
    ------
    ModelError
        Where it is no positive number.
    """
    if given is not None:
        ratio = as_number(given)
        if not (math.isfinite(ratio) and ratio > 0):
            raise ModelError(f"sd_ratio is a positive number (1 for equal spreads); got {given!r}")
        return ratio, f"SD of change in the first arm taken as {ratio:g} times that in the second"
    if math.isfinite(first.sd) and math.isfinite(second.sd):
        return first.sd / second.sd, f"SDs of change {first.sd:.3g} and {second.sd:.3g}"
    return 1.0, "SD of change assumed equal in both arms"


def pattern_of(first: ArmReport, second: ArmReport) -> str:
    """Return which arms are significant by their own tests."""
    if first.significant is None or second.significant is None:
        return "not said"
    return {
        (True, True): "both",
        (True, False): "first only",
        (False, True): "second only",
        (False, False): "neither",
    }[first.significant, second.significant]


def chance_here(first: ArmReport, second: ArmReport, found: Difference, alpha: float) -> Chance | None:
    """Return the chance at the change that both arms show together: their mean, weighted by people."""
    if not (first.exact and second.exact):
        return None
    changes = first.low * found.first_unit, second.low * found.second_unit
    together = (first.n * changes[0] + second.n * changes[1]) / (first.n + second.n)
    return one_arm_only(abs(together), first.n, second.n, alpha)


def trap_table(
    first: ArmReport, second: ArmReport, found: Difference, j: float, alpha: float
) -> pd.DataFrame:
    """Return the three lines, with the columns of `TRAP_COLUMNS`."""
    lines = []
    for role, arm, unit in (("first", first, found.first_unit), ("second", second, found.second_unit)):
        df = arm.n - 1
        reach = float(critical_t(alpha, df))
        p = sorted(float(two_sided_p(t, df)) for t in (arm.low, arm.high))
        if arm.low < 0 < arm.high:
            p[1] = 1.0
        scale = j * unit
        ends = (arm.low * scale, arm.high * scale)
        around = ((arm.low - reach) * scale, (arm.high + reach) * scale)
        lines.append((role, arm.name, arm.n, arm.said, *ends, *around, *p))
    reach = float(critical_t(alpha, found.df)) * math.sqrt(1 / first.n + 1 / second.n)
    lines.append(
        (
            *("difference", f"{first.name} minus {second.name}", first.n + second.n, ""),
            *(j * found.low, j * found.high, j * (found.low - reach), j * (found.high + reach)),
            *(found.p_low, found.p_high),
        )
    )
    return pd.DataFrame(lines, columns=list(TRAP_COLUMNS))


def misfit(row: Row, found: Difference) -> tuple[str, ...]:
    """Say where the printed test between the arms cannot belong to these within-arm results."""
    test = row.test
    if test is None or not 0 < test.p < 1:
        return ()
    size = float(critical_t(test.p, found.df))
    outside, side = (size, math.inf), row.side
    upper = {"=": (size, size), "<": outside, "<=": outside}.get(test.relation, (-size, size))
    lower = (-upper[1], -upper[0])
    possible = [upper] if side > 0 else [lower] if side < 0 else [upper, lower]
    slack = 0.05 * size  # rounding of printed numbers
    if any(low - slack <= found.t_high and found.t_low <= high + slack for low, high in possible):
        return ()
    return (
        "the printed test between the arms does not fit the results within them: another test, unequal "
        "spreads, another r, or a misprint",
    )
