"""The prior of `pool_partial`, and the posterior of a fit's rows under it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evidence._check import as_number
from evidence.errors import ModelError
from evidence.fit.posterior import Posterior
from evidence.numerics.partial_posterior import posterior
from evidence.numerics.wls import Vector

__all__ = ["DEFAULT_PRIOR", "Prior", "posterior_of"]


@dataclass(frozen=True)
class Prior:
    """The prior under which `pool_partial` gives a posterior: mean effect N(0, mean_sd²), tau half-normal.

    Parameters
    ----------
    mean_sd : float, default 1.0
        Standard deviation of the mean effect around zero, on the model scale. With 1, standardised mean
        differences beyond 2 are held unlikely (5 %), and ratios beyond 7: wide against what training
        studies find, but not so flat that reports of a side alone would be read as giant effects.
    tau_scale : float, default 0.5
        Scale of the half-normal prior of tau, the standard deviation between studies: its median is
        0.34, and 5 % lies above 0.98. The choice of Röver et al. (2021) for standardised mean differences
        and log odds ratios in small meta-analyses.
    worthwhile : float, default 0.2
        Smallest worthwhile effect, on the model scale: a "small" standardised mean difference. For other
        measures, and where the field has a better value, say yours.

    Raises
    ------
    ModelError
        Where a scale is not a positive number.

    References
    ----------
    Röver C et al. On weakly informative prior distributions for the heterogeneity parameter in Bayesian
    random-effects meta-analysis. Res Synth Methods 2021;12(4):448-474. https://doi.org/10.1002/jrsm.1475

    Examples
    --------
    >>> import evidence as ev
    >>> effects = ev.effects_from([0.3, 0.5], variance=[0.04, 0.09])
    >>> fit = ev.pool_partial(effects, prior=ev.Prior(worthwhile=0.1))
    >>> round(fit.posterior.p_positive, 2)
    0.91
    """

    mean_sd: float = field(default=1.0)
    tau_scale: float = field(default=0.5)
    worthwhile: float = field(default=0.2)

    def __post_init__(self) -> None:
        """Check the numbers.

        Raises
        ------
        ModelError
            Where one is not.
        """
        for name in ("mean_sd", "tau_scale"):
            value = getattr(self, name)
            if not 0.0 < as_number(value) < np.inf:
                raise ModelError(f"{name} of a prior is a positive finite number; got {value!r}")
        if not -np.inf < as_number(self.worthwhile) < np.inf:
            raise ModelError(
                f"worthwhile, the smallest effect that matters, is a number; got {self.worthwhile!r}"
            )


DEFAULT_PRIOR: Final = Prior()


def posterior_of(
    low: Vector,
    high: Vector,
    error: Vector,
    study: NDArray[np.intp],
    rho: float,
    within: float,
    prior: Prior,
    level: float,
) -> Posterior | None:
    """Return the posterior under a prior; None where the rows cannot be integrated against it.

    Parameters
    ----------
    low, high, error, study, rho
        As in `fit_partial`.
    within : float
        Variance of effects within studies, taken as known.
    prior : Prior
        The prior.
    level : float
        Level of the intervals.

    Returns
    -------
    Posterior or None
    """
    found = posterior(
        low, high, error, study, rho, within,
        mean_sd=float(prior.mean_sd), tau_scale=float(prior.tau_scale), worthwhile=float(prior.worthwhile),
        level=level,
    )  # fmt: skip
    if found is None:
        return None
    return Posterior(
        mean=found.mean,
        sd=found.sd,
        low=found.low,
        high=found.high,
        tau_mean=found.tau_mean,
        tau_low=found.tau_low,
        tau_high=found.tau_high,
        p_positive=found.positive,
        p_worthwhile=found.worthwhile,
        p_new_positive=found.new_positive,
        worthwhile=float(prior.worthwhile),
        mean_sd=float(prior.mean_sd),
        tau_scale=float(prior.tau_scale),
        level=level,
    )
