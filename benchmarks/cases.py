"""What is timed: the work, its data, and how the others do the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from evidence import pool_arrays
from evidence.effects.formulas import g_from_means
from evidence.numerics.batch import fit_groups
from evidence.numerics.bootstrap import cluster_bootstrap, parametric_bootstrap
from evidence.numerics.multilevel import fit_multilevel
from evidence.numerics.permutation import permutation_test
from evidence.numerics.robust import cluster_sums, robust_covariance, satterthwaite
from evidence.numerics.specifications import averaged, every_specification
from evidence.numerics.subsets import every_subset

Columns = dict[str, np.ndarray]


def effects(rng: np.random.Generator, k: int, tau: float = 0.2) -> tuple[np.ndarray, np.ndarray]:
    """Return standardised mean differences of k trials with some 10 to 70 people an arm."""
    people = np.clip(rng.lognormal(3.2, 0.5, k), 5.0, None)
    v = 2.0 / people * (1.0 + 0.02 * rng.random(k))
    return rng.normal(0.3, np.sqrt(v + tau * tau)), v


@dataclass
class Work:
    """One line of the table.

    Attributes
    ----------
    name : str
        What is done.
    run : callable
        Does it once, here.
    data : dict of arrays
        What the others read.
    units : int
        Fits in one run here; the others are scaled to as many.
    metafor, metafor_units, metafor_goal
        Its work in metafor.R (empty: not timed), the units timed there, and the goal.
    peers, peer_units, peer_goal
        The same for the peers, of which the best counts.
    repeats : int
        Runs here in one round.
    slow : bool
        Whether the others are timed in the first round only.
    limit : float
        Seconds that the run here should stay below, where that is the goal.
    """

    name: str
    run: Callable[[], object]
    data: Columns
    units: int = 1
    metafor: str = ""
    metafor_units: int = 1
    metafor_goal: float = 0.0
    peers: Sequence[str] = ()
    peer_units: int = 1
    peer_goal: float = 0.0
    repeats: int = 3
    slow: bool = False
    limit: float = 0.0
    seconds: dict[str, list[float]] = field(default_factory=dict)


def works() -> list[Work]:
    """Return what is timed."""
    rng = np.random.default_rng(20250101)
    return [*single_fits(rng), *batches(rng), *resamples(rng), *multilevels(rng), *effect_sizes(rng)]


def single_fits(rng: np.random.Generator) -> list[Work]:
    """Return one synthesis of several sizes."""
    sets = {k: effects(rng, k) for k in (10, 1000, 10_000, 1_000_000)}

    def work(k: int, name: str, **others: object) -> Work:
        y, v = sets[k]
        return Work(name.format(k=k), lambda: pool_arrays(y, v), {"y": y, "v": v}, **others)

    name = "one fit, k = {k:,}: REML, HKSJ, Q-profile, prediction interval"
    peers = ("pimeta:one", "pymare:one")
    return [
        work(
            10,
            name,
            metafor="one",
            metafor_units=200,
            metafor_goal=100.0,
            peers=peers,
            peer_units=50,
            peer_goal=10.0,
            repeats=1000,
        ),
        work(
            1000,
            name,
            metafor="one",
            metafor_goal=10_000.0,
            peers=peers[1:],
            peer_units=5,
            peer_goal=20.0,
            repeats=100,
        ),
        work(10_000, "the same, k = {k:,}", limit=2e-3, repeats=20),
        work(1_000_000, "the same, k = {k:,}"),
    ]


def batches(rng: np.random.Generator) -> list[Work]:
    """Return many syntheses at once: groups, subsets, specifications."""
    codes = np.repeat(np.arange(10_000), rng.integers(5, 31, 10_000))
    y, v = effects(rng, codes.size)
    y += rng.choice([-0.1, 0.0, 0.2], 10_000)[codes]
    out = [
        Work(
            "10,000 syntheses, k = 5-30: REML, HKSJ, intervals, p values",
            lambda: fit_groups(y, v, codes),
            {"y": y, "v": v, "group": codes + 1.0},
            10_000,
            "batch",
            200,
            3000.0,
            ("pymare:batch", "pimeta:batch"),
            50,
            12.0,
            5,
        )
    ]
    ys, vs = effects(rng, 20)
    small = {"y": ys, "v": vs}
    out += [
        Work(
            f"all 2^20 subsets of k = 20, {tau2}",
            lambda tau2=tau2: every_subset(ys, vs, tau2),
            small,
            2**20,
            f"subsets_{tau2}",
            200,
            goal,
            ("pimeta:subsets",) if tau2 == "REML" else (),
            200,
            peer_goal,
            3,
        )
        for tau2, goal, peer_goal in (("REML", 20_000.0, 1000.0), ("DL", 2000.0, 0.0))
    ]
    study = np.sort(np.concatenate([np.arange(20), rng.integers(0, 20, 30)]))
    yo, vo = effects(rng, 50)
    subsets = rng.random((33_334, 20)) < 0.5
    subsets[subsets.sum(axis=1) < 3] = True

    def specifications() -> object:
        versions = [averaged(yo, vo, study, rho) for rho in np.linspace(0.0, 0.9, 10)]
        return every_specification(versions, subsets, ("EE", "DL", "REML"))

    first = averaged(yo, vo, study, 0.5)
    out.append(
        Work(
            "1,000,000 specifications (33,334 subsets of k = 20, EE, DL and REML, 10 rho)",
            specifications,
            {"y": first[0], "v": first[1]},
            1_000_020,
            "specifications",
            201,
            20_000.0,
            ("pimeta:specifications",),
            201,
            2000.0,
            1,
        )
    )
    return out


def resamples(rng: np.random.Generator) -> list[Work]:
    """Return permutation tests and bootstraps."""
    y, v = effects(rng, 20)
    small, mean, tau2 = {"y": y, "v": v}, 0.3, 0.04
    out = [
        Work(
            f"{name} bootstrap, k = 20, 10,000 draws",
            run,
            small,
            10_000,
            name,
            200,
            3500.0,
            (f"pimeta:{name}",),
            200,
            400.0,
            5,
        )
        for name, run in (
            ("parametric", lambda: parametric_bootstrap(y, v, mean=mean, tau2=tau2)),
            ("cluster", lambda: cluster_bootstrap(y, v, mean=mean)),
        )
    ]
    for k, draws, goal, peer_goal in ((50, 10_000, 3000.0, 400.0), (10, 3_628_800, 10_000.0, 0.0)):
        yp, vp = effects(rng, k)
        x = rng.normal(size=k)
        design = np.column_stack([np.ones(k), x])
        exact = draws > 10_000

        def run(
            yp: np.ndarray = yp, vp: np.ndarray = vp, design: np.ndarray = design, exact: bool = exact
        ) -> object:
            return permutation_test(yp, vp, design, draws=10_000, exact=exact, seed=1)

        name = "all 10! orders of k = 10" if exact else "k = 50, 10,000 draws"
        out.append(
            Work(
                f"permutation test, {name}",
                run,
                {"y": yp, "v": vp, "x": x},
                draws,
                "permutation",
                200,
                goal,
                ("pimeta:permutation",),
                100,
                peer_goal,
                1 if exact else 5,
                slow=exact,
            )
        )
    return out


def dependent(rng: np.random.Generator, k: int) -> tuple[Columns, np.ndarray]:
    """Return k effects of some k/4 studies, and each one's study."""
    study = np.sort(np.concatenate([np.arange(k // 4), rng.integers(0, k // 4, k - k // 4)]))
    y, v = effects(rng, k)
    y += rng.normal(0.0, 0.15, k // 4)[study]
    return {"y": y, "v": v, "study": study + 1.0, "row": np.arange(1.0, k + 1.0)}, study


def multilevels(rng: np.random.Generator) -> list[Work]:
    """Return three levels, and the CHE model with CR2."""

    def three(k: int, name: str, **others: object) -> Work:
        data, study = dependent(rng, k)
        levels = [study, np.arange(k)]
        return Work(name, lambda: fit_multilevel(data["y"], data["v"], levels), data, **others)

    def che(k: int, name: str, **others: object) -> Work:
        data, study = dependent(rng, k)
        levels = [study, np.arange(k)]

        def run() -> object:
            fit = fit_multilevel(data["y"], data["v"], levels, rho=0.6)
            problem = fit.problem
            x = problem.x @ problem.turn
            sums = cluster_sums(problem.structure, fit.theta, x, problem.y - problem.x @ fit.beta, "CR2")
            return robust_covariance(sums), satterthwaite(sums, problem.turn[0])

        return Work(name, run, data, **others)

    peer = ("pimeta:three_level",)
    return [
        three(
            1000,
            "three-level, 1,000 effects",
            metafor="three_level",
            metafor_goal=500.0,
            peers=peer,
            peer_goal=3000.0,
            repeats=20,
            slow=True,
        ),
        three(1000, "the same, against metafor's sparse mode", metafor="three_level_sparse", repeats=20),
        three(
            10_000,
            "three-level, 10,000 effects (metafor: sparse, scaled)",
            metafor="three_level_grown",
            metafor_goal=100_000.0,
            repeats=10,
            slow=True,
        ),
        three(100_000, "three-level, 100,000 effects", limit=30e-3, repeats=3),
        che(
            500,
            "known V (CHE), CR2, Satterthwaite, 500 effects",
            metafor="che",
            peers=("pimeta:che",),
            peer_goal=300.0,
            repeats=20,
        ),
        che(2000, "the same, 2,000 effects", metafor="che", metafor_goal=600.0, repeats=10),
    ]


def effect_sizes(rng: np.random.Generator) -> list[Work]:
    """Return a million standardised mean differences."""
    size = 1_000_000
    n1, n2 = (rng.integers(5, 80, size).astype(float) for _ in range(2))
    m1, m2 = rng.normal(size=size), rng.normal(size=size)
    s1, s2 = rng.uniform(0.5, 2.0, size), rng.uniform(0.5, 2.0, size)
    return [
        Work(
            "SMD of 1,000,000 rows, exact J",
            lambda: g_from_means(m1, s1, n1, m2, s2, n2),
            {"m1": m1, "s1": s1, "n1": n1, "m2": m2, "s2": s2, "n2": n2},
            1,
            "smd",
            1,
            90.0,
            ("statsmodels:smd",),
            1,
            1.5,
            5,
        )
    ]
