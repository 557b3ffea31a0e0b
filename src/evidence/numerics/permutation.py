"""Permutation tests of a meta-regression: what the coefficients would be if the moderators meant nothing.

The moderators stay, the pairs of effect and variance are dealt to them anew (Higgins & Thompson 2004); every
fit is a full one, with its own tau². For a mean, whose moderator is the same for all, the signs of the
effects are what chance deals (Follmann & Proschan 1999).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evidence._check import one_of
from evidence.errors import ModelError
from evidence.numerics.arrangements import arrangements, count_arrangements, sign_patterns
from evidence.numerics.columns import ManyFits, Shared, fit_columns, shared
from evidence.numerics.design import design
from evidence.numerics.regression import omnibus_columns
from evidence.numerics.tau2 import TAU2
from evidence.numerics.wls import Vector

__all__ = ["PermutationTest", "permutation_test"]

Matrix = NDArray[np.float64]
Progress = Callable[[int, int], None]

_MOST = 200_000_000
"""Orders that an exact test goes through at most: some minutes."""
_CELLS = 40_000
"""Effects in a block: its arrays stay in a processor's cache."""
_TIE = 1e-8
"""Statistics that agree to this share count as equal: the same fit in another order of summation."""


@dataclass(frozen=True)
class PermutationTest:
    """Two-sided p values.

    Attributes
    ----------
    statistic : Vector, shape (p,)
        Coefficients over their standard errors, as observed.
    p_values : Vector, shape (p,)
        Share of orders whose statistic is at least as far from zero.
    joint_statistic, joint_p_value : float
        The same for the joint test of all moderators but the intercept.
    draws : int
        Orders fitted; all distinct ones where `exact`.
    exact : bool
        Whether every distinct order was fitted. Otherwise the p values count the observed order too:
        ``(1 + hits) / (1 + draws)``, which keeps the test's level (Phipson & Smyth 2010).
    seed : int or None
        What the random orders came from; None for an exact test.
    """

    statistic: Vector
    p_values: Vector
    joint_statistic: float
    joint_p_value: float
    draws: int
    exact: bool
    seed: int | None


def permutation_test(
    y: Vector,
    v: Vector,
    x: Matrix,
    *,
    tau2: str = "REML",
    inference: str = "z",
    draws: int = 10_000,
    exact: bool | None = None,
    seed: int | None = None,
    progress: Progress | None = None,
) -> PermutationTest:
    """Test coefficients against all, or many, orders of the effects.

    Parameters
    ----------
    y, v : Vector, shape (k,)
        Effects and their sampling variances.
    x : Matrix, shape (k, p)
        Moderators, with the intercept where there is one; a single column of ones tests the mean by signs.
    tau2 : str, default "REML"
        A code of `numerics.tau2.TAU2`, or ``"EE"`` for a common effect.
    inference : {"z", "HKSJ", "mHKSJ"}, default "z"
        Statistic: estimate over the model's standard error, or over Knapp & Hartung's.
    draws : int, default 10000
        Random orders. Where there are no more distinct orders than this, all of them are fitted instead.
    exact : bool, optional
        True fits all distinct orders however many there are, up to 200 million; False only random ones.
    seed : int, optional
        Seed of the random orders. Without it a fresh one is drawn and kept in the result.
    progress : callable, optional
        Called after each block with the orders done and the orders in all.

    Returns
    -------
    PermutationTest

    Raises
    ------
    ModelError
        Where an argument is not known, there are no more effects than coefficients, or an exact test
        would take too long.
    KeyboardInterrupt
        Where the user stops an exact test, or a random one before its first block: a random one that is
        stopped later counts the orders that were fitted.

    References
    ----------
    Higgins JPT, Thompson SG. Stat Med 2004;23(11):1663-1682. https://doi.org/10.1002/sim.1752
    Follmann DA, Proschan MA. Biometrics 1999;55(3):732-737. https://doi.org/10.1111/j.0006-341X.1999.00732.x
    Phipson B, Smyth GK. Stat Appl Genet Mol Biol 2010;9(1):39. https://doi.org/10.2202/1544-6115.1585
    """
    estimator = one_of("tau2", tau2, (*TAU2, "EE"))
    chosen = _Chosen(
        "" if estimator == "EE" else estimator, one_of("inference", inference, ("z", "HKSJ", "mHKSJ"))
    )
    if draws < 1:
        raise ModelError(f"draws is a positive whole number; got {draws}")
    ready = design(y, v, x)  # refuses what cannot be fitted
    unit = ready.unit * math.sqrt(float(ready.u[0]))
    tested, intercept = omnibus_columns(x)
    signs = x.shape[1] == 1 and intercept == 0
    # An origin among the effects keeps digits where the intercept absorbs it; a mean is tested against zero.
    origin = 0.0 if intercept is None or signs else float(y[np.argmin(v)])
    z, u = (y - origin) / unit, v / unit / unit
    u = u / u.min()
    problem = _Problem(shared(x), x, z, u, tested, intercept, chosen, origin / unit)
    kinds, counts = _kinds(x)
    total = 1 << len(y) if signs else count_arrangements(counts)
    whole = total <= draws if exact is None else exact
    if whole and total > _MOST:
        raise ModelError(
            f"there are {total:.3g} distinct orders, too many for an exact test; leave `exact` out"
        )
    used = None
    if not whole:
        used = int(np.random.SeedSequence().generate_state(1, np.uint64)[0]) if seed is None else int(seed)
    blocks = _orders(kinds, counts, signs, used, draws)
    hits, done, aim = np.zeros(x.shape[1] + 1, dtype=np.int64), 0, total if whole else draws
    observed = problem.statistics(z[:, None], u[:, None])[:, 0]
    limit = observed * (1.0 - _TIE)
    try:
        for block in blocks:
            reached = problem.statistics(*_dealt(z, u, block, signs)) >= limit[:, None]
            hits, done = hits + reached.sum(axis=1), done + len(block)
            if progress is not None:
                progress(done, aim)
    except KeyboardInterrupt:
        # Random orders stay a fair sample when stopped; the first orders of an exact test are not one.
        if whole or not done:
            raise
    share = hits / done if whole else (1.0 + hits) / (1.0 + done)
    plain = problem.signed(z[:, None], u[:, None])[:, 0]
    return PermutationTest(plain, share[:-1], float(observed[-1]), float(share[-1]), done, whole, used)


@dataclass(frozen=True)
class _Chosen:
    estimator: str
    inference: str


@dataclass(frozen=True)
class _Problem:
    """What every order shares."""

    model: Shared
    x: Matrix
    z: Vector
    u: Vector
    tested: NDArray[np.intp]
    intercept: int | None
    chosen: _Chosen
    origin: float

    def fits(self, y: Matrix, v: Matrix) -> tuple[ManyFits, Matrix, Vector]:
        """Return the fits, their coefficients with the origin put back, and the variance factor.

        Effects that lie exactly on the model have no residual spread: HKSJ's factor is then 0.
        """
        fit = fit_columns(self.model, y, v, self.x, self.chosen.estimator)
        b = fit.estimate.copy()
        if self.intercept is not None:
            b[self.intercept] += self.origin
        factor = np.ones(y.shape[1])
        if self.chosen.inference != "z":
            factor = fit.q / (self.x.shape[0] - self.x.shape[1])
            factor = np.maximum(factor, 1.0) if self.chosen.inference == "mHKSJ" else factor
            factor = np.where(factor < 1e-20, 0.0, factor)
        return fit, b, factor

    def signed(self, y: Matrix, v: Matrix) -> Matrix:
        """Return the coefficients over their standard errors."""
        fit, b, factor = self.fits(y, v)
        factor = np.where(factor > 0.0, factor, 1.0)  # as in the fit, whose interval keeps a width
        return np.asarray(b / np.sqrt(np.einsum("ppb->pb", fit.vcov) * factor), dtype=np.float64)

    def statistics(self, y: Matrix, v: Matrix) -> Matrix:
        """Return their absolute values, and the joint statistic below them.

        Where the factor is 0 they are infinite (0 for a coefficient of 0): no order is more extreme.
        """
        fit, b, factor = self.fits(y, v)
        single = _over(np.abs(b), np.sqrt(np.einsum("ppb->pb", fit.vcov) * factor))
        part, cov = b[self.tested], fit.vcov[self.tested][:, self.tested].transpose(2, 0, 1)
        if self.tested.size == 1:
            joint = single[self.tested[0]] ** 2
        else:
            solved = np.linalg.solve(cov, part.T[:, :, None])[:, :, 0]
            joint = _over(np.einsum("pb,bp->b", part, solved), factor)
        return np.vstack([single, joint])


def _over(part: NDArray[np.float64], by: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return part / by; where `by` is 0, infinity, and 0 for a part of 0."""
    exact = by == 0.0
    return np.where(exact, np.where(part > 0.0, np.inf, 0.0), part / np.where(exact, 1.0, by))


def _kinds(x: Matrix) -> tuple[NDArray[np.intp], tuple[int, ...]]:
    """Return the rows of X sorted by kind, and how many rows are alike."""
    _, inverse, counts = np.unique(x, axis=0, return_inverse=True, return_counts=True)
    return np.argsort(inverse.ravel(), kind="stable"), tuple(int(n) for n in counts)


def _orders(
    rows: NDArray[np.intp], counts: tuple[int, ...], signs: bool, seed: int | None, draws: int
) -> Iterator[NDArray[Any]]:
    """Yield blocks: signs, or for each row of X which pair of effect and variance it gets."""
    k = len(rows)
    step = max(_CELLS // k, 1)
    if seed is None:
        for block in sign_patterns(k) if signs else _dealings(rows, counts):
            for start in range(0, len(block), step):
                yield block[start : start + step]
        return
    rng = np.random.default_rng(seed)
    for start in range(0, draws, step):
        size = min(step, draws - start)
        if signs:
            yield 1.0 - 2.0 * rng.integers(0, 2, (size, k))
        else:
            yield rng.permuted(np.tile(np.arange(k), (size, 1)), axis=1)


def _dealings(rows: NDArray[np.intp], counts: tuple[int, ...]) -> Iterator[NDArray[np.intp]]:
    """Yield every distinct way to deal the pairs to the rows of X."""
    for block in arrangements(counts):
        # Place j of an order is the pair, its entry the kind of row that it goes to.
        pairs = np.argsort(block, axis=1, kind="stable")
        out = np.empty_like(pairs)
        out[:, rows] = pairs
        yield out


def _dealt(z: Vector, u: Vector, block: NDArray[Any], signs: bool) -> tuple[Matrix, Matrix]:
    """Return effects and variances by column."""
    if signs:
        y = np.ascontiguousarray((block * z).T)
        return y, np.broadcast_to(u[:, None], y.shape).copy()
    places = np.ascontiguousarray(block.T.astype(np.intp))
    return z.take(places, mode="clip"), u.take(places, mode="clip")
