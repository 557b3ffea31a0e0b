"""Association of quantitative variables: correlations, partial and multiple ones."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np

from evidence.effects.formulas import Estimate, Floats
from evidence.effects.measures.common import (
    CORRELATION,
    NUMBER,
    P_VALUE,
    SHARE,
    SIZE_2,
    TANH,
    average,
    filled,
    rule,
    signed_t,
)
from evidence.effects.measures.correlation_formulas import (
    squared_correlation_variance,
    unbiased_correlation,
    unbiased_variance,
    z_variance,
)
from evidence.effects.measures.record import Back, Given, Measure

__all__ = ["MEASURES"]

FAMILY = "Association of quantitative variables"
_HANDBOOK = "10.1002/9780470743386"
_ALOE = "10.1080/00221309.2013.853021"
_OLKIN_FINN = "10.1037/0033-2909.118.1.155"

_FROM_R = (("ri", "ni"), ("ti", "ni"), ("pi", "ni"))
_PREDICTORS = rule("a regression has at least 1 predictor", lambda x: x >= 1)
_RULES = MappingProxyType({"ri": CORRELATION, "ni": SIZE_2, "ti": NUMBER, "pi": P_VALUE})
_PARTIAL_RULES = MappingProxyType({**_RULES, "mi": _PREDICTORS, "r2i": SHARE})
_FROM_PARTIAL = (("ri", "mi", "ni"), ("ti", "mi", "ni"), ("pi", "mi", "ni"))
_FROM_SEMI = (("ri", "mi", "ni", "r2i"), ("ti", "mi", "ni", "r2i"), ("pi", "mi", "ni", "r2i"))


def _from_t(t: Floats, df: Floats) -> Floats:
    return np.asarray(t / np.sqrt(t**2 + df))


def _found(columns: dict[str, Floats], df: Floats) -> tuple[list[Floats], Floats]:
    """Return the correlations as given, and the t of each row, given or from its p."""
    nothing = np.full_like(columns["ni"], np.nan)
    given = [columns["ri"]] if "ri" in columns else []
    t = columns.get("ti", nothing)
    if "pi" in columns:
        t = filled(t, signed_t(columns["pi"], df))
    return given, t


def _with_r(columns: dict[str, Floats]) -> dict[str, Floats]:
    df = columns["ni"] - 2
    given, t = _found(columns, df)
    return {**columns, "r": filled(*given, _from_t(t, df))}


def _with_partial(columns: dict[str, Floats]) -> dict[str, Floats]:
    df = columns["ni"] - columns["mi"] - 1
    given, t = _found(columns, df)
    return {**columns, "r": filled(*given, _from_t(t, df))}


def _with_semi(columns: dict[str, Floats]) -> dict[str, Floats]:
    df = columns["ni"] - columns["mi"] - 1
    given, t = _found(columns, df)
    return {**columns, "r": filled(*given, t * np.sqrt((1 - columns["r2i"]) / df))}


def _cor(x: Given) -> Estimate:
    r, n = x.many("r", "ni")
    if x.vtype == "H0":
        return Estimate(r, (1 - r**2) / (n - 2))
    return Estimate(r, squared_correlation_variance(average(r, n) if x.vtype == "AV" else r, n - 1))


def _ucor(x: Given) -> Estimate:
    r, n = x.many("r", "ni")
    u = unbiased_correlation(r, n)
    if x.vtype == "UB":
        return Estimate(u, unbiased_variance(r, n))
    return Estimate(u, squared_correlation_variance(average(u, n) if x.vtype == "AV" else u, n - 1))


def _zcor(x: Given) -> Estimate:
    r, n = x.many("r", "ni")
    return Estimate(np.arctanh(r), 1 / np.where(n > 3, n - 3, np.nan))


def _pcor(x: Given) -> Estimate:
    r, m, n = x.many("r", "mi", "ni")
    return Estimate(r, squared_correlation_variance(average(r, n) if x.vtype == "AV" else r, n - m))


def _zpcor(x: Given) -> Estimate:
    r, m, n = x.many("r", "mi", "ni")
    left = n - m - 2
    return Estimate(np.arctanh(r), 1 / np.where(left > 0, left, np.nan))


def _spcor(x: Given) -> Estimate:
    r, n, r2 = x.many("r", "ni", "r2i")
    rest = r2 - r**2
    return Estimate(r, (r2**2 - 2 * r2 + rest + 1 - rest**2) / n)


def _zspcor(x: Given) -> Estimate:
    r, variance = _spcor(x)
    return Estimate(np.arctanh(r), z_variance(variance, r))


def _r2(x: Given) -> Estimate:
    r2, m, n = x.many("r2i", "mi", "ni")
    used = np.full_like(r2, average(r2, n)) if x.vtype.startswith("AV") else r2
    variance = 4 * used * (1 - used) ** 2
    if x.vtype in ("LS2", "AV2"):
        return Estimate(r2, variance * (n - m - 1) ** 2 / ((n**2 - 1) * (n + 3)))
    return Estimate(r2, variance / n)


def _zr2(x: Given) -> Estimate:
    r2, n = x.many("r2i", "ni")
    return Estimate(np.arctanh(np.sqrt(r2)), 1 / n)


def _r2f(x: Given) -> Estimate:
    r2, n = x.many("r2i", "ni")
    return Estimate(r2, 2 * r2 * (2 - r2) * (1 - r2) ** 2 / n)


def _zr2f(x: Given) -> Estimate:
    r2, n = x.many("r2i", "ni")
    return Estimate(np.arctanh(np.sqrt(r2)), (1 - r2 / 2) / n)


def _simple(code: str, name: str, reference: str, **more: object) -> Measure:
    settings: dict[str, object] = {
        "family": FAMILY,
        "inputs": _FROM_R,
        "rules": _RULES,
        "needs": ("r", "ni"),
        "prepare": _with_r,
        **more,
    }
    scale = "Fisher's z" if settings.get("back") else "identity"
    return Measure(code, name, scale, (), 0.0, "correlation", reference, **settings)  # type: ignore[arg-type]


_Z_NOTE = "a correlation of -1 or 1 has no Fisher's z"
_SQUARE = Back("squared multiple correlation", "tanh(y)²", lambda y: np.tanh(y) ** 2)
_PARTIAL = {
    "inputs": _FROM_PARTIAL,
    "rules": _PARTIAL_RULES,
    "needs": ("r", "mi", "ni"),
    "prepare": _with_partial,
}
_SEMI = {
    "inputs": _FROM_SEMI,
    "rules": _PARTIAL_RULES,
    "needs": ("r", "mi", "ni", "r2i"),
    "prepare": _with_semi,
}
_MULTIPLE = {
    "inputs": (("r2i", "mi", "ni"),),
    "rules": _PARTIAL_RULES,
    "needs": ("r2i", "mi", "ni"),
    "prepare": None,
}

MEASURES = (
    _simple(
        "COR",
        "correlation",
        _HANDBOOK,
        formula="r = ri, or ti / sqrt(ti² + ni - 2), ti also from pi",
        variance=MappingProxyType(
            {
                "LS": "(1 - r²)² / (ni - 1)",
                "AV": "(1 - r̄²)² / (ni - 1), r̄ the mean over the rows, weighted by ni",
                "H0": "(1 - r²) / (ni - 2)",
            }
        ),
        compute=_cor,
        interpretation="Linear association between -1 and 1; pool ZCOR rather than COR.",
    ),
    _simple(
        "UCOR",
        "unbiased correlation",
        "10.1214/aoms/1177706717",
        formula="u = r ₂F₁(1/2, 1/2; (ni - 2)/2; 1 - r²)",
        variance=MappingProxyType(
            {
                "LS": "(1 - u²)² / (ni - 1)",
                "UB": "u² - 1 + (ni - 3)/(ni - 2) (1 - r²) ₂F₁(1, 1; ni/2; 1 - r²)",
                "AV": "(1 - ū²)² / (ni - 1), ū the mean over the rows, weighted by ni",
            }
        ),
        compute=_ucor,
        undefined="the correction exists from five people on",
        interpretation="A correlation without its slight bias towards zero.",
    ),
    _simple(
        "ZCOR",
        "Fisher's z of a correlation",
        _HANDBOOK,
        formula="atanh(r)",
        variance=MappingProxyType({"LS": "1 / (ni - 3)", "AV": "the same", "H0": "the same"}),
        compute=_zcor,
        back=TANH,
        undefined=_Z_NOTE + ", fewer than four people have no variance",
        interpretation="Pooled on this scale, shown as a correlation.",
    ),
    _simple(
        "PCOR",
        "partial correlation",
        _ALOE,
        **_PARTIAL,
        formula="r = ri, or ti / sqrt(ti² + ni - mi - 1), mi predictors in all",
        variance=MappingProxyType(
            {"LS": "(1 - r²)² / (ni - mi)", "AV": "(1 - r̄²)² / (ni - mi), r̄ the mean weighted by ni"}
        ),
        compute=_pcor,
        interpretation="Association of one predictor with the outcome, the others held constant.",
    ),
    _simple(
        "ZPCOR",
        "Fisher's z of a partial correlation",
        _ALOE,
        **_PARTIAL,
        formula="atanh(r), r as for PCOR",
        variance=MappingProxyType({"LS": "1 / (ni - mi - 2)"}),
        compute=_zpcor,
        back=TANH,
        undefined=_Z_NOTE,
        interpretation="Pooled on this scale, shown as a partial correlation.",
    ),
    _simple(
        "SPCOR",
        "semi-partial correlation",
        _ALOE,
        **_SEMI,
        formula="r = ri, or ti sqrt((1 - r2i) / (ni - mi - 1))",
        variance=MappingProxyType({"LS": "(r2i² - 2 r2i + q + 1 - q²) / ni, q = r2i - r²"}),
        compute=_spcor,
        interpretation="The part of the outcome that one predictor alone explains, as a correlation.",
    ),
    _simple(
        "ZSPCOR",
        "Fisher's z of a semi-partial correlation",
        _ALOE,
        **_SEMI,
        formula="atanh(r), r as for SPCOR",
        variance=MappingProxyType({"LS": "that of SPCOR over (1 - r²)²"}),
        compute=_zspcor,
        back=TANH,
        undefined=_Z_NOTE,
        interpretation="The variance is not constant on this scale; SPCOR may serve as well.",
    ),
    _simple(
        "R2",
        "squared multiple correlation, random predictors",
        _OLKIN_FINN,
        **_MULTIPLE,
        formula="r2i",
        variance=MappingProxyType(
            {
                "LS": "4 r2i (1 - r2i)² / ni",
                "LS2": "4 r2i (1 - r2i)² (ni - mi - 1)² / ((ni² - 1)(ni + 3))",
                "AV": "as LS, with the mean of r2i over the rows, weighted by ni",
                "AV2": "as LS2, with that mean",
            }
        ),
        compute=_r2,
        interpretation="The share of variance that all predictors explain.",
    ),
    _simple(
        "ZR2",
        "Fisher's z of a multiple correlation, random predictors",
        _OLKIN_FINN,
        **_MULTIPLE,
        formula="atanh(sqrt(r2i))",
        variance=MappingProxyType({"LS": "1 / ni"}),
        compute=_zr2,
        back=_SQUARE,
        undefined="an R² of 1 has no Fisher's z",
        interpretation="Pooled on this scale, shown as a squared multiple correlation.",
    ),
    _simple(
        "R2F",
        "squared multiple correlation, fixed predictors",
        _OLKIN_FINN,
        **_MULTIPLE,
        formula="r2i",
        variance=MappingProxyType(
            {"LS": "2 r2i (2 - r2i) (1 - r2i)² / ni: the noncentral F, to first order"}
        ),
        compute=_r2f,
        interpretation="As R2, for predictors that the experimenter set.",
    ),
    _simple(
        "ZR2F",
        "Fisher's z of a multiple correlation, fixed predictors",
        _OLKIN_FINN,
        **_MULTIPLE,
        formula="atanh(sqrt(r2i))",
        variance=MappingProxyType({"LS": "(1 - r2i/2) / ni: that of R2F, by the delta method"}),
        compute=_zr2f,
        back=_SQUARE,
        undefined="an R² of 1 has no Fisher's z",
        interpretation="As ZR2, for predictors that the experimenter set.",
    ),
)
