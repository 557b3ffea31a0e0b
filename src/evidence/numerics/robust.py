"""Cluster-robust variances CR0 to CR3, Satterthwaite degrees of freedom and the HTZ test, cluster by cluster.

The working covariance of a cluster is the fitted marginal covariance Phi, the weights its inverse W. With Q =
(sum X'WX)^-1 a
cluster enters through E = A'WX, where A is the adjustment::

    CR0  A = I                        CR1, CR1p, CR1S   A = c I
    CR2  A = C (C'(Phi - XQX')C)^(-1/2) C',  Phi = CC'  (the A with A (Phi - XQX') A = Phi; Pustejovsky &
    Tipton 2018) CR3  A = (I - XQX'W)^-1           (the jackknife without its factor (J - 1) / J)

The robust variance is ``Q (sum E'e e'E) Q``. Under the working model the residuals have covariance
``delta_ij Phi_i - X_i Q X_j'``, so that two small matrices a cluster, E'Phi E and X'E, hold everything that
degrees of freedom need: no matrix over pairs of clusters is formed.

References
----------
Bell RM, McCaffrey DF. Bias reduction in standard errors for linear regression with multi-stage samples. Surv
Methodol 2002;28(2):169-181. Tipton E, Pustejovsky JE. Small-sample adjustments for tests of moderators and
model fit using robust variance estimation in meta-regression. J Educ Behav Stat 2015;40(6):604-634.
https://doi.org/10.3102/1076998615606099 Pustejovsky JE, Tipton E. Small-sample methods for cluster-robust
variance estimation and hypothesis testing in fixed effects models. J Bus Econ Stat 2018;36(4):672-683.
https://doi.org/10.1080/07350015.2016.1247004
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import special

from evidence.errors import ModelError
from evidence.numerics.blocks import Structure
from evidence.numerics.large_cluster import covariance_stacks
from evidence.numerics.wls import Vector

__all__ = ["ROBUST", "ClusterSums", "Wald", "cluster_sums", "htz", "robust_covariance", "satterthwaite"]

_ALONE = 1e-9
"""Share of a contrast's variance by clusters below which one cluster alone tells the contrast."""

ROBUST = ("CR0", "CR1", "CR1p", "CR1S", "CR2", "CR3")
"""Names of the variances: CR1 has the factor J / (J - 1), CR1p J / (J - p), CR1S J (N - 1) / ((J - 1) (N -
p))."""

_RANK = 1e-11
"""Share of a cluster's information below which what it leaves to the others counts as zero: a moderator that
only this cluster informs leaves it no residual there (the pseudo-inverse is then the right power)."""

_POOR = 1e-5
"""Ratio of extreme eigenvalues below which they are computed another way (see `_singular_roots`)."""


@dataclass(frozen=True)
class ClusterSums:
    """What each cluster contributes.

    Attributes
    ----------
    bread : Vector, shape (p, p)
        Q, the model-based covariance of the coefficients.
    scores : Vector, shape (J, p)
        E'e.
    spread, reach : Vector, shape (J, p, p)
        E'Phi E and X'E.
    """

    bread: Vector
    scores: Vector
    spread: Vector
    reach: Vector

    @property
    def clusters(self) -> int:
        """Number of clusters J."""
        return int(self.scores.shape[0])


@dataclass(frozen=True)
class Wald:
    """A robust F test of several contrasts: Hotelling's T² with estimated degrees of freedom."""

    statistic: float
    df: float
    df_denominator: float
    p_value: float


def cluster_sums(structure: Structure, theta: Vector, x: Vector, residual: Vector, kind: str) -> ClusterSums:
    """Adjust each cluster's residuals and sum.

    Parameters
    ----------
    structure : Structure
        Clusters with known covariance and patterns of the random effects.
    theta : Vector, shape (q,)
        Variance components: with them the structure gives the working covariance.
    x : Vector, shape (k, p)
        Moderators, in the structure's order of rows.
    residual : Vector, shape (k,)
        Residuals of the weighted fit, in the same order.
    kind : str
        One of `ROBUST`.

    Returns
    -------
    ClusterSums

    Raises
    ------
    ModelError
        Where there are not more clusters than the adjustment needs.
    """
    j, p, k = structure.starts.size, x.shape[1], structure.k
    if j < 2 or (kind == "CR1p" and j <= p):
        raise ModelError(
            f"a robust variance needs more clusters than {max(1, p if kind == 'CR1p' else 1)}; there are {j}"
        )
    stacks, information = [], np.zeros((p, p))
    for clusters, rows, large in covariance_stacks(structure, theta):
        phi = _Stack(structure.marginal(clusters, rows, theta)) if large is None else large
        weighted = phi.solve(x[rows])
        information += np.einsum("bni,bnj->ij", x[rows], weighted)
        stacks.append((clusters, rows, phi, weighted))
    bread = np.linalg.inv(information)
    bread = 0.5 * (bread + bread.T)
    scores, spread, reach = np.empty((j, p)), np.empty((j, p, p)), np.empty((j, p, p))
    for clusters, rows, phi, weighted in stacks:
        xs = x[rows]
        if kind == "CR2":
            adjusted = phi.bias_reduced(xs, bread)
            if adjusted is None:
                adjusted = _Stack(structure.marginal(clusters, rows, theta)).bias_reduced(xs, bread)
            e = adjusted
        elif kind == "CR3":
            e = weighted @ _pseudo_inverse(np.eye(p) - bread @ np.swapaxes(xs, 1, 2) @ weighted)
        else:
            e = weighted * math.sqrt(_factor(kind, j, k, p))
        scores[clusters] = np.einsum("bnp,bn->bp", e, residual[rows])
        spread[clusters] = np.swapaxes(e, 1, 2) @ phi.times(e)
        reach[clusters] = np.swapaxes(xs, 1, 2) @ e
    return ClusterSums(bread, scores, spread, reach)


def _factor(kind: str, j: int, k: int, p: int) -> float:
    return {
        "CR0": 1.0,
        "CR1": j / (j - 1),
        "CR1p": j / (j - p) if j > p else math.inf,
        "CR1S": j * (k - 1) / ((j - 1) * (k - p)),
    }[kind]


@dataclass(frozen=True)
class _Stack:
    """Covariances of clusters of one size, (B, n, n)."""

    matrices: Vector

    def solve(self, columns: Vector) -> Vector:
        """Return ``Phi^-1 @ columns``, (B, n, m)."""
        return np.asarray(np.linalg.solve(self.matrices, columns))

    def times(self, columns: Vector) -> Vector:
        """Return ``Phi @ columns``, (B, n, m)."""
        return np.asarray(self.matrices @ columns)

    def bias_reduced(self, x: Vector, bread: Vector) -> Vector:
        """Return CR2's adjusted moderators A Phi^-1 X, (B, n, p)."""
        root = np.asarray(np.linalg.cholesky(self.matrices), dtype=np.float64)
        turned = np.swapaxes(root, 1, 2)
        inner = turned @ (self.matrices - x @ bread @ np.swapaxes(x, 1, 2)) @ root
        values, vectors = np.linalg.eigh(0.5 * (inner + np.swapaxes(inner, 1, 2)))
        # An eigenvalue is known to rounding of the largest: where that does not do, by singular values.
        poor = np.flatnonzero(values[:, 0] <= _POOR * values[:, -1])
        # A cluster of one row that alone tells a coefficient has no eigenvalue above 0: it is poor too.
        floor = np.maximum(_POOR * values[:, -1:], np.finfo(np.float64).tiny)
        power = 1.0 / np.sqrt(np.maximum(values, floor))
        if poor.size:
            power[poor], vectors[poor] = _singular_roots(root[poor], x[poor], bread)
        half = root @ vectors
        white = np.swapaxes(vectors, 1, 2) @ np.linalg.solve(root, x)
        return np.asarray(half @ (power[:, :, None] * white))


def _singular_roots(root: Vector, x: Vector, bread: Vector) -> tuple[Vector, Vector]:
    """Return inverse roots of the eigenvalues of ``G = C'BC``, 0 where it is singular, and eigenvectors.

    B is C (I - UU') C' with U = C^-1 X Q^(1/2), hence G = Y'Y with ``Y = (I - UU')^(1/2) C'C``: its singular
    values are known to the square root of what eigenvalues of G are known to, and where G is singular is
    told by the eigenvalues of U'U, which are at most 1.
    """
    u = np.linalg.solve(root, x @ np.linalg.cholesky(bread))
    share, turn = np.linalg.eigh(np.swapaxes(u, 1, 2) @ u)
    left = np.maximum(1.0 - share, 0.0)
    left[left <= _RANK] = 0.0
    factor = (turn / (1.0 + np.sqrt(left))[:, None, :]) @ np.swapaxes(turn, 1, 2)
    gram = np.swapaxes(root, 1, 2) @ root
    y = gram - u @ (factor @ (np.swapaxes(u, 1, 2) @ gram))
    _, values, vectors = np.linalg.svd(y)
    lost = (left == 0.0).sum(axis=1)
    kept = np.arange(values.shape[1]) < values.shape[1] - lost[:, None]
    return np.where(kept, 1.0 / np.where(kept, values, 1.0), 0.0), np.swapaxes(vectors, 1, 2)


def _pseudo_inverse(matrices: Vector) -> Vector:
    return np.asarray(np.linalg.pinv(matrices, rcond=_RANK))


def robust_covariance(sums: ClusterSums) -> Vector:
    """Return the robust covariance of the coefficients, (p, p)."""
    half = sums.bread @ sums.scores.T
    return half @ half.T


def satterthwaite(sums: ClusterSums, contrast: Vector) -> float:
    """Return the degrees of freedom of a contrast's robust variance.

    Twice the square of its mean over its variance, both under the working model.

    Parameters
    ----------
    sums : ClusterSums
        Of any kind.
    contrast : Vector, shape (p,)
        What is tested is ``contrast @ beta``.

    Raises
    ------
    ModelError
        Where one cluster alone tells the contrast: it fits its residuals exactly, and nothing is left to
        estimate a variance from.
    """
    q = sums.bread
    c = q @ contrast
    own = np.einsum("i,jik,k->j", c, sums.spread, c)
    u = sums.reach @ c
    half = u @ q
    square = u.T @ u
    mean = float(own.sum() - np.einsum("ji,ji->", u, half))
    if mean <= _ALONE * float(own.sum()):
        raise ModelError("a coefficient rests on one cluster alone, which leaves it no robust variance")
    cross = float(np.einsum("j,ji,ji->", own, u, half))
    variance = float(own @ own) - 2.0 * cross + float(np.trace(q @ square @ q @ square))
    return mean * mean / variance


def htz(sums: ClusterSums, contrasts: Vector, beta: Vector) -> Wald:
    """Test that all contrasts of the coefficients are zero, by an approximate Hotelling T² (HTZ).

    Parameters
    ----------
    sums : ClusterSums
        Of any kind; CR2 is recommended.
    contrasts : Vector, shape (m, p)
        Linearly independent rows.
    beta : Vector, shape (p,)
        Coefficients.

    Returns
    -------
    Wald

    Raises
    ------
    ModelError
        Where the clusters are too few for the test.
    """
    q, m = sums.bread, contrasts.shape[0]
    # What the robust variance is expected to be under the working model; with CR2 it is the model's own.
    mean = sums.spread.sum(axis=0) - np.einsum("jki,kl,jlm->im", sums.reach, q, sums.reach, optimize=True)
    model = contrasts @ q @ mean @ q @ contrasts.T
    values, vectors = np.linalg.eigh(model)
    whole = contrasts @ q @ sums.spread.sum(axis=0) @ q @ contrasts.T
    if values[0] <= _ALONE * float(np.trace(whole)):
        raise ModelError("what is tested rests in part on one cluster alone: it has no robust variance")
    c = q @ contrasts.T @ (vectors / np.sqrt(values)) @ vectors.T
    own = np.einsum("ia,jik,kb->jab", c, sums.spread, c, optimize=True)
    u = sums.reach @ c
    half = q @ u
    pair = np.einsum("jia,jib->jab", u, half)
    # Sums over pairs (i, j) of tr(P_ij)² + tr(P_ij P_ij), P_ij = delta_ij own_i - u_i' Q u_j, term by term.
    flat, other = u.reshape(len(u), -1), half.reshape(len(u), -1)
    traces = np.einsum("jaa->j", own)
    total = float(traces @ traces) - 2.0 * float(traces @ np.einsum("jaa->j", pair))
    total += float(np.einsum("ab,ab->", flat.T @ flat, other.T @ other))
    total += float(np.einsum("jab,jba->", own, own) - 2.0 * np.einsum("jab,jba->", own, pair))
    # tr(U_i'Q U_j U_i'Q U_j): cluster i gives U_i twice, cluster j QU_j twice.
    outer, inner = np.einsum("jia,jkb->iakb", u, u), np.einsum("jia,jkb->iakb", half, half)
    total += float(np.einsum("iakb,ibka->", outer, inner))
    eta = m * (m + 1) / total
    if eta <= m - 1:
        raise ModelError(f"{sums.clusters} clusters are too few to test {m} contrasts together")
    robust = contrasts @ robust_covariance(sums) @ contrasts.T
    values_at = contrasts @ beta
    quadratic = float(values_at @ np.linalg.solve(robust, values_at))
    df = eta - m + 1.0
    statistic = df / (eta * m) * quadratic
    return Wald(statistic, float(m), df, float(special.fdtrc(m, df, statistic)))
