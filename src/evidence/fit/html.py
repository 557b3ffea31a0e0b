"""A fit in a notebook: the sentence first, then one table; all text of the user escaped."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING

from evidence.fit.numbers import decimals, number, p_value
from evidence.fit.sentences import effect_text, interval_text, limit_kind, limit_text

if TYPE_CHECKING:
    from evidence.fit.record import MetaFit

__all__ = ["page"]


def page(fit: MetaFit) -> str:
    """Return the sentence, the main numbers, the results alongside and the notes as HTML."""
    lines = [f"<p><b>{escape(fit.sentence())}</b></p>", _table(fit)]
    if fit.alongside:
        items = "".join(
            f"<li>{escape(name)}: {escape(other.sentence())}</li>" for name, other in fit.alongside
        )
        lines.append(f"<p>Alongside:</p><ul>{items}</ul>")
    if fit.notes:
        lines.append("<ul>" + "".join(f"<li>{escape(note)}</li>" for note in fit.notes) + "</ul>")
    return f'<div class="evidence-fit">{"".join(lines)}</div>'


def _table(fit: MetaFit) -> str:
    percent = f"{100 * fit.level:g} %"
    shown = fit.display
    cells = [
        ("measure", fit.measure),
        ("model", fit.method),
        ("estimate", effect_text(fit)),
        (f"{percent} interval", "" if fit.bound else interval_text(fit, "conf")),
        (limit_kind(fit), limit_text(fit)),
        ("p", p_value(fit.p_value)),
        (
            f"{percent} prediction interval",
            interval_text(fit, "pred") if shown["pred_low"] is not None else "",
        ),
        ("tau²", _with_interval(fit.tau2, fit.tau2_low, fit.tau2_high)),
        ("I²", "" if fit.i2 is None else f"{fit.i2:.0f} %"),
        ("Q", "" if fit.q is None else f"{fit.q:.2f}, df {fit.q_df:g}, p {p_value(fit.q_p_value)}"),
        ("rows by kind", ", ".join(f"{n} {kind}" for kind, n in fit.kinds.items() if n)),
    ]
    body = "".join(f"<tr><th>{escape(name)}</th><td>{escape(text)}</td></tr>" for name, text in cells if text)
    return f"<table>{body}</table>"


def _with_interval(value: float | None, low: float | None, high: float | None) -> str:
    if value is None:
        return ""
    bounded = [end for end in (value, low, high) if end is not None and math.isfinite(end)]
    places = decimals(bounded)
    if low is None or high is None:
        return number(value, places)
    return f"{number(value, places)} ({number(low, places)} to {number(high, places)})"
