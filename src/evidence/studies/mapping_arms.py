"""Find the arms' numbers among the columns of a sheet by their names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pandas as pd

from evidence.studies.mapping_guess import looks_numeric
from evidence.studies.mapping_keys import ARM_NAMES
from evidence.studies.mapping_names import NameParts, is_time_word, name_parts, tokens

__all__ = ["ArmColumns", "find_arms", "find_time"]

_SPREADS = {"sd", "se", "ci_low", "q1"}
_WITHIN = {"t": "t_within", "p": "p_within", "r": "r", "percent": "change_percent"}


@dataclass(frozen=True)
class ArmColumns:
    """The arms' columns.

    Attributes
    ----------
    wide : dict
        Our column (``post_mean_e``) and theirs, where a row has two arms.
    arm : dict
        What is said of one arm (``post_mean``) and their column, or its template with ``{arm}``.
    parts : list of str
        What stands for ``{arm}``.
    labels : tuple of str
        How the two arms of a row are called in the names.
    sure : bool
        Whether the names tell which arm is the first.
    part : dict
        Which number of the cell it is (``post_sd``: 2), where a cell holds a mean and its SD.
    """

    wide: dict[str, str] = field(default_factory=dict)
    arm: dict[str, str] = field(default_factory=dict)
    parts: list[str] = field(default_factory=list)
    labels: tuple[str, ...] = ()
    sure: bool = True
    part: dict[str, int] = field(default_factory=dict)

    @property
    def columns(self) -> set[str]:
        """Columns of the sheet that the arms take."""
        whole = {*self.wide.values(), *self.arm.values()}
        return whole | {name.replace("{arm}", part) for name in whole for part in self.parts}


def find_time(frame: pd.DataFrame) -> tuple[str, list[str], list[str]]:
    """Return the column whose cells are times before and after, and those times."""
    for name in frame:
        words = [str(word) for word in frame[name].unique() if word]
        if not set(tokens(str(name))) & _TIME_NAMES or not 1 < len(words) <= _TIMES:
            continue
        if looks_numeric(frame[name]):
            if "0" in words:  # weeks or months since baseline, which is 0
                return str(name), ["0"], [word for word in words if word != "0"]
        else:
            stages = {word: is_time_word(word) for word in words}
            if {"pre", "post"} <= set(stages.values()):
                before = [word for word, stage in stages.items() if stage == "pre"]
                return str(name), before, [word for word in words if word not in before]
    return "", [], []


_TIMES = 12
"""A column of more times than these is a date or an age."""

_TIME_NAMES = {
    "week",
    "weeks",
    "month",
    "months",
    "time",
    "zeitpunkt",
    "timepoint",
    "point",
    "visit",
    "phase",
    "occasion",
    "test",
    "when",
    "moment",
    "period",
    "prepost",
}


def find_arms(frame: pd.DataFrame, *, timed: bool) -> ArmColumns:
    """Find the numbers of the arms: none, one arm a row, two arms a row, or several in numbered columns.

    Parameters
    ----------
    frame : DataFrame
        The sheet.
    timed : bool
        Whether the times stand in rows, so that names need no stage.
    """
    escalc = {"ai": "events_e", "ci": "events_c", "n1i": "total_e", "n2i": "total_c"}
    if {"ai", "ci"} <= set(frame.columns) and {"n1i", "n2i"} <= set(frame.columns):
        return ArmColumns(
            wide={ours: theirs for theirs, ours in escalc.items()}, labels=("1", "2"), sure=False
        )
    by_arm: dict[str, dict[str, str]] = {}
    part: dict[str, int] = {}
    for name in map(str, frame.columns):
        parts = name_parts(name)
        if parts.stage and not parts.stat and not parts.arm and _holds_two(frame[name]):
            parts = NameParts("mean", parts.stage, "", "sd")  # "pre" alone, over cells of "5.4 ± 1.2"
        ours = _ours(parts.stat, parts.stage, timed=timed)
        if ours and parts.beside and _holds_two(frame[name]):
            beside = _ours(parts.beside, parts.stage, timed=timed)
            by_arm.setdefault(parts.arm, {}).update({ours: name, beside: name})
            part |= {ours: 1, beside: 2}
        elif ours and (looks_numeric(frame[name]) or not (frame[name] != "").any()):
            by_arm.setdefault(parts.arm, {}).setdefault(ours, name)
    arms = {arm: found for arm, found in by_arm.items() if _is_arm(found)}
    named = [arm for arm in arms if arm]
    if len(named) >= 2:
        return replace(_several(arms, named, by_arm.get("", {})), part=part)
    if "" in arms:
        return ArmColumns(arm=_with_n(arms[""]), part=part)
    return ArmColumns()


def _holds_two(cells: pd.Series) -> bool:
    """Say whether most cells of a column hold two numbers, as "12.3 (4.5)" does."""
    words = [str(word) for word in cells.unique()[:200] if word]
    two = sum(len(re.findall(r"[0-9]+(?:[.,][0-9]+)?", word)) == 2 for word in words)
    return bool(words) and 2 * two > len(words)


def _ours(stat: str, stage: str, *, timed: bool) -> str:
    """Return our name (without the arm) of a number."""
    if not stat or stat in _WITHIN:
        return _WITHIN.get(stat, "")
    if stat in ("events", "total"):
        return stat
    if stat == "n":
        return "pre_n" if stage == "pre" else "n"
    return stat if timed else f"{stage or 'post'}_{stat}"


def _is_arm(found: dict[str, str]) -> bool:
    stats = {
        name.rsplit("_", 1)[-1] if "ci_" not in name and "q" not in name else name[-6:] for name in found
    }
    centre = stats & {"mean", "median"}
    return bool(centre and any(part in name for name in found for part in _SPREADS)) or (
        "events" in found and bool({"total", "n"} & set(found))
    )


def _with_n(found: dict[str, str]) -> dict[str, str]:
    """Take people before training for people where no others are given; events need their total."""
    found = dict(found)
    if "n" not in found and "pre_n" in found:
        found["n"] = found.pop("pre_n")
    if "events" in found and "total" not in found and "n" in found:
        found["total"] = found.pop("n")
    order = {name: at for at, name in enumerate(ARM_NAMES)}
    return dict(sorted(found.items(), key=lambda item: order.get(item[0], -1)))


def _several(arms: dict[str, dict[str, str]], named: Sequence[str], shared: dict[str, str]) -> ArmColumns:
    """Return two arms as a wide layout, more as parts of the names."""
    most = max(len(arms[arm]) for arm in named)
    alike = [arm for arm in named if 2 * len(arms[arm]) > most]
    if len(alike) > 2 and (template := _template(arms, alike)):
        extra = {name: column for name, column in shared.items() if name not in template}
        return ArmColumns(arm={**template, **extra}, parts=list(alike))
    sides = {arm: name_parts(f"mean_{arm}").side for arm in alike}
    first = next((arm for arm in alike if sides[arm] == "e"), None)
    second = next((arm for arm in alike if sides[arm] == "c" and arm != first), None)
    sure = first is not None and second is not None
    rest = [arm for arm in alike if arm not in (first, second)]
    first = first if first is not None else rest.pop(0)
    second = second if second is not None else rest.pop(0)
    wide: dict[str, str] = {}
    for arm, ending in ((first, "e"), (second, "c")):
        wide |= {f"{name}_{ending}": column for name, column in _with_n(arms[arm]).items()}
    return ArmColumns(wide=wide, labels=(first, second), sure=sure)


def _template(arms: dict[str, dict[str, str]], alike: Sequence[str]) -> dict[str, str]:
    """Return the names with ``{arm}`` for the arm's part, where all arms' names are made alike."""
    made: dict[str, set[str]] = {}
    for arm in alike:
        for ours, column in arms[arm].items():
            if column.count(arm) != 1:
                return {}
            made.setdefault(ours, set()).add(column.replace(arm, "{arm}"))
    if any(len(templates) > 1 for templates in made.values()):
        return {}
    return _with_n({ours: templates.pop() for ours, templates in made.items()})
