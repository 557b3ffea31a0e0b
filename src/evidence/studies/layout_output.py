"""What a mapped table has beside its rows: names of the rows, moderators, facts of the studies."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from evidence.errors import Problem, StudyDataError
from evidence.studies.columns import COLUMNS, OPTIONAL_COLUMNS
from evidence.studies.layout_records import Records
from evidence.studies.layout_sheet import Sheet
from evidence.studies.layout_spread import Spread, virtual
from evidence.studies.mapping import Cells, NumberRules, TableMapping, parts_of
from evidence.studies.mapping_cells import cells_of, is_number, moderator
from evidence.studies.textfile import TextTable

__all__ = ["RESERVED", "info_table", "located", "moderators", "row_ids"]

RESERVED = frozenset(
    {column.name for column in (*COLUMNS, *OPTIONAL_COLUMNS)}
    | {"label", "estimate", "variance", "std_error", "low", "high", "kind", "derived_from", "formula"}
    | {"assumptions", "alternatives", "reason", "people", "main", "display_sign", "sign", "rule", "measure"}
    | {"bound", "weight"}
)
"""Names that mean something in the tables of studies or effects: a moderator never takes one."""


def row_ids(studies: Iterable[str]) -> list[str]:
    """Name rows by their study and a running number: the same file and mapping give the same names.

    Examples
    --------
    >>> row_ids(["Lee, et al. 2021", "Lee, et al. 2021", "Müller 2020"])
    ['lee_et_al_2021_01', 'lee_et_al_2021_02', 'muller_2020_01']
    """
    slugs: dict[str, str] = {}
    taken: Counter[str] = Counter()
    numbers: Counter[str] = Counter()
    names = []
    for study in studies:
        if study not in slugs:
            slug = _slug(study)
            taken[slug] += 1
            slugs[study] = (
                slug if taken[slug] == 1 else f"{slug}_{chr(96 + min(taken[slug], 26))}{taken[slug]}"
            )
        numbers[study] += 1
        names.append(f"{slugs[study]}_{numbers[study]:02d}")
    return names


def _slug(study: str) -> str:
    plain = unicodedata.normalize("NFKD", study).encode("ascii", "ignore").decode("ascii")
    return re.sub(r"[^a-z0-9]+", "_", plain.casefold()).strip("_") or "study"


def located(records: Records, pairs: Sequence[tuple[int, int]], lines: np.ndarray) -> list[str]:
    """Say on which lines of the file each comparison stands."""
    texts = []
    for one, other in pairs:
        places = dict.fromkeys((*records.lines[one], *records.lines[other]))
        numbers = [str(lines[at]) for at in places]
        texts.append(f"line {numbers[0]}" if len(numbers) == 1 else f"lines {', '.join(numbers)}")
    return texts


def moderators(
    sheet: Sheet,
    spread: Spread,
    mapping: TableMapping,
    rules: NumberRules,
    places: tuple[np.ndarray, np.ndarray],
) -> tuple[pd.DataFrame, list[str]]:
    """Return the columns that the mapping did not take, for the rows of the comparisons.

    A column that differs between the arms of a comparison becomes two, with ``_e`` and ``_c``.

    Parameters
    ----------
    sheet, spread : Sheet, Spread
        The file, and its rows by parts.
    mapping : TableMapping
        The mapping.
    rules : NumberRules
        How numbers are written.
    places : tuple of ndarray
        Row of `spread` of the first and of the second arm of each comparison.
    """
    columns: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    notes: list[str] = []
    first, second = places
    for name, cells in mapping.moderators.items():
        values = cells_of(spread.frame, cells, rules, number=False)
        columns[name] = (values[first], values[second])
    for part in mapping.spread:
        if part not in ("arm", "time") and part not in RESERVED:
            values = spread.frame[virtual(part)].to_numpy(dtype=object)
            columns[part] = (values[first], values[second])
    taken = _taken(mapping)
    for column in sheet.frame:
        if column not in taken:
            values = sheet.frame[column].to_numpy(dtype=object)[spread.origin]
            columns[str(column)] = (values[first], values[second])
    out: dict[str, pd.Series] = {}
    for name, (one, other) in columns.items():
        free = name
        while free in RESERVED or free in out:
            free = f"sheet_{free}"
        if free != name:
            notes.append(f"the column {name!r} of the file is kept as {free!r}: the first name is taken")
        if (one == other).all():
            out[free] = moderator(one, rules)
        else:
            both = moderator(np.concatenate([one, other]), rules)
            out[f"{free}_e"] = both.iloc[: len(one)].reset_index(drop=True)
            out[f"{free}_c"] = both.iloc[len(one) :].reset_index(drop=True)
    return pd.DataFrame(out, index=pd.RangeIndex(len(first))), notes


def _taken(mapping: TableMapping) -> set[str]:
    """Return the columns of the file that stand whole in one of ours, or under a moderator's new name."""
    effect = mapping.effect.cells if mapping.effect else {}
    taken: set[str] = set()
    for section in (mapping.columns, mapping.arm, mapping.moderators, mapping.info, effect):
        for ours, cells in section.items():
            # A translated column stays: the arms' label or direction may be made of a moderator.
            if len(cells.names) == 1 and (is_number(ours) or not cells.words):
                taken.update(_meant(cells.names[0], mapping))
    return taken


def _meant(name: str, mapping: TableMapping) -> list[str]:
    """Return the columns that a name with parts stands for."""
    if not parts_of(name, mapping.spread):
        return [name]
    out = []
    for combination in mapping.combinations():
        resolved = name
        for part, (piece, _) in combination.items():
            resolved = resolved.replace(virtual(part), piece)
        out.append(resolved)
    return out


def info_table(
    frame: pd.DataFrame, studies: np.ndarray, info: Mapping[str, Cells], rules: NumberRules, source: str
) -> TextTable | None:
    """Return one row per study with the facts that the mapping names.

    Raises
    ------
    StudyDataError
        Where the rows of a study disagree.
    """
    if not info:
        return None
    problems: list[Problem] = []
    facts = pd.DataFrame({"study": studies}, dtype=object)
    facts = facts.assign(
        **{name: cells_of(frame, cells, rules, number=is_number(name)) for name, cells in info.items()}
    )
    facts = facts[facts["study"] != ""]
    out = pd.DataFrame({"study": facts["study"].drop_duplicates().to_numpy(dtype=object)})
    for name, cells in info.items():
        known = facts[facts[name] != ""][["study", name]].drop_duplicates()
        for study in known["study"][known["study"].duplicated()].unique():
            several = ", ".join(known.loc[known["study"] == study, name].head(5))
            rule = f"mapping key {cells.key}: a fact of a study is the same in all its rows"
            fix = "map a column that is, or leave it to the moderators"
            problems.append(
                Problem(rule, row=str(study), column=" + ".join(cells.names), value=several, fix=fix)
            )
        facts_of = known.drop_duplicates("study").set_index("study")[name]
        out[name] = out["study"].map(facts_of).fillna("")
    if problems:
        raise StudyDataError("facts of studies differ between their rows", source=source, problems=problems)
    return TextTable(out, np.zeros(len(out), dtype=np.intp), (), ())
