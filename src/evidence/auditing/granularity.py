"""Means and standard deviations that whole numbers, shares or a bounded scale cannot have."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from evidence.auditing.data import AuditData, Floats, Printed
from evidence.auditing.flags import ARM_NAMES, ARMS, STAGES, flag, shown
from evidence.auditing.record import Check, Finding
from evidence.numerics.granularity import debit, grim, grim_applies, grimmer, largest_sd

__all__ = ["GRANULARITY"]

Bools = NDArray[np.bool_]

_WHOLE = re.compile(
    r"^(repetitions?|reps?|errors?|counts?|points?|injur(y|ies)|steps?|jumps?|(foot )?contacts?|number of)\b"
)
"""Beginnings of units that are counted: the outcome is taken for whole numbers, and a human is asked."""
_MEASURED = re.compile(r"%|\b(per|height|length|time|rate|force|power|cm|mm|m|km|kg|g|n|w|j|s|ms|min)\b")
"""What a unit that is counted does not have in it: "jump height (cm)" and "steps per minute" are measured."""
_SHARES = re.compile(
    r"^(proportion|share)\b(?P<people> of (the )?(people|participants|players|athletes|\w*men)\b)?"
)
"""Units of shares; where people are named, nothing but a share of them can be meant."""
_LIMITS = re.compile(r"\(\s*(-?\d+(?:\.\d+)?)\s*(?:-|\N{EN DASH}|to)\s*(\d+(?:\.\d+)?)\b")


def _counted(unit: str) -> bool:
    return bool(_WHOLE.match(unit)) and not _MEASURED.search(unit)


def _items(data: AuditData) -> tuple[Floats, Bools]:
    """Return the items of each row's score (NaN: not whole numbers), and whether the table states them."""
    stated = data.number("scale_items")
    units = data.word("unit")
    counted = {unit: _counted(str(unit).strip().lower()) for unit in set(units)}
    guessed = np.array([1.0 if counted[unit] else np.nan for unit in units], dtype=np.float64)
    return np.where(np.isfinite(stated), stated, guessed), np.isfinite(stated)


def _limits(data: AuditData) -> tuple[Floats, Floats]:
    """Return the ends of each row's scale: its columns, or what the unit says, as in "points (0-100)"."""
    low, high = data.number("scale_min").copy(), data.number("scale_max").copy()
    units = data.word("unit")
    read = {unit: _LIMITS.search(str(unit)) for unit in set(units)}
    for at, unit in enumerate(units):
        found = read[unit]
        if found is not None and not np.isfinite(low[at]) and not np.isfinite(high[at]):
            low[at], high[at] = float(found.group(1)), float(found.group(2))
    return low, high


def _arms(data: AuditData) -> list[tuple[str, str, Printed, Printed, Floats]]:
    """Return stage, arm, mean, standard deviation and people for the four summaries of a row."""
    out = []
    for stage in ("pre", "post"):
        for arm in ARMS:
            people = data.number(f"{stage}_n_{arm}")
            people = np.where(np.isfinite(people), people, data.number(f"n_{arm}"))
            mean, sd = data.printed(f"{stage}_mean_{arm}"), data.printed(f"{stage}_sd_{arm}")
            out.append((stage, arm, mean, sd, people))
    return out


def _each(
    data: AuditData,
    check: str,
    wrong: Callable[[Printed, Printed, Floats], Bools],
    severity: str | Callable[[int], str],
    words: Callable[[int, str, str], str],
    what: str,
) -> list[Finding]:
    """Run a rule over the four summaries of every row."""
    out: list[Finding] = []
    for stage, arm, mean, sd, people in _arms(data):
        if not np.isfinite(mean.value).any():
            continue

        def message(at: int, stage: str = stage, arm: str = arm) -> str:
            return words(at, stage, arm)

        out += flag(data, wrong(mean, sd, people), check, severity, message, column=f"{stage}_{what}_{arm}")
    return out


def _named(data: AuditData, at: int, stage: str, arm: str) -> str:
    mean, sd = (data.as_printed(f"{stage}_{what}_{arm}")[at] for what in ("mean", "sd"))
    return (
        f"{mean} ({sd}) {STAGES[stage]}, {ARM_NAMES[arm]}"
        if sd
        else f"{mean} {STAGES[stage]}, {ARM_NAMES[arm]}"
    )


def _grim(data: AuditData) -> Sequence[Finding]:
    items, stated = _items(data)

    def wrong(mean: Printed, sd: Printed, people: Floats) -> Bools:
        return grim_applies(people, items, mean.decimals) & ~grim(mean.value, mean.half, people, items)

    return _each(
        *(data, "grim", wrong, lambda at: "impossible" if stated[at] else "ask"),
        lambda at, stage, arm: f"no whole numbers have this mean: {_named(data, at, stage, arm)}",
        "mean",
    )


def _grimmer(data: AuditData) -> Sequence[Finding]:
    items, stated = _items(data)

    def wrong(mean: Printed, sd: Printed, people: Floats) -> Bools:
        digits = np.maximum(mean.decimals, sd.decimals)
        applies = grim_applies(people, items, digits) & grim(mean.value, mean.half, people, items)
        ask = np.flatnonzero(applies & np.isfinite(sd.value))
        out = np.zeros(len(data), dtype=bool)
        parts = (mean.value, mean.half, sd.value, sd.half, people, items)
        out[ask] = ~grimmer(*(part[ask] for part in parts))
        return out

    return _each(
        *(data, "grimmer", wrong, lambda at: "impossible" if stated[at] else "ask"),
        lambda at, stage, arm: (
            f"no whole numbers have this mean and standard deviation: {_named(data, at, stage, arm)}"
        ),
        "sd",
    )


def _debit(data: AuditData) -> Sequence[Finding]:
    units = data.word("unit")
    read = {unit: _SHARES.match(str(unit).strip().lower()) for unit in set(units)}
    shares = np.array([read[unit] is not None for unit in units], dtype=bool)
    people_named = np.array([bool((own := read[unit]) and own["people"]) for unit in units], dtype=bool)
    people_named |= data.number("scale_items") == 1

    def wrong(mean: Printed, sd: Printed, people: Floats) -> Bools:
        with np.errstate(invalid="ignore"):
            possible = shares & (mean.low <= 1.0) & (mean.high >= 0.0)
        return possible & ~debit(mean.value, mean.half, sd.value, sd.half, people)

    return _each(
        *(data, "debit", wrong, lambda at: "impossible" if people_named[at] else "ask"),
        lambda at, stage, arm: (
            f"no answers of yes and no have this share and spread: {_named(data, at, stage, arm)}"
        ),
        "sd",
    )


def _bounds(data: AuditData) -> Sequence[Finding]:
    low, high = _limits(data)

    def outside(mean: Printed, sd: Printed, people: Floats) -> Bools:
        with np.errstate(invalid="ignore"):
            return np.asarray((mean.high < low) | (mean.low > high))

    def wide(mean: Printed, sd: Printed, people: Floats) -> Bools:
        # The limit has its peak in the middle of the scale: the mean nearest to it allows the most.
        best = np.clip((low + high) / 2, mean.low, mean.high)
        with np.errstate(invalid="ignore"):
            return np.asarray(sd.low > largest_sd(best, people, low, high) * (1 + 1e-9))

    scale = [f"{shown(a)} to {shown(b)}" for a, b in zip(low, high, strict=True)]
    out = _each(
        *(data, "beyond_scale", outside, "impossible"),
        lambda at, stage, arm: (
            f"the mean is outside its scale of {scale[at]}: {_named(data, at, stage, arm)}"
        ),
        "mean",
    )
    return out + _each(
        *(data, "beyond_scale", wide, "impossible"),
        lambda at, stage, arm: (
            f"no scores from {scale[at]} have this mean and standard deviation: "
            f"{_named(data, at, stage, arm)}"
        ),
        "sd",
    )


_FAMILY = "numbers against numbers"

GRANULARITY: tuple[Check, ...] = (
    Check(
        name="grim",
        family=_FAMILY,
        title="means that whole numbers cannot have (GRIM)",
        rule="no whole total over n people (times the items of the scale) rounds to the mean; only where n "
        "times "
        "items is below 10 to the power of its decimals; impossible where `scale_items` states whole "
        "numbers, ask "
        "where the unit suggests it",
        severities=("impossible", "ask"),
        needs=("post_mean_e", "n_e"),
        example="5.19 from 28 whole numbers: 145/28 = 5.18, 146/28 = 5.21.",
        advice="Look up n, the mean, and whether scores were averaged over trials.",
        source="Brown & Heathers 2017, https://doi.org/10.1177/1948550616673876",
        find=_grim,
    ),
    Check(
        name="grimmer",
        family=_FAMILY,
        title="standard deviations that whole numbers cannot have (GRIMMER)",
        rule="no whole sum of squares with the parity of its total, at least that of the flattest split, "
        "fits mean "
        "and standard deviation; where n times items is below 10 to the power of the printed decimals and "
        "GRIM holds",
        severities=("impossible", "ask"),
        needs=("post_mean_e", "post_sd_e", "n_e"),
        example="7.3 (2.51) from 12 whole numbers.",
        advice="Look up mean, standard deviation and n; see whether it is a standard error.",
        source="Anaya 2016, https://doi.org/10.7287/peerj.preprints.2400v1",
        find=_grimmer,
    ),
    Check(
        name="debit",
        family=_FAMILY,
        title="shares whose standard deviation does not follow from them (DEBIT)",
        rule="unit `proportion` or `share`, and a mean from 0 to 1: SD² = p(1-p)n/(n-1) over the rounding of "
        "both; impossible where the unit says `of people` (participants, players) or `scale_items` is 1, "
        "else ask: a share of something else has any spread",
        severities=("impossible", "ask"),
        needs=("post_mean_e", "post_sd_e", "n_e", "unit"),
        example="A share of people of 0.35 with an SD of 0.18.",
        advice="Look whether it is a share of people at all, and up what the spread is.",
        source="Heathers & Brown 2019, https://osf.io/5vb3u",
        find=_debit,
    ),
    Check(
        name="beyond_scale",
        family=_FAMILY,
        title="means or standard deviations beyond a bounded scale",
        rule="mean outside [a, b], or SD² > (M-a)(b-M)n/(n-1), over rounding; a and b from `scale_min` and "
        "`scale_max` or from the unit, as in points (0-100)",
        severities=("impossible",),
        needs=("post_mean_e", "unit"),
        example="9.1 (4.0) on a scale from 0 to 10.",
        advice="Look up scale, mean and spread.",
        source="Bhatia & Davis 2000, https://doi.org/10.1080/00029890.2000.12005203",
        find=_bounds,
    ),
)
