"""Small-study effects in words and as HTML."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

import pandas as pd

from evidence.fit.numbers import count, decimals, number, p_value

if TYPE_CHECKING:
    from evidence.synthesis.funnel_record import FunnelTest

__all__ = [
    "FEW",
    "bias_page",
    "equals_p",
    "few",
    "finite",
    "funnel_sentence",
    "log_note",
    "printed",
    "shown_interval",
    "shown_places",
    "shown_value",
]

FEW = 10
"""Studies below which the funnel should not be tested or mended (Sterne et al. 2011)."""

_NAMES = {
    "egger": "Egger's regression",
    "begg": "Begg's rank test",
    "harbord": "Harbord's test",
    "peters": "Peters' test",
}
_GROWING = ("ni", "sqrt(ni)")
_PREDICTORS = {
    "sei": "the standard error",
    "vi": "the variance",
    "ni": "n",
    "1/ni": "1/n",
    "sqrt(ni)": "sqrt(n)",
    "1/sqrt(ni)": "1/sqrt(n)",
}


def few(k: int, what: str) -> tuple[str, ...]:
    """Return the note on too few studies, or nothing."""
    if k >= FEW:
        return ()
    return (
        f"{count(k, 'study is', 'studies are')} too few: below {FEW} {what} cannot tell bias from chance"
        " and should"
        " not be read (Sterne et al. 2011, doi:10.1136/bmj.d4002).",
    )


def equals_p(value: float) -> str:
    """Return ``"p = 0.03"`` or ``"p < 0.0001"``."""
    text = p_value(value)
    return f"p {text}" if text.startswith("<") else f"p = {text}"


def finite(value: float) -> float | None:
    """Return a number, or None for what has no value or no end: a field is never NaN or infinite."""
    return float(value) if math.isfinite(value) else None


def _printed(value: float | None, scale: str, sign: int) -> float | None:
    if value is None or scale != "log":
        return value
    return math.exp(min(sign * value, 709.0))


def printed(
    estimate: float | None, low: float | None, high: float | None, scale: str, sign: int
) -> dict[str, float | None]:
    """Return estimate and interval on the printed scale, the lower end first, as `MetaFit.display` does."""
    ends = [_printed(low, scale, sign), _printed(high, scale, sign)]
    if scale == "log" and sign < 0:
        ends.reverse()
    return {"estimate": _printed(estimate, scale, sign), "conf_low": ends[0], "conf_high": ends[1]}


def shown_places(estimate: float, low: float | None, high: float | None, scale: str, sign: int) -> int:
    """Return how many decimals an estimate and its interval need on the printed scale."""
    return decimals(printed(estimate, low, high, scale, sign).values())


def shown_interval(
    estimate: float, low: float | None, high: float | None, scale: str, sign: int, places: int | None = None
) -> str:
    """Return an estimate and its interval on the printed scale; an end that is None is said to be open."""
    shown = printed(estimate, low, high, scale, sign)
    places = decimals(shown.values()) if places is None else places
    middle, lower, upper = (number(value, places) for value in shown.values())
    if not lower and not upper:
        return f"{middle} (no interval)"
    if not upper:
        return f"{middle} (from {lower}, no upper limit)"
    if not lower:
        return f"{middle} (up to {upper}, no lower limit)"
    return f"{middle} ({lower} to {upper})"


def shown_value(value: float, scale: str, sign: int, beside: Sequence[float | None] = ()) -> str:
    """Return one number of the scale of the model on the printed scale, with the decimals of those beside."""
    shown = _printed(value, scale, sign)
    near = [_printed(other, scale, sign) for other in beside]
    return number(shown, decimals(near or [shown]))


def log_note(
    measure: str, estimate: float | None, low: float | None, high: float | None, scale: str, sign: int
) -> tuple[str, ...]:
    """Return a note that fields hold logarithms, with the estimate on both scales; else nothing."""
    if scale != "log":
        return ()
    name = measure if measure not in ("", "GEN") else "ratio"
    turned, power = (", turned so that positive favours the first arm", "the exponential of minus that")
    if sign > 0:
        turned, power = "", "their exponential"
    head = f"Fields and tables are on the log scale{turned}; sentences give the {name}, {power}"
    if estimate is None:
        return (f"{head}.",)
    own = shown_interval(estimate, low, high, "identity", 1)
    return (f"{head}: {own} there is {name} {shown_interval(estimate, low, high, scale, sign)}.",)


def funnel_sentence(test: FunnelTest) -> str:
    """Return the result as one plain line; see `FunnelTest.sentence`."""
    size = count(test.n_studies, "study", "studies")
    if test.k > test.n_studies:
        size += f", {test.k} effects"
    slope = test.table.iloc[-1]
    name = f"{_NAMES[test.method]}{' of odds ratios' if test.method == 'harbord' else ''}"
    head = f"{name} ({size}): "
    if test.method == "begg":
        head += f"tau = {number(float(slope['estimate']))}, {equals_p(test.p_value)}"
    else:
        df = "z" if test.df is None else f"t({test.df:.3g})"
        steep = number(float(slope["estimate"]), _slope_places(test))
        on = _PREDICTORS.get(test.predictor, test.predictor)
        head += f"slope on {on} {steep}{_log(test)}, {df} = "
        head += f"{number(test.statistic)}, {equals_p(test.p_value)}"
    if test.n_studies < FEW:
        return f"{head}. Too few studies to be read: fewer than {FEW}."
    if test.p_value >= 1.0 - test.level:
        return f"{head}: no clear sign that small studies show other effects, which does not rule it out."
    up = (float(slope["estimate"]) > 0.0) != (test.predictor in _GROWING)
    if test.display_sign < 0:  # printed ratios go against the scale of the model: the arm says which way
        shows = f"favour the {'first' if up else 'second'} arm more"
    else:
        shows = f"show {'higher' if up else 'lower'} effects on the scale of the model"
    text = f"{head}: smaller studies {shows}."
    if test.limit is not None and test.limit_low is not None and test.limit_high is not None:
        limit = shown_interval(test.limit, test.limit_low, test.limit_high, test.scale, test.display_sign)
        what = "odds ratio " if test.method == "harbord" else ""
        text += f" The line reaches {what}{limit} for a study of unlimited size."
    return text


def _slope_places(test: FunnelTest) -> int:
    """Return the decimals that the slope's interval needs, or more for the line's value beside it."""
    slope = test.table.iloc[-1]
    own = decimals([float(slope[name]) for name in ("estimate", "conf_low", "conf_high")])
    if test.limit is None:
        return own
    ends = (test.limit, test.limit_low, test.limit_high)
    return max(own, shown_places(*ends, test.scale, test.display_sign))


def _log(test: FunnelTest) -> str:
    return " (log scale)" if test.scale == "log" else ""


def bias_page(sentence: str, table: pd.DataFrame, notes: Sequence[str]) -> str:
    """Return a result as HTML: the sentence, its table, its notes; all text escaped."""
    head = "".join(f"<th>{escape(str(name).replace('_', ' '))}</th>" for name in table.columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(_cell(value))}</td>" for value in row) + "</tr>"
        for row in table.itertuples(index=False, name=None)
    )
    items = "".join(f"<li>{escape(note)}</li>" for note in notes)
    return (
        f'<div class="evidence-bias"><p><b>{escape(sentence)}</b></p><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table><ul>{items}</ul></div>"
    )


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return number(value, 3)
    return "" if value is None else str(value)
