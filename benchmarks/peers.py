"""Time PyMARE, pimeta or statsmodels on the data that speed.py writes: python peers.py WORK FILE UNITS.

Prints the CPU seconds a unit. Runs in an environment of its own, which has these packages and not ours.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable

import numpy as np

warnings.simplefilter("ignore")


def columns(path: str) -> dict[str, np.ndarray]:
    """Return the columns of a file."""
    table = np.genfromtxt(path, delimiter=",", names=True)
    return {name: table[name] for name in table.dtype.names}


def pymare_fit(y: np.ndarray, v: np.ndarray) -> None:
    """Fit REML with its Q-profile interval; PyMARE has no Hartung-Knapp."""
    from pymare import Dataset
    from pymare.estimators import VarianceBasedLikelihoodEstimator

    result = (
        VarianceBasedLikelihoodEstimator(method="REML")
        .fit_dataset(Dataset(y=y[:, None], v=v[:, None], X=np.ones((y.size, 1)), add_intercept=False))
        .summary()
    )
    result.get_fe_stats()
    result.get_re_stats()


def pimeta_fit(y: np.ndarray, v: np.ndarray, test: str = "knha") -> None:
    """Fit REML and Hartung-Knapp."""
    import pimeta

    pimeta.rma(y.tolist(), vi=v.tolist(), method="REML", test=test)


def pimeta_whole(y: np.ndarray, v: np.ndarray) -> None:
    """Fit the same with Q-profile and prediction interval."""
    import pimeta

    fit = pimeta.rma(y.tolist(), vi=v.tolist(), method="REML", test="knha")
    pimeta.confint(fit)
    pimeta.predict(fit)


def smd(data: dict[str, np.ndarray]) -> None:
    """Compute standardised mean differences by statsmodels (approximate correction)."""
    from statsmodels.stats.meta_analysis import effectsize_smd

    effectsize_smd(data["m1"], data["s1"], data["n1"], data["m2"], data["s2"], data["n2"])


def pimeta_nested(data: dict[str, np.ndarray], *, che: bool) -> None:
    """Fit three levels; with `che` under a known covariance, and CR2 with Satterthwaite's df."""
    import pimeta

    y, v = data["y"], data["v"]
    if not che:
        pimeta.rma_mv(y, V=np.diag(v), data=data, random="~ 1 | study/row")
        return
    known = pimeta.vcalc(v, cluster=data["study"], obs=data["row"], rho=0.6)
    fit = pimeta.rma_mv(y, V=known, data=data, random="~ 1 | study/row")
    pimeta.robust(fit, cluster=data["study"], clubSandwich=True)


def more_tasks(what: str, data: dict[str, np.ndarray], units: int) -> Callable[[], None] | None:
    """Return what is to be timed where it is pimeta's alone."""
    import pimeta

    y, v, rng = data["y"], data["v"], np.random.default_rng(2)
    if what in ("three_level", "che"):
        return lambda: [pimeta_nested(data, che=what == "che") for _ in range(units)] and None
    if what == "permutation":
        orders = [rng.permutation(y.size) for _ in range(units)]
        x = data["x"].tolist()
        return lambda: [pimeta.rma(y[o].tolist(), vi=v[o].tolist(), mods=x) for o in orders] and None
    if what == "specifications":
        picks = [rng.permutation(y.size)[: rng.integers(5, 15)] for _ in range(units)]
        methods = [("FE", "DL", "REML")[i % 3] for i in range(units)]
        both = list(zip(picks, methods, strict=True))
        return lambda: [pimeta.rma(y[p].tolist(), vi=v[p].tolist(), method=m) for p, m in both] and None
    return None


def tasks(work: str, data: dict[str, np.ndarray], units: int) -> Callable[[], None]:
    """Return what is to be timed."""
    tool, _, what = work.partition(":")
    one = {"pymare": pymare_fit, "pimeta": pimeta_fit}.get(tool, pimeta_fit)
    rng = np.random.default_rng(1)
    if what == "smd":
        return lambda: [smd(data) for _ in range(units)] and None
    other = more_tasks(what, data, units) if tool == "pimeta" else None
    if other is not None:
        return other
    y, v = data["y"], data["v"]
    if what == "one":
        whole = pimeta_whole if tool == "pimeta" else pymare_fit
        return lambda: [whole(y, v) for _ in range(units)] and None
    if what == "batch":
        groups = [(y[data["group"] == g], v[data["group"] == g]) for g in range(1, units + 1)]
        return lambda: [one(*group) for group in groups] and None
    picks = [rng.random(y.size) < 0.5 for _ in range(units)]
    picks = [pick if pick.sum() > 2 else np.ones(y.size, bool) for pick in picks]
    if what == "subsets":
        return lambda: [one(y[pick], v[pick]) for pick in picks] and None
    if what == "cluster":
        draws = [rng.integers(0, y.size, y.size) for _ in range(units)]
        return lambda: [one(y[draw], v[draw]) for draw in draws] and None
    noise = [rng.normal(0.3, np.sqrt(v + 0.03)) for _ in range(units)]
    return lambda: [one(draw, v) for draw in noise] and None


def main() -> None:
    """Warm up on one unit (imports), then time."""
    work, path, units = sys.argv[1], sys.argv[2], int(sys.argv[3])
    data = columns(path)
    nested = work.endswith(("three_level", "che"))
    tasks(work, {name: column[:40] for name, column in data.items()} if nested else data, 1)()
    run = tasks(work, data, units)
    start = time.process_time()
    run()
    print((time.process_time() - start) / units)


if __name__ == "__main__":
    main()
