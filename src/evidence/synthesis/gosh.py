"""GOSH: the result in every subset of the studies, or in many of them."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evidence._check import check_count, check_seed, one_of
from evidence._work import finished
from evidence.effects.record import Effects
from evidence.errors import ModelError
from evidence.fit import MetaFit
from evidence.fit.plain import plain
from evidence.models import random_effects
from evidence.numerics.specifications import every_specification
from evidence.numerics.subset_sums import heterogeneity, scaled_effects, sums_by_number, sums_of
from evidence.numerics.subsets import SUBSET_ESTIMATORS, every_subset
from evidence.numerics.wls import Vector
from evidence.synthesis.sensitivity_data import exact_rows, full_fit, html_page, named, scale_note, shown

__all__ = ["Gosh", "gosh"]

Subsets = NDArray[np.bool_]

FEWEST = 5
"""Studies below which the cloud should not be read: four have eleven subsets."""

_ALL = 20
"""Studies up to which all subsets are fitted: 2^20, a million."""
_MOST = 10_000_000
_DRAWN = 1_000_000
_BLOCK = 32_768
"""Subsets of one job: their fits take some tens of milliseconds."""


_COLUMNS = {"study": "study", "with_it": "median with it", "without_it": "median without it"}
_COLUMNS |= {"difference": "difference", "i2_with": "I² with (%)", "i2_without": "I² without (%)"}


@dataclass(frozen=True, eq=False, repr=False)
class Gosh:
    """The result in each subset of at least two studies.

    Attributes
    ----------
    estimate, tau2, i2, q : Vector, shape (subsets,)
        Mean effect on the model scale, between-study variance, I² in percent and Cochran's Q.
    k : ndarray of int, shape (subsets,)
        Studies in each.
    packed : ndarray of uint8, shape (subsets, bytes)
        Which studies each holds, as bits; `holds` unpacks them.
    labels : tuple of str
        The studies.
    fit : MetaFit
        The result with all.
    tau2_method : str
        ``"EE"``, ``"DL"``, ``"ML"`` or ``"REML"``.
    exact : bool
        Whether all subsets were fitted; otherwise a random sample, each subset as likely as any other.
    seed : int or None
        Of the sample.
    notes : tuple of str
        What a reader must know.
    """

    estimate: Vector
    tau2: Vector
    i2: Vector
    q: Vector
    k: NDArray[np.int16]
    packed: NDArray[np.uint8]
    labels: tuple[str, ...]
    fit: MetaFit
    tau2_method: str
    exact: bool
    seed: int | None
    notes: tuple[str, ...]

    def __len__(self) -> int:
        """Return the number of subsets."""
        return len(self.estimate)

    @property
    def table(self) -> pd.DataFrame:
        """One line a subset: ``k, estimate, tau2, i2, q``; model scale."""
        return pd.DataFrame({name: getattr(self, name) for name in ("k", "estimate", "tau2", "i2", "q")})

    def holds(self, study: str) -> NDArray[np.bool_]:
        """Tell which subsets hold a study.

        Raises
        ------
        ModelError
            Where there is no such study.
        """
        at = self.labels.index(one_of("study", study, self.labels))
        return np.asarray((self.packed[:, at // 8] >> (at % 8)) & 1, dtype=np.bool_)

    @cached_property
    def studies(self) -> pd.DataFrame:
        """One line a study: the median estimate and I² of the subsets with it and without it.

        Columns ``study, with_it, without_it, difference, i2_with, i2_without``, the study whose presence
        moves the estimate most first.
        """
        lines = []
        for label in self.labels:
            inside = self.holds(label)
            lines.append(
                {
                    "study": label,
                    "with_it": _middle(self.estimate[inside]),
                    "without_it": _middle(self.estimate[~inside]),
                    "i2_with": _middle(self.i2[inside]),
                    "i2_without": _middle(self.i2[~inside]),
                }
            )
        table = pd.DataFrame(lines)
        table.insert(3, "difference", table["with_it"] - table["without_it"])
        order = (
            table["difference"].abs().sort_values(ascending=False, kind="stable", na_position="last").index
        )
        return table.loc[order].reset_index(drop=True)

    def sentence(self) -> str:
        """Return the spread of the results and the study that moves them most, with a warning where few."""
        low, high = np.quantile(self.estimate, [0.025, 0.975])
        ends = shown(self.fit, float(low), float(high))
        if self.fit.scale == "log" and self.fit.display_sign < 0:
            ends.reverse()
        amount = f"{len(self):,}".replace(",", "\N{NO-BREAK SPACE}")
        which = f"all {amount} subsets" if self.exact else f"{amount} random subsets"
        measure = named(self.fit)
        if len(self.labels) == 2:
            return (
                f"Of two studies the only subset of two or more is both: {measure}{ends[0]}. With fewer than"
                f" {FEWEST} studies there are too few subsets to show a pattern."
            )
        side = float((np.sign(self.estimate) == np.sign(self.fit.estimate or 0.0)).mean())
        first = self.studies.iloc[0]
        middle = shown(self.fit, float(first["with_it"]), float(first["without_it"]))
        moved = abs(float(first["difference"])) > 1e-9 * float(np.abs(self.estimate).max())
        mover = (
            f" The study that moves them most is {first['study']}: median {middle[0]} with it, {middle[1]}"
            " without."
            if moved
            else " No study moves them."
            if len(self) > 1
            else ""
        )
        few = (
            ""
            if len(self.labels) >= FEWEST
            else f" With fewer than {FEWEST} studies there are too few subsets to show a pattern."
        )
        return (
            f"In {which} of two or more of {len(self.labels)} studies the middle 95 % of the estimates lie"
            f" between {measure}{ends[0]} and {ends[1]}; {100 * side:.0f} % are on the side of the result"
            f" with all.{mover}{few}"
        )

    def __repr__(self) -> str:
        """Return the sentence and the lines of its page."""
        return plain(self, self.sentence(), self.studies, _COLUMNS, where=".studies")

    def _repr_html_(self) -> str:
        """Return the sentence, one line a study, and the notes."""
        return html_page("gosh", self.sentence(), self.studies, _COLUMNS, self.notes)


def _middle(values: Vector) -> float:
    return float(np.median(values)) if values.size else np.nan


def gosh(
    data: Effects | MetaFit,
    *,
    tau2: str | None = None,
    subsets: int | None = None,
    seed: int | None = None,
    executor: Executor | None = None,
    progress: bool | None = None,
) -> Gosh:
    """Show what the result would be in every subset of the studies (GOSH).

    Parameters
    ----------
    data : Effects or MetaFit
        Effects with one exact row a study; or a fit of `random_effects` or `common_effect`.
    tau2 : {"EE", "DL", "ML", "REML"}, optional
        Common effect, or estimator of the between-study variance. By default the fit's own where it is one of
        these, otherwise REML.
    subsets : int, optional
        Subsets to draw at random, up to 10 million, each subset of two or more studies as likely as any
        other. By default all are fitted up to 20 studies (a million subsets, under a second), and a million
        drawn of more.
    seed : int, optional
        Seed of the draws; without it a fresh one, kept in the result.
    executor : concurrent.futures.Executor, optional
        Workers for the draws. Results do not depend on how many there are.
    progress : bool, optional
        Whether to show a progress bar; by default in a terminal or notebook, for what takes long. Ctrl-C
        keeps the subsets that are finished.

    Returns
    -------
    Gosh
        Not to be read with fewer than 5 studies: the sentence says so.

    Raises
    ------
    ModelError
        Where rows are dependent or not exact, there are fewer than two studies, or an argument is not known.

    References
    ----------
    Olkin I, Dahabreh IJ, Trikalinos TA. GOSH - a graphical display of study heterogeneity. Res Synth Methods
    2012;3(3):214-223. https://doi.org/10.1002/jrsm.1053

    Examples
    --------
    >>> import evidence as ev
    >>> effects = ev.effects_from([0.1, 0.2, 0.3, 0.9], variance=0.04, study=["a", "b", "c", "d"])
    >>> cloud = ev.gosh(effects)
    >>> len(cloud), cloud.studies["study"].iloc[0]
    (11, 'd')
    """
    fit = full_fit(data, random_effects, "gosh")
    exact = exact_rows(fit)
    if exact is None:
        raise ModelError(
            "gosh() needs a mean of one exact row a study; this is"
            f" {fit.method!r}. leave_one_out(effects, by='study', model=...) works for every model"
        )
    if exact.y.size < 2:
        raise ModelError("the subsets of one study are the study itself: gosh() needs two or more")
    own = exact.tau2 if exact.tau2 in SUBSET_ESTIMATORS else "REML"
    estimator = own if tau2 is None else one_of("tau2", tau2, SUBSET_ESTIMATORS)
    k = exact.y.size
    whole = subsets is None and k <= _ALL
    scaled = scaled_effects(exact.y, exact.v)
    if whole:
        used, found = None, every_subset(exact.y, exact.v, estimator)
        sums = sums_by_number(*scaled)
        keep = np.flatnonzero(sums.k > 1.5)
        sums = sums.keep(keep)
        packed = keep.astype("<u4").view(np.uint8).reshape(-1, 4)[:, : -(-k // 8)]
        estimate, spread = found.estimate[keep], found.tau2[keep]
    else:
        count = check_count("subsets", _DRAWN if subsets is None else subsets, _MOST)
        used = (
            int(np.random.SeedSequence().generate_state(1, np.uint64)[0])
            if seed is None
            else check_seed(seed)
        )
        starts = range(0, count, _BLOCK)
        sizes = [min(_BLOCK, count - start) for start in starts]
        jobs = [_Job(exact.y, exact.v, estimator, used, n, size) for n, size in enumerate(sizes)]
        parts = finished(_draw, jobs, sizes=sizes, what="subsets", executor=executor, progress=progress)
        chosen = np.concatenate([part[0] for part in parts])
        estimate, spread = (np.concatenate([part[j] for part in parts]) for j in (1, 2))
        sums, packed = sums_of(*scaled, chosen), np.packbits(chosen, axis=1, bitorder="little")
    rows = fit.rows.loc[fit.rows["used"].astype(bool)]
    labels = _distinct(rows["label"].astype(str).tolist(), rows["row_id"].astype(str).tolist())
    asked = len(estimate) if whole else count
    q, i2 = heterogeneity(sums, spread / exact.v.min(), estimator)
    return Gosh(
        estimate=estimate,
        tau2=spread,
        i2=i2,
        q=q,
        k=sums.k.astype(np.int16),
        packed=packed,
        labels=labels,
        fit=fit,
        tau2_method=estimator,
        exact=whole,
        seed=used,
        notes=_notes(fit, estimator, len(estimate), asked, used),
    )


def _distinct(labels: list[str], rows: list[str]) -> tuple[str, ...]:
    """Return the labels of the studies, or the names of their rows where two have the same."""
    return tuple(labels if len(set(labels)) == len(labels) else rows)


@dataclass(frozen=True)
class _Job:
    """One block of random subsets: its place among the blocks decides its draws."""

    y: Vector
    v: Vector
    tau2: str
    seed: int
    number: int
    size: int


def _draw(job: _Job) -> tuple[Subsets, Vector, Vector]:
    """Draw the subsets of a block and fit them."""
    rng = np.random.default_rng([job.seed, job.number])
    chosen = rng.integers(0, 2, (job.size, job.y.size), dtype=np.int8).astype(np.bool_)
    while (few := chosen.sum(axis=1) < 2).any():  # drawn again: every subset of two or more is as likely
        chosen[few] = rng.integers(0, 2, (int(few.sum()), job.y.size), dtype=np.int8).astype(np.bool_)
    found = every_specification([(job.y, job.v)], chosen, [job.tau2])
    return chosen, found.estimate[0, 0], found.tau2[0, 0]


def _notes(fit: MetaFit, estimator: str, done: int, asked: int, seed: int | None) -> tuple[str, ...]:
    how = "the common effect (EE); I² is that of Q" if estimator == "EE" else estimator
    notes = [f"Each subset is fitted anew by {how}."]
    if seed is not None:
        notes.append(f"{done} subsets drawn at random, seed {seed}.")
    if done < asked:
        notes.append(f"Stopped by the user: {asked - done} of {asked} subsets were not drawn.")
    notes.append(
        f"Not to be read with fewer than {FEWEST} studies. Subsets share studies: the cloud shows patterns,"
        " not uncertainty."
    )
    return (*notes, *scale_note(fit))
