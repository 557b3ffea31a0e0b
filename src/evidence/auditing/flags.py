"""How a check turns a mask over the rows into findings, and small words that messages share."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from evidence.auditing.data import AuditData
from evidence.auditing.record import Finding, Repair
from evidence.effects.solver.spread import sd_from_se

__all__ = ["ARMS", "ARM_NAMES", "STAGES", "flag", "sd_of_error", "shown"]

ARMS = ("e", "c")
ARM_NAMES = {"e": "first arm", "c": "second arm"}
STAGES = {"pre": "before training", "post": "after training", "change": "of the change"}


def flag(
    data: AuditData,
    mask: NDArray[np.bool_],
    check: str,
    severity: str | Callable[[int], str],
    message: Callable[[int], str],
    *,
    column: str | Callable[[int], str] = "",
    expected: Callable[[int], str] | None = None,
    advice: Callable[[int], str] | None = None,
    repair: Callable[[int], Repair | None] | None = None,
    rows: Callable[[int], tuple[str, ...]] | None = None,
) -> list[Finding]:
    """Return a finding for each marked row; what is said of it is worked out for marked rows only."""
    out = []
    for place in np.flatnonzero(mask):
        at = int(place)
        name = column if isinstance(column, str) else column(at)
        out.append(
            Finding(
                row_id=str(data.row_ids[at]),
                check=check,
                severity=severity if isinstance(severity, str) else severity(at),
                message=message(at),
                column=name,
                value=str(data.as_printed(name)[at]) if name else "",
                expected="" if expected is None else expected(at),
                advice="" if advice is None else advice(at),
                repair=None if repair is None else repair(at),
                rows=() if rows is None else rows(at),
            )
        )
    return out


def sd_of_error(error: float, people: float) -> str:
    """Return the standard deviation that a standard error stands for, as the content of a repaired cell."""
    return f"{float(sd_from_se(error, people)):.4g}"


def shown(value: float, digits: int = 3) -> str:
    """Return a number for a message: a few digits, a true minus."""
    return f"{value:.{digits}g}".replace("-", "\N{MINUS SIGN}")
