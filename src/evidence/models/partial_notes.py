"""What `pool_partial` tells its reader in words."""

from __future__ import annotations

import math

from evidence.fit import MetaFit
from evidence.fit.chance import chance_alone
from evidence.fit.numbers import decimals, number
from evidence.fit.posterior import Posterior
from evidence.models.prior import Prior
from evidence.models.rows import Selection, is_yes
from evidence.numerics.partial_fit import PartialFit

__all__ = [
    "chance_notes",
    "limit_notes",
    "no_value_notes",
    "posterior_notes",
    "reml_notes",
    "row_notes",
    "within_notes",
]


def row_notes(selection: Selection, cluster: str, rho: float) -> tuple[str, ...]:
    """Return what a reader must know of the rows: left out, correlated, inferred."""
    notes = []
    out = len(selection.table) - int(selection.used.sum())
    if out:
        verb = "is" if out == 1 else "are"
        notes.append(f"{out} of {len(selection.table)} rows {verb} left out, each with its reason in .rows.")
    if selection.table.loc[selection.used, cluster].duplicated().any():
        same = "on the same people" if cluster == "study" else f"of the same {cluster}"
        notes.append(f"Sampling errors of rows {same} are assumed to correlate rho = {rho:g}.")
    clusters = selection.table.loc[selection.used, cluster].astype(str).nunique()
    if cluster != "study" and clusters != len(set(selection.studies())):
        notes.append(
            f"Random effects differ by {cluster}: the prediction interval's degrees of freedom count"
            f" {clusters} clusters, not studies."
        )
    inferred = int(selection.table.loc[selection.used, "inferred"].map(is_yes).sum())
    if inferred:
        verb = "rests" if inferred == 1 else "rest"
        notes.append(f"{inferred} of the rows in use {verb} on an inference from what the report omits.")
    return tuple(notes)


def no_value_notes(selection: Selection) -> tuple[str, ...]:
    """Return why a fit with an estimate has no I², H² and Q."""
    exact = selection.table.loc[selection.used, "kind"].eq("exact").all()
    needed = "one row a study" if exact else "a value from every row, one a study"
    return (f"I², H² and Q need {needed}; tau² and the prediction interval say how much the effects differ.",)


def limit_notes(fit: PartialFit, level: float) -> tuple[str, ...]:
    """Return in words what the data leave open."""
    limit = f"{100 * level:g} % limit"
    if fit.bound is not None:
        why = (
            "Every report only says that the effect lies to one side of a limit, all to the same side"
            if fit.one_way
            else "Every report only says that the effect lies to one side of a limit"
        )
        rises = "the likelihood rises without end and gives"
        what = {
            "lower": f"{rises} a lower {limit}, no estimate and no upper limit",
            "upper": f"{rises} an upper {limit}, no estimate and no lower limit",
            "none": "the likelihood has no maximum and gives neither an estimate nor a limit",
        }[fit.bound]
        rest = "Without it there is no standard error, p value, tau², I², H², Q or prediction interval."
        return (f"{why}: {what}. {rest}",)
    notes = []
    open_ends = [name for name, end in (("lower", fit.low), ("upper", fit.high)) if math.isinf(end)]
    if open_ends:
        notes.append(
            f"The likelihood stays flat far out: the interval has no {' and no '.join(open_ends)} limit."
            " Reports of a side alone fix the effect only relative to the spread between studies."
        )
    if fit.tau2_high is not None and math.isinf(fit.tau2_high):
        notes.append("The data set no upper limit to tau²; of equally likely values the smallest is printed.")
    return tuple(notes)


def chance_notes(fit: MetaFit) -> tuple[str, ...]:
    """Return the warning that goes with a limit from a few bare directions."""
    chance = chance_alone(fit)
    if chance is None:
        return ()
    return (
        "All that is known is that the reports point the same way, which they do by chance alone with"
        f" probability {100 * chance:.3g} % (exact sign test): the limit of the likelihood is approximate,"
        " and nothing is concluded from it.",
    )


def within_notes(fit: PartialFit, several: bool, estimated: bool, cluster: str) -> tuple[str, ...]:
    """Return what is taken of effects within a cluster, where some have several rows."""
    if not several:
        return ()
    if fit.within is not None:
        shown = number(fit.within, decimals([fit.within]))
        return (f"Effects also differ within a {cluster}: tau² within is {shown} (.variance_components).",)
    if estimated:
        return ()
    return (
        f"All rows of a {cluster} are taken to have one true effect: their spread within a {cluster} is not"
        " estimated (that takes two rows of one that are bounded on both sides).",
    )


def reml_notes(fit: PartialFit, reml: float | None) -> tuple[str, ...]:
    """Return how the ML estimate of tau² compares with the REML-type one."""
    if fit.tau2 is None:
        return ()
    if reml is None:
        return ("tau² is by ML alone: a REML-type estimate needs reports that bound the mean on both sides.",)
    places = decimals([fit.tau2, reml])
    return (
        f"tau² is by ML, {number(fit.tau2, places)}, which is low with few studies; the REML-type estimate is"
        f" {number(reml, places)}.",
    )


def posterior_notes(found: Posterior | None, prior: Prior | None) -> tuple[str, ...]:
    """Return why a posterior that was asked for is not there."""
    if found is not None or prior is None:
        return ()
    return (
        "No posterior: some rows are so precise against the prior's scale that it cannot be integrated; give"
        " prior=Prior(mean_sd=..., tau_scale=...) in the units of these effects.",
    )
