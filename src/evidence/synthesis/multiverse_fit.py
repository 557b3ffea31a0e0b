"""The fits of a multiverse: array programs for one exact effect a study, the verbs for the rest."""

from __future__ import annotations

import math
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import special

from evidence._work import finished
from evidence.effects.record import Effects
from evidence.errors import ModelError
from evidence.models import multilevel, pool_partial, random_effects
from evidence.numerics.batch import fit_groups
from evidence.numerics.specifications import every_specification
from evidence.numerics.subsets import SUBSET_ESTIMATORS
from evidence.numerics.wls import Vector
from evidence.synthesis.multiverse_choices import Plan, numbered
from evidence.synthesis.multiverse_data import Arm, Versions, one_row_each

__all__ = ["COLUMNS", "ONE_STUDY", "Exact", "Fits", "exact_fits", "other_fits"]

COLUMNS = ("k", "n_studies", "estimate", "std_error", "conf_low", "conf_high", "p_value", "tau2_value")
"""What is told of each specification; `tau2` is the name of the choice."""

ONE_STUDY = "one study: its own result, not pooled"


@dataclass(frozen=True)
class Fits:
    """Results by specification, columns of `COLUMNS`; NaN where there is none, and `note` says why."""

    numbers: NDArray[np.float64]
    note: NDArray[np.object_]
    model: NDArray[np.object_]

    @classmethod
    def blank(cls, count: int) -> Fits:
        """Return results that are still to be found."""
        return cls(
            np.full((count, len(COLUMNS)), np.nan), np.full(count, "", object), np.full(count, "", object)
        )


@dataclass(frozen=True)
class _Cell:
    """Specifications of one version of the data and one estimator, which one array program fits.

    Attributes
    ----------
    at : ndarray of int, shape (specifications,)
        Where they stand.
    which : ndarray of int, shape (specifications,)
        The subset of each, a line of `chosen`.
    chosen : ndarray of bool, shape (subsets, studies)
        The studies.
    k, critical : ndarray of float, shape (specifications,)
        Number of studies; critical value of the interval.
    normal, scaled, truncated : ndarray of bool, shape (specifications,)
        Whether inference is by the normal law, by HKSJ's factor, and by one of at least 1.
    """

    arm: Arm
    estimator: str
    at: NDArray[np.intp]
    which: NDArray[np.intp]
    chosen: NDArray[np.bool_]
    k: Vector
    critical: Vector
    normal: NDArray[np.bool_]
    scaled: NDArray[np.bool_]
    truncated: NDArray[np.bool_]

    def fit(self, signs: Vector) -> NDArray[np.float64]:
        """Return the results; under HKSJ with identical effects the factor is taken as 1."""
        found = _fitted(self.arm.y * signs, self.arm.v, self.chosen, self.estimator)
        estimate, error, tau2, q = (part[self.which] for part in found)
        more = np.maximum(self.k - 1.0, 1.0)
        factor = np.where(self.scaled, q / more, 1.0)
        factor = np.where(self.truncated, np.maximum(factor, 1.0), factor)
        factor[factor < 1e-20] = 1.0
        error = error * np.sqrt(factor)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.abs(estimate / error)
        p = np.empty_like(ratio)
        p[self.normal] = special.ndtr(-ratio[self.normal])
        p[~self.normal] = special.stdtr(more[~self.normal], -ratio[~self.normal])
        half = self.critical * error
        shown = (self.k, self.k, estimate, error, estimate - half, estimate + half, 2.0 * p, tau2)
        return np.stack(shown, axis=1)


@dataclass(frozen=True)
class Exact:
    """Specifications of one exact effect a study, as arrays: what the joint test refits.

    Attributes
    ----------
    places : ndarray of int, shape (specifications,)
        Where they stand among all.
    version, subset : ndarray of int, shape (specifications,)
        Which data and which studies each rests on.
    estimator, inference : ndarray of int, shape (specifications,)
        How it is fitted: places in `estimators` and `inferences`.
    arms : list of Arm
        The versions of the data.
    subsets : ndarray of bool, shape (subsets, studies)
        The studies.
    """

    places: NDArray[np.intp]
    version: NDArray[np.intp]
    subset: NDArray[np.intp]
    estimator: NDArray[np.int32]
    inference: NDArray[np.int32]
    estimators: tuple[str, ...]
    inferences: tuple[str, ...]
    arms: list[Arm]
    subsets: NDArray[np.bool_]
    level: float

    @cached_property
    def cells(self) -> list[_Cell]:
        """The specifications by version and estimator; sorted once, fitted for every draw of the test."""
        kind, first = numbered(np.stack([self.version, self.estimator], axis=1))
        order = np.argsort(kind, kind="stable")
        parts = np.split(order, np.cumsum(np.bincount(kind))[:-1])
        return [
            self._cell(at, self.arms[self.version[one]], self.estimators[self.estimator[one]])
            for at, one in zip(parts, first, strict=True)
        ]

    def _cell(self, at: NDArray[np.intp], arm: Arm, estimator: str) -> _Cell:
        which, first = numbered(self.subset[at, None])
        chosen = self.subsets[self.subset[at[first]]] & arm.present
        k = chosen.sum(axis=1)[which].astype(np.float64)
        normal, truncated, plain = (
            np.array([word == name for word in self.inferences])[self.inference[at]]
            for name in ("z", "mHKSJ", "HKSJ")
        )
        tail = 0.5 * (1.0 + self.level)
        # Few different k, many specifications: the quantile of each is found once.
        by_size = special.stdtrit(np.maximum(np.arange(arm.y.size + 1.0) - 1.0, 1.0), tail)
        critical = np.where(normal, special.ndtri(tail), by_size[k.astype(np.intp)])
        scaled = truncated | plain
        return _Cell(arm, estimator, at, which, chosen, k, critical, normal, scaled, truncated)

    def fit(self, signs: Vector | None = None) -> tuple[NDArray[np.float64], NDArray[np.object_]]:
        """Return the results, columns of `COLUMNS`, and notes; the signs of studies turned where asked."""
        numbers = np.full((self.places.size, len(COLUMNS)), np.nan)
        note = np.full(self.places.size, "", object)
        turned = np.ones(self.subsets.shape[1]) if signs is None else signs
        for cell in self.cells:
            numbers[cell.at] = cell.fit(turned)
        note[numbers[:, 0] == 0] = "no row gives an effect with its standard error"
        single = np.flatnonzero(numbers[:, 0] == 1)
        for place in single:
            arm = self.arms[self.version[place]]
            i = int(np.argmax(self.subsets[self.subset[place]] & arm.present))
            numbers[place] = _alone(arm.y[i] * turned[i], arm.v[i], self.level)
            note[place] = ONE_STUDY
        return numbers, note


def _fitted(
    y: Vector, v: Vector, chosen: NDArray[np.bool_], estimator: str
) -> tuple[Vector, Vector, Vector, Vector]:
    """Return estimate, standard error, tau² and Q at tau² of each subset."""
    if estimator in SUBSET_ESTIMATORS:
        found = every_specification([(y, v)], chosen, [estimator])
        return found.estimate[0, 0], found.std_error[0, 0], found.tau2[0, 0], found.q[0, 0]
    rows, columns = np.nonzero(chosen)
    fit = fit_groups(
        y[columns], v[columns], rows.astype(np.intp), count=len(chosen), tau2=estimator, inference="z"
    )
    w = chosen / (v + np.nan_to_num(fit.tau2)[:, None])
    q = (w * (y - fit.estimate[:, None]) ** 2).sum(axis=1)
    return fit.estimate, fit.std_error, fit.tau2, q


def _alone(y: float, v: float, level: float) -> list[float]:
    error = math.sqrt(v)
    half = float(special.ndtri(0.5 * (1.0 + level))) * error
    p = 2.0 * float(special.ndtr(-abs(y) / error))
    return [1.0, 1.0, y, error, y - half, y + half, p, math.nan]


def exact_fits(versions: Versions, plan: Plan, exact: NDArray[np.bool_], level: float) -> Exact:
    """Bring the specifications of one exact effect a study into arrays."""
    places = np.flatnonzero(exact)
    codes = plan.codes[places]
    whole = [plan.position(factor.name) for factor in versions.filters if versions.by_study(factor)]
    names = ("tau2", "inference")
    apart = [i for i in range(codes.shape[1]) if i not in (*whole, *(plan.position(name) for name in names))]
    version, kinds = numbered(codes[:, apart])
    arms = [_arm(versions, plan, codes[first], whole) for first in kinds]
    subset, groups = numbered(codes[:, whole])
    masks = [versions.studies_kept(codes[first], whole) for first in groups]
    # A choice that plays no part has the code -1: the last word, which is blank.
    estimators, inferences = ((*map(str, plan.factors[plan.position(name)].values), "") for name in names)
    estimator, inference = (plan.column(name)[places] for name in names)
    subsets = np.array(masks, np.bool_)
    return Exact(
        *(places, version, subset, estimator, inference, estimators, inferences, arms, subsets, level)
    )


def _arm(versions: Versions, plan: Plan, codes: NDArray[np.int32], whole: list[int]) -> Arm:
    effects = versions.effects(*_reading(plan, codes))
    keep = versions.kept(effects.table, codes, whole)  # whole studies are left to the subsets
    place, code = plan.position("rho"), codes[plan.position("rows")]
    rho = (
        plan.factors[place].values[codes[place]] if codes[place] >= 0 else 0.6
    )  # where no study has two rows
    rows = "mean" if code < 0 else plan.factors[plan.position("rows")].values[code]
    return versions.arm(effects.table, keep, rows, rho)


def _reading(plan: Plan, codes: NDArray[np.int32]) -> tuple[int, int]:
    measure, correlation = plan.position("measure"), plan.position("correlation")
    return (
        int(codes[measure]) if measure >= 0 else 0,
        int(codes[correlation]) if correlation >= 0 else 0,
    )


@dataclass(frozen=True)
class _Job:
    """One specification for a verb: its rows and its choices."""

    effects: Effects
    model: str
    tau2: str
    inference: str
    rho: float
    level: float


def _verb(job: _Job) -> tuple[list[float], str]:
    """Fit one specification by a verb; a refusal is told in the note."""
    try:
        if job.model == "pool_partial":
            fit = pool_partial(job.effects, rho=job.rho, inference=job.inference, level=job.level, prior=None)
        elif job.model == "multilevel":
            fit = multilevel(job.effects, rho=job.rho, tau2=job.tau2, level=job.level)
        else:
            fit = random_effects(job.effects, tau2=job.tau2, inference=job.inference, level=job.level)
    except ModelError as problem:
        reason = str(problem).splitlines()[0].rstrip(":")
        return [math.nan] * len(COLUMNS), f"not pooled: {reason}"
    values = [getattr(fit, name.removesuffix("_value") if name == "tau2_value" else name) for name in COLUMNS]
    note = ONE_STUDY if fit.n_studies == 1 else "" if fit.estimate is not None else fit.sentence()
    return [math.nan if value is None else float(value) for value in values], note


def other_fits(
    versions: Versions,
    plan: Plan,
    places: NDArray[np.intp],
    models: NDArray[np.object_],
    level: float,
    executor: Executor | None,
    progress: bool | None,
) -> tuple[NDArray[np.float64], NDArray[np.object_]]:
    """Fit the specifications that need a verb each; those that the user stopped say so."""
    numbers, note = np.full((places.size, len(COLUMNS)), np.nan), np.full(places.size, "", object)
    jobs = [_job(versions, plan, plan.codes[place], str(models[place]), level) for place in places]
    if not jobs:
        return numbers, note
    done = finished(
        _verb, jobs, sizes=[1] * len(jobs), what="specifications", executor=executor, progress=progress
    )
    for i, (line, said) in enumerate(done):
        numbers[i], note[i] = line, said
    note[len(done) :] = "stopped by the user before this one"
    return numbers, note


def _job(versions: Versions, plan: Plan, codes: NDArray[np.int32], model: str, level: float) -> _Job:
    effects = versions.effects(*_reading(plan, codes))

    def value(name: str, missing: object) -> object:
        code = codes[plan.position(name)]
        return plan.factors[plan.position(name)].values[code] if code >= 0 else missing

    kept = one_row_each(effects, versions.kept(effects.table, codes), str(value("rows", "all")))
    return _Job(
        kept,
        model,
        str(value("tau2", "ML")),
        str(value("inference", "profile")),
        float(value("rho", 0.6)),  # type: ignore[arg-type]  # a number, see `factors_of`
        level,
    )
