"""Influence: what each study does to the result, in the diagnostics that regression knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
import pandas as pd

from evidence.effects.record import Effects
from evidence.errors import ModelError
from evidence.fit import MetaFit
from evidence.fit.plain import plain
from evidence.models import random_effects
from evidence.numerics.deletion import Influence as Values
from evidence.numerics.deletion import influence_values, leave_out
from evidence.synthesis.refits import effects_of, verb_of
from evidence.synthesis.sensitivity_data import (
    FEWEST,
    Model,
    exact_rows,
    full_fit,
    html_page,
    refit_lines,
    scale_note,
    shown,
)

__all__ = ["INFLUENCE_COLUMNS", "INFLUENCE_RULES", "Influence", "influence"]

INFLUENCE_COLUMNS = (
    "rstudent",
    "dffits",
    "cook_d",
    "cov_r",
    "tau2_del",
    "q_del",
    "hat",
    "weight",
    "dfbetas",
    "baujat_x",
    "baujat_y",
)
"""Numbers of each study."""

INFLUENCE_RULES: Mapping[str, str] = MappingProxyType(
    {
        "dffits": "|DFFITS| > 3 / sqrt(k - 1)",
        "cook_d": "Cook's distance > 0.455, the median of chi-squared with 1 df",
        "hat": "hat > 3 / k",
        "dfbetas": "|DFBETAS| > 1",
    }
)
"""The rules that flag a study (Viechtbauer & Cheung 2010), by column."""

_NAMES = {"dffits": "DFFITS", "cook_d": "Cook's distance", "hat": "hat", "dfbetas": "DFBETAS"}

_MEDIAN = 0.45493642311957283
"""Median of chi-squared with one degree of freedom."""

_NAMED = 3
"""Studies that the sentence names, those that move the result most first."""


_COLUMNS = {"label": "study", "rstudent": "rstudent", "dffits": "DFFITS", "cook_d": "Cook's distance"}
_COLUMNS |= {"cov_r": "covariance ratio", "tau2_del": "tau² without", "q_del": "Q without"}
_COLUMNS |= {"hat": "hat", "weight": "weight (%)", "dfbetas": "DFBETAS", "rules": "flagged by"}


@dataclass(frozen=True, repr=False)
class Influence:
    """What each study does to the result.

    Attributes
    ----------
    table : DataFrame
        One line a row in use, or a study where studies give several rows or partial reports: ``row_id``,
        ``study``, ``label``, `INFLUENCE_COLUMNS`, ``flagged`` (bool) and ``rules`` (which rules flag it).
        ``rstudent`` is the distance from the mean of the others in its standard errors; ``dffits`` and
        ``dfbetas`` the shift of the mean in standard errors; ``cook_d`` that shift squared; ``cov_r`` the
        ratio of the mean's variances without and with; ``tau2_del`` and ``q_del`` tau² and Q without,
        ``estimate_del`` the mean; ``weight`` in percent. ``baujat_x`` is the share in heterogeneity,
        ``baujat_y`` the pull on the result. Formulas: `numerics.deletion.Influence`.
    fit : MetaFit
        The result with all.
    rules : mapping of str to str
        The rule behind each flag.
    notes : tuple of str
        What a reader must know.
    """

    table: pd.DataFrame
    fit: MetaFit
    rules: Mapping[str, str]
    notes: tuple[str, ...]

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.table)

    def sentence(self) -> str:
        """Return which studies stand out and by which rule, and what the result is without the strongest."""
        flagged = self.table.loc[self.table["flagged"]].sort_values("cook_d", ascending=False, kind="stable")
        few = "" if len(self) >= FEWEST else f" With fewer than {FEWEST} studies flags mean nothing."
        if not len(flagged):
            return f"None of {len(self)} studies is flagged as influential.{few}"
        if self.table["label"].duplicated().any():  # two studies of one name: their rows tell them apart
            flagged = flagged.assign(label=flagged["row_id"])
        strongest = flagged.head(_NAMED).to_dict("records")
        named = "; ".join(f"{row['label']} ({row['rules']})" for row in strongest)
        if len(flagged) > _NAMED:
            named = f"{named}; and {len(flagged) - _NAMED} more"
        top = strongest[0]
        before, after = shown(self.fit, float(self.fit.estimate or 0.0), float(top["estimate_del"]))
        verb = "is" if len(flagged) == 1 else "are"
        return (
            f"{len(flagged)} of {len(self)} studies {verb} flagged as influential: {named}. Without"
            f" {top['label']} the estimate moves from {before} to {after}.{few}"
        )

    def __repr__(self) -> str:
        """Return the sentence and one line a row, flagged ones first."""
        first = self.table.sort_values("flagged", ascending=False, kind="stable")
        names = ("label", "rstudent", "cook_d", "dfbetas", "weight", "rules")
        return plain(self, self.sentence(), first, {name: _COLUMNS[name] for name in names})

    def _repr_html_(self) -> str:
        """Return the sentence, one line a row, and the rules."""
        return html_page("influence", self.sentence(), self.table, _COLUMNS, self.notes)


def influence(fit: MetaFit | Effects, *, model: Model | None = None) -> Influence:
    """Compute influence diagnostics of each study: what its deletion does, and which rules it breaks.

    Parameters
    ----------
    fit : MetaFit or Effects
        A fit of a mean by any model; effects are pooled by `model`.
    model : callable, optional
        Takes effects, returns a `MetaFit`: what pools effects (`random_effects` without it), or made a
        fit that does not tell all of its choices.

    Returns
    -------
    Influence
        By row for means of one exact row a study; otherwise by study, all rows of which are left out at
        once. Then ``rstudent``, ``dffits``, ``hat`` and Baujat's two values, which belong to single effects,
        are NaN. Not to be read with fewer than 5 studies, and refused below 3.

    Raises
    ------
    ModelError
        Where there are fewer than three studies (without one of two no tau² is left to compare), no estimate,
        several coefficients, or a fit that does not tell how it was made.

    References
    ----------
    Viechtbauer W, Cheung MW-L. Outlier and influence diagnostics for meta-analysis. Res Synth Methods
    2010;1(2):112-125. https://doi.org/10.1002/jrsm.11
    Baujat B, Mahé C, Pignon J-P, Hill C. A graphical method for exploring heterogeneity in meta-analyses:
    application to a meta-analysis of 65 trials. Stat Med 2002;21(18):2641-2652.
    https://doi.org/10.1002/sim.1221

    Examples
    --------
    >>> import evidence as ev
    >>> fit = ev.common_effect(ev.effects_from([0.1, 0.2, 0.3, 0.2, 0.9], variance=0.04))
    >>> table = ev.influence(fit).table
    >>> table.loc[table["flagged"], "row_id"].tolist()
    ['row 5']
    """
    given = fit if isinstance(fit, Effects) else None
    fit = full_fit(fit, model or random_effects, "influence")
    exact = exact_rows(fit)
    if exact is None:
        return _of_studies(fit, given or effects_of(fit), model or verb_of(fit))
    fits = leave_out(exact.y, exact.v, **exact.options)
    values = influence_values(exact.y, exact.v, fits)
    used = fit.rows.loc[fit.rows["used"].astype(bool), ["row_id", "study", "label"]]
    table = used.reset_index(drop=True)
    for name in INFLUENCE_COLUMNS:
        table[name] = getattr(values, name)
    table["estimate_del"] = fits.estimate[1:]
    table["flagged"] = values.flagged
    table["rules"] = _broken(values)
    return Influence(table, fit, INFLUENCE_RULES, _notes(fit, len(table)))


_BY_STUDY = ("cook_d", "hat", "dfbetas")
"""Rules that apply where whole studies are left out: hat is then the study's share of the weight."""


def _of_studies(fit: MetaFit, effects: Effects, model: Model) -> Influence:
    """Return the diagnostics of whole studies, by refitting without each.

    Raises
    ------
    ModelError
        Where there is no single mean with a standard error, or there are fewer than three studies.
    """
    if fit.coefficients is not None or fit.estimate is None or not fit.std_error:
        raise ModelError(
            f"influence() needs a mean with its standard error; {fit.method!r} gives none here:"
            " leave_one_out(fit, by='study') shows what each study does"
        )
    rows = fit.rows.loc[fit.rows["used"].astype(bool)]
    if rows["study"].nunique() < 3:
        raise ModelError("influence needs three studies: without one of two no tau² is left to compare")
    table = rows.loc[:, ["row_id", "study", "label"]].drop_duplicates("study").reset_index(drop=True)
    sets = [
        replace(effects, table=effects.table.loc[effects.table["study"].ne(study).to_numpy()])
        for study in table["study"]
    ]
    without = refit_lines(model, sets)
    share = rows["weight"].where(rows["weight"].notna(), rows["contribution"]).astype(float)
    table["weight"] = share.groupby(rows["study"], sort=False).sum().loc[list(table["study"])].to_numpy()
    moved = fit.estimate - without["estimate"]
    for name in INFLUENCE_COLUMNS:
        table[name] = table.get(name, np.nan)
    table["cook_d"] = moved**2 / fit.std_error**2
    table["dfbetas"] = moved / without["std_error"]
    table["cov_r"] = without["std_error"] ** 2 / fit.std_error**2
    table["tau2_del"], table["q_del"] = without["tau2"], without["q"]
    table["estimate_del"] = without["estimate"]
    marks = {
        "cook_d": table["cook_d"] > _MEDIAN,
        "hat": table["weight"] > 300.0 / len(table),
        "dfbetas": table["dfbetas"].abs() > 1.0,
    }
    names = {**_NAMES, "hat": "weight"}
    broken = [[names[name] for name in _BY_STUDY if marks[name].iloc[at]] for at in range(len(table))]
    table["flagged"] = [bool(names) for names in broken]
    table["rules"] = [", ".join(names) for names in broken]
    rules = {
        "cook_d": INFLUENCE_RULES["cook_d"],
        "hat": "weight of the study > 3 / studies",
        "dfbetas": INFLUENCE_RULES["dfbetas"],
    }
    notes = [
        f"{fit.method}; fitted anew without all rows of each study.",
        f"Flags: {'; '.join(rules.values())} ({len(table)} studies).",
        *(
            f"Without {row.label}: {note}"
            for row, note in zip(table.itertuples(), without["note"], strict=True)
            if note
        ),
    ]
    if len(table) < FEWEST:
        notes.append(f"Not to be read with fewer than {FEWEST} studies: each of them is then influential.")
    notes.append("A flag marks a study to look at, not one to leave out.")
    return Influence(table, fit, rules, (*notes, *scale_note(fit)))


def _broken(values: Values) -> list[str]:
    """Return the names of the rules that each study breaks."""
    marks = {name: getattr(values, f"by_{name}") for name in INFLUENCE_RULES}
    return [
        ", ".join(_NAMES[name] for name, broken in marks.items() if broken[at])
        for at in range(values.hat.size)
    ]


def _notes(fit: MetaFit, k: int) -> tuple[str, ...]:
    notes = [f"{fit.method}; variances without a study are of the same kind as with all."]
    notes.append(f"Flags: {'; '.join(INFLUENCE_RULES.values())} (k = {k}).")
    if k < FEWEST:
        notes.append(f"Not to be read with fewer than {FEWEST} studies: each of them is then influential.")
    notes.append("A flag marks a study to look at, not one to leave out.")
    return (*notes, *scale_note(fit))
