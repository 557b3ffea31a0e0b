"""Permutation tests of a mean or of moderators, through the public door."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from evidence._check import check_count, check_seed
from evidence._work import bar
from evidence.effects.record import Effects
from evidence.errors import ModelError
from evidence.fit import MetaFit
from evidence.fit.numbers import p_value
from evidence.fit.plain import plain
from evidence.models import meta_regression, random_effects
from evidence.numerics.deletion import COMMON
from evidence.numerics.permutation import permutation_test as permute
from evidence.numerics.tau2 import TAU2
from evidence.numerics.wls import Vector
from evidence.synthesis.bias_words import log_note
from evidence.synthesis.sensitivity_data import html_page, named

__all__ = ["PermutationTest", "permutation_test"]

_INFERENCE = ("z", "HKSJ", "mHKSJ")

FEWEST = 6
"""Studies below which a mean's test cannot reach p < 0.05: of five, 2 of 32 patterns of signs are as
extreme as the most extreme one."""

_MOST = 200_000_000
"""Random orders at most: some minutes."""


_COLUMNS = {"term": "term", "estimate": "estimate", "statistic": "statistic"}
_COLUMNS |= {"p_value": "p", "p_permuted": "p, permuted"}


@dataclass(frozen=True, eq=False, repr=False)
class PermutationTest:
    """Two-sided p values of coefficients against all, or many, orders of the effects.

    Attributes
    ----------
    table : DataFrame
        One line a coefficient: ``term, estimate, statistic, p_value`` (of the fit's own reference
        distribution) and ``p_permuted``.
    joint_p_value, joint_p_permuted : float or None
        The same for the joint test of all moderators; None for a mean.
    orders : int
        Orders that were fitted.
    exact : bool
        Whether these are all distinct orders; otherwise a random sample, and the p values count the observed
        order too.
    least_p : float
        The least p value that the test could give.
    seed : int or None
        Of the random orders.
    fit : MetaFit
        What is tested.
    notes : tuple of str
        What a reader must know.
    """

    table: pd.DataFrame
    joint_p_value: float | None
    joint_p_permuted: float | None
    orders: int
    exact: bool
    least_p: float
    seed: int | None
    fit: MetaFit
    notes: tuple[str, ...]

    @property
    def p_value(self) -> float:
        """The p value of the mean, or of the joint test of the moderators."""
        return (
            float(self.table["p_permuted"].iloc[0])
            if self.joint_p_permuted is None
            else self.joint_p_permuted
        )

    def sentence(self) -> str:
        """Return the result as one plain line, with a warning where the test has too few studies."""
        which = f"all {_many(self.orders)} distinct" if self.exact else f"{_many(self.orders)} random"
        measure = named(self.fit).strip()
        what = (
            f"the mean{f' {measure}' if measure else ''}"
            if self.joint_p_permuted is None
            else f"the moderators {str(self.fit.formula)[2:]}"
        )
        orders = "patterns of signs" if self.joint_p_permuted is None else "orders of the effects"
        few = ""
        if self.least_p > 0.05:
            few = (
                f" With so few studies no p value below {p_value(self.least_p)} is possible: the test cannot"
                " show anything."
            )
        return f"Permutation test of {what}: p {_said(self.p_value)} by {which} {orders}.{few}"

    def __repr__(self) -> str:
        """Return the sentence and the lines of its page."""
        return plain(self, self.sentence(), self.table, _COLUMNS)

    def _repr_html_(self) -> str:
        """Return the sentence, one line a coefficient, and the notes."""
        return html_page("permutation-test", self.sentence(), self.table, _COLUMNS, self.notes)


def _many(count: int) -> str:
    return f"{count:,}".replace(",", "\N{NO-BREAK SPACE}")


def _said(value: float) -> str:
    shown = p_value(value)
    return shown if shown.startswith("<") else f"= {shown}"


def permutation_test(
    data: Effects | MetaFit,
    formula: str | None = None,
    *,
    draws: int = 10_000,
    exact: bool | None = None,
    seed: int | None = None,
    progress: bool | None = None,
) -> PermutationTest:
    """Test a mean, or moderators, against what chance alone would give: exact where that is feasible.

    For a mean, chance deals the signs of the effects (Follmann & Proschan 1999); for moderators it deals the
    pairs of effect and variance to the moderators' rows (Higgins & Thompson 2004). Every order is a full fit,
    with its own tau².

    Parameters
    ----------
    data : Effects or MetaFit
        A fit of `random_effects`, `common_effect` or `meta_regression`, with inference ``z``, ``HKSJ`` or
        ``mHKSJ``, which is the statistic; or effects, pooled by REML and HKSJ.
    formula : str, optional
        Moderators, where effects are given.
    draws : int, default 10000
        Random orders. Where there are no more distinct orders than this, all of them are fitted instead.
    exact : bool, optional
        True fits all distinct orders however many there are (up to 200 million, some minutes), False only
        random ones.
    seed : int, optional
        Seed of the random orders; without it a fresh one, kept in the result.
    progress : bool, optional
        Whether to show a progress bar; by default in a terminal or notebook, for what takes long. Ctrl-C
        counts the random orders that are finished.

    Returns
    -------
    PermutationTest
        The sentence warns where so few studies are there that no small p value is possible.

    Raises
    ------
    ModelError
        Where the model is another one, rows are dependent or not exact, there are no more studies than
        coefficients, or an exact test would take too long.

    References
    ----------
    Higgins JPT, Thompson SG. Controlling the risk of spurious findings from meta-regression. Stat Med
    2004;23(11):1663-1682. https://doi.org/10.1002/sim.1752
    Follmann DA, Proschan MA. Valid inference in random effects meta-analysis. Biometrics 1999;55(3):732-737.
    https://doi.org/10.1111/j.0006-341X.1999.00732.x

    Examples
    --------
    >>> import evidence as ev
    >>> effects = ev.effects_from([0.1, 0.2, 0.3, 0.4, 0.5, 0.6], variance=0.04)
    >>> ev.permutation_test(effects).sentence()
    'Permutation test of the mean: p = 0.031 by all 64 distinct patterns of signs.'
    """
    draws = check_count("draws", draws, _MOST)
    seed = None if seed is None else check_seed(seed)
    if exact is not None and not isinstance(exact, bool):
        raise ModelError(f"exact is True, False or None (where it is feasible); got {exact!r}")
    fit = _fit(data, formula)
    y, v, x, tau2, inference = _model(fit)
    if fit.coefficients is None and y.size < 2:
        raise ModelError(
            "one study has no other patterns of signs to be held against: a permutation test of a"
            f" mean needs two or more, and {FEWEST} to be read"
        )
    with bar(draws, "orders", progress) as shown:

        def told(done: int, aim: int) -> None:
            shown.total = aim
            shown.update(done - shown.n)

        found = permute(
            y, v, x, tau2=tau2, inference=inference, draws=draws, exact=exact, seed=seed, progress=told
        )
    moderated = fit.coefficients is not None
    table = fit.tidy().loc[:, ["term", "estimate", "statistic", "p_value"]].astype({"statistic": np.float64})
    table["p_permuted"] = found.p_values
    # A mean: the observed signs and their reverse are equally far from zero.
    least = (2.0 if not moderated else 1.0) / found.draws if found.exact else 1.0 / (1.0 + found.draws)
    return PermutationTest(
        table=table,
        joint_p_value=fit.qm_p_value if moderated else None,
        joint_p_permuted=found.joint_p_value if moderated else None,
        orders=found.draws,
        exact=found.exact,
        least_p=least,
        seed=found.seed,
        fit=fit,
        notes=_notes(fit, found.draws, draws, found.exact, found.seed),
    )


def _fit(data: object, formula: str | None) -> MetaFit:
    if isinstance(data, MetaFit):
        if formula is not None:
            raise ModelError("a fit has its own formula: pass effects where another one is to be tested")
        return data
    if not isinstance(data, Effects):
        raise ModelError(f"permutation_test() takes Effects or a fit; got {type(data).__name__}")
    return random_effects(data) if formula is None else meta_regression(data, formula)


def _model(fit: MetaFit) -> tuple[Vector, Vector, np.ndarray, str, str]:
    """Return effects, variances, columns, estimator and statistic of a fit.

    Raises
    ------
    ModelError
        Where it is another model, or its rows are dependent or not exact.
    """
    words = fit.method.split(", ")
    tau2, inference = (
        (COMMON, "z") if words[0] == "common effect" else (words[0], words[1] if words[1:] else "")
    )
    used = fit.rows.loc[fit.rows["used"].astype(bool)]
    plain = tau2 in (*TAU2, COMMON) and inference in _INFERENCE and fit.variance_components is None
    if not plain or used["study"].duplicated().any() or not used["kind"].eq("exact").all():
        raise ModelError(
            "permutation_test() needs one exact row a study and a fit by random_effects, common_effect or"
            f" meta_regression with inference {', '.join(_INFERENCE)}; this is {fit.method!r}"
        )
    y = used["estimate"].to_numpy(np.float64)
    x = np.ones((y.size, 1)) if fit.regression is None else fit.regression.x
    return y, used["std_error"].to_numpy(np.float64) ** 2, x, tau2, inference


def _notes(fit: MetaFit, done: int, asked: int, exact: bool, seed: int | None) -> tuple[str, ...]:
    notes = [f"{fit.method}; every order is fitted anew, with its own tau²."]
    if not exact:
        notes.append(f"{done} random orders, seed {seed}; the observed order counts as one more.")
        if done < asked:
            notes.append(f"Stopped by the user after {done} of {asked} orders, which are a fair sample.")
    if fit.coefficients is None:
        notes.append(
            f"Not to be read with fewer than {FEWEST} studies: of five, 2 of the 32 patterns of signs are "
            "always as extreme as the most extreme one, p = 0.06."
        )
        notes.append("It supposes that effects scatter evenly around the mean.")
    if fit.scale == "log":
        own = fit.estimate, fit.conf_low, fit.conf_high
        notes += log_note(fit.measure, *own, fit.scale, fit.display_sign)
    return tuple(notes)
