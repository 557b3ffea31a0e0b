"""A claim as a line of ``claims.csv`` states it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from evidence._check import one_of
from evidence.errors import ModelError
from evidence.synthesis.claims_rules import DEFAULT_EXPECTS, EXPECTS

__all__ = ["Claim", "read_claim"]


@dataclass(frozen=True)
class Claim:
    """One claim, as a line of ``claims.csv`` states it.

    Attributes
    ----------
    claim_id, text, kind, expects, question, comparator_class, arm, arm_design, measure : str
        Its cells; ``arm`` is ``"e"`` or ``"c"``.
    domains, than : tuple of str
        Domains that it speaks of, and those that it compares them with.
    margin : float
        NaN where there is none.
    margin_reason : str
        Why this margin.
    """

    claim_id: str
    text: str
    kind: str
    expects: str
    question: str
    domains: tuple[str, ...]
    than: tuple[str, ...]
    comparator_class: str
    arm: str
    arm_design: str
    measure: str
    margin: float
    margin_reason: str

    @property
    def sign(self) -> float:
        """The side that speaks for the claim: a confirmed risk factor speaks against the first arm."""
        return -1.0 if self.kind in ("association", "magnitude") else 1.0


def read_claim(record: Mapping[str, Any]) -> Claim:
    """Return one claim from its line.

    Raises
    ------
    ModelError
        Where its words contradict each other.
    """
    name = str(record["claim_id"])
    kind = _word(record, "kind")
    if kind not in EXPECTS:
        raise ModelError(f"claim {name}: its kind is one of {', '.join(EXPECTS)}; it has none")
    expects = one_of(
        f"claim {name}: expects", _word(record, "expects") or DEFAULT_EXPECTS[kind], EXPECTS[kind]
    )
    domains, than = (_listed(_word(record, column)) for column in ("domains", "than"))
    if not domains:
        raise ModelError(f"claim {name}: its column domains names at least one domain")
    if kind == "magnitude" and not (set(domains) - set(than) and than):
        raise ModelError(
            f"claim {name}: a magnitude compares domains with others; name these in its column than"
        )
    margin = record.get("margin")
    return Claim(
        claim_id=name,
        text=_word(record, "claim"),
        kind=kind,
        expects=expects,
        question=_word(record, "question"),
        domains=domains,
        than=than,
        comparator_class=_word(record, "comparator_class"),
        arm=_word(record, "arm") or "e",
        arm_design=_word(record, "arm_design"),
        measure=_word(record, "measure") or "SMD",
        margin=math.nan if margin is None else float(margin),
        margin_reason=_word(record, "margin_reason"),
    )


def _word(record: Mapping[str, Any], column: str) -> str:
    value = record.get(column)
    return value.strip() if isinstance(value, str) else ""


def _listed(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word.strip() for word in text.split(";") if word.strip()))
