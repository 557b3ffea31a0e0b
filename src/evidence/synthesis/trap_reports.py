"""What one arm reports of its own change, as a range of t."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from evidence._check import as_number
from evidence.effects.row import P_MEANING_AT_MOST, Row, rounds_to_zero_below
from evidence.errors import ModelError, StudyDataError
from evidence.numerics.trap import critical_t
from evidence.studies.columns import parse_p

__all__ = ["ArmReport", "arm_of_row", "arm_report"]

ASSUMED_BETTER = "a significant change is taken as an improvement"
EITHER_WAY = "a change that is not significant may be for better or for worse"


@dataclass(frozen=True)
class ArmReport:
    """One arm's change as reported.

    Attributes
    ----------
    name : str
        The arm.
    n : float
        Its people.
    low, high : float
        Ends of the t of its change, positive for the better; equal where it is known.
    said : str
        The report in a few words: ``"p = 0.01"``.
    significant : bool or None
        Whether its own test was; None where the report does not fix it.
    sd : float
        Standard deviation of its change, NaN where it is not known.
    notes : tuple of str
        What was assumed.
    """

    name: str
    n: float
    low: float
    high: float
    said: str
    significant: bool | None
    sd: float = math.nan
    notes: tuple[str, ...] = ()

    @property
    def exact(self) -> bool:
        """Whether t is known."""
        return self.low == self.high


def arm_report(
    name: str,
    n: object,
    *,
    p: object = None,
    t: object = None,
    change: object = None,
    sd: object = None,
    alpha: float = 0.05,
    suffix: str = "e",
) -> ArmReport:
    """Read one arm from numbers: change and SD before t before p.

    Parameters
    ----------
    name : str
        The arm.
    n : float
        Its people, at least 2.
    p : float or str, optional
        p of its change: ``0.01``, ``"<0.05"``, ``"ns"``.
    t : float, optional
        t of its change, positive for the better.
    change, sd : float, optional
        Mean change, positive for the better, and the standard deviation of change.
    alpha : float
        Two-sided level at which "ns" is read.
    suffix : str
        ``"e"`` or ``"c"``, for messages.

    Raises
    ------
    ModelError
        Where a number is impossible, or nothing is reported.
    """
    size = as_number(n)
    if not (math.isfinite(size) and size >= 2):
        raise ModelError(
            f"n_{suffix} is the number of people in {name}, at least 2; got {n!r}. Without it "
            "no t can be had: give it from the paper's methods"
        )
    mean, spread, value = (
        _number(v, f"{what}_{suffix}") for v, what in ((change, "change"), (sd, "sd"), (t, "t"))
    )
    if spread <= 0:
        raise ModelError(f"sd_{suffix}: a standard deviation is positive, got {spread:g}")
    base = ArmReport(name, size, math.nan, math.nan, "", None, spread)
    if math.isfinite(mean) and math.isfinite(spread):
        score = mean * math.sqrt(size) / spread
        return _known(base, score, f"change {mean:.4g}, SD {spread:.4g}", alpha)
    if math.isfinite(value):
        return _with_sd(_known(base, value, f"t = {value:g}", alpha), mean)
    if p is None:
        raise ModelError(
            f"nothing is reported of {name}: give p_{suffix} (0.01, '<0.05', 'ns'), t_{suffix}, or "
            f"change_{suffix} with sd_{suffix}"
        )
    relation, probability = _read_p(p, alpha, suffix)
    return _with_sd(_from_p(base, relation, probability, mean, alpha, str(p)), mean)


def _number(value: object, name: str) -> float:
    """Return an optional number; NaN where it is not given.

    Raises
    ------
    ModelError
        Where it is given and no finite number.
    """
    if value is None:
        return math.nan
    number = as_number(value)
    if not math.isfinite(number):
        if isinstance(value, float) and math.isnan(value):
            return math.nan
        raise ModelError(f"{name} takes a finite number; got {value!r}")
    return number


_NOT = ("ns", "n.s.", "n.s", "not significant", "non-significant", "nonsignificant")
_IS = ("significant", "sig", "s", "*")


def _read_p(p: object, alpha: float, suffix: str) -> tuple[str, float]:
    """Return relation and value of a p; words are read at the level of the test.

    Raises
    ------
    ModelError
        Where it is none.
    """
    if isinstance(p, str):
        word = p.strip().casefold()
        if word in _NOT or word in _IS:
            return (">" if word in _NOT else "<"), alpha
        try:
            relation, value = parse_p(p)
        except StudyDataError as problem:
            way = "give a number, '<0.05', '>0.05' or 'ns'"
            raise ModelError(f"p_{suffix}: {problem.problems[0].rule}, got {p!r}; {way}") from problem
        return ("<", rounds_to_zero_below(p)) if relation == "=" and value == 0 else (relation, value)
    value = as_number(p)
    if not 0 < value <= 1:
        raise ModelError(
            f"p_{suffix} is above 0 and at most 1; got {p!r}. A p printed as 0.000 is given as text: '0.000'"
        )
    return "=", value


def _known(base: ArmReport, t: float, said: str, alpha: float) -> ArmReport:
    significant = abs(t) >= float(critical_t(alpha, base.n - 1))
    return replace(base, low=t, high=t, said=said, significant=significant)


def _from_p(base: ArmReport, relation: str, p: float, mean: float, alpha: float, printed: str) -> ArmReport:
    """Return the range of t of a p: its size from the p, its side from the change or by assumption."""
    size = float(critical_t(p, base.n - 1)) if p < 1 else 0.0
    said = _said(printed)
    side = math.copysign(1.0, mean) if math.isfinite(mean) and mean != 0 else 0.0
    if relation in ("<", "<="):
        notes = () if side else (ASSUMED_BETTER,)
        low, high = (size, math.inf) if side >= 0 else (-math.inf, -size)
        return replace(
            base, low=low, high=high, said=said, significant=True if _up_to(p, alpha) else None, notes=notes
        )
    if relation in (">", ">="):
        low, high = (-size if side <= 0 else 0.0), (size if side >= 0 else 0.0)
        notes = () if side else (EITHER_WAY,)
        return replace(
            base, low=low, high=high, said=said, significant=False if _up_to(alpha, p) else None, notes=notes
        )
    significant = _up_to(p, alpha)
    if side or significant or size == 0:
        notes = () if side or size == 0 else (ASSUMED_BETTER,)
        t = (side or 1.0) * size
        return replace(base, low=t, high=t, said=said, significant=significant, notes=notes)
    return replace(base, low=-size, high=size, said=said, significant=False, notes=(EITHER_WAY,))


def _up_to(p: float, most: float) -> bool:
    """Tell whether p is at most another one: 1 - 0.95 is a little more than 0.05."""
    return p <= most * (1 + 1e-9)


def _said(printed: str) -> str:
    """Return a printed p in words: a number with its relation, a verdict as it is."""
    text = printed.strip()
    if text.casefold() in (*_NOT, *_IS):
        return text
    bare = text.removeprefix("p").removeprefix("P").strip().replace("<=", "≤").replace(">=", "≥")
    return f"p {bare[0]} {bare[1:].strip()}" if bare[:1] in "<>≤≥=" else f"p = {bare}"


def _with_sd(report: ArmReport, mean: float) -> ArmReport:
    """Return the report with the SD of change that a mean change and its t imply."""
    if math.isnan(report.sd) and math.isfinite(mean) and report.exact and report.low:
        return replace(report, sd=abs(mean) * math.sqrt(report.n) / abs(report.low))
    return report


def arm_of_row(row: Row, arm: str, correlation: float, alpha: float) -> ArmReport:
    """Read one arm of a printed row.

    Parameters
    ----------
    row : Row
        The row.
    arm : str
        ``"e"`` or ``"c"``.
    correlation : float
        Correlation of pre and post scores, for the SD of change where only pre and post SDs are printed.
    alpha : float
        Two-sided level of "significant".

    Raises
    ------
    ModelError
        Where the row prints nothing of the arm's own change.
    """
    name = row.word(f"arm_{arm}").split("(")[0].strip() or {"e": "first arm", "c": "second arm"}[arm]
    people = row.people
    n = None if people is None else people.first if arm == "e" else people.second
    change, sd, notes = _change_of(row, arm, correlation)
    p: str | None = row.word(f"p_within_{arm}") or None
    verdict = row.word(f"signif_{arm}")
    if p is not None and verdict == "yes":
        relation, value = parse_p(p)
        if relation == "=" and value in P_MEANING_AT_MOST:
            p = f"<={value:g}"
    numbers = math.isfinite(change) and math.isfinite(sd)
    if p is None and verdict in _VERDICT:
        p = f"<{alpha:.4g}" if verdict == "yes" else f">{alpha:.4g}"
        if not numbers:
            notes = (*notes, f"'{_VERDICT[verdict]}' read at the two-sided {alpha:.2g} level")
    if p is None and not numbers:
        raise ModelError(
            f"row {row.word('row_id')} prints nothing of the change within {name}: it needs p_within_{arm}, "
            f"signif_{arm}, or means with SDs of the change"
        )
    try:
        report = arm_report(
            name,
            n,
            p=p,
            change=None if math.isnan(change) else change,
            sd=None if math.isnan(sd) else sd,
            alpha=alpha,
            suffix=arm,
        )
    except ModelError as problem:
        raise ModelError(f"row {row.word('row_id')}: {problem}") from problem
    if not row.printed.get(f"p_within_{arm}") and verdict in _VERDICT and "change" not in report.said:
        report = replace(report, said=_VERDICT[verdict])
    if numbers and verdict in _VERDICT:
        if report.significant is not (verdict == "yes"):
            notes = (*notes, f"printed as {_VERDICT[verdict]}, which these numbers do not give")
        report = replace(report, significant=verdict == "yes")
    given = (people.assumption,) if people is not None and people.assumption else ()
    return replace(report, notes=(*notes, *given, *report.notes))


_VERDICT = {"yes": "significant", "no": "not significant"}


def _change_of(row: Row, arm: str, correlation: float) -> tuple[float, float, tuple[str, ...]]:
    """Return an arm's mean change, positive for the better, its SD, and what was assumed."""
    sign = row.better_sign
    mean, sd = row.number(f"change_mean_{arm}"), row.number(f"change_sd_{arm}")
    if not math.isfinite(mean) and row.has(f"pre_mean_{arm}", f"post_mean_{arm}"):
        mean = row.number(f"post_mean_{arm}") - row.number(f"pre_mean_{arm}")
    if sign == 0:
        return math.nan, math.nan, ()
    notes: tuple[str, ...] = ()
    if not math.isfinite(sd) and row.has(f"pre_sd_{arm}", f"post_sd_{arm}"):
        before, after = row.number(f"pre_sd_{arm}"), row.number(f"post_sd_{arm}")
        variance = before**2 + after**2 - 2 * correlation * before * after
        sd = math.sqrt(variance) if variance > 0 else math.nan
        notes = (f"SD of change from the SDs before and after with r = {correlation:g}",)
    return sign * mean, (sd if sd > 0 else math.nan), notes
