"""A fit in words: one line to paste, and the longer account of what was done.

The wording is never stronger than the interval: an interval that holds zero is "no clear difference",
whatever the estimate; a limit without an estimate is told as a limit.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from evidence.effects.codes import measure_word
from evidence.fit.chance import chance_alone, favoured
from evidence.fit.numbers import count, decimals, number

if TYPE_CHECKING:
    from evidence.fit.record import MetaFit

__all__ = [
    "SAME_PEOPLE",
    "effect_text",
    "explanation",
    "interval_text",
    "limit_kind",
    "limit_text",
    "range_words",
    "row_range",
    "sentence",
    "shared_text",
    "size_text",
]


SAME_PEOPLE = "report (in part) the same people, and enter as two studies."
"""How a note on two studies of the same people ends (`models.rows.people` writes it)."""

_PAIRS = 2
"""Pairs of studies that a sentence names; of more it gives the number."""


def _places(fit: MetaFit) -> int:
    shown = fit.display
    return decimals([shown["estimate"], shown["conf_low"], shown["conf_high"]])


def effect_text(fit: MetaFit) -> str:
    """Return the estimate on the printed scale, or an empty string where there is none."""
    return number(fit.display["estimate"], _places(fit))


def interval_text(fit: MetaFit, which: str) -> str:
    """Return the interval (``"conf"``) or prediction interval (``"pred"``) on the printed scale."""
    shown = fit.display
    low, high = shown[f"{which}_low"], shown[f"{which}_high"]
    if low is None or high is None:
        return ""
    places = _places(fit)
    return f"{number(low, places)} to {number(high, places)}"


def size_text(fit: MetaFit) -> str:
    """Return the numbers of studies, rows and people."""
    parts = [
        count(fit.n_studies, "study", "studies"),
        count(fit.k, "row", "rows"),
        count(fit.n_people, "person", "people"),
    ]
    return ", ".join(part for part in parts if part)


def shared_text(fit: MetaFit) -> str:
    """Return a sentence on people who are in two of the studies, or nothing where none are known to be.

    The numbers of studies and people count them twice, so that the line to paste must say it.
    """
    found = [note for note in fit.notes if note.endswith(SAME_PEOPLE)]
    if not found:
        return ""
    if len(found) <= _PAIRS:
        return f" {' '.join(found)}"
    return f" {len(found)} pairs of studies report (in part) the same people, and enter as two studies each."


def _favours(fit: MetaFit, arm: str, value: float | None, joint: str = "by") -> str:
    """Return ``"favours the first arm by 0.41 SMD"``, or with the printed value for ratios."""
    places = _places(fit)
    if fit.scale == "log":
        return f"favours the {arm} arm: {fit.measure} {number(fit.to_display(value), places)}"
    size = None if value is None else abs(value)
    return f"favours the {arm} arm {joint} {number(size, places)}{_unit(fit)}"


def _unit(fit: MetaFit) -> str:
    return f" {fit.measure}" if fit.measure and fit.measure != "GEN" else ""


def _interval_words(fit: MetaFit) -> str:
    shown, places = fit.display, _places(fit)
    low, high = shown["conf_low"], shown["conf_high"]
    if fit.scale == "log" and low == 0.0:
        low = None
    return range_words(low, high, f"{100 * fit.level:g} % interval", places)


def range_words(low: float | None, high: float | None, name: str, places: int, unit: str = "") -> str:
    """Return an interval in words; an end that is infinite or None is said to be no limit."""
    open_low = low is None or math.isinf(low)
    open_high = high is None or math.isinf(high)
    if open_low and open_high:
        return f"{name} without limits"
    if open_high:
        return f"{name} from {number(low, places)}{unit}, no upper limit"
    if open_low:
        return f"{name} up to {number(high, places)}{unit}, no lower limit"
    return f"{name} {number(low, places)} to {number(high, places)}{unit}"


def sentence(fit: MetaFit) -> str:
    """Return the result as one plain line; see `MetaFit.sentence`."""
    if fit.k == 0 and fit.notes:
        return fit.notes[0]
    if fit.n_studies != 1:
        text = f"{_bounded(fit) if fit.estimate is None else _estimated(fit)}{shared_text(fit)}"
    else:
        said = _estimated(fit) if fit.estimate is not None else _single_without_estimate(fit)
        text = f"one study, not pooled: {said}"
    return text[:1].upper() + text[1:]


def _single_without_estimate(fit: MetaFit) -> str:
    placed = row_range(fit)
    if not placed:
        return f"its {fit.k} reports only bound the effect ({size_text(fit)})."
    if fit.scale == "log":
        return f"its report places the {fit.measure} {placed} ({size_text(fit)})."
    return f"its report places the effect {placed}{_unit(fit)} ({size_text(fit)})."


def row_range(fit: MetaFit, factor: float = 1.0) -> str:
    """Return where the only row in use places the effect, on the printed scale times a factor.

    Returns
    -------
    str
        ``"above 0.56"``, ``"between −0.56 and 0.56"``, or an empty string where several rows are in use.
    """
    used = fit.rows.loc[fit.rows["used"].astype(bool)]
    if len(used) != 1:
        return ""
    model = [float(used["low"].iloc[0]), float(used["high"].iloc[0])]
    if fit.scale == "log" and fit.display_sign < 0:
        model.reverse()
    shown = [None if math.isinf(end) else factor * (fit.to_display(end) or 0.0) for end in model]
    places = decimals(shown)
    low, high = (f"{end:g}" if end in (0.0, 1.0) else number(end, places) for end in shown)
    if shown[0] is not None and shown[1] is not None:
        return f"between {low} and {high}"
    return f"below {high}" if shown[0] is None else f"above {low}"


def _printed_lower(fit: MetaFit) -> bool:
    """Tell whether a limit is a lower one as printed: on a ratio whose sign is turned the sides change."""
    turned = fit.scale == "log" and fit.display_sign < 0
    return (fit.bound == "lower") is not turned


def limit_text(fit: MetaFit) -> str:
    """Return the limit of a result without an estimate as printed, ``"≥ 0.58"``; empty without a limit."""
    if fit.bound not in ("lower", "upper"):
        return ""
    end = fit.to_display(fit.conf_low if fit.bound == "lower" else fit.conf_high)
    return f"{'≥' if _printed_lower(fit) else '≤'} {number(end, _places(fit))}"


def limit_kind(fit: MetaFit) -> str:
    """Return what the limit of a result without an estimate is: of which interval, at which level."""
    percent = f"{100 * fit.level:g} %"
    two = (fit.n_studies if fit.n_clusters is None else fit.n_clusters) == 2
    return f"one-sided {percent} limit" if two else f"limit of the {percent} interval"


def _estimated(fit: MetaFit) -> str:
    arm = favoured(fit)
    span = f"({_interval_words(fit)}; {size_text(fit)})."
    if arm:
        return f"{_favours(fit, arm, fit.estimate)} {span}"
    name = f"{fit.measure} " if fit.measure and fit.measure != "GEN" else ""
    return f"no clear difference: {name}{effect_text(fit)} {span}"


def _bounded(fit: MetaFit) -> str:
    """Return the sentence of a result that has a limit, or not even that, but no estimate."""
    if fit.bound not in ("lower", "upper"):
        return f"no estimate and no limit: these reports fit effects of any size ({size_text(fit)})."
    lower = fit.bound == "lower"
    end = fit.conf_low if lower else fit.conf_high
    reason = "all reports point the same way" if _one_way(fit) else "no report limits the size of the effect"
    why = f"{limit_kind(fit)}, no estimate: {reason}; {size_text(fit)}"
    arm = favoured(fit)
    if arm and fit.scale != "log":
        return f"{_favours(fit, arm, end, 'by at least')} ({why})."
    side = "above" if _printed_lower(fit) else "below"
    limit = f"{fit.measure} {side} {number(fit.to_display(end), _places(fit))}"
    if arm:
        return f"favours the {arm} arm: {limit} ({why})."
    if (chance := chance_alone(fit)) is not None:
        return (
            f"no clear difference: {reason}, as they would by chance alone with probability"
            f" {100 * chance:.3g} % ({limit} by the likelihood, {limit_kind(fit)}, no estimate;"
            f" {size_text(fit)})."
        )
    return f"no clear difference: {limit} ({why})."


def _one_way(fit: MetaFit) -> bool:
    """Tell whether every row in use is open to the same side."""
    used = fit.rows.loc[fit.rows["used"].astype(bool)]
    return bool(used["high"].eq(math.inf).all() or used["low"].eq(-math.inf).all())


def explanation(fit: MetaFit) -> str:
    """Return what was done, in plain lines; see `MetaFit.explain`."""
    lines = [
        fit.sentence(),
        "",
        f"Model: {fit.method}. Measure: {measure_word(fit.measure)}. Level: {100 * fit.level:g} %.",
    ]
    given = ", ".join(f"{n} {kind}" for kind, n in fit.kinds.items() if n)
    lines.append(
        f"Rows given: {len(fit.rows)} ({given}); used: {fit.k},"
        f" from {count(fit.n_studies, 'study', 'studies')}."
    )
    if fit.tau2 is not None and fit.tau2_low is not None and fit.tau2_high is not None:
        places = decimals(
            [fit.tau2, fit.tau2_low, *([fit.tau2_high] if math.isfinite(fit.tau2_high) else [])]
        )
        lines.append(
            f"Between-study variance tau²: {number(fit.tau2, places)}"
            f" ({number(fit.tau2_low, places)} to {number(fit.tau2_high, places)})."
        )
    if fit.pred_low is not None:
        lines.append(f"A new study's effect is predicted within {interval_text(fit, 'pred')}.")
    if fit.posterior is not None:
        lines.append(fit.posterior.sentence())
    left = fit.rows.loc[~fit.rows["used"].astype(bool)]
    if len(left):
        lines.append("Left out:")
        for why, group in left.groupby("why_not", sort=False):
            lines.append(f"  {why}: {', '.join(map(str, group['row_id']))}")
    for name, other in fit.alongside:
        lines.append(f"Alongside, {name}: {other.sentence()}")
    lines += [f"Note: {note}" for note in fit.notes]
    return "\n".join(lines)
