"""Verdicts on claims in words and as HTML."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

from evidence.fit.numbers import count, number
from evidence.synthesis.direction_words import listed

if TYPE_CHECKING:
    from evidence.synthesis.claims import Claims
    from evidence.synthesis.claims_reading import Claim
    from evidence.synthesis.claims_rules import Finding

__all__ = ["claims_page", "reason_of"]

_CODES = {
    "no_margin": "'No association' and 'no change' need a margin, the largest effect that still counts as "
    "none; claims.csv gives none. A lack of significance shows nothing.",
    "no_rows": "No row of a study tests this.",
    "no_head_to_head": "No study compares these in the same people with effects in one metric.",
    "within_arms_only": "Only changes within arms are reported; they compare nothing.",
    "all": "Every domain's interval lies where the claim puts it.",
    "partly_tested": "The domains that were tested agree with it; others were not tested.",
    "none_above": "No domain's interval reaches what the claim says.",
    "outside_margin": "The interval lies outside the margin.",
    "counterexample": "One counterexample is enough against a claim of none.",
    "no_interval": "Studies tested it, but report nothing from which an interval can be had.",
    "few_studies": "Only single studies, or fewer than half of those that tested it, give an interval: "
    "too few to decide.",
    "undecided": "The intervals hold both what the claim says and its opposite.",
    "some": "Some domains show it, others stay open.",
    "some_against": "Some domains speak against it, others stay open.",
    "both_ways": "Some domains show it, others speak against it.",
}
"""What each reason code means."""


def reason_of(
    claim: Claim,
    code: str,
    findings: Sequence[Finding],
    states: Sequence[str],
    between: Sequence[Finding],
    level: float,
    elsewhere: Mapping[str, int],
) -> str:
    """Return the reason for a verdict in a few sentences, with the numbers of every domain.

    Parameters
    ----------
    claim : Claim
        The claim.
    code : str
        As from `decide`.
    findings : sequence of Finding
        What each domain says.
    states : sequence of str
        The same in a word.
    between : sequence of Finding
        For claims on changes within an arm: the difference between the arms, in its place.
    level : float
        Level of the intervals.
    elsewhere : mapping of str to int
        Studies that compared with something else, where none compared as claimed.
    """
    parts = [_CODES[code]]
    told = [_domain(finding, state, claim.sign < 0) for finding, state in zip(findings, states, strict=True)]
    if told:
        what = {
            "within": "change within the arm, SDs of change",
            "magnitude": f"difference, {claim.measure}",
        }.get(claim.kind, claim.measure)
        if claim.sign < 0:
            ratio = next((finding.ratio for finding in findings if finding.ratio), 0)
            side = {1: "above 1", -1: "below 1"}.get(ratio, "positive")
            what += f", {side} where the factor is confirmed"
        parts.append(f"By domain ({what}, {100 * level:g} % interval): {'; '.join(told)}.")
    if elsewhere:
        told = [f"{name.replace('_', ' ')} ({count(n, 'study', 'studies')})" for name, n in elsewhere.items()]
        wanted = claim.comparator_class.replace("_", " ")
        parts.append(f"Compared was with {listed(told)}, not with {wanted}.")
    if not math.isnan(claim.margin):
        parts.append(f"Margin {claim.margin:g}: {claim.margin_reason or 'no reason is given'}.")
    if claim.kind == "within":
        parts.append(
            "A change within an arm says nothing about the other arm; between the arms: "
            f"{'; '.join(_domain(finding, '') for finding in between)}."
        )
    return " ".join(parts)


_STATES = {"few": "too few studies", "open": "open", "yes": "as claimed", "no": "not so"}


def _domain(finding: Finding, state: str, factor: bool = False) -> str:
    name = finding.domain.replace("_", " ")
    if not finding.tested:
        return f"{name}: not tested" + (f" ({finding.why})" if finding.why.endswith("both") else "")
    studies = count(finding.tested, "study", "studies")
    if finding.why.startswith("not computed"):
        return f"{name}: {finding.why} ({studies})"
    if not finding.bounded:
        return f"{name}: no interval ({studies}{_pointing(finding, factor)})"
    value, low, high = finding.shown()
    open_low = math.isinf(low) or (finding.ratio != 0 and low == 0.0)
    if math.isinf(high):
        shown = f"above {number(low)}"
    elif open_low:
        shown = f"below {number(high)}"
    else:
        shown = f"{number(value)} ({number(low)} to {number(high)})".lstrip()
    of = studies if finding.used == finding.tested else f"{finding.used} of {studies}"
    verdict = f", {_STATES[state]}" if state in _STATES else ""
    return f"{name}: {shown}, {of}{verdict}"


def _pointing(finding: Finding, factor: bool) -> str:
    side = "with the factor" if factor else "for"
    ways = zip(finding.pointing, (side, "against", "without direction"), strict=True)
    told = [f"{n} {words}" for n, words in ways if n]
    return f"; by direction {listed(told)}" if told else ""


def claims_page(found: Claims) -> str:
    """Return the claims as HTML; see `Claims._repr_html_`."""
    head = "".join(f"<th>{name}</th>" for name in ("claim", "kind", "verdict", "why", "rows"))
    lines = []
    for row in found.table.to_dict("records"):
        ids = [name for name in str(row["rows"]).split(", ") if name]
        cells = (row["claim"], row["kind"], row["verdict"], row["reason"], listed(ids, 6))
        lines.append("<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in cells) + "</tr>")
    notes = "".join(f"<li>{escape(note)}</li>" for note in found.notes)
    return (
        f'<div class="evidence-claims"><table><thead><tr>{head}</tr></thead><tbody>{"".join(lines)}</tbody>'
        f"</table><ul>{notes}</ul></div>"
    )
