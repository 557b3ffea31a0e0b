"""The likelihood of effects of which some were more likely to be published, with both derivatives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from evidence.numerics.bounded_climb import Peak
from evidence.numerics.selection_weights import Grid, grid, log_weights, statistic
from evidence.numerics.wls import Vector

__all__ = ["SelectionData", "log_likelihood", "prepare"]

_LOG_2PI = float(np.log(2.0 * np.pi))
_ROOT_2PI = float(np.sqrt(2.0 * np.pi))


@dataclass(frozen=True)
class SelectionData:
    """Effects, a design, and a selection function, in units of `unit`.

    Attributes
    ----------
    y, v : Vector, shape (k,)
        Effects (in the direction of ``"greater"``) and sampling variances.
    x : Vector, shape (k, p)
        Design.
    kind, alternative : str
        As in `selection_weights`.
    steps : Vector, shape (c,)
        Limits of the steps.
    imprecision : Vector or None, shape (k,)
        What multiplies the parameter, the largest being 1.
    grid : Grid
        Nodes and cells.
    own : Vector, shape (q, k)
        `statistic` of the observed effects.
    unit, sign : float
        Data are ``sign * unit * y``.
    """

    y: Vector
    v: Vector
    x: Vector
    kind: str
    alternative: str
    steps: Vector
    imprecision: Vector | None
    grid: Grid
    own: Vector
    unit: float
    sign: float

    @property
    def q(self) -> int:
        """Parameters of the selection function."""
        return int(self.own.shape[0])

    @property
    def p(self) -> int:
        """Coefficients of the mean."""
        return int(self.x.shape[1])


def prepare(
    y: Vector,
    v: Vector,
    x: Vector,
    kind: str,
    alternative: str = "greater",
    steps: Vector | None = None,
    imprecision: Vector | None = None,
) -> SelectionData:
    """Bring data to a scale and a direction of their own.

    Parameters
    ----------
    y, v : Vector, shape (k,)
        Effects and sampling variances.
    x : Vector, shape (k, p)
        Design.
    kind : str
        One of `selection_weights.TYPES`.
    alternative : {"greater", "less", "two.sided"}
        Which results are favoured.
    steps : Vector, optional
        For ``"stepfun"``: upper limits of p of all intervals but the last.
    imprecision : Vector, optional
        Made relative to the largest.
    """
    unit = float(np.sqrt(np.median(v)))
    sign = -1.0 if alternative == "less" else 1.0
    side = "two.sided" if alternative == "two.sided" else "greater"
    limits = np.empty(0) if steps is None else np.asarray(steps, dtype=np.float64)
    own = statistic(kind, sign * y / np.sqrt(v), side, limits)
    share = None
    if imprecision is not None:
        share = imprecision / imprecision.max()
        own = own * share
    return SelectionData(
        y=sign * y / unit,
        v=v / unit**2,
        x=x,
        kind=kind,
        alternative=side,
        steps=limits,
        imprecision=share,
        grid=grid(kind, side, limits),
        own=own,
        unit=unit,
        sign=sign,
    )


def _masses(g: Grid, m: Vector, s: Vector) -> tuple[Vector, ...]:
    """Return the normal mass of every node and cell, and its four derivatives in the mean, each (k, n)."""
    out: list[list[Vector]] = [[], [], [], [], []]
    m, s = m[:, None], s[:, None]
    if g.z.size:
        u = (g.z - m) / s
        density = np.exp(-0.5 * u * u) * (g.area / _ROOT_2PI) / s
        square = u * u
        hermite = [np.ones_like(u), u, square - 1.0, u * (square - 3.0), square * (square - 6.0) + 3.0]
        for order, h in enumerate(hermite):
            out[order].append(density * h / s**order)
    low, high = (g.low - m) / s, (g.high - m) / s
    flip = low > 0.0
    out[0].append(special.ndtr(np.where(flip, -low, high)) - special.ndtr(np.where(flip, -high, low)))
    terms = []
    for limit in (low, high):
        density = np.exp(-0.5 * limit * limit) / _ROOT_2PI
        own = np.where(np.isinf(limit), 0.0, limit)
        square = own * own
        terms.append([density, own * density, (square - 1.0) * density, own * (square - 3.0) * density])
    for order in range(1, 5):
        out[order].append((terms[0][order - 1] - terms[1][order - 1]) / s**order)
    return tuple(np.concatenate(parts, axis=1) for parts in out)


def log_likelihood(data: SelectionData, theta: Vector) -> Peak:
    """Evaluate at coefficients, tau² and parameters of the selection function, in this order.

    The normal distribution obeys the heat equation, so that every derivative in tau² is half a second one in
    the mean: four derivatives in the mean give all.
    """
    p, q = data.p, data.q
    beta, t, delta = theta[:p], float(theta[p]), theta[p + 1 :]
    root, var = np.sqrt(data.v), data.v + t
    mu = data.x @ beta
    r = data.y - mu
    b = _masses(data.grid, mu / root, np.sqrt(var) / root)
    share = np.ones(1) if data.imprecision is None else data.imprecision
    log_w, d1, d2 = log_weights(data.kind, delta, data.grid.t[:, None, :] * share[None, :, None])
    top = log_w.max(axis=-1, keepdims=True)
    w = np.exp(log_w - top)
    a = (w * b[0]).sum(axis=1)
    own, own1, own2 = log_weights(data.kind, delta, data.own)
    if not (a > 0.0).all() or not np.isfinite(own).all():
        wrong = np.full(theta.size, np.nan)
        return Peak(theta, -np.inf, wrong, np.full((theta.size, theta.size), np.nan), 1.0)
    terms = np.stack([-0.5 * (_LOG_2PI + np.log(var) + r * r / var), own, -np.log(a) - np.ravel(top)])
    value = float(terms.sum())
    # Derivatives of log A in (mean, tau², delta), each mean in units of the study's standard error.
    e = [(w * one).sum(axis=1) / a for one in b[1:]]
    in_mu, in_t = e[0] / root, 0.5 * e[1] / data.v
    first = [in_mu, in_t]
    second = {
        (0, 0): e[1] / data.v,
        (0, 1): 0.5 * e[2] / (root * data.v),
        (1, 1): 0.25 * e[3] / data.v**2,
    }
    for j in range(q):
        wj = w * d1[j]
        first.append((wj * b[0]).sum(axis=1) / a)
        second[0, j + 2] = (wj * b[1]).sum(axis=1) / a / root
        second[1, j + 2] = 0.5 * (wj * b[2]).sum(axis=1) / a / data.v
        for i in range(j + 1):
            extra = w * d2 if i == j else 0.0
            second[i + 2, j + 2] = ((wj * d1[i] + extra) * b[0]).sum(axis=1) / a
    g = [r / var - in_mu, 0.5 * (r * r / var - 1.0) / var - in_t]
    g += [own1[j] - first[j + 2] for j in range(q)]
    direct = {(0, 0): -1.0 / var, (0, 1): -r / var**2, (1, 1): 0.5 / var**2 - r * r / var**3}
    if q == 1:
        direct[2, 2] = own2
    gradient = np.concatenate([data.x.T @ g[0], [float(one.sum()) for one in g[1:]]])
    hessian = np.zeros((theta.size, theta.size))
    for (i, j), value2 in second.items():
        h = direct.get((i, j), 0.0) - value2 + first[i] * first[j]
        if i == 0 and j == 0:
            hessian[:p, :p] = (data.x * h[:, None]).T @ data.x
        elif i == 0:
            hessian[:p, p + j - 1] = hessian[p + j - 1, :p] = data.x.T @ h
        else:
            hessian[p + i - 1, p + j - 1] = hessian[p + j - 1, p + i - 1] = float(np.sum(h))
    return Peak(theta, value, gradient, hessian, float(np.abs(terms).sum()))
