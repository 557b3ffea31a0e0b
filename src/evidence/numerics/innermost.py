"""The two innermost components in closed form: rows with an effect of their own, in groups that share one.

Rows have variances ``d + own`` and take up their group's effect by z (ones, unless V was rotated). With a = 1
/ (d + own) and, in each group, P_n = sum a^n z², U_n = sum a^n z u for n = 1, 2, 3, the group's mean is m =
U_1 / P_1 and its variance V = 1 / P_1 + shared. Derivatives in `own` (marked ') follow from e_n = U_n - m
P_n::

    m' = -e_2 / P_1                     m'' = 2 (e_3 + P_2 m') / P_1
    (1 / P_1)' = P_2 / P_1²             (1 / P_1)'' = 2 (P_2² / P_1 - P_3) / P_1²
    E = sum a u u' - U_1 m'             forms within groups; E' = -(sum a² u u' - U_2 m' - m e_2')
                                        E'' = 2 (sum a³ u u' - U_3 m' - m e_3') - 2 P_1 m' m''

(in E a dash after a vector transposes). Nearly all the time of a fit with many effects is spent here, and
carrying general jets through these steps takes longer.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from evidence.numerics.blocks import Codes
from evidence.numerics.group_sums import GroupSums
from evidence.numerics.jets import Jet, constant, extend, log_total, multiply, reciprocal, weighted_gram
from evidence.numerics.wls import Vector

__all__ = ["Innermost", "Level", "Pooled", "pooled"]


@dataclass(frozen=True)
class Level:
    """What goes on to the next level: forms so far, log|M|, forms with s; each group's weight and means."""

    cross: Jet
    log_det: Jet
    slopes: Jet | None
    onward: tuple[Jet, Jet] | None


@dataclass(frozen=True)
class Innermost:
    """Rows and their groups, in the layout of `sums`.

    Attributes
    ----------
    d : Vector, shape (n,)
        Known variances.
    z2 : Vector, shape (n,), or None
        Square of z; None for ones.
    u : Vector, shape (varying, n)
        Columns that vary within groups, from their group's centre.
    zu : Vector, shape (varying, n)
        The same times z.
    uu : Vector, shape (varying (varying + 1) / 2, n), or None
        Products of two such columns; None where there are too many.
    sloped : bool
        Whether the last column is that of the standard errors, whose forms with every column are wanted.
    varying : Codes
        Numbers of these columns.
    centre : Vector, shape (c, groups)
        Centres of all columns, relative to those of the level above.
    sums : GroupSums
        How to add up by group.
    """

    d: Vector
    z2: Vector | None
    u: Vector
    zu: Vector
    uu: Vector | None
    sloped: bool
    varying: Codes
    centre: Vector
    sums: GroupSums

    def at(self, own: float, shared: float, *, derivatives: bool, onward: bool) -> Level:
        """Return the level at its two components.

        Parameters
        ----------
        own, shared : float
            The rows' and the groups' variance.
        derivatives : bool
            Whether to give derivatives in them (in this order).
        onward : bool
            Whether another level follows, which takes up weights and means.
        """
        powers = np.empty((3 if derivatives else 1, self.d.size))
        np.add(self.d, own, out=powers[0])
        np.divide(1.0, powers[0], out=powers[0])
        log_rows = float(np.log(powers[0]).sum())
        for n in range(1, len(powers)):
            np.multiply(powers[n - 1], powers[0], out=powers[n])
        p = self.sums(powers if self.z2 is None else powers * self.z2)
        u = np.stack([self.sums(powers * column) for column in self.zu], axis=1)
        su = (
            np.stack([self.sums(powers * row) for row in self.u[-1] * self.u], axis=1)
            if self.sloped
            else None
        )
        inside = _forms(powers, self.u, self.uu)
        if not derivatives:
            return self._values(p[0], u[0], None if su is None else su[0], inside[0], log_rows, shared)
        rows = p.sum(axis=1) if self.z2 is None else powers.sum(axis=1)
        return self._jets(p, u, su, inside, (log_rows, *rows.tolist()), shared, onward)

    def _values(
        self, p: Vector, u: Vector, su: Vector | None, inside: Vector, log_rows: float, shared: float
    ) -> Level:
        m = u / p
        w = 1.0 / (1.0 / p + shared)
        means = self.centre.copy()
        means[self.varying] += m
        cross = (means * w) @ means.T
        cross[np.ix_(self.varying, self.varying)] += inside - u @ m.T
        slopes = None
        if su is not None:
            forms = w * means[-1] * means
            forms[self.varying] += su - u[-1] * m
            slopes = constant(forms)
        log_det = float(np.log(1.0 + p * shared).sum()) - log_rows
        return Level(constant(cross), constant(np.array(log_det)), slopes, (constant(w), constant(means)))

    def _jets(
        self,
        p: Vector,
        u: Vector,
        su: Vector | None,
        inside: Vector,
        rows: tuple[float, ...],
        shared: float,
        onward: bool,
    ) -> Level:
        p1, p2, p3 = p
        u1, u2, u3 = u
        where, c = self.varying, len(self.centre)
        over = 1.0 / p1
        m, ratio, third = u1 * over, p2 * over, p3 * over
        e2, e3 = u2 - m * p2, u3 - m * p3
        m1 = e2 * -over
        m2 = 2.0 * (e3 * over + ratio * m1)
        weights, turn, bend = _weights(over, ratio, third, shared)
        w = weights[0]
        means = self.centre.copy()
        means[where] += m
        low, high, place = _triangle(c)
        forms = (weights @ (means[low] * means[high]).T)[:, place]
        value, first, second = forms[0], forms[1:3], forms[3:]
        wm1 = w * m1
        half, half2 = np.zeros((2, c, c)), np.zeros((c, c))
        half[0, where] = wm1 @ means.T
        half[1, where] = (w * wm1) @ means.T
        half2[where] = (2.0 * weights[1] * m1 + w * m2) @ means.T
        pick = np.ix_(where, where)
        value[pick] += inside[0] - u1 @ m.T
        first[0] += half[0] + half[0].T
        first[0][pick] -= inside[1] - u2 @ m.T - m @ e2.T
        second[0] += half2 + half2.T
        second[0][pick] += 2.0 * (inside[2] - u3 @ m.T - m @ e3.T - (p1 * m1 - wm1) @ m1.T)
        second[1] -= half[1] + half[1].T
        log_det = Jet(
            np.array(float(np.log(1.0 + p1 * shared).sum()) - rows[0]),
            np.array([rows[1] - ratio.sum() + turn.sum(), w.sum()]),
            np.array(
                [
                    2.0 * third.sum() - rows[2] - ratio @ ratio + bend.sum() - turn @ turn,
                    -(w @ turn),
                    -(w @ w),
                ]
            ),
        )
        slopes = None
        if su is not None:
            # The standard errors' column is the last, and always among those that vary.
            slopes = _products(weights, means, m1, m2, where)
            slopes.value[where] += su[0] - u1[-1] * m
            slopes.first[0][where] -= su[1] - u2[-1] * m - m[-1] * e2
            slopes.second[0][where] += 2.0 * (su[2] - u3[-1] * m - m[-1] * e3 - p1 * m1[-1] * m1)
        if not onward:
            return Level(Jet(value, first, second), log_det, slopes, None)
        moving, bending = np.zeros((2, c, w.size)), np.zeros((3, c, w.size))
        moving[0, where], bending[0, where] = m1, m2
        return Level(
            Jet(value, first, second),
            log_det,
            slopes,
            (Jet(w, weights[1:3], weights[3:]), Jet(means, moving, bending)),
        )


def _forms(powers: Vector, u: Vector, uu: Vector | None) -> Vector:
    """Return ``sum a^n u u'`` for each row of powers, (n, varying, varying)."""
    if uu is None:
        return np.stack([(u * w) @ u.T for w in powers])
    place: Codes = _triangle(len(u))[2]
    return np.asarray((powers @ uu.T)[:, place])


def _weights(over: Vector, ratio: Vector, third: Vector, shared: float) -> tuple[Vector, Vector, Vector]:
    """Return the groups' weights w and their derivatives, (6, groups), and w V', w V'' in `own`."""
    out = np.empty((6, over.size))
    w, own, both = out[0], out[1], out[4]
    np.divide(1.0, over + shared, out=w)
    turn = w * ratio * over
    bend = (2.0 * w) * over * (ratio * ratio - third)
    np.multiply(w, -turn, out=own)
    square = w * w
    np.negative(square, out=out[2])
    np.multiply(w, 2.0 * turn * turn - bend, out=out[3])
    np.multiply(2.0 * square, turn, out=both)
    np.multiply(2.0 * square, w, out=out[5])
    return out, turn, bend


def _products(weights: Vector, means: Vector, m1: Vector, m2: Vector, where: Codes) -> Jet:
    """Return the weight times the last mean times every mean, with derivatives."""
    last, last1, last2 = means[-1], m1[-1], m2[-1]
    t, t1, t2 = last * means, last1 * means, last2 * means
    t1[where] += last * m1
    t2[where] += last * m2 + 2.0 * last1 * m1
    w, own, shared, own2, both, shared2 = weights
    first = np.stack([own * t + w * t1, shared * t])
    return Jet(
        w * t, first, np.stack([own2 * t + 2.0 * own * t1 + w * t2, both * t + shared * t1, shared2 * t])
    )


@cache
def _triangle(c: int) -> tuple[Codes, Codes, Codes]:
    """Return the pairs of c columns, each once, and where each of (c, c) stands among them."""
    low, high = np.triu_indices(c)
    place = np.empty((c, c), dtype=np.intp)
    place[low, high] = place[high, low] = np.arange(low.size)
    return low, high, place


@dataclass(frozen=True)
class Pooled:
    """Groups of rows without effects of their own: nothing within groups depends on a component.

    Attributes
    ----------
    precision : Vector, shape (groups,)
        ``sum z² / d``.
    means : Vector, shape (c, groups)
        Weighted means of the columns, relative to the centres of the level above.
    cross, log_det : Vector, shape (c, c), and float
        Forms within groups; ``log|M|`` without what the groups' variances add.
    slopes : Vector, shape (c, groups), or None
        Forms within groups of the standard errors' column with every column.
    """

    precision: Vector
    means: Vector
    cross: Vector
    log_det: float
    slopes: Vector | None

    def at(self, shared: float, *, derivatives: bool) -> Level:
        """Return the level at its component, with derivatives in it."""
        variance, means = constant(1.0 / self.precision + shared), constant(self.means)
        cross, log_det = constant(self.cross), constant(np.array(self.log_det))
        slopes = None if self.slopes is None else constant(self.slopes)
        if derivatives:
            variance, means = extend(variance, 1.0), extend(means)
            cross, log_det = extend(cross), extend(log_det)
            slopes = None if slopes is None else extend(slopes)
        weight = reciprocal(variance)
        if slopes is not None:
            slopes = slopes + multiply(weight, multiply(means.rows(-1), means))
        return Level(
            cross + weighted_gram(weight, means), log_det + log_total(variance), slopes, (weight, means)
        )


def pooled(rows: Innermost) -> Pooled:
    """Add up rows that have no effect of their own.

    Parameters
    ----------
    rows : Innermost
        The rows and their groups.
    """
    a = 1.0 / rows.d
    precision, where = rows.sums(a if rows.z2 is None else a * rows.z2), rows.varying
    u = rows.sums(a * rows.zu)
    m = u / precision
    means, c = rows.centre.copy(), len(rows.centre)
    means[where] += m
    cross = np.zeros((c, c))
    cross[np.ix_(where, where)] = (rows.u * a) @ rows.u.T - u @ m.T
    slopes = None
    if rows.sloped:
        slopes = np.zeros((c, precision.size))
        slopes[where] = rows.sums(a * rows.u[-1] * rows.u) - u[-1] * m
    log_det = float(np.log(precision).sum()) - float(np.log(a).sum())
    return Pooled(precision, means, cross, log_det, slopes)
