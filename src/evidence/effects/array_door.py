"""The array door: columns in the field's names in, effects and variances of all rows out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from evidence._check import one_of
from evidence.effects.array_checks import as_columns, broken_rows, chosen_inputs, missing_reasons, positions
from evidence.effects.array_record import ArrayEffects
from evidence.effects.array_steps import (
    LISTED,
    amount_of,
    computed,
    double_zero,
    flagged,
    forms_of,
    said,
    settled,
    with_addition,
    with_t_of_f,
)
from evidence.effects.formulas import Floats
from evidence.effects.measures import MEASURES, Measure
from evidence.errors import ModelError

__all__ = ["effect_size"]

TO = ("only0", "all", "if0all", "none")
"""To which rows `add` is added: those with a zero, all, all if any row has a zero, none."""

_ACTIONS = ("raise", "mark")
"""What an empty cell or an impossible number does."""


def effect_size(
    measure: str,
    *,
    m1i: ArrayLike | None = None,
    sd1i: ArrayLike | None = None,
    n1i: ArrayLike | None = None,
    m2i: ArrayLike | None = None,
    sd2i: ArrayLike | None = None,
    n2i: ArrayLike | None = None,
    ai: ArrayLike | None = None,
    bi: ArrayLike | None = None,
    ci: ArrayLike | None = None,
    di: ArrayLike | None = None,
    x1i: ArrayLike | None = None,
    t1i: ArrayLike | None = None,
    x2i: ArrayLike | None = None,
    t2i: ArrayLike | None = None,
    xi: ArrayLike | None = None,
    mi: ArrayLike | None = None,
    ni: ArrayLike | None = None,
    sdi: ArrayLike | None = None,
    ti: ArrayLike | None = None,
    pi: ArrayLike | None = None,
    ri: ArrayLike | None = None,
    r2i: ArrayLike | None = None,
    fi: ArrayLike | None = None,
    oi: ArrayLike | None = None,
    ei: ArrayLike | None = None,
    vi: ArrayLike | None = None,
    pre1i: ArrayLike | None = None,
    post1i: ArrayLike | None = None,
    sdpre1i: ArrayLike | None = None,
    pre2i: ArrayLike | None = None,
    post2i: ArrayLike | None = None,
    sdpre2i: ArrayLike | None = None,
    rpp1i: ArrayLike | None = None,
    rpp2i: ArrayLike | None = None,
    vtype: str | Sequence[str] | None = None,
    correct: bool = True,
    add: float | None = None,
    to: str = "only0",
    drop00: bool = False,
    missing: str = "mark",
    invalid: str = "raise",
) -> ArrayEffects:
    """Compute effects and sampling variances from columns of printed numbers.

    Parameters
    ----------
    measure : str
        Code of the measure, such as ``"SMD"``, ``"ROM"``, ``"OR"``, ``"SMCR"``, ``"ZCOR"``;
        ``docs/measures.md`` lists them all with formulas, forms of the variance and the columns they need.
    m1i, sd1i, n1i, m2i, sd2i, n2i : array-like, optional
        Means, standard deviations (not standard errors) and sizes of the first and the second group; for
        changes (``"SMCR"`` ...) of the first and the second occasion, with `ni` and `ri`.
    ai, bi, ci, di : array-like, optional
        Cells: first group with and without the event, second group with and without. `n1i` and `n2i` may
        take the place of `bi` and `di`. For ``"SMD"`` and its relatives `di` is Cohen's d, uncorrected; for
        ``"AUC"`` `ai` is the area, for ``"ARAW"`` Cronbach's alpha.
    x1i, t1i, x2i, t2i : array-like, optional
        Events and person-time of the two groups.
    xi, mi, ni, sdi : array-like, optional
        One group: events (`xi`) of `ni` people, or `xi` with and `mi` without; or mean (`mi`), standard
        deviation and size. For partial correlations `mi` counts the predictors, for reliability the items.
    ti, pi, fi : array-like, optional
        t statistic; two-sided p value, its sign that of the effect; F statistic with one numerator degree of
        freedom, its sign that of the effect. `ti` is the person-time for ``"IR"`` and its relatives.
    ri, r2i : array-like, optional
        Correlation (of the two variables, or of the two occasions); squared multiple correlation.
    oi, ei, vi : array-like, optional
        Events observed and expected in the first group and the log-rank variance (``"HR"``).
    pre1i, post1i, sdpre1i, pre2i, post2i, sdpre2i, rpp1i, rpp2i : array-like, optional
        Means before and after, baseline standard deviation and correlation of before and after in each group
        (``"DPPC1"``, ``"DPPC2"``), with `n1i` and `n2i`; `ri` for one correlation in both.
    vtype : str or sequence of str, optional
        Form of the sampling variance, one for all or one a row; by default the first that the measure lists,
        mostly the large-sample form ``"LS"``.
    correct : bool, default True
        Apply the measure's small-sample correction (exact J of Hedges; bias of log ratios).
    add : float, optional
        Added to every count of a row (see `to`); by default 1/2, and nothing for measures that exist at zero
        (``"AS"``, ``"PHI"``, ``"RTET"``, ``"IRSD"``, ``"PAS"``, ``"PFT"``, ``"IRS"``, ``"IRFT"``).
    to : {"only0", "all", "if0all", "none"}, default "only0"
        Rows to which `add` goes: those with a zero count; all; all, if any row has a zero count; none.
    drop00 : bool, default False
        Make rows unusable in which neither group, or everybody in both, had the event. They stay in place.
    missing : {"mark", "raise"}, default "mark"
        What an empty cell (NaN, None) does: make its row unusable, the cell named; or raise.
    invalid : {"raise", "mark"}, default "raise"
        What an impossible number does (standard deviation of 0, more events than people): raise, every row
        and column named; or make its row unusable.

    Returns
    -------
    ArrayEffects
        With ``.estimate`` and ``.variance`` on the scale of the model, one entry a row, none left out;
        ``.std_error``, ``.display``, ``.table()``, ``.effects()`` for models; ``.unusable``, ``.reasons``,
        ``.added``, ``.double_zero`` and ``.notes`` say what was done to which row.

    Raises
    ------
    ModelError
        For an unknown measure, form or option, columns that are missing, differ in length or are no numbers,
        and numbers that cannot be.

    References
    ----------
    Viechtbauer W (2010). Conducting meta-analyses in R with the metafor package. J Stat Softw 36(3):1-48 (the
    names of the columns). doi:10.18637/jss.v036.i03

    Examples
    --------
    Borenstein et al. (2009), p. 26 and 36:

    >>> import evidence as ev
    >>> g = ev.effect_size("SMD", m1i=103, sd1i=5.5, n1i=50, m2i=100, sd2i=4.5, n2i=50)
    >>> round(float(g.estimate[0]), 4), round(float(g.variance[0]), 4)
    (0.5924, 0.0418)
    >>> odds = ev.effect_size("OR", ai=[5, 0], n1i=[100, 40], ci=[10, 3], n2i=[100, 40])
    >>> odds.display.round(3).tolist(), odds.added.tolist()
    ([0.474, 0.132], [False, True])
    """
    named: dict[str, ArrayLike | None] = {
        "m1i": m1i,
        "sd1i": sd1i,
        "n1i": n1i,
        "m2i": m2i,
        "sd2i": sd2i,
        "n2i": n2i,
        "ai": ai,
        "bi": bi,
        "ci": ci,
        "di": di,
        "x1i": x1i,
        "t1i": t1i,
        "x2i": x2i,
        "t2i": t2i,
        "xi": xi,
        "mi": mi,
        "ni": ni,
        "sdi": sdi,
        "ti": ti,
        "pi": pi,
        "ri": ri,
        "r2i": r2i,
        "fi": fi,
        "oi": oi,
        "ei": ei,
        "vi": vi,
        "pre1i": pre1i,
        "post1i": post1i,
        "sdpre1i": sdpre1i,
        "pre2i": pre2i,
        "post2i": post2i,
        "sdpre2i": sdpre2i,
        "rpp1i": rpp1i,
        "rpp2i": rpp2i,
    }
    chosen = _measure(measure)
    to = one_of("to", to, TO)
    missing, invalid = one_of("missing", missing, _ACTIONS), one_of("invalid", invalid, _ACTIONS)
    correct, drop00 = _flag("correct", correct), _flag("drop00", drop00)
    every = with_t_of_f(chosen, as_columns(named))
    used = chosen_inputs(chosen, every)
    columns = {name: every[name] for name in used}
    size = len(columns[used[0]])
    forms = forms_of(chosen, vtype, size)
    reasons = broken_rows(chosen, used, every)
    if reasons and invalid == "raise":
        raise ModelError(_broken(chosen, reasons, size))
    if reasons:
        broken = flagged(reasons, size)
        columns = {name: np.where(broken, np.nan, values) for name, values in columns.items()}
    notes = _unused(chosen, every, used)
    ready = chosen.prepared(columns)
    lacking = np.zeros(size, dtype=bool)
    for name in chosen.needs:
        lacking |= np.isnan(ready[name])
    reasons = {**missing_reasons(chosen, columns, lacking), **reasons}
    if missing == "raise" and (lost := {at: why for at, why in reasons.items() if why.startswith("missing")}):
        raise ModelError(_broken(chosen, lost, size))
    zero = double_zero(chosen, ready, size)
    ready, added = with_addition(chosen, ready, amount_of(chosen, add), to, lacking)
    found = computed(chosen, ready, forms, correct)
    y, v = np.array(found.estimate, dtype=np.float64), np.array(found.variance, dtype=np.float64)
    if drop00:
        for at in positions(zero):
            reasons.setdefault(at, "no event, or nothing but events, in both groups (drop00)")
    unusable = settled(chosen, y, v, reasons)
    return ArrayEffects(
        y,
        v,
        chosen.code,
        tuple(dict.fromkeys(forms)) if len(set(forms)) == 1 else tuple(forms),
        unusable,
        added,
        zero,
        dict(sorted(reasons.items())),
        (*notes, *said(added, zero, drop00, y, v, reasons, amount_of(chosen, add))),
    )


def _measure(measure: object) -> Measure:
    code = measure.replace("_", "") if isinstance(measure, str) else measure  # Morris writes d_ppc2
    return MEASURES[one_of("measure", code, [code for code, known in MEASURES.items() if known.compute])]


def _flag(name: str, value: object) -> bool:
    if not isinstance(value, bool | np.bool_):
        raise ModelError(f"{name} takes True or False; got {value!r}")
    return bool(value)


def _broken(measure: Measure, reasons: Mapping[int, str], size: int) -> str:
    listed = list(reasons.items())[:LISTED]
    lines = [f"  row {at + 1} of {size}, {why}" for at, why in listed]
    more = [f"  ... and {len(reasons) - LISTED} more rows"] if len(reasons) > LISTED else []
    option = "missing" if all(why.startswith("missing") for why in reasons.values()) else "invalid"
    way_out = f'  (correct them, or keep the rows as unusable with {option}="mark")'
    return "\n".join([f"{measure.code} cannot be computed from these numbers:", *lines, *more, way_out])


def _unused(measure: Measure, given: Mapping[str, Floats], used: Sequence[str]) -> tuple[str, ...]:
    left = [name for name in given if name not in used]
    return (f"{measure.code} does not use {', '.join(left)}.",) if left else ()
