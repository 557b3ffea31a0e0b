"""What a fit with coefficients can be asked: means, contrasts, joint tests, variance inflation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evidence._check import nearest
from evidence.errors import ModelError
from evidence.fit.numbers import listing, number, p_value
from evidence.fit.sentences import shared_text, size_text
from evidence.numerics.intervals import quantile, two_sided_p
from evidence.numerics.linear import Inference, predict, variance_inflation

if TYPE_CHECKING:
    from evidence.fit.outcomes import Outcomes
    from evidence.fit.record import MetaFit
    from evidence.models.formula import Terms
    from evidence.numerics.regression import Coefficients

__all__ = ["EQUAL", "Regression", "coefficient_table", "moderator_words", "sentence", "test_text"]

EQUAL = "equal"
"""What `MetaFit.joint_test` of a model of several outcomes takes for "all outcomes have the same mean"."""


@dataclass(frozen=True, repr=False)
class Regression:
    """The coefficients of a fit with all their digits, and the formula that they belong to.

    Attributes
    ----------
    terms : Terms
        The formula and its columns.
    found : Inference
        Coefficients, root of their covariance, degrees of freedom and tests of their combinations.
    x : ndarray, shape (k, p)
        The columns of the rows in use.
    tau2 : float
        Variance of true effects that the moderators leave (of all levels together); with `outcomes` not used.
    level : float
        Level of the intervals.
    pred_df : float, None or "own"
        Degrees of freedom of prediction intervals, None for the normal, ``"own"`` for those of the mean's
        interval; 0 where there are too few studies.
    random : bool
        Whether the model has a between-study variance, so that there is something to predict.
    outcomes : Outcomes or None
        Where each outcome has a mean and a variance of its own.
    """

    terms: Terms
    found: Inference
    x: np.ndarray
    tau2: float
    level: float
    pred_df: float | str | None = "own"
    random: bool = True
    outcomes: Outcomes | None = None

    def __repr__(self) -> str:
        """Return the formula and the number of coefficients."""
        return f"<Regression {self.terms.formula}: {len(self.terms.names)} coefficients>"

    def column(self, name: str) -> int:
        """Return where a coefficient stands.

        Raises
        ------
        ModelError
            Where there is no coefficient of that name.
        """
        names = self.terms.names
        if name not in names:
            close = nearest(name, names)
            hint = f" (did you mean {close}?)" if close else ""
            raise ModelError(f"the coefficients are {', '.join(names)}; got {name!r}{hint}")
        return names.index(name)

    def means(self, new: object) -> pd.DataFrame:
        """Return the new rows with means and intervals; see `MetaFit.predict`."""
        from evidence.models.formula import new_rows

        table = new_rows(new)
        if self.outcomes is not None:
            table = self.outcomes.named(table)
        x = self.terms.matrix(table, [str(i) for i in table.index])
        usable = self.random and self.pred_df != 0
        df = [self.found.df_of(row) for row in x]
        pred_df = df if isinstance(self.pred_df, str) else [self.pred_df if usable else None] * len(df)
        at = predict(
            x,
            self.found.estimate,
            self.found.root,
            tau2=self.tau2 if self.outcomes is None else self.outcomes.variances(table),
            level=self.level,
            df=df,
            pred_df=pred_df,
        )
        out = table.loc[:, [m.name for m in self.terms.moderators]].copy()
        out["estimate"], out["std_error"] = at.mean, at.std_error
        out["conf_low"], out["conf_high"] = at.low, at.high
        if usable:
            out["pred_low"], out["pred_high"] = at.pred_low, at.pred_high
        return out

    def contrast(self, weights: Mapping[str, float]) -> pd.DataFrame:
        """Return a linear combination of coefficients as one line of tidy columns; see `MetaFit.contrast`."""
        row = self._weights(weights)
        estimate = float(row @ self.found.estimate)
        rooted = row @ self.found.root
        error, df = float(np.sqrt(rooted @ rooted)), self.found.df_of(row)
        half = quantile(self.level, df) * error
        name = " ".join(f"{'−' if w < 0 else '+'} {abs(w):g} {term}" for term, w in weights.items())
        line = {
            "term": name.removeprefix("+ "),
            "estimate": estimate,
            "std_error": error,
            "df": df,
            "statistic": estimate / error,
            "p_value": two_sided_p(estimate / error, df),
            "conf_low": estimate - half,
            "conf_high": estimate + half,
        }
        return pd.DataFrame([line])

    def _weights(self, weights: Mapping[str, float]) -> np.ndarray:
        """Return a combination as one weight a coefficient.

        Raises
        ------
        ModelError
            Where a name is unknown, or the weights are not numbers or all zero.
        """
        if not isinstance(weights, Mapping):
            raise ModelError(
                f"a contrast is a dict of coefficients and weights, such as {{{self.terms.names[-1]!r}: 1}};"
                f" got {type(weights).__name__}"
            )
        row = np.zeros(len(self.terms.names))
        for name, weight in weights.items():
            row[self.column(name)] = float(weight)
        if not np.isfinite(row).all() or not row.any():
            raise ModelError("the weights of a contrast are finite numbers, and not all of them zero")
        return row

    def joint_test(self, terms: Sequence[str | Mapping[str, float]] | None) -> pd.DataFrame:
        """Return a joint test as one line; see `MetaFit.joint_test`.

        Raises
        ------
        ModelError
            Where nothing is asked for, or a name is not known.
        """
        names = self.terms.names
        if terms is None:
            asked: list[str | Mapping[str, float]] = [name for name in names if name != "Intercept"] or [
                *names
            ]
        else:
            asked = [terms] if isinstance(terms, str | Mapping) else list(terms)
        spans = {label: (start, stop) for label, start, stop in self.terms.spans}
        rows: list[np.ndarray] = []
        for item in asked:
            if item == EQUAL and self.outcomes is not None:
                rows += list(self.outcomes.equal())
            elif isinstance(item, str) and item in spans:
                rows += [np.eye(len(names))[j] for j in range(*spans[item])]
            else:
                rows.append(self._weights(item if isinstance(item, Mapping) else {item: 1.0}))
        if not rows:
            raise ModelError("a joint test needs at least one term")
        test = self.found.joint(np.array(rows))
        return pd.DataFrame(
            [{"statistic": test.statistic, "df": test.df, "df2": test.df2, "p_value": test.p_value}]
        )

    def vif(self, by: str) -> pd.DataFrame:
        """Return variance inflation factors by coefficient or by term; see `MetaFit.vif`."""
        intercept = self.terms.intercept
        names = self.terms.names
        if by == "term":
            groups = [(label, np.arange(start, stop)) for label, start, stop in self.terms.spans]
        else:
            groups = [(name, np.array([j])) for j, name in enumerate(names)]
        kept = [(name, columns) for name, columns in groups if intercept not in columns]
        factors = variance_inflation(self.found.model_root, [columns for _, columns in kept], intercept)
        size = np.array([columns.size for _, columns in kept])
        return pd.DataFrame(
            {
                "term": [name for name, _ in kept],
                "columns": size,
                "vif": factors,
                "per_column": factors ** (1.0 / np.maximum(size, 1)),
            }
        )


def coefficient_table(terms: Terms, found: Coefficients) -> pd.DataFrame:
    """Return the coefficients in the columns of `MetaFit.tidy`."""
    return pd.DataFrame(
        {
            "term": list(terms.names),
            "estimate": found.estimate,
            "std_error": found.std_error,
            "df": [found.df] * len(terms.names),
            "statistic": found.statistic,
            "p_value": found.p_value,
            "conf_low": found.low,
            "conf_high": found.high,
        }
    )


def moderator_words(fit: MetaFit) -> str:
    """Return the moderators by name, ``"moderators weeks and dose"``; empty where there are none."""
    found = fit.regression
    if fit.formula is None or found is None or (found.outcomes is not None and found.outcomes.means):
        return ""
    names = [one.name for one in found.terms.moderators]
    joined = [label for label, _, _ in found.terms.spans if label not in (*names, "Intercept")]
    crossed = [label.replace(":", " \N{MULTIPLICATION SIGN} ") for label in joined if ":" in label]
    text = f"{'moderator' if len(names) == 1 else 'moderators'} {listing(names)}"
    if crossed:
        word = "interaction" if len(crossed) == 1 else "interactions"
        text += f" and the {word} {listing(crossed)}"
    return text


def sentence(fit: MetaFit) -> str:
    """Return the result of several coefficients as one plain line."""
    if fit.regression is not None and fit.regression.outcomes is not None:
        from evidence.fit.outcomes import sentence as by_outcome

        return by_outcome(fit)
    size = size_text(fit)
    name = f"{fit.measure} " if fit.measure and fit.measure != "GEN" else ""
    clear = fit.qm_p_value is not None and fit.qm_p_value < 1.0 - fit.level
    start = f"{name}effects differ with" if clear else f"no clear relation of {name}effects with"
    share = "" if fit.r2 is None else f", R² {fit.r2:.0f} %"
    told = moderator_words(fit).removeprefix("moderators ").removeprefix("moderator ")
    text = f"{start} {told} (joint test {test_text(fit)}{share}; {size}).{shared_text(fit)}"
    return text[:1].upper() + text[1:]


def test_text(fit: MetaFit) -> str:
    """Return the joint test as it stands in a sentence."""
    if fit.qm is None or fit.qm_df is None:
        return "not possible"
    shown = p_value(fit.qm_p_value)
    tail = f"p {shown}" if shown.startswith("<") else f"p = {shown}"
    head = f"χ²({fit.qm_df:g})" if fit.qm_df2 is None else f"F({fit.qm_df:g}, {round(fit.qm_df2, 1):g})"
    return f"{head} = {number(fit.qm)}, {tail}"
