"""Find the columns that say what a row is about: study, outcome, group, direction, design."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import pandas as pd

from evidence.studies.mapping_guess import looks_numeric
from evidence.studies.mapping_names import control_words, name_parts, tokens

__all__ = ["BETTER_WORDS", "DESIGN_WORDS", "Roles", "find_roles"]

BETTER_WORDS = {
    **dict.fromkeys(
        ("increase", "higher", "up", "high", "+", "positive", "more", "larger", "greater"), "higher"
    ),
    **dict.fromkeys(
        ("decrease", "lower", "down", "low", "-", "negative", "less", "smaller", "reduce"), "lower"
    ),
}
DESIGN_WORDS = {
    "between": "parallel",
    "between-subjects": "parallel",
    "parallel": "parallel",
    "rct": "parallel",
    "within": "within_participant",
    "within-subjects": "within_participant",
    "within-participant": "within_participant",
    "cross-over": "crossover",
    "crossover": "crossover",
    "cluster": "cluster",
}
_STUDY = (
    "study name",
    "study",
    "author",
    "authors",
    "autor",
    "paper",
    "article",
    "citation",
    "reference",
    "trial",
    "source",
    "studie",
    "quelle",
)
_OUTCOME = (
    "outcome",
    "outcome measure",
    "outcome name",
    "measure",
    "variable",
    "endpoint",
    "test",
    "measurement",
    "parameter",
    "endpunkt",
    "zielgröße",
    "messgröße",
)
_GROUP = ("group", "arm", "condition", "treatment", "intervention", "group name", "arm name", "gruppe")


@dataclass
class Roles:
    """Columns by role; an empty string (or list) where none was found."""

    study: list[str] = field(default_factory=list)
    outcome: list[str] = field(default_factory=list)
    group: str = ""
    control: str = ""
    control_words: list[str] = field(default_factory=list)
    better: str = ""
    design: str = ""
    domain: str = ""
    unit: str = ""
    instrument: str = ""
    weeks: str = ""
    arm_e: str = ""
    arm_c: str = ""
    notes: str = ""
    info: dict[str, str] = field(default_factory=dict)


def find_roles(frame: pd.DataFrame, taken: Iterable[str]) -> Roles:
    """Find the columns that say what a row is about, among those that hold no numbers of arms."""
    taken = set(taken)
    free = [str(name) for name in frame if name not in taken and (frame[name] != "").any()]
    roles = Roles()
    used: set[str] = set()

    def take(
        wanted: Iterable[str], *, text: bool = True, fits: Callable[[pd.Series], bool] = lambda _: True
    ) -> str:
        for phrase in wanted:
            exact = [name for name in free if " ".join(tokens(name)) == phrase]
            within = [name for name in free if set(phrase.split()) <= set(tokens(name)) and name not in exact]
            for name in (*exact, *sorted(within, key=lambda one: -frame[one].nunique())):
                if name not in used and not (text and looks_numeric(frame[name])) and fits(frame[name]):
                    used.add(name)
                    return name
        return ""

    year = take(("year", "study year", "publication year"), text=False, fits=_years)
    study = take(_STUDY) or take(_STUDY, text=False) or take(("id",), text=False)
    roles.study = [study] if study else []
    if year:
        if not _info_fits(frame, roles.study, year) and study:
            roles.study = [study, year]
        roles.info["year"] = year
    roles.better = next(
        (name for name in free if name not in used and _translates(frame[name], BETTER_WORDS)), ""
    )
    roles.design = next(
        (name for name in free if name not in used and _translates(frame[name], DESIGN_WORDS)), ""
    )
    used |= {roles.better, roles.design}
    roles.control = next((name for name in free if name not in used and _is_role(frame[name])), "")
    roles.arm_e, roles.arm_c = _arm_labels(frame, [name for name in free if name not in used])
    used |= {roles.arm_e, roles.arm_c}
    roles.group = take(_GROUP, fits=lambda cells: len(cells.unique()) > 1)
    if roles.control and not roles.group:
        roles.group = roles.control
    of = (
        frame[roles.control] if roles.control else frame[roles.group] if roles.group else pd.Series(dtype=str)
    )
    roles.control_words = sorted({str(word) for word in of.unique() if control_words(str(word))})
    if roles.control:
        used.add(roles.control)
    main = take(_OUTCOME)
    roles.outcome = [main] if main else []
    roles.domain = take(("domain", "outcome category", "outcome group", "category", "outcome type"))
    if main and (frame[main] == "").any():
        more = take(("outcome subcategory", "outcome", "subcategory", "outcome type"))
        roles.outcome = [more, main] if more else [main]
    roles.unit = take(("unit", "units"))
    roles.instrument = take(("instrument", "device", "tool"))
    roles.weeks = take(("weeks", "week", "timepoint weeks", "time weeks"), text=False, fits=looks_numeric)
    roles.notes = take(("notes", "note", "comments", "comment", "remarks"))
    for ours, names in (
        ("doi", ("doi",)),
        ("pmid", ("pmid",)),
        ("n_total", ("n total", "total n", "sample size")),
    ):
        found = take(names, text=False, fits=lambda cells: _info_fits(frame, roles.study, str(cells.name)))
        if found:
            roles.info[ours] = found
    return roles


def _arm_labels(frame: pd.DataFrame, free: list[str]) -> tuple[str, str]:
    """Return two columns of words that name the first and the second arm of a row."""
    words = [name for name in free if not looks_numeric(frame[name])]
    sides = {name: name_parts(name).side for name in words if len(tokens(name)) <= 2}
    found = [next((name for name in words if sides.get(name) == side), "") for side in ("e", "c")]
    return (found[0], found[1]) if all(found) else ("", "")


def _years(cells: pd.Series) -> bool:
    words = [word for word in cells.unique() if word]
    return bool(words) and all(word.isdigit() and 1800 <= int(word) <= 2100 for word in words)


def _info_fits(frame: pd.DataFrame, study: list[str], name: str) -> bool:
    """Say whether a column has one value in all rows of a study."""
    return bool(study) and bool(frame.groupby(study, sort=False)[name].nunique().max() <= 1)


def _translates(cells: pd.Series, words: dict[str, str]) -> bool:
    distinct = {str(word).casefold() for word in cells.unique() if word}
    return bool(distinct) and distinct <= set(words)


def _is_role(cells: pd.Series) -> bool:
    """Say whether a column tells controls from other arms, and nothing more: two to four words."""
    distinct = [str(word) for word in cells.unique() if word]
    controls = [word for word in distinct if control_words(word)]
    return 2 <= len(distinct) <= 4 and 1 <= len(controls) < len(distinct)
