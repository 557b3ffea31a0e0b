"""Association of two dichotomies: phi, Yule's coefficients, the tetrachoric correlation."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np
from scipy import special

from evidence.effects.formulas import Estimate, Floats
from evidence.effects.measures.cells import (
    CELL_INPUTS,
    CELL_RULES,
    CELL_SUMS,
    CELLS,
    cells,
    share_variance,
    with_cells,
)
from evidence.effects.measures.common import ADDED, TANH, normal_density
from evidence.effects.measures.correlation_formulas import z_variance
from evidence.effects.measures.record import Given, Measure
from evidence.effects.measures.tables import odds_ratio

__all__ = ["MEASURES", "bivariate_normal", "tetrachoric"]

FAMILY = "Association of two dichotomies"


def _phi(x: Given) -> Estimate:
    a, b, c, d = cells(x)
    n1, n2, k1, k2 = a + b, c + d, a + c, b + d
    phi = (a * d - b * c) / np.sqrt(n1 * n2 * k1 * k2)
    return Estimate(phi, _phi_stratified(x) if x.vtype == "ST" else _phi_sampled(phi, n1, n2, k1, k2))


def _phi_sampled(phi: Floats, n1: Floats, n2: Floats, k1: Floats, k2: Floats) -> Floats:
    """Return the variance where only the number of people was fixed (Yule 1912, p. 603)."""
    n = n1 + n2
    rows, columns = (n1 - n2) / np.sqrt(n1 * n2), (k1 - k2) / np.sqrt(k1 * k2)
    skew = phi * (1 + phi**2 / 2) * rows * columns
    return (1 - phi**2 + skew - 3 / 4 * phi**2 * (rows**2 + columns**2)) / n


def _phi_stratified(x: Given) -> Floats:
    """Return the variance where the groups' sizes were fixed: phi as a function of two independent risks."""
    a, b, c, d = cells(x)
    n1, n2 = a + b, c + d
    n = n1 + n2
    p1, p2, p = a / n1, c / n2, (a + c) / n
    spread = p * (1 - p)
    bend = (p1 - p2) * (1 - 2 * p) / (2 * spread)
    by1, by2 = 1 - bend * n1 / n, 1 + bend * n2 / n
    return n1 * n2 / n**2 / spread * (by1**2 * share_variance(p1, n1) + by2**2 * share_variance(p2, n2))


def _yule(x: Given, power: float) -> Estimate:
    """Return Yule's coefficient of the odds ratio raised to a power: 1 gives Q, 1/2 gives Y."""
    y, v = odds_ratio(*cells(x))
    found = np.tanh(power * y / 2)
    return Estimate(found, power**2 / 4 * (1 - found**2) ** 2 * v)


def bivariate_normal(h: Floats, k: Floats, r: Floats) -> Floats:
    """Return P(X < h, Y < k) of two standard normal variables with correlation r, |r| < 1.

    References
    ----------
    Owen DB (1956). Tables for computing bivariate normal probabilities. Ann Math Stat 27:1075-1090.
    doi:10.1214/aoms/1177728074
    """
    root = np.sqrt((1 - r) * (1 + r))
    # Owen's T at zero is defined by its limit: arctan of the slope, over 2 pi, with an infinite slope.
    tiny = np.finfo(np.float64).tiny
    h, k = np.where(h == 0, tiny, h), np.where(k == 0, tiny, k)
    opposite = np.where(h * k < 0, 0.5, 0.0)
    corner = special.owens_t(h, (k - r * h) / (h * root)) + special.owens_t(k, (h - r * k) / (k * root))
    return (special.ndtr(h) + special.ndtr(k)) / 2 - corner - opposite


def tetrachoric(a: Floats, b: Floats, c: Floats, d: Floats) -> Floats:
    """Return the correlation of two normal variables that were both cut into yes and no.

    The cuts reproduce the margins, the correlation the first cell; -1 or 1 where a cell is empty.
    """
    n = a + b + c + d
    h, k, share = special.ndtri((a + b) / n), special.ndtri((a + c) / n), a / n
    low, high = np.full_like(share, -1.0), np.full_like(share, 1.0)
    # The probability of the first cell rises with the correlation: halving cannot fail, and 60 halvings
    # leave less than a unit in the last place.
    for _ in range(60):
        middle = (low + high) / 2
        below = bivariate_normal(h, k, middle) < share
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    r = np.where((a == 0) | (d == 0), -1.0, np.where((b == 0) | (c == 0), 1.0, (low + high) / 2))
    return np.where((a + b == 0) | (c + d == 0) | (a + c == 0) | (b + d == 0), np.nan, r)


def _rtet(x: Given) -> Estimate:
    a, b, c, d = cells(x)
    n = a + b + c + d
    h, k = special.ndtri((a + b) / n), special.ndtri((a + c) / n)
    r = tetrachoric(a, b, c, d)
    root = np.sqrt(1 - r**2)
    # r is a function of the first cell's share and the two margins; the multinomial variance of its
    # linearisation follows from each cell's weight in it.
    by_row, by_column = special.ndtr((k - r * h) / root), special.ndtr((h - r * k) / root)
    density = normal_density(h) * normal_density((k - r * h) / root) / root
    first, second, third = 1 - by_row - by_column, -by_row, -by_column
    mean = (first * a + second * b + third * c) / n
    square = (first**2 * a + second**2 * b + third**2 * c) / n
    return Estimate(r, (square - mean**2) / density**2 / n)


def _z_phi(x: Given) -> Estimate:
    y, v = _phi(x)
    return Estimate(np.arctanh(y), z_variance(v, y))


def _z_tet(x: Given) -> Estimate:
    y, v = _rtet(x)
    return Estimate(np.arctanh(y), z_variance(v, y))


def _pair(code: str, name: str, reference: str, **more: object) -> Measure:
    settings: dict[str, object] = {
        "family": FAMILY,
        "inputs": CELL_INPUTS,
        "rules": CELL_RULES,
        "sums": CELL_SUMS,
        "needs": CELLS,
        "prepare": with_cells,
        "counts": CELLS,
        **more,
    }
    scale = "Fisher's z" if settings.get("back") else "identity"
    return Measure(code, name, scale, (), 0.0, "correlation", reference, **settings)  # type: ignore[arg-type]


_YULE = "10.2307/2340126"
_PHI_FORMS = {
    "CS": "only the number of people fixed: Yule (1912), p. 603",
    "ST": "the groups' sizes fixed: delta method with two independent risks",
    "LS": "as CS",
}
_NO_MARGIN = "a group or an outcome without people has no association"
_EMPTY = _NO_MARGIN + "; at a correlation of -1 or 1 the variance does not exist"

MEASURES = (
    _pair(
        "PHI",
        "phi coefficient",
        _YULE,
        formula="(ai di - bi ci) / sqrt(n1i n2i (ai + ci)(bi + di))",
        variance=MappingProxyType(_PHI_FORMS),
        compute=_phi,
        undefined=_NO_MARGIN,
        interpretation="The correlation of two dichotomies coded 0 and 1.",
    ),
    _pair(
        "ZPHI",
        "Fisher's z of the phi coefficient",
        _YULE,
        formula="atanh(phi)",
        variance=MappingProxyType({code: f"{text}; over (1 - phi²)²" for code, text in _PHI_FORMS.items()}),
        compute=_z_phi,
        back=TANH,
        undefined=_EMPTY,
        interpretation="The variance is not constant on this scale; PHI may serve as well.",
    ),
    _pair(
        "YUQ",
        "Yule's Q",
        _YULE,
        formula="(o - 1)/(o + 1), o the odds ratio",
        variance=MappingProxyType({"LS": "(1 - Q²)²/4 · (1/ai + 1/bi + 1/ci + 1/di)"}),
        compute=lambda x: _yule(x, 1.0),
        add=ADDED,
        undefined="a cell of zero has no odds ratio",
        interpretation="The odds ratio on a scale from -1 to 1.",
    ),
    _pair(
        "YUY",
        "Yule's Y",
        _YULE,
        formula="(sqrt(o) - 1)/(sqrt(o) + 1), o the odds ratio",
        variance=MappingProxyType({"LS": "(1 - Y²)²/16 · (1/ai + 1/bi + 1/ci + 1/di)"}),
        compute=lambda x: _yule(x, 0.5),
        add=ADDED,
        undefined="a cell of zero has no odds ratio",
        interpretation="The phi of the same odds ratio with even margins.",
    ),
    _pair(
        "RTET",
        "tetrachoric correlation",
        "10.1098/rsta.1900.0022",
        formula="the r at which two normal variables, cut to the margins, give ai/n for the first cell",
        variance=MappingProxyType({"LS": "delta method on the multinomial shares of the cells"}),
        compute=_rtet,
        undefined=_EMPTY,
        interpretation="The correlation of two normal variables of which only yes and no were recorded.",
    ),
    _pair(
        "ZTET",
        "Fisher's z of the tetrachoric correlation",
        "10.1098/rsta.1900.0022",
        formula="atanh(r), r as for RTET",
        variance=MappingProxyType({"LS": "that of RTET over (1 - r²)²"}),
        compute=_z_tet,
        back=TANH,
        undefined=_EMPTY,
        interpretation="The variance is not constant on this scale; RTET may serve as well.",
    ),
)
