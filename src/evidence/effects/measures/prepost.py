"""Pre, post and control: the difference between two groups' changes in baseline standard deviations."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np

from evidence.effects.formulas import Estimate, Floats, cohen_d, noncentral_variance
from evidence.effects.measures.common import CORRELATION, NUMBER, SD, SIZE_2, corrected, filled
from evidence.effects.measures.record import Given, Measure

__all__ = ["MEASURES"]

FAMILY = "Pre, post and control"
_MORRIS = "10.1177/1094428106291059"

_COLUMNS = ("pre1i", "post1i", "sdpre1i", "n1i", "pre2i", "post2i", "sdpre2i", "n2i")
_RULES = MappingProxyType(
    {
        **dict.fromkeys(("pre1i", "post1i", "pre2i", "post2i"), NUMBER),
        **dict.fromkeys(("sdpre1i", "sdpre2i"), SD),
        **dict.fromkeys(("n1i", "n2i"), SIZE_2),
        **dict.fromkeys(("ri", "rpp1i", "rpp2i"), CORRELATION),
    }
)


def _with_correlations(columns: dict[str, Floats]) -> dict[str, Floats]:
    """Give each group its correlation: its own, else the common one."""
    common = columns.get("ri", np.full_like(columns["n1i"], np.nan))
    return {
        **columns,
        **{name: filled(columns.get(name, common), common) for name in ("rpp1i", "rpp2i")},
    }


def _changes(x: Given) -> tuple[Floats, Floats]:
    return x["post1i"] - x["pre1i"], x["post2i"] - x["pre2i"]


def _variance(x: Given, g: Floats, spread: Floats, j: Floats, df: Floats, people: Floats) -> Floats:
    """Return the variance by the form asked for, `spread` being that of the change in baseline SDs."""
    if x.vtype == "LS":
        return spread + g**2 / (2 * people)
    return noncentral_variance(g, spread, j, np.where(df > 2, df, np.nan))


def _arm(x: Given, change: Floats, sd: Floats, n: Floats, r: Floats) -> Estimate:
    """Return one group's standardised change (Becker 1988) and its variance."""
    j = corrected(x, n - 1)
    g = j * change / sd
    return Estimate(g, _variance(x, g, 2 * (1 - r) / n, j, n - 1, n))


def _ppc1(x: Given) -> Estimate:
    first, second = _changes(x)
    one = _arm(x, first, x["sdpre1i"], x["n1i"], x["rpp1i"])
    two = _arm(x, second, x["sdpre2i"], x["n2i"], x["rpp2i"])
    return Estimate(one.estimate - two.estimate, one.variance + two.variance)


def _ppc2(x: Given) -> Estimate:
    first, second = _changes(x)
    sd1, n1, sd2, n2, r1, r2 = x.many("sdpre1i", "n1i", "sdpre2i", "n2i", "rpp1i", "rpp2i")
    df = n1 + n2 - 2
    j = corrected(x, df)
    g = j * cohen_d(first, sd1, n1, second, sd2, n2)
    return Estimate(g, _variance(x, g, 2 * (1 - r1) / n1 + 2 * (1 - r2) / n2, j, df, n1 + n2))


_INPUTS = ((*_COLUMNS, "ri"), (*_COLUMNS, "rpp1i", "rpp2i"))
_NEEDS = (*_COLUMNS, "rpp1i", "rpp2i")

MEASURES = (
    Measure(
        "DPPC1",
        "pre-post-control difference, each group by its own baseline SD (Morris's d_ppc1)",
        "identity",
        (),
        0.0,
        "baseline standard deviations",
        _MORRIS,
        family=FAMILY,
        formula="g1 - g2, gj = J(nji - 1) (postji - preji) / sdpreji",
        variance=MappingProxyType(
            {
                "EX": "v1 + v2, vj = J² (nji - 1)/(nji - 3) (2 (1 - rppji)/nji + gj²) - gj²: exact in the"
                " unknown effect, at its estimate",
                "LS": "v1 + v2, vj = 2 (1 - rppji)/nji + gj²/(2 nji): the difference of two SMCR",
            }
        ),
        inputs=_INPUTS,
        rules=_RULES,
        needs=_NEEDS,
        prepare=_with_correlations,
        compute=_ppc1,
        corrects=True,
        undefined="J(n - 1) exists from n = 3 on, the variance EX from n = 4 on",
        interpretation="How much more the first group gained, each in its own baseline SD.",
    ),
    Measure(
        "DPPC2",
        "pre-post-control difference by the pooled baseline SD (Morris's d_ppc2)",
        "identity",
        (),
        0.0,
        "baseline standard deviations",
        _MORRIS,
        family=FAMILY,
        formula="g = J(m) d, d = ((post1i - pre1i) - (post2i - pre2i)) / sp,"
        " sp pooled from sdpre1i and sdpre2i,"
        " m = n1i + n2i - 2",
        variance=MappingProxyType(
            {
                "EX": "J² m/(m - 2) (s + g²) - g², s = 2 (1 - rpp1i)/n1i + 2 (1 - rpp2i)/n2i: exact in the"
                " unknown effect, at its estimate",
                "LS": "s + g² / (2 (n1i + n2i))",
            }
        ),
        inputs=_INPUTS,
        rules=_RULES,
        needs=_NEEDS,
        prepare=_with_correlations,
        compute=_ppc2,
        corrects=True,
        undefined="the variance EX needs more than 4 people",
        interpretation="How much more the first group gained, in baseline SDs.",
    ),
)
