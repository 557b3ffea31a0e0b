"""The variations of a result that apply to it, each with a name; what does not apply, with the reason."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from evidence.effects.reading import effect_sizes
from evidence.effects.record import Effects
from evidence.errors import ModelError
from evidence.fit import MetaFit
from evidence.models import common_effect, multilevel, pool_partial, random_effects
from evidence.numerics.specifications import averaged
from evidence.numerics.tau2 import TAU2
from evidence.studies.record import Studies
from evidence.synthesis.refits import Model, assumed_rho
from evidence.synthesis.sensitivity_influence import influence

__all__ = ["MOST_LEFT_OUT", "Outcome", "Variation", "variations"]

MOST_LEFT_OUT = 60
"""Studies up to which each is left out in turn."""

FEWEST_FOR_BIAS = 10
"""Studies below which corrections for small-study effects are not tried (Sterne et al. 2011)."""

_CORRELATION = re.compile(r"correlation of r = ([\d.]*\d)")

_ONE_CORRELATION = re.compile(r"correlation of r = ([\d.]*\d) between")
"""The same where all rows have one."""

RHOS = (0.3, 0.6, 0.9)
CORRELATIONS = (0.5, 0.7, 0.9)


@dataclass(frozen=True)
class Outcome:
    """A result of a correction that is no `MetaFit`."""

    k: int
    n_studies: int
    estimate: float | None
    conf_low: float | None
    conf_high: float | None
    tau2: float | None
    sentence: str


Result = MetaFit | Outcome


@dataclass(frozen=True)
class Variation:
    """One way in which it might have been done.

    Attributes
    ----------
    about : str
        What is varied.
    name : str
        How.
    make : callable
        Makes the result, or raises why it cannot be made.
    """

    about: str
    name: str
    make: Callable[[], Result]


def variations(fit: MetaFit, effects: Effects, model: Model, studies: Studies | None) -> Iterator[Variation]:
    """Yield the variations that apply to a result, in the order in which they are told."""
    used = fit.rows.loc[fit.rows["used"].astype(bool)]
    several = bool(used["study"].duplicated().any())
    exact = bool(used["kind"].eq("exact").all())
    partial_fit = fit.method.startswith("interval likelihood")
    if partial_fit:
        yield from _of_partial_reports(fit, effects)
    elif not several:
        yield from _of_independent(fit, effects)
    else:
        yield from _of_dependent(fit, effects)
    if several or partial_fit:
        yield from _rhos(fit, effects, model) if several else ()
    if not partial_fit and _has_partial(fit):
        yield Variation("rows", "partial reports too", partial(pool_partial, effects, level=fit.level))
    yield from _without_inferred(fit, effects, model)
    yield from _without_studies(fit, effects, model)
    if exact and not several:
        yield from _of_bias(fit, effects, model)
    if studies is not None:
        yield from _of_reading(fit, studies, model)


def _has_partial(fit: MetaFit) -> bool:
    out = fit.rows.loc[~fit.rows["used"].astype(bool)]
    return bool(out["kind"].isin(["interval", "sign"]).any())


def _of_independent(fit: MetaFit, effects: Effects) -> Iterator[Variation]:
    tau2, _, inference = fit.method.partition(", ")
    common = fit.method.startswith("common effect")
    inference = "HKSJ" if common else inference
    for code in [code for code in TAU2 if code != tau2]:
        if inference != "profile":
            make = partial(random_effects, effects, tau2=code, inference=inference, level=fit.level)
            yield Variation("tau²", f"tau² by {code}", make)
    if not common:
        yield Variation("model", "common effect", partial(common_effect, effects, level=fit.level))
        for other in ("z", "t", "HKSJ", "mHKSJ"):
            if other != inference and tau2 in TAU2:
                make = partial(random_effects, effects, tau2=tau2, inference=other, level=fit.level)
                yield Variation("interval", f"interval by {other}", make)
    if inference != "profile":
        make = partial(random_effects, effects, tau2="ML", inference="profile", level=fit.level)
        yield Variation("interval", "profile likelihood", make)


def _of_dependent(fit: MetaFit, effects: Effects) -> Iterator[Variation]:
    yield Variation("rows", "one mean a study", partial(_pool_means, effects, assumed_rho(fit), fit.level))
    yield Variation("rows", "first row of each study", partial(_pool_first, effects, fit.level))
    if "CR2" in fit.method:
        make = partial(multilevel, effects, rho=assumed_rho(fit), robust=None, level=fit.level)
        yield Variation("interval", "model-based, not robust", make)


def _of_partial_reports(fit: MetaFit, effects: Effects) -> Iterator[Variation]:
    for name, other in fit.alongside:
        yield Variation("rows", name, partial(_given, other))
    inference = "profile-t" if "profile-t" not in fit.method else "profile"
    make = partial(pool_partial, effects, rho=assumed_rho(fit), inference=inference, level=fit.level)
    yield Variation("interval", f"interval by {inference}", make)


def _given(fit: MetaFit) -> MetaFit:
    """Return a result that is there already.

    Raises
    ------
    ModelError
        Where it has nothing to tell.
    """
    if fit.k == 0:
        raise ModelError(fit.sentence())
    return fit


def _rhos(fit: MetaFit, effects: Effects, model: Model) -> Iterator[Variation]:
    if not isinstance(model, partial) or "rho" not in model.keywords:
        return
    for rho in RHOS:
        if abs(rho - assumed_rho(fit)) > 1e-9:
            make = partial(model, effects, rho=rho)
            yield Variation("sampling errors", f"rho = {rho:g}", make)


def _without_inferred(fit: MetaFit, effects: Effects, model: Model) -> Iterator[Variation]:
    if fit.method.startswith("interval likelihood") or "inferred" not in effects.table.columns:
        return  # stands alongside already
    inferred = effects.table["inferred"].astype(str).eq("yes") & fit.rows["used"].astype(bool).to_numpy()
    if inferred.any():
        kept = _kept(effects, ~effects.table["inferred"].astype(str).eq("yes").to_numpy())
        yield Variation("rows", "without inferred rows", partial(model, kept))


def _kept(effects: Effects, keep: np.ndarray) -> Effects:
    return replace(effects, table=effects.table.loc[keep].reset_index(drop=True))


def _without_studies(fit: MetaFit, effects: Effects, model: Model) -> Iterator[Variation]:
    used = fit.rows.loc[fit.rows["used"].astype(bool)]
    labels = dict(zip(used["study"].astype(str), used["label"].astype(str), strict=True))
    if not 2 < len(labels) <= MOST_LEFT_OUT:
        return
    study = effects.table["study"].astype(str).to_numpy()
    alike = len(set(labels.values())) < len(labels)
    for key, label in labels.items():
        name = f"without {key if alike else label}"
        yield Variation("one study less", name, partial(model, _kept(effects, study != key)))


def _of_bias(fit: MetaFit, effects: Effects, model: Model) -> Iterator[Variation]:
    """Yield outliers and corrections for small-study effects."""
    flagged = partial(_without_flagged, fit, effects, model)
    yield Variation("outliers", "without studies that influence() flags", flagged)
    yield Variation("small studies", "trim and fill", partial(_filled, fit, effects))
    yield Variation("small studies", "PET-PEESE", partial(_at_no_error, fit, effects))
    yield Variation("small studies", "three-parameter selection model", partial(_selected, fit, effects))


def _enough(fit: MetaFit) -> None:
    if fit.n_studies < FEWEST_FOR_BIAS:
        raise ModelError(f"fewer than {FEWEST_FOR_BIAS} studies, {fit.n_studies} here")


def _without_flagged(fit: MetaFit, effects: Effects, model: Model) -> MetaFit:
    found = influence(fit)
    rows = set(found.table.loc[found.table["flagged"], "row_id"].astype(str))
    if not rows:
        raise ModelError("no study is flagged")
    return model(_kept(effects, ~effects.table["row_id"].astype(str).isin(rows).to_numpy()))


def _filled(fit: MetaFit, effects: Effects) -> MetaFit:
    from evidence.synthesis.bias_fill import trim_and_fill

    _enough(fit)
    words = fit.method.split(", ")
    random = words[0] in TAU2
    return trim_and_fill(
        effects,
        model=words[0] if random else "EE",
        inference=words[1] if random and words[1] != "profile" else "z",
        level=fit.level,
    ).filled


def _at_no_error(fit: MetaFit, effects: Effects) -> Outcome:
    from evidence.synthesis.bias_limit import pet_peese

    _enough(fit)
    found = pet_peese(effects, level=fit.level)
    return Outcome(found.k, found.k, found.estimate, found.conf_low, found.conf_high, None, found.sentence())


def _selected(fit: MetaFit, effects: Effects) -> Outcome:
    from evidence.synthesis.bias_selection import selection_model

    _enough(fit)
    found = selection_model(effects, steps=(0.025,), level=fit.level)
    return Outcome(
        found.k, found.k, found.estimate, found.conf_low, found.conf_high, found.tau2, found.sentence()
    )


def _pool_means(effects: Effects, rho: float, level: float) -> MetaFit:
    """Pool the mean of each study's exact rows."""
    table = effects.table.loc[effects.table["kind"].eq("exact") & effects.table["main"].ne(False)]
    names, codes = np.unique(table["study"].astype(str), return_inverse=True)
    y, v = averaged(
        table["estimate"].to_numpy(float), table["variance"].to_numpy(float), codes.astype(np.intp), rho
    )
    first = table.drop_duplicates("study").set_index(table.drop_duplicates("study")["study"].astype(str))
    rows = first.loc[list(names)].reset_index(drop=True)
    rows["estimate"] = rows["low"] = rows["high"] = y
    rows["variance"], rows["std_error"] = v, np.sqrt(v)
    return random_effects(replace(effects, table=rows), level=level)


def _pool_first(effects: Effects, level: float) -> MetaFit:
    table = effects.table.loc[effects.table["kind"].eq("exact") & effects.table["main"].ne(False)]
    rows = table.drop_duplicates("study").reset_index(drop=True)
    return random_effects(replace(effects, table=rows), level=level)


def _of_reading(fit: MetaFit, studies: Studies, model: Model) -> Iterator[Variation]:
    """Yield other correlations and other measures of one kind, for the rows of the fit."""
    rows = studies.where(row_id=list(fit.rows["row_id"].astype(str)))
    assumed = [match[1] for note in fit.notes if (match := _CORRELATION.search(note))]
    for r in CORRELATIONS:
        if f"{r:g}" in assumed:
            continue
        make = partial(_read_again, rows, fit.measure, r, model)
        yield Variation("reading", f"pre-post correlation r = {r:g}", make)
    # Another measure keeps the correlation that was assumed; where several were, the rows' own default.
    said = [match[1] for note in fit.notes if (match := _ONE_CORRELATION.search(note))]
    kept = float(said[0]) if len(said) == 1 else None
    alike: Sequence[str] = ("SMD", "SMDH", "SMD1") if fit.measure in ("SMD", "SMDH", "SMD1") else ()
    for measure in alike:
        if measure != fit.measure:
            make = partial(_read_again, rows, measure, kept, model)
            yield Variation("reading", f"measure {measure}", make)


def _read_again(rows: Studies, measure: str, correlation: float | None, model: Model) -> MetaFit:
    return model(effect_sizes(rows, measure=measure, correlation=correlation))
