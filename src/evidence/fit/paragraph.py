"""The methods paragraph of a paper, made from what a fit really did, and the keys that it cites.

Every clause stands for a word of the fit (`MetaFit.method`, `kinds`, `formula`, `notes`), so that nothing is
claimed that was not run; a word that has no clause is printed as it is. `MetaFit.cite` prints the entries of
the keys that the paragraph cites, so that the two cannot disagree.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Sequence
from typing import TYPE_CHECKING

from evidence._version import __version__
from evidence.fit.methods import MEASURE_SOURCES, SOFTWARE
from evidence.fit.numbers import count, listing
from evidence.fit.paragraph_model import cited, keys_in, mark, model_text, rendered, structure_of, words_of

if TYPE_CHECKING:
    from evidence.fit.record import MetaFit

__all__ = ["cited_keys", "how_pooled", "paragraph", "software"]

_MEASURES = {
    "SMD": "standardised mean differences (Hedges' g)",
    "SMDH": "standardised mean differences with separate variances of the arms",
    "SMD1": "mean differences standardised by the second arm's standard deviation",
    "DPPC1": "differences of standardised mean changes (d_ppc1)",
    "DPPC2": "differences of mean changes, standardised by the pooled standard deviation before (d_ppc2)",
    "MD": "mean differences",
    "ROM": "log ratios of means",
    "RR": "log risk ratios",
    "OR": "log odds ratios",
    "IRR": "log incidence rate ratios",
    "HR": "log hazard ratios",
    "RD": "risk differences",
    "RATIO": "log ratios (risk, rate or hazard ratios)",
}

_ASSUMED = (" assume", "same people", "ampling errors", "one true effect")
"""Words of the notes that are part of the method: what was assumed of rows, and of shared arms and people."""


def paragraph(fit: MetaFit) -> str:
    """Return the methods paragraph; see `MetaFit.methods`."""
    return rendered(_marked(fit))


def cited_keys(fit: MetaFit) -> tuple[str, ...]:
    """Return the keys that the paragraph cites, without those of the libraries; see `MetaFit.cite`."""
    return tuple(key for key in keys_in(_marked(fit)) if key not in SOFTWARE)


def _marked(fit: MetaFit) -> str:
    words = words_of(fit)
    parts = (
        _effects(fit),
        _reports(fit),
        model_text(fit, words),
        _spread(fit, words),
        " ".join(_assumptions(fit)),
        _prior(fit),
        _beside(fit),
        _software(),
    )
    return " ".join(part for part in parts if part)


def how_pooled(fits: Sequence[MetaFit]) -> str:
    """Return what the paragraph says of how fits by one method were made, without their rows.

    Parameters
    ----------
    fits : sequence of MetaFit
        Of one measure and one method: what only some of them report or assume is said too.
    """
    first = fits[0]
    words = words_of(first)
    spread = max((_spread(fit, words) for fit in fits), key=len)
    assumed = dict.fromkeys(note for fit in fits for note in _assumptions(fit))
    prior, beside = (max((part(fit) for fit in fits), key=len) for part in (_prior, _beside))
    parts = (_effects(first), model_text(first, words), spread, *assumed, prior, beside)
    return rendered(" ".join(part for part in parts if part))


def _beside(fit: MetaFit) -> str:
    if not fit.alongside:
        return ""
    return f"Results of {listing([name for name, _ in fit.alongside])} stand beside the main one."


def _prior(fit: MetaFit) -> str:
    """Name the prior of the probabilities that stand beside the result."""
    if fit.posterior is None:
        return ""
    prior = f"mean effect N(0, {fit.posterior.mean_sd:g}²), tau half-normal {fit.posterior.tau_scale:g}"
    return f"Probabilities are of the posterior under a prior ({prior})."


def _effects(fit: MetaFit) -> str:
    name = _MEASURES.get(fit.measure.upper())
    if name is None:
        kind = "" if fit.measure in ("", "GEN") else f" ({fit.measure})"
        return f"Effects{kind} and their standard errors were taken as given."
    source = MEASURE_SOURCES.get(fit.measure.upper())
    if source is not None:
        name = f"{name[:-1]}; {mark(source)})" if name.endswith(")") else f"{name}{cited(source)}"
    return f"Effects are {name}; positive ones favour the first arm."


def _reports(fit: MetaFit) -> str:
    """Say how many reports were given, of which kind, and how many were used."""
    rows = count(len(fit.rows), "row", "rows")
    exact, bounded, sided = (fit.kinds.get(kind, 0) for kind in ("exact", "interval", "sign"))
    if exact == len(fit.rows):
        said = f"{'The only row' if exact == 1 else f'All {rows}'} gave an effect with its standard error."
    else:
        parts = [f"{exact} gave an effect with its standard error"]
        if bounded:
            reports = "a p value below a threshold or \u201cno difference\u201d"
            parts.append(f"{bounded} only bounded it, as does {reports}")
        if sided:
            parts.append(f"{sided} told only its direction")
        said = f"Of {rows}, {'; '.join(parts)}."
    out = len(fit.rows) - fit.k
    left = f"; {out} could not be used by this model" if out else ""
    people = count(fit.n_people, "person", "people")
    used = f"{count(fit.k, 'row', 'rows')} of {count(fit.n_studies, 'study', 'studies')}"
    return f"{said} The model rests on {used}{f' with {people}' if people else ''}{left}."


def _spread(fit: MetaFit, words: list[str]) -> str:
    """Say what was reported of the heterogeneity: only what there is."""
    structured = structure_of(words) is not None
    if fit.k < 2 or fit.n_studies < 2 or (fit.tau2 is None and not structured):
        return ""
    said = []
    if structured:
        said.append(
            f"a variance for each outcome and their correlations, with intervals{_tau2_interval(fit)}"
        )
    elif not fit.method.startswith("common effect"):
        said.append("tau²" if fit.tau2_low is None else f"tau² with its interval{_tau2_interval(fit)}")
    parts = fit.variance_components
    if fit.i2 is not None or (structured and parts is not None and bool(parts["i2"].notna().any())):
        said.append(f"I²{' of each outcome' if fit.i2 is None else ''}{cited('higgins2002')}")
    if fit.q is not None:
        said.append(f"Cochran's Q{cited('cochran1954')}")
    if fit.pred_low is not None:
        said.append(f"a prediction interval{cited('higgins2009')}")
    return f"Heterogeneity is described by {listing(said)}." if said else ""


def _tau2_interval(fit: MetaFit) -> str:
    """Cite how the interval of tau² was made: from Q, or from the profile of the likelihood."""
    made = [key for key in ("viechtbauer2007", "hardy1996") if key in fit.methods_used]
    return cited(made[0]) if made else ""


def _assumptions(fit: MetaFit) -> list[str]:
    """Return what the fit assumed of its rows and of people who are in several, in its own words."""
    found = []
    for note in fit.notes:
        if note.startswith("The common") or not any(word in note for word in _ASSUMED):
            continue
        if "correlate rho" in note and "hedges2010" in fit.methods_used:
            note = f"{note.removesuffix('.')}{cited('hedges2010')}."
        found.append(note)
    return found


def software() -> str:
    """Return the sentence that names the package and the libraries it computes with."""
    return rendered(_software())


def _software() -> str:
    versions = [f"{name} {importlib.metadata.version(name)}" for name in ("numpy", "scipy", "pandas")]
    return (
        f"Computed with the Python package evidence, version {__version__}"
        f" ({', '.join(versions)}; {mark(*SOFTWARE)})."
    )
