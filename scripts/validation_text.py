"""The page on validation, from the comparisons."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Protocol

__all__ = ["page"]


class Comparisons(Protocol):
    """One quantity's comparisons."""

    count: int
    worst: float
    apart: list[tuple[str, float, float]]


_CAUSES = {
    "R²": "without heterogeneity metafor's iterative tau² ends near 1e-17 instead of at 0, and R² is the"
    " ratio of two such remainders; here it is None, as there is nothing to explain",
    "QE": "metafor multiplies out X'WX and k × k matrices; where the moderators are far from zero or nearly"
    " collinear (years and their products) that costs digits which QR keeps",
    "p value": "a small p value magnifies the relative error of its statistic by the statistic's square",
    "p of QM": "as for p values",
    "p of QE": "the digits lost in QE, magnified as in every small p value",
}


def _cause(name: str) -> str:
    return _CAUSES.get(name, "the digits lost as in QE")


def _exponent(value: float) -> str:
    if math.isnan(value):
        return "?"
    return "0" if value == 0.0 else f"{value:.0e}".replace("e-0", "e-")


def _table(rows: Mapping[str, Comparisons]) -> list[str]:
    out = [
        "| quantity | compared | worst, where they agree | apart by more | worst of these"
        " | ours from 50 digits |",
        "|---|---|---|---|---|---|",
    ]
    for name, row in rows.items():
        furthest = max((apart for _, apart, _ in row.apart), default=0.0)
        ours = max((own for _, _, own in row.apart), default=0.0)
        tail = f"{len(row.apart)} | {_exponent(furthest)} | {_exponent(ours)}" if row.apart else "0 | |"
        out.append(f"| {name} | {row.count} | {_exponent(row.worst)} | {tail} |")
    return out


def _disagreements(rows: Mapping[str, Comparisons]) -> list[str]:
    out = []
    for name, row in rows.items():
        if not row.apart:
            continue
        worst = sorted(row.apart, key=lambda one: -one[1])[:4]
        shown = "; ".join(f"{case} (apart {_exponent(a)}, ours {_exponent(b)})" for case, a, b in worst)
        more = f"; and {len(row.apart) - 4} more" if len(row.apart) > 4 else ""
        out.append(f"- **{name}**: {shown}{more}. Cause: {_cause(name)}.")
    return out


def page(
    sections: Mapping[str, Mapping[str, Comparisons]],
    failed: Sequence[str],
    versions: Mapping[str, str],
    tolerance: float,
    exact: float,
    source: str,
    printed: Sequence[tuple[str, str, float]],
) -> str:
    """Return the page as Markdown.

    Parameters
    ----------
    sections : mapping of str to mapping of str to Comparisons
        Heading, then quantity.
    failed : sequence of str
        Cases that could not be fitted, with the reason.
    versions : mapping of str to str
        Software that made the reference values.
    tolerance, exact : float
        What counts as agreement with metafor, and with 50 digits.
    source, printed : str, sequence of tuples
        A paper, and what it prints: quantity, the number as printed, ours.
    """
    language = versions.get("R", "").split(" Patched")[0]
    paragraph = (
        f"Reference: metafor {versions.get('metafor')} ({language}) on data sets of metadat"
        f" {versions.get('metadat')} and on synthetic and edge cases, with metafor's iterations driven to"
        " their tightest tolerance: at its default one they stop early. Differences are relative to the value"
        " or, where that is larger, to its standard error (tau²: the median sampling variance; I² and R²: one"
        f" percent). Numbers apart by more than {tolerance:g} are compared with a solution of the same"
        f" equations with 50 digits; ours have to be within {exact:g} of it."
    )
    lines = [
        "# Validation",
        "",
        "Written by `python scripts/validate_oracle.py FOLDER`; do not edit.",
        "",
        paragraph,
        "",
    ]
    for heading, rows in sections.items():
        lines += [f"## {heading}", "", *_table(rows), ""]
        apart = _disagreements(rows)
        if apart:
            lines += ["Where they are apart:", "", *apart, ""]
    lines += ["## Printed in papers", "", f"{source}:", "", "| quantity | printed | ours |", "|---|---|---|"]
    for name, text, value in printed:
        lines.append(f"| {name} | {text} | {value:.{len(text.partition('.')[2]) + 2}f} |")
    lines += [
        "",
        "Where the last printed digit differs (intercept, QM), the paper's iteration had stopped at its"
        " default tolerance.",
        "",
    ]
    if failed:
        lines += ["## Not fitted", "", *(f"- {one}" for one in failed), ""]
    return "\n".join(lines)
