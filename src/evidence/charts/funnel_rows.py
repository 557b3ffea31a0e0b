"""What a funnel plot shows, decided before anything is drawn."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from evidence.charts.frame import as_float, as_text, printed, printed_range
from evidence.errors import ModelError
from evidence.numerics.intervals import quantile, two_sided_p

if TYPE_CHECKING:
    from evidence.effects.record import Effects
    from evidence.fit import MetaFit
    from evidence.synthesis.bias_fill import TrimAndFill
    from evidence.synthesis.funnel_record import FunnelTest

__all__ = ["FUNNEL_COLUMNS", "REGIONS", "funnel_fit", "funnel_lines", "funnel_rows"]

FUNNEL_COLUMNS = (
    "role",
    "row_id",
    "study",
    "label",
    "kind",
    "mark",
    "estimate",
    "low",
    "high",
    "std_error",
    "p_value",
    "region",
    "note",
)
"""Columns of `funnel_rows`, in this order."""

REGIONS = {"p < 0.01": 0.01, "p 0.01 to 0.05": 0.05, "p 0.05 to 0.10": 0.10, "p > 0.10": 1.0}
"""Regions of a funnel by the two-sided p of an effect in them, with their upper ends (Peters et al. 2008)."""

_LINE_POINTS = 41
"""Points of each line: straight ones need two, a line in the variance bends."""

_WAY = "fit = ev.random_effects(effects)"


def funnel_fit(fit_or_effects: MetaFit | Effects) -> MetaFit:
    """Return a pooled result: the given one, or that of the exact rows of effects.

    Raises
    ------
    ModelError
        Where neither is given, or the fit has moderators or several outcomes, so that there is no one mean.
    """
    from evidence.effects.record import Effects
    from evidence.models import multilevel, random_effects
    from evidence.models.rows import select, several_rows

    given: Any = fit_or_effects
    if isinstance(given, Effects):
        several = several_rows(select(given, partial=False))
        return multilevel(given) if several else random_effects(given)
    if not all(hasattr(given, name) for name in ("rows", "estimate", "scale", "level")):
        raise ModelError(
            f"funnel() takes a pooled result (MetaFit) or Effects; got {type(given).__name__}. "
            f"To get one: {_WAY}"
        )
    if getattr(given, "coefficients", None) is not None:
        raise ModelError(
            "a fit with moderators or several outcomes has no one mean to draw a funnel around; "
            "pass the effects, or a fit without a formula"
        )
    fit: MetaFit = given
    return fit


def funnel_rows(fit_or_effects: MetaFit | Effects, *, filled: TrimAndFill | None = None) -> pd.DataFrame:
    """Decide what a funnel plot shows of each row.

    Parameters
    ----------
    fit_or_effects : MetaFit or Effects
        A pooled result; effects are pooled by `random_effects`, or by `multilevel` where a study has
        several rows.
    filled : TrimAndFill, optional
        The same effects with those that `trim_and_fill` adds.

    Returns
    -------
    DataFrame
        One line a row: ``role`` is ``"row"``, ``"filled"`` or ``"left_out"``; ``mark`` is ``"point"`` for a
        value, ``"bounds"`` for a row of which only limits and a standard error are known, ``"filled"``, or
        ``"none"`` for what has no place (a direction alone, or no standard error), with the reason in
        ``note``. ``estimate``, ``low`` and ``high`` are on the printed scale, ``std_error`` on that of the
        model; ``p_value`` is two-sided and normal, ``region`` one of `REGIONS`.

    Raises
    ------
    ModelError
        Where the fit has no one mean, or `filled` was made from other effects.

    Examples
    --------
    >>> import evidence as ev
    >>> effects = ev.effects_from([0.1, 0.2, 0.9], std_error=[0.05, 0.2, 0.3])
    >>> funnel_rows(effects)["region"].tolist()
    ['p 0.01 to 0.05', 'p > 0.10', 'p < 0.01']
    """
    fit = funnel_fit(fit_or_effects)
    lines = [_line(row, fit) for row in fit.rows.to_dict("records")]
    if filled is not None:
        own = {line["row_id"] for line in lines if line["mark"] == "point"}
        table = filled.table
        others = set(table.loc[~table["filled"], "row_id"].astype(str))
        if own != others:
            raise ModelError(
                f"filled was made from other effects ({len(others)} rows, here {len(own)}): "
                "pass trim_and_fill(effects) of the effects that are drawn"
            )
        lines += [_filled(row, fit) for row in table.loc[table["filled"]].to_dict("records")]
    return pd.DataFrame(lines, columns=list(FUNNEL_COLUMNS))


def _line(row: dict[Any, Any], fit: MetaFit) -> dict[str, object]:
    """Return the line of one row of the effects."""
    kind, used = as_text(row["kind"]), bool(row["used"])
    estimate, error = as_float(row["estimate"]), as_float(row["std_error"])
    low, high = as_float(row["low"]), as_float(row["high"])
    exact, has_error = kind == "exact" and not math.isnan(estimate), error > 0.0
    bounded = kind == "interval" and (math.isfinite(low) or math.isfinite(high))
    mark = "none" if not (used and has_error) else "point" if exact else "bounds" if bounded else "none"
    p = two_sided_p(estimate / error, None) if mark == "point" else math.nan
    note = as_text(row.get("why_not"))
    if used and mark == "none":
        note = "direction only" if kind == "sign" else "no standard error"
    ends = (math.nan, math.nan) if exact else printed_range(low, high, fit.scale, fit.display_sign)
    return {
        "role": "row" if used else "left_out",
        "row_id": as_text(row["row_id"]),
        "study": as_text(row["study"]),
        "label": as_text(row.get("label")) or as_text(row["study"]),
        "kind": kind,
        "mark": mark,
        "estimate": printed(estimate, fit.scale, fit.display_sign) if exact else math.nan,
        "low": ends[0],
        "high": ends[1],
        "std_error": error,
        "p_value": p,
        "region": _region(p),
        "note": note,
    }


def _filled(row: dict[Any, Any], fit: MetaFit) -> dict[str, object]:
    """Return the line of an effect that trim and fill adds."""
    estimate, error = as_float(row["estimate"]), as_float(row["std_error"])
    p = two_sided_p(estimate / error, None)
    return {
        "role": "filled",
        "row_id": as_text(row["row_id"]),
        "study": as_text(row["study"]),
        "label": as_text(row["study"]),
        "kind": "filled",
        "mark": "filled",
        "estimate": printed(estimate, fit.scale, fit.display_sign),
        "low": math.nan,
        "high": math.nan,
        "std_error": error,
        "p_value": p,
        "region": _region(p),
        "note": "made up by trim and fill, no data",
    }


def _region(p: float) -> str:
    if math.isnan(p):
        return ""
    return next(name for name, end in REGIONS.items() if p <= end)


def funnel_lines(
    fit_or_effects: MetaFit | Effects, top: float, *, test: FunnelTest | None = None
) -> pd.DataFrame:
    """Return the lines of a funnel plot from a standard error of 0 to the largest one.

    Parameters
    ----------
    fit_or_effects : MetaFit or Effects
        As in `funnel_rows`.
    top : float
        The largest standard error that is drawn.
    test : FunnelTest, optional
        Egger's regression on standard errors or variances, of which the line is drawn.

    Returns
    -------
    DataFrame
        Columns ``line``, ``side`` (-1, 0, 1 on the scale of the model), ``std_error``, ``value`` (printed
        scale). ``"p = 0.10"``, ``"p = 0.05"`` and ``"p = 0.01"`` are the effects whose two-sided p that is;
        ``"pooled"`` the mean; ``"limits"`` the mean ± the normal quantile of the level times the standard
        error, between which effects would lie if all measured one; ``"egger"`` the regression.

    Raises
    ------
    ModelError
        Where the line of the test cannot be drawn against standard errors.
    """
    fit = funnel_fit(fit_or_effects)
    errors = np.linspace(0.0, top, _LINE_POINTS)
    curves: list[tuple[str, int, Any]] = [
        (f"p = {p:.2f}", side, side * quantile(1.0 - p, None) * errors)
        for p in (0.10, 0.05, 0.01)
        for side in (-1, 1)
    ]
    if fit.estimate is not None:
        reach = quantile(fit.level, None) * errors
        curves += [("limits", side, fit.estimate + side * reach) for side in (-1, 1)]
        curves.append(("pooled", 0, np.full(errors.size, fit.estimate)))
    if test is not None:
        curves.append(("egger", 0, _egger(test, errors)))
    parts = [
        pd.DataFrame(
            {
                "line": name,
                "side": side,
                "std_error": errors,
                "value": [printed(float(v), fit.scale, fit.display_sign) for v in values],
            }
        )
        for name, side, values in curves
    ]
    return pd.concat(parts, ignore_index=True)


def _egger(test: FunnelTest, errors: np.ndarray) -> np.ndarray:
    """Return the regression of a test at standard errors.

    Raises
    ------
    ModelError
        Where the test has no line, or one against something else.
    """
    if test.method != "egger" or test.predictor not in ("sei", "vi"):
        raise ModelError(
            f"only Egger's line on 'sei' or 'vi' can be drawn in a funnel; this test is {test.method!r} on "
            f"{test.predictor!r}. Its sentence() tells its result"
        )
    terms = test.table.set_index("term")["estimate"]
    x = errors if test.predictor == "sei" else errors**2
    return np.asarray(float(terms["intercept"]) + float(terms["slope"]) * x, dtype=np.float64)
