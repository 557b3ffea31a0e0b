"""Time points in rows: the row before training joins each row after it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import numpy as np
import pandas as pd

from evidence.studies.layout_records import Records, staged
from evidence.studies.layout_spread import LeftOut
from evidence.studies.mapping import TimeRules

__all__ = ["join_times"]


def join_times(records: Records, time: TimeRules) -> tuple[Records, list[LeftOut]]:
    """Join the rows of one arm that speak of different times into one record per time after training.

    Parameters
    ----------
    records : Records
        One record per row, with ``mean``, ``sd`` ... of its own time.
    time : TimeRules
        Which values of the time column are before training, after it, or changes.

    Returns
    -------
    tuple of (Records, list of LeftOut)
        Records with ``pre_mean``, ``post_mean`` ...; the rows that found no place.
    """
    labels = np.array([str(word).casefold() for word in records.frame[time.column]], dtype=object)
    stages = np.full(len(records), "", dtype=object)
    for stage, words in (("pre", time.pre), ("post", tuple(time.post)), ("change", time.change)):
        stages[np.isin(labels, np.array([word.strip().casefold() for word in words], dtype=object))] = stage
    left = [
        records.leave(at, _unlisted(str(records.frame[time.column].iloc[at])))
        for at in np.flatnonzero(stages == "").tolist()
    ]
    by_arm = _arms(records)
    main, pre, change, unplaced = _places(by_arm, stages, records)
    left += unplaced
    joined = _joined(records, stages, (main, pre, change))
    weeks = {word.strip().casefold(): weeks for word, weeks in time.post.items()}
    stated = np.array([weeks.get(labels[at], "") for at in main], dtype=object)
    if "timepoint_weeks" not in joined.row and any(stated):
        joined = replace(joined, row=joined.row.assign(timepoint_weeks=stated))
    group = pd.factorize(joined.group * (len(labels) + 1) + pd.factorize(labels)[0][main])[0]
    return replace(joined, group=np.asarray(group, dtype=np.intp)), left


def _unlisted(word: str) -> str:
    what = f"its time {word!r} is" if word else "it has no time, which is"
    return f"{what} not among pre, post and change of [time]"


def _arms(records: Records) -> dict[tuple[int, str], list[int]]:
    """Return the places of each arm's rows."""
    names = records.arm["name"] if "name" in records.arm else pd.Series([""] * len(records))
    if "name" not in records.arm and {"arm_e", "arm_c"} <= set(records.row):
        names = records.row["arm_e"].astype(str) + " / " + records.row["arm_c"].astype(str)
    by_arm: dict[tuple[int, str], list[int]] = defaultdict(list)
    for at, (group, name) in enumerate(zip(records.group.tolist(), names.tolist(), strict=True)):
        by_arm[group, str(name).casefold()].append(at)
    return by_arm


def _places(
    by_arm: dict[tuple[int, str], list[int]], stages: np.ndarray, records: Records
) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[LeftOut]]:
    """Return the main row of each record, with its rows before and of the change (-1 for none)."""
    main: list[int] = []
    pre: list[int] = []
    change: list[int] = []
    left: list[LeftOut] = []
    for places in by_arm.values():
        of = {stage: [at for at in places if stages[at] == stage] for stage in ("pre", "post", "change")}
        twice = next((stage for stage in ("pre", "change") if len(of[stage]) > 1), "")
        if twice:
            when = "before training" if twice == "pre" else "of the change"
            reason = (
                f"its arm has several rows {when}: name in `by` of [pairs] the column that tells them apart"
            )
            left += [records.leave(at, reason) for stage in of for at in of[stage]]
            continue
        before = of["pre"][0] if of["pre"] else -1
        if len(of["post"]) == 1 or not of["change"]:
            mains, changes = of["post"], [of["change"][0] if of["change"] else -1] * len(of["post"])
        else:  # of several times after training, nobody knows to which the change belongs
            mains, changes = [*of["post"], of["change"][0]], [-1] * len(of["post"]) + [of["change"][0]]
        if not mains and before >= 0:
            reason = "its arm has no row after training"
            left.append(records.leave(before, reason))
        main += mains
        change += changes
        pre += [before] * len(mains)
    order = np.argsort(np.array(main, dtype=np.intp), kind="stable")
    arrays = (np.array(values, dtype=np.intp)[order] for values in (main, pre, change))
    places_main, places_pre, places_change = arrays
    return places_main, places_pre, places_change, left


def _joined(
    records: Records, stages: np.ndarray, places: tuple[np.ndarray, np.ndarray, np.ndarray]
) -> Records:
    """Return records with the cells of each time under the names of that time."""
    main, pre, change = places
    is_post = stages[main] == "post"
    out = records.take(main)
    sources = {"pre": pre, "post": np.where(is_post, main, -1), "change": change}
    lines = [
        tuple(dict.fromkeys(records.lines[at][0] for at in three if at >= 0))
        for three in zip(main.tolist(), pre.tolist(), change.tolist(), strict=True)
    ]
    return replace(
        out,
        row=_of_times(records.row, out.row, sources),
        arm=_of_times(records.arm, out.arm, sources),
        lines=lines,
    )


def _of_times(source: pd.DataFrame, out: pd.DataFrame, sources: dict[str, np.ndarray]) -> pd.DataFrame:
    """Put cells under the names of their time; what only the row before training says is said of the arm."""
    pre = sources["pre"]
    table = _staged(source, out, sources)
    for name in source:
        if not staged(str(name)):
            own, before = out[name].to_numpy(dtype=object), _taken(source[name], pre)
            table[name] = np.where(own == "", before, own)
            if name in ("n", "n_e", "n_c") and f"pre_{name}" not in table:
                # People measured before training, where they are not those of the row: dropouts.
                table[f"pre_{name}"] = np.where((before != own) & (own != ""), before, "")
    return table


def _taken(cells: pd.Series, places: np.ndarray) -> np.ndarray:
    """Return cells by place, blank for -1."""
    values = cells.to_numpy(dtype=object)
    return np.where(places >= 0, values[places], "") if len(values) else np.empty(0, dtype=object)


def _staged(source: pd.DataFrame, out: pd.DataFrame, sources: dict[str, np.ndarray]) -> pd.DataFrame:
    """Replace ``mean`` by ``pre_mean``, ``post_mean`` and ``change_mean``, as far as there are such rows."""
    columns = {name: out[name] for name in out if not staged(str(name))}
    for name in source:
        base = str(name)
        if not staged(base):
            continue
        for stage, places in sources.items():
            if (places >= 0).any():
                columns[f"{stage}_{base}"] = pd.Series(_taken(source[name], places), dtype=object)
    return pd.DataFrame(columns, index=out.index)
