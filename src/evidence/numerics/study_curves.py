"""Each study's likelihood as a curve, convolved with any spread between studies: tables for grids of (mu, t).

A study's likelihood ``L(mu, t)`` is its curve ``G(eta)``, the probability of its reports given its own latent
effect, convolved with N(0, t). Curves of exact rows are normal densities, known in closed form. Those of
interval rows are tabled once on an even grid; as the Fourier transform of G falls like
``exp(-w² sigma² / 2)`` (sigma² the variance that exact rows would leave), sums over the grid are
exponentially exact, and the convolution is a factor ``exp(-w² t / 2)``. A curve that stays at 1 far out (all
reports to one side) is tabled without a normal distribution function of the same height, whose convolution
is known.

Values are exact to some 1e-10 of a curve's peak: for integrals over (mu, t), not for maxima.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from evidence.numerics.partial_data import PartialData, prepare
from evidence.numerics.wls import Vector

__all__ = ["StudyCurves", "study_curves"]

_SPECTRUM = 6.8
"""exp(-6.8² / 2) = 1e-10: where the spectrum of a curve is cut."""
_REACH = 7.0
"""Standard deviations after which a normal tail is nothing (1e-12)."""
_MOST = 40_000_000
"""Products of grid points and studies that are still tabled."""
_FLOOR = 1e-16
_UNTHREADED = 200_000
"""Multiplications up to which a product stays on one thread."""


@dataclass(frozen=True)
class StudyCurves:
    """The curves of all studies.

    Attributes
    ----------
    y, v, constant : Vector, shape (exact studies,)
        Studies whose rows are all exact: their normal curves.
    frequency : Vector, shape (frequencies,)
        Not negative.
    spectrum_cosine, spectrum_sine : Vector, shape (frequencies, other studies)
        Fourier coefficients of the tabled curves around `centre`.
    up, down : Vector, shape (other studies,)
        Heights far out to either side.
    log_peak : Vector, shape (other studies,)
        Logarithm of the scale that was taken out of each curve.
    centre, width, sigma : float
        Place and standard deviation of the distribution function taken out; least sigma of a curve.
    """

    y: Vector
    v: Vector
    constant: float
    frequency: Vector
    spectrum_cosine: Vector
    spectrum_sine: Vector
    up: Vector
    down: Vector
    log_peak: float
    centre: float
    width: float
    sigma: float

    def waves(self, mu: Vector) -> tuple[Vector, Vector]:
        """Return cosine and sine of each mu at each frequency, which do not depend on t."""
        angle = (mu[:, None] - self.centre) * self.frequency
        return np.cos(angle), np.sin(angle)

    def log_likelihood(
        self, mu: Vector, t: float, *, slope: bool = False, waves: tuple[Vector, Vector] | None = None
    ) -> tuple[Vector, Vector]:
        """Return the log-likelihood at each mu for one t, and (where asked for) its derivative in t.

        Parameters
        ----------
        mu : Vector, shape (n,)
            Mean effects.
        t : float
            Variance between studies.
        slope : bool
            Whether the derivative is wanted; zeros otherwise.
        waves : tuple of Vector, optional
            `waves` of these mu, where the same ones are asked for again.

        Returns
        -------
        tuple of Vector, shape (n,)
        """
        value, rate = np.full(mu.size, self.constant + self.log_peak), np.zeros(mu.size)
        if self.y.size:
            total = self.v + t
            square = (self.y - mu[:, None]) ** 2 / total
            value += -0.5 * (square.sum(axis=1) + float(np.log(2.0 * np.pi * total).sum()))
            if slope:
                rate += 0.5 * ((square - 1.0) / total).sum(axis=1)
        if self.up.size:
            # The spectrum falls with t: few frequencies are left of a wide convolution.
            kept = slice(
                0, int(np.searchsorted(self.frequency * np.hypot(np.sqrt(t), self.sigma), _SPECTRUM))
            )
            w = self.frequency[kept]
            fall = np.exp(-0.5 * t * w * w)
            cosine, sine = (wave[:, kept] * fall for wave in (waves or self.waves(mu)))
            even, odd = self.spectrum_cosine[kept], self.spectrum_sine[kept]
            curve = _product(cosine, even) + _product(sine, odd)
            spread = np.sqrt(self.width**2 + t)
            z = (mu - self.centre) / spread
            curve += special.ndtr(z)[:, None] * self.up + special.ndtr(-z)[:, None] * self.down
            curve = np.maximum(curve, _FLOOR)
            value += np.log(curve).sum(axis=1)
            if slope:
                half = -0.5 * w * w
                change = _product(cosine * half, even) + _product(sine * half, odd)
                density = np.exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi) * (-0.5 * z / spread**2)
                change += density[:, None] * (self.up - self.down)
                rate += (change / curve).sum(axis=1)
        return value, rate


def _product(a: Vector, b: Vector) -> Vector:
    """Return a matrix product; small ones in slices that do not wake the threads of the algebra library."""
    work = b.shape[0] * b.shape[1]
    rows = max(_UNTHREADED // max(work, 1), 1)
    if rows >= a.shape[0] or a.shape[0] * work > 100 * _UNTHREADED:
        return np.asarray(a @ b)
    return np.concatenate([a[i : i + rows] @ b for i in range(0, a.shape[0], rows)])


def study_curves(
    low: Vector,
    high: Vector,
    s: Vector,
    study: NDArray[np.intp],
    rho: float,
    within: float,
    reach: tuple[float, float, float],
) -> StudyCurves | None:
    """Table the curves.

    Parameters
    ----------
    low, high, s, study, rho
        As in `prepare`.
    within : float
        Variance of effects within studies.
    reach : tuple of float
        Lowest and highest mu and the highest tau that will be asked for.

    Returns
    -------
    StudyCurves or None
        None where the standard errors of interval rows are so small against these that a table would be
        too large.
    """
    data = prepare(low, high, s, study, rho, within=within)
    others = np.unique(data.study)
    closed = np.setdiff1d(np.arange(data.n_studies), others)
    y, v = data.y_hat[closed], 1.0 / data.inv_v[closed]
    constant = float(data.constant[closed].sum())
    none = np.zeros(0)
    if not others.size:
        empty = np.zeros((0, 0))
        return StudyCurves(y, v, constant, none, empty, empty, none, none, 0.0, 0.0, 1.0, 1.0)
    sigma = _sharpness(data, others)
    step = np.pi * sigma / _SPECTRUM
    first, last = _window(data, others)
    width, centre = sigma, 0.5 * (first + last)
    first, last = min(first, centre - _REACH * width), max(last, centre + _REACH * width)
    domain = (max(last, reach[1]) - min(first, reach[0])) + 2.0 * _REACH * float(np.hypot(reach[2], sigma))
    size = int(np.ceil((last - first) / step)) + 1
    count = int(np.ceil(domain / (2.0 * step))) + 1
    if max(size, count) * max(others.size, 20) > _MOST or size * count > 10 * _MOST:
        return None
    eta = np.asarray(first + step * np.arange(size), dtype=np.float64)
    table, log_peak, up, down = _table(data, others, eta)
    z = (eta - centre) / width
    table -= special.ndtr(z)[:, None] * up + special.ndtr(-z)[:, None] * down
    every = 2.0 * np.pi / domain * np.arange(count)
    frequency: Vector = np.asarray(every[every * sigma <= _SPECTRUM], dtype=np.float64)
    angle = frequency[:, None] * (eta - centre)
    share = np.where(frequency > 0.0, 2.0, 1.0)[:, None] * step / domain
    even, odd = share * _product(np.cos(angle), table), share * _product(np.sin(angle), table)
    return StudyCurves(y, v, constant, frequency, even, odd, up, down, log_peak, centre, width, sigma)


def _sharpness(data: PartialData, others: NDArray[np.intp]) -> float:
    """Return the least standard error that a study's rows would have if they were exact."""
    own = data.own**2
    n = data.n_studies
    a = np.bincount(data.study, 1.0 / own, minlength=n)
    b = np.bincount(data.study, data.s / own, minlength=n)
    c = np.bincount(data.study, data.s * data.s / own, minlength=n)
    precision = a - data.rho * b * b / (1.0 + data.rho * c) + data.inv_v
    return 1.0 / float(np.sqrt(precision[others].max()))


def _window(data: PartialData, others: NDArray[np.intp]) -> tuple[float, float]:
    """Return the range of eta outside of which every curve is constant."""
    margin = _REACH * np.hypot(data.own, np.sqrt(data.rho) * data.s)
    # Given exact rows, an interval row moves with them.
    ends = [
        (data.low - margin)[np.isfinite(data.low)],
        (data.low + margin)[np.isfinite(data.low)],
        (data.high - margin)[np.isfinite(data.high)],
        (data.high + margin)[np.isfinite(data.high)],
    ]
    mixed = others[data.inv_v[others] > 0.0]
    reach = _REACH / np.sqrt(data.inv_v[mixed])
    every = np.concatenate([*ends, data.y_hat[mixed] - reach, data.y_hat[mixed] + reach])
    return float(every.min()), float(every.max())


def _table(data: PartialData, others: NDArray[np.intp], eta: Vector) -> tuple[Vector, float, Vector, Vector]:
    """Return the curves (peak 1 where they have one), the logarithm of what was taken out, heights."""
    table = np.empty((eta.size, others.size))
    up, down = np.zeros(others.size), np.zeros(others.size)
    log_peak = 0.0
    first = np.searchsorted(data.study, others)
    last = np.searchsorted(data.study, others, side="right")
    for place, (j, begin, end) in enumerate(zip(others, first, last, strict=True)):
        low, high, own = data.low[begin:end], data.high[begin:end], data.own[begin:end]
        load = np.sqrt(data.rho) * data.s[begin:end]
        centre = data.alpha[j] + data.beta[j] * eta
        spread = 1.0 / np.sqrt(data.q[j])
        if end - begin == 1:
            total = np.sqrt(own[0] ** 2 + (load[0] * spread) ** 2)
            shift = eta + load[0] * centre
            curve = _cell(low[0], high[0], shift, total)
        else:
            node, weight = _trapezoid(1.0 + float(((load * spread / own) ** 2).sum()))
            f = centre[:, None] + spread * node
            product = np.ones_like(f)
            for a, b, size, sd in zip(low, high, load, own, strict=True):
                product *= _cell(a, b, eta[:, None] + size * f, sd)
            curve = product @ weight
        if data.inv_v[j] > 0.0:
            gap = data.y_hat[j] - eta
            height = -0.5 * gap * gap * data.inv_v[j]
            curve = curve * np.exp(height)
            log_peak += data.constant[j] - 0.5 * np.log(2.0 * np.pi / data.inv_v[j])
        else:
            up[place] = float(np.isinf(high).all())
            down[place] = float(np.isinf(low).all())
        peak = max(float(curve.max()), 1e-300)
        table[:, place], up[place], down[place] = curve / peak, up[place] / peak, down[place] / peak
        log_peak += float(np.log(peak))
    return table, log_peak, up, down


def _trapezoid(sharpness: float) -> tuple[Vector, Vector]:
    """Return nodes and weights for a standard normal variable and cells of this sharpness."""
    step = 0.88 / np.sqrt(sharpness)
    count = int(np.ceil(_REACH / step))
    node = step * np.arange(-count, count + 1)
    weight = np.exp(-0.5 * node * node)
    return node, weight / weight.sum()


def _cell(low: float, high: float, mean: Vector, sd: float) -> Vector:
    """Return the probability of a cell, from the tail that keeps its digits."""
    if np.isinf(high):
        return np.asarray(special.ndtr((mean - low) / sd))
    if np.isinf(low):
        return np.asarray(special.ndtr((high - mean) / sd))
    return np.asarray(special.ndtr((high - mean) / sd) - special.ndtr((low - mean) / sd))
