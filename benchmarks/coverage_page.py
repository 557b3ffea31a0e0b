"""The page on coverage, from the summaries of `coverage.py`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from coverage import Summary

__all__ = ["page"]

_GOAL = 0.93
_TEXT = """# Coverage and bias of `pool_partial`

Made by `python benchmarks/coverage.py --table` from simulated worlds (seed in the script; 95 % intervals).
Cells: {cells} of {planned} planned; replicates a cell {least} to {most}; {full} cells have 1,000 or more.

**The worlds.** k studies with 8 to 24 people an arm; true effects N(mu, tau²), with 4 rows a study also
N(0, 0.1²) between its rows and sampling errors that correlate 0.6 (as the fit assumes). A row prints its
value with the probability "exact"; otherwise "significant" or "no difference", one in five of these a
direction alone. Printed "by p": a value is four times likelier where p < .05. World "noncentral t":
standardised mean differences from noncentral t statistics, with their own estimated variances, critical
values of t and variances fixed at the limit, as `effect_sizes` does; elsewhere normal effects with known
variances.

**The columns.** Coverage of the true mean by both kinds of interval (where there is no estimate: by the
two-sided level of the likelihood); its Monte Carlo error is .015 with 200 replicates, .007 with 1,000.
Bias: median of the estimates minus mu, with its Monte Carlo error (estimates can be far out where nearly
all reports are to one side, and have no mean); "exact rows only" is the same for the analysis that drops
all other rows, where it has two studies.

**Goal**: at least 93 %, less two Monte Carlo errors, for k >= 5 with at least 20 % exact rows.
{verdicts}

{table}

**Not simulated**: wrong rho, other distributions of the true effects than normal, selection of studies
rather than of what they print, moderators, and more than 20 studies. The posterior's intervals have no
coverage by design: they hold under their prior.
"""
_COLUMNS = (
    *("k", "mu", "tau", "exact", "printed", "rows a study", "world", "runs"),
    *("profile", "profile-t", "bias", "exact rows only"),
)
_HEAD = f"| {' | '.join(_COLUMNS)} |\n|{'---|' * len(_COLUMNS)}\n"


def page(found: Sequence[Summary], planned: int) -> str:
    """Return the page.

    Parameters
    ----------
    found : sequence of Summary
        The cells that have been run.
    planned : int
        How many cells there are.

    Returns
    -------
    str
        Markdown.
    """
    runs = [one.runs for one in found]
    held = [one for one in found if one.cell.k >= 5 and one.cell.share >= 0.2]
    verdicts = [*_verdict("profile", held), *_verdict("profile-t", held), *_over(held), *_bias(found)]
    return _TEXT.format(
        cells=len(found),
        planned=planned,
        least=min(runs),
        most=max(runs),
        full=sum(n >= 1000 for n in runs),
        verdicts="\n".join(verdicts),
        table=_HEAD + "\n".join(_line(one) for one in found),
    )


def _name(one: Summary) -> str:
    cell = one.cell
    rows = "" if cell.outcomes == 1 else f", {cell.outcomes} rows a study"
    world = "" if cell.world == "normal" else f", {cell.world}"
    share = f"exact {100 * cell.share:.0f} % {cell.printed}"
    return f"k = {cell.k}, mu = {cell.mu:g}, tau = {cell.tau:g}, {share}{rows}{world}"


def _verdict(name: str, held: Sequence[Summary]) -> list[str]:
    """Return how many cells reach the goal, the lowest, and each that does not."""
    covered = {one: float(getattr(one, name.replace("-", "_"))) for one in held}
    error = {one: math.sqrt(_GOAL * (1.0 - _GOAL) / one.runs) for one in held}
    below = [one for one in held if covered[one] < _GOAL - 2.0 * error[one]]
    lowest = min(held, key=lambda one: covered[one])
    text = f"`{name}`: {len(held) - len(below)} of {len(held)} such cells reach it"
    return [
        "",
        f"{text}; the lowest has {covered[lowest]:.3f} ({_name(lowest)}; {lowest.runs} runs).",
        *(f"- outside: {covered[one]:.3f}, {_name(one)}" for one in below),
    ]


def _over(held: Sequence[Summary]) -> list[str]:
    parts = []
    for k in (5, 10, 20):
        some = [one.profile_t for one in held if one.cell.k == k]
        if some:
            parts.append(f"k = {k}: {min(some):.3f} to {max(some):.3f}")
    why = "`profile-t` is exact only where heterogeneity is all that counts, and covers more elsewhere"
    return ["", f"{why} ({'; '.join(parts)})."]


def _bias(found: Sequence[Summary]) -> list[str]:
    by_p = [one for one in found if one.cell.printed == "by p" and one.cell.mu > 0]
    if not by_p:
        return []
    worst = max(by_p, key=lambda one: abs(one.bias))
    inside = sum(abs(one.bias) < 0.03 for one in by_p)
    alone = [one.exact_bias for one in by_p]
    return [
        "",
        "**Selective printing** (by p, mu > 0): the bias of all rows is below .03 in"
        f" {inside} of {len(by_p)} cells"
        f" (largest {_with_error(worst.bias, worst.bias_error)}: {_name(worst)});"
        f" that of exact rows only is {min(alone):+.2f} to {max(alone):+.2f}.",
    ]


def _line(one: Summary) -> str:
    cell = one.cell
    cells = (
        *(f"{cell.k}", f"{cell.mu:g}", f"{cell.tau:g}", f"{100 * cell.share:.0f} %", cell.printed),
        *(f"{cell.outcomes}", cell.world, f"{one.runs}", f"{one.profile:.3f}", f"{one.profile_t:.3f}"),
        _with_error(one.bias, one.bias_error),
        _with_error(one.exact_bias, one.exact_error),
    )
    return "| " + " | ".join(cells) + " |"


def _with_error(value: float, error: float) -> str:
    return "" if math.isnan(value) else f"{value:+.3f} ± {error:.3f}"
