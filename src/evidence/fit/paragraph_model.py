"""The part of the methods paragraph that tells the model: its kind, moderators, estimators and intervals."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from evidence.fit.methods import TAU2_SOURCES, author_year
from evidence.fit.regression import moderator_words

if TYPE_CHECKING:
    from evidence.fit.record import MetaFit

__all__ = ["cited", "keys_in", "model_text", "rendered", "structure_of", "words_of"]

_OPEN, _CLOSE = "\ue000", "\ue001"
"""Around keys that await their authors and years: letters of no language, so that no name has them."""

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

_BEYOND = "there are groups of the outermost level beyond the coefficients"

_INFERENCE: dict[str, tuple[str, tuple[str, ...]]] = {
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
        ("tipton2015", "pustejovsky2018", "pustejovsky2022"),
    ),
    "CR3": (
        "by cluster-robust variances (CR3) with Satterthwaite degrees of freedom",
        ("hedges2010", "pustejovsky2018"),
    ),
    **{
        code: (f"by cluster-robust variances ({code}) with as many degrees of freedom as {_BEYOND}", ())
        for code in ("CR0", "CR1", "CR1S")
    },
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


_SAID_ELSEWHERE = ("interval likelihood", "common effect", "multivariate", "model-based")
"""Words that the model's own sentence, or the sentence on intervals, already says."""


def cited(*keys: str) -> str:
    """Return the mark of a citation, which `rendered` turns into authors and years."""
    return f" ({mark(*keys)})" if keys else ""


def mark(*keys: str) -> str:
    """Return the same without brackets, for a place that has its own."""
    return f"{_OPEN}{';'.join(dict.fromkeys(keys))}{_CLOSE}"


def keys_in(text: str) -> tuple[str, ...]:
    """Return the keys that a text cites, in the order of their first mention."""
    found = re.findall(f"{_OPEN}([^{_CLOSE}]*){_CLOSE}", text)
    return tuple(dict.fromkeys(key for keys in found for key in keys.split(";")))


def rendered(text: str) -> str:
    """Return a text with its citations as authors and years."""

    def shown(found: re.Match[str]) -> str:
        return "; ".join(author_year(key) for key in found[1].split(";"))

    return re.sub(f"{_OPEN}([^{_CLOSE}]*){_CLOSE}", shown, text)


def words_of(fit: MetaFit) -> list[str]:
    """Return the words of the method, without the formula (whose names may hold commas)."""
    method = fit.method if fit.formula is None else fit.method.removesuffix(f", {fit.formula}")
    return [word.strip() for word in method.split(", ")]


def structure_of(words: Iterable[str]) -> str | None:
    """Return the word of a multivariate model, such as ``UN of outcome within study``."""
    return next((word for word in words if " within " in word and word.split()[0] in _STRUCTURES), None)


def model_text(fit: MetaFit, words: list[str]) -> str:
    """Return what was pooled how: the model with its moderators, the estimators, the intervals."""
    if fit.k == 0:
        return "Nothing was pooled."
    if fit.n_studies == 1:
        return "Nothing was pooled: a single study is shown as it stands."
    told = moderator_words(fit)
    moderators = f" with the {told}" if told else ""
    if told and fit.regression is not None and fit.regression.terms.intercept is None:
        moderators += " and no intercept"
    levels = _levels(fit, words)
    if words[0] == "interval likelihood":
        head = (
            "They were pooled in one random-effects likelihood, to which each row contributes the density of"
            " its effect or the probability of the interval that its report leaves open"
            f"{cited('bushman1996')}"
        )
    elif words[0] == "common effect":
        equal = " with equal weights" if "equal weights" in words else ""
        head = f"They were pooled under a common-effect model{equal}{cited('cochran1954')}"
        if moderators:
            head += _regression(fit)
    elif structure_of(words) is not None:
        head = f"They were pooled by a multivariate random-effects model{cited('jackson2011')}"
    elif levels is not None:
        nested = levels.replace(" / ", " and ")
        head = f"They were pooled by a multilevel model with random effects of {nested}"
        head += cited("konstantopoulos2011")
    elif moderators:
        head = f"They were modelled by random-effects meta-regression{cited('thompson1999')}"
    else:
        head = "They were pooled by a random-effects model"
    return " ".join([f"{head}{moderators}.", *_clauses(fit, words)])


def _regression(fit: MetaFit) -> str:
    return cited("thompson1999") if "thompson1999" in fit.methods_used else ""


def _levels(fit: MetaFit, words: list[str]) -> str | None:
    """Return the word of a multilevel model, ``study / row_id``, or ``study`` where that is all it has."""
    if "konstantopoulos2011" not in fit.methods_used:
        return None
    return next((word for word in words if word not in (*_TAU2, *_INFERENCE, *_SAID_ELSEWHERE)), None)


def _clauses(fit: MetaFit, words: list[str]) -> list[str]:
    """Say the estimator of tau\u00b2, the structure and how intervals were made."""
    level = f"{100 * fit.level:g}\N{NO-BREAK SPACE}%"
    structure, levels = structure_of(words), _levels(fit, words)
    variances = "between-study variance was"
    if levels is not None and " / " in levels:
        variances = "variances of the true effects were"
    if structure is not None:
        variances = "between-study variances and correlations were"
    silent = (*_SAID_ELSEWHERE, levels, "equal weights" if words[0] == "common effect" else None)
    said = []
    for word in words:
        if word in _TAU2:
            said.append(f"The {variances} estimated by {_TAU2[word]}{_tau2_source(fit, word)}.")
        elif structure is not None and word == structure:
            code, _, rest = word.partition(" ")
            said.append(f"Their covariance is {_STRUCTURES[code]} ({code} {rest}).")
        elif word in _INFERENCE:
            how, sources = _INFERENCE[word]
            how = f"model-based, {how}" if "model-based" in words else how
            said.append(f"Confidence intervals ({level}) are {how}{cited(*sources)}.")
        elif word not in silent:
            said.append(f"Further: {word}.")
    return said


def _tau2_source(fit: MetaFit, word: str) -> str:
    source = TAU2_SOURCES.get(word)
    return cited(source) if source in fit.methods_used else ""
