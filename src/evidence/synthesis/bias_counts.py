"""Fail-safe numbers, with the warning that goes with them, and the test of excess significance."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from evidence._check import as_number, one_of
from evidence.effects.record import Effects
from evidence.errors import ModelError
from evidence.fit.numbers import count, number
from evidence.fit.plain import plain
from evidence.models import check_effects
from evidence.models.choices import one_row_a_study
from evidence.models.rows import Selection, select
from evidence.numerics.fail_safe import excess_significance as excess
from evidence.numerics.fail_safe import orwin, rosenberg, rosenthal
from evidence.numerics.tau2 import TAU2
from evidence.synthesis.bias_words import FEW, bias_page, equals_p, few

__all__ = ["ExcessTest", "FailSafeN", "excess_significance_test", "fail_safe_n"]

METHODS = ("Rosenthal", "Orwin", "Rosenberg")

_WARNING = (
    "A fail-safe number says nothing of bias: it takes the missing studies to show exactly no effect on"
    " average"
    " (selected ones would show the opposite), knows no spread between studies, and has no limit above which"
    " it reassures. It is there for readers who expect one."
)
_EXCESS = (
    "More significant results than expected can come from selection, from analyses bent until significant,"
    " or from"
    " effects that truly differ between studies; a large p shows little, for the test has little power."
)


def _independent(effects: Effects) -> Selection:
    check_effects(effects)
    selection = select(effects, partial=False)
    one_row_a_study(selection, "funnel_test()")
    return selection


def _alpha(alpha: object) -> float:
    """Return a significance level.

    Raises
    ------
    ModelError
        Where it is not between 0 and 0.5.
    """
    if not 0.0 < as_number(alpha) < 0.5:
        raise ModelError(f"alpha is a probability between 0 and 0.5, such as 0.05; got {alpha!r}")
    return as_number(alpha)


@dataclass(frozen=True, repr=False)
class FailSafeN:
    """A fail-safe number.

    Attributes
    ----------
    number : int
        How many further studies without effect it would take.
    method : str
        ``"Rosenthal"``, ``"Orwin"`` or ``"Rosenberg"``.
    k : int
        Studies.
    table : DataFrame
        One line: ``method, number, k, alpha, p_value, mean, target``; what a method does not have is NaN.
    notes : tuple of str
        The warning, and more.
    """

    number: int
    method: str
    k: int
    table: pd.DataFrame
    notes: tuple[str, ...]

    def sentence(self) -> str:
        """Return the result as one plain line, with the warning."""
        line = self.table.iloc[0]
        further = count(self.number, "further study", "further studies")
        if self.method == "Orwin":
            what = f"bring the mean from {number(float(line['mean']))} to {number(float(line['target']))}"
        else:
            side = "one-sided" if self.method == "Rosenthal" else "two-sided"
            what = f"bring the joint {side} p above {float(line['alpha']):g}"
        return (
            f"{self.method}'s fail-safe number: {further} without effect would {what} ({self.k} observed)."
            " It is no test of bias and should not be read as one, with any number of studies."
        )

    def __repr__(self) -> str:
        """Return the sentence and the numbers."""
        return plain(self, self.sentence(), self.table)

    def _repr_html_(self) -> str:
        """Return the sentence, the numbers and the warning."""
        return bias_page(self.sentence(), self.table, self.notes)


def fail_safe_n(
    effects: Effects,
    *,
    method: str = "Rosenthal",
    alpha: float = 0.05,
    target: float | None = None,
    weighted: bool = True,
) -> FailSafeN:
    """Count the studies without effect that would undo a result; the answer comes with its warning.

    Parameters
    ----------
    effects : Effects
        The rows; only exact ones are used, at most one a study.
    method : {"Rosenthal", "Orwin", "Rosenberg"}, default "Rosenthal"
        Until the sum of z scores is no longer significant (one-sided); until the mean falls to a target;
        until the common-effect mean is no longer significant (two-sided).
    alpha : float, default 0.05
        For Rosenthal (one-sided) and Rosenberg (two-sided).
    target : float, optional
        For Orwin, on the scale of the model and of the sign of the mean; half the mean without it.
    weighted : bool, default True
        For Orwin: inverse-variance weighted mean, or the plain one of 1983.

    Returns
    -------
    FailSafeN

    Raises
    ------
    ModelError
        Where several rows are of one study, an argument is not known, or the target cannot be reached.

    References
    ----------
    Rosenthal R. Psychol Bull 1979;86:638-641. https://doi.org/10.1037/0033-2909.86.3.638
    Orwin RG. J Educ Stat 1983;8:157-159. https://doi.org/10.3102/10769986008002157
    Rosenberg MS. Evolution 2005;59:464-468. https://doi.org/10.1111/j.0014-3820.2005.tb01004.x
    Becker BJ. In: Rothstein HR, et al (eds). Publication Bias in Meta-Analysis. Wiley, 2005, 111-125.

    Examples
    --------
    >>> import evidence as ev
    >>> ev.fail_safe_n(ev.effects_from([0.4, 0.5, 0.6], std_error=0.2)).number
    18
    """
    method, alpha = one_of("method", method, METHODS), _alpha(alpha)
    if method != "Orwin" and (target is not None or weighted is not True):
        raise ModelError(f"target and weighted are choices of method='Orwin'; {method} has none")
    if target is not None and not math.isfinite(as_number(target)):
        raise ModelError(f"target is a finite number on the scale of the model; got {target!r}")
    selection = _independent(effects)
    y, v = selection.values("estimate"), selection.values("variance")
    if method == "Orwin":
        found = orwin(y, v, target, weighted=weighted)
    else:
        found = (rosenthal if method == "Rosenthal" else rosenberg)(y, v, alpha)
    line = {
        "method": method,
        "number": found.number,
        "k": y.size,
        "alpha": math.nan if method == "Orwin" else alpha,
        "p_value": math.nan if found.p_value is None else found.p_value,
        "mean": math.nan if found.mean is None else found.mean,
        "target": math.nan if found.target is None else found.target,
    }
    notes = (_WARNING, "Its use is advised against (Becker 2005): see funnel_test() and trim_and_fill().")
    return FailSafeN(found.number, method, y.size, pd.DataFrame([line]), notes)


@dataclass(frozen=True, repr=False)
class ExcessTest:
    """Significant results observed and expected.

    Attributes
    ----------
    observed : int
        Significant results.
    expected : float
        As many as mean, tau² and standard errors let expect.
    p_value : float
        One-sided, of as many or more.
    test, model : str
        As used.
    mean, tau2 : float
        Of the model.
    k : int
        Studies.
    table : DataFrame
        One line a study: ``row_id, study, estimate, std_error, significant, power``.
    notes : tuple of str
        What a reader must know; the first says when there are too few studies.
    """

    observed: int
    expected: float
    p_value: float
    test: str
    model: str
    mean: float
    tau2: float
    k: int
    table: pd.DataFrame
    notes: tuple[str, ...]

    def sentence(self) -> str:
        """Return the result as one plain line, with what may not be read from it."""
        text = (
            f"{self.observed} of {count(self.k, 'study is', 'studies are')} significant,"
            f" {number(self.expected, 1)}"
            f" expected; {equals_p(self.p_value)} for as many or more ({self.test})."
        )
        if self.k < FEW:
            return f"{text} Too few studies to be read: fewer than {FEW}."
        return f"{text} It tells neither the cause nor the studies."

    def __repr__(self) -> str:
        """Return the sentence and the studies."""
        return plain(self, self.sentence(), self.table)

    def _repr_html_(self) -> str:
        """Return the sentence, the studies and the notes."""
        return bias_page(self.sentence(), self.table, self.notes)


def excess_significance_test(
    effects: Effects, *, model: str = "REML", alpha: float = 0.05, test: str = "exact"
) -> ExcessTest:
    """Test whether more results are significant than the studies' power lets expect.

    Parameters
    ----------
    effects : Effects
        The rows; only exact ones are used, at most one a study.
    model : str, default "REML"
        Estimator of tau², or ``"EE"`` for a common effect. The chance of each study to be significant is
        that of an effect drawn from this model.
    alpha : float, default 0.05
        Two-sided level at which a result counts as significant.
    test : {"exact", "chi2"}, default "exact"
        The exact distribution of the number (a sum of unlike chances), or the chi-squared test of 2007.

    Returns
    -------
    ExcessTest
        Not to be read with fewer than ten studies, which its sentence says.

    Raises
    ------
    ModelError
        Where several rows are of one study, an argument is not known, or chi-squared has no value because
        every result (or none) is certain to be significant.

    References
    ----------
    Ioannidis JPA, Trikalinos TA. Clin Trials 2007;4:245-253. https://doi.org/10.1177/1740774507079441

    Examples
    --------
    >>> import evidence as ev
    >>> effects = ev.effects_from([0.5, 0.6, 0.5, 0.7, 0.45], std_error=[0.2, 0.25, 0.22, 0.3, 0.2])
    >>> found = ev.excess_significance_test(effects)
    >>> found.observed, round(found.expected, 1)
    (5, 3.1)
    """
    model, alpha = one_of("model", model, (*TAU2, "EE")), _alpha(alpha)
    test = one_of("test", test, ("exact", "chi2"))
    selection = _independent(effects)
    y, v = selection.values("estimate"), selection.values("variance")
    found = excess(y, v, model=model, alpha=alpha)
    p = found.p_value if test == "exact" else found.p_chi2
    if math.isnan(p):
        raise ModelError(
            "chi-squared has no value where every result, or none, is certain to be significant; use"
            " test='exact'"
        )
    table = pd.DataFrame(
        {
            "row_id": selection.names(),
            "study": selection.studies(),
            "estimate": y,
            "std_error": np.sqrt(v),
            "significant": found.significant,
            "power": found.power,
        }
    )
    return ExcessTest(
        observed=found.observed,
        expected=found.expected,
        p_value=p,
        test=test,
        model=model,
        mean=found.mean,
        tau2=found.tau2,
        k=y.size,
        table=table,
        notes=(*few(y.size, "the test of excess significance"), _EXCESS),
    )
