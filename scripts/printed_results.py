"""Results that papers print, beside ours on the same numbers."""

from __future__ import annotations

import numpy as np

import evidence as ev

__all__ = ["printed"]

# Tuberculosis trials of BCG vaccine: cases and others among the vaccinated, then among the controls; absolute
# latitude; year. Colditz GA et al. JAMA 1994;271(9):698-702. https://doi.org/10.1001/jama.1994.03510330076038
_BCG = (
    (4, 119, 11, 128, 44, 1948),
    (6, 300, 29, 274, 55, 1949),
    (3, 228, 11, 209, 42, 1960),
    (62, 13536, 248, 12619, 52, 1977),
    (33, 5036, 47, 5761, 13, 1973),
    (180, 1361, 372, 1079, 44, 1953),
    (8, 2537, 10, 619, 19, 1973),
    (505, 87886, 499, 87892, 13, 1980),
    (29, 7470, 45, 7232, 27, 1968),
    (17, 1699, 65, 1600, 42, 1961),
    (186, 50448, 141, 27197, 18, 1974),
    (5, 2493, 3, 2338, 33, 1969),
    (27, 16886, 29, 17825, 33, 1976),
)
SOURCE = "Viechtbauer W. J Stat Softw 2010;36(3), https://doi.org/10.18637/jss.v036.i03, BCG vaccine trials"


def printed() -> list[tuple[str, str, float]]:
    """Return quantity, the number as printed, and ours, for the BCG trials in `SOURCE`."""
    a, b, c, d, latitude, year = np.array(_BCG, dtype=float).T
    y = np.log(a / (a + b)) - np.log(c / (c + d))
    v = 1 / a - 1 / (a + b) + 1 / c - 1 / (c + d)
    effects = ev.effects_from(y, variance=v, latitude=latitude, year=year)
    mean = ev.random_effects(effects, inference="z")
    both = ev.meta_regression(effects, "~ latitude + year", inference="z")
    slopes = both.tidy().set_index("term")
    pairs = [
        ("mean log risk ratio (REML)", "-0.7145", mean.estimate),
        ("its standard error", "0.1798", mean.std_error),
        ("z", "-3.9744", mean.statistic),
        ("lower limit", "-1.0669", mean.conf_low),
        ("upper limit", "-0.3622", mean.conf_high),
        ("tau²", "0.3132", mean.tau2),
        ("I²", "92.22", mean.i2),
        ("H²", "12.86", mean.h2),
        ("Q, 12 df", "152.2330", mean.q),
        ("with latitude and year: tau²", "0.1108", both.tau2),
        ("I²", "71.98", both.i2),
        ("H²", "3.57", both.h2),
        ("QE, 10 df", "28.3251", both.q),
        ("QM, 2 df", "12.2043", both.qm),
        ("intercept", "-3.5455", slopes.loc["Intercept", "estimate"]),
        ("latitude", "-0.0280", slopes.loc["latitude", "estimate"]),
        ("its standard error", "0.0102", slopes.loc["latitude", "std_error"]),
        ("year", "0.0019", slopes.loc["year", "estimate"]),
        ("its standard error", "0.0147", slopes.loc["year", "std_error"]),
    ]
    return [(name, text, float(ours)) for name, text, ours in pairs if ours is not None]  # type: ignore[arg-type]
