"""One group, yes or no: shares on the scales on which they are pooled."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np
from scipy import special

from evidence.effects.formulas import Estimate, Floats
from evidence.effects.measures.cells import share_variance
from evidence.effects.measures.common import ADDED, COUNT, EXP, LOGISTIC, PROBIT, SINE, SIZE_1, average
from evidence.effects.measures.record import Given, Measure
from evidence.effects.measures.tables import probit_variance

__all__ = ["MEASURES", "freeman_tukey_share"]

_HANDBOOK = "10.1002/9780470743386"
_FREEMAN_TUKEY = "10.1214/aoms/1177729756"


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


def _one(code: str, name: str, scale: str, reference: str, **more: object) -> Measure:
    settings: dict[str, object] = {"family": "One group", **more}
    unit = "share of the people"
    return Measure(code, name, scale, (), 0.0, unit, reference, **settings)  # type: ignore[arg-type]


_SHARES: dict[str, object] = {
    "inputs": (("xi", "ni"), ("xi", "mi")),
    "rules": MappingProxyType({"xi": COUNT, "mi": COUNT, "ni": SIZE_1}),
    "sums": (("xi", "mi", "ni"),),
    "needs": ("xi", "mi"),
    "prepare": _with_rest,
    "counts": ("xi", "mi"),
    "add": ADDED,
}
_AV = ", p̄ the mean over the rows, weighted by ni"

MEASURES = (
    _one(
        "PR",
        "proportion",
        "identity",
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
        _FREEMAN_TUKEY,
        **{**_SHARES, "add": 0.0},
        formula="(arcsin(sqrt(xi/(ni + 1))) + arcsin(sqrt((xi + 1)/(ni + 1)))) / 2",
        variance=MappingProxyType({"LS": "1/(4 ni + 2)"}),
        compute=_pft,
        interpretation="The way back depends on n (Miller 1978); prefer PLO or a binomial model.",
    ),
)
