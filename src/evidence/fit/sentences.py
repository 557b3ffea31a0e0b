"""A fit in words: one line to paste, and the longer account of what was done.

The wording is never stronger than the interval: an interval that holds zero is "no clear difference",
whatever the estimate; a limit without an estimate is told as a limit.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from evidence.fit.numbers import count, decimals, number

if TYPE_CHECKING:
    from evidence.fit.record import MetaFit

__all__ = ["effect_text", "explanation", "interval_text", "sentence"]


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


def _size(fit: MetaFit) -> str:
    rows = int(fit.rows["used"].sum()) if fit.k == 0 else fit.k
    parts = [
        count(fit.n_studies, "study", "studies"),
        count(rows, "row", "rows"),
        count(fit.n_people, "person", "people"),
    ]
    return ", ".join(part for part in parts if part)


def _verdict(fit: MetaFit) -> str:
    """Return what the interval allows to be said: 1, 0 or -1 for which arm it favours."""
    low = -math.inf if fit.conf_low is None else fit.conf_low
    high = math.inf if fit.conf_high is None else fit.conf_high
    if low > 0:
        return "first"
    return "second" if high < 0 else ""


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
    name = f"{100 * fit.level:g} % interval"
    open_low = low is None or math.isinf(low) or (fit.scale == "log" and low == 0.0)
    open_high = high is None or math.isinf(high)
    if open_low and open_high:
        return f"{name} without limits"
    if open_high:
        return f"{name} from {number(low, places)}, no upper limit"
    if open_low:
        return f"{name} up to {number(high, places)}, no lower limit"
    return f"{name} {number(low, places)} to {number(high, places)}"


def sentence(fit: MetaFit) -> str:
    """Return the result as one plain line; see `MetaFit.sentence`."""
    single = fit.n_studies == 1
    text = _single_without_estimate(fit) if single and fit.estimate is None else ""
    if not text:
        text = _bounded(fit) if fit.estimate is None else _estimated(fit)
    if single:
        text = "one study, not pooled: " + text
    return text[:1].upper() + text[1:]


def _single_without_estimate(fit: MetaFit) -> str:
    return f"its report gives no effect with a standard error ({_size(fit)})."


def _estimated(fit: MetaFit) -> str:
    arm = _verdict(fit)
    span = f"({_interval_words(fit)}; {_size(fit)})."
    if arm:
        return f"{_favours(fit, arm, fit.estimate)} {span}"
    name = f"{fit.measure} " if fit.measure and fit.measure != "GEN" else ""
    return f"no clear difference: {name}{effect_text(fit)} {span}"


def _bounded(fit: MetaFit) -> str:
    """Return the sentence of a result that has a limit, or not even that, but no estimate."""
    if fit.bound not in ("lower", "upper"):
        return f"no estimate and no limit: these reports fit effects of any size ({_size(fit)})."
    lower = fit.bound == "lower"
    end = fit.conf_low if lower else fit.conf_high
    percent = f"{100 * fit.level:g} %"
    kind = f"one-sided {percent} limit" if fit.n_studies == 2 else f"limit of the {percent} interval"
    reason = "all reports point the same way" if _one_way(fit) else "no report limits the size of the effect"
    why = f"{kind}, no estimate: {reason}; {_size(fit)}"
    arm = _verdict(fit)
    if arm and fit.scale != "log":
        return f"{_favours(fit, arm, end, 'by at least')} ({why})."
    # On the printed scale a lower limit is an upper one where the sign is turned.
    printed_lower = lower if fit.scale != "log" or fit.display_sign > 0 else not lower
    limit = (
        f"{fit.measure} {'above' if printed_lower else 'below'} {number(fit.to_display(end), _places(fit))}"
    )
    if arm:
        return f"favours the {arm} arm: {limit} ({why})."
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
        f"Model: {fit.method}. Measure: {fit.measure}. Level: {100 * fit.level:g} %.",
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
    left = fit.rows.loc[~fit.rows["used"].astype(bool)]
    if len(left):
        lines.append("Left out:")
        for why, group in left.groupby("why_not", sort=False):
            lines.append(f"  {why}: {', '.join(map(str, group['row_id']))}")
    for name, other in fit.alongside:
        lines.append(f"Alongside, {name}: {other.sentence()}")
    lines += [f"Note: {note}" for note in fit.notes]
    return "\n".join(lines)
