"""What a forest plot shows, decided before anything is drawn."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd

from evidence.charts.captions import limits
from evidence.charts.frame import as_float, as_text, printed, printed_range
from evidence.charts.words import count, decimals_for, number, percent, plural, range_words

if TYPE_CHECKING:
    from evidence.fit import MetaFit

__all__ = ["FOREST_COLUMNS", "KIND_MARKS", "forest_rows", "row_numbers"]

FOREST_COLUMNS = (
    "role",
    "row_id",
    "study",
    "label",
    "outcome",
    "people",
    "n_text",
    "kind",
    "mark",
    "estimate",
    "low",
    "high",
    "estimate_text",
    "interval_text",
    "share",
    "share_text",
    "note",
)
"""Columns of `forest_rows`, in this order."""

KIND_MARKS = {"exact": "square", "interval": "band", "sign": "arrow"}
"""Shape of a row by its kind; an unusable row has none."""


def forest_rows(fit: MetaFit) -> pd.DataFrame:
    """Decide what a forest plot of a pooled result shows.

    Parameters
    ----------
    fit : MetaFit
        The pooled result.

    Returns
    -------
    DataFrame
        One line per row of the effects in their order (``role`` is ``"row"``, or ``"left_out"`` where it
        was not pooled, with the reason in ``note``), then the pooled result, its prediction interval
        and the results alongside. ``estimate``, ``low`` and ``high`` are on the printed scale: for exact
        rows the normal interval at the level of the fit, for interval rows the bounds that follow
        from the print, infinite (0 for ratios) where open. ``mark`` names the shape. ``label`` and
        ``outcome`` are whole here, even where the picture shortens them. ``share`` is the weight, or
        the information that would be lost without the row, in percent; ``attrs["share_name"]`` says which.

    Examples
    --------
    >>> import evidence as ev
    >>> effects = ev.effects_from([0.2, 0.5, 0.1], std_error=[0.2, 0.3, 0.25], study=["a", "b", "c"])
    >>> list(forest_rows(ev.random_effects(effects))["role"])
    ['row', 'row', 'row', 'pooled', 'prediction']
    """
    share = "weight" if "weight" in fit.rows and fit.rows["weight"].notna().any() else "contribution"
    decimals = decimals_for([as_float(v) for v in fit.rows["std_error"]]) if fit.scale != "log" else 2
    lines = [_row(row, fit, share, decimals) for row in fit.rows.to_dict("records")]
    lines += [line for line in (_pooled(fit, decimals), _prediction(fit, decimals)) if line]
    lines += [_alongside(name, other, decimals) for name, other in fit.alongside if _comparable(fit, other)]
    frame = pd.DataFrame(lines, columns=list(FOREST_COLUMNS))
    frame.attrs["share_name"] = "Weight" if share == "weight" else "Unique information"
    return frame


def _comparable(fit: MetaFit, other: MetaFit) -> bool:
    """Tell whether a result alongside has the same scale, something to draw, and is not the result itself."""
    same = other.k == fit.k and limits(other) == limits(fit)
    drawn = not all(map(math.isnan, limits(other)))
    return other.measure == fit.measure and other.scale == fit.scale and drawn and not same


def _row(row: dict[Any, Any], fit: MetaFit, share: str, decimals: int) -> dict[str, object]:
    """Return the line of one row of the effects."""
    kind = as_text(row["kind"])
    used = bool(row["used"])
    estimate, low, high = row_numbers(row, fit, kind)
    people = as_float(row.get("people"))
    part = as_float(row.get(share)) if used else math.nan
    log = fit.scale == "log"
    return {
        "role": "row" if used else "left_out",
        "row_id": as_text(row["row_id"]),
        "study": as_text(row["study"]),
        "label": as_text(row.get("label")) or as_text(row["study"]),
        "outcome": as_text(row.get("outcome")),
        "people": people,
        "n_text": count(people),
        "kind": kind,
        "mark": KIND_MARKS.get(kind, "none") if used else "none",
        "estimate": estimate,
        "low": low,
        "high": high,
        "estimate_text": number(estimate, decimals),
        "interval_text": range_words(low, high, 0 if kind == "sign" else decimals, log=log),
        "share": part,
        "share_text": percent(part),
        "note": as_text(row.get("why_not")),
    }


def row_numbers(row: dict[Any, Any], fit: MetaFit, kind: str) -> tuple[float, float, float]:
    """Return estimate and ends on the printed scale: a confidence interval, or the bounds of the print."""
    from scipy.stats import norm

    estimate, error = as_float(row["estimate"]), as_float(row["std_error"])
    if kind == "exact":
        reach = float(norm.ppf(0.5 + fit.level / 2)) * error
        ends = estimate - reach, estimate + reach
    else:
        estimate, ends = math.nan, (as_float(row["low"]), as_float(row["high"]))
    low, high = printed_range(*ends, fit.scale, fit.display_sign)
    return printed(estimate, fit.scale, fit.display_sign), low, high


def _summary(
    role: str,
    label: str,
    outcome: str,
    mark: str,
    numbers: tuple[float, float, float],
    decimals: int,
    *,
    people: float = math.nan,
    log: bool = False,
) -> dict[str, object]:
    """Return a line that is not a row of the effects."""
    estimate, low, high = numbers
    return {
        "role": role,
        "row_id": "",
        "study": "",
        "label": label,
        "outcome": outcome,
        "people": people,
        "n_text": "" if math.isnan(people) else count(people),
        "kind": "",
        "mark": mark,
        "estimate": estimate,
        "low": low,
        "high": high,
        "estimate_text": number(estimate, decimals),
        "interval_text": range_words(low, high, decimals, log=log),
        "share": math.nan,
        "share_text": "",
        "note": "",
    }


def _amount(fit: MetaFit) -> str:
    """Return rows and studies; where each study has one row, only the studies."""
    studies = plural(fit.n_studies, "study", "studies")
    return studies if fit.k == fit.n_studies else f"{plural(fit.k, 'row')}, {studies}"


def _pooled(fit: MetaFit, decimals: int) -> dict[str, object]:
    """Return the line of the pooled result: a value, a one-sided limit, or neither."""
    numbers = limits(fit)
    people = as_float(fit.n_people)
    if not math.isnan(numbers[0]):
        label, mark = "Pooled", "diamond"
    elif fit.bound == "none" or math.isnan(numbers[1]) or math.isnan(numbers[2]):
        label, mark, numbers = "Pooled: no limit can be given", "none", (math.nan, math.nan, math.nan)
    else:
        label, mark = "Pooled: a limit on one side", "bound"
    line = _summary(
        "pooled", label, _amount(fit), mark, numbers, decimals, people=people, log=fit.scale == "log"
    )
    if mark == "none":
        line["interval_text"] = "no limit"
    return line


def _prediction(fit: MetaFit, decimals: int) -> dict[str, object] | None:
    """Return the line of the prediction interval, where there is one."""
    if fit.pred_low is None or fit.pred_high is None:
        return None
    low, high = printed_range(fit.pred_low, fit.pred_high, fit.scale, fit.display_sign)
    return _summary("prediction", "Prediction interval", "", "prediction", (math.nan, low, high), decimals)


def _alongside(name: str, other: MetaFit, decimals: int) -> dict[str, object]:
    """Return the line of a result that stands beside the main one: "exact rows only"."""
    line = _pooled(other, decimals)
    line["role"], line["label"] = "alongside", name[:1].upper() + name[1:]
    return line
