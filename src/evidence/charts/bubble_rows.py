"""What a bubble plot of a meta-regression shows, decided before anything is drawn."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from evidence._check import nearest
from evidence.charts.forest_rows import row_numbers
from evidence.charts.frame import as_float, as_text, printed_range
from evidence.errors import ModelError

if TYPE_CHECKING:
    from evidence.fit import MetaFit
    from evidence.fit.regression import Regression

__all__ = ["BUBBLE_COLUMNS", "bubble_line", "bubble_rows", "held_at", "moderator_of"]

BUBBLE_COLUMNS = (
    *("role", "row_id", "study", "label", "kind", "mark", "x", "estimate", "low", "high", "std_error"),
    "share",
)
"""Columns of `bubble_rows`, in this order."""

_POINTS = 61
"""Points of the line and its bands: enough for a curve of a square or of an exponential."""

_WAY = 'fit = ev.meta_regression(effects, "~ weeks")'


def _regression(fit: Any) -> Regression:  # noqa: ANN401  (whatever the caller gave)
    """Return the coefficients of a fit with moderators.

    Raises
    ------
    ModelError
        Where there are none, or each outcome has its own.
    """
    found: Regression | None = getattr(fit, "regression", None)
    if found is None or not found.terms.moderators:
        got = getattr(fit, "method", type(fit).__name__)
        raise ModelError(f"bubble() takes a fit with a moderator; got {got}. To get one: {_WAY}")
    if found.outcomes is not None:
        raise ModelError(
            "a model of several outcomes has a line for each; fit one outcome: "
            f"effects of it alone, then {_WAY}"
        )
    return found


def moderator_of(fit: MetaFit, moderator: str | None = None) -> str:
    """Return the name of the moderator that is drawn.

    Parameters
    ----------
    fit : MetaFit
        Fit with moderators.
    moderator : str, optional
        One of them. Without it, the only one that is a number.

    Returns
    -------
    str
        Its name.

    Raises
    ------
    ModelError
        Where it is not in the formula, is a factor, stands only in a product, or several could be meant.
    """
    terms = _regression(fit).terms
    numbers = [m.name for m in terms.moderators if m.levels is None]
    factors = {m.name: m.levels for m in terms.moderators if m.levels is not None}
    if moderator is None:
        if len(numbers) == 1:
            moderator = numbers[0]
        elif numbers:
            raise ModelError(
                f"the formula has several numbers: name one of {', '.join(numbers)} as moderator="
            )
        else:
            moderator = next(iter(factors))
    if moderator in factors:
        raise ModelError(
            f"{moderator!r} is a factor: it has groups, no line. To see them: "
            f"ev.orchard(ev.compare(effects, by={moderator!r}))"
        )
    if moderator not in numbers:
        close = nearest(str(moderator), numbers)
        hint = f" (did you mean {close}?)" if close else ""
        raise ModelError(f"moderator is one of {', '.join(numbers)}; got {moderator!r}{hint}")
    if moderator not in terms.names:
        raise ModelError(
            f"{moderator!r} stands only in a product in {terms.formula}; with its own term in the formula "
            "(a * b) it can be drawn"
        )
    return moderator


def held_at(fit: MetaFit, moderator: str) -> dict[str, float | str]:
    """Return where the other moderators are held: the mean of numbers, the commonest level of factors.

    Raises
    ------
    ModelError
        Where another number stands only in a product, so that its mean is not known.
    """
    found = _regression(fit)
    names = found.terms.names
    out: dict[str, float | str] = {}
    for other in found.terms.moderators:
        if other.name == moderator:
            continue
        if other.levels is None:
            if other.name not in names:
                raise ModelError(f"{other.name!r} stands only in a product: its mean is not known here")
            out[other.name] = float(found.x[:, names.index(other.name)].mean())
            continue
        columns = [f"{other.name}[T.{level}]" for level in other.levels]
        counts = [int(found.x[:, names.index(c)].sum()) if c in names else -1 for c in columns]
        known = sum(n for n in counts if n > 0)
        counts = [len(found.x) - known if n < 0 else n for n in counts]
        out[other.name] = other.levels[int(np.argmax(counts))]
    return out


def bubble_rows(fit: MetaFit, moderator: str | None = None) -> pd.DataFrame:
    """Decide what a bubble plot shows of each row.

    Parameters
    ----------
    fit : MetaFit
        Fit with moderators.
    moderator : str, optional
        The number on the x axis. Without it, the only one of the formula.

    Returns
    -------
    DataFrame
        One line a row: ``x`` the moderator; ``estimate``, ``low`` and ``high`` on the printed scale (the
        normal interval of a value, the bounds of a row without one); ``mark`` ``"bubble"``, ``"bounds"``, or
        ``"none"`` for what has no place; ``share`` the weight, or the information that would be lost without
        the row, in percent.

    Raises
    ------
    ModelError
        Where the fit has no such moderator.

    Examples
    --------
    >>> import evidence as ev
    >>> weeks = [2, 4, 6, 8, 10]
    >>> effects = ev.effects_from([0.1, 0.2, 0.4, 0.3, 0.5], variance=0.04, weeks=weeks)
    >>> bubble_rows(ev.meta_regression(effects, "~ weeks"))["x"].tolist()
    [2.0, 4.0, 6.0, 8.0, 10.0]
    """
    name = moderator_of(fit, moderator)
    found = _regression(fit)
    values = iter(found.x[:, found.terms.names.index(name)])
    share = "weight" if fit.rows["weight"].notna().any() else "contribution"
    lines = []
    for row in fit.rows.to_dict("records"):
        kind, used = as_text(row["kind"]), bool(row["used"])
        estimate, low, high = row_numbers(row, fit, kind)
        bounded = kind == "interval" and (math.isfinite(low) or math.isfinite(high))
        mark = "bubble" if used and kind == "exact" else "bounds" if used and bounded else "none"
        lines.append(
            {
                "role": "row" if used else "left_out",
                "row_id": as_text(row["row_id"]),
                "study": as_text(row["study"]),
                "label": as_text(row.get("label")) or as_text(row["study"]),
                "kind": kind,
                "mark": mark,
                "x": float(next(values)) if used else math.nan,
                "estimate": estimate,
                "low": low,
                "high": high,
                "std_error": as_float(row["std_error"]),
                "share": as_float(row.get(share)) if used else math.nan,
            }
        )
    return pd.DataFrame(lines, columns=list(BUBBLE_COLUMNS))


def bubble_line(fit: MetaFit, moderator: str | None = None) -> pd.DataFrame:
    """Return the fitted line with its bands over the range of the moderator.

    Parameters
    ----------
    fit, moderator
        As in `bubble_rows`.

    Returns
    -------
    DataFrame
        ``x``, ``estimate``, ``conf_low``, ``conf_high`` of the mean and, where the model has a variance
        between studies, ``pred_low`` and ``pred_high`` for a new study; printed scale, lower end first. Other
        moderators are held at `held_at`.

    Raises
    ------
    ModelError
        Where the fit has no such moderator.
    """
    name = moderator_of(fit, moderator)
    found = _regression(fit)
    values = found.x[:, found.terms.names.index(name)]
    grid = np.linspace(float(values.min()), float(values.max()), _POINTS)
    new = pd.DataFrame({name: grid, **dict.fromkeys(held_at(fit, name), "")})
    for other, value in held_at(fit, name).items():
        new[other] = value
    table = fit.predict(new)
    out = pd.DataFrame({"x": grid, "estimate": [fit.to_display(float(v)) for v in table["estimate"]]})
    for kind in ("conf", "pred"):
        if f"{kind}_low" not in table:
            continue
        ends = [
            printed_range(float(low), float(high), fit.scale, fit.display_sign)
            for low, high in zip(table[f"{kind}_low"], table[f"{kind}_high"], strict=True)
        ]
        out[f"{kind}_low"], out[f"{kind}_high"] = zip(*ends, strict=True)
    return out
