"""How far two effects of one study rest on the same people: arms by label, parts of variance by arm.

An effect is a difference of two arms, so its sampling variance has a part from each. Two effects that share
an arm share that part; two measures of the same people share rho of it. With a_ia the part of arm a in effect
i::

    same measure       cov(i, j) = sum over shared arms of s_ia s_ja sqrt(a_ia a_ja)
                       for a standardised mean difference plus g_i g_j sqrt(n_ia n_ja) / (2 N_i N_j) an arm
    different measure  cov(i, j) = rho sqrt(v_i v_j) sum over shared arms of s_ia s_ja sqrt(p_ia p_ja)

with s = 1 for the first arm, -1 for the second, and p the arms' shares of the variance, which are averaged
over the rows of the same two arms: outcomes of one comparison then correlate exactly rho. Effects whose
variance is not the one of these formulas (change scores, adjusted analyses) keep it; the correlation is taken
from here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from evidence.numerics.wls import Vector

__all__ = ["Comparison", "arm_variances", "correlation", "measured"]

_EXACT = 1e-6
"""Relative difference up to which two arms' variances count as adding up to the effect's: printed digits."""

_STANDARDISED = ("SMD",)


@dataclass(frozen=True)
class Comparison:
    """One effect of a study.

    Attributes
    ----------
    arms : tuple of str
        First and second arm.
    sizes : tuple of float
        Their people; NaN where unknown.
    parts : tuple of float or None
        Variance from each arm, where the printed numbers give it.
    estimate, variance : float
        Of the effect.
    measure : str
        Code of the effect measure.
    what : tuple
        Which measurement it is; equal for two effects on the same outcome, instrument and time.
    """

    arms: tuple[str, str]
    sizes: tuple[float, float]
    parts: tuple[float, float] | None
    estimate: float
    variance: float
    measure: str
    what: tuple[object, ...]

    @property
    def known_sizes(self) -> bool:
        """Whether both arms' people are known."""
        return all(n > 0.0 for n in self.sizes)

    @property
    def shares(self) -> tuple[float, float]:
        """Shares of the two arms in the variance: by printed numbers, by sizes, or halves."""
        if self.parts is not None:
            first, second = self.parts
        elif self.known_sizes:
            first, second = self.sizes[1], self.sizes[0]
        else:
            first = second = 1.0
        return first / (first + second), second / (first + second)


def measured(keys: Sequence[tuple[object, ...]], arms: Sequence[tuple[str, str]]) -> list[tuple[object, ...]]:
    """Return which measurement each row is; a second row of the same arms is another measure."""
    seen: Counter[tuple[object, ...]] = Counter()
    out = []
    for key, pair in zip(keys, arms, strict=True):
        own = (*key, *sorted(pair))
        out.append((*key, seen[own]))
        seen[own] += 1
    return out


def _shared(a: Comparison, b: Comparison) -> Iterator[tuple[int, int, float]]:
    """Yield the arms that two effects share: their places, and 1 or -1 for the same or opposite sides."""
    for i, j in product((0, 1), (0, 1)):
        if a.arms[i] == b.arms[j]:
            yield i, j, 1.0 if i == j else -1.0


def correlation(rows: Sequence[Comparison], rho: float, standardiser: str) -> Vector:
    """Return the correlation of the sampling errors of one study's effects.

    Parameters
    ----------
    rows : sequence of Comparison
        The effects.
    rho : float
        Correlation of different measures of the same people.
    standardiser : {"pair", "study"}
        Whether standardised mean differences divide by the SD of their two arms, or of all arms.

    Returns
    -------
    Vector, shape (n, n)
    """
    shares = _typical_shares(rows)
    everybody = sum({arm: n for row in rows for arm, n in zip(row.arms, row.sizes, strict=True)}.values())
    out = np.eye(len(rows))
    for i, a in enumerate(rows):
        for j, b in enumerate(rows[:i]):
            if a.what != b.what:
                mine, other = shares[frozenset(a.arms)], shares[frozenset(b.arms)]
                common = (sign * np.sqrt(mine[a.arms[p]] * other[b.arms[q]]) for p, q, sign in _shared(a, b))
                value = rho * sum(common)
            elif _standardised(a) and _standardised(b):
                both = _smd(a, b, standardiser, everybody)
                value = both / np.sqrt(
                    _smd(a, a, standardiser, everybody) * _smd(b, b, standardiser, everybody)
                )
            else:
                value = sum(sign * np.sqrt(a.shares[p] * b.shares[q]) for p, q, sign in _shared(a, b))
            out[i, j] = out[j, i] = value
    return out


def _standardised(row: Comparison) -> bool:
    return row.measure in _STANDARDISED and row.known_sizes


def _smd(a: Comparison, b: Comparison, standardiser: str, everybody: float) -> float:
    """Return the covariance of two standardised mean differences (variance for one with itself)."""
    total = 0.0
    for i, j, sign in _shared(a, b):
        n = float(np.sqrt(a.sizes[i] * b.sizes[j]))
        total += sign / n
        if standardiser == "pair":
            total += a.estimate * b.estimate * n / (2.0 * sum(a.sizes) * sum(b.sizes))
    if standardiser == "study":
        total += a.estimate * b.estimate / (2.0 * everybody)
    return total


def _typical_shares(rows: Sequence[Comparison]) -> dict[frozenset[str], dict[str, float]]:
    """Return the shares of both arms for each pair of arms, averaged over its rows."""
    found: dict[frozenset[str], dict[str, list[float]]] = {}
    for row in rows:
        pair = found.setdefault(frozenset(row.arms), {arm: [] for arm in row.arms})
        for arm, share in zip(row.arms, row.shares, strict=True):
            pair[arm].append(share)
    return {
        pair: {arm: float(np.mean(values)) for arm, values in arms.items()} for pair, arms in found.items()
    }


def arm_variances(
    measure: str, numbers: Mapping[str, float], sizes: tuple[float, float], variance: float
) -> tuple[float, float] | None:
    """Return each arm's part of the variance from printed numbers, where the parts add up to the whole.

    Parameters
    ----------
    measure : str
        ``"RR"``, ``"OR"``, ``"RD"``, ``"AS"``, ``"IRR"`` (from events and totals), ``"MD"`` or
        ``"ROM"`` (from means and SDs).
    numbers : mapping of str to float
        Cells of the row by column, NaN where blank: ``events_e``, ``total_e``, ``post_mean_e``,
        ``post_sd_e``, ``change_sd_e`` ..., and ``_c``.
    sizes : tuple of float
        People in both arms.
    variance : float
        Of the effect. Numbers that do not lead to it (adjusted analyses, another stage) are not used.

    Returns
    -------
    tuple of float, or None
    """

    def cell(name: str, arm: str) -> float:
        return float(numbers.get(f"{name}_{arm}", np.nan))

    candidates: list[tuple[float, float]] = []
    for added in (0.0, 0.5):
        pair = [
            _counts(measure, cell("events", arm) + added, cell("total", arm) + 2.0 * added) for arm in "ec"
        ]
        candidates.append((pair[0], pair[1]))
    for stage in ("post", "change"):
        squares = []
        for arm, n in zip("ec", sizes, strict=True):
            unit = cell(f"{stage}_mean", arm) if measure == "ROM" else 1.0
            squares.append(
                cell(f"{stage}_sd", arm) ** 2 / n / unit**2 if measure in ("MD", "ROM") else np.nan
            )
        candidates.append((squares[0], squares[1]))
    for first, second in candidates:
        if min(first, second) > 0.0 and abs(first + second - variance) <= _EXACT * variance:
            return first, second
    return None


def _counts(measure: str, events: float, total: float) -> float:
    """Return an arm's part of the variance from its counts; NaN for other measures."""
    if not (events > 0.0 and total > 0.0):
        return np.nan
    rest = total - events
    if measure == "RR":
        return 1.0 / events - 1.0 / total
    if measure == "OR":
        return 1.0 / events + 1.0 / rest if rest > 0.0 else np.nan
    if measure == "RD":
        return events * rest / total**3
    if measure == "AS":
        return 0.25 / total
    return 1.0 / events if measure == "IRR" else np.nan
