"""What a forest plot shows, decided before anything is drawn."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd

from evidence.charts.captions import limits, result_words
from evidence.charts.forest_layout import Preset, preset_for
from evidence.charts.forest_sections import Block, Sections, sections_of
from evidence.charts.forest_words import amount, pooled_test_words, spread_line
from evidence.charts.frame import as_float, as_text, printed, printed_range
from evidence.charts.words import count, decimals_for, number, percent, range_words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from evidence.fit import MetaFit
    from evidence.synthesis.compare import Comparison

__all__ = ["FOREST_COLUMNS", "KIND_MARKS", "forest_rows", "row_numbers", "rows_of"]

FOREST_COLUMNS = (
    "role",
    "group",
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
    "fitted",
    "estimate_text",
    "interval_text",
    "effect_text",
    "share",
    "share_text",
    "note",
)
"""Columns of `forest_rows`, in this order."""

KIND_MARKS = {"exact": "square", "interval": "band", "sign": "arrow"}
"""Shape of a row by its kind; an unusable row has none."""


def forest_rows(
    fit: MetaFit | Comparison, *, overall: MetaFit | None = None, preset: str = "evidence"
) -> pd.DataFrame:
    """Decide what a forest plot shows.

    Parameters
    ----------
    fit : MetaFit or Comparison
        The pooled result, or one for each subgroup.
    overall : MetaFit, optional
        The result of all rows, below the subgroups of a comparison.
    preset : {"evidence", "RevMan", "JAMA", "BMJ"}, default "evidence"
        Whose words and brackets the texts have.

    Returns
    -------
    DataFrame
        One line per row of the effects in their order (``role`` is ``"row"``, or ``"left_out"`` where it
        was not pooled, with the reason in ``note``), then the pooled result (``"pooled"``), its prediction
        interval (``"prediction"``) and the results alongside (``"alongside"``). Subgroups have a
        ``"heading"``, their rows, a ``"subtotal"`` and ``"statistics"``: rows, studies and heterogeneity in
        words; the test between them (``"test"``) stands last. ``estimate``, ``low`` and ``high`` are on the
        printed scale: for exact rows the normal interval at the level of the fit, for interval rows the
        bounds that follow from the print, infinite (0 for ratios) where open; ``fitted`` is the mean at the
        moderators of a meta-regression. ``mark`` names the shape. ``label`` and ``outcome`` are whole here,
        even where the picture shortens them. ``share`` is the weight, or the information that would be lost
        without the row, in percent; ``attrs["share_name"]`` says which.

    Examples
    --------
    >>> import evidence as ev
    >>> effects = ev.effects_from([0.2, 0.5, 0.1], std_error=[0.2, 0.3, 0.25], study=["a", "b", "c"])
    >>> list(forest_rows(ev.random_effects(effects))["role"])
    ['row', 'row', 'row', 'pooled', 'prediction']
    """
    house = preset_for(preset)
    return rows_of(sections_of(fit, overall, house), house)


def rows_of(sections: Sections, preset: Preset) -> pd.DataFrame:
    """Return the lines of a forest plot that is already sorted into its parts."""
    lead, overall = sections.lead, sections.overall
    share, shares = _shares(sections)
    every = [as_float(v) for fit in sections.fits for v in fit.rows["std_error"]]
    decimals = decimals_for(every) if lead.scale != "log" else 2
    lines: list[dict[str, object]] = []
    for block in sections.blocks:
        part = [] if block.fit is None else block.fit.rows.to_dict("records")
        if sections.grouped:
            lines.append(_text("heading", block.name))
        lines += [_row(row, lead, shares, decimals, sections.fitted) for row in part]
        if sections.grouped:
            lines += _subtotal(block, preset, decimals)
        for line in lines:  # those of earlier blocks have theirs
            line.setdefault("group", block.name)
    if overall is not None:
        same = sections.grouped and preset.pooled == preset.subtotal  # two names for two results
        label = _pooled_label(overall, "Overall" if same else preset.pooled)
        pooled = _pooled(overall, decimals) | {"label": label}
        lines += [line for line in (pooled, _prediction(overall, decimals)) if line]
        lines += [
            _alongside(n, other, decimals) for n, other in overall.alongside if _comparable(overall, other)
        ]
        if preset.statistics != "evidence":
            lines += _statistics(overall, preset)
    if sections.test:
        lines.append(_text("test", sections.test))
    frame = pd.DataFrame(lines, columns=list(FOREST_COLUMNS))
    frame["group"] = frame["group"].fillna("")
    _write(frame, preset, decimals, log=lead.scale == "log")
    if share == "weight" and not preset.percent:
        frame["share_text"] = frame["share_text"].str.rstrip("%")
    name = "Weight" if share == "weight" else "Unique information"
    frame.attrs["share_name"] = preset.share or name if share == "weight" else name
    return frame


def _shares(sections: Sections) -> tuple[str, dict[str, float]]:
    """Return what the rows are weighed by and the percent of each: of all rows where all were pooled."""
    sources = [sections.overall] if sections.overall is not None else sections.fits
    share = "contribution"
    if any("weight" in fit.rows and fit.rows["weight"].notna().any() for fit in sources):
        share = "weight"
    shares: dict[str, float] = {}
    for fit in sources:
        if share in fit.rows:
            values = zip(fit.rows["row_id"], fit.rows[share], strict=True)
            shares |= {as_text(row): as_float(value) for row, value in values}
    return share, shares


def _write(frame: pd.DataFrame, preset: Preset, decimals: int, *, log: bool) -> None:
    """Fill in the texts of intervals and effects as the preset prints them."""
    lines = frame[["mark", "kind", "low", "high", "interval_text"]].to_dict("records")
    frame["interval_text"] = [
        preset.interval(line["low"], line["high"], decimals, log=log)
        if line["mark"] not in ("none", "bound") and line["kind"] not in ("interval", "sign")  # no brackets
        else line["interval_text"]
        for line in lines
    ]
    both = zip(frame["estimate_text"], frame["interval_text"], strict=True)
    frame["effect_text"] = [" ".join(part for part in pair if part) for pair in both]


def _comparable(fit: MetaFit, other: MetaFit) -> bool:
    """Tell whether a result alongside has the same scale, something to draw, and is not the result itself."""
    same = other.k == fit.k and limits(other) == limits(fit)
    drawn = not all(map(math.isnan, limits(other)))
    return other.measure == fit.measure and other.scale == fit.scale and drawn and not same


def _row(
    row: dict[Any, Any],
    fit: MetaFit,
    shares: Mapping[str, float],
    decimals: int,
    fitted: Mapping[str, float] | None,
) -> dict[str, object]:
    """Return the line of one row of the effects."""
    kind = as_text(row["kind"])
    used = bool(row["used"])
    estimate, low, high = row_numbers(row, fit, kind)
    people = as_float(row.get("people"))
    name = as_text(row["row_id"])
    part = shares.get(name, math.nan) if used else math.nan
    log = fit.scale == "log"
    at = (fitted or {}).get(name)
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
        "fitted": printed(at, fit.scale, fit.display_sign),
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


def _text(role: str, words: str) -> dict[str, object]:
    """Return a line that has only words, across the columns."""
    return _summary(role, words, "", "none", (math.nan, math.nan, math.nan), 2)


def _statistics(fit: MetaFit, preset: Preset) -> list[dict[str, object]]:
    """Return what is said of a result below it: heterogeneity, then the test of its effect."""
    return [
        _text("statistics", line)
        for line in (spread_line(fit, preset), pooled_test_words(fit, preset))
        if line
    ]


def _subtotal(block: Block, preset: Preset, decimals: int) -> list[dict[str, object]]:
    """Return the result of a subgroup and what is said of it; one study is shown, not pooled."""
    fit = block.fit
    if fit is None:
        return [_text("statistics", block.why or "Not pooled.")]
    if fit.n_studies == 0 or not fit.rows["used"].any():
        return [_text("statistics", "Nothing to pool")]
    if fit.n_studies == 1:
        return [_text("statistics", "One study: shown, not pooled")]
    line = _pooled(fit, decimals)
    line |= {"role": "subtotal", "label": _pooled_label(fit, preset.subtotal), "outcome": ""}
    return [line, *_statistics(fit, preset)]


def _pooled_label(fit: MetaFit, label: str) -> str:
    """Return the name of a pooled result, which says where it is less than a value with its interval."""
    name = label.format(level=f"{round(fit.level * 100, 1):g}%")
    own = str(_pooled(fit, 2)["label"]).removeprefix("Pooled")
    return name.split(" (")[0] + own if own else name


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
        "pooled", label, amount(fit), mark, numbers, decimals, people=people, log=fit.scale == "log"
    )
    if mark != "diamond":
        line["interval_text"] = "no limit" if mark == "none" else result_words(fit, decimals)
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
