"""Bootstrap of a random-effects mean and of tau²: from the model, or by resampling studies."""

from __future__ import annotations

import math
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from evidence._check import check_count, check_level, check_seed, one_of
from evidence._work import finished
from evidence.effects.record import Effects
from evidence.errors import ModelError
from evidence.fit import MetaFit
from evidence.fit.plain import plain
from evidence.models import random_effects
from evidence.numerics.bootstrap import RESAMPLED, Draws, cluster_bootstrap, parametric_bootstrap
from evidence.numerics.deletion import leave_out
from evidence.numerics.tau2 import TAU2
from evidence.numerics.wls import Vector
from evidence.synthesis.sensitivity_data import full_fit, html_page, interval_words, named, scale_note

__all__ = ["Bootstrap", "bootstrap"]

KINDS = ("parametric", "cluster")

FEWEST = 10
"""Studies below which resampling them says little: of few, most resamples repeat some and lack others."""

FEWEST_DRAWN = 5
"""Studies below which draws from the model rest on a tau² that is all but unknown."""

_MOST = 10_000_000

_BLOCK = 2_500
"""Draws of one job: its place among the jobs decides its random numbers."""


_COLUMNS = {"term": "", "estimate": "estimate", "bias": "bias", "std_error": "SE"}
_COLUMNS |= {"percentile_low": "percentile, low", "percentile_high": "high"}
_COLUMNS |= {
    "bca_low": "BCa, low",
    "bca_high": "high ",
    "conf_low": "model, low",
    "conf_high": "high  ",
}


@dataclass(frozen=True, eq=False, repr=False)
class Bootstrap:
    """Intervals of the mean and of tau² from their bootstrap distribution.

    Attributes
    ----------
    table : DataFrame
        Two lines (``mean``, ``tau2``): ``estimate, bias, std_error, percentile_low, percentile_high, bca_low,
        bca_high`` and the fit's own ``conf_low, conf_high``; model scale. NaN where there is no such
        interval, and the notes say why.
    estimate, tau2 : Vector, shape (draws,)
        The draws; NaN where a resample has fewer than two studies.
    kind : str
        ``"parametric"`` or ``"cluster"``.
    level : float
        Level of the intervals.
    failures : int
        Draws without an estimate.
    seed : int
        Of the random numbers.
    fit : MetaFit
        The result itself.
    notes : tuple of str
        What a reader must know.
    """

    table: pd.DataFrame
    estimate: Vector
    tau2: Vector
    kind: str
    level: float
    failures: int
    seed: int
    fit: MetaFit
    notes: tuple[str, ...]

    def __len__(self) -> int:
        """Return the number of draws."""
        return len(self.estimate)

    def sentence(self) -> str:
        """Return the mean with its bootstrap interval beside the model's own, with a warning where few."""
        mean = self.table.iloc[0]
        name = "bca" if np.isfinite(mean["bca_low"]) else "percentile"
        words = {"bca": "BCa", "percentile": "percentile"}[name]
        own = interval_words(self.fit, mean["estimate"], mean["conf_low"], mean["conf_high"])
        theirs = interval_words(self.fit, mean["estimate"], mean[f"{name}_low"], mean[f"{name}_high"])
        few = ""
        if self.kind == "cluster" and self.fit.n_studies < FEWEST:
            few = f" With fewer than {FEWEST} studies resampling them gives intervals that are too narrow."
        if self.kind == "parametric" and self.fit.n_studies < FEWEST_DRAWN:
            few = f" With fewer than {FEWEST_DRAWN} studies the draws trust a tau² that is all but unknown."
        draws = f"{len(self):,}".replace(",", "\N{NO-BREAK SPACE}")
        level = f"{100 * self.level:g} %"
        return (
            f"By {draws} {self.kind} bootstrap draws the {level} {words} interval is"
            f" {named(self.fit)}{theirs}; the model's own ({self.fit.method}) is {own}.{few}"
        )

    def __repr__(self) -> str:
        """Return the sentence and the lines of its page."""
        return plain(self, self.sentence(), self.table, _COLUMNS)

    def _repr_html_(self) -> str:
        """Return the sentence, one line a quantity, and the notes."""
        return html_page("bootstrap", self.sentence(), self.table, _COLUMNS, self.notes)


def bootstrap(
    data: Effects | MetaFit,
    *,
    kind: str = "parametric",
    draws: int = 10_000,
    level: float | None = None,
    seed: int = 1,
    executor: Executor | None = None,
    progress: bool | None = None,
) -> Bootstrap:
    """Bootstrap the mean and tau²: percentile and BCa intervals.

    Parameters
    ----------
    data : Effects or MetaFit
        A fit of `random_effects`, or effects with one exact row a study, pooled by REML and HKSJ.
    kind : {"parametric", "cluster"}, default "parametric"
        Draw new effects from the fitted model (any estimator of tau²), or resample whole studies with
        replacement (DL, ML, REML), which trusts the model less and needs more studies.
    draws : int, default 10000
        Number of draws; each is a full fit.
    level : float, optional
        Level of the intervals; by default the fit's own.
    seed : int, default 1
        Seed of the random numbers: the same seed gives the same draws, on any number of workers.
    executor : concurrent.futures.Executor, optional
        Workers.
    progress : bool, optional
        Whether to show a progress bar; by default in a terminal or notebook, for what takes long. Ctrl-C
        keeps the draws that are finished.

    Returns
    -------
    Bootstrap
        The sentence warns where there are fewer than 10 studies to resample, or 5 to draw from a model of.

    Raises
    ------
    ModelError
        Where the model is another one, rows are dependent or not exact, there are fewer than two (cluster:
        three) studies, or an argument is not known.

    Notes
    -----
    BCa intervals take the acceleration from leaving out one study at a time, for both kinds.

    References
    ----------
    Efron B. Better bootstrap confidence intervals. J Am Stat Assoc 1987;82(397):171-185.
    https://doi.org/10.1080/01621459.1987.10478410
    Davison AC, Hinkley DV. Bootstrap Methods and their Application. Cambridge University Press, 1997.
    https://doi.org/10.1017/CBO9780511802843

    Examples
    --------
    >>> import evidence as ev
    >>> effects = ev.effects_from([0.1, 0.2, 0.3, 0.4, 0.5, 0.9], variance=0.04)
    >>> drawn = ev.bootstrap(effects, draws=2000)
    >>> len(drawn), drawn.table["term"].tolist()
    (2000, ['mean', 'tau2'])
    """
    kind = one_of("kind", kind, KINDS)
    draws, seed = check_count("draws", draws, _MOST), check_seed(seed)
    fit = full_fit(data, random_effects, "bootstrap")
    y, v, estimator = _rows(fit, kind)
    chosen = fit.level if level is None else check_level(level)
    mean, tau2 = float(fit.estimate or 0.0), float(fit.tau2 or 0.0)
    sizes = [min(_BLOCK, draws - start) for start in range(0, draws, _BLOCK)]
    seeds = np.random.SeedSequence(seed).generate_state(len(sizes), np.uint64)
    jobs = [
        _Job(y, v, kind, estimator, mean, tau2, size, int(own))
        for size, own in zip(sizes, seeds, strict=True)
    ]
    parts = finished(_draw, jobs, sizes=sizes, what="draws", executor=executor, progress=progress)
    estimates = np.concatenate([part.estimate for part in parts])
    spreads = np.concatenate([part.tau2 for part in parts])
    without = leave_out(y, v, np.arange(y.size, dtype=np.intp), tau2=estimator, inference="z", level=chosen)
    lines = [
        _line("mean", mean, estimates, without.estimate[1:], chosen, (fit.conf_low, fit.conf_high)),
        _line("tau2", tau2, spreads, without.tau2[1:], chosen, (fit.tau2_low, fit.tau2_high)),
    ]
    table = pd.DataFrame(lines)
    failures = int(np.isnan(estimates).sum())
    notes = _notes(fit, kind, len(estimates), draws, failures, table)
    return Bootstrap(table, estimates, spreads, kind, chosen, failures, seed, fit, notes)


def _rows(fit: MetaFit, kind: str) -> tuple[Vector, Vector, str]:
    """Return effects, variances and estimator of a fit.

    Raises
    ------
    ModelError
        Where it is another model, its rows are dependent or not exact, or there are too few.
    """
    estimator = fit.method.split(", ")[0]
    used = fit.rows.loc[fit.rows["used"].astype(bool)]
    alone = not used["study"].duplicated().any() and bool(used["kind"].eq("exact").all())
    mean = fit.coefficients is None and fit.variance_components is None
    if fit.n_studies < (3 if kind == "cluster" else 2):
        least = "three" if kind == "cluster" else "two"
        raise ModelError(f"a {kind} bootstrap needs at least {least} studies; got {fit.n_studies}")
    if not (mean and alone and estimator in TAU2):
        raise ModelError(
            f"bootstrap() needs a mean by random_effects of one exact row a study; this is {fit.method!r}"
        )
    if kind == "cluster":
        estimator = one_of("tau2", estimator, RESAMPLED)
    y = used["estimate"].to_numpy(np.float64)
    return y, used["std_error"].to_numpy(np.float64) ** 2, estimator


@dataclass(frozen=True)
class _Job:
    """One block of draws."""

    y: Vector
    v: Vector
    kind: str
    estimator: str
    mean: float
    tau2: float
    size: int
    seed: int


def _draw(job: _Job) -> Draws:
    options = {"mean": job.mean, "estimator": job.estimator, "draws": job.size, "seed": job.seed}
    if job.kind == "cluster":
        return cluster_bootstrap(job.y, job.v, **options)  # type: ignore[arg-type]  # a dict of mixed types
    return parametric_bootstrap(job.y, job.v, tau2=job.tau2, **options)  # type: ignore[arg-type]


def _line(
    term: str,
    estimate: float,
    draws: Vector,
    without: Vector,
    level: float,
    own: tuple[float | None, float | None],
) -> dict[str, object]:
    known = draws[np.isfinite(draws)]
    percentile = (
        np.quantile(known, [0.5 * (1.0 - level), 0.5 * (1.0 + level)]) if known.size else [np.nan] * 2
    )
    corrected = bca_interval(known, estimate, without, level)
    unit = float(np.abs(known).max(initial=0.0)) or 1.0  # of any scale: squares neither overflow nor vanish
    return {
        "term": term,
        "estimate": estimate,
        "bias": float(known.mean() - estimate) if known.size else np.nan,
        "std_error": float((known / unit).std(ddof=1)) * unit if known.size > 1 else np.nan,
        "percentile_low": float(percentile[0]),
        "percentile_high": float(percentile[1]),
        "bca_low": corrected[0],
        "bca_high": corrected[1],
        "conf_low": math.nan if own[0] is None else own[0],
        "conf_high": math.nan if own[1] is None else own[1],
    }


def bca_interval(
    draws: NDArray[np.float64], estimate: float, without: Vector, level: float
) -> tuple[float, float]:
    """Return the bias-corrected and accelerated interval; NaN where all draws lie on one side.

    Parameters
    ----------
    draws : Vector
        Bootstrap draws; ties with the estimate (tau² at 0) count by half.
    estimate : float
        From the data themselves.
    without : Vector, shape (k,)
        The estimate without each study, for the acceleration.
    level : float
        Level of the interval.

    References
    ----------
    Efron B. J Am Stat Assoc 1987;82(397):171-185, equations 2.3, 4.4 and 6.6.
    https://doi.org/10.1080/01621459.1987.10478410
    """
    if not draws.size or not np.isfinite(without).all():
        return math.nan, math.nan
    tie = 1e-12 * max(abs(estimate), float(np.abs(draws).max()))
    share = float((draws < estimate - tie).mean() + 0.5 * (np.abs(draws - estimate) <= tie).mean())
    if not 0.0 < share < 1.0:
        return math.nan, math.nan
    gaps = without.mean() - without
    gaps /= float(np.abs(gaps).max()) or 1.0  # of any scale: its cube neither overflows nor vanishes
    size = float((gaps * gaps).sum())
    acceleration = float((gaps**3).sum()) / (6.0 * size**1.5) if size > 0.0 else 0.0
    shift = float(special.ndtri(share))
    ends = []
    for tail in (0.5 * (1.0 - level), 0.5 * (1.0 + level)):
        moved = shift + float(special.ndtri(tail))
        ends.append(float(special.ndtr(shift + moved / (1.0 - acceleration * moved))))
    low, high = np.quantile(draws, ends)
    return float(low), float(high)


def _notes(
    fit: MetaFit, kind: str, done: int, asked: int, failures: int, table: pd.DataFrame
) -> tuple[str, ...]:
    notes = [f"{fit.method}; every draw is fitted anew, with its own tau²."]
    if done < asked:
        notes.append(f"Stopped by the user after {done} of {asked} draws.")
    if failures:
        notes.append(f"{failures} draws hold one study only and have no estimate.")
    for line in table.to_dict("records"):
        if not np.isfinite(line["bca_low"]):
            alone = line["term"] == "tau2" and fit.n_studies < 3
            why = "one study has no tau²" if alone else "its draws lie on one side of the estimate"
            notes.append(f"No BCa interval of {line['term']}: {why}.")
    if kind == "cluster":
        if table["std_error"].iloc[0] <= 1e-12 * abs(table["estimate"].iloc[0]):
            notes.append("All effects are the same: resampling them shows no spread, its interval no width.")
        notes.append(f"Not to be read with fewer than {FEWEST} studies ({fit.n_studies} here).")
    else:
        notes.append("Draws from the fitted model trust its normal distributions and its tau².")
        if fit.n_studies < FEWEST_DRAWN:
            notes.append(f"Not to be read with fewer than {FEWEST_DRAWN} studies ({fit.n_studies} here).")
    return (*notes, *scale_note(fit))
