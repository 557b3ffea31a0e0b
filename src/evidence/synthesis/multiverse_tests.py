"""What the estimates of a multiverse owe to each choice, and the joint test by resampling under the null."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from evidence._work import bar
from evidence.fit.numbers import number, p_value
from evidence.fit.plain import plain
from evidence.numerics.arrangements import sign_patterns
from evidence.numerics.wls import Vector
from evidence.synthesis.multiverse_choices import Plan, numbered
from evidence.synthesis.multiverse_fit import Exact

__all__ = ["JointTest", "influence_of_choices", "joint_test"]

_TIE = 1e-9
"""Statistics that agree to this share count as equal: the same fits in another order of summation."""

_MOST_CELLS = 3_000_000
"""Specifications times draws: some seconds."""


@dataclass(frozen=True, repr=False)
class JointTest:
    """Whether the specifications together show more than chance would (Simonsohn, Simmons & Nelson 2020).

    Attributes
    ----------
    median, p_median : float
        Median estimate, and the share of draws under the null whose median is at least as far from zero.
    clear, p_clear : float
        Specifications with p < 1 - level in the more frequent direction, and the same for their number.
    stouffer, p_stouffer : float
        Sum of the z values over the root of their number, and the same for it.
    draws : int
        Draws under the null; all patterns of signs where `exact`.
    exact : bool
        Whether these are all patterns.
    studies : int
        Studies whose signs were dealt.
    note : str
        How it was done.
    """

    median: float
    p_median: float
    clear: int
    p_clear: float
    stouffer: float
    p_stouffer: float
    draws: int
    exact: bool
    studies: int
    note: str

    def __repr__(self) -> str:
        """Return the three statistics with their p values."""
        lines = [
            ("median estimate", number(self.median), p_value(self.p_median)),
            ("clear results", str(self.clear), p_value(self.p_clear)),
            ("Stouffer's z", number(self.stouffer), p_value(self.p_stouffer)),
        ]
        return plain(self, self.note, pd.DataFrame(lines, columns=["statistic", "value", "p"]))


def joint_test(exact: Exact, *, draws: int, seed: int, progress: bool | None = None) -> JointTest | None:
    """Deal the signs of whole studies, refit every specification, and compare.

    Under the null of no effect in any study, a study's results are as likely to point one way as the other;
    all of its rows turn together, so that the dependence between specifications stays.

    Parameters
    ----------
    exact : Exact
        The specifications.
    draws, seed : int
        Patterns of signs, and their seed; all patterns where there are no more than `draws`.
    progress : bool, optional
        Whether to show a bar.

    Returns
    -------
    JointTest or None
        None where no specification has an estimate, or where the user stopped it before the first draw was
        done. What is stopped later rests on the draws that are done, a fair sample.
    """
    observed = _statistics(exact, None)
    if observed is None:
        return None
    used = np.flatnonzero(np.any([arm.present for arm in exact.arms], axis=0) & exact.subsets.any(axis=0))
    wanted, draws = draws, min(draws, max(20, _MOST_CELLS // max(1, exact.places.size)))
    whole = 2**used.size <= draws if used.size < 40 else False
    if whole:
        patterns = np.concatenate(list(sign_patterns(used.size)))
        patterns = np.random.default_rng(seed).permutation(patterns)  # the first ones are a fair sample
    else:
        patterns = 1.0 - 2.0 * np.random.default_rng(seed).integers(0, 2, (draws, used.size))
    hits, done = np.zeros(3), 0
    with bar(len(patterns), "draws", progress) as shown:
        try:
            for pattern in patterns:
                signs = np.ones(exact.subsets.shape[1])
                signs[used] = pattern
                found = _statistics(exact, signs)
                if found is not None:
                    hits += np.abs(found) >= np.abs(observed) * (1.0 - _TIE)
                done += 1
                shown.update(1)
        except KeyboardInterrupt:
            if not done:
                return None
    share = hits / done if whole and done == len(patterns) else (1.0 + hits) / (1.0 + done)
    many = f"all {done} patterns" if whole else f"{done} random patterns, seed {seed},"
    if done < len(patterns):
        whole = False
        many = f"stopped by the user after {done} of {len(patterns)} random patterns, seed {seed},"
    fewer = (
        "" if whole or draws == wanted else f" {wanted} were asked for, too many for so many specifications."
    )
    return JointTest(
        *(float(observed[0]), float(share[0])),
        clear=int(observed[1]),
        p_clear=float(share[1]),
        stouffer=float(observed[2]),
        p_stouffer=float(share[2]),
        draws=done,
        exact=whole,
        studies=int(used.size),
        note=f"Joint test: {many} of the signs of {used.size} studies, every specification fitted anew."
        + fewer,
    )


def _statistics(exact: Exact, signs: Vector | None) -> Vector | None:
    """Return median, number of clear results in the more frequent direction, and Stouffer's z."""
    numbers, _ = exact.fit(signs)
    known = numbers[np.isfinite(numbers[:, 2]) & (numbers[:, 1] > 1)]
    if not len(known):
        return None
    estimate, p = known[:, 2], np.clip(known[:, 6], 1e-300, 1.0)
    clear = p < 1.0 - exact.level
    z = np.sign(estimate) * -special.ndtri(0.5 * p)
    most = max(int((clear & (estimate > 0.0)).sum()), int((clear & (estimate < 0.0)).sum()))
    return np.array([np.median(estimate), most, z.sum() / np.sqrt(z.size)])


def influence_of_choices(plan: Plan, estimate: Vector) -> pd.DataFrame:
    """Decompose the variance of the estimates by choice.

    First-order and total shares of variance (Sobol 2001; Saltelli et al. 2010): what the means by the values
    of one choice explain, and what is left when all other choices are fixed. Where combinations are left out,
    the shares need not add up.

    Parameters
    ----------
    plan : Plan
        The specifications.
    estimate : Vector
        Their estimates; NaN ones are not counted.

    Returns
    -------
    DataFrame
        Columns ``choice, alone, with_others, range``; shares in percent.

    References
    ----------
    Saltelli A, Annoni P, Azzini I, Campolongo F, Ratto M, Tarantola S. Variance based sensitivity analysis of
    model output. Comput Phys Commun 2010;181(2):259-270. https://doi.org/10.1016/j.cpc.2009.09.018
    """
    known = np.isfinite(estimate)
    all_y, all_codes = estimate[known], plan.codes[known]
    whole = np.asarray((all_codes >= 0).all(axis=0), dtype=np.bool_).ravel()
    lines = []
    for i, factor in enumerate(plan.factors):
        applies = all_codes[:, i] >= 0
        y, codes = all_y[applies], all_codes[applies]
        if not y.size or len(np.unique(codes[:, i])) < 2:
            continue
        # A choice that plays no part under some value of this one tells that value: it is no other choice.
        others = [j for j in range(codes.shape[1]) if j != i and whole[j]]
        total = float(((all_y - all_y.mean()) ** 2).sum())
        between, means = _between(y, codes[:, [i]])
        fixed, _ = _between(y, codes[:, others])
        same = total <= 1e-24 * y.size * float(np.abs(y).max()) ** 2
        inside = float(((y - y.mean()) ** 2).sum())
        lines.append(
            {
                "choice": factor.name,
                "alone": 0.0 if same else 100.0 * between / total,
                "with_others": 0.0 if same else max(0.0, 100.0 * (inside - fixed) / total),
                "range": float(means.max() - means.min()),
            }
        )
    table = pd.DataFrame(lines, columns=["choice", "alone", "with_others", "range"])
    return table.sort_values("with_others", ascending=False, kind="stable", ignore_index=True)


def _between(y: Vector, codes: NDArray[np.int32]) -> tuple[float, Vector]:
    """Return the sum of squares between groups, and the means of the groups."""
    if not codes.shape[1]:
        return 0.0, np.array([y.mean()])
    group, _ = numbered(codes)
    sizes = np.bincount(group)
    means = np.bincount(group, y) / sizes
    return float((sizes * (means - y.mean()) ** 2).sum()), np.asarray(means)
