"""The Effects record: one row per printed comparison, what it says as an effect, and why."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

__all__ = ["CONTRACT_COLUMNS", "KINDS", "Effects"]

KINDS = ("exact", "interval", "sign", "unusable")
"""What a printed result determines: a value; bounds of it; its side of zero; nothing between arms."""

CONTRACT_COLUMNS = (
    "row_id",
    "study",
    "label",
    "estimate",
    "variance",
    "std_error",
    "low",
    "high",
    "kind",
    "derived_from",
    "formula",
    "assumptions",
    "alternatives",
    "reason",
)
"""The columns every Effects table begins with; columns of the studies follow them."""


@dataclass(frozen=True, repr=False)
class Effects:
    """Effects on the model scale, each with its derivation.

    Attributes
    ----------
    table : DataFrame
        One row per selected row of the studies, in their order; columns as in
        `CONTRACT_COLUMNS`, then the columns carried over from the studies. ``estimate`` is on the
        model scale (standardised mean difference, log ratio); positive favours the first arm.
        ``low`` and ``high`` are the bounds within which the print places the *observed* effect:
        equal to ``estimate`` for exact rows, critical values (possibly infinite) for interval
        rows, zero and infinity for sign rows. A cell that the print does not determine is empty
        (NaN), and ``reason`` says why.
    measure : str
        Code of the measure (``"SMD"``, ``"RR"``, ``"OR"`` ...).
    correlation : float or None
        The assumed pre-post correlation, None where it plays no part.
    scale : str
        ``"identity"`` or ``"log"``: how `display` is obtained.
    display_sign : int
        The printed scale of a ratio is ``exp(display_sign * estimate)``: -1 where positive
        estimates favour the first arm by *fewer* events, so that the display keeps the printed
        orientation (a risk ratio below 1). The table's column of the same name has it for each row.
    notes : tuple of str
        What a reader of the whole set should know.
    overlaps : tuple of pairs of str
        Studies of the set that report the same people under two keys.
    """

    table: pd.DataFrame
    measure: str
    correlation: float | None = None
    scale: str = "identity"
    display_sign: int = 1
    notes: tuple[str, ...] = field(default=())
    overlaps: tuple[tuple[str, str], ...] = field(default=())

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.table)

    def _summary(self) -> str:
        counts = self.table["kind"].value_counts()
        return ", ".join(f"{int(counts.get(kind, 0))} {kind}" for kind in KINDS)

    def __repr__(self) -> str:
        """Return the kinds in one line."""
        return f"<Effects: {len(self)} rows ({self.measure}): {self._summary()}>"

    def _repr_html_(self) -> str:
        """Return the kinds in one line and the table."""
        return f"<p><b>{len(self)} effects ({self.measure})</b>: {self._summary()}</p>" + self.table.to_html(
            index=False, max_rows=20, na_rep="", float_format=lambda x: f"{x:.3g}", escape=True
        )
