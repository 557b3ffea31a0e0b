"""What a fit with coefficients can be asked, whichever model made it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from evidence.errors import ModelError

if TYPE_CHECKING:
    from evidence.fit.regression import Regression

__all__ = ["Questions"]


class Questions:
    """The questions of `MetaFit` that its `regression` answers."""

    method: str
    regression: Regression | None

    def _asked(self, what: str) -> Regression:
        if self.regression is None:
            raise ModelError(
                f"{what}() is for meta_regression() and other fits with coefficients; this is {self.method}"
            )
        return self.regression

    def predict(self, new: object) -> pd.DataFrame:
        """Return the mean effect at new values of the moderators.

        Parameters
        ----------
        new : DataFrame, dict of columns, or list of dicts
            One entry for each moderator of the formula, such as ``{"weeks": [6, 12]}``.

        Returns
        -------
        DataFrame
            The moderators, then ``estimate, std_error, conf_low, conf_high`` of the mean and ``pred_low,
            pred_high`` for the effect in a new study of that kind (not under a common effect), on the
            model scale.

        Raises
        ------
        ModelError
            Where the fit has no formula, a moderator is missing or blank, or a level is not known.
        """
        return self._asked("predict").means(new)

    def contrast(self, weights: Mapping[str, float]) -> pd.DataFrame:
        """Return a linear combination of coefficients with its test.

        Parameters
        ----------
        weights : mapping of str to float
            Weight of each coefficient named, such as ``{"setting[T.b]": 1, "setting[T.c]": -1}``.

        Returns
        -------
        DataFrame
            One line, columns as in `tidy`.

        Raises
        ------
        ModelError
            Where a coefficient is not known, or all weights are zero.
        """
        return self._asked("contrast").contrast(weights)

    def joint_test(self, terms: Sequence[str | Mapping[str, float]] | str | None = None) -> pd.DataFrame:
        """Test several coefficients at once.

        Parameters
        ----------
        terms : sequence of str or of mappings, optional
            Terms of the formula (all columns of a factor), coefficients, or contrasts. Without it, all but
            the intercept.

        Returns
        -------
        DataFrame
            One line: ``statistic`` (F, or chi-squared under z inference), ``df``, ``df2``, ``p_value``.

        Raises
        ------
        ModelError
            Where a term is not known, or the combinations depend on each other.
        """
        return self._asked("joint_test").joint_test(terms)

    def vif(self, *, by: str = "coefficient") -> pd.DataFrame:
        """Return variance inflation factors: how much collinearity widens the intervals.

        Parameters
        ----------
        by : {"coefficient", "term"}
            One line a coefficient, or one a term, in which case the factor is the generalised one.

        Returns
        -------
        DataFrame
            ``term``, ``columns`` (how many coefficients), ``vif``, and ``per_column``, the factor to the
            power 1 / columns, which compares terms of different size.

        Raises
        ------
        ModelError
            Where the fit has no formula, or `by` is not known.
        """
        from evidence._check import one_of

        return self._asked("vif").vif(one_of("by", by, ("coefficient", "term")))
