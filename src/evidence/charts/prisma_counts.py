"""The counts of a PRISMA 2020 flow diagram: checked box by box, what follows is computed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from evidence._check import as_number, nearest
from evidence.charts.frame import as_text
from evidence.errors import ModelError

__all__ = ["BOXES", "PrismaCounts", "prisma_counts"]

Amounts = int | Mapping[str, int]

BOXES = {
    "databases": "Records identified from databases",
    "registers": "Records identified from registers",
    "duplicates": "Duplicate records removed",
    "automation": "Records marked as ineligible by automation tools",
    "other_removed": "Records removed for other reasons",
    "screened": "Records screened",
    "excluded": "Records excluded",
    "sought": "Reports sought for retrieval",
    "not_retrieved": "Reports not retrieved",
    "assessed": "Reports assessed for eligibility",
    "reports_excluded": "Reports excluded",
    "studies": "Studies included in review",
    "reports": "Reports of included studies",
    "other_sources": "Records identified from other methods",
    "other_sought": "Reports sought for retrieval (other methods)",
    "other_not_retrieved": "Reports not retrieved (other methods)",
    "other_assessed": "Reports assessed for eligibility (other methods)",
    "other_excluded": "Reports excluded (other methods)",
    "previous_studies": "Studies included in previous version of review",
    "previous_reports": "Reports of studies included in previous version of review",
    "total_studies": "Total studies included in review",
    "total_reports": "Reports of total included studies",
}
"""Name of the box of each count."""


@dataclass(frozen=True)
class PrismaCounts:
    """Counts of a flow diagram; of each step two of "from, out, to" are enough, the third follows.

    Attributes
    ----------
    databases, registers : int or mapping of str to int
        Records identified; a mapping names each database.
    duplicates, automation, other_removed : int or None
        Records removed before screening: duplicates, those marked as ineligible by automation tools, others.
    screened, excluded : int or None
        Records screened, and excluded by title and abstract (a mapping: by a human, by automation tools).
    sought, not_retrieved, assessed : int or None
        Reports sought for retrieval, not retrieved, assessed for eligibility.
    reports_excluded : int or mapping of str to int, or None
        Reports excluded, by reason.
    studies, reports : int or None
        Studies included and their reports; in an update those that are new.
    other_sources : mapping of str to int, or int, or None
        Records from websites, organisations, citation searching ...: the second column, where there is one.
    other_sought, other_not_retrieved, other_assessed, other_excluded
        Of these, as above.
    previous_studies, previous_reports : int or None
        In an update: what the previous version included.
    total_studies, total_reports : int or None
        In an update: all together.
    """

    databases: Amounts = 0
    registers: Amounts = 0
    duplicates: int | None = None
    automation: int | None = None
    other_removed: int | None = None
    screened: int | None = None
    excluded: Amounts | None = None
    sought: int | None = None
    not_retrieved: int | None = None
    assessed: int | None = None
    reports_excluded: Amounts | None = None
    studies: int | None = None
    reports: int | None = None
    other_sources: Amounts | None = None
    other_sought: int | None = None
    other_not_retrieved: int | None = None
    other_assessed: int | None = None
    other_excluded: Amounts | None = None
    previous_studies: int | None = None
    previous_reports: int | None = None
    total_studies: int | None = None
    total_reports: int | None = None


def prisma_counts(counts: Mapping[str, Amounts | None] | PrismaCounts) -> PrismaCounts:
    """Return counts with every box filled, after they were checked.

    Parameters
    ----------
    counts : mapping or PrismaCounts
        The boxes that are known, by the names of `PrismaCounts`.

    Returns
    -------
    PrismaCounts
        With what follows from the others filled in.

    Raises
    ------
    ModelError
        Where a name is not known, a count is no whole number of at least 0, a box does not follow from those
        above it, or too few are given; the box is named.

    Examples
    --------
    >>> found = prisma_counts(
    ...     {"databases": 100, "duplicates": 20, "excluded": 60, "not_retrieved": 2,
    ...      "reports_excluded": {"no control": 10}, "studies": 7}
    ... )
    >>> found.screened, found.assessed, found.reports
    (80, 18, 8)
    """
    return _filled(_given(counts))


@dataclass
class _Boxes:
    """The boxes while they are filled."""

    of: dict[str, Amounts | None] = field(default_factory=dict)

    def total(self, name: str) -> int | None:
        """Return the sum of a box, None where it is not given."""
        value = self.of[name]
        if value is None:
            return None
        return sum(value.values()) if isinstance(value, Mapping) else int(value)

    def step(self, start: int, said: str, out: tuple[str, ...], to: str) -> int:
        """Return what is left after a step: of what goes out and what goes on, one may be missing.

        Raises
        ------
        ModelError
            Where both are missing, or they do not add up.
        """
        gone = [self.total(name) for name in out]
        left = self.total(to)
        if all(one is None for one in gone):
            if left is None:
                raise ModelError(
                    f"box {BOXES[to]!r} does not follow: give {to} or {' or '.join(out)} (0 where none)"
                )
            if len(out) > 1 and left != start:
                raise ModelError(
                    f"box {BOXES[to]!r}: {said} are {start}, {left} go on, and nothing says how the other "
                    f"{start - left} went; give {', '.join(out)}"
                )
            gone = [start - left, *(0 for _ in out[1:])]
        removed = sum(one or 0 for one in gone)
        expected = start - removed
        if expected < 0 or removed < 0:
            told = f"{removed} are taken from {start}" if removed >= 0 else f"{left} come out of {start}"
            raise ModelError(f"box {BOXES[out[0] if removed >= 0 else to]!r}: {told} ({said})")
        if left is not None and left != expected:
            words = " and ".join(BOXES[name].lower() for name in out)
            raise ModelError(
                f"box {BOXES[to]!r}: {said} are {start}, less {removed} ({words}) makes {expected}, "
                f"got {left}"
            )
        for name, one in zip(out, gone, strict=True):
            if self.of[name] is None:
                self.of[name] = one or 0
        self.of[to] = expected
        return expected


def _given(counts: Mapping[str, Amounts | None] | PrismaCounts) -> _Boxes:
    """Return the boxes as given, after a check of names and numbers.

    Raises
    ------
    ModelError
        Where a name is not known, or a count is none.
    """
    names = [one.name for one in fields(PrismaCounts)]
    if isinstance(counts, PrismaCounts):
        counts = {name: getattr(counts, name) for name in names}
    if not isinstance(counts, Mapping):
        raise ModelError(
            f"prisma() takes a mapping of counts or PrismaCounts; got {type(counts).__name__}. For example "
            '{"databases": 100, "duplicates": 20, "excluded": 60, ...}'
        )
    for name in counts:
        if name not in names:
            close = nearest(str(name), names)
            hint = f" (did you mean {close}?)" if close else f"; the boxes are {', '.join(names)}"
            raise ModelError(f"there is no box {name!r}{hint}")
    found = dict.fromkeys(names)
    return _Boxes({**found, "registers": 0, **{n: _amount(n, value) for n, value in counts.items()}})


def _amount(name: str, value: object) -> Amounts | None:
    """Return a count, or counts by reason.

    Raises
    ------
    ModelError
        Where it is no whole number of at least 0.
    """
    if value is None:
        return None
    if isinstance(value, Mapping):
        amounts: dict[str, int] = {}
        for reason, n in value.items():  # reasons that differ by blanks alone are one
            words = as_text(reason)
            amounts[words] = amounts.get(words, 0) + _whole(f"{BOXES[name]}: {words}", n)
        return amounts
    return _whole(BOXES[name], value)


def _whole(box: str, value: object) -> int:
    n = as_number(value)
    if not n >= 0 or n != math.floor(n):  # NaN, of text and of None, fails the first
        raise ModelError(f"box {box!r}: a count is a whole number of at least 0, got {value!r}")
    return int(n)


def _filled(boxes: _Boxes) -> PrismaCounts:
    """Follow the flow, filling what is missing.

    Raises
    ------
    ModelError
        Where a box does not fit those above it.
    """
    of = boxes.of
    if of["databases"] is None:
        raise ModelError(f"box {BOXES['databases']!r} is needed: give databases (0 where none was searched)")
    identified = (boxes.total("databases") or 0) + (boxes.total("registers") or 0)
    removed = ("duplicates", "automation", "other_removed")
    screened = boxes.step(identified, "records identified", removed, "screened")
    sought = boxes.step(screened, "records screened", ("excluded",), "sought")
    assessed = boxes.step(sought, "reports sought", ("not_retrieved",), "assessed")
    eligible = _after(boxes, assessed, "reports_excluded")
    if of["other_sources"] is not None:
        start = boxes.total("other_sources") or 0
        if of["other_sought"] is None:
            of["other_sought"] = start
        if (boxes.total("other_sought") or 0) > start:
            raise ModelError(
                f"box {BOXES['other_sought']!r}: {of['other_sought']} sought of {start} records identified"
            )
        reports = boxes.step(
            boxes.total("other_sought") or 0, "reports sought", ("other_not_retrieved",), "other_assessed"
        )
        eligible += _after(boxes, reports, "other_excluded")
    elif any(of[name] is not None for name in of if name.startswith("other_") and name != "other_removed"):
        raise ModelError(f"box {BOXES['other_sources']!r} is needed for the column of other methods")
    _included(boxes, eligible)
    return PrismaCounts(**of)  # type: ignore[arg-type]


def _after(boxes: _Boxes, assessed: int, name: str) -> int:
    """Return the reports that stay after assessment.

    Raises
    ------
    ModelError
        Where nothing says how many were excluded, or more were than there are.
    """
    gone = boxes.total(name)
    if gone is None:
        reports = boxes.total("reports")
        if reports is None or boxes.of["other_sources"] is not None:
            raise ModelError(f"box {BOXES[name]!r}: give {name}, best by reason (0 where none)")
        gone = assessed - reports
        boxes.of[name] = gone
    if gone > assessed or gone < 0:
        raise ModelError(f"box {BOXES[name]!r}: {gone} are taken from {assessed} (reports assessed)")
    return assessed - gone


def _included(boxes: _Boxes, eligible: int) -> None:
    """Check the included studies and reports, and add up those of an update.

    Raises
    ------
    ModelError
        Where they do not fit, or a number is missing.
    """
    of = boxes.of
    if of["studies"] is None:
        raise ModelError(
            f"box {BOXES['studies']!r} is needed: give studies (several reports can be one study)"
        )
    reports = boxes.total("reports")
    if reports is not None and reports != eligible:
        raise ModelError(
            f"box {BOXES['reports']!r}: reports assessed less reports excluded makes {eligible}, "
            f"got {reports}"
        )
    of["reports"] = eligible
    studies = boxes.total("studies") or 0
    if studies > eligible:
        raise ModelError(f"box {BOXES['studies']!r}: {studies} studies cannot come from {eligible} reports")
    if of["previous_studies"] is None:
        if any(of[name] is not None for name in ("previous_reports", "total_studies", "total_reports")):
            raise ModelError(
                f"box {BOXES['previous_studies']!r} is needed for an update: give previous_studies"
            )
        return
    for what, new in (("studies", studies), ("reports", eligible)):
        before, total = boxes.total(f"previous_{what}"), boxes.total(f"total_{what}")
        if before is None:
            continue
        if total is not None and total != before + new:
            raise ModelError(
                f"box {BOXES[f'total_{what}']!r}: {before} of the previous version and {new} new ones make "
                f"{before + new}, got {total}"
            )
        of[f"total_{what}"] = before + new
