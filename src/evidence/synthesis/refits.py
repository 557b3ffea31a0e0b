"""Making a fit anew from what it holds: its rows, and the verb and choices that its method names."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from evidence.effects.record import Effects
from evidence.errors import ModelError
from evidence.fit import MetaFit
from evidence.models import common_effect, meta_regression, multilevel, pool_partial, random_effects
from evidence.numerics.tau2 import TAU2

__all__ = ["Model", "assumed_rho", "effects_of", "verb_of"]

Model = Callable[[Effects], MetaFit]

_RHO = re.compile(r"correlate rho = ([\d.]*\d)")


def effects_of(fit: MetaFit) -> Effects:
    """Return the effects that a fit was given, as far as its rows hold them: enough for any model.

    Examples
    --------
    >>> import evidence as ev
    >>> fit = ev.random_effects(ev.effects_from([0.1, 0.5, 0.3], variance=[0.02, 0.04, 0.03]))
    >>> ev.random_effects(effects_of(fit)).estimate == fit.estimate
    True
    """
    table = fit.rows.copy()
    table["variance"] = table["std_error"].astype(float) ** 2
    for name in ("reason", "assumptions", "derived_from", "formula", "alternatives"):
        if name not in table.columns:
            table[name] = table["why_not"].where(~table["used"].astype(bool), "") if name == "reason" else ""
    # A later time point of a study was left out by the model; it must stay out.
    later = table["why_not"].astype(str).str.contains("time point")
    table["main"] = ~later
    # An exact row has its estimate as both ends; a row without any bound and standard error says nothing.
    table["sign"] = np.nan_to_num(np.sign(table["estimate"].to_numpy(dtype=float)))
    return Effects(table, fit.measure, scale=fit.scale, display_sign=fit.display_sign)


def assumed_rho(fit: MetaFit) -> float:
    """Return the correlation of sampling errors that a fit assumed; 0.6 where it played no part."""
    found = [match for note in fit.notes if (match := _RHO.search(note))]
    return float(found[0][1]) if found else 0.6


def verb_of(fit: MetaFit) -> Model:
    """Return the verb that made a fit, with its choices.

    Parameters
    ----------
    fit : MetaFit
        By `random_effects`, `common_effect`, `meta_regression`, `multilevel` or `pool_partial`.

    Returns
    -------
    callable
        Takes effects, returns a fit.

    Raises
    ------
    ModelError
        Where the fit's method does not tell all of its choices.

    Examples
    --------
    >>> import evidence as ev
    >>> effects = ev.effects_from([0.1, 0.5, 0.3], variance=[0.02, 0.04, 0.03])
    >>> fit = ev.random_effects(effects, tau2="PM", inference="t", level=0.9)
    >>> verb_of(fit)(effects).conf_low == fit.conf_low
    True
    """
    words = [word for word in fit.method.split(", ") if not word.startswith("~")]
    formula: dict[str, Any] = {} if fit.formula is None else {"formula": fit.formula}
    options: dict[str, Any] = {"level": fit.level, **formula}
    if words[0] == "interval likelihood":
        return partial(pool_partial, rho=assumed_rho(fit), inference=words[2], **options)
    if words[0] in ("common effect", "one study"):
        return partial(common_effect, level=fit.level)
    used = fit.rows.loc[fit.rows["used"].astype(bool)]
    known = used["study"].duplicated().any() and not any(_RHO.search(note) for note in fit.notes)
    nested = (
        None
        if known
        else next((word for word in words if " / " in word or word in ("study", "row_id")), None)
    )
    if nested is not None and any(word in ("CR2", "model-based") for word in words):
        robust = "CR2" if "CR2" in words else None
        levels = tuple(nested.split(" / "))
        return partial(
            multilevel, levels=levels, rho=assumed_rho(fit), robust=robust, tau2=words[0], **options
        )
    if words[0] in TAU2 and len(words) == 2:
        model = random_effects if fit.formula is None else meta_regression
        return partial(model, tau2=words[0], inference=words[1], **options)
    raise ModelError(
        f"a fit by {fit.method!r} does not tell all that was chosen: pass its effects, and the model as"
        " model=, such as model=lambda rows: ev.multivariate(rows, ...)"
    )
