"""A fit in a notebook: the sentence first, then one table; all text of the user escaped."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING

from evidence.effects.codes import measure_word
from evidence.fit.numbers import decimals, number, p_value
from evidence.fit.sentences import effect_text, interval_text, limit_kind, limit_text

if TYPE_CHECKING:
    import pandas as pd

    from evidence.fit.record import MetaFit

__all__ = ["key_numbers", "page"]


def page(fit: MetaFit) -> str:
    """Return the sentence, the main numbers, the results alongside and the notes as HTML."""
    lines = [f"<p><b>{escape(fit.sentence())}</b></p>", _table(fit)]
    if fit.coefficients is not None:
        lines.insert(1, _coefficients(fit.coefficients, fit.level))
    if fit.variance_components is not None and not _within(fit):
        lines.append(_components(fit.variance_components, fit.level))
    if fit.posterior is not None:
        lines.append(f"<p>{escape(fit.posterior.sentence())}</p>")
    if fit.alongside:
        items = "".join(
            f"<li>{escape(name)}: {escape(other.sentence())}</li>" for name, other in fit.alongside
        )
        lines.append(f"<p>Alongside:</p><ul>{items}</ul>")
    if fit.notes:
        lines.append("<ul>" + "".join(f"<li>{escape(note)}</li>" for note in fit.notes) + "</ul>")
    return f'<div class="evidence-fit">{"".join(lines)}</div>'


def key_numbers(fit: MetaFit) -> list[tuple[str, str]]:
    """Return what describes a result, name and value, without what it does not have."""
    percent = f"{100 * fit.level:g} %"
    shown = fit.display
    cells = [
        ("measure", measure_word(fit.measure)),
        ("model", fit.method),
        ("estimate", effect_text(fit)),
        (f"{percent} interval", "" if fit.bound else interval_text(fit, "conf")),
        (limit_kind(fit), limit_text(fit)),
        ("p", p_value(fit.p_value)),
        (
            f"{percent} prediction interval",
            interval_text(fit, "pred") if shown["pred_low"] is not None else "",
        ),
        ("joint test of the moderators", _joint(fit)),
        ("R²", "" if fit.r2 is None else f"{fit.r2:.0f} %"),
        ("tau²", _with_interval(fit.tau2, fit.tau2_low, fit.tau2_high)),
        ("tau² within studies", _within(fit)),
        (
            "tau², REML-type",
            "" if fit.tau2_reml is None else number(fit.tau2_reml, decimals([fit.tau2_reml])),
        ),
        ("I²", "" if fit.i2 is None else f"{fit.i2:.0f} %"),
        ("Q", "" if fit.q is None else f"{fit.q:.2f}, df {fit.q_df:g}, p {p_value(fit.q_p_value)}"),
        ("rows by kind", ", ".join(f"{n} {kind}" for kind, n in fit.kinds.items() if n)),
    ]
    return [(name, text) for name, text in cells if text]


def _table(fit: MetaFit) -> str:
    lines = (f"<tr><th>{escape(name)}</th><td>{escape(text)}</td></tr>" for name, text in key_numbers(fit))
    return f"<table>{''.join(lines)}</table>"


def _joint(fit: MetaFit) -> str:
    if fit.qm is None or fit.qm_df is None:
        return ""
    second = "" if fit.qm_df2 is None else f" and {round(fit.qm_df2, 1):g}"
    name = "χ²" if fit.qm_df2 is None else "F"
    return f"{name} {fit.qm:.2f}, df {fit.qm_df:g}{second}, p {p_value(fit.qm_p_value)}"


def _coefficients(table: pd.DataFrame, level: float) -> str:
    """Return one line a coefficient: estimate, interval, p."""
    head = "".join(f"<th>{text}</th>" for text in ("", "estimate", f"{100 * level:g} % interval", "p"))
    body = []
    for row in table.to_dict("records"):
        low, high = row["conf_low"], row["conf_high"]
        places = decimals([row["estimate"], low, high])
        cells = (number(row["estimate"], places), f"{number(low, places)} to {number(high, places)}")
        texts = (*cells, p_value(row["p_value"]))
        line = "".join(f"<td>{escape(text)}</td>" for text in texts)
        body.append(f"<tr><th>{escape(str(row['term']))}</th>{line}</tr>")
    return f"<table><tr>{head}</tr>{''.join(body)}</table>"


def _components(table: pd.DataFrame, level: float) -> str:
    """Return one line a variance (or correlation) of true effects: value, interval, I²."""
    head = "".join(f"<th>{text}</th>" for text in ("", "tau²", f"{100 * level:g} % interval", "I²"))
    body = []
    for row in table.to_dict("records"):
        value, name = float(row["variance"]), str(row["level"])
        if math.isnan(value):
            value, name = float(row["correlation"]), f"correlation, {name}"
        low, high, share = float(row["low"]), float(row["high"]), float(row["i2"])
        places = decimals([value, low, high])
        between = "" if math.isnan(low) else f"{number(low, places)} to {number(high, places)}"
        texts = (number(value, places), between, "" if math.isnan(share) else f"{share:.0f} %")
        line = "".join(f"<td>{escape(text)}</td>" for text in texts)
        body.append(f"<tr><th>{escape(name)}</th>{line}</tr>")
    return f"<table><tr>{head}</tr>{''.join(body)}</table>"


def _within(fit: MetaFit) -> str:
    """Return the variance of effects within studies, which the partial-report model has beside tau²."""
    if fit.variance_components is None or fit.i2 is not None or len(fit.variance_components) != 2:
        return ""
    line = fit.variance_components.iloc[1]
    return _with_interval(float(line["variance"]), float(line["low"]), float(line["high"]))


def _with_interval(value: float | None, low: float | None, high: float | None) -> str:
    if value is None:
        return ""
    bounded = [end for end in (value, low, high) if end is not None and math.isfinite(end)]
    places = decimals(bounded)
    if low is None or high is None:
        return number(value, places)
    return f"{number(value, places)} ({number(low, places)} to {number(high, places)})"
