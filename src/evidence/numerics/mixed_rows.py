"""What a fitted mixed model makes of each row, and heterogeneity by level."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from evidence.numerics.blocks import Outcomes
from evidence.numerics.large_cluster import LargeCluster, covariance_stacks
from evidence.numerics.multilevel import MixedFit
from evidence.numerics.wls import Vector

__all__ = ["MixedRows", "Spread", "mixed_rows", "outcome_shares", "spread"]


@dataclass(frozen=True)
class MixedRows:
    """Each row's part, in the caller's order of rows.

    Attributes
    ----------
    fitted : Vector, shape (k,)
        Mean at the row's moderators.
    weight : Vector, shape (k,)
        Share of the row in the mean of all, ``1' M^-1`` over its sum; precise rows of a correlated cluster
        may have a negative one.
    leverage : Vector, shape (k,)
        Diagonal of the hat matrix.
    std_residual : Vector, shape (k,)
        Residual over its standard error; NaN where the row alone determines a coefficient.
    blup, blup_std_error : Vector, shape (k,)
        The row's own true effect, shrunk towards `fitted`, and its standard error with the components taken
        as known.
    """

    fitted: Vector
    weight: Vector
    leverage: Vector
    std_residual: Vector
    blup: Vector
    blup_std_error: Vector


@dataclass(frozen=True)
class Spread:
    """Cochran's Q under the known sampling covariance, and the components' shares of the variance.

    Attributes
    ----------
    q : float
        ``(y - Xb)' V^-1 (y - Xb)`` at the common-effect fit b.
    df : int
        k - p.
    p_value : float
        Of Q as chi-squared.
    typical : float
        Typical sampling variance ``(k - p) / tr P`` (Higgins & Thompson 2002), P that of the common-effect
        fit.
    i2 : Vector, shape (q,)
        Each component's share in percent: ``100 theta_j / (sum theta + typical)``.
    """

    q: float
    df: int
    p_value: float
    typical: float
    i2: Vector


def mixed_rows(fit: MixedFit) -> MixedRows:
    """Return weights, leverages, residuals and shrunken effects, cluster by cluster."""
    problem = fit.problem
    structure, square = problem.structure, problem.unit**2
    x, root = problem.x @ problem.turn, np.linalg.inv(problem.turn)
    q = root @ fit.covariance @ root.T / square
    fitted = problem.x @ fit.beta
    residual = (problem.y - fitted) / problem.unit
    out = {name: np.empty(structure.k) for name in ("weight", "leverage", "error", "pull", "pull_error")}
    for clusters, rows, large in covariance_stacks(structure, fit.theta, square):
        xs = x[rows]
        if large is None:
            known = structure.sampling(clusters, rows) / square
            phi = structure.marginal(clusters, rows, fit.theta) / square
            parts = _from_matrices(known, phi, xs, residual[rows])
        else:
            parts = _without_matrix(large, structure.v[rows[0]] / square, xs, residual[rows])
        out["weight"][rows] = parts.weight
        out["leverage"][rows] = np.einsum("bnp,pq,bnq->bn", xs, q, parts.wx)
        left = parts.total - np.einsum("bnp,pq,bnq->bn", xs, q, xs)
        out["error"][rows] = np.sqrt(np.where(left > 1e-12 * parts.total, left, np.nan))
        out["pull"][rows] = parts.pull
        variance = parts.kept + np.einsum("bnp,pq,bnq->bn", parts.vwx, q, parts.vwx)
        out["pull_error"][rows] = np.sqrt(np.maximum(variance, 0.0))
    back = np.empty_like(structure.order)
    back[structure.order] = np.arange(structure.k)
    weight = out["weight"] / out["weight"].sum()
    columns = (
        fitted,
        weight,
        out["leverage"],
        residual / out["error"],
        problem.y - out["pull"] * problem.unit,
        out["pull_error"] * problem.unit,
    )
    return MixedRows(*(column[back] for column in columns))


@dataclass(frozen=True)
class _Parts:
    """Of a stack of clusters, with V the known and Phi the marginal covariance, W = Phi^-1.

    Row sums of W; diag(Phi); WX and VWX; VWr; and diag(V - VWV), all (B, n) or (B, n, p).
    """

    weight: Vector
    total: Vector
    wx: Vector
    vwx: Vector
    pull: Vector
    kept: Vector


def _from_matrices(known: Vector, phi: Vector, x: Vector, residual: Vector) -> _Parts:
    inverse = np.linalg.inv(phi)
    wx = inverse @ x
    half = known @ inverse
    gone = np.einsum("bik,bki->bi", half, known)
    diagonal = np.einsum("bii->bi", known)
    return _Parts(
        weight=inverse.sum(axis=1),
        total=np.einsum("bii->bi", phi),
        wx=wx,
        vwx=known @ wx,
        pull=np.einsum("bij,bj->bi", half, residual),
        kept=diagonal - gone,
    )


def _without_matrix(phi: LargeCluster, v: Vector, x: Vector, residual: Vector) -> _Parts:
    known = LargeCluster(v * (1.0 - phi.rho), (), phi.rho, phi.s)
    p = x.shape[-1]
    solved = phi.solve(np.concatenate([x, residual[..., None], np.ones_like(residual)[..., None]], axis=-1))
    turned = known.times(solved[..., : p + 1])
    own = known.d
    gone = own * own * phi.inverse_diagonal()
    if phi.rho:
        # Column i of V is own_i e_i + rho s_i s.
        slope = phi.solve(phi.s[:, None])[:, 0]
        share = phi.rho * phi.s
        gone = gone + 2.0 * own * share * slope + share * share * float(phi.s @ slope)
    return _Parts(
        weight=solved[..., -1],
        total=phi.diagonal()[None],
        wx=solved[..., :p],
        vwx=turned[..., :p],
        pull=turned[..., p],
        kept=(v - gone)[None],
    )


def spread(fit: MixedFit) -> Spread:
    """Return Q, the typical sampling variance and I² by component."""
    problem = fit.problem
    structure, square = problem.structure, problem.unit**2
    x, y = problem.x @ problem.turn, problem.y / problem.unit - problem.x @ problem.base
    k, p = x.shape
    information, moment, total, trace = np.zeros((p, p)), np.zeros(p), 0.0, 0.0
    square_sum = np.zeros((p, p))
    for clusters, rows, large in covariance_stacks(structure, np.zeros_like(fit.theta), square):
        both = np.concatenate([x[rows], y[rows][..., None]], axis=-1)
        if large is None:
            inverse = np.linalg.inv(structure.sampling(clusters, rows) / square)
            solved = inverse @ both
            trace += float(np.einsum("bii->", inverse))
        else:
            solved = large.solve(both)
            trace += float(large.inverse_diagonal().sum())
        wx, ys = solved[..., :p], y[rows]
        information += np.einsum("bni,bnj->ij", x[rows], wx)
        square_sum += np.einsum("bni,bnj->ij", wx, wx)
        moment += np.einsum("bni,bn->i", wx, ys)
        total += float(np.einsum("bn,bn->", ys, solved[..., p]))
    bread = np.linalg.inv(information)
    q = max(0.0, total - float(moment @ bread @ moment))
    df = k - p
    left = trace - float(np.sum(bread * square_sum))
    typical = df / left * square if df > 0 else float("inf")
    share = 100.0 * fit.theta / (fit.theta.sum() + typical)
    return Spread(q, df, float(special.chdtrc(df, q)) if df > 0 else 1.0, typical, share)


def outcome_shares(fit: MixedFit, tau2: Vector) -> Vector:
    """Return I² of each outcome in percent: ``100 tau2_j / (tau2_j + typical_j)``.

    The typical sampling variance of an outcome is ``(k_j - h_j) / sum of P_ii`` over its k_j rows, P and the
    sum of leverages h_j being those of the common-effect fit: the one of Higgins & Thompson (2002), each
    outcome by itself (Jackson, White & Riley 2012).

    Parameters
    ----------
    fit : MixedFit
        Of a multivariate model.
    tau2 : Vector, shape (o,)
        Variances of the outcomes.

    References
    ----------
    Jackson D, White IR, Riley RD. Stat Med 2012;31(29):3805-3820. https://doi.org/10.1002/sim.5453
    """
    problem = fit.problem
    structure, square = problem.structure, problem.unit**2
    pattern = structure.pattern
    assert isinstance(pattern, Outcomes)
    x = problem.x @ problem.turn
    information = np.zeros((x.shape[1], x.shape[1]))
    parts = []
    for clusters, rows in structure.stacks():
        inverse = np.linalg.inv(structure.sampling(clusters, rows) / square)
        wx = inverse @ x[rows]
        information += np.einsum("bni,bnj->ij", x[rows], wx)
        parts.append((rows, np.einsum("bnn->bn", inverse), wx))
    bread = np.linalg.inv(information)
    trace, left = np.zeros(tau2.size), np.zeros(tau2.size)
    for rows, own, wx in parts:
        outcome = pattern.outcome[rows]
        np.add.at(trace, outcome, own - np.einsum("bnp,pq,bnq->bn", wx, bread, wx))
        np.add.at(left, outcome, 1.0 - np.einsum("bnp,pq,bnq->bn", x[rows], bread, wx))
    # An outcome that one row alone reports has no residual: nothing tells its typical variance.
    usable = (left > 1e-9) & (trace > 0.0)
    typical = np.divide(left, trace, out=np.full(tau2.size, np.nan), where=usable) * square
    return np.asarray(100.0 * tau2 / (tau2 + typical))
