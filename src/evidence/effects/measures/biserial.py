"""Two groups and a quantitative outcome as correlation, odds ratio or probability of superiority."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np
from scipy import special

from evidence.effects.formulas import Estimate, Floats, smd_variance
from evidence.effects.measures.common import EXP, TANH, normal_density
from evidence.effects.measures.correlation_formulas import z_variance
from evidence.effects.measures.means import D_RULES, FROM_D, with_d
from evidence.effects.measures.record import Given, Measure
from evidence.effects.measures.tables import COX, LOGISTIC_D

__all__ = ["MEASURES"]

_CORRELATIONS = "A dichotomy and a quantitative variable"
_AS_ODDS = "Two groups, quantitative outcome, as an odds ratio"
_TATE, _JACOBS = "10.1214/aoms/1177728730", "10.1002/jrsm.1218"


def _point_biserial(x: Given) -> tuple[Floats, Floats]:
    """Return the correlation with group membership, and the constant that turns d into it."""
    d, n1, n2 = x.many("d", "n1i", "n2i")
    df = n1 + n2 - 2
    constant = df / n1 + df / n2
    return d / np.sqrt(d**2 + constant), constant


def _rpb(x: Given) -> Estimate:
    d, n1, n2 = x.many("d", "n1i", "n2i")
    r, constant = _point_biserial(x)
    if x.vtype == "CS":
        n = n1 + n2
        balance = n1 * n2 / n**2
        return Estimate(r, (1 - r**2) ** 2 * (1 - 3 / 2 * r**2 + r**2 / (4 * balance)) / n)
    return Estimate(r, constant**2 * smd_variance(d, n1, n2) / (d**2 + constant) ** 3)


def _rbis(x: Given) -> Estimate:
    n1, n2 = x.many("n1i", "n2i")
    n = n1 + n2
    p, q = n1 / n, n2 / n
    z = special.ndtri(q)
    density = normal_density(z)
    point, _ = _point_biserial(x)
    r = np.sqrt(p * q) / density * point
    # The estimate may lie beyond 1; a variance does not exist there, that at 1 is the nearest.
    rho = np.clip(r, -1.0, 1.0)
    slope = 3 / 2 + (1 - p * z / density) * (1 + q * z / density)
    square = p * q / density**2 - slope * rho**2 + rho**4
    return Estimate(r, square / (n - 1))


def _zpb(x: Given) -> Estimate:
    r, v = _rpb(x)
    return Estimate(np.arctanh(r), z_variance(v, r))


def _zbis(x: Given) -> Estimate:
    r, v = _rbis(x)
    return Estimate(np.arctanh(r), z_variance(v, r))


def _odds(x: Given, factor: float) -> Estimate:
    d, n1, n2 = x.many("d", "n1i", "n2i")
    return Estimate(d / factor, smd_variance(d, n1, n2) / factor**2)


def _from_d(code: str, name: str, reference: str, **more: object) -> Measure:
    settings: dict[str, object] = {
        "family": _CORRELATIONS,
        "inputs": FROM_D,
        "rules": D_RULES,
        "needs": ("d", "n1i", "n2i"),
        "prepare": with_d,
        **more,
    }
    log = settings["family"] == _AS_ODDS
    scale = "log" if log else "Fisher's z" if settings.get("back") else "identity"
    unit = "times the odds" if log else "correlation"
    return Measure(code, name, scale, (), float(log), unit, reference, **settings)  # type: ignore[arg-type]


_RPB_FORMS = {
    "ST": "c² (1/n1i + 1/n2i + d²/(2 (n1i + n2i))) / (d² + c)³: the groups' sizes fixed",
    "CS": "(1 - r²)² (1 - 3r²/2 + r²/(4 p q)) / n, p = n1i/n, q = n2i/n: only the number of people fixed",
    "LS": "as ST",
}

MEASURES = (
    _from_d(
        "RPB",
        "point-biserial correlation",
        _TATE,
        formula="r = d / sqrt(d² + c), c = m/n1i + m/n2i, m = n1i + n2i - 2",
        variance=MappingProxyType(_RPB_FORMS),
        compute=_rpb,
        interpretation="The correlation of the outcome with belonging to the first group.",
    ),
    _from_d(
        "ZPB",
        "Fisher's z of the point-biserial correlation",
        _TATE,
        formula="atanh(r), r as for RPB",
        variance=MappingProxyType({code: f"{text}; over (1 - r²)²" for code, text in _RPB_FORMS.items()}),
        compute=_zpb,
        back=TANH,
        interpretation="The variance is not constant on this scale; RPB may serve as well.",
    ),
    _from_d(
        "RBIS",
        "biserial correlation",
        _JACOBS,
        formula="r = sqrt(p q) / φ(z) · rpb, p = n1i/n, q = n2i/n, z = Φ⁻¹(q), rpb as for RPB",
        variance=MappingProxyType(
            {"LS": "(p q/φ² - (3/2 + (1 - p z/φ)(1 + q z/φ)) r² + r⁴) / (n - 1) (Soper 1914)"}
        ),
        compute=_rbis,
        interpretation="The outcome's correlation with a normal variable that was cut to form the groups.",
    ),
    _from_d(
        "ZBIS",
        "Fisher's z of the biserial correlation",
        _JACOBS,
        formula="atanh(r), r as for RBIS",
        variance=MappingProxyType({"LS": "that of RBIS over (1 - r²)²"}),
        compute=_zbis,
        back=TANH,
        undefined="a biserial correlation beyond -1 or 1 has no Fisher's z",
        interpretation="The variance is not constant on this scale; RBIS may serve as well.",
    ),
    _from_d(
        "D2OR",
        "odds ratio from a standardised difference, logistic (another name of D2ORL)",
        "10.1037/0033-2909.117.1.167",
        family=_AS_ODDS,
        formula="d π/sqrt(3)",
        variance=MappingProxyType({"LS": "(1/n1i + 1/n2i + d²/(2 (n1i + n2i))) π²/3"}),
        compute=lambda x: _odds(x, LOGISTIC_D),
        back=EXP,
        interpretation="The odds ratio of lying above any cut, for a logistic outcome.",
    ),
    _from_d(
        "D2ORL",
        "odds ratio from a standardised difference, logistic",
        "10.1037/0033-2909.117.1.167",
        family=_AS_ODDS,
        formula="d π/sqrt(3) (Hasselblad and Hedges)",
        variance=MappingProxyType({"LS": "(1/n1i + 1/n2i + d²/(2 (n1i + n2i))) π²/3"}),
        compute=lambda x: _odds(x, LOGISTIC_D),
        back=EXP,
        interpretation="The odds ratio of lying above any cut, for a logistic outcome.",
    ),
    _from_d(
        "D2ORN",
        "odds ratio from a standardised difference, normal",
        "10.1037/1082-989X.8.4.448",
        family=_AS_ODDS,
        formula="1.65 d (Cox)",
        variance=MappingProxyType({"LS": "(1/n1i + 1/n2i + d²/(2 (n1i + n2i))) 1.65²"}),
        compute=lambda x: _odds(x, COX),
        back=EXP,
        interpretation="The odds ratio of lying above a cut, for a normal outcome.",
    ),
)
