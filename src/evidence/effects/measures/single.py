"""One group: shares, means, reliability."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np
from scipy import special

from evidence.effects.formulas import Estimate, Floats
from evidence.effects.measures.cells import share_variance
from evidence.effects.measures.common import (
    ADDED,
    COUNT,
    EXP,
    LOGISTIC,
    NUMBER,
    PROBIT,
    SD,
    SINE,
    SIZE_1,
    SIZE_2,
    average,
    corrected,
    rule,
    smd_unbiased,
)
from evidence.effects.measures.record import Back, Given, Measure
from evidence.effects.measures.tables import probit_variance

__all__ = ["MEASURES", "freeman_tukey_share"]

FAMILY = "One group"
_HANDBOOK = "10.1002/9780470743386"
_FREEMAN_TUKEY = "10.1214/aoms/1177729756"
_RAUDENBUSH = "10.3102/10769986012003241"


def _with_rest(columns: dict[str, Floats]) -> dict[str, Floats]:
    if "ni" not in columns:
        return columns
    counted = columns["ni"] - columns["xi"]
    rest = np.where(np.isnan(columns["mi"]), counted, columns["mi"]) if "mi" in columns else counted
    return {**columns, "mi": rest}


def _share(x: Given) -> tuple[Floats, Floats, Floats]:
    """Return the share, the share that its variance rests on, and the number of people."""
    events, rest = x["xi"], x["mi"]
    n = events + rest
    p = events / n
    return p, (np.full_like(p, average(p, n)) if x.vtype == "AV" else p), n


def _pr(x: Given) -> Estimate:
    p, used, n = _share(x)
    return Estimate(p, share_variance(used, n - 1 if x.vtype == "UB" else n))


def _pln(x: Given) -> Estimate:
    p, used, n = _share(x)
    return Estimate(np.log(p), (1 - used) / (n * used))


def _plo(x: Given) -> Estimate:
    p, used, n = _share(x)
    return Estimate(special.logit(p), 1 / (n * used * (1 - used)))


def _prz(x: Given) -> Estimate:
    p, _, n = _share(x)
    z = special.ndtri(p)
    return Estimate(z, probit_variance(z, p, n))


def _pas(x: Given) -> Estimate:
    p, _, n = _share(x)
    return Estimate(np.arcsin(np.sqrt(p)), 1 / (4 * n))


def _pft(x: Given) -> Estimate:
    events, rest = x["xi"], x["mi"]
    n = events + rest
    angles = np.arcsin(np.sqrt(events / (n + 1))) + np.arcsin(np.sqrt((events + 1) / (n + 1)))
    return Estimate(angles / 2, 1 / (4 * n + 2))


def freeman_tukey_share(y: Floats, n: Floats) -> Floats:
    """Return the share of a Freeman-Tukey value from `n` people (the harmonic mean of n for a pooled value).

    References
    ----------
    Miller JJ (1978). The inverse of the Freeman-Tukey double arcsine transformation. Am Stat 32:138.
    doi:10.1080/00031305.1978.10479283
    """
    twice = 2 * y
    sine = np.sin(twice)
    inner = sine + (sine - 1 / sine) / n
    return np.asarray((1 - np.sign(np.cos(twice)) * np.sqrt(np.maximum(1 - inner**2, 0.0))) / 2)


def _mn(x: Given) -> Estimate:
    m, sd, n = x.many("mi", "sdi", "ni")
    return Estimate(m, sd**2 / n)


def _mnln(x: Given) -> Estimate:
    m, sd, n = x.many("mi", "sdi", "ni")
    return Estimate(np.log(m), sd**2 / (n * m**2))


def _smn(x: Given) -> Estimate:
    m, sd, n = x.many("mi", "sdi", "ni")
    d = m / sd
    j = corrected(x, n - 1)
    g = j * d
    if x.vtype == "LS2":
        return Estimate(g, j**2 * (1 / n + d**2 / (2 * n)))
    if x.vtype == "UB":
        return Estimate(g, smd_unbiased(g, 1 / n, j, n - 1))
    return Estimate(g, 1 / n + g**2 / (2 * n))


def _alpha(x: Given) -> Estimate:
    alpha, items, n = x.many("ai", "mi", "ni")
    return Estimate(alpha, 2 * items * (1 - alpha) ** 2 / ((items - 1) * (n - 2)))


def _alpha_root(x: Given) -> Estimate:
    alpha, items, n = x.many("ai", "mi", "ni")
    rest = np.cbrt(1 - alpha)
    return Estimate(1 - rest, 18 * items * (n - 1) * rest**2 / ((items - 1) * (9 * n - 11) ** 2))


def _alpha_log(x: Given) -> Estimate:
    alpha, items, n = x.many("ai", "mi", "ni")
    return Estimate(-np.log(1 - alpha), 2 * items / ((items - 1) * (n - 2)))


def _reh(x: Given) -> Estimate:
    first, mixed, second = x.many("ai", "bi", "ci")
    y = np.log(mixed) - np.log(2 * np.sqrt(first * second))
    return Estimate(y, 1 / (4 * first) + 1 / mixed + 1 / (4 * second))


def _one(code: str, name: str, scale: str, unit: str, reference: str, **more: object) -> Measure:
    settings: dict[str, object] = {"family": FAMILY, **more}
    return Measure(code, name, scale, (), 0.0, unit, reference, **settings)  # type: ignore[arg-type]


_SHARES: dict[str, object] = {
    "inputs": (("xi", "ni"), ("xi", "mi")),
    "rules": MappingProxyType({"xi": COUNT, "mi": COUNT, "ni": SIZE_1}),
    "pairs": (("xi", "ni"),),
    "needs": ("xi", "mi"),
    "prepare": _with_rest,
    "counts": ("xi", "mi"),
    "add": ADDED,
}
_LEVEL: dict[str, object] = {
    "inputs": (("mi", "sdi", "ni"),),
    "rules": MappingProxyType({"mi": NUMBER, "sdi": SD, "ni": SIZE_2}),
    "needs": ("mi", "sdi", "ni"),
}
_ALPHA: dict[str, object] = {
    "inputs": (("ai", "mi", "ni"),),
    "rules": MappingProxyType(
        {
            "ai": rule("Cronbach's alpha is at most 1", lambda x: x <= 1),
            "mi": rule("an instrument has at least 2 items", lambda x: x >= 2),
            "ni": rule("reliability needs at least 3 people", lambda x: x >= 3),
        }
    ),
    "needs": ("ai", "mi", "ni"),
}
_AV = ", p̄ the mean over the rows, weighted by ni"

MEASURES = (
    _one(
        "PR",
        "proportion",
        "identity",
        "share of the people",
        _HANDBOOK,
        **_SHARES,
        formula="p = xi/ni",
        variance=MappingProxyType(
            {"LS": "p (1 - p)/ni", "UB": "p (1 - p)/(ni - 1)", "AV": "p̄ (1 - p̄)/ni" + _AV}
        ),
        compute=_pr,
        interpretation="The share of people with the event.",
    ),
    _one(
        "PLN",
        "log proportion",
        "log",
        "share of the people",
        _HANDBOOK,
        **_SHARES,
        formula="log(p)",
        variance=MappingProxyType({"LS": "(1 - p)/(ni p)", "AV": "(1 - p̄)/(ni p̄)" + _AV}),
        compute=_pln,
        back=EXP,
        undefined="a share of zero has no logarithm",
        interpretation="Pooled on this scale, shown as a share.",
    ),
    _one(
        "PLO",
        "logit proportion (log odds)",
        "logit",
        "share of the people",
        _HANDBOOK,
        **_SHARES,
        formula="log(p / (1 - p))",
        variance=MappingProxyType({"LS": "1/(ni p (1 - p))", "AV": "1/(ni p̄ (1 - p̄))" + _AV}),
        compute=_plo,
        back=LOGISTIC,
        undefined="a share of 0 or 1 has no odds",
        interpretation="Pooled on this scale, shown as a share.",
    ),
    _one(
        "PRZ",
        "probit proportion",
        "probit",
        "share of the people",
        _HANDBOOK,
        **_SHARES,
        formula="z = Φ⁻¹(p)",
        variance=MappingProxyType({"LS": "2π p (1 - p) exp(z²) / ni"}),
        compute=_prz,
        back=PROBIT,
        undefined="a share of 0 or 1 has no probit",
        interpretation="Pooled on this scale, shown as a share.",
    ),
    _one(
        "PAS",
        "arcsine proportion",
        "arcsine",
        "share of the people",
        _FREEMAN_TUKEY,
        **{**_SHARES, "add": 0.0},
        formula="arcsin(sqrt(p))",
        variance=MappingProxyType({"LS": "1/(4 ni)"}),
        compute=_pas,
        back=SINE,
        interpretation="Pooled on this scale, shown as a share.",
    ),
    _one(
        "PFT",
        "Freeman-Tukey double arcsine proportion",
        "double arcsine",
        "share of the people",
        _FREEMAN_TUKEY,
        **{**_SHARES, "add": 0.0},
        formula="(arcsin(sqrt(xi/(ni + 1))) + arcsin(sqrt((xi + 1)/(ni + 1)))) / 2",
        variance=MappingProxyType({"LS": "1/(4 ni + 2)"}),
        compute=_pft,
        interpretation="The way back depends on n (Miller 1978); prefer PLO or a binomial model.",
    ),
    _one(
        "MN",
        "mean",
        "identity",
        "units of the outcome",
        _HANDBOOK,
        **_LEVEL,
        formula="mi",
        variance=MappingProxyType({"LS": "sdi²/ni"}),
        compute=_mn,
        interpretation="The level of one group.",
    ),
    _one(
        "MNLN",
        "log mean",
        "log",
        "units of the outcome",
        "10.1111/2041-210X.12309",
        **_LEVEL,
        formula="log(mi)",
        variance=MappingProxyType({"LS": "sdi²/(ni mi²)"}),
        compute=_mnln,
        back=EXP,
        undefined="a mean that is not positive has no logarithm",
        interpretation="Pooled on this scale, shown as a mean; for ratio scales only.",
    ),
    _one(
        "SMN",
        "standardised mean of one group",
        "identity",
        "standard deviations",
        "10.3102/10769986006002107",
        **_LEVEL,
        corrects=True,
        formula="g = J(ni - 1) d, d = mi/sdi",
        variance=MappingProxyType(
            {
                "LS": "1/ni + g²/(2 ni)",
                "LS2": "J² (1/ni + d²/(2 ni))",
                "UB": "1/ni + (1 - (m - 2)/(m J²)) g², m = ni - 1",
            }
        ),
        compute=_smn,
        undefined="J(ni - 1) exists from ni = 3 on",
        interpretation="The distance of a group's mean from zero (or from a norm that was subtracted).",
    ),
    _one(
        "ARAW",
        "Cronbach's alpha",
        "identity",
        "reliability",
        "10.1037/a0020142",
        **_ALPHA,
        formula="ai",
        variance=MappingProxyType({"LS": "2 mi (1 - ai)² / ((mi - 1)(ni - 2))"}),
        compute=_alpha,
        interpretation="Internal consistency of an instrument of mi items.",
    ),
    _one(
        "AHW",
        "Cronbach's alpha, cube root",
        "cube root",
        "reliability",
        "10.1007/BF02291840",
        **_ALPHA,
        formula="1 - (1 - ai)^(1/3)",
        variance=MappingProxyType({"LS": "18 mi (ni - 1) (1 - ai)^(2/3) / ((mi - 1)(9 ni - 11)²)"}),
        compute=_alpha_root,
        back=Back("Cronbach's alpha", "1 - (1 - y)³", lambda y: 1 - (1 - y) ** 3),
        interpretation="Pooled on this scale, shown as alpha.",
    ),
    _one(
        "ABT",
        "Cronbach's alpha, log",
        "log",
        "reliability",
        "10.3102/10769986027004335",
        **_ALPHA,
        formula="-log(1 - ai)",
        variance=MappingProxyType({"LS": "2 mi / ((mi - 1)(ni - 2))"}),
        compute=_alpha_log,
        back=Back("Cronbach's alpha", "1 - exp(-y)", lambda y: -np.expm1(-y)),
        undefined="an alpha of 1 has no logarithm",
        interpretation="Pooled on this scale, shown as alpha.",
    ),
    _one(
        "REH",
        "log relative excess heterozygosity",
        "log",
        "times the expected heterozygotes",
        "",
        formula="log(bi / (2 sqrt(ai ci))): homozygotes, heterozygotes, homozygotes",
        variance=MappingProxyType({"LS": "1/(4 ai) + 1/bi + 1/(4 ci)"}),
        inputs=(("ai", "bi", "ci"),),
        rules=MappingProxyType(dict.fromkeys(("ai", "bi", "ci"), COUNT)),
        needs=("ai", "bi", "ci"),
        counts=("ai", "bi", "ci"),
        add=ADDED,
        compute=_reh,
        back=EXP,
        undefined="a genotype that nobody has",
        interpretation="1 is Hardy-Weinberg equilibrium.",
    ),
)
