"""MetaFit: the frozen result that every model returns."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evidence.fit.questions import Questions

if TYPE_CHECKING:
    from evidence.fit.posterior import Posterior
    from evidence.fit.regression import Regression
    from evidence.fit.units import UnitsEstimate

__all__ = ["TIDY_COLUMNS", "MetaFit"]

TIDY_COLUMNS = (
    "term",
    "estimate",
    "std_error",
    "df",
    "statistic",
    "p_value",
    "conf_low",
    "conf_high",
)
"""Columns of `MetaFit.tidy`, always these and in this order."""

_GLANCE = (
    "measure",
    "method",
    "level",
    "k",
    "n_studies",
    "n_people",
    "tau2",
    "tau2_low",
    "tau2_high",
    "i2",
    "i2_low",
    "i2_high",
    "h2",
    "h2_low",
    "h2_high",
    "q",
    "q_df",
    "q_p_value",
    "r2",
    "qm",
    "qm_df",
    "qm_df2",
    "qm_p_value",
    "pred_low",
    "pred_high",
    "loglik",
    "bound",
    "tau2_reml",
)


@dataclass(frozen=True, repr=False)
class MetaFit(Questions):
    """A synthesis: the mean effect, its interval, the heterogeneity, and what each row did.

    Effects are on the model scale (`display` has the printed one); positive favours the first arm. What
    cannot be estimated is None, and `notes` says why.

    Attributes
    ----------
    estimate, std_error : float or None
        Mean effect and its standard error.
    df : float or None
        Degrees of freedom of the interval's t distribution; None under the normal and the profile
        likelihood (``z``, ``profile``), which have none: a convention, not a missing number.
    statistic, p_value : float or None
        Test of a mean of zero.
    conf_low, conf_high : float or None
        Interval of the mean at `level`; an end is infinite where the data do not bound it.
    tau2, tau2_low, tau2_high : float or None
        Between-study variance and its interval.
    i2, h2 : float or None
        I² in percent; H².
    q, q_df, q_p_value : float or None
        Cochran's test of homogeneity. Like I² and H² it needs a value from every row, one a study.
    pred_low, pred_high : float or None
        Prediction interval for the effect in a new study.
    k, n_studies : int
        Rows and studies in the model; both 0 where there was nothing to pool.
    n_people : float or None
        People in these studies, each study counted once with its largest row; None where no row says.
    measure : str
        Code of the measure.
    level : float
        Level of the intervals.
    method : str
        Estimator and inference, such as ``"REML, HKSJ"``.
    kinds : mapping of str to int
        Rows given, by kind.
    rows : DataFrame
        One line per row given: what it says, its weight and contribution (percent), whether it was
        used, and if not, why not.
    term, scale, display_sign : str, str, int
        Name of the coefficient; how the printed scale is obtained (see `Effects`).
    bound : {None, "lower", "upper", "none"}
        Set where no finite estimate exists: which limit the data give.
    loglik : float or None
        Log-likelihood at the maximum, for likelihood methods.
    alongside : sequence of (str, MetaFit)
        Results that belong beside this one. `pool_partial` always gives "exact rows only" and "direction
        only"; one without rows to pool has ``k = 0`` and says so in its sentence.
    notes : tuple of str
        What a reader must know.
    methods_used : tuple of str
        Keys of the sources of what was run. `methods` cites those of what it tells, `cite` prints the same.
    n_clusters : int or None
        Groups of rows that share a random effect, where a model has them: the studies, unless
        ``pool_partial(cluster=...)`` or ``multilevel(levels=...)`` says otherwise (there the groups of the
        outermost level).
    i2_low, i2_high, h2_low, h2_high : float or None
        I² and H² at the ends of the interval of tau².
    formula : str or None
        The moderators; None where the only coefficient is the mean.
    coefficients : DataFrame or None
        One line a coefficient, columns as in `tidy`; None where the only coefficient is the mean. A fit of
        several coefficients has no single `estimate`: ask `predict` for means.
    vcov : ndarray or None
        Covariance matrix of the coefficients.
    r2 : float or None
        Percent of the between-study variance that the moderators account for.
    qm, qm_df, qm_df2, qm_p_value : float or None
        Joint test of all moderators: F with `qm_df` and `qm_df2` degrees of freedom, or chi-squared where
        `qm_df2` is None.
    variance_components : DataFrame or None
        Columns level, variance, sd, low, high, i2: one line a level of random effects, where there are
        several. Several outcomes: one line a variance and a correlation, see `multivariate`.
    per_row : mapping of str to ndarray, or None
        Further columns of `augment`, one value for each row in use.
    regression : Regression or None
        What `predict`, `contrast`, `joint_test` and `vif` work on.
    posterior : Posterior or None
        What the rows say under a prior (`pool_partial`): probabilities, mean, interval.
    tau2_reml : float or None
        REML-type estimate of tau² beside the ML one (`pool_partial`); None where the rows do not bound the
        mean on both sides.
    """

    estimate: float | None
    std_error: float | None
    df: float | None
    statistic: float | None
    p_value: float | None
    conf_low: float | None
    conf_high: float | None
    tau2: float | None
    tau2_low: float | None
    tau2_high: float | None
    i2: float | None
    h2: float | None
    q: float | None
    q_df: float | None
    q_p_value: float | None
    pred_low: float | None
    pred_high: float | None
    k: int
    n_studies: int
    n_people: float | None
    measure: str
    level: float
    method: str
    kinds: Mapping[str, int]
    rows: pd.DataFrame
    term: str = "overall"
    scale: str = "identity"
    display_sign: int = 1
    bound: str | None = None
    loglik: float | None = None
    alongside: Sequence[tuple[str, MetaFit]] = field(default=(), compare=False)
    notes: tuple[str, ...] = field(default=())
    methods_used: tuple[str, ...] = field(default=())
    n_clusters: int | None = None
    i2_low: float | None = None
    i2_high: float | None = None
    h2_low: float | None = None
    h2_high: float | None = None
    formula: str | None = None
    coefficients: pd.DataFrame | None = None
    vcov: np.ndarray | None = None
    r2: float | None = None
    qm: float | None = None
    qm_df: float | None = None
    qm_df2: float | None = None
    qm_p_value: float | None = None
    variance_components: pd.DataFrame | None = None
    per_row: Mapping[str, np.ndarray] | None = None
    regression: Regression | None = None
    posterior: Posterior | None = None
    tau2_reml: float | None = None

    def to_display(self, value: float | None) -> float | None:
        """Return a number of the model scale on the printed scale (ratios: the exponential)."""
        if value is None or self.scale != "log":
            return value
        power = self.display_sign * value
        return math.exp(power) if power < 709.0 else math.inf

    @property
    def display(self) -> dict[str, float | None]:
        """Estimate, interval and prediction interval on the printed scale, lower end first."""
        values = {"estimate": self.to_display(self.estimate)}
        for name in ("conf", "pred"):
            ends = [
                self.to_display(getattr(self, f"{name}_low")),
                self.to_display(getattr(self, f"{name}_high")),
            ]
            if self.scale == "log" and self.display_sign < 0:
                ends.reverse()
            values[f"{name}_low"], values[f"{name}_high"] = ends
        return values

    def tidy(self) -> pd.DataFrame:
        """Return the coefficients as a table, one row for each.

        Returns
        -------
        DataFrame
            Columns ``term, estimate, std_error, df, statistic, p_value, conf_low, conf_high``, on the
            model scale.
        """
        if self.coefficients is not None:
            return self.coefficients.copy()
        return pd.DataFrame([{name: getattr(self, name) for name in TIDY_COLUMNS}])

    def glance(self) -> pd.DataFrame:
        """Return what describes the whole fit as a table of one row.

        Returns
        -------
        DataFrame
            Measure, method, level, rows, studies, people, heterogeneity, prediction interval, the
            posterior (``posterior_mean`` and so on) where there is one, and the rows given by kind
            (``rows_exact`` and so on).
        """
        line: dict[str, object] = {name: getattr(self, name) for name in _GLANCE}
        if self.posterior is not None:
            names = ("mean", "low", "high", "p_positive", "p_worthwhile", "p_new_positive")
            line |= {f"posterior_{name}": getattr(self.posterior, name) for name in names}
        line |= {f"rows_{kind}": amount for kind, amount in self.kinds.items()}
        return pd.DataFrame([line])

    def augment(self) -> pd.DataFrame:
        """Return the rows with what the model makes of each.

        Returns
        -------
        DataFrame
            One line per row given, with ``fitted`` (the mean, or the mean at the row's moderators),
            ``residual``, ``weight`` and ``contribution``. Models of effects with standard errors add
            ``leverage`` (diagonal of the hat matrix), ``std_residual`` (the residual over its standard
            error), and ``blup`` with ``blup_std_error`` (the study's own effect, shrunk towards `fitted` by
            the model's tau²). A residual exists for exact rows only; the cells of rows that were not used
            are empty.
        """
        rows = self.rows.copy()
        used = rows["used"].to_numpy(dtype=bool)
        extra = dict(self.per_row or {})
        mean = math.nan if self.estimate is None else self.estimate
        fitted = pd.Series(np.nan, index=rows.index)
        fitted[used] = extra.pop("fitted", mean)
        exact = rows["kind"].eq("exact")
        residual = (rows["estimate"].astype(float) - fitted).where(exact)
        at = int(rows.columns.get_loc("weight"))  # type: ignore[arg-type]
        rows.insert(at, "fitted", fitted)
        rows.insert(at + 1, "residual", residual)
        for place, (name, values) in enumerate(extra.items(), start=at + 4):
            column = np.full(len(rows), math.nan)
            column[used] = values
            rows.insert(place, name, column)
        return rows

    def sentence(self) -> str:
        """Return the result as one plain line to paste: effect, interval, studies, rows, people."""
        if self.formula is not None:
            from evidence.fit.regression import sentence as moderators

            return moderators(self)
        from evidence.fit.sentences import sentence

        return sentence(self)

    def in_units(self, sd: float, unit: str, source: str | None = None) -> UnitsEstimate:
        """Return a standardised mean difference in the units of an instrument.

        Parameters
        ----------
        sd : float
            Standard deviation of the outcome in people like those of interest, in `unit`.
        unit : str
            The unit, as it is to be printed.
        source : str, optional
            Where the SD comes from; the result says so when none is named.

        Raises
        ------
        ModelError
            Where the measure is not standardised, or the SD is not a positive number.
        """
        from evidence.fit.units import in_units

        return in_units(self, sd, unit, source)

    def cite(self) -> str:
        """Return BibTeX entries of all that `methods` cites, and of the software."""
        from evidence.fit.methods import bibtex
        from evidence.fit.paragraph import cited_keys

        return bibtex(cited_keys(self))

    def methods(self) -> str:
        """Return the methods paragraph for a paper, made from what was really run.

        Measure, rows by kind, model, estimator, intervals, heterogeneity, assumptions and software, with
        authors and years; `cite` has the entries.
        """
        from evidence.fit.paragraph import paragraph

        return paragraph(self)

    def explain(self) -> str:
        """Return what was done, in plain lines: model, rows, what was left out and why, caveats."""
        from evidence.fit.sentences import explanation

        return explanation(self)

    def __repr__(self) -> str:
        """Return the sentence with the coefficients, or with the key numbers of a mean."""
        from evidence.fit.html import key_numbers
        from evidence.fit.plain import plain

        if self.coefficients is not None:
            names = ("term", "estimate", "std_error", "conf_low", "conf_high", "p_value")
            heads = {name: name.replace("conf_", "").replace("std_error", "SE") for name in names}
            return plain(self, self.sentence(), self.coefficients, {**heads, "p_value": "p"}, where=".tidy()")
        table = pd.DataFrame(key_numbers(self), columns=["", " "])
        return plain(self, self.sentence(), table, where=".explain()")

    def _repr_html_(self) -> str:
        """Return the sentence and a table for a notebook."""
        from evidence.fit.html import page

        return page(self)
