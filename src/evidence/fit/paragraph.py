"""The methods paragraph of a paper, made from what a fit really did.

Every clause stands for a word of the fit (`MetaFit.method`, `kinds`, `formula`, `notes`), so that nothing is
claimed that was not run; a word that has no clause is printed as it is.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Sequence
from typing import TYPE_CHECKING

from evidence._version import __version__
from evidence.fit.methods import MEASURE_SOURCES, author_year
from evidence.fit.numbers import count

if TYPE_CHECKING:
    from evidence.fit.record import MetaFit

__all__ = ["how_pooled", "paragraph", "software"]

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

_TAU2 = {
    "DL": "the DerSimonian-Laird estimator",
    "HE": "the Hedges estimator",
    "HS": "the Hunter-Schmidt estimator",
    "HSk": "the Hunter-Schmidt estimator with small-sample correction",
    "SJ": "the Sidik-Jonkman estimator",
    "PM": "the Paule-Mandel estimator",
    "EB": "the empirical Bayes estimator",
    "ML": "maximum likelihood",
    "REML": "restricted maximum likelihood",
}

_INFERENCE = {
    "z": ("from the normal distribution", ()),
    "t": ("from the t distribution", ()),
    "HKSJ": ("by the Hartung-Knapp-Sidik-Jonkman method", ("hartung2001", "sidik2002")),
    "mHKSJ": (
        "by the Hartung-Knapp-Sidik-Jonkman method with a factor of at least 1",
        ("hartung2001", "sidik2002", "knapp2003"),
    ),
    "profile": ("from the profile likelihood", ("hardy1996",)),
    "profile-t": ("from the profile likelihood with a t quantile", ("hardy1996",)),
    "CR2": (
        "by cluster-robust variances (CR2) with Satterthwaite degrees of freedom",
        ("tipton2015", "pustejovsky2018"),
    ),
}

_STRUCTURES = {
    "UN": "unstructured",
    "CS": "compound symmetric",
    "HCS": "heteroscedastic compound symmetric",
    "DIAG": "diagonal",
    "ID": "scaled identity",
    "AR": "autoregressive",
    "HAR": "heteroscedastic autoregressive",
}


def paragraph(fit: MetaFit) -> str:
    """Return the methods paragraph; see `MetaFit.methods`."""
    words = _words(fit)
    parts = (
        _effects(fit),
        _reports(fit, words),
        _model(fit, words),
        _spread(fit),
        _assumed(fit),
        _beside(fit),
    )
    return " ".join(part for part in (*parts, software()) if part)


def how_pooled(fits: Sequence[MetaFit]) -> str:
    """Return what the paragraph says of how fits by one method were made, without their rows.

    Parameters
    ----------
    fits : sequence of MetaFit
        Of one measure and one method: what only some of them report or assume is said too.
    """
    first = fits[0]
    spread = max((_spread(fit) for fit in fits), key=len)
    assumed = dict.fromkeys(note for fit in fits for note in _assumptions(fit))
    beside = max((_beside(fit) for fit in fits), key=len)
    parts = (_effects(first), _model(first, _words(first)), spread, *assumed, beside)
    return " ".join(part for part in parts if part)


def _words(fit: MetaFit) -> list[str]:
    return [word.strip() for word in fit.method.split(", ") if not word.strip().startswith("~")]


def _beside(fit: MetaFit) -> str:
    if not fit.alongside:
        return ""
    return f"Results of {' and '.join(name for name, _ in fit.alongside)} stand beside the main one."


def _cited(*keys: str) -> str:
    return f" ({'; '.join(author_year(key) for key in dict.fromkeys(keys))})" if keys else ""


def _effects(fit: MetaFit) -> str:
    name = _MEASURES.get(fit.measure.upper())
    if name is None:
        kind = "" if fit.measure in ("", "GEN") else f" ({fit.measure})"
        return f"Effects{kind} and their standard errors were taken as given."
    source = MEASURE_SOURCES.get(fit.measure.upper())
    if source is not None:
        cited = author_year(source)
        name = f"{name[:-1]}; {cited})" if name.endswith(")") else f"{name} ({cited})"
    return f"Effects are {name}; positive ones favour the first arm."


def _reports(fit: MetaFit, words: list[str]) -> str:
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


def _model(fit: MetaFit, words: list[str]) -> str:
    if fit.k == 0:
        return "Nothing was pooled."
    if fit.n_studies == 1:
        return "Nothing was pooled: a single study is shown as it stands."
    by_outcome = fit.formula is not None and fit.formula.startswith("~ 0 +") and _structure(words) is not None
    moderated = fit.formula is not None and not by_outcome
    moderators = f" with the moderators {str(fit.formula).removeprefix('~ ')}" if moderated else ""
    if words[0] == "interval likelihood":
        head = (
            "They were pooled in one random-effects likelihood, to which each row contributes the density of"
            " its effect or the probability of the interval that its report leaves open"
            f"{_cited('bushman1996')}"
        )
    elif words[0] == "common effect":
        head = f"They were pooled under a common-effect model{_cited('cochran1954')}"
    elif _structure(words) is not None:
        head = f"They were pooled by a multivariate random-effects model{_cited('jackson2011')}"
    elif any(" / " in word for word in words):
        nested = next(word for word in words if " / " in word).replace(" / ", " and ")
        head = f"They were pooled by a multilevel model with random effects of {nested}"
        head += _cited("konstantopoulos2011")
    elif moderated:
        head = f"They were modelled by random-effects meta-regression{_cited('thompson1999')}"
    else:
        head = "They were pooled by a random-effects model"
    return " ".join([f"{head}{moderators}.", *_clauses(fit, words)])


def _structure(words: list[str]) -> str | None:
    """Return the word of a multivariate model, such as ``UN of outcome within study``."""
    return next((word for word in words if " within " in word and word.split()[0] in _STRUCTURES), None)


_SAID_BY_THE_MODEL = ("interval likelihood", "common effect", "multivariate")


def _clauses(fit: MetaFit, words: list[str]) -> list[str]:
    """Say the estimator of tau\u00b2, the structure and how intervals were made."""
    level = f"{100 * fit.level:g}\N{NO-BREAK SPACE}%"
    variances = "variance was" if _structure(words) is None else "variances and correlations were"
    said = []
    for word in words:
        if word in _TAU2:
            how = f"{_TAU2[word]}{_tau2_source(fit, word)}"
            said.append(f"The between-study {variances} estimated by {how}.")
        elif word == _structure(words):
            code, _, rest = word.partition(" ")
            said.append(f"Their covariance is {_STRUCTURES[code]} ({code} {rest}).")
        elif word in _INFERENCE:
            how, sources = _INFERENCE[word]
            said.append(f"Confidence intervals ({level}) are {how}{_cited(*sources)}.")
        elif word not in _SAID_BY_THE_MODEL and " / " not in word:
            said.append(f"Further: {word}.")
    return said


def _tau2_source(fit: MetaFit, word: str) -> str:
    from evidence.fit.methods import TAU2_SOURCES

    source = TAU2_SOURCES.get(word)
    return _cited(source) if source in fit.methods_used else ""


def _spread(fit: MetaFit) -> str:
    """Say what was reported of the heterogeneity: only what there is."""
    if fit.tau2 is None or fit.k < 2:
        return ""
    said = []
    if not fit.method.startswith("common effect"):
        method = _cited("viechtbauer2007") if "viechtbauer2007" in fit.methods_used else ""
        said.append("tau²" if fit.tau2_low is None else f"tau² with its interval{method}")
    if fit.i2 is not None:
        said.append(f"I²{_cited('higgins2002')}")
    if fit.q is not None:
        said.append(f"Cochran's Q{_cited('cochran1954')}")
    if fit.pred_low is not None:
        said.append(f"a prediction interval{_cited('higgins2009')}")
    if not said:
        return ""
    head = said[0] if len(said) == 1 else f"{', '.join(said[:-1])} and {said[-1]}"
    return f"Heterogeneity is described by {head}."


def _assumed(fit: MetaFit) -> str:
    return " ".join(_assumptions(fit))


def _assumptions(fit: MetaFit) -> list[str]:
    """Return the assumptions that the fit names, in its own words."""
    return [note for note in fit.notes if " assume" in note and not note.startswith("The common")]


def software() -> str:
    """Return the sentence that names the package and the libraries it computes with."""
    versions = [f"{name} {importlib.metadata.version(name)}" for name in ("numpy", "scipy", "pandas")]
    return (
        f"Computed with the Python package evidence, version {__version__}"
        f" ({', '.join(versions)}; Harris et al., 2020; Virtanen et al., 2020; McKinney, 2010)."
    )
