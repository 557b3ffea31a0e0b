"""What the figure of a single trial shows, decided before anything is drawn."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import pandas as pd

from evidence.charts.forest_rows import KIND_MARKS
from evidence.charts.frame import as_float, as_text, printed, printed_range
from evidence.charts.words import decimals_for, domain_name, interval_words
from evidence.errors import ModelError

if TYPE_CHECKING:
    from evidence.effects.record import Effects
    from evidence.studies.record import Studies

__all__ = ["TRIAL_COLUMNS", "trial_rows"]

TRIAL_COLUMNS = (
    "row_id",
    "domain",
    "outcome",
    "label",
    "says_e",
    "says_c",
    "within_e",
    "within_c",
    "between",
    "kind",
    "mark",
    "estimate",
    "low",
    "high",
    "effect_text",
    "reason",
)
"""Columns of `trial_rows`, in this order."""

NOT_TESTED = "not tested"


def trial_rows(
    effects: Effects, studies: Studies, *, study: str, claims: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Set side by side what was claimed, what the trial printed, and what follows between its arms.

    Parameters
    ----------
    effects : Effects
        Effects that hold the rows of the trial.
    studies : Studies
        The studies that the effects were made from: what they print stands there.
    study : str
        Key of the trial.
    claims : DataFrame, optional
        Claims under test; by default those that came with the studies. Claims of kind ``"within"`` of
        the question are read: an arm is said to have improved in the domains that the claim's
        sentence names; with "only", in no other.

    Returns
    -------
    DataFrame
        One line per outcome of the trial, then one per domain that is claimed but that the trial did not
        test. ``says_e``, ``says_c``: ``"improved"``, ``"not improved"`` or empty; ``within_e``, ``within_c``,
        ``between``: what was printed, in words; ``estimate``, ``low``, ``high``: what follows, on the printed
        scale (a confidence interval for exact rows, bounds otherwise).

    Raises
    ------
    ModelError
        Where the effects hold no row of the study, or the studies lack one of its rows.
    """
    own = effects.table[effects.table["study"] == study]
    if own.empty:
        known = ", ".join(sorted(map(str, effects.table["study"].unique()))[:8])
        raise ModelError(f"the effects hold no row of {study!r}; they hold {known} ...")
    prints = studies.table.set_index("row_id")
    lost = [str(row) for row in own["row_id"] if row not in prints.index]
    if lost:
        raise ModelError(
            f"the studies do not hold {', '.join(lost[:3])}: give those that the effects were made from"
        )
    claims = studies.claims if claims is None else claims
    decimals = decimals_for([as_float(v) for v in own["std_error"]])
    lines = []
    for row in own.to_dict("records"):
        lines.append(_outcome(row, prints.loc[row["row_id"]].to_dict(), effects, claims, decimals))
    tested = {line["domain"] for line in lines}
    question = as_text(own["question"].iloc[0])
    arms = as_text(own["arm_e"].iloc[0]), as_text(own["arm_c"].iloc[0])
    lines += [
        _untested(domain, arms, claims, question)
        for domain in _claimed(claims, question)
        if domain not in tested
    ]
    return pd.DataFrame(lines, columns=list(TRIAL_COLUMNS))


def _within_claims(claims: pd.DataFrame | None, question: str) -> list[dict[str, str]]:
    """Return the claims on changes within an arm."""
    if claims is None:
        return []
    chosen = claims[(claims["kind"] == "within") & (claims["question"] == question)]
    return [{str(name): as_text(cell) for name, cell in row.items()} for row in chosen.to_dict("records")]


def _claimed(claims: pd.DataFrame | None, question: str) -> list[str]:
    """Return the domains that such claims speak of."""
    domains = [d for claim in _within_claims(claims, question) for d in claim["domains"].split(";") if d]
    return list(dict.fromkeys(domains))


def _first_word(text: str) -> str:
    found = re.match(r"\W*(\w+)", text)
    return found.group(1).casefold() if found else ""


def says(claims: pd.DataFrame | None, question: str, arm: str, domain: str) -> str:
    """Return what the claims say of one arm in one domain."""
    for claim in _within_claims(claims, question):
        sentence = claim["claim"].casefold()
        if not arm or _first_word(sentence) != _first_word(arm):
            continue
        words = {domain.replace("_", " "), *(domain.split("_") if domain.count("_") == 1 else [])}
        words -= {"movement", "quality"}  # half a name is no name; "speed" and "agility" each are
        if any(re.search(rf"\b{re.escape(word)}\b", sentence) for word in words):
            return "improved"
        return "not improved" if re.search(r"\bonly\b", sentence) else ""
    return ""


def _printed_p(text: str) -> str:
    """Return a printed p as it is said: "0.03" as "p = 0.03", "<0.001" as "p < 0.001"."""
    found = re.match(r"(?:[pP]\s*(?=[<>=\u2264\u2265]))?(<=|>=|[<>=\u2264\u2265])?\s*(.+)", text)
    if not text or found is None:
        return ""
    sign = found.group(1) or "="
    relation = {"<=": "\u2264", ">=": "\u2265"}.get(sign, sign)
    return f"p\u00a0{relation}\u00a0{found.group(2)}"


def _within(signif: str, p: str) -> str:
    """Return the printed change within an arm."""
    word = {"yes": "changed", "no": "no change", "unclear": "unclear"}.get(signif, "")
    return ", ".join(part for part in (word, _printed_p(p)) if part) or "\u2013"


def short_arm(arm: str) -> str:
    """Return the name of an arm without its description in brackets."""
    return arm.split("(")[0].strip() or arm


def _between(row: dict[Any, Any], prints: dict[Any, Any]) -> str:
    """Return the printed result between the arms."""
    arms = {"favours_e": short_arm(as_text(row["arm_e"])), "favours_c": short_arm(as_text(row["arm_c"]))}
    direction = as_text(row["direction"])
    word = f"{arms[direction]} better" if direction in arms else direction.replace("_", " ")
    p = _printed_p(as_text(prints.get("p_between")))
    inferred = "inferred" if as_text(row.get("inferred")) == "yes" else ""
    return ", ".join(part for part in (word, p, inferred) if part) or "\u2013"


def _outcome(
    row: dict[Any, Any], prints: dict[Any, Any], effects: Effects, claims: pd.DataFrame | None, decimals: int
) -> dict[str, object]:
    """Return the line of one outcome."""
    kind = as_text(row["kind"])
    estimate, low, high = (as_float(row[name]) for name in ("estimate", "low", "high"))
    if kind == "exact":
        reach = 1.959963984540054 * as_float(row["std_error"])
        low, high = estimate - reach, estimate + reach
    else:
        estimate = math.nan
    value = printed(estimate, effects.scale, effects.display_sign)
    ends = printed_range(low, high, effects.scale, effects.display_sign)
    domain, question = as_text(row["domain"]), as_text(row["question"])
    log = effects.scale == "log"
    text = interval_words(value, *ends, 0 if kind == "sign" else decimals, log=log)
    return {
        "row_id": as_text(row["row_id"]),
        "domain": domain,
        "outcome": as_text(row["outcome"]),
        "label": f"{domain_name(domain)}: {as_text(row['outcome'])}",
        "says_e": says(claims, question, as_text(row["arm_e"]), domain),
        "says_c": says(claims, question, as_text(row["arm_c"]), domain),
        "within_e": _within(as_text(prints.get("signif_e")), as_text(prints.get("p_within_e"))),
        "within_c": _within(as_text(prints.get("signif_c")), as_text(prints.get("p_within_c"))),
        "between": _between(row, prints),
        "kind": kind,
        "mark": KIND_MARKS.get(kind, "none"),
        "estimate": value,
        "low": ends[0],
        "high": ends[1],
        "effect_text": text or "\u2013",
        "reason": as_text(row.get("reason")),
    }


def _untested(
    domain: str, arms: tuple[str, str], claims: pd.DataFrame | None, question: str
) -> dict[str, object]:
    """Return the line of a domain that is claimed and was not tested."""
    return {
        "row_id": "",
        "domain": domain,
        "outcome": "",
        "label": f"{domain_name(domain)}: {NOT_TESTED}",
        "says_e": says(claims, question, arms[0], domain),
        "says_c": says(claims, question, arms[1], domain),
        "within_e": "\u2013",
        "within_c": "\u2013",
        "between": NOT_TESTED,
        "kind": "",
        "mark": "none",
        "estimate": math.nan,
        "low": math.nan,
        "high": math.nan,
        "effect_text": "\u2013",
        "reason": "",
    }
