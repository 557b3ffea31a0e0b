"""The message above a chart: direction and size of the results, and what they leave open, by name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from evidence.charts.captions import kind_of_limit, limits
from evidence.charts.domains_rows import domains_rows
from evidence.charts.frame import as_float
from evidence.charts.trial_rows import NOT_TESTED
from evidence.charts.words import (
    decimals_for,
    domain_name,
    limit_words,
    listed,
    measure_code,
    measure_head,
    number,
    plural,
)
from evidence.effects.codes import GENERIC

if TYPE_CHECKING:
    from evidence.fit import MetaFit
    from evidence.synthesis.compare import Comparison

__all__ = ["domains_title", "trial_title"]

_NAMES = 3
"""Names of what stays open that a message lists; of more it says how many, in words."""

_LONG = 120
"""Letters that two lines of a slide hold; a longer message says the same in fewer words."""

_OUTCOMES = 5
"""Outcomes of a trial that a message names together; more are counted."""


def domains_title(comparison: Comparison, favours: tuple[str, str] = ("second arm", "first arm")) -> str:
    """Return one message made from the numbers, never more than the intervals allow.

    It states the direction and the size of the pooled estimates, and names what is undecided: where the
    interval holds no difference. It does not count significant intervals: that would be a vote.

    Parameters
    ----------
    comparison : Comparison
        Result of `compare`.
    favours : tuple of str
        Names of what lies below and above no difference.

    Returns
    -------
    str
        One sentence without a full stop, on the printed scale.
    """
    rows = domains_rows(comparison)
    heads = rows[(rows["role"] == "domain") & rows["state"].isin(["pooled", "limit"])]
    noun = "domain" if comparison.by == "domain" else "group"
    if heads.empty:
        return f"No {noun} has two studies to pool"
    fits = {str(value): comparison.fits[str(value)] for value in heads["domain"]}
    every = [as_float(v) for fit in comparison.fits.values() for v in fit.rows["std_error"]]
    log = next(iter(fits.values())).scale == "log"
    decimals = 2 if log else decimals_for(every)
    valued = {name: fit for name, fit in fits.items() if fit.estimate is not None}
    limited = {name: fit for name, fit in fits.items() if name not in valued}
    bounded = [f"{_name(name)}: {_limit(fit, decimals)}" for name, fit in limited.items()]
    kinds = listed(dict.fromkeys(kind_of_limit(fit) for fit in limited.values()))
    # Estimates of single studies stand in the same column: the message does not speak of them.
    kind = "pooled estimates" if rows["state"].eq("one study").any() else "estimates"
    open_ = [_name(str(n)) for n in heads.loc[heads["verdict"] == "undecided", "domain"]]
    verb = "lean to" if len(open_) == len(heads) else "favour"
    size = _size(valued, favours, comparison.measure, decimals, kind, verb)
    if bounded and size:
        told = _at_most(bounded, f"only limits in {len(bounded)} {noun}s")
        size += f" ({told}{',' if len(bounded) == 1 else ';'} {kinds})"
    elif bounded:
        told = _at_most(bounded, f"of {len(bounded)} {noun}s")
        size = f"{measure_head(comparison.measure)} has limits only ({kinds}): {told}"
    return _upper(_joined(size, open_, len(heads), noun))


def _joined(size: str, open_: list[str], total: int, noun: str) -> str:
    """Return the message with what stays open."""
    if not open_:
        return f"{size}; {'every' if total > 1 else 'its'} interval excludes no difference"
    few = len(open_) <= _NAMES
    if len(open_) == total:  # nothing is clear: that comes first
        where = "" if total == 1 else f" in {listed(open_)}" if few else f" in any pooled {noun}"
        message = f"No clear difference{where}: {size}"
        return message if len(message) <= _LONG else f"No clear difference in any pooled {noun}: {size}"
    some = f"{'most' if 2 * len(open_) > total else 'some'} {noun}s"
    told = f"{size}; {listed(open_)} undecided"
    return told if few and len(told) <= _LONG else f"{size}; {some} undecided"


def _at_most(items: list[str], otherwise: str) -> str:
    return ", ".join(items) if len(items) <= _NAMES else otherwise


def _name(value: str) -> str:
    """Return a group as it stands inside a sentence; an abbreviation keeps its capitals.

    "Speed, agility" becomes "speed/agility": one item of a list; "Injury: ACL" becomes "ACL injuries".
    """
    words = re.sub(r"^Injury: (.+)", r"\1 injuries", domain_name(value)).replace(", ", "/")
    return words if words[1:2].isupper() else words[:1].lower() + words[1:]


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def _limit(fit: MetaFit, decimals: int) -> str:
    """Return a limit in words, on the printed scale; the message names its level once for all."""
    return limit_words(*limits(fit)[1:], decimals, log=fit.scale == "log")


def _size(
    fits: dict[str, MetaFit], favours: tuple[str, str], measure: str, decimals: int, kind: str, verb: str
) -> str:
    """Return direction and size of the pooled estimates: on one side, or from one side to the other."""
    if not fits:
        return ""
    model = [as_float(fit.estimate) for fit in fits.values()]
    log = next(iter(fits.values())).scale == "log"
    shown = sorted(limits(fit)[0] for fit in fits.values())
    side = favours[1] if min(model) > 0 else favours[0] if max(model) < 0 else ""
    unit = "" if measure == GENERIC else f" {measure}"
    if not side:
        return f"{kind} run {_range(shown, decimals, start='from ')}{unit}"
    one = f"{_name(next(iter(fits)))} {verb.replace('lean', 'leans').replace('favour', 'favours')}"
    who = one if len(fits) == 1 else f"{kind} {verb}"
    if log:
        return f"{who} {side}: {measure_code(measure)} {_range(shown, decimals)}"
    return f"{who} {side} by {_range(sorted(map(abs, shown)), decimals)}{unit}"


def _range(values: Sequence[float], decimals: int, *, start: str = "") -> str:
    ends = number(values[0], decimals), number(values[-1], decimals)
    return ends[0] if ends[0] == ends[1] else f"{start}{ends[0]} to {ends[1]}"


def trial_title(rows: pd.DataFrame, arms: tuple[str, str], *, null: float = 0.0) -> str:
    """Return one message made from the rows: which outcomes differ between the arms, by name.

    Parameters
    ----------
    rows : DataFrame
        As from `trial_rows`.
    arms : tuple of str
        Names of the first and of the second arm.
    null : float, default 0.0
        No difference on the printed scale: 1 for ratios.

    Returns
    -------
    str
        One sentence without a full stop. An arm is ahead where what follows lies on its side alone.
    """
    names: dict[str, list[str]] = {}
    for row in rows.itertuples(index=False):
        names.setdefault(_standing(row, arms, null), []).append(_outcome(row))
    parts = [f"{arm} ahead in {_named(names[arm])}" for arm in arms if arm in names]
    parts += [
        f"{arm} ahead in {_named(names[key])} by direction alone"
        for arm in arms
        if (key := f"{arm} direction") in names
    ]
    for key in ("undecided", "not compared"):
        if key in names:
            parts.append(f"{_named(names[key])} {key}")
    missing = [str(label).split(":")[0].lower() for label in names.get(NOT_TESTED, [])]
    if missing:
        told = listed(missing) if len(missing) <= _NAMES else plural(len(missing), "domain")
        parts.append(f"{told} not tested")
    return f"Between the arms: {'; '.join(parts)}" if parts else "Between the arms: nothing reported"


def _standing(row: Any, arms: tuple[str, str], null: float) -> str:  # noqa: ANN401
    """Return what one outcome says: the arm that is ahead, undecided, not compared or not tested."""
    if row.between == NOT_TESTED:
        return NOT_TESTED
    ahead = next((arm for arm in arms if str(row.between).startswith(f"{arm} better")), "")
    if row.kind == "unusable":
        return "not compared"
    if row.kind == "sign":
        return f"{ahead} direction" if ahead else "undecided"
    if not (row.low >= null or row.high <= null):
        return "undecided"
    return ahead or "undecided"


def _outcome(row: Any) -> str:  # noqa: ANN401
    """Return the short name of an outcome: without its unit, its duration or what is measured of it."""
    if not row.row_id:
        return str(row.label)
    short = re.split(r" in \d| at \d| \(|, ", str(row.outcome))[0]
    return re.sub(r" (height|time|score|distance)$", "", short) or str(row.outcome)


def _named(outcomes: list[str]) -> str:
    names = list(dict.fromkeys(outcomes))
    return listed(names) if len(names) <= _OUTCOMES else plural(len(names), "outcome")
